"""Compute the exact intervals of numbers of reports, because SQL cannot do it. `yearly.sql` makes the figures."""

import pandas as pd

from assets.methods import counts, judgements, shares

METHODS = {"answers": shares.METHOD, "areas": shares.METHOD, "reports": counts.METHOD}
"""The usual method of a figure, keyed by what its measure is made of. All other measures are full counts."""


def with_limits(figures: pd.DataFrame, conventions: dict[str, float]) -> pd.DataFrame:
    """Add intervals and methods to the rows of `yearly.sql`. The result is the table indicators.yearly.

    A number of reports gets a Poisson interval. If a row names no method, it gets the usual method for its kind of
    measure.
    """
    of_reports = figures["unit"].eq("reports") & figures["value"].notna()
    low, high = counts.poisson_limits(figures.loc[of_reports, "value"].to_numpy(float), conventions["confidence_level"])
    figures.loc[of_reports, "value_low"], figures.loc[of_reports, "value_high"] = low, high
    usual_method = figures["made_of"].map(METHODS).fillna(judgements.METHOD)
    return figures.assign(method=figures["method"].fillna(usual_method)).drop(columns="made_of")
