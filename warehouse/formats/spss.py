"""SPSS: numbers with labels, and days counted from 1582."""

from collections.abc import Sequence
from functools import lru_cache
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from warehouse.formats.cells import BATCH, Batches, Cells, batch_of, readable, text_of
from warehouse.specifications import Writing

LATER_BATCH = 100_000
KEPT_FILES = 4


def names(path: Path, _: Writing) -> tuple[str, ...]:
    """The names of the variables."""
    return tuple(name or "" for name in _metadata(path).column_names)  # a damaged name is none


def look(path: Path, writing: Writing) -> Cells:
    """Number of cases, from the file's own count; of a file that does not say it, by reading one variable."""
    metadata = _metadata(path)
    if metadata.number_rows is not None and metadata.number_rows >= 0:
        return Cells(int(metadata.number_rows))
    return Cells(sum(batch.num_rows for batch in batches(path, writing, [metadata.column_names[0]])))


def batches(path: Path, writing: Writing, wanted: list[str]) -> Batches:
    """The wanted variables as text, values with a label as their label; cases count from 1."""
    labels = _metadata(path).variable_value_labels
    first, limit, cells = 0, BATCH, _first_cells(path, wanted)
    while True:
        columns = [text_of(cells[name], writing, labels.get(name)) for name in wanted]
        rows = len(columns[0])
        if rows:
            yield batch_of(columns, wanted, np.arange(first + 1, first + 1 + rows))
        if rows < limit:
            return
        first, limit = first + rows, LATER_BATCH  # each read skips through all that was read before
        cells = _cells(path, wanted, first, limit)


def _first_cells(path: Path, wanted: list[str]) -> dict[str, pa.Array]:
    """The first cases: a file is looked at before it is read, and then most of them are there."""
    stamp = path.stat()
    cells = _kept(path, stamp.st_size, stamp.st_mtime_ns)
    absent = [name for name in wanted if name not in cells]
    if absent:
        cells |= _cells(path, absent, 0, BATCH)
    return cells


@lru_cache(maxsize=KEPT_FILES)
def _kept(_path: Path, _size: int, _changed: int) -> dict[str, pa.Array]:
    return {}


def _cells(path: Path, wanted: list[str], first: int, limit: int) -> dict[str, pa.Array]:
    """The wanted variables of some cases; each is of one type."""
    import pyreadstat

    with readable(path, pyreadstat.ReadstatError):
        cells, metadata = pyreadstat.read_sav(
            str(path), usecols=wanted, output_format="dict", user_missing=True, row_offset=first, row_limit=limit
        )
    ranges, labels = metadata.missing_ranges, metadata.variable_value_labels
    return {
        name: _without_missing(pa.array(cells[name]), ranges.get(name, []), labels.get(name, {})) for name in wanted
    }


def _without_missing(values: pa.Array, ranges: Sequence[Any], labels: dict[Any, str]) -> pa.Array:
    """The values without those that the file declares missing; one with a label of its own, as "Ved ikke", is an answer."""
    for span in ranges:
        declared = pc.and_(pc.greater_equal(values, span["lo"]), pc.less_equal(values, span["hi"]))
        named = pc.is_in(values, pa.array(list(labels), values.type)) if labels else pa.scalar(False)
        values = pc.if_else(pc.and_not(declared, named), None, values)
    return values


def _metadata(path: Path) -> Any:
    import pyreadstat

    with readable(path, pyreadstat.ReadstatError):
        return pyreadstat.read_sav(str(path), metadataonly=True)[1]
