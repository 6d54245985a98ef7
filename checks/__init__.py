"""What must hold: the rules of each table, and the one module that knows Great Expectations.

Rules name tables, never assets: `assets/asset_checks.py` makes Dagster's checks of them. What columns a table has is said in its
contract (`warehouse/tables/`).
"""
