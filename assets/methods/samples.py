"""Shares of a stratified, weighted sample, with variances by linearisation, for all areas and questions of an edition at once.

An area is a domain of the sample: all respondents stay in the calculation, and those outside the area contribute 0. Shares
are fractions between 0 and 1. Shares that were only published, without the answers, are in `shares.py`.

Source of the variance: Särndal, Swensson and Wretman (1992), Model Assisted Survey Sampling, 5.5 and 5.8. R's `survey` uses
the same formula.
"""

from dataclasses import dataclass

import numpy as np
from scipy import stats

from assets.methods.limits import Array, clopper_pearson_limits, logit_limits

METHOD = "sample_share/1"
FEW, FEW_UNEQUAL = 10, 15


@dataclass(frozen=True)
class Design:
    """The sampling design: the `stratum` and `weight` of each respondent, and the `population` (residents) of each stratum.

    Strata are numbered from 0. If a population is infinite, there is no finite population correction.
    """

    stratum: Array
    weight: Array
    population: Array

    @property
    def answers(self) -> Array:
        """The number of respondents in each stratum."""
        return np.bincount(self.stratum, minlength=len(self.population))


@dataclass(frozen=True)
class Estimates:
    """Shares and what is needed to compute their intervals, as arrays of shape (areas, questions).

    `answers` counts the answers in the denominator. `degrees` has the degrees of freedom: the number of answers minus the number
    of strata that they come from, as in R's `survey` and in `svy`. `population` is the sum of the weights. If nobody answered,
    `answers` is 0 and the share is NaN.
    """

    answers: Array
    share: Array
    variance: Array
    degrees: Array
    population: Array

    @property
    def standard_error(self) -> Array:
        """The square root of the variance."""
        return np.sqrt(self.variance)

    @property
    def design_effect(self) -> Array:
        """The variance divided by the variance of a simple random sample with the same number of answers.

        The latter is p (1 - p) / (n - 1) (1 - n / N) for a share p, n answers and N residents.
        """
        n = self.answers
        with np.errstate(divide="ignore", invalid="ignore"):
            return self.variance / (self.share * (1 - self.share) / (n - 1) * (1 - n / self.population))


def estimates(design: Design, yes: Array, areas: Array) -> Estimates:
    """Return the share of every question in every area.

    `yes` has shape (respondents, questions). It is 1 or 0, or NaN if the answer is not in the denominator. `areas` has shape
    (respondents, areas) and says whether the respondent belongs to the area. The share is p = sum(w y) / sum(w), where w are
    the weights and y is `yes`. With z = w (y - p) / sum(w), the variance of p is that of the sum of z.
    """
    sums = _sums(design, yes, areas)
    weights, counted = sums.weight.sum(axis=0), sums.answers.sum(axis=0)
    with np.errstate(divide="ignore", invalid="ignore"):
        share = sums.weight_yes.sum(axis=0) / weights
        z = (sums.weight_yes - share * sums.weight) / weights
        z_squared = (sums.square_yes * (1 - 2 * share) + share**2 * sums.square) / weights**2
    degrees = counted - (sums.answers > 0).sum(axis=0)
    return Estimates(counted, share, _variance(design, z, z_squared), degrees, weights)


def gap(design: Design, yes: Array, area: Array, comparison: Array) -> tuple[Array, Array]:
    """Return the share of `area` minus that of `comparison` for each question, and the variance of that difference.

    `area` and `comparison` say for each respondent whether he or she belongs to that area. The two areas may overlap: the
    variance takes the covariance of their shares into account.
    """
    z = np.zeros_like(yes)
    shares = []
    for inside, sign in ((area, 1), (comparison, -1)):
        counts = inside[:, None] & ~np.isnan(yes)
        weight = np.where(counts, design.weight[:, None], 0.0)
        share = (weight * np.nan_to_num(yes)).sum(axis=0) / weight.sum(axis=0)
        z += sign * weight * (np.nan_to_num(yes) - share) / weight.sum(axis=0)
        shares.append(share)
    z_sum, z_squared = _by_stratum(design, z), _by_stratum(design, z**2)
    return shares[0] - shares[1], _variance(design, z_sum[:, None], z_squared[:, None])[0]


# --- intervals ---------------------------------------------------------------------------------------------


def korn_graubard_limits(shares: Estimates, confidence: float | Array) -> tuple[Array, Array]:
    """Return Clopper-Pearson limits that are computed with the effective number of answers n*, or with n if n* is larger.

    n is the actual number of answers, and n* = p (1 - p) / Var (t(n - 1) / t(df))^2. Source: Korn and Graubard (1998), Survey
    Methodology 24. The rule that n* is at most n comes from NCHS (2017); R's `survey` 4.1 has no such cap. For shares of 0 and
    1 n is used.
    """
    tail = 0.5 + confidence / 2
    with np.errstate(divide="ignore", invalid="ignore"):
        quantiles = stats.t.ppf(tail, shares.answers - 1) / stats.t.ppf(tail, shares.degrees)
        effective = shares.share * (1 - shares.share) / shares.variance * quantiles**2
    effective = np.minimum(effective, shares.answers)
    effective = np.where((shares.share == 0) | (shares.share == 1), shares.answers, effective)
    return clopper_pearson_limits(shares.share * effective, effective, confidence)


def logit_limits_where_enough(shares: Estimates, confidence: float) -> tuple[Array, Array]:
    """Return logit limits, or Korn and Graubard's limits if a share has few answers of one kind (yes or no).

    With few answers, logit limits contain the true share too rarely. Few means fewer than 10 effective answers of one kind. If
    the weights make the effective number of answers smaller than the actual one, it means fewer than 15. Both numbers come from
    simulations (`tests/methods/test_simulations.py`). For shares of 0 and 1 there are no logit limits.
    """
    low, high = logit_limits(shares.share, shares.standard_error, shares.degrees, confidence)
    with np.errstate(divide="ignore", invalid="ignore"):
        effective = shares.share * (1 - shares.share) / shares.variance
        of_one_kind = np.minimum(shares.share, 1 - shares.share) * np.minimum(effective, shares.answers)
        few = (of_one_kind < FEW) | ((of_one_kind < FEW_UNEQUAL) & (effective < shares.answers)) | ~np.isfinite(low)
    exact_low, exact_high = korn_graubard_limits(shares, confidence)
    return np.where(few, exact_low, low), np.where(few, exact_high, high)


def presentable(shares: Estimates, low: Array, high: Array, fewest: float) -> Array:
    """Return, for each share, whether it may be shown: it needs enough answers and a Korn-Graubard interval that is not too wide.

    An interval whose width is at most 0.05 is always narrow enough. One whose width is 0.30 or more never is. Between the two,
    the width may be up to 130 % of the share. Source: NCHS (2017), Vital and Health Statistics 2(175). There, 30 effective
    answers are required, while `fewest` here is a number of actual answers.
    """
    width = high - low
    narrow = (width <= 0.05) | ((width < 0.30) & (width <= 1.3 * shares.share))
    return (shares.answers >= fewest) & narrow


# --- sums by stratum ---------------------------------------------------------------------------------------


@dataclass(frozen=True)
class _Sums:
    """Arrays of shape (strata, areas, questions): the number of answers, and sums of weights and of squared weights.

    There are two sums of each kind: one of all answers, and one of the answers that are yes.
    """

    answers: Array
    weight: Array
    weight_yes: Array
    square: Array
    square_yes: Array


def _sums(design: Design, yes: Array, areas: Array) -> _Sums:
    """Return the sums. They are computed by matrix products, one stratum at a time.

    This way no array of shape (respondents, areas, questions) is needed.
    """
    counts, yes_or_zero = ~np.isnan(yes), np.nan_to_num(yes)
    sums = np.zeros((5, len(design.population), areas.shape[1], yes.shape[1]))
    order = np.argsort(design.stratum, kind="stable")
    for stratum, rows in enumerate(np.split(order, np.cumsum(design.answers)[:-1])):
        inside = areas[rows].T.astype(float)
        weighted = inside * design.weight[rows]
        squared = weighted * design.weight[rows]
        of_all, of_yes = counts[rows].astype(float), yes_or_zero[rows]
        sums[:, stratum] = inside @ of_all, weighted @ of_all, weighted @ of_yes, squared @ of_all, squared @ of_yes
    return _Sums(*sums)


def _variance(design: Design, z: Array, z_squared: Array) -> Array:
    """Return the variance of the sum of z, computed from the sums of z and z^2 in each stratum.

    It is the sum over the strata of (1 - f) n / (n - 1) (sum z^2 - (sum z)^2 / n), where n is the stratum's number of
    respondents and f is n divided by the stratum's residents. A stratum with a single respondent has no variance of its own.
    Its part is the squared distance of that respondent from the mean of all respondents, which is 0. This is the option
    `adjust` of R's `survey`.
    """
    n = design.answers.astype(float)
    alone = n == 1
    finite = 1 - n / design.population
    scale = finite * n / np.where(alone, 1, n - 1)
    spread = z_squared - np.where(alone[:, None, None], 0.0, z**2 / np.maximum(n, 1)[:, None, None])
    return (scale[:, None, None] * np.maximum(spread, 0.0)).sum(axis=0)


def _by_stratum(design: Design, values: Array) -> Array:
    """Add up values of shape (respondents, questions) within each stratum, which gives the shape (strata, questions)."""
    sums = np.zeros((len(design.population), values.shape[1]))
    np.add.at(sums, design.stratum, values)
    return sums
