"""How much more the counts of an area vary from year to year than chance alone makes them.

The formula is in `assets/methods/counts.py`; here is said which years count. The judged year never does: a real rise in it
would hide itself behind the variation that it makes.
"""

from collections.abc import Callable, Iterable
from dataclasses import dataclass

import numpy as np

from assets.indicators.figures import breaks_between, forbidding
from assets.methods import counts
from assets.methods.counts import Count
from assets.methods.limits import Array
from warehouse.contracts import Row

FEWEST_YEARS = 5


@dataclass(frozen=True)
class Dispersion:
    """Pearson's chi-squared over its degrees of freedom, and the stored rows that it was made of."""

    ratio: float
    rows: list[Row]


def dispersion_before(
    judged: Row,
    measure: str,
    crime: Iterable[Row],
    bydele: set[str],
    breaks: list[Row],
    count: Callable[[Row], Count | None],
) -> Dispersion | None:
    """Of the area's own years before the judged one; where fewer than five are known, of the bydele's; else None."""

    def before(area_id: str) -> list[Row]:
        return [
            row
            for row in crime
            if (row["area_id"], row["crime_type"]) == (area_id, judged["crime_type"])
            and row["edition"] < judged["edition"]
            and count(row)
            and not forbidding(
                breaks_between(breaks, area_id, measure, row["edition"], judged["edition"]),
                row,
                judged if area_id == judged["area_id"] else None,
            )
        ]

    own = before(judged["area_id"])
    series = [own] if len(own) >= FEWEST_YEARS else [before(area_id) for area_id in sorted(bydele)]
    ratio = counts.dispersion([_arrays([one for row in rows if (one := count(row))]) for rows in series])
    return None if ratio is None else Dispersion(ratio, [row for rows in series for row in rows])


def _arrays(years: list[Count]) -> tuple[Array, Array]:
    """Reports by year, and the middle of the population's band."""
    middles = [(one.population_low + one.population_high) / 2 for one in years]
    return np.array([one.reports for one in years], float), np.array(middles)
