"""SPSS: numbers with labels, and days counted from 1582."""

from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa

from warehouse.formats.cells import BATCH, Batches, Cells, batch_of, readable, text_of
from warehouse.specifications import Specification

LATER_BATCH = 100_000


def names(path: Path, _: Specification) -> tuple[str, ...]:
    """The names of the variables."""
    return tuple(_metadata(path).column_names)


def look(path: Path, specification: Specification) -> Cells:
    """Number of cases, from the file's own count; of a file that does not say it, by reading one variable."""
    metadata = _metadata(path)
    if metadata.number_rows is not None and metadata.number_rows >= 0:
        return Cells(int(metadata.number_rows))
    return Cells(sum(batch.num_rows for batch in batches(path, specification, [metadata.column_names[0]])))


def batches(path: Path, specification: Specification, wanted: list[str]) -> Batches:
    """The wanted variables as text, values with a label as their label; cases count from 1."""
    import pyreadstat

    first, limit = 0, BATCH
    while True:
        with readable(path, pyreadstat.ReadstatError):
            cells, metadata = pyreadstat.read_sav(
                str(path),
                usecols=wanted,
                output_format="dict",
                user_missing=True,
                row_offset=first,
                row_limit=limit,
            )
        labels = metadata.variable_value_labels
        columns = [text_of(pa.array(cells[name]), specification, labels.get(name)) for name in wanted]
        rows = len(columns[0])
        if rows:
            yield batch_of(columns, wanted, np.arange(first + 1, first + 1 + rows))
        if rows < limit:
            return
        first, limit = first + rows, LATER_BATCH  # each read skips through all that was read before


def _metadata(path: Path) -> Any:
    import pyreadstat

    with readable(path, pyreadstat.ReadstatError):
        return pyreadstat.read_sav(str(path), metadataonly=True)[1]
