"""Read SPSS files, in which answers are numbers with labels, and days are seconds since 14 October 1582.

This module turns a file's variables into columns of text. Values that the file declares missing become empty cells,
unless they are answers such as "Ved ikke" (see `_without_missing`). `cells.py` has the functions that all formats
share.
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
    """Return the names of the file's variables."""
    return tuple(name or "" for name in _metadata(path).column_names)  # pyreadstat returns None for a damaged name


def look(path: Path, writing: Writing) -> Cells:
    """Return the number of cases, which is what SPSS calls rows.

    If the file's metadata do not give this number, one variable is read to count the cases.
    """
    metadata = _metadata(path)
    if metadata.number_rows is not None and metadata.number_rows >= 0:
        return Cells(int(metadata.number_rows))
    return Cells(sum(batch.num_rows for batch in batches(path, writing, [metadata.column_names[0]])))


def batches(path: Path, writing: Writing, wanted: list[str]) -> Batches:
    """Yield the wanted variables as text, in batches of cases. The file's first case has the number 1.

    If a value has a label, the label replaces the value.
    """
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
    """Return the cells of the file's first cases, keyed by variable.

    Variables that are in the cache (see `_kept`) are not read from the file again.
    """
    cells = _kept(path, stamp_of(path))
    absent = [name for name in wanted if name not in cells]
    if absent:
        cells |= _cells(path, absent, 0, BATCH)
    return cells


@lru_cache(maxsize=KEPT_FILES)
def _kept(_path: Path, _stamp: Stamp) -> dict[str, pa.Array]:
    """Return the cache for the file's first cases. The cache is keyed by variable.

    The cache is empty until `_first_cells` fills it. Without this cache, the first cases would be read twice, and
    `benchmarks.workbooks_and_spss` would be slower.
    """
    return {}


def _cells(path: Path, wanted: list[str], rows_before: int, limit: int) -> dict[str, pa.Array]:
    """Read the wanted variables of `limit` cases. The first `rows_before` cases are skipped.

    `_days` converts days, because pyreadstat would fail on an impossible day.
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
    """Convert seconds since 14 October 1582 to days. The values of a variable that has no days are returned unchanged.

    If the variable's format includes a time of day, the time is kept. A day before that date or after the year 9999
    becomes the first or the last possible day, and row rules then reject its row.
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
    """Return a variable's values. Null replaces values that the file declares missing, unless they are answers.

    A value declared missing, such as "Ved ikke", is an answer if it has a label, and if any value that is not declared
    missing also has a label.
    """
    valid_labels = [value for value in labels if not any(span["lo"] <= value <= span["hi"] for span in ranges)]
    for span in ranges:
        declared = pc.and_(pc.greater_equal(values, span["lo"]), pc.less_equal(values, span["hi"]))
        labelled = pc.is_in(values, pa.array(list(labels), values.type)) if valid_labels else pa.scalar(False)
        values = pc.if_else(pc.and_not(declared, labelled), None, values)
    return values


def _metadata(path: Path) -> "metadata_container":
    """Return the file's metadata. The metadata are read again only if the file has changed."""
    return _metadata_of(path, stamp_of(path))


@lru_cache(
    maxsize=KEPT_FILES
)  # without this cache each function reads the metadata again, and `benchmarks.workbooks_and_spss` is slower
def _metadata_of(path: Path, _stamp: Stamp) -> "metadata_container":
    import pyreadstat

    with readable(path, pyreadstat.ReadstatError):
        return pyreadstat.read_sav(str(path), metadataonly=True)[1]
