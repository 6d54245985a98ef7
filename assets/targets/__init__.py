"""Make the baseline, the verdicts and the readings of each target, and the sentences that explain the verdicts.

`cases.py` reads the figures and comparisons that the rules need. `rules.py` has a function for each rule. `verdicts.py`
decides when there is no verdict.
"""
