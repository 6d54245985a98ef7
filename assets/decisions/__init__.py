"""The stewards' decisions: written in `deciding.py`, listed in `table.py`, and put into effect in `effects.py`."""
