"""Shares of a stratified, weighted sample by linearisation: every area and every question of an edition at once.

An area is a domain of the sample: all rows stay, and those outside of it count as nothing. Shares are fractions between 0
and 1. What was only published, without answers, is in `shares.py`.

Source of the variance: Särndal, Swensson and Wretman (1992), Model Assisted Survey Sampling, 5.5 and 5.8; as R's `survey`.
"""

from dataclasses import dataclass
from typing import Literal

import numpy as np
from scipy import stats

from assets.methods.limits import Array, clopper_pearson_limits, logit_limits

METHOD = "sample_share/1"
FEW, FEW_UNEQUAL = 10, 15

Lonely = Literal["adjust", "average", "remove"]


@dataclass(frozen=True)
class Design:
    """The respondents' strata and weights: `stratum` and `weight` by respondent, `population` by stratum.

    A stratum is a number from 0 on. A population of infinity leaves the finite population out.
    """

    stratum: Array
    weight: Array
    population: Array

    @property
    def answers(self) -> Array:
        """Respondents of each stratum."""
        return np.bincount(self.stratum, minlength=len(self.population))


@dataclass(frozen=True)
class Estimates:
    """Area by question: the answers that count, the share, its variance, and what the intervals need.

    `degrees` of freedom are the answers less the strata that they stand in, as in R's `survey` and in `svy`; `population`
    is the sum of the weights. Where nobody answered, `answers` is 0 and the share is NaN.
    """

    answers: Array
    share: Array
    variance: Array
    degrees: Array
    population: Array

    @property
    def standard_error(self) -> Array:
        """Root of the variance."""
        return np.sqrt(self.variance)

    @property
    def design_effect(self) -> Array:
        """The variance against that of a simple random sample of as many: Var / (p (1 - p) / (n - 1) (1 - n / N))."""
        n = self.answers
        with np.errstate(divide="ignore", invalid="ignore"):
            return self.variance / (self.share * (1 - self.share) / (n - 1) * (1 - n / self.population))


def estimates(design: Design, yes: Array, areas: Array, lonely: Lonely = "adjust") -> Estimates:
    """The share of every question in every area.

    `yes` is respondent by question: 1 or 0, NaN where the answer does not count. `areas` is respondent by area: whether
    the respondent belongs to it. p = sum(w y) / sum(w), z = w (y - p) / sum(w), and the variance is that of the sum of z.
    """
    sums = _sums(design, yes, areas)
    weights, counted = sums.weight.sum(axis=0), sums.answers.sum(axis=0)
    with np.errstate(divide="ignore", invalid="ignore"):
        share = sums.weight_yes.sum(axis=0) / weights
        z = (sums.weight_yes - share * sums.weight) / weights
        z_squared = (sums.square_yes * (1 - 2 * share) + share**2 * sums.square) / weights**2
    degrees = counted - (sums.answers > 0).sum(axis=0)
    return Estimates(counted, share, _variance(design, z, z_squared, lonely), degrees, weights)


def gap(design: Design, yes: Array, area: Array, others: Array, lonely: Lonely = "adjust") -> tuple[Array, Array]:
    """Share of `area` less that of `others`, question by question, and the variance of it with their covariance.

    Both are whether a respondent belongs; the two may overlap.
    """
    z = np.zeros_like(yes)
    shares = []
    for inside, sign in ((area, 1), (others, -1)):
        counts = inside[:, None] & ~np.isnan(yes)
        weight = np.where(counts, design.weight[:, None], 0.0)
        share = (weight * np.nan_to_num(yes)).sum(axis=0) / weight.sum(axis=0)
        z += sign * weight * (np.nan_to_num(yes) - share) / weight.sum(axis=0)
        shares.append(share)
    z_sum, z_squared = _by_stratum(design, z), _by_stratum(design, z**2)
    return shares[0] - shares[1], _variance(design, z_sum[:, None], z_squared[:, None], lonely)[0]


def effective_answers(weight: Array) -> float:
    """How many equally weighted answers the weights are worth: (sum w)^2 / sum w^2. Source: Kish (1965)."""
    return float(weight.sum() ** 2 / (weight**2).sum())


# --- intervals ---------------------------------------------------------------------------------------------


def korn_graubard_limits(shares: Estimates, confidence: float | Array, *, capped: bool = True) -> tuple[Array, Array]:
    """Return Clopper-Pearson limits with the effective number of answers, at most the actual one if capped.

    n* = p (1 - p) / Var (t(n - 1) / t(df))^2. Source: Korn and Graubard (1998), Survey Methodology 24. R's `survey` 4.1
    does not cap, NCHS (2017) does. At 0 and 1 with the number of answers.
    """
    tail = 0.5 + confidence / 2
    with np.errstate(divide="ignore", invalid="ignore"):
        quantiles = stats.t.ppf(tail, shares.answers - 1) / stats.t.ppf(tail, shares.degrees)
        worth = shares.share * (1 - shares.share) / shares.variance * quantiles**2
    worth = np.minimum(worth, shares.answers) if capped else worth
    worth = np.where((shares.share == 0) | (shares.share == 1), shares.answers, worth)
    return clopper_pearson_limits(shares.share * worth, worth, confidence)


def logit_limits_where_enough(shares: Estimates, confidence: float) -> tuple[Array, Array]:
    """The logit's limits, and Korn and Graubard's where a share stands on few answers, as the logit covers too little there.

    Few are fewer than 10 effective answers of one kind, or than 15 where weights make the answers worth less than they are;
    found by simulation (`tests/methods/test_simulations.py`). At 0 and 1 the logit has no limits.
    """
    low, high = logit_limits(shares.share, shares.standard_error, shares.degrees, confidence)
    with np.errstate(divide="ignore", invalid="ignore"):
        worth = shares.share * (1 - shares.share) / shares.variance
        of_one_kind = np.minimum(shares.share, 1 - shares.share) * np.minimum(worth, shares.answers)
        few = (of_one_kind < FEW) | ((of_one_kind < FEW_UNEQUAL) & (worth < shares.answers)) | ~np.isfinite(low)
    exact_low, exact_high = korn_graubard_limits(shares, confidence)
    return np.where(few, exact_low, low), np.where(few, exact_high, high)


def presentable(shares: Estimates, low: Array, high: Array, fewest: float) -> Array:
    """Whether a share may be shown: enough answers, and a Korn-Graubard interval that is narrow or not wide for the share.

    Less than 0.05 wide: shown; 0.30 and more: not; between, shown at a width of up to 130 % of the share. Source: NCHS
    (2017), Vital and Health Statistics 2(175), with the number of answers in place of its 30 effective ones.
    """
    width = high - low
    narrow = (width <= 0.05) | ((width < 0.30) & (width <= 1.3 * shares.share))
    return (shares.answers >= fewest) & narrow


# --- sums by stratum ---------------------------------------------------------------------------------------


@dataclass(frozen=True)
class _Sums:
    """Stratum by area by question: answers, sums of weights and their squares, of all that count and of the yes."""

    answers: Array
    weight: Array
    weight_yes: Array
    square: Array
    square_yes: Array


def _sums(design: Design, yes: Array, areas: Array) -> _Sums:
    """Return the sums by products of matrices, stratum by stratum: area by question by respondent needs no array."""
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


def _variance(design: Design, z: Array, z_squared: Array, lonely: Lonely) -> Array:
    """Variance of the sum of z from its sums by stratum: sum of (1 - f) n / (n - 1) (sum z^2 - (sum z)^2 / n).

    A stratum with one respondent has none of its own. `adjust` takes the distance from the mean of all, which is 0;
    `average` gives it the mean of the others; `remove` leaves it out.
    """
    n = design.answers.astype(float)
    alone = n == 1
    finite = 1 - n / design.population
    scale = finite * n / np.where(alone, 1, n - 1)
    spread = z_squared - np.where(alone[:, None, None], 0.0, z**2 / np.maximum(n, 1)[:, None, None])
    by_stratum = scale[:, None, None] * np.maximum(spread, 0.0)
    if lonely == "adjust":
        return by_stratum.sum(axis=0)
    without_lonely = by_stratum[~alone].sum(axis=0)
    return without_lonely * len(n) / (~alone).sum() if lonely == "average" else without_lonely


def _by_stratum(design: Design, values: Array) -> Array:
    """Sum values, respondent by question, to stratum by question."""
    sums = np.zeros((len(design.population), values.shape[1]))
    np.add.at(sums, design.stratum, values)
    return sums
