"""Shares of residents, published or estimated: rounding, variance and intervals, and the change between two.

Shares are fractions between 0 and 1 here. Every formula stands once, for arrays (`Shares`, `Gaps`), NaN where something is not
known; of a single share (`Share`, `Gap`) the same function is asked with arrays of one, and what is not known is None. How a share is estimated from answers is in `samples.py`, counts and rates of
crime are in `counts.py`, and what a target makes of an interval is in `judgements.py`.
"""

import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from itertools import product
from statistics import NormalDist
from typing import TypeVar

import numpy as np

from assets.methods.limits import (
    Array,
    Limits,
    clopper_pearson_limits,
    limits_of_sum,
    logit_limits,
    normal_quantile,
    wilson_limits,
)

METHOD = "published_share/1"
SMALL = 10

Number = TypeVar("Number", float, Array)


@dataclass(frozen=True)
class Share:
    """A share: its value, the values that round to it, the answers behind it where known, and how sure it is.

    A share that was estimated from answers is not rounded, both limits are its value, and it has the `variance` that was
    estimated with it. Of a published one there is only the `design_effect` that is assumed of it.
    """

    value: float
    low: float
    high: float
    answers: int | None
    design_effect: float
    variance: float | None = None

    @property
    def worth(self) -> float:
        """How many answers of a simple random sample the share is as sure as; NaN without the number of answers."""
        return float(Shares.of_each(self).worth[0])

    def variance_at(self, value: float) -> float:
        """The variance that a share of `value` would have with as many effective answers."""
        return float(Shares.of_each(self).variance_at(np.array([value]))[0])


@dataclass(frozen=True)
class Gap:
    """An area's share and that of the area it is compared with, and the variance of their difference where it is known."""

    area: Share
    comparison: Share
    variance: float | None = None


@dataclass(frozen=True)
class Interval:
    """Lower and upper limit."""

    low: float
    high: float


@dataclass(frozen=True)
class Shares:
    """Many shares, each as a `Share`: arrays of one length. NaN: the answers are not known, no variance was estimated."""

    value: Array
    low: Array
    high: Array
    answers: Array
    design_effect: Array
    variance: Array

    @classmethod
    def of_each(cls, *shares: Share) -> "Shares":
        """The shares as arrays, in their order."""
        return cls(
            value=np.array([share.value for share in shares], float),
            low=np.array([share.low for share in shares], float),
            high=np.array([share.high for share in shares], float),
            answers=_numbers([share.answers for share in shares]),
            design_effect=np.array([share.design_effect for share in shares], float),
            variance=_numbers([share.variance for share in shares]),
        )

    @property
    def known(self) -> Array:
        """Whether the number of answers is known, and not 0."""
        return self.answers > 0

    @property
    def worth(self) -> Array:
        """How many answers of a simple random sample each share is as sure as; NaN without the number of answers."""
        spread = self.value * (1 - self.value)
        estimated = (self.variance > 0) & (self.value > 0) & (self.value < 1)
        assumed = self.answers / np.where(np.isnan(self.variance), self.design_effect, 1.0)
        return np.divide(spread, self.variance, out=np.array(assumed, float), where=estimated)

    @property
    def ends(self) -> tuple[Array, ...]:
        """The smallest and the largest value that rounds to each share, within 0 and 1; once where none is rounded."""
        if np.array_equal(self.low, self.high, equal_nan=True):
            return (np.clip(self.low, 0.0, 1.0),)
        return np.maximum(self.low, 0.0), np.minimum(self.high, 1.0)

    def variance_at(self, value: Array) -> Array:
        """The variance that shares of `value` would have with as many effective answers. NaN or infinity of no answers."""
        with np.errstate(divide="ignore", invalid="ignore"):
            return value * (1 - value) / self.worth


@dataclass(frozen=True)
class Gaps:
    """Many gaps, each as a `Gap`: shares of one length. NaN: the variance of the difference is not known."""

    area: Shares
    comparison: Shares
    variance: Array

    @classmethod
    def of_each(cls, *gaps: Gap) -> "Gaps":
        """The gaps as arrays, in their order."""
        return cls(
            area=Shares.of_each(*(gap.area for gap in gaps)),
            comparison=Shares.of_each(*(gap.comparison for gap in gaps)),
            variance=_numbers([gap.variance for gap in gaps]),
        )

    def variance_at(self, area: Array, comparison: Array) -> Array:
        """The gaps' variances: their own where it is known, else that of two samples with shares of these values."""
        of_two_samples = self.area.variance_at(area) + self.comparison.variance_at(comparison)
        return np.where(np.isnan(self.variance), of_two_samples, self.variance)


def rounding_band(value: float, decimals: int) -> Interval:
    """All values that are printed as `value` with so many decimals.

    Rounded to 9 decimals, so that the bands of 10.3 and 10.4 touch at 10.35 and do not overlap by a bit of binary.
    """
    half = 0.5 * 10.0**-decimals
    return Interval(round(value - half, 9), round(value + half, 9))


def variance(share: Number, answers: Number, design_effect: Number) -> Number:
    """p (1 - p) / n times the assumed design effect: for a share of which only n was published."""
    return share * (1 - share) / answers * design_effect


def logit_interval(share: float, standard_error: float, degrees: float, confidence: float) -> Interval:
    """Interval on the logit scale, see `logit_limits`. `share` must lie strictly between 0 and 1."""
    low, high = logit_limits(np.asarray(share), np.asarray(standard_error), np.asarray(degrees), confidence)
    return Interval(float(low), float(high))


def clopper_pearson(successes: float, answers: float, confidence: float) -> Interval:
    """Exact binomial interval, see `clopper_pearson_limits`."""
    low, high = clopper_pearson_limits(np.asarray(successes), np.asarray(answers), confidence)
    return Interval(float(low), float(high))


def wilson(share: float, answers: float, confidence: float) -> Interval:
    """Score interval of a proportion, see `wilson_limits`."""
    low, high = wilson_limits(np.asarray(share), np.asarray(answers), confidence)
    return Interval(float(low), float(high))


def newcombe_difference(first: float, of_first: Interval, second: float, of_second: Interval) -> Interval:
    """Interval of `first - second` from the intervals of both, see `limits_of_sum`."""
    limits = [(np.array([interval.low]), np.array([interval.high])) for interval in (of_first, of_second)]
    low, high = limits_of_sum([np.array([first]), np.array([second])], limits, (1, -1))
    return Interval(float(low[0]), float(high[0]))


# --- one figure ----------------------------------------------------------------------------------------------


def published_limits(shares: Shares, confidence: float) -> Limits:
    """Limits of published shares over all values that round to each; NaN without the number of answers.

    Nobody and everybody have exact limits (Clopper and Pearson), which need no variance; of one answer there are no others.
    """
    low, _ = _limits_at(np.maximum(shares.low, 0.0), shares, confidence)
    _, high = _limits_at(np.minimum(shares.high, 1.0), shares, confidence)
    return low, high


def published_interval(share: Share, confidence: float) -> Interval | None:
    """Interval of one published share, see `published_limits`; None without the number of answers."""
    return _interval(published_limits(Shares.of_each(share), confidence))


def _limits_at(value: Array, shares: Shares, confidence: float) -> Limits:
    with np.errstate(divide="ignore", invalid="ignore"):
        standard_error = np.sqrt(variance(value, shares.answers, shares.design_effect))
    low, high = logit_limits(value, standard_error, shares.answers - 1, confidence)
    none_or_all = ((value == 0) | (value == 1)) & shares.known
    answers = shares.answers[none_or_all]
    low[none_or_all], high[none_or_all] = clopper_pearson_limits(value[none_or_all] * answers, answers, confidence)
    return low, high


# --- the change between two ----------------------------------------------------------------------------------


def change_limits(new: Shares, old: Shares, confidence: float) -> Limits:
    """Limits of `new - old` over all values that round to the two; NaN without both numbers of answers.

    Two editions are independent samples: d = p1 - p0, se = sqrt(v1 + v0). Where either share stands on fewer
    than 10 effective answers of one kind, Newcombe's hybrid of two Wilson intervals is used instead. An area and
    the municipality that holds it are positively correlated; leaving that out makes their gap's interval wider.
    """

    def variance_at(new_value: Array, old_value: Array) -> Array:
        return new.variance_at(new_value) + old.variance_at(old_value)

    return _limits_over_rounding((new, old), (1, -1), variance_at, confidence)


def change_interval(new: Share, old: Share, confidence: float) -> Interval | None:
    """Interval of one change, see `change_limits`; None without both numbers of answers."""
    return _interval(change_limits(Shares.of_each(new), Shares.of_each(old), confidence))


def gap_limits(area: Shares, comparison: Shares, variance: Array, confidence: float) -> Limits:
    """Limits of area less comparison: by the gap's own variance where it is known (not NaN), else as of two samples."""
    low, high = change_limits(area, comparison, confidence)
    gap, reach = area.value - comparison.value, normal_quantile(confidence) * np.sqrt(variance)
    return np.where(np.isnan(variance), low, gap - reach), np.where(np.isnan(variance), high, gap + reach)


def gap_interval(gap: Gap, confidence: float) -> Interval | None:
    """Interval of one gap, see `gap_limits`; None where neither its variance nor both numbers of answers are known."""
    gaps = Gaps.of_each(gap)
    return _interval(gap_limits(gaps.area, gaps.comparison, gaps.variance, confidence))


def gap_change_limits(new: Gaps, old: Gaps, confidence: float) -> Limits:
    """Limits of the change of a gap, (area - comparison) now less the same before, over all rounding.

    Two editions are independent samples, so their gaps' variances add up. Where a gap's own variance is not known it is
    that of two samples; the covariance of area and municipality, which would make it smaller, is left out. Where a share
    stands on fewer than 10 effective answers of one kind, the Wilson intervals of all four are put together, as Newcombe does
    with two (Zou and Donner 2008). NaN without all four numbers of answers.
    """

    def variance_at(area_now: Array, comparison_now: Array, area_then: Array, comparison_then: Array) -> Array:
        return new.variance_at(area_now, comparison_now) + old.variance_at(area_then, comparison_then)

    four = (new.area, new.comparison, old.area, old.comparison)
    return _limits_over_rounding(four, (1, -1, -1, 1), variance_at, confidence)


def gap_change_interval(new: Gap, old: Gap, confidence: float) -> Interval | None:
    """Interval of one gap's change, see `gap_change_limits`; None without all four numbers of answers."""
    return _interval(gap_change_limits(Gaps.of_each(new), Gaps.of_each(old), confidence))


def _limits_over_rounding(
    shares: Sequence[Shares], signs: Sequence[int], variance_at: Callable[..., Array], confidence: float
) -> Limits:
    """Limits of a sum of independent shares with signs: the widest over both ends of each share's rounding.

    `variance_at` gives the sum's variance at values of the shares. NaN where a number of answers is not known.
    """
    all_known = np.logical_and.reduce([term.known for term in shares])
    # never worth more than the answers that there are, as Korn and Graubard's interval: few tell little of the variance
    answers = [np.minimum(term.worth, term.answers) for term in shares]
    lows, highs = [], []
    for values in product(*(term.ends for term in shares)):
        total = sum(sign * value for sign, value in zip(signs, values, strict=True))
        reach = normal_quantile(confidence) * np.sqrt(variance_at(*values))
        of_each = [wilson_limits(value, number, confidence) for value, number in zip(values, answers, strict=True)]
        low_of_few, high_of_few = limits_of_sum(values, of_each, signs)
        rarer = [term.worth * np.minimum(value, 1 - value) for term, value in zip(shares, values, strict=True)]
        few = np.minimum.reduce(rarer) < SMALL
        lows.append(np.where(few, low_of_few, total - reach))
        highs.append(np.where(few, high_of_few, total + reach))
    return np.where(all_known, np.minimum.reduce(lows), np.nan), np.where(all_known, np.maximum.reduce(highs), np.nan)


# --- the smallest change that would be shown -----------------------------------------------------------------


def smallest_falls_shown(new: Shares, old: Shares, confidence: float, power: float) -> Array:
    """Smallest falls from `old` that a two-sided test would show with this power; NaN where none would.

    Solves d - r = z sqrt(v(p) + v(p - d)) with z = z_confidence + z_power, where r is half of both rounding bands: what
    rounding alone may have made of the fall, and which `change_limits` takes in. As v(p - d) = (p - d)(1 - p + d) / worth,
    the square of both sides is quadratic in d, and the fall is the larger of its roots; at the smaller, d is at most r.
    """
    z, rounding, share = _shown_quantile(confidence, power), _half_bands(new, old), old.value
    with np.errstate(divide="ignore", invalid="ignore"):
        scale = z * z / new.worth
        square = 1 + scale
        half = rounding + scale * (share - 0.5)  # square d^2 - 2 half d + constant = 0
        constant = rounding**2 - z * z * old.variance_at(share) - scale * share * (1 - share)
        root = np.sqrt(half * half - square * constant)
        # two forms of the larger root: neither takes a number from one that is nearly equal
        fall = np.where(half > 0, (half + root) / square, -constant / (root - half))
        shown = share - rounding - z * np.sqrt(old.variance_at(share)) > 0  # at a fall to nobody, whose variance is 0
    return np.where(new.known & old.known & (share > 0) & shown, fall, np.nan)


def smallest_fall_shown(new: Share, old: Share, confidence: float, power: float) -> float | None:
    """Smallest fall from one share that would be shown, see `smallest_falls_shown`; None where none would."""
    fall = float(smallest_falls_shown(Shares.of_each(new), Shares.of_each(old), confidence, power)[0])
    return None if math.isnan(fall) else fall


def smallest_narrowings_shown(new: Gaps, old: Gaps, confidence: float, power: float) -> Array:
    """Smallest narrowings of gaps that a two-sided test would show with this power, at the shares as they are now.

    NaN where a gap has neither a variance of its own nor both numbers of answers.
    """
    total = sum(gaps.variance_at(gaps.area.value, gaps.comparison.value) for gaps in (new, old))
    rounding = _half_bands(new.area, new.comparison, old.area, old.comparison)
    return rounding + _shown_quantile(confidence, power) * np.sqrt(total)


def smallest_narrowing_shown(new: Gap, old: Gap, confidence: float, power: float) -> float:
    """Smallest narrowing of one gap that would be shown, see `smallest_narrowings_shown`."""
    return float(smallest_narrowings_shown(Gaps.of_each(new), Gaps.of_each(old), confidence, power)[0])


def _shown_quantile(confidence: float, power: float) -> float:
    return normal_quantile(confidence) + NormalDist().inv_cdf(power)


def _half_bands(*rounded: Shares) -> Array:
    """What rounding alone may make of the shares' differences: half of every band."""
    return np.add.reduce([shares.high - shares.low for shares in rounded]) / 2


def _numbers(values: Sequence[float | None]) -> Array:
    return np.array([np.nan if value is None else value for value in values], float)


def _interval(limits: Limits) -> Interval | None:
    """Return the interval of arrays of one lower and one upper limit; None where one is NaN."""
    low, high = float(limits[0][0]), float(limits[1][0])
    return None if math.isnan(low) or math.isnan(high) else Interval(low, high)


# --- series of editions --------------------------------------------------------------------------------------


@dataclass(frozen=True)
class Trend:
    """A straight line through shares of several editions: its slope a year, the slope's interval, and the smallest fall a
    year that would have been shown.
    """

    slope: float
    interval: Interval | None
    smallest_fall_shown: float | None = None


def trend(shares: dict[int, Share], confidence: float, power: float) -> Trend:
    """Weighted least squares through the shares by edition, weights 1 / variance.

    Without every number of answers the slope is unweighted and has no interval. Rounding widens the interval by
    the largest tilt that it can give the line. Needs at least two editions.
    """
    editions = sorted(shares)
    answers_known = all(shares[edition].answers is not None for edition in editions)
    weights = [1 / _trend_variance(shares[edition]) if answers_known else 1.0 for edition in editions]
    middle = sum(weight * edition for weight, edition in zip(weights, editions, strict=True)) / sum(weights)
    spread = sum(weight * (edition - middle) ** 2 for weight, edition in zip(weights, editions, strict=True))
    pulls = [weight * (edition - middle) / spread for weight, edition in zip(weights, editions, strict=True)]
    slope = sum(pull * shares[edition].value for pull, edition in zip(pulls, editions, strict=True))
    if not answers_known:
        return Trend(slope, None)
    tilt = sum(
        abs(pull) * (shares[edition].high - shares[edition].low) / 2
        for pull, edition in zip(pulls, editions, strict=True)
    )
    reach = normal_quantile(confidence) / math.sqrt(spread) + tilt
    shown = _shown_quantile(confidence, power) / math.sqrt(spread) + tilt
    return Trend(slope, Interval(slope - reach, slope + reach), shown)


def _trend_variance(share: Share) -> float:
    """Return the share's variance; at 0 and 1, where that is 0, the one with half an answer added in one answer more.

    Source of the half: Haldane (1956), as for the logarithm of odds.
    """
    value = (share.value * share.worth + 0.5) / (share.worth + 1) if share.value in (0.0, 1.0) else share.value
    return share.variance_at(value)
