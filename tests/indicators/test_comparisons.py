"""Tests of comparisons: with which baseline or area a figure is compared, and what forbids the comparison."""

from collections.abc import Callable
from datetime import date
from typing import Any

import numpy as np
import pandas as pd
import pytest

from assets.methods import counts, shares
from assets.methods.counts import Count
from assets.methods.shares import Share
from tests.scenarios import FALLING, TH, Tables, count, made_up, make, reading, verdict
from warehouse.contracts import Row, contracts, records

FIRST, SECOND = "tingbjerg_husum_2021_2024", "tingbjerg_husum_2025_2028"


def with_rows(tables: Tables, name: str, *rows: Row) -> None:
    """Add rows to a reference table. A cell that is not given is copied from the first row of the table."""
    table = contracts()[f"reference.{name}"]
    first_row = records(tables[name])[0]
    tables[name] = table.frame([*records(tables[name]), *(first_row | row for row in rows)])


def second_agreement(tables: Tables) -> None:
    """Add a second agreement for the area of the first agreement. It follows the first agreement."""
    first = next(row for row in records(tables["agreements"]) if row["agreement_id"] == FIRST)
    with_rows(
        tables,
        "agreements",
        first
        | {
            "agreement_id": SECOND, "baseline_edition": 2024, "first_day": date(2025, 1, 1), "last_day": date(2028, 12, 31),
        },
    )  # fmt: skip


def comparisons(tables: Tables, **wanted: Any) -> list[Row]:
    return [row for row in records(tables["comparisons"]) if all(row[name] == cell for name, cell in wanted.items())]


@pytest.fixture(scope="module")
def two_agreements() -> Tables:
    figures = FALLING | {(2025, TH): (8, 3000)}
    lines = made_up("unsafe", figures) + [
        line | {"file_line": line["file_line"] + 100}
        for line in made_up("burglary_reports", {(edition, TH): (100, None) for edition in (2021, 2025, 2026)})
    ]
    return make(lines, second_agreement)


def test_each_agreement_of_an_area_has_its_own_baseline(two_agreements: Tables) -> None:
    rows = comparisons(two_agreements, edition=2025, area_id=TH, measure="unsafe", compared_with="baseline")
    assert {(row["agreement_id"], row["compared_edition"], row["change"]) for row in rows} == {
        (FIRST, 2020, -8), (SECOND, 2024, -1),
    }  # fmt: skip
    earlier = comparisons(two_agreements, edition=2023, area_id=TH, measure="unsafe", compared_with="baseline")
    assert [(row["agreement_id"], row["in_period"]) for row in earlier] == [(FIRST, True)]


def test_a_period_is_of_editions_for_the_survey_and_of_crime_years_for_crime(two_agreements: Tables) -> None:
    def periods(measure: str, edition: int) -> dict[str, bool]:
        rows = comparisons(two_agreements, edition=edition, area_id=TH, measure=measure, compared_with="baseline")
        return {row["agreement_id"]: row["in_period"] for row in rows}

    assert periods("unsafe", 2025) == {FIRST: False, SECOND: True}
    assert periods("burglary_reports", 2025) == {FIRST: True}  # crime year 2024 is the baseline of the second agreement
    assert periods("burglary_reports", 2026) == {FIRST: False, SECOND: True}


def test_an_agreement_says_what_its_area_is_held_against() -> None:
    def against_amager(tables: Tables) -> None:
        of_area = tables["agreements"]["area_id"] == TH
        tables["agreements"].loc[of_area, "comparison_area_id"] = "amager_partnership"

    lines = made_up(
        "unsafe", {(2021, TH): (12, 900), (2021, "amager_partnership"): (17, 900), (2021, "copenhagen"): (9, 4922)}
    )
    rows = comparisons(make(lines, against_amager), edition=2021, measure="unsafe", compared_with="municipality")
    assert {(row["area_id"], row["compared_area_id"], row["change"]) for row in rows} == {
        (TH, "amager_partnership", -5), ("amager_partnership", "copenhagen", 8),
    }  # fmt: skip


def another_city(tables: Tables) -> None:
    """Add a second municipality with one bydel, and a partnership area that lies in this bydel."""
    areas = (("elsewhere", "municipality"), ("north", "bydel"), ("the_estate", "partnership_area"))
    dates = {"area_version": 1, "valid_from": None, "valid_to": None}
    with_rows(
        tables,
        "areas",
        *({"area_id": area_id, "name_da": area_id, "level": level, "code": None} | dates for area_id, level in areas),
    )
    with_rows(
        tables,
        "area_members",
        {"area_id": "elsewhere", "area_version": 1, "member_area_id": "north"},
        {"area_id": "north", "area_version": 1, "member_area_id": "the_estate"},
    )


def test_an_area_of_another_city_is_held_against_its_own_municipality() -> None:
    lines = made_up(
        "unsafe", {(2022, "the_estate"): (20, 900), (2022, "elsewhere"): (8, 3000), (2022, "copenhagen"): (9, 4922)}
    )
    tables = make(lines, another_city)
    rows = comparisons(tables, edition=2022, area_id="the_estate", measure="unsafe", compared_with="municipality")
    assert [(row["area_id"], row["compared_area_id"], row["change"]) for row in rows] == [
        ("the_estate", "elsewhere", 12)
    ]


def test_a_reading_looks_at_the_area_that_the_agreement_names() -> None:
    def spoil(tables: Tables) -> None:
        another_city(tables)
        tables["agreements"].loc[tables["agreements"]["area_id"] == TH, "comparison_area_id"] = "elsewhere"
        numbers = {TH: (60, 80), "elsewhere": (1000, 2000), "copenhagen": (5000, 5000)}
        rows = [
            count(number, edition, area_id=area_id, crime_type="burglary")
            for area_id, both in numbers.items()
            for edition, number in zip((2021, 2022), both, strict=True)
        ]
        tables["counted"] = contracts()["crime.counted"].frame(rows)

    row = next(
        row
        for row in records(make([], spoil)["readings"])
        if (row["edition"], row["measure"], row["reading"])
        == (2022, "burglary_reports", "against_municipalitys_change")
    )
    assert row["ratio"] == pytest.approx((80 / 60) / 2)


def test_a_reading_of_other_years_is_a_line_of_reference_data() -> None:
    def spoil(tables: Tables) -> None:
        with_rows(
            tables,
            "crime_readings",
            {"reading": "against_2018", "kind": "years", "first_year": 2018, "last_year": 2018},
        )
        rows = [count(number, edition, crime_type="burglary") for edition, number in ((2019, 50), (2022, 75))]
        tables["counted"] = contracts()["crime.counted"].frame(rows)

    row = next(
        row
        for row in records(make([], spoil)["readings"])
        if (row["edition"], row["measure"], row["reading"]) == (2022, "burglary_reports", "against_2018")
    )
    interval = counts.rate_ratio_interval(Count(75, 1, 1), Count(50, 1, 1), 0.95)
    assert (row["ratio"], row["ratio_low"], row["ratio_high"]) == pytest.approx((1.5, interval.low, interval.high))


def test_a_gap_against_the_baselines_gap_is_a_comparison_with_its_own_interval(two_agreements: Tables) -> None:
    row = comparisons(
        two_agreements, edition=2024, area_id=TH, measure="unsafe", compared_with="baseline_gap", agreement_id=FIRST
    )[0]
    assert (row["value"], row["compared_value"], row["change"], row["literal"]) == (2, 7, -5, "fall")
    assert row["change_low"] < -5 < row["change_high"] < 0
    assert row["statistical"] == "fall"


def test_a_change_of_shares_has_the_interval_of_its_method(two_agreements: Tables) -> None:
    row = comparisons(two_agreements, edition=2021, area_id=TH, measure="unsafe", compared_with="edition_before")[0]
    new, old = Share(0.12, 0.115, 0.125, 3000, 1.5), Share(0.16, 0.155, 0.165, 3000, 1.5)
    interval = shares.change_interval(new, old, 0.95)
    assert interval is not None
    assert (row["change_low"], row["change_high"]) == pytest.approx((100 * interval.low, 100 * interval.high), abs=1e-9)
    assert (row["breaks"], row["forbidden_by"], row["in_period"]) == ("fieldwork_2021", None, None)


def test_two_numbers_of_reports_are_held_together_by_their_ratio(two_agreements: Tables) -> None:
    row = comparisons(
        two_agreements, edition=2026, area_id=TH, measure="burglary_reports", compared_with="edition_before"
    )[0]
    interval = counts.rate_ratio_interval(Count(100, 1, 1), Count(100, 1, 1), 0.95)
    assert (row["change"], row["change_unit"], row["literal"], row["statistical"]) == (
        1,
        "ratio",
        "no_change",
        "uncertain",
    )
    assert (row["change_low"], row["change_high"]) == pytest.approx((interval.low, interval.high))


def full_count(tables: Tables) -> None:
    rows = [
        {
            "edition": edition, "area_id": TH, "measure": "working_group_meetings", "value": float(number), "counted": number,
            "not_known": 0, "status": "normal", "provenance": "extract", "maturity": "provisional", "method": "full_count/1",
        }
        for edition, number in ((2021, 8), (2022, 10))
    ]  # fmt: skip
    tables["yearly_numbers"] = contracts()["commitments.yearly_numbers"].frame(rows)


def test_a_full_count_rises_without_an_interval() -> None:
    row = comparisons(
        make([], full_count), edition=2022, measure="working_group_meetings", compared_with="edition_before"
    )[0]
    assert (row["change"], row["change_low"], row["literal"], row["statistical"], row["reason"]) == (
        2,
        None,
        "rise",
        "rise",
        None,
    )


def promise(rule: str, limit: float) -> Callable[[Tables], None]:
    """Return a function that makes target 1a a target on the level of the share, without a baseline."""

    def spoil(tables: Tables) -> None:
        target = next(row for row in records(tables["targets"]) if row["target_id"] == "1a")
        others = [row for row in records(tables["targets"]) if row["target_id"] != "1a"]
        changed = target | {"rule": rule, "limit_value": limit, "baseline_year": None}
        tables["targets"] = contracts()["reference.targets"].frame([*others, changed])

    return spoil


# 12 % of 3,000 answers at design effect 1.5, published as a whole per cent: 10.1 to 14.0
@pytest.mark.parametrize(
    ("rule", "limit", "answers", "expected"),
    [
        ("at_most", 15, 3000, ("met", "met", None)),
        ("at_most", 13, 3000, ("met", "uncertain", None)),
        ("at_most", 11, 3000, ("not_met", "uncertain", None)),
        ("at_most", 9, 3000, ("not_met", "not_met", None)),
        ("at_least", 9, 3000, ("met", "met", None)),
        ("at_least", 11, 3000, ("met", "uncertain", None)),
        ("at_least", 13, 3000, ("not_met", "uncertain", None)),
        ("at_least", 15, 3000, ("not_met", "not_met", None)),
        ("at_most", 13, None, ("met", "not_evaluable", "answers_unknown")),
        ("at_least", 13, None, ("not_met", "not_evaluable", "answers_unknown")),
    ],
)
def test_a_promised_level_of_a_share_is_read_by_the_shares_interval(
    rule: str, limit: float, answers: int | None, expected: tuple[Any, ...]
) -> None:
    tables = make(made_up("unsafe", {(2021, TH): (12, answers)}), promise(rule, limit))
    row = verdict(tables, "1a", 2021, "limit")
    assert reading(row) == expected
    assert row["missing_to_limit"] == pytest.approx(max(limit - 12 if rule == "at_least" else 12 - limit, 0))
    assert row["sentence_da"]


def test_the_baseline_of_another_areas_threshold_is_no_reason_to_hide() -> None:
    """A threshold of 10 in another area's agreement does not hide a baseline of 7.

    If the agreement of the baseline's own area has the threshold of 10, the baseline is hidden.
    """

    def spoil(tables: Tables) -> None:
        agreements = tables["agreements"]
        agreements.loc[agreements["area_id"] == "amager_partnership", "fewest_reports_shown"] = 10

    figures = {(2021, TH): (7, None), (2022, TH): (6, None)}
    row = verdict(make(made_up("burglary_reports", figures), spoil), "2b", 2022, "baseline", "burglary")
    assert (row["compared_value"], row["literal"], row["reason"]) == (7, "met", None)

    def own(tables: Tables) -> None:
        agreements = tables["agreements"]
        agreements.loc[agreements["area_id"] == TH, "fewest_reports_shown"] = 10

    hidden = verdict(make(made_up("burglary_reports", figures), own), "2b", 2022, "baseline", "burglary")
    assert (hidden["compared_value"], reading(hidden)) == (None, ("not_evaluable", "not_evaluable", "confidential"))


def test_every_figure_of_the_project_stands_in_one_shape() -> None:
    lines = made_up("unsafe", {(2021, TH): (12, 900)}) + made_up("burglary_reports", {(2022, TH): (20, None)})
    tables = make(lines, full_count)
    figures = {(row["measure"], row["edition"]): row for row in records(tables["yearly"]) if row["value"] is not None}
    assert figures["unsafe", 2021]["made_from"] == "published"
    (low,), (high,) = counts.poisson_limits(np.array([20]), 0.95)
    burglaries = figures["burglary_reports", 2022]
    assert (burglaries["value_low"], burglaries["value_high"]) == pytest.approx((low, high))
    assert (burglaries["year"], burglaries["reports"], burglaries["unit"]) == (2021, 20, "reports")
    assert figures["working_group_meetings", 2022]["counted"] == 10
    awaited = [row for row in records(tables["yearly"]) if row["status"] == "missing"]
    assert {row["measure"] for row in awaited} > {"areas_on_the_states_list", "activities_with_two_or_more_partners"}
    assert pd.isna([row["provenance"] for row in awaited]).all()


def counted(**numbers: tuple[int, int]) -> Callable[[Tables], None]:
    """Return a function that sets counts of burglaries.

    `numbers` has each area's counts of crime years 2020 and 2021.
    """

    def spoil(tables: Tables) -> None:
        rows = [
            count(number, edition, area_id=area_id, crime_type="burglary")
            for area_id, both in numbers.items()
            for edition, number in zip((2021, 2022), both, strict=True)
        ]
        tables["counted"] = contracts()["crime.counted"].frame(rows)

    return spoil


@pytest.mark.parametrize(
    ("area_counts", "municipality_counts", "ratio"),
    [
        ((0, 36), (1000, 2000), None),
        ((36, 0), (1000, 2000), 0),
        ((36, 40), (0, 2000), None),
        ((36, 40), (1000, 0), None),
    ],
)
def test_a_zero_count_leaves_no_interval_and_breaks_no_rule(
    area_counts: tuple[int, int], municipality_counts: tuple[int, int], ratio: float | None
) -> None:
    tables = make([], counted(tingbjerg_husum=area_counts, copenhagen=municipality_counts))
    of_change = {"edition": 2022, "area_id": TH, "measure": "burglary_reports", "compared_with": "municipality_change"}
    row = comparisons(tables, **of_change)[0]
    assert (row["change"], row["change_low"], row["statistical"], row["reason"]) == (ratio, None, None, "zero_count")
    for row in records(tables["comparisons"]):
        assert (row["literal"] is None or row["statistical"] is None) == (row["reason"] is not None), row
    for row in records(tables["readings"]):
        assert row["ratio"] is None or row["reason"] is None, row


def test_a_rise_from_nothing_has_no_ratio_and_an_interval_without_an_end() -> None:
    tables = make([], counted(tingbjerg_husum=(0, 36)))
    row = comparisons(tables, edition=2022, area_id=TH, measure="burglary_reports", compared_with="edition_before")[0]
    assert (row["change"], row["change_high"], row["literal"], row["statistical"]) == (
        None,
        float("inf"),
        "rise",
        "rise",
    )
    assert row["change_low"] > 1


def test_each_agreement_holds_its_gap_against_its_own_area() -> None:
    def spoil(tables: Tables) -> None:
        second_agreement(tables)
        second = tables["agreements"]["agreement_id"] == SECOND
        tables["agreements"].loc[second, "comparison_area_id"] = "amager_partnership"

    lines = made_up("unsafe", FALLING | {(2024, "amager_partnership"): (15, 900), (2025, TH): (8, 3000)})
    rows = comparisons(make(lines, spoil), edition=2025, area_id=TH, measure="unsafe", compared_with="baseline_gap")
    assert {(row["agreement_id"], row["compared_area_id"]) for row in rows} == {
        (FIRST, "copenhagen"), (SECOND, "amager_partnership"),
    }  # fmt: skip


def test_years_of_which_one_is_missing_are_missing() -> None:
    tables = make([], counted(tingbjerg_husum=(30, 36)))
    row = comparisons(
        tables, edition=2022, area_id=TH, measure="burglary_reports", compared_with="years", compared_years="2019"
    )[0]
    assert (row["compared_value"], row["reason"], row["status"]) == (None, "missing_extract", "missing")


def test_the_bydele_of_another_city_say_nothing_of_how_counts_vary_here() -> None:
    def spoil(tables: Tables) -> None:
        another_city(tables)
        agreement = next(row for row in records(tables["agreements"]) if row["agreement_id"] == FIRST)
        elsewhere = {"agreement_id": "elsewhere_2021", "area_id": "the_estate", "comparison_area_id": "elsewhere"}
        with_rows(tables, "agreements", agreement | elsewhere)
        target = next(row for row in records(tables["targets"]) if row["measure"] == "burglary_reports")
        with_rows(tables, "targets", target | {"agreement_id": "elsewhere_2021", "area_id": "the_estate"})
        wild = zip(range(2018, 2023), (10, 400, 10, 400, 10), strict=True)
        rows = [count(number, edition, area_id="north", crime_type="burglary") for edition, number in wild]
        rows += [count(number, edition, crime_type="burglary") for edition, number in ((2021, 40), (2022, 52))]
        tables["counted"] = contracts()["crime.counted"].frame(rows)

    tables = make([], spoil)
    here = next(
        row
        for row in records(tables["verdicts"])
        if (row["agreement_id"], row["edition"], row["measure"]) == (FIRST, 2022, "burglary_reports")
    )
    assert (here["dispersion"], here["literal"]) == (None, "not_met")


def test_a_hidden_count_is_not_told_by_what_contradicts_it() -> None:
    def spoil(tables: Tables) -> None:
        rows = [
            count(3, 2022, crime_type="burglary", counted_from="reports"),
            count(60, 2022, crime_type="burglary", counted_from="counts"),
        ]
        tables["counted"] = contracts()["crime.counted"].frame(rows)

    row = next(
        row
        for row in records(make([], spoil)["yearly"])
        if (row["edition"], row["measure"], row["area_id"]) == (2022, "burglary_reports", TH)
    )
    assert (row["value"], row["confidentiality"], row["failed_checks"]) == (None, "confidential", None)
