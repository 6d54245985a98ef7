"""The code for everything that is kept in files: table contracts, reference files, the store and the published file.

No module of this package imports Dagster, computes a statistic or runs a check. The packages `assets`, `checks` and
`pipelines` import from this package. Delivered files are read in `assets/extracts/`.
"""

import pyarrow as pa

# Arrow's default allocator returns memory to the system after each batch and requests it again. Without this line
# `benchmarks/police_csv.py` and `benchmarks/workbooks_and_spss.py` get slower, by up to a third of the time that reading a
# file takes.
pa.set_memory_pool(pa.system_memory_pool())
