"""Tests of the statistical formulas against values that were computed elsewhere.

The expected values come from R 4.2 with survey 4.1.1 (on apistrat), from R's poisson.test, from statsmodels 0.15 and
from articles. The tests compare all digits that are printed there.
"""

import itertools
import math
from statistics import NormalDist

import numpy as np
import pytest
from scipy import stats

from assets.methods import counts, judgements, shares
from assets.methods.counts import Count, Counts
from assets.methods.judgements import Verdict
from assets.methods.limits import (
    Array,
    Limits,
    clopper_pearson_limits,
    limits_of_sum,
    logit_limits,
    wilson_limits,
)
from assets.methods.shares import Gaps, Interval, Share, Shares

C = 0.95


def share(value: float, answers: int | None, effect: float = 1.5) -> Share:
    return Share(value, value - 0.005, value + 0.005, answers, effect)


def exact(value: float, answers: int, effect: float = 1.5) -> Share:
    return Share(value, value, value, answers, effect)


def assert_close(interval: Interval, low: float, high: float, digits: float) -> None:
    assert (interval.low, interval.high) == pytest.approx((low, high), abs=digits)


def array(value: float) -> Array:
    return np.array([value], float)


def interval_of(limits: Limits) -> Interval:
    """Return the `Interval` of two limits, each an array of length 1."""
    (low,), (high,) = limits
    return Interval(float(low), float(high))


def published(figure: Share) -> Interval:
    return interval_of(shares.published_limits(Shares.of_each(figure), C))


def gap(area: Share, comparison: Share, variance: float = math.nan) -> Gaps:
    return Gaps(Shares.of_each(area), Shares.of_each(comparison), array(variance))


def fall_shown(new: Share, old: Share) -> float:
    return float(shares.smallest_falls_shown(Shares.of_each(new), Shares.of_each(old), C, 0.8)[0])


# --- intervals of one figure -------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("standard_error", "low", "high"),
    [(0.0243447801131, 0.129185145, 0.225460345), (0.0247568028755, 0.128544817, 0.226457990)],
    ids=["finite population", "without"],
)
def test_logit_interval_is_the_one_of_r_survey(standard_error: float, low: float, high: float) -> None:
    # R survey 4.1.1, svyciprop(method = "logit") on apistrat: p 0.172051988584, 197 degrees of freedom
    assert_close(
        interval_of(logit_limits(array(0.172051988584), array(standard_error), array(197), C)), low, high, 5e-10
    )


@pytest.mark.parametrize(
    ("successes", "answers", "low", "high"),
    # statsmodels 0.15, proportion_confint(method="wilson")
    [(81, 263, 0.2553, 0.3662), (15, 148, 0.0624, 0.1605), (0, 20, 0, 0.1611), (1, 29, 0.0061, 0.1718)],
)
def test_wilson(successes: int, answers: int, low: float, high: float) -> None:
    assert_close(interval_of(wilson_limits(array(successes / answers), array(answers), C)), low, high, 5e-5)


@pytest.mark.parametrize(
    ("successes", "answers", "low", "high"),
    # statsmodels 0.15, proportion_confint(method="beta")
    [
        (81, 263, 0.2527, 0.3676),
        (15, 148, 0.0578, 0.1617),
        (0, 20, 0, 0.1684),
        (1, 29, 0.0009, 0.1776),
        (20, 20, 0.8316, 1),
    ],
)
def test_clopper_pearson(successes: int, answers: int, low: float, high: float) -> None:
    assert_close(interval_of(clopper_pearson_limits(array(successes), array(answers), C)), low, high, 5e-5)


@pytest.mark.parametrize(
    ("one", "other", "low", "high"),
    # Newcombe (1998), method 10
    [((56, 70), (48, 80), 0.0524, 0.3339), ((9, 10), (3, 10), 0.1705, 0.8090), ((5, 56), (0, 29), -0.0381, 0.1926)],
)
def test_newcombe_difference(one: tuple[int, int], other: tuple[int, int], low: float, high: float) -> None:
    values = [array(successes / answers) for successes, answers in (one, other)]
    limits = [wilson_limits(value, array(answers), C) for value, (_, answers) in zip(values, (one, other), strict=True)]
    assert_close(interval_of(limits_of_sum(values, limits, (1, -1))), low, high, 5e-5)


def test_published_interval_takes_in_the_rounding() -> None:
    wide, narrow = published(share(0.2, 300)), published(exact(0.2, 300))
    assert wide.low < narrow.low - 0.003
    assert wide.high > narrow.high + 0.003
    spread = math.sqrt(0.2 * 0.8 / 300 * 1.5)
    assert narrow == interval_of(logit_limits(array(0.2), array(spread), array(299), C))


def test_published_interval_of_none_and_all() -> None:
    assert_close(published(exact(0.0, 20, 1)), 0, 0.1684, 5e-5)
    assert_close(published(exact(1.0, 20, 1)), 0.8316, 1, 5e-5)


def test_without_answers_there_is_no_interval() -> None:
    unknown, known = share(0.16, None), share(0.09, 4000)
    assert np.isnan(shares.published_limits(Shares.of_each(unknown), C)).all()
    assert shares.change_interval(unknown, known, C) is None
    assert np.isnan(shares.gap_change_limits(gap(unknown, known), gap(known, known), C)).all()


# --- the change between two --------------------------------------------------------------------------------


@pytest.mark.parametrize(("effect", "p"), [(1.0, 0.043), (1.25, 0.07), (1.5, 0.10)])
def test_copenhagen_evening_2017_to_2018(effect: float, p: float) -> None:
    # the municipality: 22 % of 3,041 answers, then 20 % of 3,863, "a change cannot be shown"
    spread = math.sqrt(shares.variance(0.22, 3041, effect) + shares.variance(0.20, 3863, effect))
    z = -0.02 / spread
    assert 2 * NormalDist().cdf(z) == pytest.approx(p, abs=0.005)
    if effect == 1.0:
        assert z == pytest.approx(-2.02, abs=0.005)
    interval = shares.change_interval(exact(0.20, 3863, effect), exact(0.22, 3041, effect), C)
    assert interval is not None
    assert (interval.high < 0) == (p < 0.05)


def test_whole_percent_rounding_alone_spreads_p_from_0002_to_031() -> None:
    def p(new: float, old: float) -> float:
        spread = math.sqrt(shares.variance(new, 3863, 1) + shares.variance(old, 3041, 1))
        return 2 * NormalDist().cdf(-abs(new - old) / spread)

    p_values = [p(new, old) for new, old in itertools.product((0.195, 0.205), (0.215, 0.225))]
    assert (min(p_values), max(p_values)) == (pytest.approx(0.002, abs=0.0005), pytest.approx(0.31, abs=0.005))
    rounded = shares.change_interval(share(0.20, 3863, 1), share(0.22, 3041, 1), C)
    assert rounded is not None
    assert judgements.statistical_directions(np.array([rounded.low]), np.array([rounded.high])).tolist() == [
        "uncertain"
    ]


def test_few_answers_of_one_kind_take_newcombes_interval() -> None:
    interval = shares.change_interval(exact(5 / 56, 56, 1), exact(0.0, 29, 1), C)
    assert interval is not None
    assert_close(interval, -0.0381, 0.1926, 5e-5)


def test_change_interval_holds_every_value_that_rounds_to_the_figures() -> None:
    rounded_interval = shares.change_interval(share(0.16, 300), share(0.20, 320), C)
    assert rounded_interval is not None
    for new, old in itertools.product(np.linspace(0.155, 0.165, 9), np.linspace(0.195, 0.205, 9)):
        exact_interval = shares.change_interval(exact(float(new), 300), exact(float(old), 320), C)
        assert exact_interval is not None
        assert rounded_interval.low <= exact_interval.low + 1e-12
        assert exact_interval.high <= rounded_interval.high + 1e-12


@pytest.mark.parametrize(
    ("before", "effect", "points"), [(0.16, 1.0, 7.5), (0.16, 1.5, 8.9), (0.28, 1.0, 9.6), (0.28, 1.5, 11.5)]
)
def test_smallest_fall_shown_with_300_answers_a_year(before: float, effect: float, points: float) -> None:
    fall = fall_shown(exact(0.0, 300, effect), exact(before, 300, effect))
    assert fall is not None
    assert fall * 100 == pytest.approx(points, abs=0.05)


def test_smallest_fall_shown_is_never_less_than_what_the_interval_takes_in() -> None:
    fall = fall_shown(share(0.16, 300), share(0.20, 320))
    interval = shares.change_interval(share(0.16, 300), share(0.20, 320), C)
    assert fall is not None
    assert interval is not None
    assert fall > (interval.high - interval.low) / 2


def test_smallest_fall_shown_is_none_where_no_fall_would_show() -> None:
    assert math.isnan(fall_shown(exact(0.02, 30), exact(0.02, 30)))
    assert math.isnan(fall_shown(exact(0.0, 30), exact(0.0, 30)))


def test_gap_change_has_the_variance_of_four_samples() -> None:
    four_shares = exact(0.12, 300), exact(0.09, 4000), exact(0.16, 280), exact(0.09, 4800)
    interval = interval_of(shares.gap_change_limits(gap(*four_shares[:2]), gap(*four_shares[2:]), C))
    spread = math.sqrt(sum(point.value * (1 - point.value) / (point.answers or 1) * 1.5 for point in four_shares))
    assert_close(interval, -0.04 - 1.959964 * spread, -0.04 + 1.959964 * spread, 1e-7)
    new, old = gap(share(0.12, 300), share(0.09, 4000)), gap(share(0.16, 280), share(0.09, 4800))
    rounded_interval = interval_of(shares.gap_change_limits(new, old, C))
    assert rounded_interval.high - interval.high > 0.019


def test_gap_change_takes_a_variance_that_is_known() -> None:
    new, old = gap(exact(0.12, 300), exact(0.09, 4000), 0.0003), gap(exact(0.16, 280), exact(0.09, 4800), 0.0001)
    interval = interval_of(shares.gap_change_limits(new, old, C))
    assert_close(interval, -0.04 - 1.959964 * 0.02, -0.04 + 1.959964 * 0.02, 1e-7)


def test_each_share_has_its_own_design_effect() -> None:
    interval = shares.change_interval(exact(0.2, 1000, 2), exact(0.3, 1000, 1), C)
    spread = math.sqrt(2 * 0.2 * 0.8 / 1000 + 0.3 * 0.7 / 1000)
    assert interval is not None
    assert_close(interval, -0.1 - 1.959964 * spread, -0.1 + 1.959964 * spread, 1e-7)


def test_trend_is_weighted_least_squares() -> None:
    series = {2020: exact(0.16, 280), 2021: exact(0.15, 310), 2022: exact(0.17, 300), 2023: exact(0.12, 500)}
    line = shares.trend(series, C, 0.8)
    errors = [math.sqrt(shares.variance(point.value, point.answers or 1, 1.5)) for point in series.values()]
    slope, cov = np.polyfit(
        list(series), [point.value for point in series.values()], 1, w=1 / np.array(errors), cov="unscaled"
    )
    assert line.slope == pytest.approx(slope[0], abs=1e-9)
    assert line.interval is not None
    reach = 1.959964 * math.sqrt(cov[0, 0])
    assert_close(line.interval, slope[0] - reach, slope[0] + reach, 1e-6)


def test_trend_of_rounded_shares_is_wider_and_without_answers_has_no_interval() -> None:
    rounded = shares.trend({2020: share(0.16, 300), 2021: share(0.14, 300)}, C, 0.8)
    exactly = shares.trend({2020: exact(0.16, 300), 2021: exact(0.14, 300)}, C, 0.8)
    assert rounded.interval is not None
    assert exactly.interval is not None
    assert rounded.interval.high - exactly.interval.high == pytest.approx(0.01)
    unknown = shares.trend({2020: share(0.16, None), 2021: share(0.14, 300), 2022: share(0.12, 300)}, C, 0.8)
    assert unknown == shares.Trend(pytest.approx(-0.02), None)  # type: ignore[arg-type]


# --- counts and rates --------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("reports", "low", "high"),
    # Garwood's exact limits, by R's chi-squared quantiles
    [
        (0, 0, 3.688879),
        (1, 0.025318, 5.571643),
        (5, 1.623486, 11.668332),
        (10, 4.795389, 18.390356),
        (20, 12.216520, 30.888378),
        (50, 37.110964, 65.918767),
        (100, 81.363991, 121.626794),
        (229, 200.298572, 260.659853),
    ],
)
def test_poisson_interval(reports: int, low: float, high: float) -> None:
    assert_close(interval_of(counts.poisson_limits(array(reports), C)), low, high, 5e-7)


def test_229_reports_of_11225_residents() -> None:
    assert pytest.approx(20.400891, abs=5e-7) == 229 / 11225 * 1000
    known, implied = Counts.of_each(Count(229, 11225, 11225)), Counts.of_each(Count(229, 11198, 11253))
    assert_close(interval_of(counts.rate_limits(known, C)), 17.843971, 23.221368, 5e-7)
    assert_close(interval_of(counts.rate_limits(implied, C)), 17.80, 23.28, 0.005)


@pytest.mark.parametrize(
    ("new", "old", "low", "high", "digits"),
    # R's poisson.test
    [((11, 800), (21, 3011), 0.8584264, 4.2772659, 5e-7), ((240, 11300), (229, 11225), 0.8650254, 1.2532239, 5e-8)],
)
def test_rate_ratio(new: tuple[int, int], old: tuple[int, int], low: float, high: float, digits: float) -> None:
    new_count, old_count = Count(new[0], new[1], new[1]), Count(old[0], old[1], old[1])
    assert_close(counts.rate_ratio_interval(new_count, old_count, C), low, high, digits)


def test_rate_ratio_over_population_bands_and_of_nothing() -> None:
    point = counts.rate_ratio_interval(Count(40, 1000, 1000), Count(30, 1000, 1000), C)
    band = counts.rate_ratio_interval(Count(40, 990, 1010), Count(30, 990, 1010), C)
    assert_close(band, point.low * 990 / 1010, point.high * 1010 / 990, 1e-9)
    assert counts.rate_ratio_interval(Count(0, 1, 1), Count(0, 1, 1), C) == Interval(0.0, math.inf)
    assert counts.rate_ratio_interval(Count(9, 1, 1), Count(0, 1, 1), C).high == math.inf


SERIES = np.array([229, 212, 240, 255, 231]), np.array([11.225, 11.3, 11.3, 11.4, 11.4])


def test_dispersion_of_a_series_of_counts() -> None:
    # R 4.2, glm(reports ~ 1 + offset(log(population)), poisson): Pearson over 4
    assert counts.dispersion([SERIES]) == pytest.approx(0.972999566, abs=5e-10)
    two_years = (np.array([0, 40]), np.array([1, 1]))
    assert counts.dispersion([two_years]) == 40
    assert counts.dispersion([two_years, SERIES]) == pytest.approx((40 + 4 * 0.972999566) / 5, abs=1e-9)
    nothing = [(np.array([3]), np.array([1])), (np.array([0, 0]), np.array([1, 1]))]
    assert counts.dispersion(nothing) is None


def test_dispersion_widens_the_ratios_interval_by_its_root() -> None:
    new, old = Count(4400, 1, 1), Count(4000, 1, 1)
    interval_at_03, interval_at_1, interval_at_4 = (counts.rate_ratio_interval(new, old, C, phi) for phi in (0.3, 1, 4))
    assert interval_at_03 == interval_at_1  # a dispersion below 1 does not make the interval narrower
    reach = [np.log(interval.high) - np.log(interval.low) for interval in (interval_at_1, interval_at_4)]
    assert reach[1] / reach[0] == pytest.approx(2, abs=0.02)
    # with dispersion 4, the interval is the one of a quarter of the reports: 1100 against 1000 (as R's poisson.test)
    assert interval_at_4 == counts.rate_ratio_interval(Count(1100, 1, 1), Count(1000, 1, 1), C)
    assert counts.smallest_rise_shown(Count(60, 1, 1), 1, C, 4) > 85  # 85 is the result without dispersion


@pytest.mark.parametrize(("baseline", "shown"), [(20, 36), (40, 61), (60, 85), (229, 274)])
def test_smallest_rise_shown(baseline: int, shown: int) -> None:
    assert counts.smallest_rise_shown(Count(baseline, 1, 1), 1, C) == shown


# --- verdicts ----------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("change", "interval", "limit", "expected"),
    [
        (-2, Interval(-4, -1), 0, Verdict("met", "met")),
        (-2, Interval(-4, 1), 0, Verdict("met", "uncertain")),
        (2, Interval(1, 4), 0, Verdict("not_met", "not_met")),
        (0, Interval(-2, 2), 0, Verdict("not_met", "uncertain")),
        (-2, None, 0, Verdict("met", "not_evaluable", "answers_unknown")),
        (-2, Interval(-4, -1), -3, Verdict("not_met", "uncertain")),
        (-5, Interval(-6, -4), -3, Verdict("met", "met")),
        (-1, Interval(-2, -0.5), -3, Verdict("not_met", "not_met")),
    ],
)
def test_below(change: float, interval: Interval | None, limit: float, expected: Verdict) -> None:
    assert judgements.below(change, interval, limit) == expected


@pytest.mark.parametrize(("change", "word"), [(-1, "fall"), (1, "rise"), (0, "no_change"), (1e-12, "no_change")])
def test_literal_direction(change: float, word: str) -> None:
    assert judgements.literal_directions(np.array([change])).tolist() == [word]


def test_a_change_that_is_not_known_has_no_direction() -> None:
    assert judgements.literal_directions(np.array([np.nan, 1.0])).tolist() == [None, "rise"]


def test_statistical_directions_of_differences_and_of_ratios() -> None:
    low, high = np.array([-2.0, 1.0, -1.0, np.nan]), np.array([-1.0, 2.0, 1.0, np.nan])
    words = ["fall", "rise", "uncertain", "uncertain"]
    assert judgements.statistical_directions(low, high).tolist() == words
    assert judgements.statistical_directions(low / 10 + 1, high / 10 + 1, 1.0).tolist() == words


@pytest.mark.parametrize(
    ("new", "old", "tolerance", "expected"),
    [
        (36, 20, 0.10, Verdict("not_met", "not_met")),
        (35, 20, 0.10, Verdict("not_met", "uncertain")),
        (20, 20, 0.10, Verdict("met", "uncertain")),
        (22000, 22000, 0.10, Verdict("met", "met")),
        (22900, 22000, 0.10, Verdict("not_met", "not_met")),  # both readings would be true, and not_met has priority
        (30, 60, 0.10, Verdict("met", "met")),
    ],
)
def test_held_at_baseline(new: int, old: int, tolerance: float, expected: Verdict) -> None:
    ratio = counts.rate_ratio_interval(Count(new, 1, 1), Count(old, 1, 1), C)
    assert judgements.held_at_baseline(new, old, ratio, tolerance) == expected


def test_held_at_baseline_without_counts_is_read_by_the_words_alone() -> None:
    verdict = judgements.held_at_baseline(19.9, 20.4, None, 0.1)
    assert verdict == Verdict("met", "not_evaluable", "missing_extract")


@pytest.mark.parametrize(("mean", "met"), [(60, 0.063), (229, 0.16)])
def test_unchanged_risk_is_rarely_met_and_hardly_ever_not_met(mean: int, met: float) -> None:
    # exact: over both Poisson counts; met in 6.3 % of cases with 60 reports and in 16 % with 229
    span = np.arange(int(mean - 6 * mean**0.5), int(mean + 6 * mean**0.5))
    chance = stats.poisson.pmf(span, mean)
    new, old = np.meshgrid(span, span, indexing="ij")
    weight = np.outer(chance, chance)
    low = stats.beta.ppf(0.025, new, old + 1)
    high = stats.beta.ppf(0.975, new + 1, old)
    assert weight[low / (1 - low) > 1].sum() <= 0.05
    assert weight[high / (1 - high) < 1.1].sum() == pytest.approx(met, abs=0.006)
    sample = Count(int(span[5]), 1, 1), Count(int(span[-5]), 1, 1)
    interval = counts.rate_ratio_interval(*sample, C)
    assert_close(interval, low[5, -5] / (1 - low[5, -5]), high[5, -5] / (1 - high[5, -5]), 1e-9)


def test_full_counts_read_the_same_both_ways() -> None:
    assert judgements.at_least(75, 75, 75, 75) == Verdict("met", "met")
    assert judgements.at_least(74.9, 75, 74.9, 74.9) == Verdict("not_met", "not_met")
    assert judgements.at_most(0, 0, 0, 0) == Verdict("met", "met")
    assert judgements.at_most(4, 0, 4, 4) == Verdict("not_met", "not_met")


def test_an_uncertain_figure_reaches_a_level_only_with_its_whole_interval() -> None:
    assert judgements.at_least(80, 75, 76, 84) == Verdict("met", "met")
    assert judgements.at_least(80, 75, 74, 86) == Verdict("met", "uncertain")
    assert judgements.at_least(70, 75, 64, 76) == Verdict("not_met", "uncertain")
    assert judgements.at_least(60, 75, 54, 66) == Verdict("not_met", "not_met")
    assert judgements.at_least(80, 75, None, None) == Verdict("met", "not_evaluable", "answers_unknown")


def test_a_number_read_off_uncertain_shares_has_no_statistical_reading() -> None:
    assert judgements.at_most(4, 0, None, None) == Verdict("not_met", "not_evaluable", "answers_unknown")
    assert judgements.at_most(0, 0, None, None) == Verdict("met", "not_evaluable", "answers_unknown")


def test_not_evaluable_reads_neither_way() -> None:
    assert judgements.not_evaluable("series_break") == Verdict("not_evaluable", "not_evaluable", "series_break")


def test_nobody_in_a_trend_weighs_as_half_an_answer_in_one_more() -> None:
    # a share of 0 of 300 answers gets the variance of the share 0.5 / 301 (Haldane)
    none, some = Share(0.0, 0.0, 0.0, 300, 1.0), Share(0.1, 0.1, 0.1, 300, 1.0)
    half = 0.5 / 301
    weights = [300 / (0.1 * 0.9), 300 / (half * (1 - half)), 300 / (0.1 * 0.9)]
    line = shares.trend({2020: some, 2021: none, 2022: some}, C, 0.8)
    spread = np.polyfit([0, 1, 2], [0.1, 0.0, 0.1], 1, w=np.sqrt(weights), cov="unscaled")[1][0, 0]
    assert line.interval is not None
    assert line.interval.high - line.slope == pytest.approx(1.959963985 * math.sqrt(spread), rel=1e-9)


def test_few_answers_are_never_worth_more_than_they_are() -> None:
    sure = Share(0.02, 0.02, 0.02, 100, 1.0, 0.02 * 0.98 / 400)  # the variance is that of four times as many answers
    plain = Share(0.02, 0.02, 0.02, 100, 1.0)
    other = Share(0.3, 0.3, 0.3, 1000, 1.0)
    assert shares.change_interval(sure, other, C) == shares.change_interval(plain, other, C)
