"""Counts and rates of reported crime: exact Poisson intervals and the ratio of two rates.

A rate is reports per 1000 residents. Shares from a survey are in `shares.py`.
"""

from dataclasses import dataclass

from scipy import stats

from assets.methods.shares import Interval, clopper_pearson

METHOD = "poisson_rate/1"


@dataclass(frozen=True)
class Count:
    """Reports in a year, and the population that they are counted over (a band where it is implied)."""

    reports: int
    population_low: float
    population_high: float


def poisson_interval(reports: int, confidence: float) -> Interval:
    """Exact interval of a count: chi2(a/2, 2 O)/2 and chi2(1 - a/2, 2 O + 2)/2. Source: Garwood (1936)."""
    tail = (1 - confidence) / 2
    low = float(stats.chi2.ppf(tail, 2 * reports)) / 2 if reports else 0.0
    return Interval(low, float(stats.chi2.ppf(1 - tail, 2 * reports + 2)) / 2)


def rate_interval(count: Count, confidence: float) -> Interval:
    """Interval of the rate per 1000 over all populations of the band."""
    interval = poisson_interval(count.reports, confidence)
    return Interval(interval.low / count.population_high * 1000, interval.high / count.population_low * 1000)


def implied_population(reports: int, rate_low: float, rate_high: float) -> Interval:
    """Populations, in whole residents, over which the count gives a rate within the published one's rounding."""
    return Interval(round(reports / rate_high * 1000), round(reports / rate_low * 1000))


def rate_ratio_interval(new: Count, old: Count, confidence: float) -> Interval:
    """Interval of the new rate over the old one, over all populations of the two bands.

    Both counts are Poisson; given their total the new one is binomial with the share P1 / (P1 + P0) at equal
    rates, and the Clopper-Pearson interval of the share is turned back. Source: Przyborowski and Wilenski (1940).
    A ratio over a count of 0 has no upper limit (infinity).
    """
    total = new.reports + old.reports
    if total == 0:
        return Interval(0.0, float("inf"))
    share = clopper_pearson(new.reports, total, confidence)

    def ratio(of: float, population_new: float, population_old: float) -> float:
        return float("inf") if of >= 1 else of / (1 - of) * population_old / population_new

    return Interval(
        ratio(share.low, new.population_high, old.population_low),
        ratio(share.high, new.population_low, old.population_high),
    )


def smallest_rise_shown(old: Count, population_new: float, confidence: float) -> int:
    """Smallest new count whose rate would be shown to lie above the old one."""
    reports = old.reports
    while rate_ratio_interval(Count(reports, population_new, population_new), old, confidence).low <= 1:
        reports += 1
    return reports
