"""Read CSV files. The specification gives their encoding and delimiter, because the files themselves do not.

This module divides a file's bytes into rows and cells. Every byte is checked before any cell is read. A file is refused
if its encoding is not that of the specification, if it is cut off, or if it has bytes that no table should have. The
error's message names the line. `cells.py` has the functions that all formats share.
"""

import codecs
import csv
import io
import re
from dataclasses import dataclass
from pathlib import Path
from typing import TextIO, cast

import numpy as np
import pyarrow as pa
import pyarrow.csv as pa_csv

from assets.extracts.formats.cells import (
    BROKEN_LETTER,
    CONTROLS,
    DIRECTION_MARK,
    LOST_LETTER,
    MOJIBAKE,
    Batches,
    Cells,
    batch_of,
    readable,
)
from assets.extracts.layouts import Csv, Writing
from warehouse.errors import InputError
from warehouse.home import path_for_reader

CHUNK = 1 << 22
MOST_BYTES = 4  # the most bytes that a character has in UTF-8
HEADER_BYTES = 1 << 16
LONGEST_LINE = 1 << 20
# A cell with fewer delimiters than this may be ordinary text, even if a row of the file has no more delimiters.
FEWEST_DELIMITERS = 4

CODECS = {
    "windows-1252": "cp1252",
    "iso-8859-1": "iso-8859-1",
    "iso-8859-15": "iso-8859-15",
    "utf-8": "utf-8",
    "utf-8-sig": "utf-8-sig",
}

_UNUSED_BYTES = {
    "windows-1252": b"\x81\x8d\x8f\x90\x9d",
    **dict.fromkeys(("iso-8859-1", "iso-8859-15"), bytes(range(0x80, 0xA0))),
}
csv.field_size_limit(LONGEST_LINE)
_REPLACEMENT_CHARACTER = "\ufffd"
_GARBLED = re.compile(MOJIBAKE)
_DIRECTION_MARKS = re.compile("[\u200e\u200f\u202a-\u202e\u2066-\u2069]")
_UTF8_IN_8_BIT = re.compile(rb"\xc3[\x80-\xbf]|\xe2\x80[\x90-\xa6]|\xe2\x82\xac")
_LONE_RETURN = re.compile(rb"\r(?!\n)")
_DELIMITERS = {";": "semicolons", ",": "commas", "\t": "tabs", "|": "bars"}


def names(path: Path, writing: Writing) -> tuple[str, ...]:
    """Return the headings of the file's columns.

    The headings are returned even if the file's encoding or delimiter differs from the specification. `look` refuses
    such a file later.
    """
    settings = _settings(writing)
    return _header(path, settings, _delimiter_of(path, settings))


def look(path: Path, writing: Writing) -> Cells:
    """Count the rows below the header.

    If the file has no quotation marks, each line is a row, so the lines are counted. Raises InputError if the file has
    a fault. The error's message names the line of the first fault.
    """
    settings = _settings(writing)
    findings = _search(path, settings)
    _refuse_another_delimiter(path, settings)
    columns = len(names(path, writing))
    if (
        findings.unfinished
        and not findings.quotes
        and findings.unfinished.count(settings.delimiter.encode()) < columns - 1
    ):
        raise _cut_off(path, findings.lines)
    rows = _count_quoted(path, settings, columns, findings) if findings.quotes else findings.lines
    # if the file ends without a line end or a quotation mark, nothing shows whether the last cell is complete
    if findings.unfinished and not findings.unfinished.endswith(b'"'):
        raise InputError(
            f"{path_for_reader(path)}, line {findings.lines}: no line end follows the last row, so the file may be cut off: ask for the file again, or add a line end if the file is complete."
        )
    return Cells(max(rows - settings.header_row, 0))


def batches(path: Path, writing: Writing, wanted: list[str]) -> Batches:
    """Yield the wanted columns as text, in batches of rows.

    Rows are numbered from the beginning of the file: the first row, which is usually the header, has the number 1. A
    row has one number even if it takes several lines.
    """
    settings = _settings(writing)
    header, line_ends = list(names(path, writing)), _line_ends_above(path, settings)
    malformed: dict[int, str] = {}

    def skip(row: pa_csv.InvalidRow) -> str:
        number = row.number - line_ends + settings.header_row
        malformed[number] = f"has {row.actual_columns} cells, but the header has {row.expected_columns}"
        return "skip"

    with readable(path, pa.ArrowException), path.open(encoding=CODECS[settings.encoding], newline="") as file:
        reader = pa_csv.open_csv(
            _Utf8Blocks(file),
            read_options=pa_csv.ReadOptions(
                column_names=header,
                skip_rows=line_ends,
                block_size=CHUNK,
                use_threads=False,  # with threads, pyarrow does not number the rows that it skips
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


class _Utf8Blocks(io.RawIOBase):
    """The text of a file in UTF-8, in blocks that never end between the two characters of a line end (CRLF).

    If a block ended with a carriage return, Arrow would drop a line feed at the start of the next block, even in a
    quoted cell.
    """

    def __init__(self, file: TextIO) -> None:
        self._file = file

    def read(self, size: int = -1) -> bytes:
        """Return the next bytes, at most `size` of them. Return no bytes at the end of the file."""
        text = self._file.read(size // MOST_BYTES - 1)
        while text.endswith("\r") and (character := self._file.read(1)):
            text += character
        return text.encode()

    def readable(self) -> bool:
        """Return True."""
        return True


def _settings(writing: Writing) -> Csv:
    return cast(Csv, writing.formats.csv)


def _line_ends_above(path: Path, settings: Csv) -> int:
    """Return how many lines the header and the rows above it take.

    This number is higher than `header_row` if a cell of these rows contains line ends.
    """
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
    """Return the beginning of the file as text.

    The text is decoded with the specification's encoding. If the bytes show that the file has another encoding, that
    other encoding is used.
    """
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
    """Return the file's encoding if the file is in UTF-16 or UTF-32. Return None if the file has any other encoding.

    UTF-16 and UTF-32 use at least two bytes for each character.
    """
    if start.startswith(codecs.BOM_UTF32_LE):
        return "utf-32"
    if start.startswith((codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE)):
        return "utf-16"
    return {b"\x00": "utf-16-be"}.get(start[:1]) or {b"\x00": "utf-16-le"}.get(start[1:2])


def _delimiter_of(path: Path, settings: Csv) -> str:
    """Return the delimiter that divides the file's header.

    If the specification's delimiter divides the header, return that delimiter. If not, return the known delimiter that
    divides the header into the most cells.
    """
    if len(_header(path, settings, settings.delimiter)) > 1:
        return settings.delimiter
    return max([settings.delimiter, *_DELIMITERS], key=lambda delimiter: len(_header(path, settings, delimiter)))


def _refuse_another_delimiter(path: Path, settings: Csv) -> None:
    delimiter = _delimiter_of(path, settings)
    if delimiter != settings.delimiter:
        raise InputError(
            f"{path_for_reader(path)}, line {settings.header_row}: the cells are separated by {_DELIMITERS[delimiter]}, but the specification says {_DELIMITERS[settings.delimiter]}: correct the delimiter in the specification, or ask for the file in the form of earlier years."
        )


@dataclass
class _Findings:
    """What the search through the file's bytes has found so far."""

    lines: int = 0
    quotes: bool = False
    lone_return_line: int | None = None
    utf8_line: int | None = None
    other_letters: bool = False
    unfinished: bytes = b""  # the last line, if no line end follows it


def _search(path: Path, settings: Csv) -> _Findings:
    """Search every byte of the file once, and return the findings.

    The file is searched in blocks of a few megabytes. Each block ends at the end of a line. Raises InputError if the
    file has a fault. The error's message names the line of the first fault.
    """
    findings = _Findings()
    with path.open("rb") as file:
        while block := file.read(CHUNK) + file.readline(LONGEST_LINE):
            _refuse_long_line(path, block, findings)
            _search_block(path, settings, block, findings)
            findings.unfinished = block[block.rfind(b"\n") + 1 :]
    findings.lines += bool(findings.unfinished)
    _refuse_another_encoding(path, settings, findings)
    if findings.lone_return_line and not findings.quotes:
        raise InputError(
            f"{path_for_reader(path)}, line {findings.lone_return_line}: the line holds a carriage return without a line feed (a lone CR): ask for the file again."
        )
    return findings


def _refuse_long_line(path: Path, block: bytes, findings: _Findings) -> None:
    """Refuse a file if the last line of the block is longer than LONGEST_LINE bytes.

    To complete the last line of a block, `_search` reads at most LONGEST_LINE bytes. A longer line could therefore be
    divided between two blocks.
    """
    line_end = block.rfind(b"\n", 0, -1) + 1
    if len(block) - line_end > LONGEST_LINE:
        line = findings.lines + block.count(b"\n", 0, line_end) + 1
        raise InputError(
            f"{path_for_reader(path)}, line {line}: the line is longer than a megabyte, and no row can be that long: ask for the file again."
        )


def _search_block(path: Path, settings: Csv, block: bytes, findings: _Findings) -> None:
    """Refuse control characters, and bytes that the specification's encoding does not allow.

    Quotation marks, carriage returns without a line feed, and the number of lines are recorded in `findings`.
    """
    if findings.lines == 0:
        _refuse_marks(path, settings, block)
    position = _first_of(block, CONTROLS)
    if position is not None:
        raise InputError(
            f"{path_for_reader(path)}, line {_line(findings, block, position)}: the line holds a control character (byte {block[position]}): ask for the file again."
        )
    if not block.isascii():
        search_letters = _search_8_bit if settings.encoding in _UNUSED_BYTES else _search_utf8
        search_letters(path, settings, block, findings)
    findings.quotes |= b'"' in block
    if b"\r" in block and not findings.lone_return_line and block.count(b"\r") > block.count(b"\r\n"):
        findings.lone_return_line = _line(findings, block, cast(re.Match[bytes], _LONE_RETURN.search(block)).start())
    findings.lines += block.count(b"\n")


def _line(findings: _Findings, block: bytes, position: int) -> int:
    return findings.lines + block[:position].count(b"\n") + 1


def _refuse_marks(path: Path, settings: Csv, block: bytes) -> None:
    """Refuse a file if its first bytes show that its encoding is not that of the specification.

    The first bytes can show UTF-16, UTF-32, or UTF-8 with a byte order mark.
    """
    if block.startswith(codecs.BOM_UTF8) and settings.encoding != "utf-8-sig":
        raise InputError(
            f"{path_for_reader(path)}, line 1: the file starts with a byte order mark, but the specification says {settings.encoding}: correct the encoding in the specification to utf-8-sig, or ask for the file in the form of earlier years."
        )
    if codec := _wide_codec(block):
        raise InputError(
            f"{path_for_reader(path)}, line 1: the file is written in {codec[:6].upper()}, but the specification says {settings.encoding}: save the file as {settings.encoding}, or ask for the file in the form of earlier years."
        )


def _first_of(block: bytes, unwanted: bytes) -> int | None:
    """Return the position of the first unwanted byte in the block. Return None if the block has no unwanted byte.

    Nearly all blocks have no unwanted byte, and `translate` finds that out in one pass in C. If Python looked at each
    byte, `benchmarks.police_csv` would take minutes longer.
    """
    if len(block.translate(None, unwanted)) == len(block):
        return None
    return next(index for index, byte in enumerate(block) if byte in unwanted)


def _search_8_bit(path: Path, settings: Csv, block: bytes, findings: _Findings) -> None:
    """Search a block with letters outside ASCII, in a file for which the specification names an 8-bit encoding.

    If all these letters so far are in UTF-8, the line of the first one is recorded, and `_refuse_another_encoding`
    refuses the file at the end of the search. Otherwise, this function refuses letters in UTF-8, and bytes that the
    8-bit encoding does not have.
    """
    if not findings.other_letters and _is_utf8(block):
        findings.utf8_line = findings.utf8_line or _line(
            findings, block, next(index for index, byte in enumerate(block) if byte > 127)
        )
        return
    findings.other_letters = True
    position = min((block.index(byte) for byte in _UNUSED_BYTES[settings.encoding] if byte in block), default=None)
    if position is not None:
        raise InputError(
            f"{path_for_reader(path)}, line {_line(findings, block, position)}: byte {block[position]:#04x} is not a character of {settings.encoding}: correct the encoding in the specification, or ask for the file in the form of earlier years."
        )
    # The pattern begins with one of these two bytes, which Danish text rarely has. A search for a byte is much quicker than a
    # search for the pattern. Without this first search `benchmarks.police_csv` takes longer.
    suspicious = b"\xc3" in block or b"\xe2" in block
    if suspicious and (mixed := _UTF8_IN_8_BIT.search(block)):
        raise _mixed(path, settings, _line(findings, block, mixed.start()))


def _is_utf8(block: bytes) -> bool:
    try:
        block.decode()
    except UnicodeDecodeError:
        return False
    return True


def _refuse_another_encoding(path: Path, settings: Csv, findings: _Findings) -> None:
    if findings.utf8_line and findings.other_letters:
        raise _mixed(path, settings, findings.utf8_line)
    if findings.utf8_line:
        raise InputError(
            f"{path_for_reader(path)}, line {findings.utf8_line}: the file is written in UTF-8, but the specification says {settings.encoding}: correct the encoding in the specification, or ask for the file in the form of earlier years."
        )


def _mixed(path: Path, settings: Csv, line: int) -> InputError:
    return InputError(
        f"{path_for_reader(path)}, line {line}: the line holds letters in UTF-8, while other lines are in {settings.encoding}: ask for the file in one encoding."
    )


def _search_utf8(path: Path, settings: Csv, block: bytes, findings: _Findings) -> None:
    try:
        text = block.decode()
    except UnicodeDecodeError as error:
        raise InputError(
            f"{path_for_reader(path)}, line {_line(findings, block, error.start)}: the line is not written in {settings.encoding}: correct the encoding in the specification, or ask for the file in the form of earlier years."
        ) from None
    if mark := _DIRECTION_MARKS.search(text):
        line = findings.lines + text[: mark.start()].count("\n") + 1
        raise InputError(
            f"{path_for_reader(path)}, line {line}: the line {DIRECTION_MARK}: ask for the file without the character."
        )
    if (lost := text.find(_REPLACEMENT_CHARACTER)) >= 0:
        line = findings.lines + text[:lost].count("\n") + 1
        raise InputError(f"{path_for_reader(path)}, line {line}: the line {LOST_LETTER}: ask for the file again.")
    if "\u00c3" in text and (wrong := _GARBLED.search(text)):  # a single letter is found more quickly than the pattern
        line = findings.lines + text[: wrong.start()].count("\n") + 1
        raise InputError(f"{path_for_reader(path)}, line {line}: the line {BROKEN_LETTER}: ask for the file again.")


def _count_quoted(path: Path, settings: Csv, columns: int, findings: _Findings) -> int:
    """Count the rows of a file that has quotation marks.

    In such a file, cells may contain line ends, so a row may take several lines.
    """
    count, line = 0, 1  # the number of rows, and the line on which the next row begins
    with path.open(encoding=CODECS[settings.encoding], newline="") as file:
        reader = csv.reader(file, delimiter=settings.delimiter, strict=True)
        try:
            for row in reader:
                if findings.unfinished and reader.line_num == findings.lines and len(row) < columns:
                    raise _cut_off(path, line)
                if reader.line_num > line and any(_holds_lines(cell, settings, columns) for cell in row):
                    raise InputError(
                        f"{path_for_reader(path)}, line {line}: a quotation mark without its partner turns this line and the next ones into a single cell: delete the mark, or ask for the file again."
                    )
                count, line = count + 1, reader.line_num + 1
        except csv.Error:
            raise InputError(
                f"{path_for_reader(path)}, line {line}: the quotation marks do not match: ask for the file again."
            ) from None
    return count


def _holds_lines(cell: str, settings: Csv, columns: int) -> bool:
    """Return whether a cell seems to contain whole rows because a quotation mark is missing.

    Such a cell has a line end and at least as many delimiters as a row of the file. A cell with fewer than
    FEWEST_DELIMITERS delimiters may be ordinary text, so the answer is False.
    """
    return "\n" in cell and cell.count(settings.delimiter) >= max(columns - 1, FEWEST_DELIMITERS)


def _cut_off(path: Path, line: int) -> InputError:
    """Return the error for a file that ends in the middle of a row."""
    return InputError(
        f"{path_for_reader(path)}, line {line}: the file ends in the middle of a row, because it was cut off: ask for it again."
    )


def _numbered(
    reader: pa_csv.CSVStreamingReader, malformed: dict[int, str], header_row: int, wanted: list[str]
) -> Batches:
    """Yield all rows in order, with their row numbers.

    If a row has too few or too many cells, its cells become empty. The column `malformed` then gives the reason.
    """
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
    """Yield the rows of a batch and the malformed rows between them, sorted by row number."""
    well_formed = batch_of(batch.columns, wanted, rows)
    if not malformed:
        yield well_formed
        return
    all_rows = pa.Table.from_batches([well_formed, _without_cells(malformed, wanted)])
    yield from all_rows.sort_by("row").combine_chunks().to_batches()


def _without_cells(malformed: dict[int, str], wanted: list[str]) -> pa.RecordBatch:
    """Return a batch of malformed rows. Each row has its number, its reason and empty cells."""
    rows = sorted(malformed)
    empty = [pa.nulls(len(rows), pa.string())] * len(wanted)
    return batch_of(empty, wanted, np.array(rows), [malformed[row] for row in rows])
