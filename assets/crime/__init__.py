"""Count the crime reports of each area and crime type, and decide which counts are hidden.

The reports come from draws. A draw is one extraction of the police's register, made on one day. `draws.sql` chooses the
draws to use. `counted.sql` counts the reports. `yearly_types.sql` makes the figures. `confidentiality.py` decides which
counts are hidden.
"""
