"""Compute the variances and intervals of shares of residents, and of the changes between shares.

A share was either published or estimated from answers. Shares are fractions between 0 and 1 here. Most functions take
arrays (`Shares`, `Gaps`). NaN in an array means that a value is not known. A function that takes single shares
(`Share`) calls an array function with arrays of length 1. In a single share or result, None means that a value is not
known.

`samples.py` estimates shares from answers. `counts.py` deals with counts and rates of crime. `judgements.py` turns
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
    """A share, with its number of answers and its precision.

    If the share was only published, `low` and `high` are the smallest and the largest value that round to it.
    `variance` is None, and the precision follows from `answers` and an assumed `design_effect`. If the share was
    estimated from answers, `low` and `high` equal the share, and `variance` is estimated too.
    """

    value: float
    low: float
    high: float
    answers: int | None
    design_effect: float
    variance: float | None = None

    @property
    def effective_answers(self) -> float:
        """The effective number of answers. It is NaN if the number of answers is not known.

        A simple random sample with the effective number of answers would have the same variance as this share.
        """
        return float(Shares.of_each(self).effective_answers[0])

    def variance_at(self, value: float) -> float:
        """Return the variance that this share would have if it were equal to `value`, with the same effective answers."""
        return float(Shares.of_each(self).variance_at(np.array([value]))[0])


@dataclass(frozen=True)
class Interval:
    """The lower and the upper limit of an interval."""

    low: float
    high: float


@dataclass(frozen=True)
class Shares:
    """Many shares: the fields of `Share` as arrays of equal length.

    NaN in `answers` means that the number of answers is not known. NaN in `variance` means that no variance was
    estimated.
    """

    value: Array
    low: Array
    high: Array
    answers: Array
    design_effect: Array
    variance: Array

    @classmethod
    def of_each(cls, *shares: Share) -> "Shares":
        """Return single shares as arrays. The order stays the same."""
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
        """Whether the number of answers is known and above 0. The result has one value for each share."""
        return self.answers > 0

    @property
    def effective_answers(self) -> Array:
        """The effective number of answers of each share. It is NaN if the number of answers is not known.

        A simple random sample with the effective number of answers would have the same variance as the share.
        """
        spread = self.value * (1 - self.value)
        estimated = (self.variance > 0) & (self.value > 0) & (self.value < 1)
        assumed = self.answers / np.where(np.isnan(self.variance), self.design_effect, 1.0)
        return np.divide(spread, self.variance, out=np.array(assumed, float), where=estimated)

    @property
    def ends(self) -> tuple[Array, ...]:
        """Two arrays: the smallest and the largest values that round to the shares.

        Values below 0 become 0, and values above 1 become 1. If no share is rounded, the two arrays would be equal, so
        there is only one.
        """
        if np.array_equal(self.low, self.high, equal_nan=True):
            return (np.clip(self.low, 0.0, 1.0),)
        return np.maximum(self.low, 0.0), np.minimum(self.high, 1.0)

    def variance_at(self, value: Array) -> Array:
        """Return the variance that each share would have if it were equal to `value`, with the same effective answers.

        If a share has no answers, the variance is NaN or infinity.
        """
        with np.errstate(divide="ignore", invalid="ignore"):
            return value * (1 - value) / self.effective_answers


@dataclass(frozen=True)
class Gaps:
    """Many gaps. A gap is the share of an area minus the share of the area that it is compared with.

    `variance` has the variance of each gap. NaN means that the variance of the gap is not known.
    """

    area: Shares
    comparison: Shares
    variance: Array

    def variance_at(self, area: Array, comparison: Array) -> Array:
        """Return the variance of each gap.

        If `variance` has a value for a gap, the result is this value. If not, the two shares are taken as independent
        samples, and their variances are added. These are the variances that the shares would have if they were equal to
        `area` and `comparison`.
        """
        of_two_samples = self.area.variance_at(area) + self.comparison.variance_at(comparison)
        return np.where(np.isnan(self.variance), of_two_samples, self.variance)


def variance(share: Number, answers: Number, design_effect: Number) -> Number:
    """Return the variance of a share, computed from its number of answers and an assumed design effect.

    The variance is p (1 - p) / n times the design effect. Here p is the share and n is the number of answers.
    """
    return share * (1 - share) / answers * design_effect


# --- one figure ----------------------------------------------------------------------------------------------


def published_limits(shares: Shares, confidence: float) -> Limits:
    """Return the confidence limits of published shares.

    The limits allow for every value that rounds to the share. They are NaN if the number of answers is not known. A
    share of 0 or 1 has a variance of 0, so it gets exact limits (Clopper and Pearson). Any other share needs at least
    two answers to have limits.
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
    """Return the confidence limits of each change `new - old`.

    The limits allow for all values that round to the two shares. They are NaN if the number of answers of either share
    is not known.

    Two editions are independent samples. Therefore the standard error of the change is sqrt(v1 + v0). Here v1 and v0
    are the variances of the two shares. If either share has fewer than 10 effective answers of one kind (yes or no),
    Newcombe's method is used instead. It combines two Wilson intervals.

    `new` and `old` may also be the shares of an area and of the municipality around it. These two shares are positively
    correlated. The formula ignores this, so the interval of such a gap is wider than necessary.
    """

    def variance_at(new_value: Array, old_value: Array) -> Array:
        return new.variance_at(new_value) + old.variance_at(old_value)

    return _limits_over_rounding((new, old), (1, -1), variance_at, confidence)


def change_interval(new: Share, old: Share, confidence: float) -> Interval | None:
    """Return the confidence interval of one change. `change_limits` describes the method.

    Return None if the number of answers of either share is not known.
    """
    return _interval(change_limits(Shares.of_each(new), Shares.of_each(old), confidence))


def gap_limits(area: Shares, comparison: Shares, variance: Array, confidence: float) -> Limits:
    """Return the confidence limits of each gap `area - comparison`.

    If the variance of the gap is known, the limits are computed from it. If not, the two shares are taken as
    independent samples.
    """
    low, high = change_limits(area, comparison, confidence)
    gap, reach = area.value - comparison.value, normal_quantile(confidence) * np.sqrt(variance)
    return np.where(np.isnan(variance), low, gap - reach), np.where(np.isnan(variance), high, gap + reach)


def gap_change_limits(new: Gaps, old: Gaps, confidence: float) -> Limits:
    """Return the confidence limits of the change of each gap: the new gap minus the old gap.

    A gap is `area - comparison`. The limits allow for all values that round to the four shares. They are NaN if the
    number of answers of any of the four shares is not known.

    Two editions are independent samples, so the variances of the two gaps are added. If the variance of a gap is not
    known, the sum of the variances of its two shares is used. This sum is too large, because it ignores the covariance
    of the two shares. If a share has fewer than 10 effective answers of one kind (yes or no), the Wilson intervals of
    all four shares are combined instead. Source: Zou and Donner (2008), who extend Newcombe's method from two shares to
    more.
    """

    def variance_at(area_now: Array, comparison_now: Array, area_then: Array, comparison_then: Array) -> Array:
        return new.variance_at(area_now, comparison_now) + old.variance_at(area_then, comparison_then)

    four = (new.area, new.comparison, old.area, old.comparison)
    return _limits_over_rounding(four, (1, -1, -1, 1), variance_at, confidence)


def _limits_over_rounding(
    shares: Sequence[Shares], signs: Sequence[int], variance_at: Callable[..., Array], confidence: float
) -> Limits:
    """Return the confidence limits of a sum of independent shares, where some shares are rounded.

    Each share has a sign: 1 if it is added, and -1 if it is subtracted. Limits are computed for all combinations of the
    smallest and the largest value that round to each share. The lowest lower limit and the highest upper limit are
    returned. `variance_at` returns the variance of the sum for given values of the shares. The limits are NaN if the
    number of answers of any share is not known.
    """
    all_known = np.logical_and.reduce([term.has_answers for term in shares])
    # The effective number of answers is limited to the actual number, as in Korn and Graubard's interval. A variance that was
    # estimated from few answers is itself uncertain and may be far too small.
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
    """Return the smallest fall from each old share that a two-sided test would detect with the given power.

    The result is NaN if the test would not even detect a fall to 0, or if a number of answers is not known.

    The fall d is the solution of d - r = z sqrt(v(p) + v(p - d)). Here p is the old share, v is the variance of a
    share, and z is z_confidence + z_power. r is the largest change that rounding alone can cause (`_half_bands`).
    Rounding widens the intervals of `change_limits` by r on each side.

    The new share has n* effective answers, so v(p - d) = (p - d)(1 - p + d) / n*. Squaring both sides of the first
    equation gives a quadratic equation in d. Its larger root is the fall. Its smaller root does not solve the first
    equation, because it is at most r.
    """
    z, rounding, share = _shown_quantile(confidence, power), _half_bands(new, old), old.value
    with np.errstate(divide="ignore", invalid="ignore"):
        scale = z * z / new.effective_answers
        square = 1 + scale
        half = rounding + scale * (share - 0.5)  # square d^2 - 2 half d + constant = 0
        constant = rounding**2 - z * z * old.variance_at(share) - scale * share * (1 - share)
        root = np.sqrt(half * half - square * constant)
        # The larger root can be written in two forms. A subtraction of nearly equal numbers loses digits, so the form without
        # such a subtraction is used.
        fall = np.where(half > 0, (half + root) / square, -constant / (root - half))
        # `shown` says whether a fall to 0 would be detected. A share of 0 has a variance of 0.
        shown = share - rounding - z * np.sqrt(old.variance_at(share)) > 0
    return np.where(new.has_answers & old.has_answers & (share > 0) & shown, fall, np.nan)


def smallest_narrowings_shown(new: Gaps, old: Gaps, confidence: float, power: float) -> Array:
    """Return the smallest narrowing of each gap that a two-sided test would detect with the given power.

    The variances are computed for the given shares, not for the shares after the narrowing. The result is NaN if a
    gap's variance is not known and the number of answers of one of its shares is not known either.
    """
    total = sum(gaps.variance_at(gaps.area.value, gaps.comparison.value) for gaps in (new, old))
    rounding = _half_bands(new.area, new.comparison, old.area, old.comparison)
    return rounding + _shown_quantile(confidence, power) * np.sqrt(total)


def _shown_quantile(confidence: float, power: float) -> float:
    return normal_quantile(confidence) + NormalDist().inv_cdf(power)


def _half_bands(*rounded: Shares) -> Array:
    """Return the largest change that rounding alone can cause: half of the sum of the rounding bands.

    The rounding band of a share reaches from the smallest to the largest value that rounds to the share.
    """
    return np.add.reduce([shares.high - shares.low for shares in rounded]) / 2


def _numbers(values: Sequence[float | None]) -> Array:
    return np.array([np.nan if value is None else value for value in values], float)


def _interval(limits: Limits) -> Interval | None:
    """Return a single interval from limits that are arrays of length 1. Return None if a limit is NaN."""
    low, high = float(limits[0][0]), float(limits[1][0])
    return None if math.isnan(low) or math.isnan(high) else Interval(low, high)


# --- series of editions --------------------------------------------------------------------------------------


@dataclass(frozen=True)
class Trend:
    """A straight line through the shares of several editions.

    `slope` is the change per year, and `interval` is the slope's confidence interval. `smallest_fall_shown` is the
    smallest fall per year that a test would detect.
    """

    slope: float
    interval: Interval | None
    smallest_fall_shown: float | None = None


def trend(shares: dict[int, Share], confidence: float, power: float) -> Trend:
    """Fit a straight line to the shares of several editions. The shares are keyed by edition.

    At least two editions are needed. The line is fitted by weighted least squares. The weight of a share is 1 /
    variance. If the number of answers of a share is not known, the fit is unweighted and the slope has no interval. The
    interval is widened by the largest slope that rounding alone can cause.
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
    """Return the variance of a share for the fit of a trend.

    For a share of 0 or 1, the usual formula gives a variance of 0. Such a share is first moved away from 0 or 1: 0.5 is
    added to the number of yeses, and 1 is added to the number of answers. Source: Haldane (1956), who adds 0.5 for the
    logarithm of odds.
    """
    value = (
        (share.value * share.effective_answers + 0.5) / (share.effective_answers + 1)
        if share.value in (0.0, 1.0)
        else share.value
    )
    return share.variance_at(value)
