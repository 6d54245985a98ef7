"""Read Parquet files, whose columns have types, and turn the columns into text.

`cells.py` has the functions that all formats share.
"""

from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq

from assets.extracts.formats.cells import BATCH, Batches, Cells, batch_of, readable, text_column
from assets.extracts.layouts import Writing
from warehouse.errors import InputError
from warehouse.home import path_for_reader

MOST_ROWS = 100_000_000

_NOT_SINGLE_VALUES = (
    pa.types.is_nested,
    pa.types.is_binary,
    pa.types.is_large_binary,
    pa.types.is_binary_view,
    pa.types.is_fixed_size_binary,
)


def names(path: Path, _: Writing) -> tuple[str, ...]:
    """Return the names of the file's columns."""
    with readable(path, pa.ArrowException, OverflowError):
        return tuple(_opened(path).schema_arrow.names)


def look(path: Path, _: Writing) -> Cells:
    """Return the number of rows according to the file's metadata.

    Raises InputError if this number is higher than MOST_ROWS, because no delivered file has so many rows.
    """
    rows = int(_opened(path).metadata.num_rows)
    if rows > MOST_ROWS:  # even a small file can have so many rows, because equal rows take no room in it
        raise InputError(
            f"{path_for_reader(path)}: the file has {rows:,} rows, more than any delivered file can have: ask for it again."
        )
    return Cells(rows)


def batches(path: Path, writing: Writing, wanted: list[str]) -> Batches:
    """Yield the wanted columns as text, in batches of rows. The file's first row has the number 1."""
    first_row = 1
    file = _opened(path)
    with readable(path, pa.ArrowException, OverflowError):
        for batch in file.iter_batches(BATCH, columns=wanted):
            columns = [_text(path, name, batch.column(name), writing, first_row) for name in wanted]
            yield batch_of(columns, wanted, np.arange(first_row, first_row + batch.num_rows))
            first_row += batch.num_rows


def _opened(path: Path) -> pq.ParquetFile:
    with readable(path, pa.ArrowException, OverflowError):
        return pq.ParquetFile(path)


def _text(path: Path, name: str, array: pa.Array, writing: Writing, first_row: int) -> pa.Array:
    """Return a column as text.

    Raises InputError if the column has lists, bytes, times with a time zone, or text that is not UTF-8.
    """
    if pa.types.is_dictionary(array.type):
        array = array.dictionary_decode()
    if isinstance(array, pa.ExtensionArray) or any(is_kind(array.type) for is_kind in _NOT_SINGLE_VALUES):
        raise InputError(
            f"{path_for_reader(path)}, column {name}: the column holds lists or bytes instead of single values: ask for a file with texts, numbers or days in this column."
        )
    if pa.types.is_timestamp(array.type) and array.type.tz:
        raise InputError(
            f"{path_for_reader(path)}, column {name}: the column holds times in the time zone {array.type.tz}, so its days may differ from the local days: ask for a file with days instead of times."
        )
    if pa.types.is_string(array.type) or pa.types.is_large_string(array.type):
        _refuse_another_encoding(path, name, array, first_row)
        return pc.if_else(pc.equal(array, ""), None, array).cast(pa.string())
    return text_column(_values(array), writing)


def _values(array: pa.Array) -> list[object]:
    """Return the values of a column as Python objects.

    Python has no days after the year 9999. Such a day becomes the text that Arrow writes for it.
    """
    try:
        values: list[object] = array.to_pylist()
    except OverflowError:
        values = [_value_or_text(value) for value in array]
    return values


def _value_or_text(value: pa.Scalar) -> object:
    try:
        return value.as_py()
    except OverflowError:
        return value.cast(pa.string()).as_py()


def _refuse_another_encoding(path: Path, name: str, array: pa.Array, first_row: int) -> None:
    """Refuse a column if one of its texts is not UTF-8.

    Parquet requires UTF-8, but some programs write a file without checking its texts.
    """
    try:
        array.validate(full=True)
    except pa.ArrowInvalid:
        row = next(
            row for row, text in enumerate(array.cast(pa.large_binary()).to_pylist(), first_row) if not _is_utf8(text)
        )
        raise InputError(
            f"{path_for_reader(path)}, row {row}, column {name}: the cell is not written in UTF-8: ask for the file again."
        ) from None


def _is_utf8(text: bytes | None) -> bool:
    try:
        return text is None or text.decode() is not None
    except UnicodeDecodeError:
        return False
