"""Shares of residents who feel safe or unsafe: one figure each, and each against three others.

A figure is the one estimated from the survey's answers (`estimates.py`) where they were delivered, else the published one.
The intervals are made in `assets/methods/`; whether a promise is kept is decided in `assets/targets/verdicts.py`.
"""

from dataclasses import dataclass

import numpy as np
import pandas as pd

from assets.indicators.figures import (
    Address,
    Figure,
    breaks_between,
    conventions_of,
    figures,
    version_in,
)
from assets.methods import samples, shares
from assets.methods.samples import Estimates
from assets.methods.shares import Share
from assets.tables import yearly_table
from warehouse.contracts import Row, contracts, records

MUNICIPALITY = "copenhagen"
MANY_UNSAFE_PERCENT = 10  # Sikker By's limit for a bydel
INTERVAL = "korn_graubard"  # of areas without an agreement
TOO_FEW: Row = {"status": "low_reliability"}  # what single residents answered is not told: the share stays in the store


@dataclass(frozen=True)
class Series:
    """What is known of the areas' series: their versions, breaks, the interval that an agreement chose, the conventions."""

    areas: list[Row]
    breaks: list[Row]
    interval_of: dict[str, str]
    values: dict[str, float]


def yearly_shares(
    published_figures: pd.DataFrame,
    published_choices: pd.DataFrame,
    estimates: pd.DataFrame,
    measures: pd.DataFrame,
    areas: pd.DataFrame,
    series_breaks: pd.DataFrame,
    agreements: pd.DataFrame,
    targets: pd.DataFrame,
    conventions: pd.DataFrame,
) -> pd.DataFrame:
    """One row per edition, area and measure: what was estimated or published, and what a target waits for in vain."""
    values = conventions_of(conventions)
    survey = {row["measure"] for row in records(measures) if row["answer"] is not None}
    published = {
        address: figure
        for address, figure in figures(published_figures, published_choices).items()
        if address[2] in survey
    }
    estimated = {_address(row): row for row in records(estimates) if row["measure"] in survey}
    awaited = _awaited(records(agreements), records(targets), survey)
    series = Series(records(areas), records(series_breaks), _interval_names(agreements), values)
    rows = [
        _share_row(address, published.get(address), estimated.get(address), series)
        for address in sorted(published.keys() | estimated.keys() | awaited)
    ]
    return contracts()["safety.yearly_shares"].frame(rows)


def unsafe_bydele(
    published_figures: pd.DataFrame,
    published_choices: pd.DataFrame,
    yearly_shares: pd.DataFrame,
    estimates: pd.DataFrame,
    areas: pd.DataFrame,
    conventions: pd.DataFrame,
) -> pd.DataFrame:
    """The number of bydele with more than 10 % unsafe: read off their estimates where each has one, else as published."""
    bydele = set(areas.loc[areas["level"] == "survey_bydel", "area_id"])
    above = yearly_shares[
        yearly_shares["area_id"].isin(bydele)
        & (yearly_shares["measure"] == "unsafe")
        & (yearly_shares["rounding_low_percent"] > MANY_UNSAFE_PERCENT)
    ]
    named = above.groupby("edition")["area_id"].nunique().to_dict()
    ours = _bydele_counted(estimates, bydele, conventions_of(conventions))
    printed = {
        (edition, area_id): figure
        for (edition, area_id, measure), figure in figures(published_figures, published_choices).items()
        if measure == "bydele_above_10_percent_unsafe"
    }
    rows = [
        {
            "edition": edition,
            "area_id": area_id,
            "measure": "bydele_above_10_percent_unsafe",
            "bydele_named": int(named.get(edition, 0)),
            "bydele": len(bydele),
            "maturity": "final",
        }
        | _bydele_printed(printed.get((edition, area_id)))
        | (ours.get(edition, {}) if area_id == MUNICIPALITY else {})
        for edition, area_id in sorted(printed.keys() | {(edition, MUNICIPALITY) for edition in ours})
    ]
    return contracts()["safety.unsafe_bydele"].frame(rows)


def _bydele_printed(figure: Figure | None) -> Row:
    if figure is None:
        return {}
    number = None if figure.value is None else int(figure.value)
    return {
        "bydele_above": number,
        "published_bydele_above": number,
        "status": "conflict" if figure.conflict else "normal",
        "provenance": "published",
        "source_lines": figure.lines,
    }


def _bydele_counted(estimates: pd.DataFrame, bydele: set[str], values: dict[str, float]) -> dict[int, Row]:
    """Bydele above 10 % by edition, where each of them has answers enough to be counted.

    That some bydel lies above is said of several at once, so each is asked at the level divided by their number
    (Bonferroni, the first step of Holm's method); that none does asks each by itself.
    """
    asked = estimates[
        estimates["area_id"].isin(bydele)
        & (estimates["measure"] == "unsafe")
        & (estimates["answers"] >= values["fewest_answers"])
    ]
    limit, confidence = MANY_UNSAFE_PERCENT / 100, values["confidence_level"]
    found = {}
    for _, rows in asked.groupby("edition"):
        if set(rows["area_id"]) == bydele:
            stored = _stored_estimates(rows)
            low, _ = samples.korn_graubard_limits(stored, 1 - (1 - confidence) / len(bydele))
            _, high = samples.korn_graubard_limits(stored, confidence)
            found[int(rows["edition"].iloc[0])] = {
                "bydele_above": int((stored.share > limit).sum()),
                "bydele_surely_above": int((low > limit).sum()),
                "bydele_surely_not_above": int((high <= limit).sum()),
                "status": "normal",
                "provenance": rows["provenance"].max(),  # synthetic as soon as one is
            }
    return found


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


def _awaited(agreements: list[Row], targets: list[Row], survey: set[str]) -> set[tuple[int, str, str]]:
    """Shares that a survey target needs: its area's and its comparison area's, from baseline to last year."""
    comparison = {row["agreement_id"]: row["comparison_area_id"] for row in agreements}
    return {
        (edition, area_id, target["measure"])
        for target in targets
        if target["measure"] in survey
        for area_id in (target["area_id"], comparison[target["agreement_id"]])
        for edition in range(target["baseline_year"] or target["first_year"], target["last_year"] + 1)
    }


def _address(row: Row) -> Address:
    return row["edition"], row["area_id"], row["measure"]


def _interval_names(agreements: pd.DataFrame) -> dict[str, str]:
    """The interval that an agreement chose for the shares of its area."""
    return dict(zip(agreements["area_id"], agreements["share_interval"], strict=True))


def _share_row(address: Address, figure: Figure | None, estimate: Row | None, series: Series) -> Row:
    edition, area_id, measure = address
    row: Row = {
        "edition": edition,
        "area_id": area_id,
        "area_version": version_in(series.areas, area_id, edition),
        "measure": measure,
        "maturity": "final",
        "source_lines": figure.lines if figure else None,
    }
    crossed = breaks_between(series.breaks, area_id, measure, edition - 1, edition)
    if estimate:
        shown = estimate["answers"] >= series.values["fewest_answers"]
        interval = series.interval_of.get(area_id, INTERVAL)
        return row | _about(estimate, figure) | (_estimated(estimate, interval, crossed) if shown else TOO_FEW)
    if figure:
        return row | _published(figure, crossed, series.values)
    return row | {"status": "missing", "maturity": "provisional", "method": shares.METHOD}


def _about(estimate: Row, figure: Figure | None) -> Row:
    """What is said of an estimate even where it may not be shown; what was published of it stands beside it."""
    return {
        "published_percent": figure.value if figure else None,
        "answers": estimate["answers"],
        "rule_version": estimate["rule_version"],
        "provenance": estimate["provenance"],
        "method": estimate["method"],
    }


def _estimated(estimate: Row, interval: str, crossed: list[Row]) -> Row:
    """What was estimated from answers is not rounded."""
    share = estimate["share_percent"]
    return {
        "share_percent": share,
        "share_low_percent": estimate[f"{interval}_low_percent"],
        "share_high_percent": estimate[f"{interval}_high_percent"],
        "rounding_low_percent": share,
        "rounding_high_percent": share,
        "standard_error_points": estimate["standard_error_points"],
        "design_effect": estimate["design_effect"],
        "status": "low_reliability" if not estimate["presentable"] else "break" if crossed else "normal",
    }


def _published(figure: Figure, crossed: list[Row], values: dict[str, float]) -> Row:
    row: Row = {
        "rounding_low_percent": figure.band.low,
        "rounding_high_percent": figure.band.high,
        "published_percent": figure.value,
        "answers": figure.answers,
        "provenance": "published",
        "method": shares.METHOD,
        "status": _status(figure, crossed, values),
    }
    if figure.value is None:
        return row
    effect = values["assumed_design_effect"]
    share = Share(figure.value / 100, figure.band.low / 100, figure.band.high / 100, figure.answers, effect)
    interval = shares.published_interval(share, values["confidence_level"])
    return row | {
        "share_percent": figure.value,
        "share_low_percent": points(interval.low) if interval else None,
        "share_high_percent": points(interval.high) if interval else None,
        "design_effect": effect if interval else None,
    }


def _status(figure: Figure, crossed: list[Row], values: dict[str, float]) -> str:
    if figure.conflict:
        return "conflict"
    if figure.answers is not None and figure.answers < values["fewest_answers"]:
        return "low_reliability"
    if figure.approximate:
        return "estimated"
    return "break" if crossed else "normal"


ASSETS = [
    yearly_table("safety.yearly_shares", yearly_shares),
    yearly_table("safety.unsafe_bydele", unsafe_bydele),
]
