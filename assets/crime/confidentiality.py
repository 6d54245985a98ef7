"""Which counts of crime leave the store, and which are hidden: small ones, and others for their sake.

Which cells there are and what ties them together is asked in `confidentiality.sql`; the search itself is in
`assets/methods/disclosure.py`. The small counts stay in `crime.counted`, which is not published.
"""

import numpy as np
import pandas as pd

from assets.methods import disclosure
from assets.methods.disclosure import Cells
from assets.methods.limits import Array
from warehouse.contracts import contracts, to_pandas

CELL = ["edition", "area_id", "crime_type"]
OF_A_TARGET, OF_A_WHOLE = 1e9, 1e6  # what hiding such a cell costs, beside a report more or less


def confidentiality(terms: pd.DataFrame, conventions: dict[str, float]) -> pd.DataFrame:
    """Return one row for each counted cell: whether it is free, confidential, or hidden for another's sake.

    `terms` are the rows of `confidentiality.sql`. No convention is used.
    """
    table = contracts()["crime.confidentiality"]
    hidden = [_hidden(of_edition) for _, of_edition in terms.groupby("edition")]
    return to_pandas(table.arrow(pd.concat(hidden))) if hidden else table.frame([])


def _hidden(terms: pd.DataFrame) -> pd.DataFrame:
    """Return the cells of one edition with their confidentiality."""
    cells = terms.drop_duplicates(CELL)
    values = cells["reports"].to_numpy(float)
    thresholds = cells["fewest_reports_shown"].to_numpy(int)
    cost = values + OF_A_TARGET * cells["promised"].to_numpy(float) + OF_A_WHOLE * cells["municipality"].to_numpy(float)

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
    """Make a cell of each whole less its parts, where that is not public; these cells are shown to nobody.

    Returns their values, their columns of coefficients, and whether a small one is guarded. Parts that add up to more
    than their whole contradict it. `failed_checks` of a verdict tells readers that they are more, but not by how much.
    """
    unknown = np.flatnonzero(kinds != "known")
    contradicted = differences[unknown] < 0
    coefficients = np.zeros((len(kinds), len(unknown)))
    coefficients[unknown, np.arange(len(unknown))] = np.where(contradicted, -1, 1)
    values = np.where(contradicted, -differences[unknown] - 1, differences[unknown])
    return values, coefficients, ~contradicted & (kinds[unknown] == "guarded")
