"""Which counts to hide: small ones, and enough other counts that no small one can be worked out from those that are shown.

Cells are counts of reports. An attacker knows the counts that are shown, and also equations between cells, for example that the
bydele add up to the municipality. Each row of `coefficients` is one equation: the attacker knows the sum of the coefficients
times the values. `assets/crime/confidentiality.sql` lists the cells and equations.

Source of the terms: Hundepool et al. (2012), Statistical Disclosure Control, chapter 4. What an attacker can work out is
found by linear programming, as in section 4.3.2 there.
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
    """Counts, whether each of them is published, and what it would cost to hide each.

    A cell that is not `shown` is a remainder that is never published, such as the reports of a bydel outside its partnership
    area. `guarded` says for which remainders nobody may be able to work out a small value.
    """

    values: Array
    shown: Array
    guarded: Array
    cost: Array


def hide(cells: Cells, coefficients: Array, thresholds: Array | int) -> list[str]:
    """Return, for each cell, whether it is free, confidential or secondary.

    A confidential cell is hidden because its count is small: from 1 to threshold - 1. A secondary cell is hidden to protect
    another cell. `thresholds` is the smallest number of reports that may be shown, for each cell or for all cells.

    Zeros are shown, unless they are in an equation with a small count. If zeros were shown there, readers would know that the
    hidden count is not zero. Raises ValueError if a small count can be worked out even when every cell is hidden.
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

    The attacker knows every equation, and every cell that is shown and not hidden. The attacker does not know why a cell is
    hidden: because it is small, or to protect another one. Knowing the reason would reveal whether the count is below the
    threshold.
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
    """Return whether the range is wide enough to protect the value.

    The range of a small value has to contain all small values. The range of any other value has to be equally wide.
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
    """Return the shown cell that costs least to hide, among the cells in an equation with the exposed cell.

    If all of them are hidden already, the search continues in the equations of these cells, and so on. Raises ValueError if no
    cell is left.
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
    """Return, for each cell, whether it is in an equation that has a chosen cell.

    For a chosen cell this is true if it is in any equation at all.
    """
    uses = coefficients != 0
    neighbours: Array = uses[uses[:, chosen].any(axis=1)].any(axis=0)
    return neighbours


def _extreme(equations: Array, totals: Array, place: int, sign: int) -> float:
    """Return the smallest possible value of an unknown cell if `sign` is 1, or the largest if it is -1.

    The result is infinite if the value has no bound.
    """
    goal = np.zeros(equations.shape[1])
    goal[place] = sign
    solution = optimize.linprog(goal, A_eq=equations, b_eq=totals, bounds=(0, None), method="highs")
    if solution.status == 3:
        return -sign * np.inf
    if not solution.success:
        raise ValueError(f"the known figures contradict each other: {solution.message}")
    return float(sign * solution.fun)
