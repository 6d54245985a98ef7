"""CSV: text in an encoding and with a delimiter that only the specification knows.

Every byte is looked at before a cell is read: what another encoding, a broken download or a wrong program left in the
file is refused with its line.
"""

import codecs
import csv
import io
import re
from dataclasses import dataclass
from pathlib import Path
from typing import Any, cast

import numpy as np
import pyarrow as pa
import pyarrow.csv as pa_csv

from assets.extracts.formats.cells import MOJIBAKE, Batches, Cells, batch_of, readable
from assets.extracts.layouts import Csv, Writing
from warehouse.errors import InputError

CHUNK = 1 << 22
HEADER_BYTES = 1 << 16
LONGEST_LINE = 1 << 20
FEWEST_DELIMITERS = 4

CODECS = {
    "windows-1252": "cp1252",
    "iso-8859-1": "iso-8859-1",
    "iso-8859-15": "iso-8859-15",
    "utf-8": "utf-8",
    "utf-8-sig": "utf-8-sig",
}

_CONTROLS = bytes(set(range(32)) - {9, 10, 13}) + b"\x7f"
_NO_CHARACTERS = {
    "windows-1252": b"\x81\x8d\x8f\x90\x9d",
    **dict.fromkeys(("iso-8859-1", "iso-8859-15"), bytes(range(0x80, 0xA0))),
}
csv.field_size_limit(LONGEST_LINE)
_LOST = "\ufffd"
_READ_WRONG = re.compile(MOJIBAKE)
_DIRECTION_MARKS = re.compile("[\u200e\u200f\u202a-\u202e\u2066-\u2069]")
_UTF8_IN_8_BIT = re.compile(rb"\xc3[\x80-\xbf]|\xe2\x80[\x90-\xa6]|\xe2\x82\xac")
_LONE_RETURN = re.compile(rb"\r(?!\n)")
_DELIMITERS = {";": "semicolons", ",": "commas", "\t": "tabs", "|": "bars"}


def names(path: Path, writing: Writing) -> tuple[str, ...]:
    """The cells of the header's row, in another encoding or with another delimiter too: `look` says which it is."""
    layout = _layout(writing)
    return _header(path, layout, _delimiter_of(path, layout))


def look(path: Path, writing: Writing) -> Cells:
    """Number of rows, counted apart from their reading. Raises InputError with the line of the first fault."""
    layout = _layout(writing)
    seen = _look_through(path, layout)
    _refuse_another_delimiter(path, layout)
    columns = len(names(path, writing))
    if seen.unfinished and not seen.quotes and seen.unfinished.count(layout.delimiter.encode()) < columns - 1:
        raise _cut_off(path, seen.lines)
    rows = _count_quoted(path, layout, columns, seen) if seen.quotes else seen.lines
    if seen.unfinished and not seen.unfinished.endswith(
        b'"'
    ):  # else nothing would show that the last cell lost its end
        raise InputError(
            f"{path.name}, line {seen.lines}: no line end follows the last row, as where a file was cut off: ask for it again, or end it with a line end if it is whole."
        )
    return Cells(max(rows - layout.header_row, 0))


def batches(path: Path, writing: Writing, wanted: list[str]) -> Batches:
    """The wanted columns as text; rows count from 1, the header's included, and one with a line end in it is one row."""
    layout = _layout(writing)
    header, line_ends = list(names(path, writing)), _line_ends_above(path, layout)
    malformed: dict[int, str] = {}

    def set_aside(row: Any) -> str:
        number = row.number - line_ends + layout.header_row
        malformed[number] = f"has {row.actual_columns} cells where the header has {row.expected_columns}"
        return "skip"

    with readable(path, pa.ArrowException):
        reader = pa_csv.open_csv(
            path,
            read_options=pa_csv.ReadOptions(
                encoding=CODECS[layout.encoding],
                column_names=header,
                skip_rows=line_ends,
                block_size=CHUNK,
                use_threads=False,  # else rows that are set aside have no numbers
            ),
            parse_options=pa_csv.ParseOptions(
                delimiter=layout.delimiter,
                newlines_in_values=True,
                ignore_empty_lines=False,
                invalid_row_handler=set_aside,
            ),
            convert_options=pa_csv.ConvertOptions(
                column_types=dict.fromkeys(header, pa.string()),
                include_columns=wanted,
                null_values=[""],
                strings_can_be_null=True,
                quoted_strings_can_be_null=True,
            ),
        )
        yield from _numbered(reader, malformed, layout.header_row, wanted)


def _layout(writing: Writing) -> Csv:
    return cast(Csv, writing.formats.csv)


def _line_ends_above(path: Path, layout: Csv) -> int:
    """How many line ends there are down to the header's own: one a row, and those inside of cells."""
    lines = csv.reader(io.StringIO(_beginning(path, layout), newline=""), delimiter=layout.delimiter)
    for _ in range(layout.header_row):
        next(lines, None)
    return lines.line_num


def _header(path: Path, layout: Csv, delimiter: str) -> tuple[str, ...]:
    lines = csv.reader(io.StringIO(_beginning(path, layout), newline=""), delimiter=delimiter)
    header: list[str] = []
    for _ in range(layout.header_row):
        header = next(lines, [])
    return tuple(name.strip() for name in header)


def _beginning(path: Path, layout: Csv) -> str:
    """The file's first text, in the encoding that its own bytes speak of where they are none of the specification's."""
    with path.open("rb") as file:
        start = file.read(HEADER_BYTES)
    codec = _wide_codec(start)
    if codec:
        return start.decode(codec, errors="replace")
    start = start.removeprefix(codecs.BOM_UTF8)
    header = b"".join(start.splitlines(keepends=True)[: layout.header_row])
    other = "cp1252" if layout.encoding.startswith("utf-8") else "utf-8"
    written_otherwise = _is_utf8(header) is (other == "utf-8") and not header.isascii()
    return start.decode(other if written_otherwise else CODECS[layout.encoding], errors="replace")


def _wide_codec(start: bytes) -> str | None:
    """The encoding of two or four bytes a letter that the file is in; None for the encodings of extracts."""
    if start.startswith(codecs.BOM_UTF32_LE):
        return "utf-32"
    if start.startswith((codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE)):
        return "utf-16"
    return {b"\x00": "utf-16-be"}.get(start[:1]) or {b"\x00": "utf-16-le"}.get(start[1:2])


def _delimiter_of(path: Path, layout: Csv) -> str:
    """The specification's delimiter, or the one that divides the header where that one does not."""
    if len(_header(path, layout, layout.delimiter)) > 1:
        return layout.delimiter
    return max([layout.delimiter, *_DELIMITERS], key=lambda one: len(_header(path, layout, one)))


def _refuse_another_delimiter(path: Path, layout: Csv) -> None:
    found = _delimiter_of(path, layout)
    if found != layout.delimiter:
        raise InputError(
            f"{path.name}, line {layout.header_row}: its cells are divided by {_DELIMITERS[found]}, and its specification says {_DELIMITERS[layout.delimiter]}: correct the delimiter there, or ask for the file as before."
        )


@dataclass
class _Seen:
    """What a look at every byte found."""

    lines: int = 0
    quotes: bool = False
    lone_return_line: int | None = None
    utf8_line: int | None = None
    other_letters: bool = False
    unfinished: bytes = b""  # the last line, where no line end follows


def _look_through(path: Path, layout: Csv) -> _Seen:
    """One look at every byte, some megabytes of whole lines at a time."""
    seen = _Seen()
    with path.open("rb") as file:
        while block := file.read(CHUNK) + file.readline(LONGEST_LINE):
            _refuse_long_line(path, block, seen)
            _look_at(path, layout, block, seen)
            seen.unfinished = block[block.rfind(b"\n") + 1 :]
    seen.lines += bool(seen.unfinished)
    _refuse_another_encoding(path, layout, seen)
    if seen.lone_return_line and not seen.quotes:
        raise InputError(
            f"{path.name}, line {seen.lone_return_line}: holds a line end that is none (a lone CR): ask for the file again."
        )
    return seen


def _refuse_long_line(path: Path, block: bytes, seen: _Seen) -> None:
    """A line that ends in none of the megabytes that were read for it."""
    line_end = block.rfind(b"\n", 0, -1) + 1
    if len(block) - line_end > LONGEST_LINE:
        line = seen.lines + block.count(b"\n", 0, line_end) + 1
        raise InputError(f"{path.name}, line {line}: is longer than a megabyte: no row is; ask for the file again.")


def _look_at(path: Path, layout: Csv, block: bytes, seen: _Seen) -> None:
    """Refuse what the encoding cannot hold, and note what the block has."""
    if seen.lines == 0:
        _refuse_marks(path, layout, block)
    found = _first_of(block, _CONTROLS)
    if found is not None:
        raise InputError(
            f"{path.name}, line {_line(seen, block, found)}: holds a control character (byte {block[found]}): ask for the file again."
        )
    if not block.isascii():
        look_at_letters = _look_at_8_bit if layout.encoding in _NO_CHARACTERS else _look_at_utf8
        look_at_letters(path, layout, block, seen)
    seen.quotes |= b'"' in block
    if b"\r" in block and not seen.lone_return_line and block.count(b"\r") > block.count(b"\r\n"):
        seen.lone_return_line = _line(seen, block, cast(re.Match[bytes], _LONE_RETURN.search(block)).start())
    seen.lines += block.count(b"\n")


def _line(seen: _Seen, block: bytes, at: int) -> int:
    return seen.lines + block[:at].count(b"\n") + 1


def _refuse_marks(path: Path, layout: Csv, block: bytes) -> None:
    """What a file of another Unicode encoding begins with."""
    if block.startswith(codecs.BOM_UTF8) and layout.encoding != "utf-8-sig":
        raise InputError(
            f"{path.name}, line 1: starts with a byte order mark, and its specification says {layout.encoding}: correct the encoding there (utf-8-sig), or ask for the file as before."
        )
    if codec := _wide_codec(block):
        raise InputError(
            f"{path.name}, line 1: is written in {codec[:6].upper()}, and its specification says {layout.encoding}: save it as {layout.encoding}, or ask for the file as before."
        )


def _first_of(block: bytes, unwanted: bytes) -> int | None:
    """Where the first of the unwanted bytes stands; to know that there is none costs one pass in C."""
    if len(block.translate(None, unwanted)) == len(block):
        return None
    return next(index for index, byte in enumerate(block) if byte in unwanted)


def _look_at_8_bit(path: Path, layout: Csv, block: bytes, seen: _Seen) -> None:
    """Bytes that are no character of the encoding, and letters that are two bytes of another."""
    if not seen.other_letters and _is_utf8(block):
        seen.utf8_line = seen.utf8_line or _line(seen, block, next(at for at, byte in enumerate(block) if byte > 127))
        return
    seen.other_letters = True
    found = min((block.index(byte) for byte in _NO_CHARACTERS[layout.encoding] if byte in block), default=None)
    if found is not None:
        raise InputError(
            f"{path.name}, line {_line(seen, block, found)}: byte {block[found]:#04x} is no character of {layout.encoding}: correct the encoding in the specification, or ask for the file as before."
        )
    suspicious = b"\xc3" in block or b"\xe2" in block  # rare letters in Danish, and quicker to find than the pattern
    if suspicious and (mixed := _UTF8_IN_8_BIT.search(block)):
        raise _mixed(path, layout, _line(seen, block, mixed.start()))


def _is_utf8(block: bytes) -> bool:
    try:
        block.decode()
    except UnicodeDecodeError:
        return False
    return True


def _refuse_another_encoding(path: Path, layout: Csv, seen: _Seen) -> None:
    if seen.utf8_line and seen.other_letters:
        raise _mixed(path, layout, seen.utf8_line)
    if seen.utf8_line:
        raise InputError(
            f"{path.name}, line {seen.utf8_line}: is written in UTF-8, and its specification says {layout.encoding}: correct the encoding there, or ask for the file as before."
        )


def _mixed(path: Path, layout: Csv, line: int) -> InputError:
    return InputError(
        f"{path.name}, line {line}: holds letters in UTF-8 among others in {layout.encoding}: ask for the file in one encoding."
    )


def _look_at_utf8(path: Path, layout: Csv, block: bytes, seen: _Seen) -> None:
    try:
        text = block.decode()
    except UnicodeDecodeError as error:
        raise InputError(
            f"{path.name}, line {_line(seen, block, error.start)}: is not {layout.encoding}: correct the encoding in the specification, or ask for the file as before."
        ) from None
    if mark := _DIRECTION_MARKS.search(text):
        line = seen.lines + text[: mark.start()].count("\n") + 1
        raise InputError(
            f"{path.name}, line {line}: holds a mark that turns the direction of writing: ask for the file without it."
        )
    if (lost := text.find(_LOST)) >= 0:
        line = seen.lines + text[:lost].count("\n") + 1
        raise InputError(f"{path.name}, line {line}: holds the mark of a letter that was lost: ask for the file again.")
    if "\u00c3" in text and (wrong := _READ_WRONG.search(text)):
        line = seen.lines + text[: wrong.start()].count("\n") + 1
        raise InputError(
            f"{path.name}, line {line}: holds a Danish letter that was once read in another encoding: ask for the file again."
        )


def _count_quoted(path: Path, layout: Csv, columns: int, seen: _Seen) -> int:
    """Rows of a file with quotes, in which a cell may hold line ends."""
    count, line = 0, 1  # rows, and the line on which the next one begins
    with path.open(encoding=CODECS[layout.encoding], newline="") as file:
        reader = csv.reader(file, delimiter=layout.delimiter, strict=True)
        try:
            for row in reader:
                if seen.unfinished and reader.line_num == seen.lines and len(row) < columns:
                    raise _cut_off(path, line)
                if reader.line_num > line and any(_holds_lines(cell, layout, columns) for cell in row):
                    raise InputError(
                        f"{path.name}, line {line}: a quotation mark that stands alone makes this line and those after it one cell: take the mark out, or ask for the file again."
                    )
                count, line = count + 1, reader.line_num + 1
        except csv.Error as error:
            raise InputError(
                f"{path.name}, line {line}: its quotes do not match ({error}): ask for the file again."
            ) from None
    return count


def _holds_lines(cell: str, layout: Csv, columns: int) -> bool:
    """Whether a cell holds a whole row: as many delimiters as a row has, over a line end. A text may hold a few of them."""
    return "\n" in cell and cell.count(layout.delimiter) >= max(columns - 1, FEWEST_DELIMITERS)


def _cut_off(path: Path, line: int) -> InputError:
    """A last line that ends in the middle means that the file was not written to its end."""
    return InputError(
        f"{path.name}, line {line}: ends in the middle of a row, and no line end follows: the file was cut off; ask for it again."
    )


def _numbered(reader: Any, malformed: dict[int, str], header_row: int, wanted: list[str]) -> Batches:
    """Rows with their numbers; those without the right number of cells in their place, by number and reason alone."""
    last = header_row
    for batch in reader:
        gaps = np.array(sorted(malformed), dtype=np.int64)
        candidates = np.arange(last + 1, last + 1 + batch.num_rows + len(gaps))
        rows = np.setdiff1d(candidates, gaps, assume_unique=True)[: batch.num_rows]
        last = int(rows[-1]) if len(rows) else last
        passed = {row: malformed.pop(row) for row in gaps.tolist() if row <= last}
        yield from _in_order(batch, rows, passed, wanted)
    if malformed:
        yield _without_cells(malformed, wanted)


def _in_order(batch: pa.RecordBatch, rows: np.ndarray, malformed: dict[int, str], wanted: list[str]) -> Batches:
    whole = batch_of(batch.columns, wanted, rows)
    if not malformed:
        yield whole
        return
    both = pa.Table.from_batches([whole, _without_cells(malformed, wanted)])
    yield from both.sort_by("row").combine_chunks().to_batches()


def _without_cells(malformed: dict[int, str], wanted: list[str]) -> pa.RecordBatch:
    rows = sorted(malformed)
    empty = [pa.nulls(len(rows), pa.string())] * len(wanted)
    return batch_of(empty, wanted, np.array(rows), [malformed[row] for row in rows])
