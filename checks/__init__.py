"""The rules for tables (`rules/`), the rules for single delivered rows (`rows/`), and modules that read these rules.

A rule names a table and never a Dagster asset. `assets/asset_checks.py` makes Dagster checks from the rules for tables.
Columns and types are not described here. They are in the contracts, `warehouse/tables/`.
"""
