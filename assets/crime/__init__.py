"""Reports of crime: which draw counts, counts by area and type, rates, and which counts are hidden.

`counted.sql` counts, `yearly_types.sql` makes the figures, `confidentiality.py` decides what is hidden.
"""
