"""Tests of the way from an edition's answers to shares and gaps, and of the figures that the verdicts use.

The expected values come from R 4.2 with survey 4.1.1 on R's data set apistrat (see `test_samples.py`). The tests deliver
apistrat as if it were a survey.
"""

from typing import Any

import numpy as np
import pandas as pd
import pytest

from tests.scenarios import (
    BYDELE,
    FALLING,
    TH,
    answered,
    made,
    made_up,
    make,
    reading,
    verdict,
)
from warehouse.contracts import Row, contracts, records


def test_the_municipality_and_its_bydele_have_the_figures_of_r() -> None:
    estimates = made("estimates", answered())
    copenhagen = estimates["copenhagen", "unsafe"]
    assert (copenhagen["answers"], copenhagen["degrees_of_freedom"], copenhagen["presentable"]) == (200, 197, True)
    assert copenhagen["share_percent"] == pytest.approx(17.2051988584, abs=5e-11)
    assert copenhagen["standard_error_points"] == pytest.approx(2.43447801131, abs=5e-12)
    # R's weights are rounded to 32 bits, and ours are scaled to the residents
    assert copenhagen["design_effect"] == pytest.approx(0.855571850975, abs=1e-9)
    logit = copenhagen["logit_low_percent"], copenhagen["logit_high_percent"]
    assert logit == pytest.approx((12.9185145, 22.5460345), abs=5e-8)
    korn_graubard = copenhagen["korn_graubard_low_percent"], copenhagen["korn_graubard_high_percent"]
    assert korn_graubard == pytest.approx((12.2470210, 23.1635741), abs=5e-8)
    errors = [estimates[bydel, "unsafe"]["standard_error_points"] for bydel in BYDELE]
    assert errors == pytest.approx([2.84351962064, 6.38374303472, 6.89676349228], abs=5e-11)
    assert estimates["copenhagen", "safe"]["share_percent"] == pytest.approx(100 - 17.2051988584, abs=5e-11)


def test_two_producers_weights_are_each_made_residents_of_their_own_strata() -> None:
    other_rows = [row | {"weight": row["weight"] / 50} for row in answered("other")]
    estimate = made("estimates", answered() + other_rows)["copenhagen", "unsafe"]
    expected = made("estimates", answered() + answered("other"))["copenhagen", "unsafe"]
    for name in ("share_percent", "standard_error_points", "design_effect"):
        assert estimate[name] == pytest.approx(expected[name], rel=1e-9)


@pytest.mark.parametrize("scale", [1 / 30.97, 0.001, 1000])
def test_weights_in_proportion_to_the_residents_say_the_same(scale: float) -> None:
    rows, names = answered(), ("share_percent", "standard_error_points", "design_effect", "korn_graubard_low_percent")
    expected = made("estimates", rows)
    estimates = made("estimates", [row | {"weight": row["weight"] * scale} for row in rows])
    for area in ("copenhagen", *BYDELE):
        for name in names:
            assert estimates[area, "unsafe"][name] == pytest.approx(expected[area, "unsafe"][name], rel=1e-9)


def test_weights_without_strata_are_one_stratum() -> None:
    """Expect one stratum if a specification names no strata.

    The columns `stratum` and `stratum_population_residents` are then constant.
    """
    rows = [row | {"stratum": "all", "stratum_population_residents": 6194} for row in answered()]
    estimate = made("estimates", rows)["copenhagen", "unsafe"]
    weight, unsafe = (
        np.array([float(row[name] == "unsafe" if name == "safety" else row[name]) for row in rows])
        for name in ("weight", "safety")
    )
    z = weight * (unsafe - np.average(unsafe, weights=weight)) / weight.sum()
    assert estimate["share_percent"] == pytest.approx(17.2051988584, abs=5e-11)
    assert estimate["standard_error_points"] == pytest.approx(
        100 * np.sqrt((1 - 200 / 6194) * 200 * z.var(ddof=1)), rel=1e-9
    )
    assert estimate["degrees_of_freedom"] == 199


def test_a_gap_of_few_answers_is_not_told() -> None:
    rows = answered()
    for row in rows[:29]:
        row["partnership_area_id"] = TH
    assert (TH, "unsafe") not in made("gaps", rows)
    rows[29]["partnership_area_id"] = TH
    assert (TH, "unsafe") in made("gaps", rows)


def test_a_wide_interval_is_not_presentable() -> None:
    estimates = made("estimates", answered())
    assert [estimates[bydel, "unsafe"]["presentable"] for bydel in BYDELE] == [False, True, True]  # 9 of 100: 4 to 16 %


def test_only_what_was_asked_and_answered_counts() -> None:
    rows = answered(exposed_theft=None)
    for row in rows[:10]:
        row["safety"] = "left_out"
    for row, answer in zip(rows, ["yes", "no", "dont_know", "no_answer"], strict=False):
        row["exposed_threats"] = answer
    estimates = made("estimates", rows)
    assert estimates["copenhagen", "unsafe"]["answers"] == 190
    assert (estimates["copenhagen", "exposed_threats"]["answers"], estimates["copenhagen", "exposed_threats"]["share_percent"]) == (
        2, 50,
    )  # fmt: skip
    assert not {measure for _, measure in estimates} & {"exposed_theft", "unsafe_evening", "worry_noise"}


def test_an_area_code_that_nobody_knows_counts_in_the_municipality_alone() -> None:
    rows = answered()
    for row in rows[:100]:
        row["area_id"] = None
    estimates = made("estimates", rows)
    assert estimates["copenhagen", "unsafe"]["share_percent"] == pytest.approx(17.2051988584, abs=5e-11)
    assert "valby" not in {area for area, _ in estimates}


def test_two_producers_strata_are_not_one_because_they_are_called_alike() -> None:
    from_one, from_both = made("estimates", answered()), made("estimates", answered() + answered("other"))
    estimate_from_one, estimate_from_both = (estimates["copenhagen", "unsafe"] for estimates in (from_one, from_both))
    assert estimate_from_both["share_percent"] == pytest.approx(estimate_from_one["share_percent"], abs=1e-9)
    assert estimate_from_both["standard_error_points"] == pytest.approx(
        estimate_from_one["standard_error_points"] / np.sqrt(2), abs=1e-9
    )


def test_a_gap_takes_in_that_the_area_is_part_of_the_municipality() -> None:
    rows = answered()
    for row in rows[::3]:
        row["partnership_area_id"] = TH
    gap = made("gaps", rows)[TH, "unsafe"]
    frame = pd.DataFrame(rows).assign(unsafe=lambda answers: (answers["safety"] == "unsafe").astype(float))
    inside = frame["partnership_area_id"].notna()
    share = {
        name: np.average(part["unsafe"], weights=part["weight"])
        for name, part in (("area", frame[inside]), ("rest", frame[~inside]), ("whole", frame))
    }
    assert gap["gap_points"] == pytest.approx(100 * (share["area"] - share["whole"]), abs=1e-9)
    assert gap["rest_share_percent"] == pytest.approx(100 * share["rest"], abs=1e-9)
    assert gap["rest_answers"] == (~inside).sum()
    # the gap is (1 - d) (area - rest), if d is the area's share of the weights; both groups lie in the same strata
    of_area = np.where(inside, frame["weight"] * (frame["unsafe"] - share["area"]) / frame["weight"][inside].sum(), 0)
    of_whole = frame["weight"] * (frame["unsafe"] - share["whole"]) / frame["weight"].sum()
    influence = (of_area - of_whole).groupby(frame["stratum"])
    size, population = influence.size(), frame.groupby("stratum")["stratum_population_residents"].first()
    error = np.sqrt(((1 - size / population) * size * influence.var(ddof=1)).sum())
    assert gap["gap_standard_error_points"] == pytest.approx(100 * error, abs=1e-9)


def test_made_up_answers_make_made_up_shares() -> None:
    rows = answered() + answered("sample", provenance="synthetic")
    assert made("estimates", rows)["valby", "unsafe"]["provenance"] == "synthetic"


def test_no_answers_are_no_rows() -> None:
    assert made("estimates", []) == made("gaps", []) == {}


# --- what the verdicts take of them ------------------------------------------------------------------------


def with_estimate(**replaced: Any) -> Any:
    """Return a function that adds an estimate of Tingbjerg-Husum's unsafe share of 2021 to the published figures."""
    row = {
        "edition": 2021, "area_id": TH, "measure": "unsafe", "answers": 300, "share_percent": 11.6, "standard_error_points": 2.0,
        "design_effect": 1.2, "degrees_of_freedom": 299, "logit_low_percent": 8.4, "logit_high_percent": 15.8,
        "korn_graubard_low_percent": 8.2, "korn_graubard_high_percent": 15.9, "presentable": True, "rule_version": 1,
        "provenance": "synthetic", "method": "sample_share/1",
    }  # fmt: skip

    def spoil(tables: dict[str, pd.DataFrame]) -> None:
        tables["estimates"] = contracts()["safety.estimates"].frame([row | replaced])

    return spoil


def share_of(tables: dict[str, pd.DataFrame], edition: int = 2021) -> Row:
    return next(row for row in records(tables["yearly_shares"]) if (row["edition"], row["area_id"]) == (edition, TH))


def test_an_estimate_goes_before_the_published_share_and_prints_it_beside() -> None:
    tables = make(made_up("unsafe", FALLING), with_estimate())
    row = share_of(tables)
    assert (row["share_percent"], row["published_percent"], row["answers"], row["design_effect"]) == (
        11.6,
        12,
        300,
        1.2,
    )
    assert (row["rounding_low_percent"], row["rounding_high_percent"]) == (11.6, 11.6)
    assert (row["provenance"], row["method"], share_of(tables, 2022)["provenance"]) == (
        "synthetic",
        "sample_share/1",
        "published",
    )
    judged = verdict(tables, "1a", 2021, "edition_before")
    assert (judged["value"], judged["provenance"], judged["method"]) == (11.6, "synthetic", "sample_share/1")
    # 2022 is compared with the made-up share of 2021
    assert verdict(tables, "1a", 2022, "edition_before")["provenance"] == "synthetic"


def test_the_interval_is_the_one_that_the_agreement_chose() -> None:
    def logit(tables: dict[str, pd.DataFrame]) -> None:
        with_estimate()(tables)
        tables["agreements"]["share_interval"] = "logit"

    limits = "share_low_percent", "share_high_percent"
    limit_values = [
        [share_of(make(made_up("unsafe", FALLING), spoil))[limit] for limit in limits]
        for spoil in (with_estimate(), logit)
    ]
    assert limit_values == [[8.2, 15.9], [8.4, 15.8]]


def test_a_share_that_is_not_presentable_gives_no_verdict() -> None:
    tables = make(made_up("unsafe", FALLING), with_estimate(presentable=False))
    assert share_of(tables)["status"] == "low_reliability"
    for target_id, edition, compared_with in (("1a", 2021, "edition_before"), ("1a", 2022, "edition_before"),
                                             ("1a", 2023, "trend_since_baseline"), ("1b", 2021, "baseline_gap")):  # fmt: skip
        assert reading(verdict(tables, target_id, edition, compared_with)) == (
            "not_evaluable",
            "not_evaluable",
            "too_few_answers",
        )


def test_a_share_of_a_few_answers_is_not_told() -> None:
    tables = make(made_up("unsafe", {}), with_estimate(answers=29, presentable=False))
    row = share_of(tables)
    assert (row["share_percent"], row["share_low_percent"], row["design_effect"], row["answers"]) == (
        None,
        None,
        None,
        29,
    )
    changes = [
        comparison
        for comparison in records(tables["comparisons"])
        if (comparison["edition"], comparison["area_id"]) == (2021, TH)
    ]
    assert {comparison["value"] for comparison in changes} == {None}
    assert reading(verdict(tables, "1a", 2021, "edition_before")) == (
        "not_evaluable",
        "not_evaluable",
        "too_few_answers",
    )
    later = make(made_up("unsafe", {(2022, TH): (11, 3000)}), with_estimate(answers=29, presentable=False))
    assert reading(verdict(later, "1a", 2022, "edition_before"))[2] == "too_few_answers"


def gap_of(edition: int, error: float) -> Row:
    return {
        "edition": edition, "area_id": TH, "measure": "unsafe", "municipality_id": "copenhagen", "gap_points": 2.6,
        "gap_standard_error_points": error, "rest_answers": 4000, "rest_share_percent": 8.9, "rule_version": 1,
        "provenance": "synthetic", "method": "sample_share/1",
    }  # fmt: skip


def test_a_gaps_verdict_takes_the_errors_of_both_editions_gaps() -> None:
    def spoil(new_error: float, old_error: float) -> Any:
        def with_gaps(tables: dict[str, pd.DataFrame]) -> None:
            rows = [gap_of(2020, old_error), gap_of(2022, new_error)]
            tables["gaps"] = contracts()["safety.gaps"].frame(rows)

        return with_gaps

    for new_error, old_error in ((0.5, 2.0), (2.0, 0.5), (1.0, 1.0)):
        row = verdict(make(made_up("unsafe", FALLING), spoil(new_error, old_error)), "1b", 2022, "baseline_gap")
        # gaps 11 - 9 and 16 - 9: four shares rounded to whole per cent, so each adds half a point on both sides
        reach = 1.959963985 * np.hypot(new_error, old_error) + 2
        assert (row["change_low"], row["change_high"]) == pytest.approx((-5 - reach, -5 + reach), abs=1e-6)


def test_a_gaps_verdict_takes_the_gaps_own_error() -> None:
    def spoil(error: float) -> Any:
        def with_gap(tables: dict[str, pd.DataFrame]) -> None:
            with_estimate()(tables)
            gap = {
                "edition": 2021, "area_id": TH, "measure": "unsafe", "municipality_id": "copenhagen", "gap_points": 2.6,
                "gap_standard_error_points": error, "rest_answers": 4000, "rest_share_percent": 8.9, "rule_version": 1,
                "provenance": "synthetic", "method": "sample_share/1",
            }  # fmt: skip
            tables["gaps"] = contracts()["safety.gaps"].frame([gap])

        return with_gap

    narrow, wide = (
        verdict(make(made_up("unsafe", FALLING), spoil(error)), "1b", 2021, "baseline_gap") for error in (0.1, 5.0)
    )
    assert narrow["change_high"] - narrow["change_low"] < wide["change_high"] - wide["change_low"]
    assert (narrow["statistical"], wide["statistical"]) == ("met", "uncertain")
