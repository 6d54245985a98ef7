"""The rules of tables (`rules/`) and of single delivered rows (`rows/`), and the modules that run them.

Rules name tables, never assets; `assets/asset_checks.py` turns them into Dagster checks. Columns and types do not
belong here: they are in the contracts, `warehouse/tables/`.
"""
