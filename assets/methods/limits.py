"""Formulas for the confidence limits of shares. `shares.py`, `samples.py` and `counts.py` use them."""

from collections.abc import Sequence
from statistics import NormalDist

import numpy as np
from scipy import stats

Array = np.ndarray
Limits = tuple[Array, Array]


def normal_quantile(confidence: float) -> float:
    """Return the two-sided quantile of the standard normal distribution.

    For example, the quantile is 1.96 for a confidence of 0.95.
    """
    return NormalDist().inv_cdf(0.5 + confidence / 2)


def logit_limits(share: Array, standard_error: Array, degrees: Array, confidence: float) -> Limits:
    """Return the confidence limits of shares, computed on the logit scale.

    The limits are computed with the t distribution and then converted back into shares. If a share is 0 or 1, its
    limits are NaN. Source: Korn and Graubard (1999), Analysis of Health Surveys. R's `svyciprop(method = "logit")`
    gives the same limits.
    """
    with np.errstate(divide="ignore", invalid="ignore", over="ignore"):
        logit = np.log(share / (1 - share))
        reach = stats.t.ppf(0.5 + confidence / 2, degrees) * standard_error / (share * (1 - share))
        return 1 / (1 + np.exp(reach - logit)), 1 / (1 + np.exp(-reach - logit))


def clopper_pearson_limits(successes: Array, answers: Array, confidence: float | Array) -> Limits:
    """Return the exact binomial limits of shares. Source: Clopper and Pearson (1934).

    A share is the number of successes divided by the number of answers. Both numbers may have decimals.
    """
    tail = (1 - confidence) / 2
    with np.errstate(invalid="ignore"):
        low = np.where(successes <= 0, 0.0, stats.beta.ppf(tail, successes, answers - successes + 1))
        high = np.where(successes >= answers, 1.0, stats.beta.ppf(1 - tail, successes + 1, answers - successes))
    return low, high


def wilson_limits(share: Array, answers: Array, confidence: float) -> Limits:
    """Return the score limits of shares. If there are no answers, the limits are NaN. Source: Wilson (1927)."""
    z = normal_quantile(confidence)
    with np.errstate(divide="ignore", invalid="ignore"):
        middle = share + z * z / (2 * answers)
        reach = z * np.sqrt(share * (1 - share) / answers + z * z / (4 * answers * answers))
        return (middle - reach) / (1 + z * z / answers), (middle + reach) / (1 + z * z / answers)


def limits_of_sum(values: Sequence[Array], limits: Sequence[Limits], signs: Sequence[int]) -> Limits:
    """Return the confidence limits of a sum of independent values, computed from the limits of each value.

    Each value has a sign: 1 if it is added, and -1 if it is subtracted. Source: Newcombe (1998), method 10, for the
    difference of two values; Zou and Donner (2008) for more values.
    """
    total = sum(sign * value for sign, value in zip(signs, values, strict=True))
    below = above = np.zeros(1)
    for value, (low, high), sign in zip(values, limits, signs, strict=True):
        down, up = value - low, high - value
        below = below + (down if sign > 0 else up) ** 2
        above = above + (up if sign > 0 else down) ** 2
    return total - np.sqrt(below), total + np.sqrt(above)
