"""Finish two tables: safety.yearly_shares gets intervals, and safety.unsafe_bydele gets counts that allow for chance.

The intervals are those of published shares. The counts say how many areas are certainly above a limit, and how many are
certainly not above it. `yearly_shares.sql` and `unsafe_bydele.sql` make everything else in the tables. The formulas are
in `assets/methods/`. The verdicts are made in `assets/targets/verdicts.py`.
"""

import numpy as np
import pandas as pd

from assets.methods import samples, shares
from assets.methods.samples import Estimates
from assets.methods.shares import Shares
from warehouse.contracts import contracts, to_pandas


def yearly_shares(joined: pd.DataFrame, conventions: dict[str, float]) -> pd.DataFrame:
    """Return the table safety.yearly_shares: the rows of `yearly_shares.sql`, with intervals of published shares added.

    A published share gets an interval only if its number of answers is known.
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

    `bydele_surely_above` is the number of areas whose whole interval is above the limit. If there are several areas,
    one of them may easily seem to be above the limit by chance. The intervals for this column are therefore wider than
    usual: the error is divided by the number of areas (Bonferroni, the first step of Holm's method).

    `bydele_surely_not_above` is the number of areas whose whole interval is at the limit or below. The intervals for
    this column have the usual width. Only if all areas are counted here does it follow that no area is above the limit.
    More areas therefore do not make a wrong conclusion likelier.
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
