"""Make the tables targets.baselines, targets.verdicts and targets.readings.

The verdicts have sentences. The readings are printed beside the verdicts and bind nobody. `cases.py` reads the figures
and comparisons that the rules need. `rules.py` has a function for each rule. `verdicts.py` decides when there is no
verdict.
"""
