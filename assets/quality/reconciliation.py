"""Compare pairs of figures that should agree, and say whether they agree.

These pairs are compared:

- the sum of the crime types, and the total, which has to be at least as large
- the sum of several areas, and the larger area around them, which has to have at least as many reports
- two sources from the police
- a new draw, and an earlier draw of the same crime year
- computed figures, and published figures
- the reports without a known place, and all reports, of which they have to be a small part

`reconciliation.sql` pairs the figures. If it gives no limits for a pair, this module adds them: one count has to lie
within the exact Poisson limits of the other count. Limits in per cent would not do for such a pair. For example, 5 more
reports are many if there are 20 reports, but few if there are 2,000.

If two figures do not agree, a warning is given (`checks/rules/quality.yml`). No figure is changed.
`indicators/yearly.sql` marks the figures in doubt. A target with such a figure gets no verdict until somebody accepts
the failed check.
"""

import numpy as np
import pandas as pd

from assets.methods.counts import poisson_limits
from warehouse.contracts import contracts, to_pandas


def reconciliation(compared: pd.DataFrame, conventions: dict[str, float]) -> pd.DataFrame:
    """Return the rows of `reconciliation.sql` with a new column `agrees`.

    `agrees` says whether `value` lies between the limits `low` and `high`. If the query leaves these limits empty, they
    are filled with the exact Poisson limits of `other_value`.
    """
    value, other_value = (compared[name].to_numpy(float) for name in ("value", "other_value"))
    of_count = poisson_limits(other_value, conventions["confidence_level"])
    limits = (compared[name].to_numpy(float, na_value=np.nan) for name in ("low", "high"))
    low, high = (
        np.where(np.isnan(limit), count_limit, limit) for limit, count_limit in zip(limits, of_count, strict=True)
    )
    agrees = (low - 1e-9 <= value) & (value <= high + 1e-9)
    table = contracts()["quality.reconciliation"]
    return to_pandas(table.arrow(compared.assign(low=low, high=high, agrees=agrees)))
