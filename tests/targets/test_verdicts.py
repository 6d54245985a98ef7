"""Tests of what prevents a verdict, and of what is shown beside a verdict.

The tests are about breaks, failed checks, baselines and the smallest change that the data could show. The rules of each
kind of target are tested in `test_targets.py`.
"""

from collections.abc import Callable
from datetime import date
from typing import Any

import numpy as np
import pandas as pd
import pytest

from assets.methods import judgements, shares
from tests.scenarios import ESTIMATE, FALLING, TH, fixed, fixing, made_up, make, reading, two_sources, verdict
from warehouse.contracts import Row, contracts, records

Spoil = Callable[[dict[str, pd.DataFrame]], None]
ON_SHARES = (("1a", "edition_before"), ("1a", "every_year"), ("1a", "trend_since_baseline"), ("1b", "baseline_gap"))
NONE = ("not_evaluable", "not_evaluable")


@pytest.fixture(scope="module")
def falling() -> dict[str, pd.DataFrame]:
    return make(made_up("unsafe", FALLING))


def estimated(*rows: Row) -> Spoil:
    """Return a function that adds estimates to the published figures.

    If a row names no area, it is an estimate of Tingbjerg-Husum's unsafe share.
    """

    def spoil(tables: dict[str, pd.DataFrame]) -> None:
        frame = contracts()["safety.estimates"].frame([ESTIMATE | {"rule_version": 1} | row for row in rows])
        tables["estimates"] = frame

    return spoil


# --- every year, and what could have been shown ------------------------------------------------------------


@pytest.mark.parametrize(
    ("edition", "expected"),
    [
        (2021, ("met", "met", None)),
        (2022, ("met", "uncertain", None)),  # 12 to 11 may be chance
        (2023, ("not_met", "not_met", None)),  # 11 to 16 is a rise, also at the stricter level for three years at once
        (2024, ("not_met", "not_met", None)),  # a later fall does not cancel the rise of 2023
    ],
)
def test_every_year_since_the_baseline_has_to_fall(
    falling: dict[str, pd.DataFrame], edition: int, expected: tuple[Any, ...]
) -> None:
    row = verdict(falling, "1a", edition, "every_year")
    assert reading(row) == expected
    assert "hvert år siden baseline 2020" in row["sentence_da"]


def test_that_some_year_rose_is_asked_of_all_years_at_once() -> None:
    falls = shares.Interval(-4.0, -1.0)
    # at 95 %, and at the stricter level for two years
    alone, together = (
        shares.Interval(0.1, 3.9),
        shares.Interval(-0.2, 4.2),
    )
    assert judgements.each_below([2.0, -2.5], [alone, falls], [together, falls]).statistical == "uncertain"
    assert judgements.each_below([2.0, -2.5], [alone, falls], [alone, falls]).statistical == "not_met"
    assert judgements.each_below([-2.0, -2.5], [falls, falls], [falls, together]) == judgements.Verdict("met", "met")
    assert judgements.each_below([-2.0, -2.5], [falls, None], [falls, None]).reason == "answers_unknown"


def test_a_rise_that_is_none_among_several_years_is_no_rise() -> None:
    for answers in range(1_640, 1_800, 20):
        few = FALLING | {(2021, TH): (11, 100_000), (2022, TH): (14, answers)}
        tables = make(made_up("unsafe", few))
        if verdict(tables, "1a", 2022, "edition_before")["statistical"] == "not_met":
            assert verdict(tables, "1a", 2022, "every_year")["statistical"] == "uncertain"
            break
    else:
        pytest.fail("no number of answers lies between")


def test_a_share_of_nobody_stands_in_a_trend() -> None:
    row = verdict(make(made_up("unsafe", FALLING | {(2022, TH): (0, 3000)})), "1a", 2022, "trend_since_baseline")
    assert (row["literal"], row["statistical"]) == ("met", "met")


def test_what_could_have_been_shown_stands_beside_every_verdict_on_a_share(falling: dict[str, pd.DataFrame]) -> None:
    for target_id, compared_with in (case for case in ON_SHARES if case[1] != "every_year"):
        for edition in range(2021, 2025):
            row = verdict(falling, target_id, edition, compared_with)
            assert row["smallest_change_shown"] > row["change"] - row["change_low"], (target_id, edition)
    trend = verdict(falling, "1a", 2021, "trend_since_baseline")
    # with two editions, the slope is the change: 2.8016 standard errors (1.95996 + 0.84162), and half of both bands, 1 point
    error = 100 * np.sqrt((0.16 * 0.84 + 0.12 * 0.88) / 3000 * 1.5)
    assert trend["smallest_change_shown"] == pytest.approx(2.801585218 * error + 1, abs=1e-6)


def test_a_tolerance_is_in_the_sentence() -> None:
    def tolerant(tables: dict[str, pd.DataFrame]) -> None:
        tables["targets"].loc[tables["targets"]["target_id"] == "1b", "tolerance"] = 6

    row = verdict(make(made_up("unsafe", FALLING), tolerant), "1b", 2021, "baseline_gap")
    assert (
        "er 3 procentpoint. Ved baseline 2020 var den 7. Målet kræver, at den er mindsket med mere end 6 procentpoint."
        in row["sentence_da"]
    )
    assert "tigning" not in row["sentence_da"]
    exact = verdict(make(made_up("unsafe", FALLING)), "1b", 2021, "baseline_gap")
    assert row["smallest_change_shown"] == pytest.approx(exact["smallest_change_shown"] + 6)


def test_the_error_of_an_estimated_share_is_its_own_and_not_made_of_a_design_effect() -> None:
    # 293 of 675 residents answered: the finite population makes the error a quarter smaller than p (1 - p) / n
    rows = [
        {
            "edition": edition, "answers": 293, "share_percent": share, "standard_error_points": error, "design_effect": 1.0,
            "degrees_of_freedom": 292,
        }
        for edition, share, error in ((2021, 12.0, 1.431), (2022, 11.0, 1.378))
    ]  # fmt: skip
    row = verdict(make(made_up("unsafe", FALLING), estimated(*rows)), "1a", 2022, "edition_before")
    reach = 1.959963985 * np.hypot(1.431, 1.378)
    assert (row["change_low"], row["change_high"]) == pytest.approx((-1 - reach, -1 + reach), abs=1e-6)


# --- breaks ------------------------------------------------------------------------------------------------


def break_of(area_id: str, effect: str) -> Spoil:
    """Return a function that adds a break to the series of every share of an area, from 2021 on."""

    def spoil(tables: dict[str, pd.DataFrame]) -> None:
        before = records(tables["series_breaks"])
        line = {"break_id": "theirs", "area_id": area_id, "measure": None, "first_edition": 2021, "kind": "question"}
        rows = [*before, before[0] | line | {"effect": effect}]
        tables["series_breaks"] = contracts()["reference.series_breaks"].frame(rows)

    return spoil


@pytest.mark.parametrize("edition", [2021, 2024])
def test_a_break_in_the_series_of_the_area_that_a_gap_is_measured_to_counts_too(edition: int) -> None:
    row = verdict(
        make(made_up("unsafe", FALLING), break_of("copenhagen", "not_comparable")), "1b", edition, "baseline_gap"
    )
    assert reading(row) == (*NONE, "series_break")
    assert row["breaks"] == "theirs"
    noted = verdict(make(made_up("unsafe", FALLING), break_of("copenhagen", "noted")), "1b", edition, "baseline_gap")
    assert noted["literal"] != "not_evaluable"
    assert "theirs" in noted["breaks"].split()


def test_another_version_of_the_area_that_a_gap_is_measured_to_counts_too() -> None:
    def drawn_anew(tables: dict[str, pd.DataFrame]) -> None:
        areas = tables["areas"]
        old = areas[areas["area_id"] == "copenhagen"].assign(valid_to=date(2020, 12, 31))
        new = old.assign(valid_from=date(2021, 1, 1), valid_to=None, area_version=2)
        tables["areas"] = pd.concat([areas[areas["area_id"] != "copenhagen"], old, new], ignore_index=True)

    row = verdict(make(made_up("unsafe", FALLING), drawn_anew), "1b", 2022, "baseline_gap")
    assert reading(row) == (*NONE, "series_break")
    assert "området er afgrænset på ny, og ingen har taget stilling" in row["sentence_da"]
    assert "None" not in row["sentence_en"]


def test_a_gap_of_two_rules_for_answers_is_none() -> None:
    area_estimate, copenhagen_estimate = (
        {"edition": 2021, "area_id": area_id, "rule_version": rule, "share_percent": share}
        for area_id, rule, share in ((TH, 1, 12.0), ("copenhagen", 2, 9.0))
    )
    tables = make(made_up("unsafe", FALLING), estimated(area_estimate, copenhagen_estimate))
    row = verdict(tables, "1b", 2021, "baseline_gap")
    assert (row["reason"], row["breaks"].split()[0]) == ("series_break", "question_versions")
    change = next(
        comparison
        for comparison in records(tables["comparisons"])
        if (comparison["edition"], comparison["area_id"], comparison["measure"], comparison["compared_with"])
        == (2021, TH, "unsafe", "municipality")
    )
    assert (change["literal"], change["reason"], change["breaks"]) == (None, "series_break", "question_versions")


def test_a_published_share_against_one_that_was_counted_here_carries_a_mark() -> None:
    with_estimate = estimated({"edition": 2022, "share_percent": 11.0})
    row = verdict(make(made_up("unsafe", FALLING), with_estimate), "1a", 2022, "edition_before")
    assert (row["literal"], row["breaks"]) == ("met", "question_unknown")
    assert "reglen for svarene bag et offentliggjort tal er ikke kendt" in row["sentence_da"]


def test_a_verdict_says_no_mark_twice() -> None:
    tables = make(made_up("unsafe", FALLING), estimated({"edition": 2022, "share_percent": 11.0}), fixing(16.0, 9.0))
    for target_id, compared_with in ON_SHARES:
        breaks = verdict(tables, target_id, 2022, compared_with)["breaks"].split()
        assert breaks.count("question_unknown") == 1, compared_with


# --- failed checks -----------------------------------------------------------------------------------------


def test_a_figure_that_another_source_contradicts_gives_no_verdict() -> None:
    lines = made_up("burglary_reports", {(2021, TH): (100, None)})
    agreed = verdict(make(lines, two_sources(50, 55)), "2b", 2022, "baseline", "burglary")
    assert (agreed["literal"], agreed["failed_checks"]) == ("met", None)
    row = verdict(make(lines, two_sources(50, 200)), "2b", 2022, "baseline", "burglary")
    assert reading(row) == (*NONE, "failed_check")
    assert row["failed_checks"] == "two_police_sources"
    assert "ikke bestod en kontrol" in row["sentence_da"]


@pytest.mark.parametrize(("edition", "share"), [(2021, 14.0), (2020, 11.0)])
def test_a_share_that_the_published_one_contradicts_gives_no_verdict_as_a_baseline_either(
    edition: int, share: float
) -> None:
    with_estimate = estimated({"edition": edition, "share_percent": share})
    tables = make(made_up("unsafe", FALLING), with_estimate, fixing(share, 9.0) if edition == 2020 else fixed)
    for target_id, compared_with in ON_SHARES:
        row = verdict(tables, target_id, 2021, compared_with)
        assert (row["literal"], row["reason"], row["failed_checks"]) == (
            "not_evaluable",
            "failed_check",
            "ours_and_published",
        )


# --- baselines ---------------------------------------------------------------------------------------------


def test_a_rate_that_stayed_as_it_was_is_held() -> None:
    # 217 reports over 11,206 residents: the act writes 19.364626093, and the rate is 19.364626093164...
    rate = 217 / 11206 * 1000
    assert judgements.held_at_baseline(rate, float(f"{rate:.9f}"), None, 0.1).literal == "met"
    assert judgements.held_at_baseline(rate + 1e-5, rate, None, 0.1).literal == "not_met"


def test_a_noted_break_allows_the_version_that_it_names_and_no_later_one() -> None:
    estimates = [
        {"edition": edition, "area_id": area_id, "rule_version": 1 + (edition == 2024), "share_percent": float(share)}
        for (edition, area_id), (share, _) in FALLING.items()
    ]
    with_acts = fixing(16.0, 9.0)
    before = make(
        made_up("unsafe", FALLING), estimated(*estimates), with_acts
    )  # lead_measure_2023 is noted, and names no version
    for target_id, compared_with in ON_SHARES:
        row = verdict(before, target_id, 2024, compared_with)
        assert (row["reason"], row["breaks"]) == ("series_break", "question_versions"), compared_with

    def allowed(tables: dict[str, pd.DataFrame]) -> None:
        estimated(*estimates)(tables)
        lines = records(tables["series_breaks"])
        line = {"break_id": "rule_2024", "area_id": None, "measure": None, "first_edition": 2024, "kind": "question"}
        new_line = lines[0] | line | {"effect": "noted", "begins_version": 2}
        tables["series_breaks"] = contracts()["reference.series_breaks"].frame([*lines, new_line])

    after = make(made_up("unsafe", FALLING), allowed, with_acts)
    for target_id, compared_with in ON_SHARES:
        row = verdict(after, target_id, 2024, compared_with)
        assert (row["reason"], "rule_2024" in row["breaks"]) == (None, True), compared_with


def test_a_published_share_in_the_middle_of_a_series_carries_the_mark_too() -> None:
    estimates = [{"edition": edition, "share_percent": float(FALLING[edition, TH][0])} for edition in (2020, 2022)]
    tables = make(made_up("unsafe", FALLING), estimated(*estimates), fixing(16.0, 9.0))
    for target_id, compared_with in ON_SHARES:
        row = verdict(tables, target_id, 2022, compared_with)
        assert "question_unknown" in row["breaks"].split(), compared_with


@pytest.mark.parametrize(
    ("fixed_at", "reason", "value"), [(None, "not_fixed", None), (16.0, None, 16.0), (15.0, "changed", 15.0)]
)
def test_a_baseline_that_only_answers_tell_is_fixed_by_an_act_and_does_not_change_silently(
    fixed_at: float | None, reason: str | None, value: float | None
) -> None:
    rows = [{"edition": edition, "share_percent": share} for edition, share in ((2020, 16.0), (2021, 12.0))]
    tables = make(made_up("unsafe", FALLING), estimated(*rows), fixing(fixed_at, 9.0))
    baselines = [row for row in records(tables["baselines"]) if row["measure"] == "unsafe"]
    assert {(row["reason"], row["value"]) for row in baselines} == {(reason, value)}
    for target_id, compared_with in ON_SHARES:
        row = verdict(tables, target_id, 2021, compared_with)
        assert row["reason"] == {"not_fixed": "baseline_missing", "changed": "failed_check"}.get(reason or "")
        assert row["failed_checks"] == ("fixed_baseline" if reason == "changed" else None)
    assert {row["newest_value"] for row in baselines} == {16}


def test_a_changed_share_of_the_other_area_changes_the_gaps_baseline_alone() -> None:
    rows = [{"edition": edition, "share_percent": share} for edition, share in ((2020, 16.0), (2021, 12.0))]
    tables = make(made_up("unsafe", FALLING), estimated(*rows), fixing(16.0, 8.0))
    assert verdict(tables, "1a", 2021, "edition_before")["reason"] is None
    assert verdict(tables, "1b", 2021, "baseline_gap")["reason"] == "failed_check"


def test_a_gap_from_a_baseline_of_too_few_answers_is_none() -> None:
    for baseline_figure in ((70, 20), (16, 1)):
        row = verdict(make(made_up("unsafe", FALLING | {(2020, TH): baseline_figure})), "1b", 2021, "baseline_gap")
        assert reading(row) == (*NONE, "too_few_answers")


def test_a_gap_of_few_answers_of_one_kind_takes_the_four_wilson_intervals_together() -> None:
    few = FALLING | {(2020, TH): (12, 60), (2021, TH): (0, 60)}
    row = verdict(make(made_up("unsafe", few)), "1b", 2021, "baseline_gap")
    assert (row["literal"], row["statistical"]) == ("met", "uncertain")
    share, other = (shares.Share(value, value, value, 60, 1.0) for value in (0.05, 0.10))
    # practically exact, so the result is Newcombe's interval of two shares
    copenhagen = shares.Share(0.1, 0.1, 0.1, 10**9, 1.0)
    new, old = (
        shares.Gaps(shares.Shares.of_each(area), shares.Shares.of_each(copenhagen), np.array([np.nan]))
        for area in (share, other)
    )
    (low,), (high,) = shares.gap_change_limits(new, old, 0.95)
    expected = shares.change_interval(share, other, 0.95)
    assert expected is not None
    assert (low, high) == pytest.approx((expected.low, expected.high), abs=1e-4)
