"""Make some names untidy, as in real files: with a space at the end, in lower case or in upper case."""

import numpy as np
import pandas as pd

BLANK, LOWER, UPPER = 0.03, 0.02, 0.01  # the share of names that get a space, small letters or capital letters


def untidy_names(names: pd.Series, rng: np.random.Generator) -> pd.Series:
    """Return the names, a few of them untidy. Empty names stay empty."""
    drawn = rng.random(len(names))
    dirty = names.where(drawn >= BLANK, names + " ")
    dirty = dirty.where((drawn < BLANK) | (drawn >= BLANK + LOWER), names.str.lower())
    upper = (drawn >= BLANK + LOWER) & (drawn < BLANK + LOWER + UPPER)
    return dirty.where(~upper, names.str.upper())
