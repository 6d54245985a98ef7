"""Decide which counts to hide, so that nobody can work out a small count.

All small counts are hidden. Other counts are hidden too if a small count could be worked out from them.

A cell is a count of reports. An attacker is a reader who tries to work out hidden counts. The attacker knows the counts
that are shown, and also equations between cells. For example, the bydele add up to the municipality. Each row of
`coefficients` is one equation: each cell is multiplied by its coefficient, and the attacker knows the sum of these
products. `assets/crime/confidentiality.sql` lists the cells and the equations.

Source of the terms: Hundepool et al. (2012), Statistical Disclosure Control, chapter 4. Linear programming computes the
possible values of a hidden count, as in section 4.3.2 of that book.
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
    """Counts of reports, with the properties that decide which counts are hidden.

    `shown` is false for a remainder, which is never published: for example, the reports of a bydel outside its
    partnership area. For all other cells it is true, and they are published unless `hide` hides them. `guarded` is used
    only for remainders. It is true if the remainder must be protected when its value is small. `cost` is the cost of
    hiding the cell.
    """

    values: Array
    shown: Array
    guarded: Array
    cost: Array


def hide(cells: Cells, coefficients: Array, thresholds: Array | int) -> list[str]:
    """Return for each cell whether it is free, confidential or secondary.

    A free cell is not hidden. A confidential cell is hidden because its count is small: from 1 to threshold - 1. A
    secondary cell is hidden to protect another cell. `thresholds` has the smallest number of reports that may be shown:
    one number for all cells, or one number for each cell.

    A zero in an equation with a small count is hidden too. If such zeros were shown, readers could conclude that a
    hidden count in the equation is not zero. Raises ValueError if hiding every cell would not be enough to protect a
    small count.
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
    """Yield each cell that needs protection, with the smallest and the largest value that an attacker cannot rule out.

    The attacker knows every equation and the value of every published cell. The attacker does not know why a cell is
    hidden, because the reason would reveal whether the count is below the threshold.
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
    """Return whether the range from `low` to `high` is wide enough to protect the value.

    If the value is small, the range must contain all small values: 1 to threshold - 1. If the value is not small, the
    range must have a width of at least threshold - 1.
    """
    if 1 <= value < threshold:
        return low <= 1 + EPSILON and high >= threshold - 1 - EPSILON
    return high - low >= threshold - 1 - EPSILON


def _first_exposed(cells: Cells, coefficients: Array, hidden: Array, thresholds: Array) -> int | None:
    for cell, low, high in ranges(cells, coefficients, hidden, thresholds):
        if not protected(cells.values[cell], low, high, int(thresholds[cell])):
            return cell
    return None


def _next_to_hide(cells: Cells, coefficients: Array, hidden: Array, exposed: int) -> int:
    """Return the cell that is hidden next to protect the exposed cell.

    It is the cell that costs least to hide, among the shown cells that share an equation with the exposed cell. If all
    these cells are hidden already, the cells that share an equation with them are searched next, and so on. Raises
    ValueError if no cell is left.
    """
    reached = np.arange(len(cells.values)) == exposed
    while True:
        neighbours = _in_equation_with(reached, coefficients)
        candidates = np.flatnonzero(neighbours & cells.shown & ~hidden)
        if len(candidates):
            return int(candidates[np.argmin(cells.cost[candidates])])
        further = reached | neighbours
        if (further == reached).all():
            raise ValueError(f"cell {exposed} cannot be protected: every cell in an equation with it is hidden already")
        reached = further


def _in_equation_with(chosen: Array, coefficients: Array) -> Array:
    """Return for each cell whether it is in an equation with a chosen cell.

    If a chosen cell is in any equation, the result for that cell is true too.
    """
    uses = coefficients != 0
    neighbours: Array = uses[uses[:, chosen].any(axis=1)].any(axis=0)
    return neighbours


def _extreme(equations: Array, totals: Array, place: int, sign: int) -> float:
    """Return the smallest or the largest possible value of an unknown cell.

    If `sign` is 1, the smallest value is returned. If `sign` is -1, the largest value is returned. The result is
    infinite if the value has no bound. Raises ValueError if the known figures contradict each other.
    """
    goal = np.zeros(equations.shape[1])
    goal[place] = sign
    solution = optimize.linprog(goal, A_eq=equations, b_eq=totals, bounds=(0, None), method="highs")
    if solution.status == 3:
        return -sign * np.inf
    if not solution.success:
        raise ValueError(f"the known figures contradict each other: {solution.message}")
    return float(sign * solution.fun)
