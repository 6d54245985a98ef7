"""Compare pairs of figures that should agree, and say whether they agree.

These pairs are compared:

- the sum of the crime types with the total: the sum must not be larger
- the sum of several areas with the larger area around them: the sum must not be larger
- two sources from the police
- a new draw with an earlier draw of the same crime year
- computed figures with published figures
- the reports without a known place with all reports: they have to be a small part

`reconciliation.sql` pairs the figures. If it gives no limits for a pair, this module adds them: one count has to lie
within the exact Poisson limits of the other count. Limits in per cent would not suit counts: 5 more reports are many if
there are 20 reports, but few if there are 2,000.

If two figures do not agree, a warning is given (`checks/rules/quality.yml`). No figure is changed.
`indicators/yearly.sql` marks the figures that are in doubt. A target with such a figure gets no verdict until somebody
accepts the failed check.
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
