"""Where data are kept: the tables' contracts, the reference data, the store and the published file.

Delivered files are read in `assets/extracts/`. Nothing here knows Dagster, a statistic or a check; every other room may import
from this one.
"""

import pyarrow as pa

# Arrow's own choice hands pages back to the system after each batch and asks for them anew: a third of the time of reading a file.
pa.set_memory_pool(pa.system_memory_pool())
