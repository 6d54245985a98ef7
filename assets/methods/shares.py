"""Shares of residents: rounding, variance and intervals of published figures, and the change between two.

Shares are fractions between 0 and 1 here. Counts and rates of crime are in `counts.py`; what a target makes of
an interval is in `verdicts.py`.
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
    """A published share: its value, the values that round to it, and the answers behind it where known."""

    value: float
    low: float
    high: float
    answers: int | None


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


def published_interval(share: Share, design_effect: float, confidence: float) -> Interval | None:
    """Interval of a published share over all values that round to it; None without the number of answers."""
    if share.answers is None:
        return None
    return Interval(
        _interval_at(max(share.low, 0.0), share.answers, design_effect, confidence).low,
        _interval_at(min(share.high, 1.0), share.answers, design_effect, confidence).high,
    )


def change_interval(new: Share, old: Share, design_effect: float, confidence: float) -> Interval | None:
    """Interval of `new - old` over all values that round to the two; None without both numbers of answers.

    Two editions are independent samples: d = p1 - p0, se = sqrt(v1 + v0). Where either share stands on fewer
    than 10 effective answers of one kind, Newcombe's hybrid of two Wilson intervals is used instead. An area and
    the municipality that holds it are positively correlated; leaving that out makes their gap's interval wider.
    """
    if new.answers is None or old.answers is None:
        return None
    corners = [
        _change_at(one, new.answers, other, old.answers, design_effect, confidence)
        for one, other in product(_corners(new), _corners(old))
    ]
    return Interval(min(corner.low for corner in corners), max(corner.high for corner in corners))


def gap_change_interval(
    new: tuple[Share, Share], old: tuple[Share, Share], design_effect: float, confidence: float
) -> Interval | None:
    """Interval of the change of a gap, (area - comparison) now less the same before, over all rounding.

    Four samples: se = sqrt of the sum of the four variances; the covariance of area and municipality, which would
    make it narrower, is left out.
    """
    shares = (*new, *old)
    if any(share.answers is None for share in shares):
        return None
    z = normal_quantile(confidence)
    limits = []
    for area_now, comparison_now, area_then, comparison_then in product(*(_corners(share) for share in shares)):
        values = (area_now, comparison_now, area_then, comparison_then)
        total = sum(
            variance(value, share.answers or 1, design_effect) for value, share in zip(values, shares, strict=True)
        )
        change = (area_now - comparison_now) - (area_then - comparison_then)
        limits += [change - z * math.sqrt(total), change + z * math.sqrt(total)]
    return Interval(min(limits), max(limits))


def smallest_fall_shown(new: Share, old: Share, design_effect: float, confidence: float, power: float) -> float | None:
    """Smallest published fall from `old` that a two-sided test would show with this power; None where none would.

    Solves d - r = (z_confidence + z_power) sqrt(v(p) + v(p - d)), where r is half of both rounding bands: what
    rounding alone may have made of the fall, and which `change_interval` takes in.
    """
    z = normal_quantile(confidence) + NormalDist().inv_cdf(power)
    rounding = (new.high - new.low + old.high - old.low) / 2

    def missing(fall: float) -> float:
        spread = variance(old.value, old.answers or 0, design_effect) + variance(
            old.value - fall, new.answers or 0, design_effect
        )
        return fall - rounding - z * math.sqrt(spread)

    if not (old.answers and new.answers and old.value > 0 and missing(old.value) > 0):
        return None
    return float(optimize.brentq(missing, 0.0, old.value))


@dataclass(frozen=True)
class Trend:
    """A straight line through shares of several editions: its slope a year and the slope's interval."""

    slope: float
    interval: Interval | None


def trend(shares: dict[int, Share], design_effect: float, confidence: float) -> Trend:
    """Weighted least squares through the shares by edition, weights 1 / variance.

    Without every number of answers the slope is unweighted and has no interval. Rounding widens the interval by
    the largest tilt that it can give the line. Needs at least two editions.
    """
    editions = sorted(shares)
    known = all(shares[edition].answers is not None for edition in editions)
    weights = [
        1 / variance(shares[edition].value, shares[edition].answers or 1, design_effect) if known else 1.0
        for edition in editions
    ]
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
    return Trend(slope, Interval(slope - reach, slope + reach))


def _interval_at(share: float, answers: int, design_effect: float, confidence: float) -> Interval:
    if share in (0.0, 1.0):
        return clopper_pearson(share * answers, answers, confidence)
    return logit_interval(share, math.sqrt(variance(share, answers, design_effect)), answers - 1, confidence)


def _change_at(
    new: float, answers_new: int, old: float, answers_old: int, design_effect: float, confidence: float
) -> Interval:
    effective_new, effective_old = answers_new / design_effect, answers_old / design_effect
    fewest = min(
        effective_new * min(new, 1 - new),
        effective_old * min(old, 1 - old),
    )
    if fewest < SMALL:
        return newcombe_difference(
            new, wilson(new, effective_new, confidence), old, wilson(old, effective_old, confidence)
        )
    reach = normal_quantile(confidence) * math.sqrt(
        variance(new, answers_new, design_effect) + variance(old, answers_old, design_effect)
    )
    return Interval(new - old - reach, new - old + reach)


def _corners(share: Share) -> tuple[float, float]:
    return max(share.low, 0.0), min(share.high, 1.0)
