"""Reports of crime: which draws are used, how many reports each area has of each crime type, and which counts are hidden.

A draw is one extraction of the police's register on one day. `counted.sql` counts, `yearly_types.sql` makes the figures, and
`confidentiality.py` decides which counts are hidden.
"""
