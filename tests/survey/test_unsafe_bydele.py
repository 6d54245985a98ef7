"""How many areas lie above a limit: the measures that say so, and the municipalities, are data."""

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


def more(tables: dict[str, pd.DataFrame], name: str, rows: list[Row]) -> None:
    short_name = name.split(".")[1]
    tables[short_name] = pd.concat([tables[short_name], contracts()[name].frame(rows)], ignore_index=True)


def second_municipality(tables: dict[str, pd.DataFrame]) -> None:
    """Another municipality with two bydele, one of which has many unsafe residents; both asked as Copenhagen's are."""
    bydele_estimated([4.0] * 13)(tables)
    levels = {"aarhus": "municipality", **dict.fromkeys(ELSEWHERE, "survey_bydel")}
    place = {"area_version": 1, "source_id": "project_assumption"}
    more(
        tables,
        "reference.areas",
        [place | {"area_id": area, "name_da": area, "level": level} for area, level in levels.items()],
    )
    inside = place | {"area_id": "aarhus", "basis": "assumed", "reason": "made up"}
    more(tables, "reference.area_members", [inside | {"member_area_id": area} for area in ELSEWHERE])
    asked = records(tables["estimates"])[0]
    shares = zip(ELSEWHERE, (30.0, 4.0), strict=True)
    more(tables, "safety.estimates", [asked | {"area_id": area, "share_percent": share} for area, share in shares])


def counted(tables: dict[str, pd.DataFrame]) -> dict[tuple[str, str], Row]:
    """The counts of edition 2021, by area and measure."""
    rows = records(tables["unsafe_bydele"])
    return {(row["area_id"], row["measure"]): row for row in rows if row["edition"] == 2021}


def test_each_municipality_counts_its_own_bydele() -> None:
    found = counted(make([], second_municipality))
    here, elsewhere = found["copenhagen", MEASURE], found["aarhus", MEASURE]
    assert (here["bydele"], here["bydele_above"], here["bydele_surely_above"], here["bydele_named"]) == (13, 0, 0, 0)
    assert (elsewhere["bydele"], elsewhere["bydele_above"], elsewhere["bydele_surely_above"]) == (2, 1, 1)
    assert (elsewhere["bydele_surely_not_above"], elsewhere["bydele_named"]) == (1, 1)


def test_each_measure_has_its_own_share_and_limit() -> None:
    def evening(tables: dict[str, pd.DataFrame]) -> None:
        bydele_estimated([15.0] * 12 + [30.0])(tables)
        more(tables, "safety.estimates", [row | {"measure": "unsafe_evening"} for row in records(tables["estimates"])])
        more(tables, "reference.measures", [EVENING])

    found = counted(make(made_up(EVENING["measure"], {(2021, "copenhagen"): (2, None)}), evening))
    assert found["copenhagen", MEASURE]["bydele_above"] == 13
    row = found["copenhagen", EVENING["measure"]]
    assert (row["bydele_above"], row["published_bydele_above"], row["bydele_surely_above"]) == (1, 2, 1)
    assert (row["source_lines"], row["provenance"]) == ("2", "extract")


def test_a_published_number_stands_by_itself_where_a_bydel_was_not_asked() -> None:
    figures = made_up(MEASURE, {(2021, "copenhagen"): (4, None)})
    row = counted(make(figures, bydele_estimated([20.0] * 12)))["copenhagen", MEASURE]
    assert (row["bydele_above"], row["bydele_surely_above"], row["provenance"]) == (4, None, "published")
    assert (row["bydele_named"], row["bydele"]) == (12, 13)
