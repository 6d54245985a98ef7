"""Decide which counts of crime are hidden: small counts, and other counts from which a small one could be worked out.

A cell is the count of one area and crime type. The cells and the equations between them come from `confidentiality.sql`; the
search for cells to hide is in `assets/methods/disclosure.py`. Hidden counts stay in `crime.counted`, which is not published.
"""

import numpy as np
import pandas as pd

from assets.methods import disclosure
from assets.methods.disclosure import Cells
from assets.methods.limits import Array
from warehouse.contracts import contracts, to_pandas

CELL = ["edition", "area_id", "crime_type"]
# The search hides the cells that cost least. A cell costs as much as its number of reports. This is the additional cost of a
# cell that belongs to a target or a municipality.
OF_A_TARGET, OF_A_MUNICIPALITY = 1e9, 1e6


def confidentiality(terms: pd.DataFrame, conventions: dict[str, float]) -> pd.DataFrame:
    """Return one row for each counted cell.

    The row says whether the cell is free, confidential, or hidden to protect another cell.

    `terms` are the rows of `confidentiality.sql`. The conventions are not used; they are a parameter because every `finish`
    function of a model gets them.
    """
    table = contracts()["crime.confidentiality"]
    hidden = [_hidden(of_edition) for _, of_edition in terms.groupby("edition")]
    return to_pandas(table.arrow(pd.concat(hidden))) if hidden else table.frame([])


def _hidden(terms: pd.DataFrame) -> pd.DataFrame:
    """Return the cells of one edition, each with its confidentiality."""
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
    """Turn each remainder (the whole minus its parts) that is not public into a cell. These cells are never published.

    Return the cells' values, their columns of coefficients, and whether each cell is guarded: nobody may be able to work out
    that a guarded cell has a small value. If the parts add up to more than the whole, `failed_checks` tells readers this, but
    not by how much.
    """
    unknown = np.flatnonzero(kinds != "known")
    contradicted = differences[unknown] < 0
    coefficients = np.zeros((len(kinds), len(unknown)))
    coefficients[unknown, np.arange(len(unknown))] = np.where(contradicted, -1, 1)
    values = np.where(contradicted, -differences[unknown] - 1, differences[unknown])
    return values, coefficients, ~contradicted & (kinds[unknown] == "guarded")
