"""Add intervals to published shares, and count the areas that are certainly above a limit or certainly not above it.

The shares come from `yearly_shares.sql`. They are estimated if answers were delivered, otherwise they are published.
The number of areas above the limit comes from `unsafe_bydele.sql`. The formulas are in `assets/methods/`. The verdicts
are made in `assets/targets/verdicts.py`.
"""

import numpy as np
import pandas as pd

from assets.methods import samples, shares
from assets.methods.samples import Estimates
from assets.methods.shares import Shares
from warehouse.contracts import contracts, to_pandas


def yearly_shares(joined: pd.DataFrame, conventions: dict[str, float]) -> pd.DataFrame:
    """Return the table safety.yearly_shares.

    It has the rows of `yearly_shares.sql`, with intervals added. A published share gets an interval if its number of
    answers is known.
    """
    table = contracts()["safety.yearly_shares"]
    frame = joined.assign(method=joined["method"].fillna(shares.METHOD))
    published = (frame["provenance"] == "published").fillna(value=False) & frame["design_effect"].notna()
    value, low, high, answers, effect = (
        frame.loc[published, name].to_numpy(float)
        for name in ("share_percent", "rounding_low_percent", "rounding_high_percent", "answers", "design_effect")
    )
    printed = Shares(value / 100, low / 100, high / 100, answers, effect, variance=np.full(len(value), np.nan))
    limits = shares.published_limits(printed, conventions["confidence_level"])
    for column, limit in zip(("share_low_percent", "share_high_percent"), limits, strict=True):
        frame.loc[published, column] = np.round(limit * 100, 10)
    return to_pandas(table.arrow(frame))


def unsafe_bydele(counted: pd.DataFrame, conventions: dict[str, float]) -> pd.DataFrame:
    """Return the table safety.unsafe_bydele. It has the rows of `unsafe_bydele.sql` and two more columns.

    `bydele_surely_above` is the number of areas that are certainly above the limit. An area is certainly above the
    limit if its whole interval is above the limit. The intervals for this column are wider than usual, because one of
    several areas may seem to be above the limit by chance. To widen the intervals, the error is divided by the number
    of areas (Bonferroni, the first step of Holm's method).

    `bydele_surely_not_above` is the number of areas that are certainly not above the limit. An area is certainly not
    above the limit if its whole interval is at the limit or below. The intervals for this column have the usual width.
    They need no adjustment, because the condition has to hold for every area.
    """
    table = contracts()["safety.unsafe_bydele"]
    lists = ["answers", "share_percent", "standard_error_points", "degrees_of_freedom"]
    areas = counted[counted["is_estimated"].fillna(value=False)].explode(lists)
    estimates = _stored_estimates(areas)
    limit, confidence = areas["above_percent"].to_numpy(float) / 100, conventions["confidence_level"]
    low, _ = samples.korn_graubard_limits(estimates, 1 - (1 - confidence) / areas["bydele"].to_numpy(float))
    _, high = samples.korn_graubard_limits(estimates, confidence)
    sure = pd.DataFrame(
        {"bydele_surely_above": low > limit, "bydele_surely_not_above": high <= limit}, index=areas.index
    )
    numbers = sure.astype("Int64").groupby(level=0).sum()
    return to_pandas(table.arrow(counted.drop(columns=[*lists, "above_percent", "is_estimated"]).join(numbers)))


def _stored_estimates(rows: pd.DataFrame) -> Estimates:
    """Return stored estimates as an `Estimates` object, which the functions of `assets/methods` need.

    The population is infinite in this object, because the stored standard errors already include the finite population
    correction.
    """
    numbers = {name: rows[name].to_numpy(float) for name in ("answers", "share_percent", "standard_error_points")}
    return Estimates(
        answers=numbers["answers"],
        share=numbers["share_percent"] / 100,
        variance=(numbers["standard_error_points"] / 100) ** 2,
        degrees=rows["degrees_of_freedom"].to_numpy(float),
        population=np.full(len(rows), np.inf),
    )
