"""Untidy names, as real files have them: with spaces after them, and in small or capital letters."""

import numpy as np
import pandas as pd

BLANK, LOWER, UPPER = 0.03, 0.02, 0.01  # shares of all names


def dirty_names(names: pd.Series, rng: np.random.Generator) -> pd.Series:
    """Return the names, some with a space after them, some in small or capital letters. Empty names stay empty."""
    drawn = rng.random(len(names))
    dirty = names.where(drawn >= BLANK, names + " ")
    dirty = dirty.where((drawn < BLANK) | (drawn >= BLANK + LOWER), names.str.lower())
    upper = (drawn >= BLANK + LOWER) & (drawn < BLANK + LOWER + UPPER)
    return dirty.where(~upper, names.str.upper())
