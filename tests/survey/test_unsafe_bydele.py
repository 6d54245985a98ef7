"""Tests of the number of areas above a limit. The measures and the municipalities come from the reference files."""

import pandas as pd

from tests.scenarios import bydele_estimated, made_up, make
from warehouse.contracts import Row, contracts, records

MEASURE = "bydele_above_10_percent_unsafe"
EVENING: Row = {
    "measure": "bydele_above_20_percent_unsafe_evening", "name_da": "Aften", "name_en": "Evening", "unit": "count", "topic": "safety",
    "made_of": "areas", "counted_measure": "unsafe_evening", "counted_level": "survey_bydel", "above_percent": 20.0,
    "source_id": "survey_method",
}  # fmt: skip
ELSEWHERE = ("midtby", "nordby")


def append_rows(tables: dict[str, pd.DataFrame], name: str, rows: list[Row]) -> None:
    short_name = name.split(".")[1]
    tables[short_name] = pd.concat([tables[short_name], contracts()[name].frame(rows)], ignore_index=True)


def second_municipality(tables: dict[str, pd.DataFrame]) -> None:
    """Add a second municipality with two bydele. One of the two has many unsafe residents.

    Each of the two bydele has as many answers as a bydel of Copenhagen.
    """
    bydele_estimated([4.0] * 13)(tables)
    levels = {"aarhus": "municipality", **dict.fromkeys(ELSEWHERE, "survey_bydel")}
    place = {"area_version": 1, "source_id": "project_assumption"}
    append_rows(
        tables,
        "reference.areas",
        [place | {"area_id": area, "name_da": area, "level": level} for area, level in levels.items()],
    )
    inside = place | {"area_id": "aarhus", "basis": "assumed", "reason": "made up"}
    append_rows(tables, "reference.area_members", [inside | {"member_area_id": area} for area in ELSEWHERE])
    estimate = records(tables["estimates"])[0]
    shares = zip(ELSEWHERE, (30.0, 4.0), strict=True)
    append_rows(
        tables, "safety.estimates", [estimate | {"area_id": area, "share_percent": share} for area, share in shares]
    )


def counts_of_2021(tables: dict[str, pd.DataFrame]) -> dict[tuple[str, str], Row]:
    """Return the rows of edition 2021, by area and measure."""
    rows = records(tables["unsafe_bydele"])
    return {(row["area_id"], row["measure"]): row for row in rows if row["edition"] == 2021}


def test_each_municipality_counts_its_own_bydele() -> None:
    counts = counts_of_2021(make([], second_municipality))
    copenhagen, aarhus = counts["copenhagen", MEASURE], counts["aarhus", MEASURE]
    assert (
        copenhagen["bydele"],
        copenhagen["bydele_above"],
        copenhagen["bydele_surely_above"],
        copenhagen["bydele_named"],
    ) == (13, 0, 0, 0)
    assert (aarhus["bydele"], aarhus["bydele_above"], aarhus["bydele_surely_above"]) == (2, 1, 1)
    assert (aarhus["bydele_surely_not_above"], aarhus["bydele_named"]) == (1, 1)


def test_each_measure_has_its_own_share_and_limit() -> None:
    def evening(tables: dict[str, pd.DataFrame]) -> None:
        bydele_estimated([15.0] * 12 + [30.0])(tables)
        append_rows(
            tables, "safety.estimates", [row | {"measure": "unsafe_evening"} for row in records(tables["estimates"])]
        )
        append_rows(tables, "reference.measures", [EVENING])

    counts = counts_of_2021(make(made_up(EVENING["measure"], {(2021, "copenhagen"): (2, None)}), evening))
    assert counts["copenhagen", MEASURE]["bydele_above"] == 13
    row = counts["copenhagen", EVENING["measure"]]
    assert (row["bydele_above"], row["published_bydele_above"], row["bydele_surely_above"]) == (1, 2, 1)
    assert (row["source_lines"], row["provenance"]) == ("2", "extract")


def test_a_published_number_stands_by_itself_where_a_bydel_was_not_asked() -> None:
    figures = made_up(MEASURE, {(2021, "copenhagen"): (4, None)})
    row = counts_of_2021(make(figures, bydele_estimated([20.0] * 12)))["copenhagen", MEASURE]
    assert (row["bydele_above"], row["bydele_surely_above"], row["provenance"]) == (4, None, "published")
    assert (row["bydele_named"], row["bydele"]) == (12, 13)
