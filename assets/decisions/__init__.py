"""Write, list and apply the decisions of data stewards.

`deciding.py` writes decisions, `decisions_table.py` lists them, and `decision_effects.py` applies them.
"""
