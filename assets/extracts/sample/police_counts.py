"""Make up counts of reports by area, year and crime type.

The police send such counts in addition to the reports. For most crime types, this module counts the made-up reports.
Citizen-facing crime is not counted in this way, because no offence code identifies it. Its counts come from published
numbers or rates. If nothing was published, they are made up.
"""

import pandas as pd

from assets.extracts.layouts import Format, Layout
from assets.extracts.sample.police_reports import MIX, PARTNERSHIPS, Draw
from assets.extracts.sample.population import COPENHAGEN, residents
from assets.extracts.sample.writing import Extract, area_names, labels_of
from warehouse.reference_files import Reference

FORMATS: dict[int, Format] = {2018: "xlsx", 2021: "xlsx", 2023: "parquet", 2024: "xlsx"}
CITIZEN_FACING = "citizen_facing"
PER_1000 = {2017: 62.0, 2018: 61.0}  # by edition: citizen-facing reports per 1000 residents if no number was published
PER_1000_LATER = 38.0
NAMED_FIELDS = (
    "burglary",
    "theft_robbery",
    "violence_weapons",
    "narcotics",
)  # citizen-facing types, according to the agreement's footnote 7
CITIZEN_FACING_OTHERS = (
    0.15  # the share of the type "other" that is citizen-facing; footnote 7 names some such offences
)


def counts_extract(layout: Layout, draw: Draw, seed: int, reference: Reference) -> Extract:
    """Return a file with the counts of the draw's crime year. It has one row for each area and crime type."""
    edition = layout.edition
    counted = counts(draw, edition, seed, reference)
    names = area_names(layout.writing.area_code_system, reference)
    types = list(labels_of(layout, "crime_type").values())  # the types for which the producer has a label
    rows = [
        {"area_code": names[area], "crime_year": draw.crime_year, "crime_type": kind, "reports": count_by_type[kind]}
        for area, count_by_type in counted.items()
        for kind in types
    ]
    frame = pd.DataFrame(rows).assign(drawn_on=draw.rows["drawn_on"].iloc[0])
    return Extract(layout, "anmeldelser_antal", FORMATS.get(edition, "csv"), frame)


def counts(draw: Draw, edition: int, seed: int, reference: Reference) -> dict[str, dict[str, int]]:
    """Return the number of reports, keyed by area and then by crime type. Rows that a rule rejects are not counted."""
    good = draw.rows[draw.rows["good"]]
    by_area = {COPENHAGEN: _by_type(good)} | {
        area: _by_type(good[good["partnership"] == area]) for area in PARTNERSHIPS
    }
    for area, count_by_type in by_area.items():
        count_by_type[CITIZEN_FACING] = _citizen_facing(area, count_by_type, edition, seed, reference)
    return by_area


def _by_type(rows: pd.DataFrame) -> dict[str, int]:
    counted = rows["crime_type"].value_counts()
    return {kind: int(counted.get(kind, 0)) for kind in sorted(MIX)}


def _citizen_facing(area: str, count_by_type: dict[str, int], edition: int, seed: int, reference: Reference) -> int:
    """Return the number of citizen-facing reports in an area.

    If a number was published, it is used. Without one, a partnership area's number is estimated from its counts of
    other crime types, and Copenhagen's number is computed from a published or made-up rate per 1000 residents.
    """
    figures = reference["reference.published_figures"].query("edition == @edition and area_id == @area")
    published = figures.drop_duplicates("measure").set_index("measure")["value"]
    if "citizen_facing_reports" in published:
        return int(published["citizen_facing_reports"])
    if area != COPENHAGEN:
        return sum(count_by_type[kind] for kind in NAMED_FIELDS) + round(CITIZEN_FACING_OTHERS * count_by_type["other"])
    rate = float(published.get("citizen_facing_reports_per_1000", PER_1000.get(edition, PER_1000_LATER)))
    return round(rate * residents(reference, edition - 1, seed)[COPENHAGEN] / 1000)
