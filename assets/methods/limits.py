"""Formulas for the limits of shares. `shares.py`, `samples.py` and `counts.py` use them."""

from collections.abc import Sequence
from statistics import NormalDist

import numpy as np
from scipy import stats

Array = np.ndarray
Limits = tuple[Array, Array]


def normal_quantile(confidence: float) -> float:
    """Return the two-sided quantile of the standard normal distribution: 1.96 for a confidence of 0.95."""
    return NormalDist().inv_cdf(0.5 + confidence / 2)


def logit_limits(share: Array, standard_error: Array, degrees: Array, confidence: float) -> Limits:
    """Return limits that are computed on the logit scale with the t distribution, and then converted back into shares.

    For shares of 0 and 1 they are NaN. Source: Korn and Graubard (1999), Analysis of Health Surveys. R's
    `svyciprop(method = "logit")` gives the same limits.
    """
    with np.errstate(divide="ignore", invalid="ignore", over="ignore"):
        logit = np.log(share / (1 - share))
        reach = stats.t.ppf(0.5 + confidence / 2, degrees) * standard_error / (share * (1 - share))
        return 1 / (1 + np.exp(reach - logit)), 1 / (1 + np.exp(-reach - logit))


def clopper_pearson_limits(successes: Array, answers: Array, confidence: float | Array) -> Limits:
    """Return exact binomial limits. Successes and answers need not be whole numbers. Source: Clopper and Pearson (1934)."""
    tail = (1 - confidence) / 2
    with np.errstate(invalid="ignore"):
        low = np.where(successes <= 0, 0.0, stats.beta.ppf(tail, successes, answers - successes + 1))
        high = np.where(successes >= answers, 1.0, stats.beta.ppf(1 - tail, successes + 1, answers - successes))
    return low, high


def wilson_limits(share: Array, answers: Array, confidence: float) -> Limits:
    """Return score limits of shares. If there are no answers, they are NaN. Source: Wilson (1927)."""
    z = normal_quantile(confidence)
    with np.errstate(divide="ignore", invalid="ignore"):
        middle = share + z * z / (2 * answers)
        reach = z * np.sqrt(share * (1 - share) / answers + z * z / (4 * answers * answers))
        return (middle - reach) / (1 + z * z / answers), (middle + reach) / (1 + z * z / answers)


def limits_of_sum(values: Sequence[Array], limits: Sequence[Limits], signs: Sequence[int]) -> Limits:
    """Return limits of a sum of independent values, each with its sign (1 or -1), from the limits of each value.

    Source: Newcombe (1998), method 10, for a difference; Zou and Donner (2008) for more values.
    """
    total = sum(sign * value for sign, value in zip(signs, values, strict=True))
    below = above = np.zeros(1)
    for value, (low, high), sign in zip(values, limits, signs, strict=True):
        down, up = value - low, high - value
        below = below + (down if sign > 0 else up) ** 2
        above = above + (up if sign > 0 else down) ** 2
    return total - np.sqrt(below), total + np.sqrt(above)
