"""Tests of figures that ought to agree: which figures are compared, and how far they may differ."""

from datetime import date
from typing import Any

import pandas as pd
import pytest

from tests.scenarios import DRAW, REFERENCE, TH, Tables, count, made_up, make, model_frame
from warehouse.contracts import Row, contracts, records

RowByKey = dict[tuple[str, str, str], Row]


def reconcile(
    counts: list[Row],
    published: list[Row] | None = None,
    shares: list[Row] | None = None,
    draws: list[Row] | None = None,
    **reference: pd.DataFrame,
) -> RowByKey:
    """Return the comparisons of edition 2023 that these rows give, by comparison, area and measure."""
    rows_by_table = {
        "reference.published_figures": published,
        "crime.counted": counts,
        "safety.yearly_shares": shares,
        "police.draws": draws,
    }
    tables = (
        REFERENCE
        | {name.split(".")[1]: contracts()[name].frame(rows or []) for name, rows in rows_by_table.items()}
        | reference
    )
    frame = model_frame("quality.reconciliation", tables)
    rows = [row for row in records(frame) if row["edition"] == 2023]
    return {(row["comparison"], row["area_id"], row["measure"]): row for row in rows}


def share(value: float, **changes: Any) -> Row:
    return {
        "edition": 2023, "area_id": TH, "measure": "unsafe", "share_percent": value, "status": "normal", "provenance": "extract",
        "maturity": "final", "method": "made up",
    } | changes  # fmt: skip


@pytest.mark.parametrize(("total", "agrees"), [(30, True), (29, False)])
def test_the_types_are_no_more_than_their_total(total: int, agrees: bool) -> None:
    types = [
        count(20, crime_type="burglary"),
        count(10, crime_type="violence_weapons"),
        count(500, crime_type="threats"),
    ]
    row = reconcile([*types, count(total)])["types_and_total", TH, "citizen_facing"]
    parts = 30  # footnote 7 of the agreement does not name threats
    assert (row["value"], row["other_value"], row["agrees"]) == (parts, total, agrees)


@pytest.mark.parametrize(("whole", "agrees"), [(30, True), (29, False)])
def test_bydele_are_no_more_than_the_municipality(whole: int, agrees: bool) -> None:
    counts = [
        count(number, area_id=area)
        for area, number in (("bydel_valby", 20), ("bydel_vanloese", 10), ("copenhagen", whole))
    ]
    row = reconcile(counts)["area_and_whole", "copenhagen", "citizen_facing"]
    assert (row["value"], row["other_value"], row["agrees"]) == (30, whole, agrees)


def test_an_area_is_no_more_than_the_bydel_it_lies_in() -> None:
    row = reconcile([count(21), count(20, area_id="bydel_broenshoej_husum"), count(900, area_id="copenhagen")])
    assert not row["area_and_whole", "bydel_broenshoej_husum", "citizen_facing"]["agrees"]
    assert row["area_and_whole", "copenhagen", "citizen_facing"]["agrees"]


def test_the_types_are_held_against_every_total() -> None:
    totals = contracts()["reference.crime_types"].frame(
        [row | {"role": "total"} if row["crime_type"] == "other" else row for row in records(REFERENCE["crime_types"])]
    )
    counts = [count(20, crime_type="burglary"), count(19, crime_type="other"), count(30)]
    rows = reconcile(counts, crime_types=totals)
    agrees_by_total = {
        measure: row["agrees"] for (comparison, _, measure), row in rows.items() if comparison == "types_and_total"
    }
    assert agrees_by_total == {"citizen_facing": True, "other": False}


# the exact 95 % limits of 100, by chi-square quantiles 200 and 202 (methods.md 4): 81.364 to 121.627
@pytest.mark.parametrize(("ours", "agrees"), [(82, True), (81, False), (121, True), (122, False)])
def test_two_police_sources_agree_within_the_poisson_limits(ours: int, agrees: bool) -> None:
    row = reconcile([count(100), count(ours, counted_from="reports")])["two_police_sources", TH, "citizen_facing"]
    assert (row["value"], row["other_value"], row["agrees"]) == (ours, 100, agrees)
    assert (row["low"], row["high"]) == pytest.approx((81.36399, 121.62679), abs=1e-5)


@pytest.mark.parametrize(("now", "agrees"), [(121, True), (122, False)])
def test_a_new_draw_of_a_past_year_agrees_with_the_one_that_was_published(now: int, agrees: bool) -> None:
    new_draw = count(now, 2023, crime_year=2021)
    row = reconcile([count(100, 2022), new_draw])["new_draw_and_published_draw", TH, "citizen_facing 2021"]
    assert (row["value"], row["other_value"], row["agrees"]) == (now, 100, agrees)
    assert not reconcile([count(100, 2022), new_draw | {"extract": "another police"}])


@pytest.mark.parametrize(("ours", "agrees"), [(229, True), (230, False)])
def test_our_count_is_the_published_one(ours: int, agrees: bool) -> None:
    rows = reconcile([count(ours)], made_up("citizen_facing_reports", {(2023, TH): (229, None)}))
    assert rows["ours_and_published", TH, "citizen_facing_reports"]["agrees"] == agrees


# 229 of 11,225 residents are 20.401 per 1,000, and of 11,173 they are 20.496
@pytest.mark.parametrize(("residents", "agrees"), [(11_225, True), (11_173, False), (None, None)])
def test_our_rate_rounds_to_the_published_one(residents: int | None, agrees: bool | None) -> None:
    lines = made_up("citizen_facing_reports_per_1000", {(2023, TH): (20.4, None)})
    rows = reconcile([count(229, population_residents=residents)], lines)
    row = rows.get(("ours_and_published", TH, "citizen_facing_reports_per_1000"))
    assert (row and row["agrees"]) == agrees


@pytest.mark.parametrize(("ours", "agrees"), [(15.5, True), (16.5, True), (16.6, False)])
def test_our_share_rounds_to_the_published_one(ours: float, agrees: bool) -> None:
    rows = reconcile([], made_up("unsafe", {(2023, TH): (16, None)}), [share(ours)])
    assert rows["ours_and_published", TH, "unsafe"]["agrees"] == agrees
    published_alone = [share(ours, provenance="published")]
    assert not reconcile([], made_up("unsafe", {(2023, TH): (16, None)}), published_alone)


def test_made_up_figures_are_marked() -> None:
    rows = reconcile([count(100), count(99, counted_from="reports", provenance="synthetic")])
    assert {row["provenance"] for row in rows.values()} == {"synthetic"}


def test_nothing_delivered_is_held_against_nothing() -> None:
    assert reconcile([], made_up("unsafe", {(2023, TH): (16, None)})) == {}


@pytest.mark.parametrize(("less_exact", "agrees"), [(20, True), (21, False)])
def test_reports_without_a_place_are_missing_in_the_partnership_areas(less_exact: int, agrees: bool) -> None:
    counts = [
        count(number, area_id=area, counted_from="reports")
        for area, number in ((TH, 20), ("bydel_broenshoej_husum", 200), ("copenhagen", 900))
    ]
    row = reconcile(counts, draws=[DRAW | {"reports_place_less_exact": less_exact}])[
        "reports_without_place", "police", "reports"
    ]
    assert (row["value"], row["high"], row["agrees"]) == (30 + less_exact, 50, agrees)
    assert (row["doubtful_area_ids"], row["doubtful_measures"]) == (TH, "citizen_facing")


def failed_checks_by_figure(counts: list[Row], published: list[Row] | None = None) -> dict[tuple[int, str, str], str]:
    """Return the failed checks of each figure, by edition, area and measure.

    The figures come from these counts and published lines.
    """
    counted = contracts()["crime.counted"].frame(counts)
    figures = records(make(published or [], lambda tables: tables.update(counted=counted))["yearly"])
    return {
        (row["edition"], row["area_id"], row["measure"]): row["failed_checks"]
        for row in figures
        if row["failed_checks"]
    }


def test_what_is_in_doubt_is_named_by_area_and_type() -> None:
    of_bydel = count(20, area_id="bydel_broenshoej_husum")
    burglaries = count(20, crime_type="burglary")
    kinds = ("citizen_facing_reports", "citizen_facing_reports_per_1000")
    areas = (TH, "bydel_broenshoej_husum")
    assert failed_checks_by_figure([count(21), of_bydel, burglaries]) == {
        (2023, area, kind): "area_and_whole" for area in areas for kind in kinds
    }
    assert not failed_checks_by_figure([count(20), of_bydel, burglaries])


def test_every_check_that_puts_a_figure_in_doubt_is_named() -> None:
    counts = [count(21), count(20, area_id="bydel_broenshoej_husum")]
    failed_checks = failed_checks_by_figure(counts, made_up("citizen_facing_reports", {(2023, TH): (22, None)}))
    assert failed_checks[2023, TH, "citizen_facing_reports"] == "area_and_whole ours_and_published"
    assert failed_checks[2023, TH, "citizen_facing_reports_per_1000"] == "area_and_whole"


def test_a_decision_stands_beside_figures_in_doubt_of_its_edition_alone() -> None:
    def decided(tables: Tables) -> None:
        decision = {
            "edition": 2023, "decision_id": "areas-2023", "about": "failed_check", "action": "waive", "table_name": "quality.reconciliation",
            "rule": "figures_agree", "status": "in_force", "person": "A. Steward", "decided_on": date(2023, 5, 2), "reason": "The police confirmed it.",
        }  # fmt: skip
        tables["decisions"] = contracts()["quality.decisions"].frame([decision])
        counts = [
            count(number, edition, area_id=area)
            for edition in (2022, 2023)
            for area, number in ((TH, 21), ("bydel_broenshoej_husum", 20))
        ]
        tables["counted"] = contracts()["crime.counted"].frame([*counts, count(5, crime_type="burglary")])

    figures = {
        (row["edition"], row["area_id"], row["measure"]): row["decision"]
        for row in records(make([], decided)["yearly"])
    }
    assert figures[2023, TH, "citizen_facing_reports"] == "areas-2023"
    assert figures[2022, TH, "citizen_facing_reports"] is None
    assert figures[2023, TH, "burglary_reports"] is None


def test_a_zero_in_doubt_is_held_against_nothing() -> None:
    doubted = {"zero_in_doubt": True}
    types = [count(20, crime_type="burglary"), count(0, **doubted)]
    areas = [count(20, area_id="bydel_broenshoej_husum"), count(0, area_id="copenhagen", **doubted)]
    sources = [
        count(7, crime_type="threats"),
        count(0, crime_type="threats", counted_from="reports", extract="a", **doubted),
    ]
    draws = [count(9, 2022, crime_type="narcotics"), count(0, 2023, crime_type="narcotics", crime_year=2021, **doubted)]
    assert not any(map(reconcile, (types, areas, sources, draws)))
