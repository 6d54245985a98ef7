"""Shares of residents who feel safe or unsafe: one figure each, and each against three others.

A figure is the one estimated from the survey's answers where they were delivered, else the published one: `yearly_shares.sql`.
How many areas lie above a limit is `unsafe_bydele.sql`. The intervals are made in `assets/methods/`; whether a promise is
kept is decided in `assets/targets/verdicts.py`.
"""

from collections.abc import Iterator

import numpy as np
import pandas as pd

from assets.indicators.figures import (
    Address,
    breaks_between,
    breaks_said,
    conventions_of,
    forbidding,
    lines_behind,
    provenance_of,
    with_unknown_rule,
    without_area,
)
from assets.methods import samples, shares
from assets.methods.samples import Estimates
from assets.methods.shares import Gap, Share, Shares
from assets.methods.verdicts import literal_direction, statistical_direction
from assets.tables import yearly_table
from warehouse.contracts import Row, contracts, records, to_pandas

MUNICIPALITY = "copenhagen"


def yearly_shares(joined: pd.DataFrame, conventions: dict[str, float]) -> pd.DataFrame:
    """The rows of `yearly_shares.sql` with the intervals of published shares; their number of answers must be known."""
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
    """The rows of `unsafe_bydele.sql` with what the estimates can carry: how many areas lie surely above or not above.

    That some area lies above is said of several at once, so each is asked at the level divided by their number (Bonferroni,
    the first step of Holm's method); that none does asks each by itself.
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
    """Stored estimates as the methods take them; the finite population is in their errors already."""
    numbers = {name: rows[name].to_numpy(float) for name in ("answers", "share_percent", "standard_error_points")}
    return Estimates(
        answers=numbers["answers"],
        share=numbers["share_percent"] / 100,
        variance=(numbers["standard_error_points"] / 100) ** 2,
        degrees=rows["degrees_of_freedom"].to_numpy(float),
        population=np.full(len(rows), np.inf),
    )


def yearly_changes(
    yearly_shares: pd.DataFrame,
    gaps: pd.DataFrame,
    agreements: pd.DataFrame,
    series_breaks: pd.DataFrame,
    conventions: pd.DataFrame,
) -> pd.DataFrame:
    """Every share that there is against the edition before, the baseline and the municipality."""
    values = conventions_of(conventions)
    table = {_address(row): row for row in records(yearly_shares)}
    variances = gap_variances(gaps)
    baselines = {row["area_id"]: row["baseline_edition"] for row in records(agreements) if row["baseline_edition"]}
    breaks = records(series_breaks)
    rows = [
        _change_row(share, compared_with, edition, area_id, table, variances, breaks, values)
        for share in table.values()
        for compared_with, edition, area_id in _comparisons(share, baselines, int(values["baseline_edition"]))
    ]
    return contracts()["safety.yearly_changes"].frame(rows)


def share_of(row: Row) -> Share:
    """A stored share as the methods take it, as fractions. Without answers nothing is made of the design effect."""
    return Share(
        value=row["share_percent"] / 100,
        low=row["rounding_low_percent"] / 100,
        high=row["rounding_high_percent"] / 100,
        answers=row["answers"],
        design_effect=row["design_effect"] or 1.0,
        variance=None if row["standard_error_points"] is None else (row["standard_error_points"] / 100) ** 2,
    )


def gap_variances(gaps: pd.DataFrame) -> dict[tuple[Address, str], float]:
    """The variance of each share less that of its municipality, as fractions, by the share's address and the municipality."""
    return {
        (_address(row), row["municipality_id"]): (row["gap_standard_error_points"] / 100) ** 2 for row in records(gaps)
    }


def points(fraction: float | None) -> float | None:
    """A fraction as percentage points."""
    return None if fraction is None else round(fraction * 100, 10)


def _address(row: Row) -> Address:
    return row["edition"], row["area_id"], row["measure"]


def _comparisons(share: Row, baselines: dict[str, int], default: int) -> Iterator[tuple[str, int, str]]:
    """What a share is compared with: name, edition and area. A baseline edition is not compared with itself."""
    edition, area_id = share["edition"], share["area_id"]
    baseline = baselines.get(area_id, default)
    yield "edition_before", edition - 1, area_id
    if edition > baseline:
        yield "baseline", baseline, area_id
    if area_id != MUNICIPALITY:
        yield "copenhagen", edition, MUNICIPALITY


def _change_row(
    share: Row,
    compared_with: str,
    edition: int,
    area_id: str,
    table: dict[Address, Row],
    variances: dict[tuple[Address, str], float],
    breaks: list[Row],
    values: dict[str, float],
) -> Row:
    other = table.get((edition, area_id, share["measure"]))
    crossed = breaks_between(breaks, share["area_id"], share["measure"], edition, share["edition"])
    forbids = forbidding(crossed, share, without_area(other) if compared_with == "copenhagen" else other)
    row: Row = {
        "edition": share["edition"],
        "area_id": share["area_id"],
        "measure": share["measure"],
        "compared_with": compared_with,
        "compared_edition": edition,
        "compared_area_id": area_id,
        "value": share["share_percent"],
        "compared_value": other["share_percent"] if other else None,
        "breaks": with_unknown_rule(breaks_said(crossed, forbids), [share, other or {}]),
        "status": _worse(share, other),
        "source_lines": lines_behind(share, other or {}),
        "provenance": provenance_of(share, other or {}),
        "maturity": share["maturity"],
        "method": share["method"],
    }
    reason = _why_not(share, other, compared_with, forbids)
    if reason or other is None:
        return row | {"reason": reason}
    variance = variances.get((_address(share), area_id)) if edition == share["edition"] else None
    return row | _readings(share, other, variance, values)


def _worse(share: Row, other: Row | None) -> str:
    """The status that a reader has to know of: the worse of the two."""
    found = {share["status"], other["status"] if other else "missing"}
    return next(status for status in _WORST_FIRST if status in found)


_WORST_FIRST = ("missing", "conflict", "low_reliability", "estimated", "break", "normal")


def _why_not(share: Row, other: Row | None, compared_with: str, forbids: list[str]) -> str | None:
    if share["status"] == "missing":
        return "missing_extract"
    if other is None or other["status"] == "missing":
        return {"edition_before": "not_consecutive", "baseline": "baseline_missing"}.get(
            compared_with, "missing_extract"
        )
    if "conflict" in (share["status"], other["status"]):
        return "conflict"
    if None in (share["share_percent"], other["share_percent"]):
        return "too_few_answers"
    return "series_break" if forbids else None


def _readings(share: Row, other: Row, variance: float | None, values: dict[str, float]) -> Row:
    """Change, interval and both readings of two shares that can be compared; their gap's variance where it is known."""
    new, old = share_of(share), share_of(other)
    confidence = values["confidence_level"]
    change = share["share_percent"] - other["share_percent"]
    row: Row = {"change": change, "literal": literal_direction(change)}
    interval = shares.gap_interval(Gap(new, old, variance), confidence)
    if interval is None:
        return row | {"reason": "answers_unknown"}
    if "low_reliability" in (share["status"], other["status"]):
        return row | {"reason": "too_few_answers"}
    smallest = shares.smallest_fall_shown(new, old, confidence, values["power"])
    return row | {
        "change_low": points(interval.low),
        "change_high": points(interval.high),
        "statistical": statistical_direction(interval),
        "smallest_change_shown": points(smallest),
        "design_effect": new.design_effect,
    }


ASSETS = [
    yearly_table("safety.yearly_changes", yearly_changes),
]
