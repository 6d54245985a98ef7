"""Limits of shares, for one or for many at once. What they are the limits of is in `shares.py` and `samples.py`."""

from collections.abc import Sequence
from statistics import NormalDist

import numpy as np
from scipy import stats

Array = np.ndarray
Limits = tuple[Array, Array]


def normal_quantile(confidence: float) -> float:
    """The two-sided standard normal quantile: 1.96 for 0.95."""
    return NormalDist().inv_cdf(0.5 + confidence / 2)


def logit_limits(share: Array, standard_error: Array, degrees: Array, confidence: float) -> Limits:
    """Limits on the logit scale with the t distribution, back on the scale of shares.

    Source: Korn and Graubard (1999), Analysis of Health Surveys; as R's `svyciprop(method = "logit")`. NaN at 0 and 1.
    """
    with np.errstate(divide="ignore", invalid="ignore", over="ignore"):
        logit = np.log(share / (1 - share))
        reach = stats.t.ppf(0.5 + confidence / 2, degrees) * standard_error / (share * (1 - share))
        return 1 / (1 + np.exp(reach - logit)), 1 / (1 + np.exp(-reach - logit))


def clopper_pearson_limits(successes: Array, answers: Array, confidence: float | Array) -> Limits:
    """Exact binomial limits, also for numbers that are not whole. Source: Clopper and Pearson (1934)."""
    tail = (1 - confidence) / 2
    with np.errstate(invalid="ignore"):
        low = np.where(successes <= 0, 0.0, stats.beta.ppf(tail, successes, answers - successes + 1))
        high = np.where(successes >= answers, 1.0, stats.beta.ppf(1 - tail, successes + 1, answers - successes))
    return low, high


def wilson_limits(share: Array, answers: Array, confidence: float) -> Limits:
    """Score limits of a proportion; NaN of no answers. Source: Wilson (1927)."""
    z = normal_quantile(confidence)
    with np.errstate(divide="ignore", invalid="ignore"):
        middle = share + z * z / (2 * answers)
        reach = z * np.sqrt(share * (1 - share) / answers + z * z / (4 * answers * answers))
        return (middle - reach) / (1 + z * z / answers), (middle + reach) / (1 + z * z / answers)


def limits_of_sum(values: Sequence[Array], limits: Sequence[Limits], signs: Sequence[int]) -> Limits:
    """Limits of a sum of independent values, each with its sign (1 or -1), from the limits of each.

    Source: of a difference, Newcombe (1998), method 10; of more values, Zou and Donner (2008).
    """
    total = sum(sign * value for sign, value in zip(signs, values, strict=True))
    below = above = np.zeros(1)
    for value, (low, high), sign in zip(values, limits, signs, strict=True):
        down, up = value - low, high - value
        below = below + (down if sign > 0 else up) ** 2
        above = above + (up if sign > 0 else down) ** 2
    return total - np.sqrt(below), total + np.sqrt(above)
