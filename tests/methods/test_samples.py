"""Tests that compare shares of stratified samples with R's `survey` and with the library `svy`.

The values of R 4.2 with survey 4.1.1 are for R's data set apistrat, with all digits that R printed. The designs for
svy are random.
"""

import numpy as np
import polars as pl
import pytest
import svy
from scipy import stats

from assets.methods import limits as limits_of
from assets.methods import samples
from assets.methods.samples import Design, Estimates
from tests.scenarios import apistrat

C = 0.95
EVERYBODY = np.ones((200, 1), dtype=bool)


def of_everybody(design: Design, yes: np.ndarray) -> Estimates:
    return samples.estimates(design, yes, np.ones((len(yes), 1), dtype=bool))


def limits(limit_arrays: tuple[np.ndarray, np.ndarray]) -> tuple[float, float]:
    return float(limit_arrays[0][0, 0]), float(limit_arrays[1][0, 0])


# --- R's apistrat ------------------------------------------------------------------------------------------


@pytest.mark.parametrize(("finite", "error"), [(True, 0.0243447801131), (False, 0.0247568028755)])
def test_share_and_standard_error_are_those_of_r(finite: bool, error: float) -> None:
    estimates = of_everybody(*apistrat(finite=finite))
    assert estimates.share[0, 0] == pytest.approx(0.172051988584, abs=5e-13)
    assert estimates.standard_error[0, 0] == pytest.approx(error, abs=5e-14)
    assert estimates.degrees[0, 0] == 197


def test_design_effect_is_that_of_r() -> None:
    assert of_everybody(*apistrat()).design_effect[0, 0] == pytest.approx(0.855571850975, abs=5e-13)


@pytest.mark.parametrize(("finite", "logit"), [(True, (0.129185145, 0.225460345)), (False, (0.128544817, 0.226457990))])
def test_intervals_are_those_of_r_and_svy(finite: bool, logit: tuple[float, float]) -> None:
    estimates = of_everybody(*apistrat(finite=finite))
    logit_limits = limits_of.logit_limits(estimates.share, estimates.standard_error, estimates.degrees, C)
    assert limits(logit_limits) == pytest.approx(logit, abs=5e-10)
    # svy 0.35, by NCHS (2017): the effective number of answers is at most the number of answers, which is 200
    assert limits(samples.korn_graubard_limits(estimates, C)) == pytest.approx((0.122470210, 0.231635741), abs=5e-10)


@pytest.mark.parametrize(
    ("finite", "low", "high"), [(True, 0.124042158, 0.220061819), (False, 0.123229617, 0.220874360)]
)
def test_share_error_and_degrees_give_the_mean_s_own_limits(finite: bool, low: float, high: float) -> None:
    # R survey 4.1.1, svyciprop(method = "mean"): share -+ t standard errors. Share, error and degrees must all be right
    estimates = of_everybody(*apistrat(finite=finite))
    reach = stats.t.ppf(0.975, estimates.degrees) * estimates.standard_error
    assert limits((estimates.share - reach, estimates.share + reach)) == pytest.approx((low, high), abs=5e-10)


@pytest.mark.parametrize(("width", "shown"), [(0.29, True), (0.31, False)])
def test_an_interval_of_30_points_is_too_wide_whatever_the_share(width: float, shown: bool) -> None:
    estimates = Estimates(*(np.array([[value]]) for value in (100, 0.5, 0.01, 90, 5000)))
    assert samples.presentable(estimates, np.array([[0.35]]), np.array([[0.35 + width]]), 30)[0, 0] == shown


@pytest.mark.parametrize(
    ("stratum", "share", "error"),
    [(0, 0.09, 0.0284351962064), (1, 0.30, 0.0638374303472), (2, 0.48, 0.0689676349228)],
)
def test_a_stratum_is_an_area_inside_the_design(stratum: int, share: float, error: float) -> None:
    design, yes = apistrat()
    estimates = samples.estimates(design, yes, design.stratum[:, None] == [0, 1, 2])
    assert estimates.share[stratum, 0] == pytest.approx(share, abs=1e-12)
    assert estimates.standard_error[stratum, 0] == pytest.approx(error, abs=5e-13)


def test_a_stratum_with_one_answer() -> None:
    # R survey 4.1.1, options(survey.lonely.psu = "adjust")
    design, yes = apistrat()
    first_rows = np.arange(151)
    shortened_design = Design(design.stratum[first_rows], design.weight[first_rows], design.population)
    estimates = samples.estimates(shortened_design, yes[first_rows], np.ones((151, 1), dtype=bool))
    assert estimates.share[0, 0] == pytest.approx(0.131715591809, abs=5e-13)
    assert estimates.standard_error[0, 0] == pytest.approx(0.0260576755, abs=5e-11)


def without_strata(design: Design) -> Design:
    return Design(np.zeros_like(design.stratum), design.weight, np.array([design.population.sum()]))


def without_weights(design: Design) -> Design:
    return Design(design.stratum, np.ones_like(design.weight), design.population)


def without_finite_population(design: Design) -> Design:
    return Design(design.stratum, design.weight, np.full_like(design.population, np.inf))


@pytest.mark.parametrize("part", [without_strata, without_weights, without_finite_population])
def test_each_part_of_the_formula_changes_the_error_by_more_than_the_digits_above(part: object) -> None:
    design, yes = apistrat()
    error = of_everybody(part(design), yes).standard_error[0, 0]  # type: ignore[operator]
    assert abs(error - 0.0243447801131) > 1e-4


# --- what a share can be -----------------------------------------------------------------------------------


@pytest.mark.parametrize(("yes", "low", "high"), [(0.0, 0.0, 0.1684), (1.0, 0.8316, 1.0)])
def test_none_and_all_have_the_exact_interval_of_their_answers(yes: float, low: float, high: float) -> None:
    # Clopper-Pearson of 0 and 20 in 20, by statsmodels 0.15
    design = Design(np.zeros(20, dtype=int), np.linspace(1, 3, 20), np.array([np.inf]))
    estimates = of_everybody(design, np.full((20, 1), yes))
    assert estimates.variance[0, 0] == 0
    assert limits(samples.korn_graubard_limits(estimates, C)) == pytest.approx((low, high), abs=5e-5)


def test_answers_that_do_not_count_stay_in_the_sample_and_out_of_the_share() -> None:
    design, yes = apistrat()
    answered = np.random.default_rng(1).random(200) < 0.7
    missing = np.where(answered[:, None], yes, np.nan)
    estimates = samples.estimates(design, missing, EVERYBODY)
    estimates_of_answered = samples.estimates(design, yes, answered[:, None])
    assert estimates.answers[0, 0] == answered.sum()
    for name in ("share", "variance", "degrees", "population"):
        assert getattr(estimates, name) == pytest.approx(getattr(estimates_of_answered, name), abs=1e-15)
    filtered_design = Design(design.stratum[answered], design.weight[answered], design.population)
    assert of_everybody(filtered_design, yes[answered]).variance[0, 0] != pytest.approx(
        estimates.variance[0, 0], rel=1e-6
    )


def test_where_nobody_answered_there_is_no_share() -> None:
    design, yes = apistrat()
    estimates = samples.estimates(design, yes, ~EVERYBODY)
    assert estimates.answers[0, 0] == 0
    assert np.isnan(estimates.share[0, 0])
    assert all(np.isnan(samples.korn_graubard_limits(estimates, C)))


# --- the gap between two areas -----------------------------------------------------------------------------


def test_the_gap_between_two_strata_has_the_sum_of_their_variances() -> None:
    design, yes = apistrat()
    gaps, variances = samples.gap(design, yes, design.stratum == 2, design.stratum == 0)
    assert gaps[0] == pytest.approx(0.48 - 0.09, abs=1e-12)
    assert variances[0] == pytest.approx(0.0689676349228**2 + 0.0284351962064**2, abs=1e-12)


def test_the_gap_to_the_whole_is_the_gap_to_the_rest_times_what_the_rest_weighs() -> None:
    # p_area - p_all = (1 - share of the area) (p_area - p_rest), so the variance has the square of (1 - share of the area)
    design, yes = apistrat()
    area = design.stratum == 1
    gap_to_all, variance_to_all = samples.gap(design, yes, area, np.ones(200, dtype=bool))
    gap_to_rest, variance_to_rest = samples.gap(design, yes, area, ~area)
    weight_of_rest = design.weight[~area].sum() / design.weight.sum()
    assert gap_to_all[0] == pytest.approx(weight_of_rest * gap_to_rest[0], abs=1e-12)
    assert variance_to_all[0] == pytest.approx(weight_of_rest**2 * variance_to_rest[0], abs=1e-12)


# --- the oracle --------------------------------------------------------------------------------------------


def random_sample(seed: int) -> tuple[Design, np.ndarray, np.ndarray]:
    """Return a random design of 2 to 8 strata, the answers to three questions, and three areas.

    A few answers are missing. The areas are independent of the strata, and they may overlap.
    """
    rng = np.random.default_rng(seed)
    strata = int(rng.integers(2, 9))
    population, answers = rng.integers(300, 9000, strata), rng.integers(15, 120, strata)
    rows = int(answers.sum())
    design = Design(
        np.repeat(np.arange(strata), answers),
        np.repeat(population / answers, answers) * rng.uniform(0.4, 2.5, rows),
        population.astype(float),
    )
    yes = (rng.random((rows, 3)) < rng.uniform(0.03, 0.6, 3)).astype(float)
    yes[rng.random((rows, 3)) < 0.05] = np.nan
    return design, yes, np.stack([rng.random(rows) < size for size in (0.15, 0.5, 1.1)], axis=1)


def by_svy(
    design: Design, yes: np.ndarray, areas: np.ndarray, area: int, question: int, method: str
) -> dict[str, float]:
    """Return svy's figures for one question in one area. The area is a domain of the sample, as in our own function."""
    counts = areas[:, area] & ~np.isnan(yes[:, question])
    frame = pl.DataFrame(
        {
            "stratum": design.stratum,
            "weight": design.weight,
            "population": design.population[design.stratum],
            "answer": np.nan_to_num(yes[:, question]).astype(int),
            "area": counts.astype(int),
        }
    )
    sample = svy.Sample(frame, svy.Design(stratum="stratum", wgt="weight", pop_size="population"))
    table = sample.estimation.prop("answer", by="area", ci_method=method, deff="wor").to_polars()  # type: ignore[arg-type]
    return table.filter((pl.col("area") == 1) & (pl.col("answer") == 1)).to_dicts()[0]


@pytest.mark.parametrize("seed", range(60))
def test_shares_errors_and_intervals_are_those_of_svy(seed: int) -> None:
    design, yes, areas = random_sample(seed)
    estimates = samples.estimates(design, yes, areas)
    limits_by_method = {
        "logit": limits_of.logit_limits(estimates.share, estimates.standard_error, estimates.degrees, C),
        "korn-graubard": samples.korn_graubard_limits(estimates, C),
    }
    area, question = seed % 3, seed % 2
    for method, (low, high) in limits_by_method.items():
        svy_row = by_svy(design, yes, areas, area, question, method)
        cell = (area, question)
        assert (estimates.share[cell], estimates.standard_error[cell]) == pytest.approx(
            (svy_row["est"], svy_row["se"]), rel=1e-9
        )
        assert estimates.design_effect[cell] == pytest.approx(svy_row["deff"], rel=1e-9)
        assert (estimates.answers[cell], estimates.degrees[cell]) == (svy_row["n"], svy_row["df"])
        assert (low[cell], high[cell]) == pytest.approx((svy_row["lci"], svy_row["uci"]), abs=1e-9)


@pytest.mark.parametrize(
    ("share", "worth", "answers", "logit"),
    [(0.05, 190, 190, False), (0.05, 210, 210, True), (0.06, 210, 300, False), (0.06, 260, 300, True)],
)
def test_few_answers_of_one_kind_take_the_exact_limits(share: float, worth: int, answers: int, logit: bool) -> None:
    """Expect exact limits for fewer than 10 effective answers of one kind.

    If the weights make the answers worth less than their number, expect exact limits for fewer than 15.
    """
    variance = share * (1 - share) / worth
    estimates = Estimates(*(np.array([[value]]) for value in (answers, share, variance, answers - 4, 50_000)))
    chosen_limits = limits(samples.logit_limits_where_enough(estimates, C))
    exact_limits = limits(samples.korn_graubard_limits(estimates, C))
    plain_logit_limits = limits(limits_of.logit_limits(estimates.share, estimates.standard_error, estimates.degrees, C))
    assert chosen_limits == (plain_logit_limits if logit else exact_limits)
    assert plain_logit_limits != exact_limits
