"""Counts and rates of reported crime: exact Poisson intervals, ratios of rates, and dispersion over years.

A rate is the number of reports per 1000 residents. The functions take arrays (`Counts`), in which NaN means that a value is
not known. A function for single counts (`Count`) calls them with arrays of length 1. Shares from a survey are in `shares.py`.
"""

from dataclasses import dataclass

import numpy as np
from scipy import stats

from assets.methods.limits import Array, Limits, clopper_pearson_limits, normal_quantile
from assets.methods.shares import Interval

METHOD = "poisson_rate/1"


@dataclass(frozen=True)
class Count:
    """The reports of a year, and the smallest and the largest possible number of residents among whom they were counted.

    The two numbers differ if the residents were worked out from a rounded rate. For a plain number of reports both are 1.
    """

    reports: int
    population_low: float
    population_high: float


@dataclass(frozen=True)
class Counts:
    """Many counts: the fields of `Count` as arrays of equal length. NaN means that a value is not known."""

    reports: Array
    population_low: Array
    population_high: Array

    @classmethod
    def of_each(cls, *counts: Count) -> "Counts":
        """Return the counts as arrays, in the order in which they are given."""
        return cls(
            reports=np.array([count.reports for count in counts], float),
            population_low=np.array([count.population_low for count in counts], float),
            population_high=np.array([count.population_high for count in counts], float),
        )

    @property
    def is_complete(self) -> Array:
        """Whether the reports and both numbers of residents are known, for each count."""
        return ~np.isnan(self.reports + self.population_low + self.population_high)


def poisson_limits(reports: Array, confidence: float) -> Limits:
    """Return exact limits of counts. For a count O they are chi2(a/2, 2 O)/2 and chi2(1 - a/2, 2 O + 2)/2, with a = 1 - confidence.

    If a count is NaN, its limits are NaN too. Source: Garwood (1936).
    """
    tail = (1 - confidence) / 2
    low = np.where(reports == 0, 0.0, stats.chi2.ppf(tail, 2 * reports) / 2)
    return low, stats.chi2.ppf(1 - tail, 2 * reports + 2) / 2


def rate_limits(counts: Counts, confidence: float) -> Limits:
    """Return limits of the rates per 1000 residents. They are wide enough to be right for every possible number of residents.

    Limits are NaN if the reports or the residents are not known. Numbers of residents must be above 0.
    """
    low, high = poisson_limits(np.where(counts.is_complete, counts.reports, np.nan), confidence)
    return low / counts.population_high * 1000, high / counts.population_low * 1000


def rate_ratio_limits(new: Counts, old: Counts, confidence: float, dispersion: float | Array = 1.0) -> Limits:
    """Return limits of the new rates divided by the old rates.

    They are wide enough to be right for every possible number of residents. They are NaN if a count or its residents are not
    known. If the old count is 0, the upper limit is infinity.

    Both counts are Poisson. Given their total, the new count is binomial; at equal rates its share of the total is P1 / (P1 +
    P0), where P1 are the new count's residents and P0 the old count's. The Clopper-Pearson limits of that share are converted
    into limits of the ratio. Source: Przyborowski and Wilenski (1940).

    Counts that vary more than chance carry as much information as fewer reports would. A dispersion above 1 therefore divides
    both counts. This widens the interval by about the square root of the dispersion. A design effect widens the interval of a
    share in the same way.
    """
    divisor = np.maximum(1.0, dispersion)
    reports = np.where(new.is_complete & old.is_complete, new.reports, np.nan)
    share_low, share_high = clopper_pearson_limits(reports / divisor, (reports + old.reports) / divisor, confidence)
    with np.errstate(divide="ignore"):  # the odds of a share of 1 are infinite
        low = share_low / (1 - share_low) * (old.population_low / new.population_high)
        high = share_high / (1 - share_high) * (old.population_high / new.population_low)
    return low, high


def rate_ratio_interval(new: Count, old: Count, confidence: float, dispersion: float = 1.0) -> Interval:
    """Return the interval of one rate divided by another. `rate_ratio_limits` describes the method."""
    return _interval(rate_ratio_limits(Counts.of_each(new), Counts.of_each(old), confidence, dispersion))


def ratio_of_ratios_limits(ratio: Array, reports: Array, confidence: float) -> Limits:
    """Return limits of one rate's change divided by another rate's change.

    `reports` has shape (4, n): the four counts that each of the n ratios is made from. Limits are NaN if one of the four is 0 or
    not known.

    The variance of the logarithm of the ratio is the sum of 1 / count over the four counts. The reports of an area are also
    reports of its municipality. This is ignored, which makes the interval wider than it need be. Source: the delta method, as
    in Rothman, Greenland and Lash (2008), chapter 14.
    """
    counted = np.where(reports > 0, reports, np.nan)
    reach = normal_quantile(confidence) * np.sqrt((1 / counted).sum(axis=0))
    return ratio * np.exp(-reach), ratio * np.exp(reach)


def smallest_rise_shown(old: Count, population_new: float, confidence: float, dispersion: float = 1.0) -> int:
    """Return the smallest new count that would show that the rate has risen.

    With this count, the whole interval of the new rate divided by the old rate is above 1.
    """
    reports = old.reports
    while rate_ratio_interval(Count(reports, population_new, population_new), old, confidence, dispersion).low <= 1:
        reports += 1
    return reports


def _interval(limits: Limits) -> Interval:
    """Return the interval whose limits are two arrays of length 1."""
    return Interval(float(limits[0][0]), float(limits[1][0]))


def funnel_limits(rate: float, residents: Array, confidence: float, dispersion: float) -> tuple[Array, Array]:
    """Return the limits between which the rates of areas with these residents would lie if all areas had the same risk.

    Rates are per 1000 residents. The limits are Poisson quantiles, interpolated between whole counts. Their distance from
    `rate` is multiplied by the square root of the dispersion if the dispersion is above 1. Source: Spiegelhalter (2005), Funnel
    plots for comparing institutional performance, appendix A.1 and section 3.2.
    """
    expected = rate * residents / 1000
    widened = np.sqrt(max(1.0, dispersion))
    limits = []
    for chance in ((1 - confidence) / 2, (1 + confidence) / 2):
        count = stats.poisson.ppf(chance, expected)
        above, below = stats.poisson.cdf(count, expected), stats.poisson.cdf(count - 1, expected)
        limit = (count - (above - chance) / (above - below)) / residents * 1000
        limits.append(np.maximum(rate + (limit - rate) * widened, 0.0))
    return limits[0], limits[1]


# --- series of years -----------------------------------------------------------------------------------------


def constant_rate(reports: Array, population: Array) -> Array:
    """Return the reports that each year would have at the rate of all years together."""
    return reports.sum() * population / population.sum()


def dispersion(series: list[tuple[Array, Array]]) -> float | None:
    """Return Pearson's chi-squared against constant rates, divided by its degrees of freedom.

    If the result is above 1, the counts vary more than Poisson counts do. Each series consists of the reports and the residents
    of its years, and has its own constant rate. The result is None if no series has both at least two years and at least one
    report. Source: McCullagh and Nelder (1989), 4.5 and 6.2.
    """
    chi_squared, freedom = 0.0, 0
    for reports, population in series:
        if reports.sum() > 0 and len(reports) > 1:
            expected = constant_rate(reports, population)
            chi_squared += float(((reports - expected) ** 2 / expected).sum())
            freedom += len(reports) - 1
    return chi_squared / freedom if freedom else None
