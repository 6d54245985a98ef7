"""Compare figures that should agree, and say whether they do.

These are compared with each other: crime types and their total; areas and the larger area around them; two sources from
the police; a new draw and an earlier one; computed and published figures; all reports and those without a known place.
`reconciliation.sql` pairs the figures, and this module adds the limits of counts. A count has to lie within the exact
Poisson limits of the other count. Limits in per cent would not do: 5 reports more are a lot if there are 20, but little if
there are 2,000. Figures that do not agree cause a warning (`checks/rules/quality.yml`), and no figure is changed.
`indicators/yearly.sql` marks the figures in doubt, and a target with such a figure gets no verdict.
"""

import numpy as np
import pandas as pd

from assets.methods.counts import poisson_limits
from warehouse.contracts import contracts, to_pandas


def reconciliation(compared: pd.DataFrame, conventions: dict[str, float]) -> pd.DataFrame:
    """Return the rows of `reconciliation.sql`. Each gets the limits of its `value`, and whether the value lies within them."""
    value, other_value = (compared[name].to_numpy(float) for name in ("value", "other_value"))
    of_count = poisson_limits(other_value, conventions["confidence_level"])
    limits = (compared[name].to_numpy(float, na_value=np.nan) for name in ("low", "high"))
    low, high = (
        np.where(np.isnan(limit), count_limit, limit) for limit, count_limit in zip(limits, of_count, strict=True)
    )
    agrees = (low - 1e-9 <= value) & (value <= high + 1e-9)
    table = contracts()["quality.reconciliation"]
    return to_pandas(table.arrow(compared.assign(low=low, high=high, agrees=agrees)))
