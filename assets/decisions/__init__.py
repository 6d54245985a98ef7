"""The decisions of data stewards.

`deciding.py` writes them, `decisions_table.py` lists them, and `effects.py` applies them.
"""
