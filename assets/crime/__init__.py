"""Reports of crime: which draw counts, counts and rates by area and type, and which counts are hidden.

`counted.sql` counts, `yearly_types.sql` makes the figures, `confidentiality.py` decides which counts are hidden.
"""
