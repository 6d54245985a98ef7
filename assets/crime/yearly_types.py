"""Reports of crime by the agreement's crime types: counted from the police's files if there are any, otherwise as published.

`counted.sql` counts, and `yearly_types.sql` chooses between a count and a published figure. This module adds the intervals of
the rates. `assets/targets/verdicts.py` decides whether a target is met.
"""

import numpy as np
import pandas as pd

from assets.methods import counts
from assets.methods.counts import Counts
from assets.methods.limits import Array
from warehouse.contracts import contracts, to_pandas

Conventions = dict[str, float]

MONITORING = "monitoring"


def yearly_types(figures: pd.DataFrame, conventions: Conventions) -> pd.DataFrame:
    """Return the figures of all crime types that are not monitored: the total, types with a target, and all others."""
    return _with_limits("crime.yearly_types", figures[figures["role"] != MONITORING], conventions)


def monitoring(figures: pd.DataFrame, conventions: Conventions) -> pd.DataFrame:
    """Return the figures of the monitored types, which are reported every year without a target for their level."""
    return _with_limits("crime.monitoring", figures[figures["role"] == MONITORING], conventions)


def _with_limits(name: str, figures: pd.DataFrame, conventions: Conventions) -> pd.DataFrame:
    """Add the exact intervals of the rates per 1000 residents. An interval is empty if reports or residents are not known."""
    residents = figures["population_residents"]
    counted = Counts(
        _numbers(figures["reports"]),
        _numbers(figures["population_low_residents"].fillna(residents)),
        _numbers(figures["population_high_residents"].fillna(residents)),
    )
    low, high = counts.rate_limits(counted, conventions["confidence_level"])
    rows = figures.drop(columns="role").assign(rate_low_per_1000=low, rate_high_per_1000=high, method=counts.METHOD)
    return to_pandas(contracts()[name].arrow(rows))


def _numbers(column: pd.Series) -> Array:
    return column.to_numpy(dtype=float, na_value=np.nan)
