"""Make the yearly figures of reported crime for each crime type of the agreement.

The reports are counted from the police's files. If there are no files, the published figures are used. `counted.sql`
counts, and `yearly_types.sql` chooses between a count and a published figure. This module adds the intervals of the
rates. `assets/targets/verdicts.py` decides whether a target is met.
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
    """Return the figures of all crime types except the monitored types. The total of all crime is one of the types."""
    return _with_limits("crime.yearly_types", figures[figures["role"] != MONITORING], conventions)


def monitoring(figures: pd.DataFrame, conventions: Conventions) -> pd.DataFrame:
    """Return the figures of the monitored types.

    A monitored type is reported every year, but no target sets a level for it.
    """
    return _with_limits("crime.monitoring", figures[figures["role"] == MONITORING], conventions)


def _with_limits(name: str, figures: pd.DataFrame, conventions: Conventions) -> pd.DataFrame:
    """Return the rows of the table `name`: the figures, with exact intervals of the rates per 1,000 residents.

    The interval of a rate is empty if the number of reports or the number of residents is not known.
    """
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
