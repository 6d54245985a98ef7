"""What must hold: the rules of each table, and the one module that knows Great Expectations.

Rules name tables, never assets. What columns a table has is its contract's business (`warehouse/tables/`).
"""
