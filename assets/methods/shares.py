"""Shares of residents, published or estimated: their variance and intervals, and the changes between them.

Shares are fractions between 0 and 1 here. The functions take arrays (`Shares`, `Gaps`), in which NaN means that a value is
not known. The functions for single shares (`Share`) call them with arrays of length 1, and use None for a value that is not
known. `samples.py` estimates shares from answers, `counts.py` deals with counts and rates of crime, and `judgements.py` turns
intervals into verdicts.
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
    """A share: its value, the smallest and the largest value that round to it, its number of answers, and its precision.

    A share that was estimated from answers is not rounded: `low` and `high` equal its value, and its `variance` is an estimate
    too. A share that was only published has no `variance`. Its precision follows from `answers` and an assumed `design_effect`.
    """

    value: float
    low: float
    high: float
    answers: int | None
    design_effect: float
    variance: float | None = None

    @property
    def effective_answers(self) -> float:
        """The effective answers: a simple random sample of so many answers would have the same variance.

        NaN if the number of answers is not known.
        """
        return float(Shares.of_each(self).effective_answers[0])

    def variance_at(self, value: float) -> float:
        """Return the variance that a share of `value` has if it has the same number of effective answers as this share."""
        return float(Shares.of_each(self).variance_at(np.array([value]))[0])


@dataclass(frozen=True)
class Interval:
    """An interval: its lower and its upper limit."""

    low: float
    high: float


@dataclass(frozen=True)
class Shares:
    """Many shares: the fields of `Share` as arrays of equal length.

    NaN in `answers` means that the number of answers is not known. NaN in `variance` means that no variance was estimated.
    """

    value: Array
    low: Array
    high: Array
    answers: Array
    design_effect: Array
    variance: Array

    @classmethod
    def of_each(cls, *shares: Share) -> "Shares":
        """Return the shares as arrays, in the order in which they are given."""
        return cls(
            value=np.array([share.value for share in shares], float),
            low=np.array([share.low for share in shares], float),
            high=np.array([share.high for share in shares], float),
            answers=_numbers([share.answers for share in shares]),
            design_effect=np.array([share.design_effect for share in shares], float),
            variance=_numbers([share.variance for share in shares]),
        )

    @property
    def has_answers(self) -> Array:
        """Whether the number of answers is known and above 0, for each share."""
        return self.answers > 0

    @property
    def effective_answers(self) -> Array:
        """The effective answers of each share: a simple random sample of so many answers would have the same variance.

        NaN if the number of answers is not known.
        """
        spread = self.value * (1 - self.value)
        estimated = (self.variance > 0) & (self.value > 0) & (self.value < 1)
        assumed = self.answers / np.where(np.isnan(self.variance), self.design_effect, 1.0)
        return np.divide(spread, self.variance, out=np.array(assumed, float), where=estimated)

    @property
    def ends(self) -> tuple[Array, ...]:
        """The smallest and the largest value that round to each share, but none below 0 or above 1.

        If no share is rounded, the tuple has a single array.
        """
        if np.array_equal(self.low, self.high, equal_nan=True):
            return (np.clip(self.low, 0.0, 1.0),)
        return np.maximum(self.low, 0.0), np.minimum(self.high, 1.0)

    def variance_at(self, value: Array) -> Array:
        """Return the variances that shares of `value` have if they have the same numbers of effective answers as these shares.

        They are NaN or infinity if there are no answers.
        """
        with np.errstate(divide="ignore", invalid="ignore"):
            return value * (1 - value) / self.effective_answers


@dataclass(frozen=True)
class Gaps:
    """Many gaps: the shares of areas, the shares of the areas that they are compared with, and the variances of the differences.

    NaN in `variance` means that the variance of the difference is not known.
    """

    area: Shares
    comparison: Shares
    variance: Array

    def variance_at(self, area: Array, comparison: Array) -> Array:
        """Return the variance of each gap.

        If `variance` has a value for the gap, the result is that value. If not, it is the variance for two independent samples
        with these shares.
        """
        of_two_samples = self.area.variance_at(area) + self.comparison.variance_at(comparison)
        return np.where(np.isnan(self.variance), of_two_samples, self.variance)


def variance(share: Number, answers: Number, design_effect: Number) -> Number:
    """Return the variance of a share of which only the number of answers n is known.

    The variance of a share p is p (1 - p) / n times the assumed design effect.
    """
    return share * (1 - share) / answers * design_effect


# --- one figure ----------------------------------------------------------------------------------------------


def published_limits(shares: Shares, confidence: float) -> Limits:
    """Return limits of published shares. They are wide enough to be right for every value that rounds to the share.

    They are NaN if the number of answers is not known. Shares of 0 and 1 have no variance, so they get exact limits (Clopper
    and Pearson). If there is only a single answer, only these two shares have limits.
    """
    low, _ = _limits_at(np.maximum(shares.low, 0.0), shares, confidence)
    _, high = _limits_at(np.minimum(shares.high, 1.0), shares, confidence)
    return low, high


def _limits_at(value: Array, shares: Shares, confidence: float) -> Limits:
    with np.errstate(divide="ignore", invalid="ignore"):
        standard_error = np.sqrt(variance(value, shares.answers, shares.design_effect))
    low, high = logit_limits(value, standard_error, shares.answers - 1, confidence)
    none_or_all = ((value == 0) | (value == 1)) & shares.has_answers
    answers = shares.answers[none_or_all]
    low[none_or_all], high[none_or_all] = clopper_pearson_limits(value[none_or_all] * answers, answers, confidence)
    return low, high


# --- the change between two ----------------------------------------------------------------------------------


def change_limits(new: Shares, old: Shares, confidence: float) -> Limits:
    """Return limits of `new - old`. They are wide enough to be right for all values that round to the two shares.

    They are NaN unless both numbers of answers are known. Two editions are independent samples, so the change d = p1 - p0 has
    the standard error sqrt(v1 + v0), where v1 and v0 are the variances. If one of the shares has fewer than 10 effective
    answers of one kind (yes or no), Newcombe's hybrid of two Wilson intervals is used instead. The shares of an area and of the
    municipality around it are positively correlated. This is ignored, which makes the interval of their gap wider than it need
    be.
    """

    def variance_at(new_value: Array, old_value: Array) -> Array:
        return new.variance_at(new_value) + old.variance_at(old_value)

    return _limits_over_rounding((new, old), (1, -1), variance_at, confidence)


def change_interval(new: Share, old: Share, confidence: float) -> Interval | None:
    """Return the interval of one change, or None unless both numbers of answers are known. See `change_limits`."""
    return _interval(change_limits(Shares.of_each(new), Shares.of_each(old), confidence))


def gap_limits(area: Shares, comparison: Shares, variance: Array, confidence: float) -> Limits:
    """Return limits of the gap `area - comparison`.

    They are computed from the variance of the gap if it is known. If not, the two shares are taken as independent samples.
    """
    low, high = change_limits(area, comparison, confidence)
    gap, reach = area.value - comparison.value, normal_quantile(confidence) * np.sqrt(variance)
    return np.where(np.isnan(variance), low, gap - reach), np.where(np.isnan(variance), high, gap + reach)


def gap_change_limits(new: Gaps, old: Gaps, confidence: float) -> Limits:
    """Return limits of the change of a gap: the new gap `area - comparison` minus the old one.

    They are wide enough to be right for all values that round to the four shares. They are NaN unless all four numbers of
    answers are known. Two editions are independent samples, so the variances of the two gaps are added. If the variance of a
    gap is not known, the sum of the variances of its two shares is used. This sum is too large, because it ignores the
    covariance of the shares. If a share has fewer than 10 effective answers of one kind (yes or no), the Wilson intervals of
    all four shares are combined (Zou and Donner 2008), just as Newcombe combines two.
    """

    def variance_at(area_now: Array, comparison_now: Array, area_then: Array, comparison_then: Array) -> Array:
        return new.variance_at(area_now, comparison_now) + old.variance_at(area_then, comparison_then)

    four = (new.area, new.comparison, old.area, old.comparison)
    return _limits_over_rounding(four, (1, -1, -1, 1), variance_at, confidence)


def _limits_over_rounding(
    shares: Sequence[Shares], signs: Sequence[int], variance_at: Callable[..., Array], confidence: float
) -> Limits:
    """Return limits of a sum of independent shares, each with its sign (1 or -1).

    Limits are computed for the smallest and the largest value that round to each share, and the widest are returned.
    `variance_at` returns the variance of the sum for given values of the shares. Limits are NaN if a number of answers is not
    known.
    """
    all_known = np.logical_and.reduce([term.has_answers for term in shares])
    # There are at most as many effective answers as answers, as in Korn and Graubard's interval. A variance that was estimated
    # from few answers is itself uncertain and may be far too small.
    answers = [np.minimum(term.effective_answers, term.answers) for term in shares]
    lows, highs = [], []
    for values in product(*(term.ends for term in shares)):
        total = sum(sign * value for sign, value in zip(signs, values, strict=True))
        reach = normal_quantile(confidence) * np.sqrt(variance_at(*values))
        of_each = [wilson_limits(value, number, confidence) for value, number in zip(values, answers, strict=True)]
        low_of_few, high_of_few = limits_of_sum(values, of_each, signs)
        rarer = [
            term.effective_answers * np.minimum(value, 1 - value) for term, value in zip(shares, values, strict=True)
        ]
        few = np.minimum.reduce(rarer) < SMALL
        lows.append(np.where(few, low_of_few, total - reach))
        highs.append(np.where(few, high_of_few, total + reach))
    return np.where(all_known, np.minimum.reduce(lows), np.nan), np.where(all_known, np.maximum.reduce(highs), np.nan)


# --- the smallest change that would be detected ----------------------------------------------------------------


def smallest_falls_shown(new: Shares, old: Shares, confidence: float, power: float) -> Array:
    """Return the smallest falls from `old` that a two-sided test would detect with this power, or NaN if it would detect none.

    The fall d is the solution of d - r = z sqrt(v(p) + v(p - d)) with z = z_confidence + z_power. Here p is the old share, v is
    the variance of a share, and r is the largest change that rounding alone can cause: half of the sum of both rounding bands.
    The rounding band of a share reaches from the smallest to the largest value that rounds to it. `change_limits` are wider by
    r. With n* effective answers of the new share, v(p - d) = (p - d)(1 - p + d) / n*. If both sides are squared, the equation
    is quadratic in d. The fall is its larger root; the smaller root is no solution, because there d <= r.
    """
    z, rounding, share = _shown_quantile(confidence, power), _half_bands(new, old), old.value
    with np.errstate(divide="ignore", invalid="ignore"):
        scale = z * z / new.effective_answers
        square = 1 + scale
        half = rounding + scale * (share - 0.5)  # square d^2 - 2 half d + constant = 0
        constant = rounding**2 - z * z * old.variance_at(share) - scale * share * (1 - share)
        root = np.sqrt(half * half - square * constant)
        # The larger root has two forms. Subtracting nearly equal numbers would lose digits, so the form that does not do so is
        # used.
        fall = np.where(half > 0, (half + root) / square, -constant / (root - half))
        # Whether a fall to 0 would be detected. A share of 0 has a variance of 0.
        shown = share - rounding - z * np.sqrt(old.variance_at(share)) > 0
    return np.where(new.has_answers & old.has_answers & (share > 0) & shown, fall, np.nan)


def smallest_narrowings_shown(new: Gaps, old: Gaps, confidence: float, power: float) -> Array:
    """Return the smallest narrowings of gaps that a two-sided test would detect with this power, given today's shares.

    They are NaN if a gap has neither a known variance nor two known numbers of answers.
    """
    total = sum(gaps.variance_at(gaps.area.value, gaps.comparison.value) for gaps in (new, old))
    rounding = _half_bands(new.area, new.comparison, old.area, old.comparison)
    return rounding + _shown_quantile(confidence, power) * np.sqrt(total)


def _shown_quantile(confidence: float, power: float) -> float:
    return normal_quantile(confidence) + NormalDist().inv_cdf(power)


def _half_bands(*rounded: Shares) -> Array:
    """Return the largest change that rounding alone can cause: half of the sum of the rounding bands.

    `smallest_falls_shown` says what a rounding band is.
    """
    return np.add.reduce([shares.high - shares.low for shares in rounded]) / 2


def _numbers(values: Sequence[float | None]) -> Array:
    return np.array([np.nan if value is None else value for value in values], float)


def _interval(limits: Limits) -> Interval | None:
    """Return the interval whose limits are two arrays of length 1, or None if one of them is NaN."""
    low, high = float(limits[0][0]), float(limits[1][0])
    return None if math.isnan(low) or math.isnan(high) else Interval(low, high)


# --- series of editions --------------------------------------------------------------------------------------


@dataclass(frozen=True)
class Trend:
    """A straight line through the shares of several editions.

    `Trend` has the slope per year, the slope's interval, and the smallest fall per year that a test would detect.
    """

    slope: float
    interval: Interval | None
    smallest_fall_shown: float | None = None


def trend(shares: dict[int, Share], confidence: float, power: float) -> Trend:
    """Fit a straight line to the shares of several editions by weighted least squares, with weights 1 / variance.

    If a number of answers is not known, the fit is unweighted and has no interval. The interval is widened by the largest slope
    that rounding alone can cause. `shares` needs at least two editions.
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
    """Return the variance of the share.

    For shares of 0 and 1 the usual formula gives 0. For these two shares, 0.5 is added to the number of yeses and 1 to the
    number of answers. Source: Haldane (1956), who adds 0.5 for the logarithm of odds.
    """
    value = (
        (share.value * share.effective_answers + 0.5) / (share.effective_answers + 1)
        if share.value in (0.0, 1.0)
        else share.value
    )
    return share.variance_at(value)
