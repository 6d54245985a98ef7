"""Compute the dispersion of an area's counts. It says how much more the counts vary between years than chance explains.

The formula is in `assets/methods/counts.py`. This module chooses the years that are used. The judged year is left out.
A real rise in that year would increase the dispersion, and a higher dispersion makes a rise harder to show.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import groupby

import numpy as np

from assets.methods import counts
from assets.methods.counts import Count
from assets.methods.limits import Array
from assets.targets.cases import Comparison, Figure

FEWEST_YEARS = 5

Years = list[tuple[Figure, Count]]


@dataclass(frozen=True)
class Dispersion:
    """The dispersion of an area's counts, and the figures that the dispersion was computed from.

    `ratio` is Pearson's chi-squared divided by its degrees of freedom.
    """

    ratio: float
    figures: tuple[Figure, ...]


def dispersion_before(own: Sequence[Comparison], of_bydele: Sequence[Comparison], unit: str) -> Dispersion | None:
    """Return the dispersion of counts in the years before the judged year, or None if there are too few counts.

    The counts are the area's own if it has counts for at least five such years, otherwise those of the bydele. `own`
    has comparisons of the area, and `of_bydele` has comparisons of the bydele. Each comparison is between the judged
    edition and an earlier edition. Both lists are sorted by area and edition.
    """
    own_years = _counted(own, unit)
    areas = [_counted(list(years), unit) for _, years in groupby(of_bydele, key=lambda comparison: comparison.area_id)]
    series = [own_years] if len(own_years) >= FEWEST_YEARS else areas
    ratio = counts.dispersion([_arrays(years) for years in series])
    if ratio is None:
        return None
    return Dispersion(ratio, tuple(figure for years in series for figure, _ in years))


def _counted(comparisons: Sequence[Comparison], unit: str) -> Years:
    """Return the earlier figures together with their counts.

    A figure is left out if it has no count, or if comparing it with the judged figure is forbidden.
    """
    figures = [comparison.against for comparison in comparisons if not comparison.forbidden_by and comparison.against]
    return [(figure, count) for figure in figures if (count := figure.count(unit))]


def _arrays(years: Years) -> tuple[Array, Array]:
    """Return two arrays: the reports of each year, and the residents of each year.

    The residents of a year are the mean of the smallest and the largest possible number of residents.
    """
    reports = [count.reports for _, count in years]
    middles = [(count.population_low + count.population_high) / 2 for _, count in years]
    return np.array(reports, float), np.array(middles)
