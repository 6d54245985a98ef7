"""SPSS: numbers with labels, and days as seconds since 14 October 1582.

This module turns variables into columns of text. Values that the file declares missing become empty cells. `cells.py` has
what all formats share.
"""

from collections.abc import Mapping, Sequence
from datetime import datetime
from functools import lru_cache
from pathlib import Path
from typing import TYPE_CHECKING, cast

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from assets.extracts.formats.cells import BATCH, Batches, Cells, Stamp, batch_of, readable, stamp_of, text_of
from assets.extracts.layouts import Writing

if TYPE_CHECKING:
    from pyreadstat import metadata_container
    from pyreadstat.pyclasses import MissingRange

LATER_BATCH = 100_000
SECONDS_BEFORE_1970 = int((datetime(1970, 1, 1) - datetime(1582, 10, 14)).total_seconds())
LAST_SECOND = (datetime(9999, 12, 31) - datetime(1582, 10, 14)).total_seconds()
KEPT_FILES = 4


def names(path: Path, _: Writing) -> tuple[str, ...]:
    """Return the names of the variables."""
    return tuple(name or "" for name in _metadata(path).column_names)  # pyreadstat returns None for a damaged name


def look(path: Path, writing: Writing) -> Cells:
    """Return the number of cases.

    The file's metadata have this number. If it is missing there, one variable is read to count the cases.
    """
    metadata = _metadata(path)
    if metadata.number_rows is not None and metadata.number_rows >= 0:
        return Cells(int(metadata.number_rows))
    return Cells(sum(batch.num_rows for batch in batches(path, writing, [metadata.column_names[0]])))


def batches(path: Path, writing: Writing, wanted: list[str]) -> Batches:
    """Yield the wanted variables as text. A value that has a label becomes that label. The first case has the number 1."""
    labels = _metadata(path).variable_value_labels
    rows_before, limit, cells = 0, BATCH, _first_cells(path, wanted)
    while True:
        columns = [text_of(cells[name], writing, labels.get(name)) for name in wanted]
        rows = len(columns[0])
        if rows:
            yield batch_of(columns, wanted, np.arange(rows_before + 1, rows_before + 1 + rows))
        if rows < limit:
            return
        # Later batches are larger, because pyreadstat reads all earlier cases again to reach the next ones.
        rows_before, limit = rows_before + rows, LATER_BATCH
        cells = _cells(path, wanted, rows_before, limit)


def _first_cells(path: Path, wanted: list[str]) -> dict[str, pa.Array]:
    """Return the wanted variables of the file's first cases.

    Variables that were read during the inspection are still in memory. Only the others are read from the file.
    """
    cells = _kept(path, stamp_of(path))
    absent = [name for name in wanted if name not in cells]
    if absent:
        cells |= _cells(path, absent, 0, BATCH)
    return cells


@lru_cache(maxsize=KEPT_FILES)
def _kept(_path: Path, _stamp: Stamp) -> dict[str, pa.Array]:
    """Return the cache of the file's first cases, keyed by variable.

    `_first_cells` fills it; it is empty for a file that has not been read yet. Without this cache the first cases are read
    twice, and `benchmarks.workbooks_and_spss` is slower.
    """
    return {}


def _cells(path: Path, wanted: list[str], rows_before: int, limit: int) -> dict[str, pa.Array]:
    """Read `limit` cases of the wanted variables.

    pyreadstat is told not to convert days, because it fails if a day is impossible. They are converted here instead.
    """
    import pyreadstat

    with readable(path, pyreadstat.ReadstatError):
        cells, metadata = pyreadstat.read_sav(
            str(path),
            usecols=wanted,
            output_format="dict",
            user_missing=True,
            disable_datetime_conversion=True,
            row_offset=rows_before,
            row_limit=limit,
        )
    # with user_missing=True pyreadstat returns each missing value of a variable as a range
    ranges = cast("dict[str, list[MissingRange]]", metadata.missing_ranges)
    labels = metadata.variable_value_labels
    return {
        name: _days(
            _without_missing(pa.array(cells[name]), ranges.get(name, []), labels.get(name, {})),
            metadata.original_variable_types[name],
        )
        for name in wanted
    }


def _days(values: pa.Array, kind: str | None) -> pa.Array:
    """Convert seconds since 14 October 1582 to days, or to days with a time if the variable's format has a time.

    A day out of range becomes the first or the last possible day. Row rules reject the rows with such a day.
    """
    moment = (kind or "").startswith(("DATETIME", "YMDHMS"))
    day = (kind or "").startswith(("DATE", "ADATE", "EDATE", "SDATE", "JDATE"))
    if not (moment or day) or not pa.types.is_floating(values.type):
        return values
    within = pc.min_element_wise(pc.max_element_wise(values, 0.0, skip_nulls=False), LAST_SECOND, skip_nulls=False)
    seconds = pc.subtract(pc.cast(pc.round(within), pa.int64()), SECONDS_BEFORE_1970)
    moments = pc.cast(seconds, pa.timestamp("s"))
    return moments if moment else pc.cast(moments, pa.date32(), safe=False)


def _without_missing(values: pa.Array, ranges: "Sequence[MissingRange]", labels: Mapping[float, str]) -> pa.Array:
    """Return the values, with null in place of those that the file declares missing.

    There is an exception: a value that is declared missing but has a label, such as "Ved ikke", is an answer and stays. The
    exception does not apply if the only labels are those of missing values.
    """
    valid_labels = [value for value in labels if not any(span["lo"] <= value <= span["hi"] for span in ranges)]
    for span in ranges:
        declared = pc.and_(pc.greater_equal(values, span["lo"]), pc.less_equal(values, span["hi"]))
        labelled = pc.is_in(values, pa.array(list(labels), values.type)) if valid_labels else pa.scalar(False)
        values = pc.if_else(pc.and_not(declared, labelled), None, values)
    return values


def _metadata(path: Path) -> "metadata_container":
    """Return the file's metadata. They are read only once, unless the file changes."""
    return _metadata_of(path, stamp_of(path))


@lru_cache(
    maxsize=KEPT_FILES
)  # without this cache each function reads the metadata again, and `benchmarks.workbooks_and_spss` is slower
def _metadata_of(path: Path, _stamp: Stamp) -> "metadata_container":
    import pyreadstat

    with readable(path, pyreadstat.ReadstatError):
        return pyreadstat.read_sav(str(path), metadataonly=True)[1]
