"""Shares of residents, published or estimated: rounding, variance and intervals, and the change between two.

Shares are fractions between 0 and 1 here. How a share is estimated from answers is in `samples.py`, counts and rates of
crime are in `counts.py`, and what a target makes of an interval is in `verdicts.py`.
"""

import math
from dataclasses import dataclass
from itertools import product
from statistics import NormalDist

import numpy as np
from scipy import optimize

from assets.methods.limits import clopper_pearson_limits, logit_limits

METHOD = "published_share/1"
SMALL = 10


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
        """How many answers of a simple random sample the share is as sure as."""
        if self.variance and 0 < self.value < 1:
            return self.value * (1 - self.value) / self.variance
        return (self.answers or 0) / (1.0 if self.variance is not None else self.design_effect)

    def variance_at(self, value: float) -> float:
        """The variance that a share of `value` would have with as many effective answers."""
        return value * (1 - value) / self.worth


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


def normal_quantile(confidence: float) -> float:
    """The two-sided standard normal quantile: 1.96 for 0.95."""
    return NormalDist().inv_cdf(0.5 + confidence / 2)


def rounding_band(value: float, decimals: int) -> Interval:
    """All values that are printed as `value` with so many decimals.

    Rounded to 9 decimals, so that the bands of 10.3 and 10.4 touch at 10.35 and do not overlap by a bit of binary.
    """
    half = 0.5 * 10.0**-decimals
    return Interval(round(value - half, 9), round(value + half, 9))


def variance(share: float, answers: int, design_effect: float) -> float:
    """p (1 - p) / n times the assumed design effect: for a share of which only n was published."""
    return share * (1 - share) / answers * design_effect


def logit_interval(share: float, standard_error: float, degrees: float, confidence: float) -> Interval:
    """Interval on the logit scale with the t distribution, back on the scale of shares.

    Source: Korn and Graubard (1999), Analysis of Health Surveys; as R's `svyciprop(method = "logit")`.
    `share` must lie strictly between 0 and 1.
    """
    low, high = logit_limits(np.asarray(share), np.asarray(standard_error), np.asarray(degrees), confidence)
    return Interval(float(low), float(high))


def clopper_pearson(successes: float, answers: float, confidence: float) -> Interval:
    """Exact binomial interval, also for numbers that are not whole. Source: Clopper and Pearson (1934)."""
    low, high = clopper_pearson_limits(np.asarray(successes), np.asarray(answers), confidence)
    return Interval(float(low), float(high))


def wilson(share: float, answers: float, confidence: float) -> Interval:
    """Score interval of a proportion. Source: Wilson (1927)."""
    z = normal_quantile(confidence)
    middle = share + z * z / (2 * answers)
    reach = z * math.sqrt(share * (1 - share) / answers + z * z / (4 * answers * answers))
    return Interval((middle - reach) / (1 + z * z / answers), (middle + reach) / (1 + z * z / answers))


def newcombe_difference(one: float, of_one: Interval, other: float, of_other: Interval) -> Interval:
    """Interval of `one - other` from the intervals of both. Source: Newcombe (1998), method 10."""
    change = one - other
    return Interval(
        change - math.hypot(one - of_one.low, of_other.high - other),
        change + math.hypot(of_one.high - one, other - of_other.low),
    )


def published_interval(share: Share, confidence: float) -> Interval | None:
    """Interval of a published share over all values that round to it; None without the number of answers."""
    if share.answers is None:
        return None
    return Interval(
        _interval_at(max(share.low, 0.0), share.answers, share.design_effect, confidence).low,
        _interval_at(min(share.high, 1.0), share.answers, share.design_effect, confidence).high,
    )


def change_interval(new: Share, old: Share, confidence: float) -> Interval | None:
    """Interval of `new - old` over all values that round to the two; None without both numbers of answers.

    Two editions are independent samples: d = p1 - p0, se = sqrt(v1 + v0). Where either share stands on fewer
    than 10 effective answers of one kind, Newcombe's hybrid of two Wilson intervals is used instead. An area and
    the municipality that holds it are positively correlated; leaving that out makes their gap's interval wider.
    """
    if new.answers is None or old.answers is None:
        return None
    corners = [_change_at(new, old, *values, confidence) for values in product(_corners(new), _corners(old))]
    return Interval(min(corner.low for corner in corners), max(corner.high for corner in corners))


def gap_interval(gap: Gap, confidence: float) -> Interval | None:
    """Interval of area less comparison: by the gap's own variance where it is known, else as of two samples."""
    if gap.variance is None:
        return change_interval(gap.area, gap.comparison, confidence)
    change, reach = gap.area.value - gap.comparison.value, normal_quantile(confidence) * math.sqrt(gap.variance)
    return Interval(change - reach, change + reach)


def gap_change_interval(new: Gap, old: Gap, confidence: float) -> Interval | None:
    """Interval of the change of a gap, (area - comparison) now less the same before, over all rounding.

    Two editions are independent samples, so their gaps' variances add up. Where a gap's own variance is not known it is
    that of two samples; the covariance of area and municipality, which would make it smaller, is left out. Where a share
    stands on fewer than 10 effective answers of one kind, the Wilson intervals of all four are put together, as Newcombe does
    with two (Zou and Donner 2008).
    """
    gaps = (new, old)
    if any(one.answers is None for gap in gaps for one in (gap.area, gap.comparison)):
        return None
    reach = normal_quantile(confidence)
    limits: list[float] = []
    for (area_now, comparison_now), (area_then, comparison_then) in product(*map(_gap_corners, gaps)):
        four = [
            (new.area, area_now, 1),
            (new.comparison, comparison_now, -1),
            (old.area, area_then, -1),
            (old.comparison, comparison_then, 1),
        ]
        if min(share.worth * min(value, 1 - value) for share, value, _ in four) < SMALL:
            limits += _of_few(four, confidence)
            continue
        total = _gap_variance(new, area_now, comparison_now) + _gap_variance(old, area_then, comparison_then)
        change = (area_now - comparison_now) - (area_then - comparison_then)
        limits += [change - reach * math.sqrt(total), change + reach * math.sqrt(total)]
    return Interval(min(limits), max(limits))


def _of_few(four: list[tuple[Share, float, int]], confidence: float) -> tuple[float, float]:
    """Limits of a sum of shares with signs, from each one's Wilson interval."""
    total = sum(sign * value for _, value, sign in four)
    below = above = 0.0
    for share, value, sign in four:
        of_one = wilson(value, min(share.worth, share.answers or 0), confidence)
        down, up = value - of_one.low, of_one.high - value
        below += (down if sign > 0 else up) ** 2
        above += (up if sign > 0 else down) ** 2
    return total - math.sqrt(below), total + math.sqrt(above)


def _gap_corners(gap: Gap) -> list[tuple[float, float]]:
    return list(product(_corners(gap.area), _corners(gap.comparison)))


def _gap_variance(gap: Gap, area: float, comparison: float) -> float:
    if gap.variance is not None:
        return gap.variance
    return gap.area.variance_at(area) + gap.comparison.variance_at(comparison)


def smallest_fall_shown(new: Share, old: Share, confidence: float, power: float) -> float | None:
    """Smallest fall from `old` that a two-sided test would show with this power; None where none would.

    Solves d - r = (z_confidence + z_power) sqrt(v(p) + v(p - d)), where r is half of both rounding bands: what
    rounding alone may have made of the fall, and which `change_interval` takes in.
    """
    z = _shown_quantile(confidence, power)
    rounding = _half_bands(new, old)

    def missing(fall: float) -> float:
        return fall - rounding - z * math.sqrt(old.variance_at(old.value) + new.variance_at(old.value - fall))

    if not (old.answers and new.answers and old.value > 0 and missing(old.value) > 0):
        return None
    return float(optimize.brentq(missing, 0.0, old.value))


def smallest_narrowing_shown(new: Gap, old: Gap, confidence: float, power: float) -> float:
    """Smallest narrowing of a gap that a two-sided test would show with this power, at the shares as they are now."""
    total = _gap_variance(new, new.area.value, new.comparison.value) + _gap_variance(
        old, old.area.value, old.comparison.value
    )
    rounding = _half_bands(new.area, new.comparison, old.area, old.comparison)
    return rounding + _shown_quantile(confidence, power) * math.sqrt(total)


def _shown_quantile(confidence: float, power: float) -> float:
    return normal_quantile(confidence) + NormalDist().inv_cdf(power)


def _half_bands(*rounded: Share) -> float:
    """What rounding alone may make of the shares' differences: half of every band."""
    return sum(one.high - one.low for one in rounded) / 2


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
    known = all(shares[edition].answers is not None for edition in editions)
    weights = [1 / _trend_variance(shares[edition]) if known else 1.0 for edition in editions]
    middle = sum(weight * edition for weight, edition in zip(weights, editions, strict=True)) / sum(weights)
    spread = sum(weight * (edition - middle) ** 2 for weight, edition in zip(weights, editions, strict=True))
    pulls = [weight * (edition - middle) / spread for weight, edition in zip(weights, editions, strict=True)]
    slope = sum(pull * shares[edition].value for pull, edition in zip(pulls, editions, strict=True))
    if not known:
        return Trend(slope, None)
    tilt = sum(
        abs(pull) * (shares[edition].high - shares[edition].low) / 2
        for pull, edition in zip(pulls, editions, strict=True)
    )
    reach = normal_quantile(confidence) / math.sqrt(spread) + tilt
    shown = _shown_quantile(confidence, power) / math.sqrt(spread) + tilt
    return Trend(slope, Interval(slope - reach, slope + reach), shown)


def _trend_variance(share: Share) -> float:
    """The share's variance; of nobody or everybody, whose own is 0, that of half an answer more or less in one more.

    Source of the half: Haldane (1956), as for the logarithm of odds.
    """
    value = (share.value * share.worth + 0.5) / (share.worth + 1) if share.value in (0.0, 1.0) else share.value
    return share.variance_at(value)


def _interval_at(share: float, answers: int, design_effect: float, confidence: float) -> Interval:
    if share in (0.0, 1.0):
        return clopper_pearson(share * answers, answers, confidence)
    return logit_interval(share, math.sqrt(variance(share, answers, design_effect)), answers - 1, confidence)


def _change_at(new: Share, old: Share, new_value: float, old_value: float, confidence: float) -> Interval:
    """The change between two values of the shares."""
    pairs = ((new, new_value), (old, old_value))
    if min(share.worth * min(value, 1 - value) for share, value in pairs) < SMALL:
        # never worth more than the answers that there are, as Korn and Graubard's interval: few tell little of the variance
        of_new, of_old = (wilson(value, min(share.worth, share.answers or 0), confidence) for share, value in pairs)
        return newcombe_difference(new_value, of_new, old_value, of_old)
    reach = normal_quantile(confidence) * math.sqrt(sum(share.variance_at(value) for share, value in pairs))
    return Interval(new_value - old_value - reach, new_value - old_value + reach)


def _corners(share: Share) -> tuple[float, float]:
    return max(share.low, 0.0), min(share.high, 1.0)
