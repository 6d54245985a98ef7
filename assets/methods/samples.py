"""Estimate shares and their variances from a stratified, weighted sample.

All areas and questions of an edition are estimated at once. An area is a domain of the sample: all respondents stay in
the calculation, and respondents outside the area contribute 0. Shares are fractions between 0 and 1. If shares were
published without the answers, `shares.py` deals with them.

The variances are computed by linearisation. Source: Särndal, Swensson and Wretman (1992), Model Assisted Survey
Sampling, 5.5 and 5.8. R's `survey` uses the same formula.
"""

from dataclasses import dataclass

import numpy as np
from scipy import stats

from assets.methods.limits import Array, clopper_pearson_limits, logit_limits

METHOD = "sample_share/1"
FEW, FEW_UNEQUAL = 10, 15


@dataclass(frozen=True)
class Design:
    """The design of a sample.

    `stratum` and `weight` have one value for each respondent. Strata are numbered from 0. `population` has the number
    of residents of each stratum. If a population is infinite, there is no finite population correction.
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
    """Estimated shares, with the numbers that are needed to compute their intervals.

    All arrays have the shape (areas, questions). `answers` is the number of answers in the denominator. `degrees` is
    the number of degrees of freedom. It is the number of answers minus the number of strata that the answers come from,
    as in R's `survey` and Python's `svy`. `population` is the sum of the weights. If nobody answered, `answers` is 0
    and the share is NaN.
    """

    answers: Array
    share: Array
    variance: Array
    degrees: Array
    population: Array

    @property
    def standard_error(self) -> Array:
        """The standard error of each share: the square root of its variance."""
        return np.sqrt(self.variance)

    @property
    def design_effect(self) -> Array:
        """The design effect of each share.

        It is the share's variance divided by the variance in a simple random sample with the same number of answers. A
        simple random sample has the variance p (1 - p) / (n - 1) (1 - n / N) for a share p, n answers and N residents.
        """
        n = self.answers
        with np.errstate(divide="ignore", invalid="ignore"):
            return self.variance / (self.share * (1 - self.share) / (n - 1) * (1 - n / self.population))


def estimates(design: Design, yes: Array, areas: Array) -> Estimates:
    """Return the share of every question in every area.

    `yes` has the shape (respondents, questions). Its values are 1 for yes, 0 for no, and NaN if the answer is not in
    the denominator. `areas` has the shape (respondents, areas). Its values say whether the respondent belongs to the
    area.

    The share is p = sum(w y) / sum(w). Here w is the weight and y is `yes`. The variance of p is the variance of the
    sum of z, with z = w (y - p) / sum(w).
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
    """Return the gap between two areas for each question, and the variance of each gap.

    The gap is the share in `area` minus the share in `comparison`. These two arguments say for each respondent whether
    he or she belongs to the area. The two areas may overlap, because the variance takes the covariance of their shares
    into account.
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
    """Return Korn and Graubard's limits: Clopper-Pearson limits for the effective number of answers n*.

    The effective number is n* = (p (1 - p) / Var) (t(n - 1) / t(df))^2. Here p is the share, Var is its variance, and n
    is the actual number of answers. t(k) is the quantile of the t distribution with k degrees of freedom, and df is the
    share's degrees of freedom. If n* is larger than n, n is used instead. If the share is 0 or 1, n is used too.

    Source: Korn and Graubard (1998), Survey Methodology 24. The rule that n* is at most n comes from NCHS (2017). R's
    `survey` 4.1 does not have this rule.
    """
    tail = 0.5 + confidence / 2
    with np.errstate(divide="ignore", invalid="ignore"):
        quantiles = stats.t.ppf(tail, shares.answers - 1) / stats.t.ppf(tail, shares.degrees)
        effective = shares.share * (1 - shares.share) / shares.variance * quantiles**2
    effective = np.minimum(effective, shares.answers)
    effective = np.where((shares.share == 0) | (shares.share == 1), shares.answers, effective)
    return clopper_pearson_limits(shares.share * effective, effective, confidence)


def logit_limits_where_enough(shares: Estimates, confidence: float) -> tuple[Array, Array]:
    """Return the logit limits of shares, but Korn and Graubard's limits for shares with few yeses or few noes.

    For such shares, logit limits contain the true share too rarely. Few means fewer than 10 effective answers. If the
    weights and strata make the effective number of all answers smaller than the actual number, few means fewer than 15.
    The numbers 10 and 15 come from simulations (`tests/methods/test_simulations.py`). A share of 0 or 1 has no logit
    limits, so it always gets Korn and Graubard's limits.
    """
    low, high = logit_limits(shares.share, shares.standard_error, shares.degrees, confidence)
    with np.errstate(divide="ignore", invalid="ignore"):
        effective = shares.share * (1 - shares.share) / shares.variance
        of_one_kind = np.minimum(shares.share, 1 - shares.share) * np.minimum(effective, shares.answers)
        few = (of_one_kind < FEW) | ((of_one_kind < FEW_UNEQUAL) & (effective < shares.answers)) | ~np.isfinite(low)
    exact_low, exact_high = korn_graubard_limits(shares, confidence)
    return np.where(few, exact_low, low), np.where(few, exact_high, high)


def presentable(shares: Estimates, low: Array, high: Array, fewest: float) -> Array:
    """Return for each share whether it may be shown.

    A share may be shown if it has at least `fewest` answers and its Korn-Graubard interval is narrow enough. `low` and
    `high` are the limits of this interval. A width of at most 0.05 is always narrow enough. A width of 0.30 or more is
    always too wide. A width between 0.05 and 0.30 is narrow enough if it is at most 130 % of the share.

    Source: NCHS (2017), Vital and Health Statistics 2(175). NCHS requires 30 effective answers, but `fewest` is a
    number of actual answers.
    """
    width = high - low
    narrow = (width <= 0.05) | ((width < 0.30) & (width <= 1.3 * shares.share))
    return (shares.answers >= fewest) & narrow


# --- sums by stratum ---------------------------------------------------------------------------------------


@dataclass(frozen=True)
class _Sums:
    """Sums over the answers in each stratum, as arrays of shape (strata, areas, questions).

    `answers` is the number of answers. `weight` is the sum of their weights, and `square` is the sum of their squared
    weights. `weight_yes` and `square_yes` are the same two sums, but only over the answers that are yes.
    """

    answers: Array
    weight: Array
    weight_yes: Array
    square: Array
    square_yes: Array


def _sums(design: Design, yes: Array, areas: Array) -> _Sums:
    """Return the sums over the answers in each stratum, for every area and question.

    The sums are computed by matrix products, one stratum at a time. Therefore no array of shape (respondents, areas,
    questions) is needed.
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
    """Return the variance of the sum of z over all respondents.

    The arguments have the sums of z and of z^2 in each stratum. Each stratum adds the term (1 - f) n / (n - 1) (sum z^2
    - (sum z)^2 / n) to the variance. Here n is the stratum's number of respondents, and f is n divided by the stratum's
    residents.

    A stratum with a single respondent has no variance of its own. Its term is (1 - f) times the squared distance of the
    respondent's z from the mean of all respondents. This mean is 0. R's `survey` calls this option `adjust`.
    """
    n = design.answers.astype(float)
    alone = n == 1
    finite = 1 - n / design.population
    scale = finite * n / np.where(alone, 1, n - 1)
    spread = z_squared - np.where(alone[:, None, None], 0.0, z**2 / np.maximum(n, 1)[:, None, None])
    return (scale[:, None, None] * np.maximum(spread, 0.0)).sum(axis=0)


def _by_stratum(design: Design, values: Array) -> Array:
    """Return the sums of the values in each stratum.

    The values have the shape (respondents, questions). The sums have the shape (strata, questions).
    """
    sums = np.zeros((len(design.population), values.shape[1]))
    np.add.at(sums, design.stratum, values)
    return sums
