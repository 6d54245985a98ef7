"""Make the baselines of targets, the verdicts with their sentences, and readings that are printed beside the verdicts.

`cases.py` reads the figures and comparisons that the rules need. `rules.py` has a function for each rule. `verdicts.py`
decides when there is no verdict.
"""
