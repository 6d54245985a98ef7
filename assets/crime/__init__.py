"""Choose the draws of crime reports, count the reports of each area and crime type, and decide which counts are hidden.

A draw is one extraction of the police's register, made on one day. `counted.sql` counts the reports. `yearly_types.sql`
makes the figures. `confidentiality.py` decides which counts are hidden.
"""
