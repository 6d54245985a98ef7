"""Limits of a share, for one or for many at once. What they are the limits of is in `shares.py` and `samples.py`."""

import numpy as np
from scipy import stats

Array = np.ndarray


def logit_limits(share: Array, standard_error: Array, degrees: Array, confidence: float) -> tuple[Array, Array]:
    """Limits on the logit scale with the t distribution, back on the scale of shares.

    Source: Korn and Graubard (1999), Analysis of Health Surveys; as R's `svyciprop(method = "logit")`. NaN at 0 and 1.
    """
    with np.errstate(divide="ignore", invalid="ignore"):
        logit = np.log(share / (1 - share))
        reach = stats.t.ppf(0.5 + confidence / 2, degrees) * standard_error / (share * (1 - share))
        return 1 / (1 + np.exp(reach - logit)), 1 / (1 + np.exp(-reach - logit))


def clopper_pearson_limits(successes: Array, answers: Array, confidence: float) -> tuple[Array, Array]:
    """Exact binomial limits, also for numbers that are not whole. Source: Clopper and Pearson (1934)."""
    tail = (1 - confidence) / 2
    with np.errstate(invalid="ignore"):
        low = np.where(successes <= 0, 0.0, stats.beta.ppf(tail, successes, answers - successes + 1))
        high = np.where(successes >= answers, 1.0, stats.beta.ppf(1 - tail, successes + 1, answers - successes))
    return low, high
