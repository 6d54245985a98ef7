"""The stewards' decisions: written in `deciding.py`, listed in `decisions_table.py`, and put into effect in `effects.py`."""
