"""Tests of verdicts and of changes. The figures are made up here, so that every rule has something to judge.

The figures go through the same functions as the real figures, from published lines to verdicts.
"""

from collections.abc import Callable
from datetime import date
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest

from tests.scenarios import (
    BURGLARIES,
    CRIME,
    ESTIMATE,
    FALLING,
    RATES,
    TH,
    bydele_estimated,
    fixed,
    fixing,
    made_up,
    make,
    number,
    reading,
    verdict,
)
from warehouse.contracts import Row, contracts, records
from warehouse.reference_files import load_reference


@pytest.fixture(scope="module")
def falling() -> dict[str, pd.DataFrame]:
    return make(made_up("unsafe", FALLING))


@pytest.mark.parametrize(
    ("edition", "expected"),
    [
        (2021, ("met", "met", None)),
        (2022, ("met", "uncertain", None)),
        (2023, ("not_met", "not_met", None)),
        (2024, ("met", "met", None)),
    ],
)
def test_falls_every_year(falling: dict[str, pd.DataFrame], edition: int, expected: tuple[Any, ...]) -> None:
    row = verdict(falling, "1a", edition, "edition_before")
    assert reading(row) == expected
    assert row["change"] == row["value"] - row["compared_value"]
    assert row["change_low"] < row["change"] < row["change_high"]
    assert (row["design_effect"], row["provenance"]) == (1.5, "published")
    assert row["smallest_change_shown"] > 0
    assert (row["breaks"] or "") == {2021: "fieldwork_2021", 2023: "lead_measure_2023"}.get(edition, "")


def test_trend_since_the_baseline(falling: dict[str, pd.DataFrame]) -> None:
    row = verdict(falling, "1a", 2024, "trend_since_baseline")
    assert reading(row) == ("met", "met", None)
    assert row["compared_edition"] == 2020
    series = np.array([16, 12, 11, 16, 9]) / 100
    slope = np.polyfit(range(5), series * 100, 1, w=1 / np.sqrt(series * (1 - series)))[0]
    assert row["change"] == pytest.approx(slope, abs=1e-9)
    assert row["change_low"] < row["change"] < row["change_high"]


@pytest.mark.parametrize(
    ("edition", "gap", "path", "expected"),
    [(2021, 3, 5.25, ("met", "uncertain")), (2023, 9, 1.75, ("not_met", "uncertain")), (2024, 2, 0, ("met", "met"))],
)
def test_gap_to_copenhagen_and_its_path(
    falling: dict[str, pd.DataFrame], edition: int, gap: float, path: float, expected: tuple[str, str]
) -> None:
    row = verdict(falling, "1b", edition, "baseline_gap")
    assert (row["literal"], row["statistical"]) == expected
    assert (row["value"], row["compared_value"], row["path_value"], row["unit"]) == (gap, 7, path, "percentage_points")
    assert row["change"] == gap - 7


@pytest.mark.parametrize(
    ("target_year", "paths"),
    # without a target year, the path ends in the target's last year, 2024
    [
        (2027, [6, 4, 3]),
        (2022, [3.5, 0, 0]),
        (None, [5.25, 1.75, 0]),
    ],
)
def test_the_path_ends_in_the_agreements_target_year(target_year: int | None, paths: list[float]) -> None:
    def aimed(tables: dict[str, pd.DataFrame]) -> None:
        of_area = tables["agreements"]["area_id"] == TH
        tables["agreements"].loc[of_area, "target_year"] = target_year

    tables = make(made_up("unsafe", FALLING), aimed)
    rows = [verdict(tables, "1b", edition, "baseline_gap") for edition in (2021, 2023, 2024)]
    assert [row["path_value"] for row in rows] == pytest.approx(paths)


def test_a_tolerance_of_the_agreement_is_used_and_printed() -> None:
    def tolerant(tables: dict[str, pd.DataFrame]) -> None:
        tables["targets"].loc[tables["targets"]["target_id"] == "1b", "tolerance"] = 6

    row = verdict(make(made_up("unsafe", FALLING), tolerant), "1b", 2021, "baseline_gap")
    assert (row["literal"], row["tolerance"]) == ("not_met", 6)


@pytest.mark.parametrize(
    ("drop", "edition", "compared_with", "reason"),
    [
        ((2021, TH), 2021, "edition_before", "missing_extract"),
        ((2021, TH), 2022, "edition_before", "not_consecutive"),
        ((2021, TH), 2024, "trend_since_baseline", "not_consecutive"),
        ((2020, TH), 2021, "edition_before", "baseline_missing"),
        ((2020, TH), 2022, "trend_since_baseline", "baseline_missing"),
        ((2020, TH), 2022, "baseline_gap", "baseline_missing"),
        ((2022, "copenhagen"), 2022, "baseline_gap", "missing_extract"),
        ((2020, "copenhagen"), 2022, "baseline_gap", "baseline_missing"),
    ],
)
def test_a_missing_figure_is_never_met(drop: tuple[int, str], edition: int, compared_with: str, reason: str) -> None:
    figures_left = {address: figure for address, figure in FALLING.items() if address != drop}
    row = verdict(
        make(made_up("unsafe", figures_left)), "1b" if compared_with == "baseline_gap" else "1a", edition, compared_with
    )
    assert reading(row) == ("not_evaluable", "not_evaluable", reason)


@pytest.mark.parametrize(
    ("answers", "expected"),
    [(None, ("met", "not_evaluable", "answers_unknown")), (29, ("not_evaluable", "not_evaluable", "too_few_answers"))],
)
def test_answers_unknown_or_too_few(answers: int | None, expected: tuple[Any, ...]) -> None:
    tables = make(made_up("unsafe", FALLING | {(2021, TH): (12, answers)}))
    assert reading(verdict(tables, "1a", 2021, "edition_before")) == expected


def test_a_break_that_forbids_comparing_is_no_verdict() -> None:
    def forbid(tables: dict[str, pd.DataFrame]) -> None:
        tables["series_breaks"].loc[tables["series_breaks"]["break_id"] == "fieldwork_2021", "effect"] = (
            "not_comparable"
        )

    tables = make(made_up("unsafe", FALLING), forbid)
    for target_id, compared_with in (("1a", "edition_before"), ("1a", "trend_since_baseline"), ("1b", "baseline_gap")):
        assert reading(verdict(tables, target_id, 2021, compared_with)) == (
            "not_evaluable",
            "not_evaluable",
            "series_break",
        )
    changes = [
        row
        for row in records(tables["comparisons"])
        if (row["edition"], row["compared_with"]) == (2021, "baseline") and row["measure"].startswith("unsafe")
    ]
    outcomes = {(row["value"] is None, row["change"], row["literal"], row["reason"]) for row in changes}
    assert outcomes == {(False, None, None, "series_break"), (True, None, None, "missing_extract")}


def versions_of(column: str, kind: str, *, decided: bool) -> Callable[[dict[str, pd.DataFrame]], None]:
    """Return a function that gives the area, or the rule for answers, a new version from 2021 on.

    If `decided` is true, the function also adds a decision that allows comparisons across the two versions.
    """

    def spoil(tables: dict[str, pd.DataFrame]) -> None:
        areas = tables["areas"]
        if column == "area_version":
            old = areas[areas["area_id"] == TH].assign(valid_to=date(2020, 12, 31))
            new = old.assign(valid_from=date(2021, 1, 1), valid_to=None, area_version=2)
            tables["areas"] = pd.concat([areas[areas["area_id"] != TH], old, new], ignore_index=True)
        else:
            rows = [
                ESTIMATE | {"edition": edition, "rule_version": rule, "share_percent": float(FALLING[edition, TH][0])}
                for edition, rule in ((2020, 1), (2021, 2))
            ]
            tables["estimates"] = contracts()["safety.estimates"].frame(rows)
        if decided:
            line = records(tables["series_breaks"])[0] | {
                "break_id": "mine",
                "area_id": TH,
                "measure": None,
                "first_edition": 2021,
            }
            rows = [*records(tables["series_breaks"]), line | {"kind": kind, "effect": "noted", "begins_version": 2}]
            tables["series_breaks"] = contracts()["reference.series_breaks"].frame(rows)

    return spoil


@pytest.mark.parametrize(("column", "kind"), [("area_version", "area"), ("rule_version", "question")])
def test_two_versions_are_not_compared_until_somebody_decides_and_then_carry_the_mark(column: str, kind: str) -> None:
    # a baseline that is an estimated share is fixed by an act
    acts = fixing(16.0, 9.0) if kind == "question" else fixed
    undecided = make(made_up("unsafe", FALLING), versions_of(column, kind, decided=False), acts)
    for target_id, compared_with in (("1a", "edition_before"), ("1a", "trend_since_baseline"), ("1b", "baseline_gap")):
        assert reading(verdict(undecided, target_id, 2021, compared_with))[2] == "series_break"
    key = (2021, TH, "unsafe")
    changes = [
        row for row in records(undecided["comparisons"]) if (row["edition"], row["area_id"], row["measure"]) == key
    ]
    assert {row["compared_with"]: row["reason"] for row in changes} == {
        "edition_before": "series_break", "baseline": "series_break", "earlier_edition": "series_break",
        "baseline_gap": "series_break", "municipality": None,
    }  # fmt: skip
    decided = make(made_up("unsafe", FALLING), versions_of(column, kind, decided=True), acts)
    row = verdict(decided, "1a", 2021, "edition_before")
    assert row["reason"] is None
    assert "mine" in row["breaks"]
    assert {"area": "ny afgrænsning af området", "question": "ændret spørgsmål"}[kind] in row["sentence_da"]


def test_a_count_is_not_compared_with_a_baseline_of_another_area() -> None:
    tables = make(made_up("burglary_reports", BURGLARIES), versions_of("area_version", "area", decided=False))
    assert reading(verdict(tables, "2b", 2022, "baseline", "burglary"))[2] == "series_break"


def test_two_published_values_are_no_verdict() -> None:
    lines = made_up("unsafe", FALLING)
    lines.append(lines[1] | {"source_id": "survey_method", "value": 15.0, "file_line": 99})
    row = verdict(make(lines), "1a", 2021, "edition_before")
    assert reading(row) == ("not_evaluable", "not_evaluable", "conflict")
    assert (row["value"], row["status"]) == (None, "conflict")


@pytest.mark.parametrize(
    ("edition", "expected"),
    [
        (2021, ("not_evaluable", "not_evaluable", "baseline_year")),
        (2022, ("met", "uncertain", None)),
        (2023, ("met", "uncertain", None)),
        (2024, ("not_met", "not_met", None)),
        (2025, ("met", "met", None)),
    ],
)
def test_rate_held_at_the_baseline(edition: int, expected: tuple[Any, ...]) -> None:
    lines = made_up("citizen_facing_reports", CRIME) + made_up("citizen_facing_reports_per_1000", RATES)
    row = verdict(make(lines), "2a", edition, "baseline")
    assert reading(row) == expected
    assert row["crime_year"] == edition - 1
    if edition > 2021:
        assert row["compared_edition"] == 2021
        assert row["change_low"] < row["change"] < row["change_high"]
        assert (row["tolerance"], row["smallest_change_shown"]) == (0.1, pytest.approx(243, abs=4))


def test_counts_are_compared_where_the_words_say_number_of_reports() -> None:
    burglaries = {(2021, TH): (20, None), (2022, TH): (36, None), (2023, TH): (35, None), (2024, TH): (20, None)}
    tables = make(made_up("burglary_reports", burglaries))
    assert [reading(verdict(tables, "2b", edition, "baseline", "burglary"))[:2] for edition in (2022, 2023, 2024)] == [
        ("not_met", "not_met"),
        ("not_met", "uncertain"),
        ("met", "uncertain"),
    ]
    assert verdict(tables, "2b", 2022, "baseline", "burglary")["smallest_change_shown"] == 36


def test_a_rate_without_its_baseline_is_not_met_for_want_of_data() -> None:
    lines = made_up("citizen_facing_reports_per_1000", {(2022, TH): (5.0, None)})
    assert reading(verdict(make(lines), "2a", 2022, "baseline")) == (
        "not_evaluable",
        "not_evaluable",
        "baseline_missing",
    )


def crime_fixed(reports: int | None, **changes: Any) -> Callable[[dict[str, pd.DataFrame]], pd.DataFrame]:
    """Return a function that returns the act on burglary's baseline with this number of reports.

    If `reports` is None, the function returns all acts. `changes` apply to each act.
    """

    def fix(tables: dict[str, pd.DataFrame]) -> pd.DataFrame:
        acts = (
            records(fixed(tables))
            if reports is None
            else [row for row in records(fixed(tables)) if row["measure"] == "burglary_reports"]
        )
        return contracts()["reference.fixed_baselines"].frame(
            [row | ({} if reports is None else {"reports": reports}) | changes for row in acts]
        )

    return fix


def test_a_baseline_that_nobody_fixed_is_no_baseline() -> None:
    tables = make(
        made_up("burglary_reports", BURGLARIES), fix=lambda _: contracts()["reference.fixed_baselines"].frame([])
    )
    assert reading(verdict(tables, "2b", 2022, "baseline", "burglary")) == (
        "not_evaluable",
        "not_evaluable",
        "baseline_missing",
    )
    baselines = {
        row["measure"]: (row["value"], row["reason"])
        for row in records(tables["baselines"])
        if row["target_id"] == "2b"
    }
    assert baselines["burglary_reports"] == (None, "not_fixed")
    assert baselines["theft_robbery_reports"] == (None, "baseline_missing")


def test_a_fixed_baseline_stays_whatever_later_figures_say() -> None:
    tables = make(made_up("burglary_reports", BURGLARIES), fix=crime_fixed(30))
    row = verdict(tables, "2b", 2022, "baseline", "burglary")
    assert (row["compared_value"], row["literal"], row["statistical"]) == (30, "not_met", "uncertain")
    baseline = next(row for row in records(tables["baselines"]) if row["measure"] == "burglary_reports")
    assert (baseline["value"], baseline["fixed_by"], str(baseline["fixed_on"])) == (30, "A. Steward", "2022-06-01")


def test_the_last_act_holds() -> None:
    def fix(tables: dict[str, pd.DataFrame]) -> pd.DataFrame:
        return pd.concat([crime_fixed(40, act=2)(tables), crime_fixed(30)(tables)])

    row = verdict(make(made_up("burglary_reports", BURGLARIES), fix=fix), "2b", 2022, "baseline", "burglary")
    assert (row["compared_value"], row["literal"]) == (40, "met")


def test_an_act_on_made_up_figures_does_not_hold_for_real_ones() -> None:
    tables = make(made_up("burglary_reports", BURGLARIES), fix=crime_fixed(20, provenance="synthetic"))
    assert reading(verdict(tables, "2b", 2022, "baseline", "burglary"))[2] == "baseline_missing"


def test_a_monitored_type_is_reported_or_it_is_not() -> None:
    tables = make(made_up("threats_reports", {(2022, TH): (14, None)}))
    assert reading(verdict(tables, "2c", 2022, "report", "threats")) == ("met", "met", None)
    assert reading(verdict(tables, "2c", 2023, "report", "threats")) == (
        "not_evaluable",
        "not_evaluable",
        "missing_extract",
    )


def test_no_bydel_above_10_percent_is_met_by_the_words_alone() -> None:
    tables = make(made_up("bydele_above_10_percent_unsafe", {(2021, "copenhagen"): (0, None)}))
    assert reading(verdict(tables, "5", 2021, "limit")) == ("met", "not_evaluable", "answers_unknown")


# 300 answers: 10 % +- 3.4 points at 95 %, and 10 % + 5.3 points at 95 % divided among 13 bydele
@pytest.mark.parametrize(
    ("shares", "expected"),
    [
        ([4.0] * 13, ("met", "met", None)),
        ([4.0] * 12 + [9.0], ("met", "uncertain", None)),
        # 10.7 to 19.0 for one bydel alone, but not certain among 13 bydele
        (
            [4.0] * 12 + [14.5],
            ("not_met", "uncertain", None),
        ),
        ([4.0] * 12 + [20.0], ("not_met", "not_met", None)),
        ([20.0] * 13, ("not_met", "not_met", None)),
    ],
)
def test_bydele_above_10_percent_are_read_off_their_shares(shares: list[float], expected: tuple[Any, ...]) -> None:
    tables = make(
        made_up("bydele_above_10_percent_unsafe", {(2021, "copenhagen"): (4, None)}), bydele_estimated(shares)
    )
    row = verdict(tables, "5", 2021, "limit")
    assert reading(row) == expected
    assert (row["value"], row["provenance"]) == (sum(share > 10 for share in shares), "extract")
    assert records(tables["unsafe_bydele"])[0]["published_bydele_above"] == 4


@pytest.mark.parametrize("estimated", [bydele_estimated([4.0] * 12), bydele_estimated([4.0] * 13, answers=29)])
def test_a_number_of_bydele_waits_for_every_bydel(estimated: Callable[[dict[str, pd.DataFrame]], None]) -> None:
    tables = make(made_up("bydele_above_10_percent_unsafe", {(2021, "copenhagen"): (4, None)}), estimated)
    assert reading(verdict(tables, "5", 2021, "limit")) == ("not_met", "not_evaluable", "answers_unknown")


@pytest.mark.parametrize(
    ("target_id", "spoil", "expected", "missing"),
    [
        ("3", number("activities_with_two_or_more_partners", 100 * 30 / 40, counted=30, out_of=40), ("met", "met", None), 0),
        ("3", number("activities_with_two_or_more_partners", 100 * 29 / 40, counted=29, out_of=40), ("not_met", "not_met", None), 1),
        ("3", number("activities_with_two_or_more_partners", 100 * 2 / 3, counted=2, out_of=3), ("not_met", "not_met", None), 1),
        ("7a", number("steering_group_meetings", 1, counted=1), ("met", "met", None), 0),
        ("7b", number("working_group_meetings", 7, counted=7), ("not_met", "not_met", None), 1),
        ("7e", number("activity_funding", 1.9), ("met", "met", None), 0),
        ("7f", number("project_management_funding", 0.3), ("not_met", "not_met", None), pytest.approx(0.01)),
        ("4", number("goals_kept_safer_city_life", 3, counted=3, out_of=3), ("met", "met", None), 0),
        ("4", number("goals_kept_safer_city_life", 2, counted=2, out_of=3), ("not_met", "not_met", None), 1),
        ("4", number("goals_kept_safer_city_life", 2, counted=2, out_of=3, not_known=1),
         ("not_evaluable", "not_evaluable", "goals_not_known"), 1),
        ("4", number("goals_kept_safer_city_life", 1, counted=1, out_of=3, not_known=1), ("not_met", "not_met", None), 2),
    ],
)  # fmt: skip
def test_promises_that_are_full_counts(
    target_id: str, spoil: Callable[[dict[str, pd.DataFrame]], None], expected: tuple[Any, ...], missing: float
) -> None:
    compared_with = "goals" if target_id == "4" else "limit"
    measure = "safer_city_life" if target_id == "4" else ""
    row = verdict(make([], spoil), target_id, 2022, compared_with, measure)
    assert reading(row) == expected
    assert row["missing_to_limit"] == missing
    assert (row["provenance"], row["method"]) == ("extract", "full_count/1")


def test_the_state_s_list_is_judged_in_2030_alone() -> None:
    tables = make([], number("areas_on_the_states_list", 2, area_id="copenhagen", counted=2))
    row = verdict(tables, "6", 2022, "limit")
    assert (reading(row), row["value"]) == (("not_evaluable", "not_evaluable", "period_not_started"), 2)


def test_later_editions_change_nothing_of_earlier_ones() -> None:
    early_figures = {address: figure for address, figure in FALLING.items() if address[0] <= 2022}
    verdict_frames = [make(made_up("unsafe", figures))["verdicts"] for figures in (early_figures, FALLING)]
    first, second = (
        [row | {"source_lines": None} for row in records(frame) if row["edition"] <= 2022] for frame in verdict_frames
    )
    assert first == second


def test_a_second_agreement_is_a_file(reference: Path) -> None:
    path = reference / "agreements" / "folehaven.yml"
    text = path.read_text(encoding="utf-8").replace(
        "target_year: 2025", "target_year: 2025\nfirst_day: 2021-01-01\nlast_day: 2025-12-31"
    )
    path.write_text(
        text.replace(
            "targets: []",
            "targets:\n  - target_id: 1a\n    rule: falls_every_year\n    measures: [unsafe]\n    text_da: Falder\n"
            "    text_en: Falls\n    period_of: edition\n    first_year: 2022\n    last_year: 2025\n    baseline_year: 2021\n"
            "    waits_for: survey\n",
        ),
        encoding="utf-8",
    )

    def use_reference(tables: dict[str, pd.DataFrame]) -> None:
        frames = {name.split(".")[1]: frame for name, frame in load_reference(reference).items()}
        tables |= {name: frames[name] for name in ("agreements", "targets")}

    figures = {(2021, "folehaven"): (30, 900), (2022, "folehaven"): (20, 900)}
    rows = [
        row
        for row in records(make(made_up("unsafe", figures), use_reference)["verdicts"])
        if row["agreement_id"] == "folehaven"
    ]
    readings = {(row["edition"], row["compared_with"]): reading(row) for row in rows}
    assert readings[2021, "edition_before"][2] == "baseline_year"
    assert readings[2022, "edition_before"] == ("met", "met", None)


# --- counts that vary more than chance ---------------------------------------------------------------------


def burglary_lines(numbers: dict[int, int], area_id: str = TH, **changes: Any) -> list[Row]:
    """Return published lines on burglaries, from the numbers of burglaries by edition."""
    return made_up("burglary_reports", {(edition, area_id): (number, None) for edition, number in numbers.items()})


CALM = dict.fromkeys(range(2015, 2021), 100)
WILD = {2015: 60, 2016: 140, 2017: 70, 2018: 130, 2019: 60, 2020: 140}
JUDGED = {2021: 100, 2022: 140}


def test_counts_that_vary_from_year_to_year_make_a_rise_uncertain() -> None:
    calm, wild, short = (
        verdict(make(burglary_lines(before | JUDGED)), "2b", 2022, "baseline", "burglary")
        for before in (CALM, WILD, {2019: 60, 2020: 140})
    )
    assert (calm["dispersion"], calm["statistical"]) == (0, "not_met")
    # six years and the baseline year's 100 have the mean 100: 8,200 / 100, over 6 degrees of freedom
    assert (wild["dispersion"], wild["statistical"]) == (pytest.approx(82 / 6), "uncertain")
    assert (short["dispersion"], short["statistical"]) == (None, "not_met")  # three years are too few
    assert wild["change_low"] < calm["change_low"] == short["change_low"]
    assert wild["smallest_change_shown"] > calm["smallest_change_shown"]
    assert "svinger mere fra år til år" in wild["sentence_da"]
    assert "svinger" not in calm["sentence_da"]
    assert wild["source_lines"] == "2 3 4 5 6 7 8 9"


def test_the_bydele_stand_in_where_the_area_has_few_years_of_its_own() -> None:
    bydele = [
        line
        for bydel in ("bydel_valby", "bydel_vanloese")
        for line in burglary_lines({2019: 50, 2020: 150, 2021: 100}, bydel)
    ]
    row = verdict(make(burglary_lines({2020: 100, 2021: 100, 2022: 140}) + bydele), "2b", 2022, "baseline", "burglary")
    assert row["dispersion"] == pytest.approx(25)  # twice 5,000 / 100, over 2 + 2 degrees of freedom
    assert row["statistical"] == "uncertain"


def test_years_beyond_a_break_say_nothing_of_the_variation() -> None:
    def broken(tables: dict[str, pd.DataFrame]) -> None:
        line = dict.fromkeys(tables["series_breaks"].columns) | {
            "break_id": "made_up", "area_id": TH, "measure": "burglary_reports", "first_edition": 2021, "kind": "codes",
            "effect": "not_comparable", "source_id": "project_assumption", "reason": "made up",
            "decided_by": "A. Steward", "decided_on": date(2022, 1, 1),
        }  # fmt: skip
        tables["series_breaks"] = contracts()["reference.series_breaks"].frame(
            [*records(tables["series_breaks"]), line]
        )

    row = verdict(make(burglary_lines(WILD | JUDGED), broken), "2b", 2022, "baseline", "burglary")
    assert (row["dispersion"], row["statistical"]) == (None, "not_met")
