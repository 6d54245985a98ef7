"""Figures that ought to agree, side by side: types and their total, areas and what they lie in, two police sources, a new
draw and the one before, ours and the published one, reports and those of which the place is known.

Which are held against each other is decided in `reconciliation.sql`; here they get the limits of a count. Counts are held
against the exact Poisson limits of the other count, never against a percentage: 5 reports more are much of 20 and nothing of
2,000. What does not agree is a warning (`checks/rules/quality.yml`); no figure is changed here. Which figures it puts in doubt is
said beside each of them (`indicators/yearly.sql`), and a target that stands on one has no verdict.
"""

import numpy as np
import pandas as pd

from assets.methods.counts import poisson_limits
from warehouse.contracts import contracts, to_pandas


def reconciliation(compared: pd.DataFrame, conventions: dict[str, float]) -> pd.DataFrame:
    """Whether the two figures of each row of `reconciliation.sql` agree; a count lies within the limits of the other count."""
    value, other_value = (compared[name].to_numpy(float) for name in ("value", "other_value"))
    of_count = poisson_limits(other_value, conventions["confidence_level"])
    limits = (compared[name].to_numpy(float, na_value=np.nan) for name in ("low", "high"))
    low, high = (
        np.where(np.isnan(limit), count_limit, limit) for limit, count_limit in zip(limits, of_count, strict=True)
    )
    agrees = (low - 1e-9 <= value) & (value <= high + 1e-9)
    table = contracts()["quality.reconciliation"]
    return to_pandas(table.arrow(compared.assign(low=low, high=high, agrees=agrees)))
