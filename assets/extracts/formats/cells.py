"""The functions that all formats share: they make batches of text cells, and refuse characters that no cell may have.

Each format has its own module, which opens a file and divides it into cells.
"""

from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import date, datetime, time
from decimal import Decimal
from pathlib import Path
from typing import NamedTuple

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from assets.extracts.layouts import Writing
from warehouse.errors import InputError
from warehouse.home import path_for_reader

BATCH = 10_000
LONGEST_CELL = 10_000
_TOO_LONG = f"holds more than {LONGEST_CELL} characters"
MIDNIGHT = time()

Batches = Iterator[pa.RecordBatch]

# The two bytes of æ, ø, å, Æ, Ø, Å or é in UTF-8, as they look if they are read as windows-1252.
MOJIBAKE = "\u00c3[\u00a6\u00b8\u00a5\u2020\u02dc\u2026\u00a9]"
BROKEN_LETTER = "holds a Danish letter that was garbled by a wrong encoding"
LOST_LETTER = "holds the character that replaces a lost letter (U+FFFD)"
DIRECTION_MARK = "holds an invisible character that changes the direction of writing"

_ODD = {
    MOJIBAKE: BROKEN_LETTER,
    r"[\x00-\x08\x0b\x0c\x0e-\x1f\x7f]": "holds a control character",
    r"\x{fffd}": LOST_LETTER,
    r"[\x{200e}\x{200f}\x{202a}-\x{202e}\x{2066}-\x{2069}]": DIRECTION_MARK,
}
_ODD_BLANKS = "\u00a0\u2007\u202f\u200b\ufeff\t\n\r"  # no-break spaces and other characters that nobody sees
_LAST_BYTES_OF_ODD_BLANKS = (b"\xa0", b"\x87", b"\xaf", b"\x8b", b"\xbf")
CONTROLS = bytes(set(range(32)) - {9, 10, 13}) + b"\x7f"
_MARKS = [chr(mark).encode() for mark in (0xFFFD, 0x200E, 0x200F, *range(0x202A, 0x202F), *range(0x2066, 0x206A))]


@dataclass(frozen=True)
class Cells:
    """The number of rows below a file's header, and the name of the sheet that has these rows.

    `sheet` is None if the file is not a workbook.
    """

    rows: int
    sheet: str | None = None


def batch_of(
    columns: Sequence[pa.Array], names: Sequence[str], rows: np.ndarray, malformed: Sequence[str] | None = None
) -> pa.RecordBatch:
    """Return a batch of rows: the row numbers, the reasons why rows are malformed, and the text columns.

    If `malformed` is not given, no row of the batch is malformed.
    """
    reasons = pa.array(malformed, pa.string()) if malformed else pa.nulls(len(rows), pa.string())
    return pa.RecordBatch.from_arrays([pa.array(rows, pa.int64()), reasons, *columns], ["row", "malformed", *names])


def text_column(values: Sequence[object], writing: Writing) -> pa.StringArray:
    """Return values of any type as a column of text. The values None, NaN and "" become empty cells."""
    try:
        return text_of(pa.array(values, pa.string()), writing)
    except pa.ArrowTypeError:  # some of the values are not text
        values = [None if value == "" else value for value in values]
    if len(set(map(type, values)) - {type(None)}) > 1:  # numbers and texts, which Arrow cannot hold
        return pa.array([as_text(value, writing) for value in values], pa.string())
    try:
        return text_of(pa.array(values), writing)
    except OverflowError:  # whole numbers beyond 64 bits
        return pa.array([as_text(value, writing) for value in values], pa.string())


def text_of(values: pa.Array, writing: Writing, labels: Mapping[float, str] | None = None) -> pa.StringArray:
    """Return values of one type as text. If a value has a label, the label replaces the value.

    Each distinct number or day is turned into text only once, even if many cells have it. If each cell were converted
    separately, `benchmarks.workbooks_and_spss` would be slower.
    """
    if pa.types.is_string(values.type) and not labels:
        return pc.if_else(pc.equal(values, ""), None, values)
    encoded = values.dictionary_encode()
    different = encoded.dictionary
    if pa.types.is_floating(different.type):
        different = pc.if_else(pc.is_nan(different), None, different)
    texts = _texts(different, writing)
    if labels:
        pairs = zip(different.to_pylist(), texts.to_pylist(), strict=True)
        texts = pa.array([labels.get(value, text) for value, text in pairs], pa.string())
    return texts.take(encoded.indices)


def _texts(values: pa.Array, writing: Writing) -> pa.StringArray:
    """Return each value as text.

    If all values are floating-point numbers below 10 billion, and none needs an exponent, Arrow converts them. Arrow is
    much faster than `as_text`, and writes the same digits. In all other cases, `as_text` converts the values.
    """
    if pa.types.is_floating(values.type) and pc.all(pc.less(pc.abs(values), 1e10)).as_py():
        plain = pc.cast(values, pa.string())
        if not pc.any(pc.match_substring(plain, "e")).as_py():
            return pc.replace_substring(plain, ".", writing.decimal_mark)
    return pa.array([as_text(value, writing) for value in values.to_pylist()], pa.string())


def as_text(cell: object, writing: Writing) -> str | None:
    """Return a cell's value as the producer would have written it in a text file. Return None if the cell is empty."""
    if isinstance(cell, str):
        return cell or None
    if cell is None:
        return None
    if isinstance(cell, bool):
        return str(cell).lower()
    if isinstance(cell, int):
        return str(cell)
    if isinstance(cell, float):
        return _number_text(cell, writing.decimal_mark)
    if isinstance(cell, Decimal):
        return _decimal_text(cell).replace(".", writing.decimal_mark)
    if isinstance(cell, datetime) and cell.time() != MIDNIGHT:
        timed = next((date_format for date_format in writing.date_formats if "%H" in date_format), None)
        # if no date format has a time, this text cannot be read as a day later, and therefore a rule rejects the row
        return cell.strftime(timed) if timed else str(cell)
    if isinstance(cell, date):
        return cell.strftime(writing.date_formats[0])
    return str(cell)


def refuse_odd_text(place: str, batch: pa.RecordBatch) -> None:
    """Refuse a batch if a cell has too many characters or an odd character.

    Odd characters are control characters, invisible marks that change the direction of writing, and letters that a
    wrong encoding has garbled or lost. This function is not used for CSV, because `csv_files.py` has already searched
    the file's bytes.
    """
    for name in batch.schema.names[2:]:
        column = batch.column(name)
        if not _may_be_odd(column):
            continue
        for shape, fault in _ODD.items():
            _refuse_where(place, batch, name, pc.match_substring_regex(column, shape), fault)
        _refuse_where(place, batch, name, pc.greater(pc.utf8_length(column), LONGEST_CELL), _TOO_LONG)


def without_odd_blanks(column: pa.StringArray) -> pa.StringArray:
    """Trim each cell that contains an odd blank: a tab, a line end, a no-break space or another invisible character.

    Odd blanks and ordinary spaces around the text are removed. A cell without an odd blank is returned unchanged, even
    if it has spaces around the text. Most columns have no odd blanks. Therefore, the bytes of all cells are first
    searched together, in C, which is ten times as fast as a search of each cell (see `benchmarks.police_csv`).
    """
    column_bytes = _bytes_of(column)
    searched = (b"\t", b"\n", b"\r", *(() if column_bytes.isascii() else _LAST_BYTES_OF_ODD_BLANKS))
    if not any(byte in column_bytes for byte in searched):
        return column
    odd = pc.match_substring_regex(column, f"[{_ODD_BLANKS}]")
    trimmed = pc.utf8_trim(column, _ODD_BLANKS + " ")
    return pc.if_else(odd, pc.if_else(pc.equal(trimmed, ""), None, trimmed), column)


def refuse_long_text(place: str, batch: pa.RecordBatch) -> None:
    """Refuse a batch if a cell has too many characters."""
    for name in batch.schema.names[2:]:
        column = batch.column(name)
        if len(column) and int(np.diff(_ends(column)).max()) > LONGEST_CELL:
            _refuse_where(place, batch, name, pc.greater(pc.utf8_length(column), LONGEST_CELL), _TOO_LONG)


def _refuse_where(place: str, batch: pa.RecordBatch, name: str, at_fault: pa.BooleanArray, fault: str) -> None:
    if pc.any(at_fault).as_py():
        row = batch.column("row")[pc.index(at_fault, True).as_py()].as_py()
        raise InputError(
            f"{place}, row {row}, column {name}: the cell {fault}: ask for a file in which this is corrected."
        )


def _may_be_odd(column: pa.StringArray) -> bool:
    """Return whether any cell of the column may have too many characters or an odd character.

    The bytes of all cells are searched together, which is ten times as fast as a search of each cell. Without this
    function, `benchmarks.workbooks_and_spss` takes longer.
    """
    column_bytes = _bytes_of(column)
    return bool(column_bytes) and (
        len(column_bytes.translate(None, CONTROLS)) < len(column_bytes)
        or "\u00c3".encode() in column_bytes
        or ((b"\xe2" in column_bytes or b"\xef" in column_bytes) and any(mark in column_bytes for mark in _MARKS))
        or int(np.diff(_ends(column)).max()) > LONGEST_CELL
    )


def _ends(column: pa.StringArray) -> np.ndarray:
    """Return positions in the column's bytes: the start of the first cell, followed by the end of each cell."""
    return np.frombuffer(column.buffers()[1], np.int32)[column.offset : column.offset + len(column) + 1]


def _bytes_of(column: pa.StringArray) -> bytes:
    """Return the bytes of all cells of the column, joined in the order of the cells."""
    text = column.buffers()[2]
    if text is None or not len(column):
        return b""
    ends = _ends(column)
    column_bytes: bytes = text.slice(ends[0], ends[-1] - ends[0]).to_pybytes()
    return column_bytes


class Stamp(NamedTuple):
    """A file's size, its times of last writing and last change, and its inode. They show whether the file was replaced.

    If another file replaces the file, at least one of these values changes, even if the size and the time of writing
    stay the same.
    """

    size: int
    written: int
    changed: int
    inode: int


def stamp_of(path: Path) -> Stamp:
    """Return the file's present stamp."""
    status = path.stat()
    return Stamp(status.st_size, status.st_mtime_ns, status.st_ctime_ns, status.st_ino)


@contextmanager
def readable(path: Path, *faults: type[Exception]) -> Iterator[None]:
    """Catch the errors that a library raises for a damaged file, and raise InputError instead.

    `faults` are the library's error classes.
    """
    expected: tuple[type[Exception], ...] = (*faults, OSError, UnicodeDecodeError, MemoryError)
    try:
        yield
    except expected:
        raise InputError(f"{path_for_reader(path)}: the file is damaged or cut off: ask for it again.") from None


def _number_text(number: float, decimal_mark: str) -> str:
    """Return the shortest decimal text that gives the same number when it is read. The text has no exponent."""
    if not np.isfinite(number):
        return str(number)
    if number == int(number) and abs(number) < 1e16:
        return str(int(number))
    text = repr(number)
    return (np.format_float_positional(number, trim="-") if "e" in text else text).replace(".", decimal_mark)


def _decimal_text(number: Decimal) -> str:
    """Return all digits of the number, without trailing zeros after the decimal mark.

    `Decimal.normalize` is not used, because it rounds to 28 digits.
    """
    text = format(number, "f")
    text = text.rstrip("0").rstrip(".") if "." in text else text
    return text.removeprefix("-") if not number else text
