"""The rules for tables (`rules/`), the rules for single delivered rows (`rows/`), and the modules that run both.

Rules name tables, never assets; `assets/asset_checks.py` turns them into Dagster checks. Columns and types do not belong
here: they are in the contracts, `warehouse/tables/`.
"""
