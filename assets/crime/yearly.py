"""Reports of crime by the agreement's crime types: counted from the police's files where they came, else as published.

Which count or published figure a row has is decided in `yearly.sql`, what is counted in `counted.sql`; here the rows get the
limits of their rates. Whether a promise is kept is decided in `assets/targets/verdicts.py`.
"""

import numpy as np
import pandas as pd
from scipy import stats

from assets.methods import counts
from assets.methods.counts import Count
from assets.methods.limits import Array
from warehouse.contracts import Row, contracts, to_pandas

Conventions = dict[str, float]

MONITORING = "monitoring"


def yearly_types(figures: pd.DataFrame, conventions: Conventions) -> pd.DataFrame:
    """The total, the types with a target and what is shown beside them, by edition and area."""
    return _with_limits("crime.yearly_types", figures[figures["role"] != MONITORING], conventions)


def monitoring(figures: pd.DataFrame, conventions: Conventions) -> pd.DataFrame:
    """The types that are followed every year without a target: missing where they are not public."""
    return _with_limits("crime.monitoring", figures[figures["role"] == MONITORING], conventions)


def count_of(row: Row) -> Count | None:
    """A stored row's reports over their population, or over the population that its rate implies."""
    low = row["population_low_residents"] or row["population_residents"]
    high = row["population_high_residents"] or row["population_residents"]
    return None if row["reports"] is None or low is None else Count(row["reports"], low, high)


def _with_limits(name: str, figures: pd.DataFrame, conventions: Conventions) -> pd.DataFrame:
    """The rows with the exact limits of their rates per 1000 residents; none where reports or residents are not known."""
    residents = figures["population_residents"]
    low, high = _rate_limits(
        _numbers(figures["reports"]),
        _numbers(figures["population_low_residents"].fillna(residents)),
        _numbers(figures["population_high_residents"].fillna(residents)),
        conventions["confidence_level"],
    )
    made = figures.drop(columns="role").assign(rate_low_per_1000=low, rate_high_per_1000=high, method=counts.METHOD)
    return to_pandas(contracts()[name].arrow(made))


def _numbers(column: pd.Series) -> Array:
    return column.to_numpy(dtype=float, na_value=np.nan)


def _rate_limits(
    reports: Array, fewest_residents: Array, most_residents: Array, confidence: float
) -> tuple[Array, Array]:
    """Exact Poisson limits of rates per 1000 over all populations of a band; nan where something is nan."""
    # counts.rate_limits is to take this function's place
    tail = (1 - confidence) / 2
    low = np.where(reports == 0, 0.0, stats.chi2.ppf(tail, 2 * reports) / 2)
    return low / most_residents * 1000, stats.chi2.ppf(1 - tail, 2 * reports + 2) / 2 / fewest_residents * 1000
