"""The baseline, verdicts and readings of each target, and the sentences that explain verdicts.

`cases.py` reads typed comparisons, `rules.py` has a function for each rule, and `verdicts.py` decides when there is no verdict.
"""
