"""Readings beside the verdicts: what they are held against, and that none of them binds or tells a hidden count."""

from typing import Any

import pandas as pd
import pytest

from tests.scenarios import TH, count, make
from warehouse.contracts import Row, contracts, records

NUMBERS = {2017: 90, 2018: 110, 2019: 100, 2020: 60, 2021: 80}


def read(area: dict[int, int], whole: dict[int, int], **changes: Any) -> dict[tuple[str, str], Row]:
    """The readings of crime year 2021, of counts by crime year in the area and in Copenhagen."""
    rows = [
        count(number, year + 1, area_id=area_id, crime_type=kind, **changes)
        for area_id, numbers in ((TH, area), ("copenhagen", whole))
        for year, number in numbers.items()
        for kind in ("burglary", "citizen_facing")
    ]
    tables = make([], lambda tables: tables.update(counted=contracts()["crime.counted"].frame(rows)))
    found = tables["readings"]
    return {(row["measure"], row["reading"]): row for row in records(found) if row["crime_year"] == 2021}


@pytest.fixture(scope="module")
def found() -> dict[tuple[str, str], Row]:
    return read(NUMBERS, {year: 100 * number for year, number in NUMBERS.items()} | {2021: 12_000})


@pytest.mark.parametrize("measure", ["burglary_reports", "citizen_facing_reports_per_1000"])
def test_against_2019_and_against_the_mean_of_three_years(found: dict[tuple[str, str], Row], measure: str) -> None:
    one, mean = found[measure, "against_2019"], found[measure, "against_mean_2017_2019"]
    assert (one["ratio"], mean["ratio"]) == (pytest.approx(0.8), pytest.approx(0.8))
    # 80 of 180, and 80 of 380 of which a quarter would be expected: Clopper-Pearson's limits turned back
    assert (one["ratio_low"], one["ratio_high"]) == pytest.approx(limits(80, 100, 1), abs=1e-9)
    assert (mean["ratio_low"], mean["ratio_high"]) == pytest.approx(limits(80, 300, 3), abs=1e-9)
    assert mean["ratio_high"] - mean["ratio_low"] < one["ratio_high"] - one["ratio_low"]


def limits(new: int, old: int, years: int) -> tuple[float, float]:
    from scipy.stats import binomtest

    share = binomtest(new, new + old).proportion_ci(0.95, "exact")
    return share.low / (1 - share.low) * years, share.high / (1 - share.high) * years


def test_against_the_municipalitys_own_change(found: dict[tuple[str, str], Row]) -> None:
    row = found["burglary_reports", "against_municipalitys_change"]
    assert row["ratio"] == pytest.approx((80 / 60) / (12_000 / 6_000))
    # the variance of the logarithm is 1/80 + 1/60 + 1/12000 + 1/6000 = 0.029417
    assert (row["ratio_low"], row["ratio_high"]) == pytest.approx((0.666667 / 1.399564, 0.666667 * 1.399564), abs=1e-5)


def test_no_reading_binds_and_made_up_figures_are_marked(found: dict[tuple[str, str], Row]) -> None:
    assert {row["binding"] for row in found.values()} == {False}
    assert {row["provenance"] for row in found.values() if row["ratio"]} == {"extract"}
    made_up = read(NUMBERS, NUMBERS, provenance="synthetic")
    assert {row["provenance"] for row in made_up.values() if row["ratio"]} == {"synthetic"}


@pytest.mark.parametrize(
    ("year", "number", "reading", "reason"),
    [
        (2018, None, "against_mean_2017_2019", "missing_extract"),
        (2018, 3, "against_mean_2017_2019", "confidential"),
        (2019, 3, "against_2019", "confidential"),
        (2020, None, "against_municipalitys_change", "missing_extract"),
        (2020, 3, "against_municipalitys_change", "confidential"),
        (2021, 3, "against_2019", "confidential"),
    ],
)
def test_a_missing_or_hidden_figure_has_no_reading(year: int, number: int | None, reading: str, reason: str) -> None:
    area = {each_year: NUMBERS[each_year] if each_year != year else number for each_year in NUMBERS}
    row = read({each_year: value for each_year, value in area.items() if value is not None}, NUMBERS)[
        "burglary_reports", reading
    ]
    assert (row["ratio"], row["ratio_low"], row["ratio_high"], row["reason"]) == (None, None, None, reason)


def test_nothing_is_held_against_none() -> None:
    row = read(NUMBERS | {2019: 0}, NUMBERS)["burglary_reports", "against_2019"]
    assert (row["ratio"], row["reason"]) == (None, None)


def test_every_crime_target_has_three_readings_a_year() -> None:
    tables = make([])
    found = tables["readings"]
    assert isinstance(found, pd.DataFrame)
    assert found.groupby(["measure", "crime_year"]).size().unique().tolist() == [3]


def test_a_reading_across_a_break_or_two_versions_is_none_and_one_across_a_noted_break_carries_the_mark() -> None:
    def spoiled(effect: str | None) -> dict[str, Row]:
        def spoil(tables: dict[str, pd.DataFrame]) -> None:
            rows = [
                count(
                    number,
                    year + 1,
                    area_id=area_id,
                    crime_type="burglary",
                    area_version=1 + (effect is None and year > 2019),
                )
                for area_id in (TH, "copenhagen")
                for year, number in NUMBERS.items()
            ]
            tables["counted"] = contracts()["crime.counted"].frame(rows)
            if effect:
                lines = records(tables["series_breaks"])
                line = {
                    "break_id": "mine",
                    "area_id": TH,
                    "measure": "burglary_reports",
                    "first_edition": 2021,
                    "kind": "codes",
                }
                frame = contracts()["reference.series_breaks"].frame([*lines, lines[0] | line | {"effect": effect}])
                tables["series_breaks"] = frame

        tables = make([], spoil)
        found = tables["readings"]
        return {
            row["reading"]: row
            for row in records(found)
            if (row["measure"], row["crime_year"]) == ("burglary_reports", 2021)
        }

    forbidden, noted, versions = spoiled("not_comparable"), spoiled("noted"), spoiled(None)
    for reading in ("against_2019", "against_mean_2017_2019"):
        assert (forbidden[reading]["ratio"], forbidden[reading]["reason"]) == (None, "series_break")
        assert forbidden[reading]["breaks"] == "mine"
        assert (noted[reading]["ratio"] is not None, noted[reading]["breaks"]) == (True, "mine")
        assert (versions[reading]["reason"], versions[reading]["breaks"]) == ("series_break", "area_versions")
    # crime years 2020 and 2021 lie on one side of both
    assert forbidden["against_municipalitys_change"]["ratio"] is not None
    assert versions["against_municipalitys_change"]["ratio"] is not None
