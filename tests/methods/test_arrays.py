"""Tests that compare the vectorised formulas with plain formulas, on random figures and on edge cases.

The plain formulas compute one figure at a time.
"""

import itertools
import math

import numpy as np
import pytest

from assets.methods import counts, shares
from assets.methods.counts import Count, Counts
from assets.methods.shares import Gaps, Share, Shares
from tests.methods import plain_formulas as plain

LEVELS = [0.95, 0.99]
EXACT = 1e-12


def _share(value, decimals=2, answers=300, design_effect=1.5, variance=None):
    """Return a share that was rounded to this number of decimals of a fraction. If `decimals` is None, it is exact."""
    half = 0.0 if decimals is None else 0.5 * 10.0**-decimals
    return {
        "value": value,
        "low": value - half,
        "high": value + half,
        "answers": answers,
        "design_effect": design_effect,
        "variance": variance,
    }


EDGES = [
    _share(0.0),  # share 0, rounded, so the lower rounding limit is below 0
    _share(1.0),
    _share(0.0, None),
    _share(1.0, None),
    _share(0.005),  # the lower rounding limit is 0
    _share(0.995),
    _share(0.5, answers=7),  # few answers
    _share(0.02, answers=30),
    _share(0.3, answers=None),
    _share(0.16, None, 280, 1.0, 0.0004),  # estimated
    _share(0.0, None, 280, 1.0, 0.0),
    _share(0.4, None, 280, 1.3, 0.0),
    _share(0.02, None, 100, 1.0, 0.02 * 0.98 / 400),  # a smaller variance than the number of answers gives
    _share(0.2, None, None, 1.0, 0.0004),  # a variance without answers
    _share(0.10, 0, 4000),  # rounded to 0 decimals: the rounding limits are -0.4 and 0.6
]


def _random_shares(number, seed):
    random = np.random.default_rng(seed)
    for _ in range(number):
        value = float(random.choice([random.random(), random.random() / 10, 1 - random.random() / 10]))
        answers = int(random.choice([2, 5, 25, 150, 900, 5000]))
        if random.random() < 0.4:
            spread = value * (1 - value) / answers * random.uniform(0.7, 2.5)
            yield _share(value, None, answers, float(random.uniform(0.8, 2)), float(spread))
        else:
            unknown = random.random() < 0.1
            yield _share(round(value, 2), int(random.choice([2, 3])), None if unknown else answers)


SHARES = [*EDGES, *_random_shares(400, 7)]
PAIRS = [*itertools.product(EDGES, EDGES), *zip(_random_shares(600, 1), _random_shares(600, 2), strict=True)]


def _gaps(number, seed):
    random = np.random.default_rng(seed)
    for area, comparison in itertools.islice(PAIRS, seed, None, max(1, len(PAIRS) // number)):
        yield area, comparison, None if random.random() < 0.5 else float(random.uniform(1e-5, 2e-3))


GAP_PAIRS = list(zip(_gaps(300, 0), _gaps(300, 1), strict=False))


def _arrays(share_dicts):
    return Shares.of_each(*(Share(**share) for share in share_dicts))


def _gap_arrays(gap_tuples):
    areas, comparisons, variances = zip(*gap_tuples, strict=True) if gap_tuples else ((), (), ())
    return Gaps(_arrays(areas), _arrays(comparisons), np.array(variances, float))


def _assert_same(limits, expected):
    """Assert that the limits equal the expected pairs. NaN limits are expected if the pair is None."""
    expected = np.array([(np.nan, np.nan) if pair is None else pair for pair in expected], float)
    assert limits[0].shape == limits[1].shape == (len(expected),)
    assert np.stack(limits, axis=1) == pytest.approx(expected, abs=EXACT, rel=EXACT, nan_ok=True)
    assert np.isfinite(expected).any()


@pytest.mark.parametrize("level", LEVELS)
def test_published_limits(level):
    _assert_same(shares.published_limits(_arrays(SHARES), level), [plain.published(share, level) for share in SHARES])


@pytest.mark.parametrize("level", LEVELS)
def test_change_limits(level):
    new, old = zip(*PAIRS, strict=True)
    expected = [plain.change(*pair, level) for pair in PAIRS]
    assert None in expected
    _assert_same(shares.change_limits(_arrays(new), _arrays(old), level), expected)


@pytest.mark.parametrize("level", LEVELS)
def test_gap_limits_with_a_variance_and_without(level):
    pairs = [(*pair, variance) for pair in PAIRS for variance in (None, 0.0003)]
    area, comparison, variance = zip(*pairs, strict=True)
    limits = shares.gap_limits(_arrays(area), _arrays(comparison), np.array(variance, float), level)
    _assert_same(limits, [plain.gap(*pair, level) for pair in pairs])


def test_gap_change_limits():
    new, old = zip(*GAP_PAIRS, strict=True)
    expected = [plain.gap_change(*pair, 0.95) for pair in GAP_PAIRS]
    assert len(GAP_PAIRS) >= 200
    assert None in expected
    _assert_same(shares.gap_change_limits(_gap_arrays(new), _gap_arrays(old), 0.95), expected)


@pytest.mark.parametrize("power", [0.8, 0.5, 0.3])
def test_smallest_falls_shown(power):
    new, old = zip(*PAIRS, strict=True)
    falls = shares.smallest_falls_shown(_arrays(new), _arrays(old), 0.95, power)
    expected = [plain.smallest_fall(*pair, 0.95, power) for pair in PAIRS]
    assert falls == pytest.approx(np.array(expected, float), abs=EXACT, nan_ok=True)
    assert 200 < np.isfinite(falls).sum() < len(falls) - 200


def test_smallest_narrowings_shown():
    known_pairs = [
        pair for pair in GAP_PAIRS if all(plain.worth(share) > 0 or gap[2] for gap in pair for share in gap[:2])
    ]
    new, old = zip(*known_pairs, strict=True)
    narrowings = shares.smallest_narrowings_shown(_gap_arrays(new), _gap_arrays(old), 0.95, 0.8)
    assert narrowings == pytest.approx([plain.smallest_narrowing(*pair, 0.95, 0.8) for pair in known_pairs], abs=EXACT)
    assert len(known_pairs) > 100


def test_a_narrowing_of_gaps_without_answers_or_variance_is_not_known():
    unknown = _gap_arrays([(_share(0.3, answers=None), _share(0.2), None)])
    assert np.isnan(shares.smallest_narrowings_shown(unknown, unknown, 0.95, 0.8)).all()


@pytest.mark.parametrize(("new", "old"), [*PAIRS[:60], *PAIRS[-60:]])
def test_one_change_is_an_array_of_one(new, old):
    interval, expected = shares.change_interval(Share(**new), Share(**old), 0.95), plain.change(new, old, 0.95)
    assert (interval is None) == (expected is None)
    assert interval is None or (interval.low, interval.high) == pytest.approx(expected, abs=EXACT)


def test_a_share_of_no_answers_has_no_interval():
    nobody = Share(0.3, 0.3, 0.3, 0, 1.0)
    shares_of_nobody = Shares.of_each(nobody)
    assert np.isnan(shares.published_limits(shares_of_nobody, 0.95)).all()
    assert shares.change_interval(nobody, nobody, 0.95) is None
    assert np.isnan(shares.smallest_falls_shown(shares_of_nobody, shares_of_nobody, 0.95, 0.8)).all()


def test_of_one_answer_only_nobody_and_everybody_have_limits():
    low, high = shares.published_limits(_arrays([_share(0.3, None, 1, 1.0), _share(1.0, None, 1, 1.0)]), 0.95)
    assert np.isnan([low[0], high[0]]).all()
    assert (low[1], high[1]) == (pytest.approx(0.025), 1.0)


def test_no_fall_is_no_fall_that_would_be_shown():
    everybody, fewer = _arrays([_share(1.0, None, 300, 1.0)]), _arrays([_share(0.9, None, 300, 1.0)])
    # d = z sqrt(d (1 - d) / 300), so d = z^2 / (300 + z^2); d = 0 is another solution
    z = plain.z_of(0.95) + plain.z_of(0.6)
    (fall,) = shares.smallest_falls_shown(fewer, everybody, 0.95, 0.8)
    assert fall == pytest.approx(z * z / (300 + z * z), abs=EXACT)


def test_no_shares_have_no_limits():
    no_shares = Shares.of_each()
    for low, high in (shares.published_limits(no_shares, 0.95), shares.change_limits(no_shares, no_shares, 0.95)):
        assert low.shape == high.shape == (0,)
    gaps = _gap_arrays([])
    assert shares.gap_change_limits(gaps, gaps, 0.95)[0].shape == (0,)
    assert shares.smallest_falls_shown(no_shares, no_shares, 0.95, 0.8).shape == (0,)
    assert shares.smallest_narrowings_shown(gaps, gaps, 0.95, 0.8).shape == (0,)


# --- counts --------------------------------------------------------------------------------------------------


def _random_counts(number, seed):
    random = np.random.default_rng(seed)
    for _ in range(number):
        low = float(random.integers(500, 700_000))
        yield int(random.choice([0, 1, 3, 20, 229, 4000])), low, low + float(random.choice([0, 1, 50]))


COUNTS = [(0, 800.0, 800.0), (1, 800.0, 900.0), *_random_counts(300, 3)]
COUNT_PAIRS = list(
    itertools.product([(0, 1.0, 1.0), (1, 2.0, 3.0), (9, 1.0, 1.0)], [(0, 1.0, 1.0), (7, 2.0, 2.5)])
) + list(zip(_random_counts(400, 4), _random_counts(400, 5), strict=True))


def _count_arrays(count_tuples):
    return Counts.of_each(*(Count(*count) for count in count_tuples))


@pytest.mark.parametrize("level", LEVELS)
def test_poisson_and_rate_limits(level):
    reports = np.array([count[0] for count in COUNTS])
    _assert_same(counts.poisson_limits(reports, level), [plain.poisson(number, level) for number in reports])
    _assert_same(counts.rate_limits(_count_arrays(COUNTS), level), [plain.rate(count, level) for count in COUNTS])


@pytest.mark.parametrize("dispersion", [0.4, 1.0, 3.7])
def test_rate_ratio_limits(dispersion):
    new, old = zip(*COUNT_PAIRS, strict=True)
    limits = counts.rate_ratio_limits(_count_arrays(new), _count_arrays(old), 0.95, dispersion)
    expected = [plain.rate_ratio(*pair, 0.95, dispersion) for pair in COUNT_PAIRS]
    assert (0.0, math.inf) in expected
    _assert_same(limits, expected)
    for pair, high in zip(COUNT_PAIRS[:20], limits[1][:20], strict=True):
        assert counts.rate_ratio_interval(*(Count(*count) for count in pair), 0.95, dispersion).high == high


def test_each_ratio_has_its_own_dispersion():
    new, old = _count_arrays([(60, 1.0, 1.0)] * 3), _count_arrays([(40, 1.0, 1.0)] * 3)
    together = counts.rate_ratio_limits(new, old, 0.95, np.array([0.5, 1.0, 4.0]))
    _assert_same(together, [plain.rate_ratio((60, 1, 1), (40, 1, 1), 0.95, phi) for phi in (0.5, 1.0, 4.0)])


def test_ratio_of_ratios_limits():
    random = np.random.default_rng(6)
    reports, ratio = random.choice([0, 1, 5, 80, 4000], (4, 300), p=[0.1, 0.2, 0.2, 0.3, 0.2]), random.random(300) * 3
    expected = [plain.ratio_of_ratios(*pair, 0.95) for pair in zip(ratio.tolist(), reports.T.tolist(), strict=True)]
    assert None in expected
    _assert_same(counts.ratio_of_ratios_limits(ratio, reports, 0.95), expected)


def test_what_is_not_known_of_a_count_is_not_known_of_its_limits():
    known_count = Counts(np.array([5.0]), np.array([100.0]), np.array([110.0]))
    for unknown_count in (
        Counts(np.array([np.nan]), np.array([100.0]), np.array([110.0])),
        Counts(np.array([5.0]), np.array([np.nan]), np.array([110.0])),
        Counts(np.array([0.0]), np.array([100.0]), np.array([np.nan])),
    ):
        for limits in (
            counts.rate_limits(unknown_count, 0.95),
            counts.rate_ratio_limits(unknown_count, known_count, 0.95),
            counts.rate_ratio_limits(known_count, unknown_count, 0.95),
        ):
            assert np.isnan(limits).all()
    assert np.isnan(counts.poisson_limits(np.array([np.nan]), 0.95)).all()
    assert np.isnan(counts.rate_ratio_limits(known_count, known_count, 0.95, np.array([np.nan]))).all()
    unknown_reports = np.array([[5.0], [np.nan], [4.0], [3.0]])
    assert np.isnan(counts.ratio_of_ratios_limits(np.array([1.0]), unknown_reports, 0.95)).all()


def test_no_counts_have_no_limits():
    no_counts = Counts.of_each()
    assert counts.rate_limits(no_counts, 0.95)[0].shape == (0,)
    assert counts.rate_ratio_limits(no_counts, no_counts, 0.95)[0].shape == (0,)
