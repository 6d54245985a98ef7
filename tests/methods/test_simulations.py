"""How often intervals and verdicts are right, on samples and counts drawn from a truth that is known. Seeded.

What is promised: 95 % intervals that cover at least 93.5 %, and verdicts that are wrong in at most 5 % of cases.
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
    """A sample of four strata, some drawn more densely than others, with weights of this design effect (Kish)."""
    stratum = np.arange(answers) % STRATA
    unequal = 0.6 * rng.standard_normal(answers) + 0.8 * np.array([-1.2, -0.4, 0.4, 1.2])[stratum]

    def weights(spread: float) -> Array:
        found: Array = 100 * np.exp(spread * unequal)
        return found

    spread = (
        0.0 if effect == 1 else brentq(lambda s: answers / plain_formulas.effective_answers(weights(s)) - effect, 0, 5)
    )
    return Design(stratum, weights(spread), np.full(STRATA, np.inf))


def drawn(design: Design, share: float, draws: int, rng: np.random.Generator) -> Array:
    """Whether each respondent is unsafe, draw by draw in columns; the strata are not alike, all together are `share`."""
    of_stratum = np.array([0.8, 0.95, 1.05, 1.2])
    weight = np.bincount(design.stratum, design.weight)
    of_stratum *= share * weight.sum() / (of_stratum * weight).sum()
    found: Array = (rng.random((len(design.stratum), draws)) < of_stratum[design.stratum][:, None]).astype(float)
    return found


def seeded(*parts: float) -> np.random.Generator:
    return np.random.default_rng([round(1000 * part) for part in parts])


@pytest.mark.parametrize(("share", "answers", "effect"), CASES)
def test_95_percent_intervals_cover_the_true_share(share: float, answers: int, effect: float) -> None:
    rng = seeded(share, answers, effect)
    design = design_of(answers, effect, rng)
    found = samples.estimates(design, drawn(design, share, DRAWS, rng), np.ones((answers, 1), dtype=bool))
    low, high = samples.korn_graubard_limits(found, C)
    assert ((low <= share) & (share <= high)).mean() >= 0.935
    low, high = samples.logit_limits_where_enough(found, C)
    assert 0.935 <= ((low <= share) & (share <= high)).mean() <= 0.98


def test_the_logit_alone_covers_too_little_of_few_answers() -> None:
    rng = seeded(0.05, 100, 2.0)
    design = design_of(100, 2.0, rng)
    found = samples.estimates(design, drawn(design, 0.05, DRAWS, rng), np.ones((100, 1), dtype=bool))
    low, high = logit_limits(found.share, found.standard_error, found.degrees, C)
    assert ((low <= 0.05) & (high >= 0.05)).mean() < 0.935


@pytest.mark.parametrize(("share", "answers", "effect"), [(s, n, e) for s, n, e in CASES if s <= 0.3 and n <= 200])
def test_without_a_change_at_most_5_percent_are_met_and_5_percent_not_met(
    share: float, answers: int, effect: float
) -> None:
    rng = seeded(share, answers, effect, 1)
    editions = []
    for _ in range(2):
        design = design_of(answers, effect, rng)
        found = samples.estimates(design, drawn(design, share, 2000, rng), np.ones((answers, 1), dtype=bool))
        editions.append([_share(found, draw) for draw in range(2000)])
    # of every pair, also of those that no verdict is given of as they are not presentable: else few would be asked
    readings = [
        judgements.below(new.value - old.value, shares.change_interval(new, old, C)).statistical
        for new, old in zip(*editions, strict=True)
    ]
    assert readings.count("met") / 2000 <= 0.05
    assert readings.count("not_met") / 2000 <= 0.05


def _share(found: samples.Estimates, draw: int) -> Share:
    """One estimate as the verdicts take it."""
    value, variance = float(found.share[0, draw]), float(found.variance[0, draw])
    return Share(value, value, value, int(found.answers[0, draw]), 1.0, variance)


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
        found = counts.dispersion([(np.array(before), np.ones(years))]) or 1.0
        for widened, said in readings.items():
            interval = ratio(new, before[-1], found if widened else 1.0)
            said.append(judgements.held_at_baseline(new, before[-1], interval, 0.1).statistical)
    assert readings[True].count("not_met") / 2000 <= 0.05
    assert readings[False].count("not_met") / 2000 > 0.05  # as exact Poisson intervals alone would have it
