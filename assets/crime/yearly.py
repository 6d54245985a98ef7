"""Reports of crime by the agreement's crime types: counted from the police's files where they came, else as published.

What is counted is `assets/crime/counted.sql`. The intervals are made in `assets/methods/counts.py`; whether a promise is kept is decided in `assets/targets/verdicts.py`.
"""

import pandas as pd

from assets.crime.confidentiality import first_sources
from assets.indicators.figures import Figure, conventions_of, figures, version_in
from assets.methods import counts
from assets.methods.counts import Count
from assets.methods.disclosure import CONFIDENTIAL, FREE
from assets.methods.shares import Interval
from assets.tables import yearly_table
from warehouse.contracts import Row, contracts, records

Cell = tuple[int, str, str]
Pair = dict[str, Figure]


def yearly_types(
    counted: pd.DataFrame,
    confidentiality: pd.DataFrame,
    published_figures: pd.DataFrame,
    published_choices: pd.DataFrame,
    measures: pd.DataFrame,
    crime_types: pd.DataFrame,
    areas: pd.DataFrame,
    populations: pd.DataFrame,
    targets: pd.DataFrame,
    conventions: pd.DataFrame,
) -> pd.DataFrame:
    """The total, the types with a target and what is shown beside them, by edition and area."""
    types = set(crime_types.loc[crime_types["role"] != "monitoring", "crime_type"])
    rows = _rows(
        types,
        counted,
        confidentiality,
        published_figures,
        published_choices,
        measures,
        areas,
        populations,
        targets,
        conventions,
    )
    return contracts()["crime.yearly_types"].frame(rows)


def monitoring(
    counted: pd.DataFrame,
    confidentiality: pd.DataFrame,
    published_figures: pd.DataFrame,
    published_choices: pd.DataFrame,
    measures: pd.DataFrame,
    crime_types: pd.DataFrame,
    areas: pd.DataFrame,
    populations: pd.DataFrame,
    targets: pd.DataFrame,
    conventions: pd.DataFrame,
) -> pd.DataFrame:
    """The four types that are followed every year without a target: missing where they are not public."""
    types = set(crime_types.loc[crime_types["role"] == "monitoring", "crime_type"])
    rows = _rows(
        types,
        counted,
        confidentiality,
        published_figures,
        published_choices,
        measures,
        areas,
        populations,
        targets,
        conventions,
    )
    return contracts()["crime.monitoring"].frame(rows)


def count_of(row: Row) -> Count | None:
    """A stored row's reports over their population, or over the population that its rate implies."""
    low = row["population_low_residents"] or row["population_residents"]
    high = row["population_high_residents"] or row["population_residents"]
    return None if row["reports"] is None or low is None else Count(row["reports"], low, high)


def _rows(
    types: set[str],
    counted: pd.DataFrame,
    confidentiality: pd.DataFrame,
    published_figures: pd.DataFrame,
    published_choices: pd.DataFrame,
    measures: pd.DataFrame,
    areas: pd.DataFrame,
    populations: pd.DataFrame,
    targets: pd.DataFrame,
    conventions: pd.DataFrame,
) -> list[Row]:
    """One row per edition, area and type: what was counted or published, and what a target waits for in vain."""
    crime = {row["measure"]: row for row in records(measures) if row["crime_type"] in types}
    published: dict[Cell, Pair] = {}
    for (edition, area_id, measure), figure in figures(published_figures, published_choices).items():
        if measure in crime:
            cell = (edition, area_id, str(crime[measure]["crime_type"]))
            published.setdefault(cell, {})[str(crime[measure]["unit"])] = figure
    residents = {(row["area_id"], row["on_date"].year): row["population_residents"] for row in records(populations)}
    awaited = {
        (crime_year + 1, target["area_id"], crime[target["measure"]]["crime_type"])
        for target in records(targets)
        if target["measure"] in crime
        for crime_year in range(target["baseline_year"] or target["first_year"], target["last_year"] + 1)
    }
    versions = records(areas)
    ours = first_sources(records(counted[counted["crime_type"].isin(types)]))
    # published is that a count is hidden, not why: that would tell which are the small ones
    hidden = {
        (row["edition"], row["area_id"], row["crime_type"])
        for row in records(confidentiality)
        if row["confidentiality"] != FREE
    }
    confidence = conventions_of(conventions)["confidence_level"]
    return [
        {
            "area_version": version_in(versions, cell[1], cell[0] - 1),
            "confidentiality": CONFIDENTIAL if cell in hidden else FREE,
        }
        | _row(
            cell,
            ours.get(cell),
            cell in hidden,
            published.get(cell, {}),
            residents.get((cell[1], cell[0] - 1)),
            confidence,
        )
        for cell in sorted(published.keys() | ours.keys() | awaited)
    ]


def _row(cell: Cell, ours: Row | None, hidden: bool, pair: Pair, residents: int | None, confidence: float) -> Row:
    edition, area_id, crime_type = cell
    row: Row = {
        "edition": edition,
        "crime_year": edition - 1,
        "area_id": area_id,
        "crime_type": crime_type,
        "maturity": "provisional",  # the register of reports lives: later changes alter old years
        "method": counts.METHOD,
    }
    row |= _printed(pair)
    if ours:
        counted = _computed(ours["reports"], ours["population_residents"], confidence)
        counted = {"status": "normal"} if hidden else counted
        return row | counted | {name: ours[name] for name in ("counted_from", "drawn_on", "area_version", "provenance")}
    if not pair:
        return row | {"status": "missing"}
    row |= {"counted_from": "published", "provenance": "published"}
    if any(figure.conflict for figure in pair.values()):
        return row | {"status": "conflict"}
    reports, rate = pair.get("reports"), pair.get("reports_per_1000")
    if reports and reports.value and rate and rate.value:
        return row | _implied(int(reports.value or 0), rate, confidence)
    if reports:
        return row | _computed(int(reports.value or 0), residents, confidence)
    return row | {"rate_per_1000": rate.value if rate else None, "status": "normal"}


def _printed(pair: Pair) -> Row:
    """What was published, and its lines."""
    reports, rate = pair.get("reports"), pair.get("reports_per_1000")
    return {
        "published_reports": int(reports.value) if reports and reports.value is not None else None,
        "published_rate_per_1000": rate.value if rate else None,
        "source_lines": " ".join(figure.lines for figure in pair.values()) or None,
    }


def _implied(reports: int, rate: Figure, confidence: float) -> Row:
    """Count and rate were published: the population follows from them, within the rate's rounding."""
    population = counts.implied_population(reports, rate.band.low, rate.band.high)
    interval = counts.rate_interval(Count(reports, population.low, population.high), confidence)
    return {
        "reports": reports,
        "rate_per_1000": rate.value,
        "population_low_residents": int(population.low),
        "population_high_residents": int(population.high),
        **_limits(interval),
        "status": "estimated",
    }


def _computed(reports: int, residents: int | None, confidence: float) -> Row:
    """A count without a rate: the rate is taken over the residents on 1 January of the crime year, if known."""
    if residents is None:
        return {"reports": reports, "status": "normal"}
    interval = counts.rate_interval(Count(reports, residents, residents), confidence)
    return {
        "reports": reports,
        "population_residents": residents,
        "rate_per_1000": reports / residents * 1000,
        **_limits(interval),
        "status": "normal",
    }


def _limits(interval: Interval) -> Row:
    return {"rate_low_per_1000": interval.low, "rate_high_per_1000": interval.high}


ASSETS = [yearly_table("crime.yearly_types", yearly_types), yearly_table("crime.monitoring", monitoring)]
