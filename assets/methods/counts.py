"""Statistics of reported crime: exact Poisson intervals, ratios of rates, and dispersion over years.

A rate is the number of reports per 1000 residents. Most functions take arrays (`Counts`). NaN in an array means that a
value is not known. A function that takes single counts (`Count`) calls an array function with arrays of length 1.
Shares from a survey are in `shares.py`.
"""

from dataclasses import dataclass

import numpy as np
from scipy import stats

from assets.methods.limits import Array, Limits, clopper_pearson_limits, normal_quantile
from assets.methods.shares import Interval

METHOD = "poisson_rate/1"


@dataclass(frozen=True)
class Count:
    """The number of reports in a year, with the smallest and the largest possible number of residents.

    The two numbers of residents differ if they were worked out from a rounded rate. If the number of reports is used
    without a rate, both are 1.
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
        """Return single counts as arrays. The order stays the same."""
        return cls(
            reports=np.array([count.reports for count in counts], float),
            population_low=np.array([count.population_low for count in counts], float),
            population_high=np.array([count.population_high for count in counts], float),
        )

    @property
    def is_complete(self) -> Array:
        """Whether the reports and both numbers of residents are known. The result has one value for each count."""
        return ~np.isnan(self.reports + self.population_low + self.population_high)


def poisson_limits(reports: Array, confidence: float) -> Limits:
    """Return the exact Poisson limits of each count.

    The lower limit of a count O is chi2(a/2, 2 O) / 2. The upper limit is chi2(1 - a/2, 2 O + 2) / 2. Here a is 1 -
    confidence, and chi2(q, k) is the quantile q of the chi-squared distribution with k degrees of freedom. If a count
    is NaN, its limits are NaN too. Source: Garwood (1936).
    """
    tail = (1 - confidence) / 2
    low = np.where(reports == 0, 0.0, stats.chi2.ppf(tail, 2 * reports) / 2)
    return low, stats.chi2.ppf(1 - tail, 2 * reports + 2) / 2


def rate_limits(counts: Counts, confidence: float) -> Limits:
    """Return the confidence limits of each rate per 1000 residents.

    The limits allow for every possible number of residents. They are NaN if the reports or the residents are not known.
    Numbers of residents must be above 0.
    """
    low, high = poisson_limits(np.where(counts.is_complete, counts.reports, np.nan), confidence)
    return low / counts.population_high * 1000, high / counts.population_low * 1000


def rate_ratio_limits(new: Counts, old: Counts, confidence: float, dispersion: float | Array = 1.0) -> Limits:
    """Return the confidence limits of each ratio: the new rate divided by the old rate.

    The limits allow for every possible number of residents. They are NaN if a count or its residents are not known. If
    the old count is 0, the upper limit is infinity.

    Both counts are Poisson distributed. Given their sum, the new count is binomial. The new count's expected share of
    the sum is P1 / (P1 + P0) if the two rates are equal. Here P1 and P0 are the numbers of residents of the new and the
    old count. The Clopper-Pearson limits of the new count's share are converted into limits of the ratio. Source:
    Przyborowski and Wilenski (1940).

    A dispersion above 1 means that counts vary more than by chance, so they carry less information. Therefore both
    counts are divided by the dispersion. This widens the interval by about the square root of the dispersion, as a
    design effect does for a share.
    """
    divisor = np.maximum(1.0, dispersion)
    reports = np.where(new.is_complete & old.is_complete, new.reports, np.nan)
    share_low, share_high = clopper_pearson_limits(reports / divisor, (reports + old.reports) / divisor, confidence)
    with np.errstate(divide="ignore"):  # the odds of a share of 1 are infinite
        low = share_low / (1 - share_low) * (old.population_low / new.population_high)
        high = share_high / (1 - share_high) * (old.population_high / new.population_low)
    return low, high


def rate_ratio_interval(new: Count, old: Count, confidence: float, dispersion: float = 1.0) -> Interval:
    """Return the confidence interval of the new rate divided by the old rate.

    `rate_ratio_limits` describes the method.
    """
    return _interval(rate_ratio_limits(Counts.of_each(new), Counts.of_each(old), confidence, dispersion))


def ratio_of_ratios_limits(ratio: Array, reports: Array, confidence: float) -> Limits:
    """Return the confidence limits of each `ratio`: one rate's change divided by another rate's change.

    `reports` has the shape (4, n). It has the four counts that each of the n ratios is computed from. The limits of a
    ratio are NaN if one of its four counts is 0 or not known.

    The variance of the ratio's logarithm is the sum of 1 / count over the four counts. The reports of an area are also
    reports of its municipality. The formula ignores this, so the interval is wider than necessary. Source: the delta
    method, as in Rothman, Greenland and Lash (2008), chapter 14.
    """
    counted = np.where(reports > 0, reports, np.nan)
    reach = normal_quantile(confidence) * np.sqrt((1 / counted).sum(axis=0))
    return ratio * np.exp(-reach), ratio * np.exp(reach)


def smallest_rise_shown(old: Count, population_new: float, confidence: float, dispersion: float = 1.0) -> int:
    """Return the smallest new number of reports that would show that the rate has risen.

    A rise is shown if the whole interval of the new rate divided by the old rate is above 1.
    """
    reports = old.reports
    while rate_ratio_interval(Count(reports, population_new, population_new), old, confidence, dispersion).low <= 1:
        reports += 1
    return reports


def _interval(limits: Limits) -> Interval:
    """Return a single interval from limits that are arrays of length 1."""
    return Interval(float(limits[0][0]), float(limits[1][0]))


def funnel_limits(rate: float, residents: Array, confidence: float, dispersion: float) -> tuple[Array, Array]:
    """Return the limits between which the rates of areas would lie if all areas had the same risk.

    `residents` has the residents of each area. `rate` is the rate that all areas would have. Rates are per 1000
    residents. The limits are quantiles of the Poisson distribution, interpolated between whole counts. If the
    dispersion is above 1, the distance of each limit from `rate` is multiplied by the square root of the dispersion.
    Source: Spiegelhalter (2005), Funnel plots for comparing institutional performance, appendix A.1 and section 3.2.
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
    """Return how many reports each year would have if every year had the same rate.

    This rate is the rate of all years together.
    """
    return reports.sum() * population / population.sum()


def dispersion(series: list[tuple[Array, Array]]) -> float | None:
    """Return how much counts vary over the years, compared with Poisson counts at a constant rate.

    The result is Pearson's chi-squared, divided by its degrees of freedom. If it is above 1, the counts vary more than
    Poisson counts do. A series has two arrays: the reports and the residents of its years. Each series has its own
    constant rate. A series is used if it has at least two years and at least one report. The result is None if no
    series is used. Source: McCullagh and Nelder (1989), 4.5 and 6.2.
    """
    chi_squared, freedom = 0.0, 0
    for reports, population in series:
        if reports.sum() > 0 and len(reports) > 1:
            expected = constant_rate(reports, population)
            chi_squared += float(((reports - expected) ** 2 / expected).sum())
            freedom += len(reports) - 1
    return chi_squared / freedom if freedom else None
