"""The decisions of data stewards.

`deciding.py` writes them, `decisions_table.py` lists them, and `decision_effects.py` applies them.
"""
