"""Counts and rates of reported crime: exact Poisson intervals, the ratio of two rates, and series of years.

A rate is reports per 1000 residents. Intervals are made of arrays (`Counts`), NaN where something is not known; of a single
count (`Count`) the same function is asked with arrays of one. Shares from a survey are in `shares.py`.
"""

from dataclasses import dataclass

import numpy as np
from scipy import optimize, stats

from assets.methods.limits import Array, Limits, clopper_pearson_limits, normal_quantile
from assets.methods.shares import Interval

METHOD = "poisson_rate/1"


@dataclass(frozen=True)
class Count:
    """Reports in a year, and the population that they are counted over (a band where it is implied)."""

    reports: int
    population_low: float
    population_high: float


@dataclass(frozen=True)
class Counts:
    """Many counts, each as a `Count`: arrays of one length. NaN: not known."""

    reports: Array
    population_low: Array
    population_high: Array

    @classmethod
    def of_each(cls, *counts: Count) -> "Counts":
        """The counts as arrays, in their order."""
        return cls(
            reports=np.array([count.reports for count in counts], float),
            population_low=np.array([count.population_low for count in counts], float),
            population_high=np.array([count.population_high for count in counts], float),
        )

    @property
    def known(self) -> Array:
        """Whether the reports and both ends of the population are known."""
        return ~np.isnan(self.reports + self.population_low + self.population_high)


def poisson_limits(reports: Array, confidence: float) -> Limits:
    """Exact limits of counts: chi2(a/2, 2 O)/2 and chi2(1 - a/2, 2 O + 2)/2; NaN of NaN. Source: Garwood (1936)."""
    tail = (1 - confidence) / 2
    low = np.where(reports == 0, 0.0, stats.chi2.ppf(tail, 2 * reports) / 2)
    return low, stats.chi2.ppf(1 - tail, 2 * reports + 2) / 2


def poisson_interval(reports: int, confidence: float) -> Interval:
    """Exact interval of one count, see `poisson_limits`."""
    return _interval(poisson_limits(np.array([reports], float), confidence))


def rate_limits(counts: Counts, confidence: float) -> Limits:
    """Limits of the rates per 1000 over all populations of each band; NaN where anything is. Populations are above 0."""
    low, high = poisson_limits(np.where(counts.known, counts.reports, np.nan), confidence)
    return low / counts.population_high * 1000, high / counts.population_low * 1000


def rate_interval(count: Count, confidence: float) -> Interval:
    """Interval of one rate per 1000, see `rate_limits`."""
    return _interval(rate_limits(Counts.of_each(count), confidence))


def implied_population(reports: int, rate_low: float, rate_high: float) -> Interval:
    """Populations, in whole residents, over which the count gives a rate within the published one's rounding."""
    return Interval(round(reports / rate_high * 1000), round(reports / rate_low * 1000))


def rate_ratio_limits(new: Counts, old: Counts, confidence: float, dispersion: float | Array = 1.0) -> Limits:
    """Limits of the new rates over the old ones, over all populations of the two bands; NaN where anything is.

    Both counts are Poisson; given their total the new one is binomial with the share P1 / (P1 + P0) at equal
    rates, and the Clopper-Pearson limits of the share are turned back. Source: Przyborowski and Wilenski (1940).
    A ratio over a count of 0 has no upper limit (infinity). Counts that vary more than chance say as little as fewer reports
    would: both are divided by a dispersion above 1, which widens the interval by its root, as a design effect does a share's.
    """
    divisor = np.maximum(1.0, dispersion)
    reports = np.where(new.known & old.known, new.reports, np.nan)
    share_low, share_high = clopper_pearson_limits(reports / divisor, (reports + old.reports) / divisor, confidence)
    with np.errstate(divide="ignore"):  # a share of 1 has infinite odds
        low = share_low / (1 - share_low) * (old.population_low / new.population_high)
        high = share_high / (1 - share_high) * (old.population_high / new.population_low)
    return low, high


def rate_ratio_interval(new: Count, old: Count, confidence: float, dispersion: float = 1.0) -> Interval:
    """Interval of one rate over another, see `rate_ratio_limits`."""
    return _interval(rate_ratio_limits(Counts.of_each(new), Counts.of_each(old), confidence, dispersion))


def ratio_of_ratios_limits(ratio: Array, reports: Array, confidence: float) -> Limits:
    """Limits of one rate's change over another's, from the four counts of each (4, n); NaN where one is zero or NaN.

    On the logarithm's scale the variance is the sum of 1 / count. The area's reports are part of the municipality's; leaving
    that out makes the interval wider. Source: the delta method, as in Rothman, Greenland and Lash (2008), chapter 14.
    """
    counted = np.where(reports > 0, reports, np.nan)
    reach = normal_quantile(confidence) * np.sqrt((1 / counted).sum(axis=0))
    return ratio * np.exp(-reach), ratio * np.exp(reach)


def ratio_of_ratios_interval(ratio: float, reports: list[int], confidence: float) -> Interval | None:
    """Interval of one such change, see `ratio_of_ratios_limits`; None where a count is zero."""
    if min(reports) == 0:
        return None
    return _interval(ratio_of_ratios_limits(np.array([ratio]), np.array(reports, float)[:, None], confidence))


def smallest_rise_shown(old: Count, population_new: float, confidence: float, dispersion: float = 1.0) -> int:
    """Smallest new count whose rate would be shown to lie above the old one."""
    reports = old.reports
    while rate_ratio_interval(Count(reports, population_new, population_new), old, confidence, dispersion).low <= 1:
        reports += 1
    return reports


def equal_rates_p(new: Count, old: Count) -> float:
    """Two-sided p of two equal rates by the E-test; 1 where there are no reports. Populations are the bands' middles.

    The chance, at the pooled rate, of a standardised difference as large as the observed one. Source: Krishnamoorthy and
    Thomson (2004), A more powerful test for comparing two Poisson means.
    """
    total = new.reports + old.reports
    if total == 0:
        return 1.0
    sizes = [(count.population_low + count.population_high) / 2 for count in (new, old)]
    expected = [total * size / sum(sizes) for size in sizes]
    reach = [np.arange(stats.poisson.isf(1e-15, mean) + 1) for mean in expected]
    chances = np.outer(*(stats.poisson.pmf(numbers, mean) for numbers, mean in zip(reach, expected, strict=True)))
    far = (
        _apart(reach[0][:, None], reach[1], sizes)
        >= _apart(np.array(new.reports), np.array(old.reports), sizes) - 1e-12
    )
    return float(chances[far].sum())


def same_ratio_p(new: Count, old: Count) -> float:
    """Two-sided p of two equal rates given their total: of the binomial share that `rate_ratio_interval` turns back.

    As R's `poisson.test`. Populations are the bands' middles; 1 where there are no reports.
    """
    total = new.reports + old.reports
    sizes = [(count.population_low + count.population_high) / 2 for count in (new, old)]
    return float(stats.binomtest(new.reports, total, sizes[0] / sum(sizes)).pvalue) if total else 1.0


def _apart(new: Array, old: Array, sizes: list[float]) -> Array:
    """The difference of two rates in their standard error; 0 where there are no reports."""
    error = np.sqrt(new / sizes[0] ** 2 + old / sizes[1] ** 2)
    difference = np.abs(new / sizes[0] - old / sizes[1])
    return np.divide(difference, error, out=np.zeros_like(error), where=error > 0)


def _interval(limits: Limits) -> Interval:
    """Return the interval of arrays of one lower and one upper limit."""
    return Interval(float(limits[0][0]), float(limits[1][0]))


def funnel_limits(rate: float, residents: Array, confidence: float, dispersion: float) -> tuple[Array, Array]:
    """Return limits of rates per 1000 between which areas of these sizes would lie by chance, at the same risk.

    Poisson quantiles with interpolation between whole counts; a dispersion above 1 widens them about the rate by its root.
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


@dataclass(frozen=True)
class RateTrend:
    """Change of the rate a year (0.1 for a tenth more), the likelihood ratio against no trend, and its p."""

    change: float
    likelihood_ratio: float
    p: float


def rate_trend(years: Array, reports: Array, population: Array) -> RateTrend:
    """A log-linear Poisson trend of the rate. Needs reports in at least two years.

    At the slope the sum of (reports - expected) (year - mean) is 0. Source: McCullagh and Nelder (1989), 6.2.
    """
    centred = np.asarray(years, float) - np.mean(years)

    def expected(slope: float) -> Array:
        shape = population * np.exp(slope * centred)
        return reports.sum() * shape / shape.sum()

    slope = optimize.brentq(lambda tried: ((reports - expected(tried)) * centred).sum(), -5, 5)
    ratio = deviance(reports, expected(0)) - deviance(reports, expected(slope))
    return RateTrend(float(np.expm1(slope)), ratio, float(stats.chi2.sf(ratio, 1)))


def deviance(reports: Array, expected: Array) -> float:
    """Return twice the log likelihood of counts as their own Poisson means, less that at the expected means."""
    logs = np.where(reports > 0, reports * np.log(np.maximum(reports, 1) / expected), 0.0)
    return float(2 * (logs - (reports - expected)).sum())


def constant_rate(reports: Array, population: Array) -> Array:
    """Reports that each year would have at the rate of all years together."""
    return reports.sum() * population / population.sum()


def dispersion(series: list[tuple[Array, Array]]) -> float | None:
    """Pearson's chi-squared of constant rates over its degrees of freedom: above 1 counts vary more than Poisson's.

    One or more series of reports and population by year, each with a rate of its own; None where no series has two years and
    a report. Source: McCullagh and Nelder (1989), 4.5 and 6.2.
    """
    chi_squared, freedom = 0.0, 0
    for reports, population in series:
        if reports.sum() > 0 and len(reports) > 1:
            expected = constant_rate(reports, population)
            chi_squared += float(((reports - expected) ** 2 / expected).sum())
            freedom += len(reports) - 1
    return chi_squared / freedom if freedom else None
