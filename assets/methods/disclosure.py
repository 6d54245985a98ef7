"""Which small counts are hidden, and which others with them, so that none follows from what is shown.

Cells are counts of reports. What an attacker knows besides them is a system of equations, one row of `coefficients` each:
the sum of coefficients times values is known. Which cells and equations there are is decided in `assets/crime/confidentiality.sql`.

Source of the terms: Hundepool et al. (2012), Statistical Disclosure Control, chapter 4. Protection is asked of the range
that an attacker can work out by linear programming, as in 4.3.2 there.
"""

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np
from scipy import optimize

from assets.methods.limits import Array

FREE, CONFIDENTIAL, SECONDARY = "free", "confidential", "secondary"
EPSILON = 1e-6


@dataclass(frozen=True)
class Cells:
    """Counts, which of them are shown to anybody, and what hiding one would cost.

    A cell that is not shown stands for a remainder, as what of a bydel lies outside the partnership area. `guarded` says
    of which cells a small value must not be found out.
    """

    values: Array
    shown: Array
    guarded: Array
    cost: Array


def hide(cells: Cells, coefficients: Array, thresholds: Array | int) -> list[str]:
    """Return for each cell whether it is free, confidential (1 to threshold - 1) or hidden for the sake of others.

    `thresholds` has the fewest reports that are shown of each cell, or of all cells alike.

    Zeros are shown, but not beside a small count: else a hidden count would be known not to be zero. Raises ValueError
    where a small count can be found out even if every cell is hidden.
    """
    thresholds = np.broadcast_to(thresholds, cells.values.shape)
    small = (cells.values >= 1) & (cells.values < thresholds)
    hidden = cells.shown & (small | (cells.values == 0) & _in_equation_with(small & cells.shown, coefficients))
    while True:
        exposed = _first_exposed(cells, coefficients, hidden, thresholds)
        if exposed is None:
            break
        hidden[_next_to_hide(cells, coefficients, hidden, exposed)] = True
    return [
        CONFIDENTIAL if is_hidden and is_small else SECONDARY if is_hidden else FREE
        for is_hidden, is_small in zip(hidden, small, strict=True)
    ]


def ranges(cells: Cells, coefficients: Array, hidden: Array, thresholds: Array) -> Iterator[tuple[int, float, float]]:
    """Yield each cell to be protected, with the smallest and the largest value that an attacker cannot rule out.

    The attacker knows every equation and every cell that is shown and not hidden. Nobody is told whether a cell is hidden
    for its own sake or for another's, as that would say that it is less than the threshold.
    """
    small = (cells.values >= 1) & (cells.values < thresholds)
    unknown = np.flatnonzero(hidden | ~cells.shown)
    known_values = cells.values.astype(float).copy()
    known_values[unknown] = 0
    equations, totals = coefficients[:, unknown], coefficients @ (cells.values - known_values)
    touched = np.abs(equations).sum(axis=1) > 0
    for place, cell in enumerate(unknown):
        if cells.shown[cell] or (cells.guarded[cell] and small[cell]):
            low, high = (_extreme(equations[touched], totals[touched], place, sign) for sign in (1, -1))
            yield int(cell), low, high


def protected(value: float, low: float, high: float, threshold: int) -> bool:
    """Whether the range protects the value: around a small one it holds all small values, else as many."""
    if 1 <= value < threshold:
        return low <= 1 + EPSILON and high >= threshold - 1 - EPSILON
    return high - low >= threshold - 1 - EPSILON


def _first_exposed(cells: Cells, coefficients: Array, hidden: Array, thresholds: Array) -> int | None:
    for cell, low, high in ranges(cells, coefficients, hidden, thresholds):
        if not protected(cells.values[cell], low, high, int(thresholds[cell])):
            return cell
    return None


def _next_to_hide(cells: Cells, coefficients: Array, hidden: Array, exposed: int) -> int:
    """Return the cheapest shown cell that shares an equation with the exposed one, or with one reached from it."""
    reached = np.arange(len(cells.values)) == exposed
    while True:
        neighbours = _in_equation_with(reached, coefficients)
        candidates = np.flatnonzero(neighbours & cells.shown & ~hidden)
        if len(candidates):
            return int(candidates[np.argmin(cells.cost[candidates])])
        further = reached | neighbours
        if (further == reached).all():
            raise ValueError(f"cell {exposed} cannot be protected: nothing is left to hide beside it")
        reached = further


def _in_equation_with(chosen: Array, coefficients: Array) -> Array:
    """Whether each cell stands in an equation with a chosen one; a chosen cell does where it stands in any equation."""
    uses = coefficients != 0
    neighbours: Array = uses[uses[:, chosen].any(axis=1)].any(axis=0)
    return neighbours


def _extreme(equations: Array, totals: Array, place: int, sign: int) -> float:
    """Return the smallest (sign 1) or largest (sign -1) value of one unknown; infinite where nothing bounds it."""
    goal = np.zeros(equations.shape[1])
    goal[place] = sign
    solution = optimize.linprog(goal, A_eq=equations, b_eq=totals, bounds=(0, None), method="highs")
    if solution.status == 3:
        return -sign * np.inf
    if not solution.success:
        raise ValueError(f"the known figures contradict each other: {solution.message}")
    return float(sign * solution.fun)
