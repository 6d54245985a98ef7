"""Reports of crime: the choice of the draw to use, counts and rates by area and crime type, and the choice of counts to hide.

`counted.sql` counts, `yearly_types.sql` makes the figures, and `confidentiality.py` decides which counts are hidden.
"""
