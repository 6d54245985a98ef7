"""Baselines, verdicts and readings of each target, and the sentences that say them.

`cases.py` brings typed comparisons, `rules.py` has a function for each rule, `verdicts.py` decides what is published of it.
"""
