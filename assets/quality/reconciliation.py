"""Figures that ought to agree, side by side: types and their total, areas and what they lie in, two police sources, a new
draw and the one before, ours and the published one, reports and those of which the place is known.

Counts are held against the exact Poisson limits of the other count, never against a percentage: 5 reports more are much of
20 and nothing of 2,000. What does not agree is a warning (`checks/rules/quality.yml`); no figure is changed here, and a
target that stands on one in doubt has no verdict (`targets.py`).
"""

from collections import defaultdict
from collections.abc import Iterator
from datetime import date
from itertools import product

import pandas as pd

from assets.crime.confidentiality import Places, first_sources, places_on, wholes_of
from assets.indicators.figures import Address, Figure, conventions_of, figures, provenance_of
from assets.methods.counts import poisson_interval
from assets.tables import yearly_table
from warehouse.contracts import Row, contracts, records

Cell = tuple[int, str, str]  # edition, area and crime type

TOTAL = "citizen_facing"
WITHOUT_PLACE = 0.05  # of the reports: so many may be missing in an area's count, and no more than chance would take


def reconciliation(
    counted: pd.DataFrame,
    draws: pd.DataFrame,
    yearly_shares: pd.DataFrame,
    published_figures: pd.DataFrame,
    published_choices: pd.DataFrame,
    measures: pd.DataFrame,
    crime_types: pd.DataFrame,
    areas: pd.DataFrame,
    area_members: pd.DataFrame,
    conventions: pd.DataFrame,
) -> pd.DataFrame:
    """One row for each two figures of an edition that ought to agree."""
    rows = records(counted)
    confidence = conventions_of(conventions)["confidence_level"]
    ours = first_sources(rows)
    parts = set(crime_types.loc[crime_types["role"] == "target", "crime_type"])
    found = [
        *_types_and_total(ours, parts),
        *_areas_and_wholes(ours, areas, area_members),
        *_two_sources(rows, confidence),
        *_new_draws(rows, ours, confidence),
        *_counts_as_published(ours, figures(published_figures, published_choices), records(measures)),
        *_shares_as_published(records(yearly_shares), figures(published_figures, published_choices)),
        *_without_place(ours, records(draws), set(areas.loc[areas["level"] == "partnership_area", "area_id"])),
    ]
    keys = contracts()["quality.reconciliation"].key
    return contracts()["quality.reconciliation"].frame(sorted(found, key=lambda row: tuple(row[key] for key in keys)))


def doubts(reconciliation: pd.DataFrame) -> dict[Address, set[str]]:
    """What does not agree of each figure that is in doubt for it: by edition, area, and crime type or measure."""
    found: dict[Address, set[str]] = defaultdict(set)
    for row in records(reconciliation):
        if not row["agrees"]:
            areas, measures = ((row[name] or "").split() for name in ("doubtful_area_ids", "doubtful_measures"))
            for area_id, measure in product(areas, measures):
                found[row["edition"], area_id, measure].add(row["comparison"])
    return found


def settled(decisions: pd.DataFrame) -> dict[int, str]:
    """Editions whose figures somebody lets stand though they do not agree, with the decision."""
    of_figures = (contracts()["quality.reconciliation"].name, "figures_agree", "in_force")
    return {
        row["edition"]: str(row["decision_id"])
        for row in records(decisions)
        if (row["table_name"], row["rule"], row["status"]) == of_figures
    }


def _row(comparison: str, cell: Cell, value: float, other: float, low: float, high: float, *behind: Row) -> Row:
    edition, area_id, measure = cell
    return {
        "edition": edition,
        "comparison": comparison,
        "area_id": area_id,
        "measure": measure,
        "value": value,
        "other_value": other,
        "low": low,
        "high": high,
        "agrees": low - 1e-9 <= value <= high + 1e-9,
        "doubtful_area_ids": area_id,
        "doubtful_measures": measure,
        "provenance": provenance_of(*behind),
    }


def _types_and_total(ours: dict[Cell, Row], parts: set[str]) -> Iterator[Row]:
    """The types with a target together are at most citizen-facing crime, of which they are parts by name."""
    for (edition, area_id, kind), total in ours.items():
        found = [ours[edition, area_id, part] for part in sorted(parts) if (edition, area_id, part) in ours]
        if kind == TOTAL and found:
            together = sum(row["reports"] for row in found)
            yield _row(
                "types_and_total",
                (edition, area_id, TOTAL),
                together,
                total["reports"],
                0,
                total["reports"],
                total,
                *found,
            ) | {"doubtful_measures": " ".join([TOTAL, *(row["crime_type"] for row in found)])}


def _areas_and_wholes(ours: dict[Cell, Row], areas: pd.DataFrame, area_members: pd.DataFrame) -> Iterator[Row]:
    """The bydele together have at most the municipality's reports, and what lies in a bydel at most the bydel's."""
    places: dict[int, Places] = {}
    counted: dict[int, set[str]] = defaultdict(set)
    for edition, area_id, _ in ours:
        counted[edition].add(area_id)
    for edition, kind in sorted({(edition, kind) for edition, _, kind in ours}):
        if edition not in places:
            places[edition] = places_on(areas, area_members, date(edition - 1, 12, 31))
        for inner, wholes in wholes_of(counted[edition], places[edition]):
            found = [
                [ours[edition, one, kind] for one in some if (edition, one, kind) in ours] for some in (inner, wholes)
            ]
            if all(found):
                value, other = (sum(row["reports"] for row in rows) for rows in found)
                yield _row(
                    "area_and_whole", (edition, " ".join(wholes), kind), value, other, 0, other, *found[0], *found[1]
                ) | {"doubtful_area_ids": " ".join([*inner, *wholes])}


def _two_sources(rows: list[Row], confidence: float) -> Iterator[Row]:
    """What was counted here report by report, and what the police counted."""
    by_source: dict[tuple[Cell, str], Row] = {}
    for row in rows:
        if row["crime_year"] == row["edition"] - 1:
            by_source[(row["edition"], row["area_id"], row["crime_type"]), row["counted_from"]] = row
    for (cell, source), row in by_source.items():
        other = by_source.get((cell, "counts"))
        if source == "reports" and other:
            yield _poisson("two_police_sources", cell, row, other, confidence)


def _new_draws(rows: list[Row], ours: dict[Cell, Row], confidence: float) -> Iterator[Row]:
    """A new draw of an earlier crime year, and the count that its own edition published."""
    for row in rows:
        before = ours.get((row["crime_year"] + 1, row["area_id"], row["crime_type"]))
        if row["crime_year"] < row["edition"] - 1 and before and before["extract"] == row["extract"]:
            cell = row["edition"], row["area_id"], f"{row['crime_type']} {row['crime_year']}"
            # what was published or fixed of the past year stays, so that no figure is in doubt
            nothing = {"doubtful_area_ids": None, "doubtful_measures": None}
            yield _poisson("new_draw_and_published_draw", cell, row, before, confidence) | nothing


def _poisson(comparison: str, cell: Cell, row: Row, other: Row, confidence: float) -> Row:
    interval = poisson_interval(other["reports"], confidence)
    return _row(comparison, cell, row["reports"], other["reports"], interval.low, interval.high, row, other)


def _counts_as_published(ours: dict[Cell, Row], published: dict[Address, Figure], measures: list[Row]) -> Iterator[Row]:
    """Our counts and rates, and what was published of the same, within its rounding."""
    for measure in measures:
        for (edition, area_id, name), figure in published.items():
            row = ours.get((edition, area_id, measure["crime_type"])) if name == measure["measure"] else None
            if row and figure.value is not None:
                value = _in_unit(row, measure["unit"])
                if value is not None:
                    cell = edition, area_id, name
                    yield _row("ours_and_published", cell, value, figure.value, figure.band.low, figure.band.high, row)


def _in_unit(row: Row, unit: str) -> float | None:
    if unit == "reports":
        return float(row["reports"])
    residents = row["population_residents"]
    return row["reports"] / residents * 1000 if residents else None


def _shares_as_published(shares: list[Row], published: dict[Address, Figure]) -> Iterator[Row]:
    for row in shares:
        cell = row["edition"], row["area_id"], row["measure"]
        figure = published.get(cell)
        if (
            row["provenance"] in ("extract", "synthetic")
            and row["share_percent"] is not None
            and figure
            and figure.value is not None
        ):
            yield _row(
                "ours_and_published", cell, row["share_percent"], figure.value, figure.band.low, figure.band.high, row
            )


def _without_place(ours: dict[Cell, Row], draws: list[Row], small: set[str]) -> Iterator[Row]:
    """Reports that lie in no known place, or only in a bydel, are missing in the areas within a bydel."""
    for draw in draws:
        if draw["counts"] and draw["crime_year"] == draw["edition"] - 1:
            cells = [
                (area_id, kind)
                for (edition, area_id, kind), row in ours.items()
                if edition == draw["edition"] and row["extract"] == draw["extract"] and area_id in small
            ]
            if cells:
                areas, kinds = (" ".join(sorted(set(one))) for one in zip(*cells, strict=True))
                missing = draw["reports_place_unknown"] + draw["reports_place_less_exact"]
                cell, high = (draw["edition"], draw["extract"], "reports"), WITHOUT_PLACE * draw["reports"]
                row = _row("reports_without_place", cell, missing, draw["reports"], 0, high, draw)
                yield row | {"doubtful_area_ids": areas, "doubtful_measures": kinds}


ASSETS = [yearly_table("quality.reconciliation", reconciliation)]
