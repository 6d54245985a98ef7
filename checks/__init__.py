"""The rules: of whole tables in `rules/`, of single delivered rows in `rows/`, and the only module that uses Great Expectations.

Rules name tables, never assets; `assets/asset_checks.py` turns them into Dagster checks. Columns and types do not belong here: they
are in the contracts, `warehouse/tables/`.
"""
