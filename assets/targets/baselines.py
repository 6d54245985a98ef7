"""Add exact Poisson intervals to the baselines that are rates of reports.

`baselines.sql` makes the baselines. The intervals are added here, because SQL cannot compute them.
"""

import numpy as np
import pandas as pd

from assets.methods import counts
from assets.methods.counts import Counts


def with_rate_limits(baselines: pd.DataFrame, conventions: dict[str, float]) -> pd.DataFrame:
    """Return the table targets.baselines: the rows of `baselines.sql`, with Poisson intervals of the rates added."""
    columns = ("reports", "population_low_residents", "population_high_residents")
    fixed = Counts(*(baselines[name].to_numpy(float, na_value=np.nan) for name in columns))
    low, high = counts.rate_limits(fixed, conventions["confidence_level"])
    of_rates = (baselines["unit"].eq("reports_per_1000") & baselines["reason"].isna()).to_numpy(bool)
    return baselines.assign(
        value_low=baselines["value_low"].where(~of_rates | np.isnan(low), low),
        value_high=baselines["value_high"].where(~of_rates | np.isnan(high), high),
    )
