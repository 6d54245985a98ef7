"""What SQL cannot compute of a figure: the exact limits of a number of reports. The figures are `yearly.sql`."""

import pandas as pd

from assets.methods import counts, judgements, shares

METHODS = {"answers": shares.METHOD, "areas": shares.METHOD, "reports": counts.METHOD}
"""Method of a figure that names none, by what its measure is made of; of every other kind it is a full count."""


def with_limits(figures: pd.DataFrame, conventions: dict[str, float]) -> pd.DataFrame:
    """Add Poisson limits to numbers of reports, and the method where none is named.

    Takes the rows of `yearly.sql` and the conventions by name; returns the rows of indicators.yearly.
    """
    of_reports = figures["unit"].eq("reports") & figures["value"].notna()
    low, high = counts.poisson_limits(figures.loc[of_reports, "value"].to_numpy(float), conventions["confidence_level"])
    figures.loc[of_reports, "value_low"], figures.loc[of_reports, "value_high"] = low, high
    usual = figures["made_of"].map(METHODS).fillna(judgements.METHOD)
    return figures.assign(method=figures["method"].fillna(usual)).drop(columns="made_of")
