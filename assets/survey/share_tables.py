"""Add intervals to safety.yearly_shares, and two counts of bydele to safety.unsafe_bydele.

Only published shares get their intervals here. The two counts say how many bydele are certainly above a limit, and how
many are certainly not, if chance is taken into account. `yearly_shares.sql` and `unsafe_bydele.sql` make everything
else in the tables. The formulas are in `assets/methods/`. The verdicts are made in `assets/targets/verdicts.py`.
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

    `bydele_surely_above` is the number of bydele whose whole interval is above the limit. The more bydele there are,
    the likelier it is that one of them is above the limit only by chance. The intervals for this column are therefore
    wider than usual: the error is divided by the number of bydele (Bonferroni, the first step of Holm's method).

    `bydele_surely_not_above` is the number of bydele whose whole interval is at the limit or below. The intervals for
    this column have the usual width. The conclusion that no bydel is above the limit is drawn only if all bydele are
    counted here. It is therefore not likelier to be wrong if there are more bydele.
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
