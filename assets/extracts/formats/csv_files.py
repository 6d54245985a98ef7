"""CSV: text in an encoding and with a delimiter that only the specification knows.

Here belongs how bytes become rows and cells. Every byte is looked at before a cell is read: what another encoding, a broken
download or a wrong program left in the file is refused with its line. What cells of all formats share is in `cells.py`.
"""

import codecs
import csv
import io
import re
from dataclasses import dataclass
from pathlib import Path
from typing import cast

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
    """Return the header's cells, read even in a wrong encoding or with a wrong delimiter, which `look` then refuses."""
    settings = _settings(writing)
    return _header(path, settings, _delimiter_of(path, settings))


def look(path: Path, writing: Writing) -> Cells:
    """Return the number of rows, counted apart from their reading. Raises InputError with the line of the first fault."""
    settings = _settings(writing)
    look_so_far = _look_through(path, settings)
    _refuse_another_delimiter(path, settings)
    columns = len(names(path, writing))
    if (
        look_so_far.unfinished
        and not look_so_far.quotes
        and look_so_far.unfinished.count(settings.delimiter.encode()) < columns - 1
    ):
        raise _cut_off(path, look_so_far.lines)
    rows = _count_quoted(path, settings, columns, look_so_far) if look_so_far.quotes else look_so_far.lines
    if look_so_far.unfinished and not look_so_far.unfinished.endswith(
        b'"'
    ):  # else nothing would show that the last cell lost its end
        raise InputError(
            f"{path.name}, line {look_so_far.lines}: no line end follows the last row, as where a file was cut off: ask for it again, or end it with a line end if it is whole."
        )
    return Cells(max(rows - settings.header_row, 0))


def batches(path: Path, writing: Writing, wanted: list[str]) -> Batches:
    """Yield the wanted columns as text; rows count from 1 with the header's, whatever line ends their cells hold."""
    settings = _settings(writing)
    header, line_ends = list(names(path, writing)), _line_ends_above(path, settings)
    malformed: dict[int, str] = {}

    def skip(row: pa_csv.InvalidRow) -> str:
        number = row.number - line_ends + settings.header_row
        malformed[number] = f"has {row.actual_columns} cells where the header has {row.expected_columns}"
        return "skip"

    with readable(path, pa.ArrowException):
        reader = pa_csv.open_csv(
            path,
            read_options=pa_csv.ReadOptions(
                encoding=CODECS[settings.encoding],
                column_names=header,
                skip_rows=line_ends,
                block_size=CHUNK,
                use_threads=False,  # else the rows that are skipped have no numbers
            ),
            parse_options=pa_csv.ParseOptions(
                delimiter=settings.delimiter,
                newlines_in_values=True,
                ignore_empty_lines=False,
                invalid_row_handler=skip,
            ),
            convert_options=pa_csv.ConvertOptions(
                column_types=dict.fromkeys(header, pa.string()),
                include_columns=wanted,
                null_values=[""],
                strings_can_be_null=True,
                quoted_strings_can_be_null=True,
            ),
        )
        yield from _numbered(reader, malformed, settings.header_row, wanted)


def _settings(writing: Writing) -> Csv:
    return cast(Csv, writing.formats.csv)


def _line_ends_above(path: Path, settings: Csv) -> int:
    """Return the number of line ends down to the header's: one for each row, and those inside of cells."""
    lines = csv.reader(io.StringIO(_beginning(path, settings), newline=""), delimiter=settings.delimiter)
    for _ in range(settings.header_row):
        next(lines, None)
    return lines.line_num


def _header(path: Path, settings: Csv, delimiter: str) -> tuple[str, ...]:
    lines = csv.reader(io.StringIO(_beginning(path, settings), newline=""), delimiter=delimiter)
    header: list[str] = []
    for _ in range(settings.header_row):
        header = next(lines, [])
    return tuple(name.strip() for name in header)


def _beginning(path: Path, settings: Csv) -> str:
    """Return the file's first text in the specification's encoding, or the one that its bytes show."""
    with path.open("rb") as file:
        start = file.read(HEADER_BYTES)
    codec = _wide_codec(start)
    if codec:
        return start.decode(codec, errors="replace")
    start = start.removeprefix(codecs.BOM_UTF8)
    header = b"".join(start.splitlines(keepends=True)[: settings.header_row])
    likely = "cp1252" if settings.encoding.startswith("utf-8") else "utf-8"
    written_otherwise = _is_utf8(header) is (likely == "utf-8") and not header.isascii()
    return start.decode(likely if written_otherwise else CODECS[settings.encoding], errors="replace")


def _wide_codec(start: bytes) -> str | None:
    """Return the encoding of two or four bytes a letter that the file is in; None for the encodings of extracts."""
    if start.startswith(codecs.BOM_UTF32_LE):
        return "utf-32"
    if start.startswith((codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE)):
        return "utf-16"
    return {b"\x00": "utf-16-be"}.get(start[:1]) or {b"\x00": "utf-16-le"}.get(start[1:2])


def _delimiter_of(path: Path, settings: Csv) -> str:
    """Return the specification's delimiter, or another that divides the header where the specification's does not."""
    if len(_header(path, settings, settings.delimiter)) > 1:
        return settings.delimiter
    return max([settings.delimiter, *_DELIMITERS], key=lambda delimiter: len(_header(path, settings, delimiter)))


def _refuse_another_delimiter(path: Path, settings: Csv) -> None:
    delimiter = _delimiter_of(path, settings)
    if delimiter != settings.delimiter:
        raise InputError(
            f"{path.name}, line {settings.header_row}: its cells are divided by {_DELIMITERS[delimiter]}, and its specification says {_DELIMITERS[settings.delimiter]}: correct the delimiter there, or ask for the file as before."
        )


@dataclass
class _Look:
    """What a look at every byte has shown so far."""

    lines: int = 0
    quotes: bool = False
    lone_return_line: int | None = None
    utf8_line: int | None = None
    other_letters: bool = False
    unfinished: bytes = b""  # the last line, where no line end follows


def _look_through(path: Path, settings: Csv) -> _Look:
    """Look at every byte once, some megabytes of whole lines at a time. Raises InputError with the line of the first fault."""
    look_so_far = _Look()
    with path.open("rb") as file:
        while block := file.read(CHUNK) + file.readline(LONGEST_LINE):
            _refuse_long_line(path, block, look_so_far)
            _look_at(path, settings, block, look_so_far)
            look_so_far.unfinished = block[block.rfind(b"\n") + 1 :]
    look_so_far.lines += bool(look_so_far.unfinished)
    _refuse_another_encoding(path, settings, look_so_far)
    if look_so_far.lone_return_line and not look_so_far.quotes:
        raise InputError(
            f"{path.name}, line {look_so_far.lone_return_line}: holds a line end that is none (a lone CR): ask for the file again."
        )
    return look_so_far


def _refuse_long_line(path: Path, block: bytes, look_so_far: _Look) -> None:
    """Refuse a line that is longer than LONGEST_LINE."""
    line_end = block.rfind(b"\n", 0, -1) + 1
    if len(block) - line_end > LONGEST_LINE:
        line = look_so_far.lines + block.count(b"\n", 0, line_end) + 1
        raise InputError(f"{path.name}, line {line}: is longer than a megabyte: no row is; ask for the file again.")


def _look_at(path: Path, settings: Csv, block: bytes, look_so_far: _Look) -> None:
    """Refuse what the encoding cannot hold, and note what the block has."""
    if look_so_far.lines == 0:
        _refuse_marks(path, settings, block)
    at = _first_of(block, _CONTROLS)
    if at is not None:
        raise InputError(
            f"{path.name}, line {_line(look_so_far, block, at)}: holds a control character (byte {block[at]}): ask for the file again."
        )
    if not block.isascii():
        look_at_letters = _look_at_8_bit if settings.encoding in _NO_CHARACTERS else _look_at_utf8
        look_at_letters(path, settings, block, look_so_far)
    look_so_far.quotes |= b'"' in block
    if b"\r" in block and not look_so_far.lone_return_line and block.count(b"\r") > block.count(b"\r\n"):
        look_so_far.lone_return_line = _line(
            look_so_far, block, cast(re.Match[bytes], _LONE_RETURN.search(block)).start()
        )
    look_so_far.lines += block.count(b"\n")


def _line(look_so_far: _Look, block: bytes, at: int) -> int:
    return look_so_far.lines + block[:at].count(b"\n") + 1


def _refuse_marks(path: Path, settings: Csv, block: bytes) -> None:
    """Refuse a byte order mark that is not the encoding's, and zero bytes, as files of wider encodings begin with."""
    if block.startswith(codecs.BOM_UTF8) and settings.encoding != "utf-8-sig":
        raise InputError(
            f"{path.name}, line 1: starts with a byte order mark, and its specification says {settings.encoding}: correct the encoding there (utf-8-sig), or ask for the file as before."
        )
    if codec := _wide_codec(block):
        raise InputError(
            f"{path.name}, line 1: is written in {codec[:6].upper()}, and its specification says {settings.encoding}: save it as {settings.encoding}, or ask for the file as before."
        )


def _first_of(block: bytes, unwanted: bytes) -> int | None:
    """Return where the first of the unwanted bytes stands.

    To know that there is none takes one pass in C (seconds of `benchmarks.police_csv`); byte by byte Python takes minutes.
    """
    if len(block.translate(None, unwanted)) == len(block):
        return None
    return next(index for index, byte in enumerate(block) if byte in unwanted)


def _look_at_8_bit(path: Path, settings: Csv, block: bytes, look_so_far: _Look) -> None:
    """Refuse bytes that are no character of the encoding, and letters that are two bytes of another."""
    if not look_so_far.other_letters and _is_utf8(block):
        look_so_far.utf8_line = look_so_far.utf8_line or _line(
            look_so_far, block, next(at for at, byte in enumerate(block) if byte > 127)
        )
        return
    look_so_far.other_letters = True
    at = min((block.index(byte) for byte in _NO_CHARACTERS[settings.encoding] if byte in block), default=None)
    if at is not None:
        raise InputError(
            f"{path.name}, line {_line(look_so_far, block, at)}: byte {block[at]:#04x} is no character of {settings.encoding}: correct the encoding in the specification, or ask for the file as before."
        )
    suspicious = b"\xc3" in block or b"\xe2" in block  # rare letters in Danish, and quicker to find than the pattern
    if suspicious and (mixed := _UTF8_IN_8_BIT.search(block)):
        raise _mixed(path, settings, _line(look_so_far, block, mixed.start()))


def _is_utf8(block: bytes) -> bool:
    try:
        block.decode()
    except UnicodeDecodeError:
        return False
    return True


def _refuse_another_encoding(path: Path, settings: Csv, look_so_far: _Look) -> None:
    if look_so_far.utf8_line and look_so_far.other_letters:
        raise _mixed(path, settings, look_so_far.utf8_line)
    if look_so_far.utf8_line:
        raise InputError(
            f"{path.name}, line {look_so_far.utf8_line}: is written in UTF-8, and its specification says {settings.encoding}: correct the encoding there, or ask for the file as before."
        )


def _mixed(path: Path, settings: Csv, line: int) -> InputError:
    return InputError(
        f"{path.name}, line {line}: holds letters in UTF-8 among others in {settings.encoding}: ask for the file in one encoding."
    )


def _look_at_utf8(path: Path, settings: Csv, block: bytes, look_so_far: _Look) -> None:
    try:
        text = block.decode()
    except UnicodeDecodeError as error:
        raise InputError(
            f"{path.name}, line {_line(look_so_far, block, error.start)}: is not {settings.encoding}: correct the encoding in the specification, or ask for the file as before."
        ) from None
    if mark := _DIRECTION_MARKS.search(text):
        line = look_so_far.lines + text[: mark.start()].count("\n") + 1
        raise InputError(
            f"{path.name}, line {line}: holds a mark that turns the direction of writing: ask for the file without it."
        )
    if (lost := text.find(_LOST)) >= 0:
        line = look_so_far.lines + text[:lost].count("\n") + 1
        raise InputError(f"{path.name}, line {line}: holds the mark of a letter that was lost: ask for the file again.")
    if "\u00c3" in text and (wrong := _READ_WRONG.search(text)):
        line = look_so_far.lines + text[: wrong.start()].count("\n") + 1
        raise InputError(
            f"{path.name}, line {line}: holds a Danish letter that was once read in another encoding: ask for the file again."
        )


def _count_quoted(path: Path, settings: Csv, columns: int, look_so_far: _Look) -> int:
    """Return the number of rows of a file with quotes, in which a cell may hold line ends."""
    count, line = 0, 1  # rows, and the line on which the next one begins
    with path.open(encoding=CODECS[settings.encoding], newline="") as file:
        reader = csv.reader(file, delimiter=settings.delimiter, strict=True)
        try:
            for row in reader:
                if look_so_far.unfinished and reader.line_num == look_so_far.lines and len(row) < columns:
                    raise _cut_off(path, line)
                if reader.line_num > line and any(_holds_lines(cell, settings, columns) for cell in row):
                    raise InputError(
                        f"{path.name}, line {line}: a quotation mark that stands alone makes this line and those after it one cell: take the mark out, or ask for the file again."
                    )
                count, line = count + 1, reader.line_num + 1
        except csv.Error as error:
            raise InputError(
                f"{path.name}, line {line}: its quotes do not match ({error}): ask for the file again."
            ) from None
    return count


def _holds_lines(cell: str, settings: Csv, columns: int) -> bool:
    """Whether a cell holds a whole row: as many delimiters as a row has, over a line end. A text may hold a few of them."""
    return "\n" in cell and cell.count(settings.delimiter) >= max(columns - 1, FEWEST_DELIMITERS)


def _cut_off(path: Path, line: int) -> InputError:
    """Return the error for a last line that ends in the middle: the file was not written to its end."""
    return InputError(
        f"{path.name}, line {line}: ends in the middle of a row, and no line end follows: the file was cut off; ask for it again."
    )


def _numbered(
    reader: pa_csv.CSVStreamingReader, malformed: dict[int, str], header_row: int, wanted: list[str]
) -> Batches:
    """Yield rows with their numbers; of those with too few or many cells only number and reason, in place."""
    last_row = header_row
    for batch in reader:
        gaps = np.array(sorted(malformed), dtype=np.int64)
        candidates = np.arange(last_row + 1, last_row + 1 + batch.num_rows + len(gaps))
        rows = np.setdiff1d(candidates, gaps, assume_unique=True)[: batch.num_rows]
        last_row = int(rows[-1]) if len(rows) else last_row
        passed = {row: malformed.pop(row) for row in gaps.tolist() if row <= last_row}
        yield from _in_order(batch, rows, passed, wanted)
    if malformed:
        yield _without_cells(malformed, wanted)


def _in_order(batch: pa.RecordBatch, rows: np.ndarray, malformed: dict[int, str], wanted: list[str]) -> Batches:
    whole = batch_of(batch.columns, wanted, rows)
    if not malformed:
        yield whole
        return
    all_rows = pa.Table.from_batches([whole, _without_cells(malformed, wanted)])
    yield from all_rows.sort_by("row").combine_chunks().to_batches()


def _without_cells(malformed: dict[int, str], wanted: list[str]) -> pa.RecordBatch:
    rows = sorted(malformed)
    empty = [pa.nulls(len(rows), pa.string())] * len(wanted)
    return batch_of(empty, wanted, np.array(rows), [malformed[row] for row in rows])
