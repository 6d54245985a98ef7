"""Tests of how often intervals and verdicts are right. Samples and counts are drawn at random from known true values.

All draws have fixed seeds. A 95 % interval must cover the true share in at least 93.5 % of the draws. A verdict may be
wrong in at most 5 % of the draws.
"""

import numpy as np
import pytest
from scipy.optimize import brentq

from assets.methods import counts, judgements, samples, shares
from assets.methods.counts import Count
from assets.methods.limits import Array, logit_limits
from assets.methods.samples import Design
from assets.methods.shares import Interval, Share
from tests.methods import plain_formulas

pytestmark = pytest.mark.slow

C = 0.95
DRAWS = 8000
STRATA = 4
CASES = [
    (share, answers, effect)
    for share in (0.05, 0.1, 0.3, 0.5)
    for answers in (100, 200, 500)
    for effect in (1.0, 1.5, 2.0)
]


def design_of(answers: int, effect: float, rng: np.random.Generator) -> Design:
    """Return the design of a sample of four strata whose weights have this design effect (Kish).

    Some strata are drawn more densely than others.
    """
    stratum = np.arange(answers) % STRATA
    unequal = 0.6 * rng.standard_normal(answers) + 0.8 * np.array([-1.2, -0.4, 0.4, 1.2])[stratum]

    def weights(spread: float) -> Array:
        spread_weights: Array = 100 * np.exp(spread * unequal)
        return spread_weights

    spread = (
        0.0 if effect == 1 else brentq(lambda s: answers / plain_formulas.effective_answers(weights(s)) - effect, 0, 5)
    )
    return Design(stratum, weights(spread), np.full(STRATA, np.inf))


def drawn(design: Design, share: float, draws: int, rng: np.random.Generator) -> Array:
    """Return whether each respondent (row) feels unsafe in each draw (column).

    The strata have different true shares. The true share of all strata together is `share`.
    """
    share_of_stratum = np.array([0.8, 0.95, 1.05, 1.2])
    weight = np.bincount(design.stratum, design.weight)
    share_of_stratum *= share * weight.sum() / (share_of_stratum * weight).sum()
    is_unsafe: Array = (rng.random((len(design.stratum), draws)) < share_of_stratum[design.stratum][:, None]).astype(
        float
    )
    return is_unsafe


def seeded(*parts: float) -> np.random.Generator:
    return np.random.default_rng([round(1000 * part) for part in parts])


@pytest.mark.parametrize(("share", "answers", "effect"), CASES)
def test_95_percent_intervals_cover_the_true_share(share: float, answers: int, effect: float) -> None:
    rng = seeded(share, answers, effect)
    design = design_of(answers, effect, rng)
    estimates = samples.estimates(design, drawn(design, share, DRAWS, rng), np.ones((answers, 1), dtype=bool))
    low, high = samples.korn_graubard_limits(estimates, C)
    assert ((low <= share) & (share <= high)).mean() >= 0.935
    low, high = samples.logit_limits_where_enough(estimates, C)
    assert 0.935 <= ((low <= share) & (share <= high)).mean() <= 0.98


def test_the_logit_alone_covers_too_little_of_few_answers() -> None:
    rng = seeded(0.05, 100, 2.0)
    design = design_of(100, 2.0, rng)
    estimates = samples.estimates(design, drawn(design, 0.05, DRAWS, rng), np.ones((100, 1), dtype=bool))
    low, high = logit_limits(estimates.share, estimates.standard_error, estimates.degrees, C)
    assert ((low <= 0.05) & (high >= 0.05)).mean() < 0.935


@pytest.mark.parametrize(("share", "answers", "effect"), [(s, n, e) for s, n, e in CASES if s <= 0.3 and n <= 200])
def test_without_a_change_at_most_5_percent_are_met_and_5_percent_not_met(
    share: float, answers: int, effect: float
) -> None:
    rng = seeded(share, answers, effect, 1)
    editions = []
    for _ in range(2):
        design = design_of(answers, effect, rng)
        estimates = samples.estimates(design, drawn(design, share, 2000, rng), np.ones((answers, 1), dtype=bool))
        editions.append([_share(estimates, draw) for draw in range(2000)])
    # every pair is judged, because few pairs would be left if only presentable shares were judged
    readings = [
        judgements.below(new.value - old.value, shares.change_interval(new, old, C)).statistical
        for new, old in zip(*editions, strict=True)
    ]
    assert readings.count("met") / 2000 <= 0.05
    assert readings.count("not_met") / 2000 <= 0.05


def _share(estimates: samples.Estimates, draw: int) -> Share:
    """Return the estimate of one draw as a `Share`, the type that the verdict functions take."""
    value, variance = float(estimates.share[0, draw]), float(estimates.variance[0, draw])
    return Share(value, value, value, int(estimates.answers[0, draw]), 1.0, variance)


def ratio(new: int, old: int, dispersion: float = 1.0) -> Interval:
    return counts.rate_ratio_interval(Count(new, 1, 1), Count(old, 1, 1), C, dispersion)


@pytest.mark.parametrize("expected", [5, 10, 20, 40, 60, 100, 229, 300])
@pytest.mark.parametrize("rise", [0.0, 0.1])
def test_held_at_the_baseline_is_wrong_in_at_most_5_percent(expected: int, rise: float) -> None:
    rng = seeded(expected, rise, 2)
    margin, wrong = 0.1, "not_met" if rise == 0 else "met"
    pairs = zip(rng.poisson(expected * (1 + rise), 2000), rng.poisson(expected, 2000), strict=True)
    readings = [
        judgements.held_at_baseline(new, old, ratio(int(new), int(old)), margin).statistical for new, old in pairs
    ]
    assert readings.count(wrong) / 2000 <= 0.05


@pytest.mark.parametrize("varied", [2.0, 4.0])
@pytest.mark.parametrize("years", [5, 9])
def test_counts_that_vary_more_than_chance_are_not_taken_for_a_rise(varied: float, years: int) -> None:
    rng, mean = seeded(varied, years, 3), 100
    readings: dict[bool, list[str]] = {True: [], False: []}
    for _ in range(2000):
        *before, new = rng.poisson(rng.gamma(mean / (varied - 1), varied - 1, years + 1))
        dispersion = counts.dispersion([(np.array(before), np.ones(years))]) or 1.0
        for is_widened, verdicts in readings.items():
            interval = ratio(new, before[-1], dispersion if is_widened else 1.0)
            verdicts.append(judgements.held_at_baseline(new, before[-1], interval, 0.1).statistical)
    assert readings[True].count("not_met") / 2000 <= 0.05
    assert readings[False].count("not_met") / 2000 > 0.05  # exact Poisson intervals are too narrow here
