"""Readings beside the verdicts on crime, none of which binds anybody: the baseline's year 2020 was a year of lockdown.

Each figure against 2019, against the mean of 2017 to 2019, and its change since the baseline's year against the
municipality's own. The verdicts are in `targets.py`.
"""

from collections.abc import Iterator
from dataclasses import dataclass

import pandas as pd

from assets.crime.yearly import count_of
from assets.indicators.figures import breaks_between, breaks_of_pairs, breaks_said, conventions_of, provenance_of
from assets.methods import counts
from assets.methods.counts import Count
from assets.methods.disclosure import FREE
from assets.tables import yearly_table
from warehouse.contracts import Row, contracts, records

BEFORE_THE_LOCKDOWN = (2017, 2018, 2019)


@dataclass(frozen=True)
class Figures:
    """Stored figures of one measure by crime year and area, read as rates or as numbers, and the breaks in their series."""

    rows: dict[tuple[int, str, str], Row]
    crime_type: str
    per_1000: bool
    breaks: list[Row]

    def row(self, crime_year: int, area_id: str) -> Row:
        """The stored row; without figures where there is none."""
        return self.rows.get((crime_year, area_id, self.crime_type), {"status": "missing"})

    def count(self, crime_year: int, area_id: str) -> Count | None:
        """The count over its residents, or over one year where numbers are compared; None where it is missing or hidden."""
        row = self.row(crime_year, area_id)
        if row.get("reports") is None:
            return None
        return count_of(row) if self.per_1000 else Count(row["reports"], 1, 1)


def readings(
    yearly_types: pd.DataFrame,
    monitoring: pd.DataFrame,
    measures: pd.DataFrame,
    targets: pd.DataFrame,
    agreements: pd.DataFrame,
    series_breaks: pd.DataFrame,
    conventions: pd.DataFrame,
) -> pd.DataFrame:
    """Three rows for each measure of a target that is held at a baseline, in each crime year that is judged."""
    rows = records(yearly_types) + records(monitoring)
    stored = {(row["crime_year"], row["area_id"], row["crime_type"]): row for row in rows}
    about = {row["measure"]: row for row in records(measures)}
    whole = dict(zip(agreements["agreement_id"], agreements["comparison_area_id"], strict=True))
    confidence = conventions_of(conventions)["confidence_level"]
    found: list[Row] = []
    for target in records(targets):
        if target["rule"] == "held_at_baseline":
            measure = about[target["measure"]]
            figures = Figures(
                stored, measure["crime_type"], measure["unit"] == "reports_per_1000", records(series_breaks)
            )
            for crime_year in range(target["first_year"], target["last_year"] + 1):
                found += _rows_of(target, crime_year, whole[target["agreement_id"]], figures, confidence)
    return contracts()["targets.readings"].frame(found)


def _rows_of(target: Row, crime_year: int, whole: str, figures: Figures, confidence: float) -> Iterator[Row]:
    area_id, first = target["area_id"], target["baseline_year"]
    now = figures.count(crime_year, area_id)
    for reading, years in (("against_2019", BEFORE_THE_LOCKDOWN[-1:]), ("against_mean_2017_2019", BEFORE_THE_LOCKDOWN)):
        row = _row(target, crime_year, reading, [(year, area_id) for year in (crime_year, *years)], figures)
        before = _together([figures.count(year, area_id) for year in years])
        yield row | (_against(now, before, confidence) if now and before and row["reason"] is None else {})
    cells = [(crime_year, area_id), (first, area_id), (crime_year, whole), (first, whole)]
    row = _row(target, crime_year, "against_copenhagens_change", cells, figures)
    four = [figures.count(*cell) for cell in cells]
    yield row | (_against_change(four, confidence) if row["reason"] is None else {})


def _row(target: Row, crime_year: int, reading: str, cells: list[tuple[int, str]], figures: Figures) -> Row:
    behind = [figures.row(*cell) for cell in cells]
    crossed, forbids = _breaks(target["measure"], cells, figures)
    row = {name: target[name] for name in ("agreement_id", "target_id", "measure", "area_id")}
    return row | {
        "edition": crime_year + 1,
        "crime_year": crime_year,
        "reading": reading,
        "binding": False,
        "breaks": breaks_said(crossed, forbids),
        "reason": _why_not(behind, [figures.count(*cell) for cell in cells]) or ("series_break" if forbids else None),
        "provenance": provenance_of(*behind),
        "method": counts.METHOD,
    }


def _breaks(measure: str, cells: list[tuple[int, str]], figures: Figures) -> tuple[list[Row], list[str]]:
    """The breaks between the first year that an area is read in and its others, and what forbids to compare them."""
    judged = {area_id: max(year for year, one in cells if one == area_id) for _, area_id in cells}
    return breaks_of_pairs(
        (
            breaks_between(figures.breaks, area_id, measure, year + 1, judged[area_id] + 1),
            figures.row(judged[area_id], area_id),
            figures.row(year, area_id),
        )
        for year, area_id in cells
    )


def _why_not(behind: list[Row], found: list[Count | None]) -> str | None:
    if any(row.get("confidentiality", FREE) != FREE for row in behind):
        return "confidential"
    if any(row["status"] == "conflict" for row in behind):
        return "conflict"
    return "missing_extract" if None in found else None


def _together(years: list[Count | None]) -> Count | None:
    """Reports of several years over all their residents; None where a year is missing."""
    known = [one for one in years if one is not None]
    if len(known) < len(years):
        return None
    return Count(
        sum(one.reports for one in known),
        sum(one.population_low for one in known),
        sum(one.population_high for one in known),
    )


def _against(new: Count, old: Count, confidence: float) -> Row:
    """The ratio of two rates, or of a number and a yearly mean, as the exposure of several years is their sum."""
    if old.reports == 0:
        return {}
    interval = counts.rate_ratio_interval(new, old, confidence)
    return {"ratio": _rate(new) / _rate(old), "ratio_low": interval.low, "ratio_high": interval.high}


def _against_change(four: list[Count | None], confidence: float) -> Row:
    """Area's change over the municipality's; without limits where one of the counts is zero."""
    now, then, whole_now, whole_then = (one for one in four if one is not None)
    if 0 in (then.reports, whole_now.reports, whole_then.reports):
        return {}
    ratio = _rate(now) / _rate(then) / (_rate(whole_now) / _rate(whole_then))
    interval = counts.ratio_of_ratios_interval(
        ratio, [one.reports for one in (now, then, whole_now, whole_then)], confidence
    )
    return {"ratio": ratio} | ({"ratio_low": interval.low, "ratio_high": interval.high} if interval else {})


def _rate(count: Count) -> float:
    return count.reports / ((count.population_low + count.population_high) / 2)


ASSETS = [yearly_table("targets.readings", readings)]
