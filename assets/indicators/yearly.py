"""The part of a figure that SQL cannot compute: the exact interval of a number of reports. `yearly.sql` makes the figures."""

import pandas as pd

from assets.methods import counts, judgements, shares

METHODS = {"answers": shares.METHOD, "areas": shares.METHOD, "reports": counts.METHOD}
"""The method of figures that name none, keyed by what their measure is made of. Every other measure is a full count."""


def with_limits(figures: pd.DataFrame, conventions: dict[str, float]) -> pd.DataFrame:
    """Return the table indicators.yearly: the rows of `yearly.sql`, with Poisson intervals of numbers of reports.

    Each row also gets the method of its interval.
    """
    of_reports = figures["unit"].eq("reports") & figures["value"].notna()
    low, high = counts.poisson_limits(figures.loc[of_reports, "value"].to_numpy(float), conventions["confidence_level"])
    figures.loc[of_reports, "value_low"], figures.loc[of_reports, "value_high"] = low, high
    usual_method = figures["made_of"].map(METHODS).fillna(judgements.METHOD)
    return figures.assign(method=figures["method"].fillna(usual_method)).drop(columns="made_of")
