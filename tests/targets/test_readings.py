"""Tests of the readings that are shown beside the verdicts.

The tests check what a reading is compared with, that it is not binding, and that it does not reveal a hidden count.
"""

from typing import Any

import pandas as pd
import pytest

from tests.scenarios import TH, count, make
from warehouse.contracts import Row, contracts, records

NUMBERS = {2017: 90, 2018: 110, 2019: 100, 2020: 60, 2021: 80}


def readings_of_2021(area: dict[int, int], copenhagen: dict[int, int], **changes: Any) -> dict[tuple[str, str], Row]:
    """Return the readings of crime year 2021, by measure and reading.

    The counts of the area and the counts of Copenhagen are given by crime year.
    """
    rows = [
        count(number, year + 1, area_id=area_id, crime_type=kind, **changes)
        for area_id, numbers in ((TH, area), ("copenhagen", copenhagen))
        for year, number in numbers.items()
        for kind in ("burglary", "citizen_facing")
    ]
    tables = make([], lambda tables: tables.update(counted=contracts()["crime.counted"].frame(rows)))
    frame = tables["readings"]
    return {(row["measure"], row["reading"]): row for row in records(frame) if row["crime_year"] == 2021}


@pytest.fixture(scope="module")
def readings() -> dict[tuple[str, str], Row]:
    return readings_of_2021(NUMBERS, {year: 100 * number for year, number in NUMBERS.items()} | {2021: 12_000})


@pytest.mark.parametrize("measure", ["burglary_reports", "citizen_facing_reports_per_1000"])
def test_against_2019_and_against_the_mean_of_three_years(readings: dict[tuple[str, str], Row], measure: str) -> None:
    against_2019, against_mean = readings[measure, "against_2019"], readings[measure, "against_mean_2017_2019"]
    assert (against_2019["ratio"], against_mean["ratio"]) == (pytest.approx(0.8), pytest.approx(0.8))
    # Clopper-Pearson's limits of 80 in 180, and of 80 in 380, turned into ratios
    assert (against_2019["ratio_low"], against_2019["ratio_high"]) == pytest.approx(limits(80, 100, 1), abs=1e-9)
    assert (against_mean["ratio_low"], against_mean["ratio_high"]) == pytest.approx(limits(80, 300, 3), abs=1e-9)
    assert (
        against_mean["ratio_high"] - against_mean["ratio_low"] < against_2019["ratio_high"] - against_2019["ratio_low"]
    )


def limits(new: int, old: int, years: int) -> tuple[float, float]:
    from scipy.stats import binomtest

    share = binomtest(new, new + old).proportion_ci(0.95, "exact")
    return share.low / (1 - share.low) * years, share.high / (1 - share.high) * years


def test_against_the_municipalitys_own_change(readings: dict[tuple[str, str], Row]) -> None:
    row = readings["burglary_reports", "against_municipalitys_change"]
    assert row["ratio"] == pytest.approx((80 / 60) / (12_000 / 6_000))
    # the variance of the logarithm is 1/80 + 1/60 + 1/12000 + 1/6000 = 0.029417
    assert (row["ratio_low"], row["ratio_high"]) == pytest.approx((0.666667 / 1.399564, 0.666667 * 1.399564), abs=1e-5)


def test_no_reading_binds_and_made_up_figures_are_marked(readings: dict[tuple[str, str], Row]) -> None:
    assert {row["binding"] for row in readings.values()} == {False}
    assert {row["provenance"] for row in readings.values() if row["ratio"]} == {"extract"}
    made_up = readings_of_2021(NUMBERS, NUMBERS, provenance="synthetic")
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
    row = readings_of_2021({each_year: value for each_year, value in area.items() if value is not None}, NUMBERS)[
        "burglary_reports", reading
    ]
    assert (row["ratio"], row["ratio_low"], row["ratio_high"], row["reason"]) == (None, None, None, reason)


def test_nothing_is_held_against_none() -> None:
    row = readings_of_2021(NUMBERS | {2019: 0}, NUMBERS)["burglary_reports", "against_2019"]
    assert (row["ratio"], row["reason"]) == (None, None)


def test_every_crime_target_has_three_readings_a_year() -> None:
    tables = make([])
    frame = tables["readings"]
    assert isinstance(frame, pd.DataFrame)
    assert frame.groupby(["measure", "crime_year"]).size().unique().tolist() == [3]


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
        frame = tables["readings"]
        return {
            row["reading"]: row
            for row in records(frame)
            if (row["measure"], row["crime_year"]) == ("burglary_reports", 2021)
        }

    forbidden, noted, versions = spoiled("not_comparable"), spoiled("noted"), spoiled(None)
    for reading in ("against_2019", "against_mean_2017_2019"):
        assert (forbidden[reading]["ratio"], forbidden[reading]["reason"]) == (None, "series_break")
        assert forbidden[reading]["breaks"] == "mine"
        assert (noted[reading]["ratio"] is not None, noted[reading]["breaks"]) == (True, "mine")
        assert (versions[reading]["reason"], versions[reading]["breaks"]) == ("series_break", "area_versions")
    # crime years 2020 and 2021 are on the same side of the break and in the same version
    assert forbidden["against_municipalitys_change"]["ratio"] is not None
    assert versions["against_municipalitys_change"]["ratio"] is not None
