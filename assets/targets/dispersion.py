"""The dispersion of an area's counts: how much more they vary from year to year than chance alone would explain.

The formula is in `assets/methods/counts.py`. This module decides from which years it is computed. The judged year is left out:
a real rise in that year would raise the dispersion, and so the rise would be harder to show.
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
    """Pearson's chi-squared divided by its degrees of freedom, and the figures that it was computed from."""

    ratio: float
    figures: tuple[Figure, ...]


def dispersion_before(own: Sequence[Comparison], of_bydele: Sequence[Comparison], unit: str) -> Dispersion | None:
    """Return the dispersion of the area's own counts in the years before the judged one.

    If the area has fewer than five such years, the counts of the bydele are used. The result is None if these have too few
    years as well. `own` and `of_bydele` compare the judged edition with each earlier one, and are sorted by area and edition.
    """
    own_years = _counted(own, unit)
    areas = [_counted(list(years), unit) for _, years in groupby(of_bydele, key=lambda comparison: comparison.area_id)]
    series = [own_years] if len(own_years) >= FEWEST_YEARS else areas
    ratio = counts.dispersion([_arrays(years) for years in series])
    if ratio is None:
        return None
    return Dispersion(ratio, tuple(figure for years in series for figure, _ in years))


def _counted(comparisons: Sequence[Comparison], unit: str) -> Years:
    """Return each earlier figure that has a count and may be compared with the judged one, together with its count."""
    figures = [comparison.against for comparison in comparisons if not comparison.forbidden_by and comparison.against]
    return [(figure, count) for figure in figures if (count := figure.count(unit))]


def _arrays(years: Years) -> tuple[Array, Array]:
    """Return the reports of each year, and the mean of each year's smallest and largest number of residents."""
    reports = [count.reports for _, count in years]
    middles = [(count.population_low + count.population_high) / 2 for _, count in years]
    return np.array(reports, float), np.array(middles)
