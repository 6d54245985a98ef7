"""Made-up counts of reports by area, year and type, as the police send them beside the reports.

The types are counted from the made-up reports themselves. No codes are mapped to citizen-facing crime, so its numbers are
the published ones, or made up here.
"""

import pandas as pd

from assets.extracts.layouts import Format, Layout
from assets.extracts.sample.police_reports import MIX, PARTNERSHIPS, Draw
from assets.extracts.sample.population import COPENHAGEN, residents
from assets.extracts.sample.writing import Extract, area_names, labels_of
from warehouse.reference_files import Reference

FORMATS: dict[int, Format] = {2018: "xlsx", 2021: "xlsx", 2023: "parquet", 2024: "xlsx"}
CITIZEN_FACING = "citizen_facing"
PER_1000 = {2017: 62.0, 2018: 61.0}  # citizen-facing reports per 1000 residents where nothing is public, by edition
PER_1000_LATER = 38.0
NAMED_FIELDS = ("burglary", "theft_robbery", "violence_weapons", "narcotics")  # of the agreement's footnote 7
OF_OTHER = 0.15  # of the other offences; footnote 7 names some


def counts_extract(layout: Layout, draw: Draw, seed: int, reference: Reference) -> Extract:
    """Return counts of an edition's crime year: one row an area and type."""
    edition = layout.edition
    counted = counts(draw, edition, seed, reference)
    names = area_names(layout.writing.area_code_system, reference)
    types = list(labels_of(layout, "crime_type").values())  # those that the producer has a word for
    rows = [
        {"area_code": names[area], "crime_year": draw.crime_year, "crime_type": kind, "reports": of_types[kind]}
        for area, of_types in counted.items()
        for kind in types
    ]
    frame = pd.DataFrame(rows).assign(drawn_on=draw.rows["drawn_on"].iloc[0])
    return Extract(layout, "anmeldelser_antal", FORMATS.get(edition, "csv"), frame)


def counts(draw: Draw, edition: int, seed: int, reference: Reference) -> dict[str, dict[str, int]]:
    """Return reports of each area by crime type; of the good rows, where they are counted from them."""
    good = draw.rows[draw.rows["good"]]
    by_area = {COPENHAGEN: _by_type(good)} | {
        area: _by_type(good[good["partnership"] == area]) for area in PARTNERSHIPS
    }
    for area, of_types in by_area.items():
        of_types[CITIZEN_FACING] = _citizen_facing(area, of_types, edition, seed, reference)
    return by_area


def _by_type(rows: pd.DataFrame) -> dict[str, int]:
    counted = rows["crime_type"].value_counts()
    return {kind: int(counted.get(kind, 0)) for kind in sorted(MIX)}


def _citizen_facing(area: str, of_types: dict[str, int], edition: int, seed: int, reference: Reference) -> int:
    """Return the published number or rate, else a made-up one."""
    figures = reference["reference.published_figures"].query("edition == @edition and area_id == @area")
    published = figures.drop_duplicates("measure").set_index("measure")["value"]
    if "citizen_facing_reports" in published:
        return int(published["citizen_facing_reports"])
    if area != COPENHAGEN:
        return sum(of_types[kind] for kind in NAMED_FIELDS) + round(OF_OTHER * of_types["other"])
    rate = float(published.get("citizen_facing_reports_per_1000", PER_1000.get(edition, PER_1000_LATER)))
    return round(rate * residents(reference, edition - 1, seed)[COPENHAGEN] / 1000)
