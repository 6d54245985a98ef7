"""Decide which counts of crime are hidden.

Small counts are hidden. Another count is hidden if readers could work out a small count from it. A cell is the count of
one area and one crime type. `confidentiality.sql` lists the cells and the equations between them.
`assets/methods/disclosure.py` searches for the cells to hide. The hidden counts stay in the table `crime.counted`,
which is not published.
"""

import numpy as np
import pandas as pd

from assets.methods import disclosure
from assets.methods.disclosure import Cells
from assets.methods.limits import Array
from warehouse.contracts import contracts, to_pandas

CELL = ["edition", "area_id", "crime_type"]
# The search hides the cells that cost least. The cost of a cell is its number of reports. If a target needs the cell, or if the
# cell belongs to a municipality, one of these numbers is added to the cost.
OF_A_TARGET, OF_A_MUNICIPALITY = 1e9, 1e6


def confidentiality(terms: pd.DataFrame, conventions: dict[str, float]) -> pd.DataFrame:
    """Return a row for each counted cell. The row says whether the cell is free, confidential or secondary.

    A free cell is shown. A confidential cell is hidden because its count is small. A secondary cell is hidden to
    protect another cell.

    `terms` has the rows of `confidentiality.sql`. `conventions` is not used. It is a parameter because every `finish`
    function of a model gets the conventions.
    """
    table = contracts()["crime.confidentiality"]
    hidden = [_hidden(of_edition) for _, of_edition in terms.groupby("edition")]
    return to_pandas(table.arrow(pd.concat(hidden))) if hidden else table.frame([])


def _hidden(terms: pd.DataFrame) -> pd.DataFrame:
    """Return the cells of one edition. The column `confidentiality` says whether a cell is hidden, and why."""
    cells = terms.drop_duplicates(CELL)
    values = cells["reports"].to_numpy(float)
    thresholds = cells["fewest_reports_shown"].to_numpy(int)
    cost = (
        values
        + OF_A_TARGET * cells["needed_by_target"].to_numpy(float)
        + OF_A_MUNICIPALITY * cells["municipality"].to_numpy(float)
    )

    tied = terms.assign(cell=terms.groupby(CELL).ngroup()).dropna(subset=["equation"])
    remainders = tied.drop_duplicates("equation").sort_values("equation")["remainder"].to_numpy()
    coefficients = np.zeros((len(remainders), len(cells)))
    coefficients[tied["equation"].to_numpy(int), tied["cell"].to_numpy(int)] = tied["sign"].to_numpy(float)

    remainder_values, remainder_coefficients, guarded = _remainders(-coefficients @ values, remainders)
    remainder_thresholds = (coefficients[remainders != "known"] != 0) * thresholds
    system = Cells(
        values=np.append(values, remainder_values),
        shown=np.append(np.ones(len(cells), bool), np.zeros(len(remainder_values), bool)),
        guarded=np.append(np.ones(len(cells), bool), guarded),
        cost=np.append(cost, np.full(len(remainder_values), np.inf)),
    )
    statuses = disclosure.hide(
        system,
        np.hstack([coefficients, remainder_coefficients]),
        np.append(thresholds, remainder_thresholds.max(axis=1, initial=0)),
    )
    return cells[[*CELL, "fewest_reports_shown"]].assign(confidentiality=statuses[: len(cells)])


def _remainders(differences: Array, kinds: Array) -> tuple[Array, Array, Array]:
    """Make a cell for each remainder that is not publicly known. A remainder is the whole minus its parts.

    Return three arrays: the values of these cells, their columns in the matrix of equations, and whether each cell is
    guarded. Nobody must be able to work out that the value of a guarded cell is small. The cells are never published.

    If the parts add up to more than the whole, the column `failed_checks` tells readers so, but not by how much. The
    cell's value is then the excess minus 1, because readers know that the excess is at least 1.
    """
    unknown = np.flatnonzero(kinds != "known")
    contradicted = differences[unknown] < 0
    coefficients = np.zeros((len(kinds), len(unknown)))
    coefficients[unknown, np.arange(len(unknown))] = np.where(contradicted, -1, 1)
    values = np.where(contradicted, -differences[unknown] - 1, differences[unknown])
    return values, coefficients, ~contradicted & (kinds[unknown] == "guarded")
