"""Check the XML of an Excel workbook before a library reads the cells.

This module refuses formulas, errors and merged cells, because the library does not report them. It also counts the rows
that have a value. It refuses a workbook that would fill the memory, because it unpacks to an enormous size, or because
a cell is so far from the other cells that the table would be enormous. `excel.py` reads the cells themselves.
"""

import re
import zipfile
import zlib
from collections.abc import Iterator
from copy import copy
from dataclasses import dataclass
from pathlib import Path

from assets.extracts.formats.cells import readable
from warehouse.errors import InputError
from warehouse.home import path_for_reader

CHUNK = 1 << 22
LARGEST_UNPACKED = 1 << 29
LONGEST_ROW = 1 << 24
LARGEST_GAP = 10_000_000  # how many empty places the table may have in addition to the cells that the file has

_DAMAGED = (zipfile.BadZipFile, zlib.error, NotImplementedError, EOFError, KeyError, IndexError, StopIteration)
_PREFIX = re.compile(rb"<(\w+:)?sheetData")
_ROW = re.compile(rb"""<(?:\w+:)?row [^>]*?r=["'](\d+)""")
_CELL = re.compile(rb"""<(?:\w+:)?c [^>]*?r=["']([A-Z]+)(\d+)""")
_FORMULA = re.compile(rb"<(?:\w+:)?f[\s/>]")
_ERROR = re.compile(rb"""<(?:\w+:)?c\s[^>]*?\bt\s*=\s*["']e["']""")
_MERGED = re.compile(rb"""<(?:\w+:)?mergeCell [^>]*?ref=["']([A-Z]+)(\d+)""")


def refuse_no_workbook(path: Path) -> None:
    """Refuse a file if it is not a workbook, has a password, or unpacks to an enormous size."""
    with readable(path, *_DAMAGED), zipfile.ZipFile(path) as packed:
        entries = packed.infolist()
        if sum(entry.file_size for entry in entries) > LARGEST_UNPACKED:
            raise _too_large(path)
        if any(entry.flag_bits & 1 for entry in entries):
            raise InputError(f"{path_for_reader(path)}: the file has a password: ask for a file without one.")
        if "xl/workbook.xml" not in packed.namelist():
            raise InputError(
                f"{path_for_reader(path)}: the file is not an Excel workbook but a packed archive or a table of another program: unpack it, or save it as .xlsx."
            )
        for entry in entries:
            if not entry.filename.startswith(
                "xl/worksheets/"
            ):  # sheets are checked in `count_rows`, which unpacks them
                for _ in _unpacked(path, packed, entry.filename):
                    pass


def count_rows(path: Path, index: int, sheet: str) -> int:
    """Search the sheet's XML, and return the number of rows that have a value.

    `index` is the sheet's position in the workbook, and `sheet` is the sheet's name. Raises InputError if a cell cannot
    be read as a value.
    """
    search = _SheetSearch(f"{path_for_reader(path)}, sheet {sheet}")
    with readable(path, *_DAMAGED), zipfile.ZipFile(path) as packed:
        for chunk in _unpacked(path, packed, _part_of(packed, index)):
            search.take(chunk)
    search.end()
    return search.rows


def letters(column: int) -> str:
    """Return the letters that Excel shows for a column's number: A for 1, AA for 27."""
    name = ""
    while column:
        column, letter = divmod(column - 1, 26)
        name = chr(65 + letter) + name
    return name


@dataclass
class _SheetSearch:
    """A search through a sheet's XML. `take` gets the XML piece by piece, and `end` completes the search."""

    place: str
    prefix: bytes = b""  # some programs write <x:row> for <row>
    tail: bytes = b""  # the beginning of a row whose end is in the next piece
    rows: int = 0
    cells: int = 0
    last_row: int = 0
    last_column: bytes = b""

    def take(self, chunk: bytes) -> None:
        """Search the next piece of the XML.

        Raises InputError if a cell cannot be read as a value, or if a cell is too far from the other cells.
        """
        text = self.tail + chunk
        if not self.rows:
            sheet_data = _PREFIX.search(text)
            self.prefix = (sheet_data and sheet_data[1]) or b""
        self._refuse_computed_cells(text)
        *rows, self.tail = text.split(b"</" + self.prefix + b"row>")
        if len(self.tail) > LONGEST_ROW:
            raise InputError(
                f"{self._row_at(self.tail, CHUNK)}: the row is longer than 16 megabytes, and no row can be that long: ask for the file again."
            )
        self._count(rows, text)
        if self.last_row * _number(self.last_column) - self.cells > LARGEST_GAP:
            raise InputError(
                f"{self.place}, row {self.last_row}, column {self.last_column.decode()}: the cell is too far from the other cells to belong to the table: delete the cells to the right of the table and below it, and save the file."
            )

    def end(self) -> None:
        """Search the XML that follows the rows. Raises InputError if cells are merged."""
        merged = _MERGED.search(self.tail)
        if merged:
            raise InputError(
                f"{self.place}, row {merged[2].decode()}, column {merged[1].decode()}: cells are merged: undo the merging, so that each row has its own value."
            )

    def _tag(self, name: bytes) -> bytes:
        return b"<" + self.prefix + name

    def _count(self, rows: list[bytes], text: bytes) -> None:
        """Update the number of cells, the number of rows with a value, the last row and the last column."""
        value, inline, cell = self._tag(b"v>"), self._tag(b"t"), self._tag(b"c ")
        cells = self._last_cells(rows) if self.rows else _CELL.findall(text)
        self.rows += len([1 for row in rows if value in row or inline in row])
        self.cells += text.count(cell) - self.tail.count(cell)
        numbered = _ROW.search(rows[-1]) if rows else None
        row_of_cells = max(map(int, {row for _, row in cells}), default=0)
        self.last_row = max(self.last_row, self.rows, int(numbered[1]) if numbered else 0, row_of_cells)
        self.last_column = max([self.last_column, *{column for column, _ in cells}], key=_number)

    def _last_cells(self, rows: list[bytes]) -> list[tuple[bytes, bytes]]:
        """Return the column and the row number of each row's last cell.

        It is the last cell in the row's XML, because the XML has a row's cells in order.
        """
        cell = self._tag(b"c ")
        return [
            (last_cell[1], last_cell[2]) for row in rows if (last_cell := _CELL.match(row, max(row.rfind(cell), 0)))
        ]

    def _refuse_computed_cells(self, text: bytes) -> None:
        """Refuse a sheet if a cell has a formula or an error.

        The library would read such a cell as an ordinary value or as an empty cell.
        """
        # A search for a single letter is ten times as fast as a search for the pattern, and most pieces do not have the
        # letter. With the patterns alone `benchmarks.workbooks_and_spss` is slower.
        formula = _FORMULA.search(text) if b"f" in text and self._tag(b"f") in text else None
        if formula:
            raise InputError(
                f"{self._cell_at(text, formula.start())}: the cell holds a formula: replace the formulas with their values, and save the file."
            )
        error = _ERROR.search(text) if b"e" in text and (b'"e"' in text or b"'e'" in text) else None
        if error:
            raise InputError(
                f"{self._cell_at(text, error.start())}: the cell holds an Excel error such as #N/A: correct the cell, or ask for the file again."
            )

    def _cell_at(self, text: bytes, position: int) -> str:
        """Return a text for a message that names the cell's file, sheet, row and column.

        If the XML does not give the cell's column, the text does not name the column.
        """
        start = max(text.rfind(self._tag(name), 0, position + 10) for name in (b"c ", b"c>"))
        cell = _CELL.match(text, max(start, 0))
        if cell:
            return f"{self.place}, row {cell[2].decode()}, column {cell[1].decode()}"
        return self._row_at(text, position)

    def _row_at(self, text: bytes, position: int) -> str:
        rows = list(_ROW.finditer(text, 0, position))
        return f"{self.place}, row {rows[-1][1].decode()}" if rows else self.place


def _number(column: bytes) -> int:
    """Return the number of the column that Excel shows with these letters: 1 for A, 27 for AA."""
    number = 0
    for letter in column:
        number = number * 26 + letter - 64
    return number


def _unpacked(path: Path, packed: zipfile.ZipFile, name: str) -> Iterator[bytes]:
    """Yield the bytes of a part of the workbook, piece by piece.

    Raises InputError if the part is enormous. The unpacked bytes are counted, because the size that the archive gives
    may be false.
    """
    entry = copy(packed.getinfo(name))
    entry.file_size, size = 2 * LARGEST_UNPACKED, 0  # the size that the archive gives may be false
    with packed.open(entry) as part:
        while chunk := part.read(CHUNK):
            size += len(chunk)
            if size > LARGEST_UNPACKED:
                raise _too_large(path)
            yield chunk


def _too_large(path: Path) -> InputError:
    return InputError(
        f"{path_for_reader(path)}: the file unpacks to more than half a gigabyte, more than any delivered file can have: ask for it again."
    )


def _part_of(packed: zipfile.ZipFile, index: int) -> str:
    """Return the name of the archive's part that has the XML of a sheet.

    `index` is the sheet's position in the workbook.
    """
    book = packed.read("xl/workbook.xml").decode()
    relations = packed.read("xl/_rels/workbook.xml.rels").decode()
    sheet = re.findall(r"<(?:\w+:)?sheet [^>]*?\w:id=[\"']([^\"']+)", book)[index]
    entries = re.findall(r"<(?:\w+:)?Relationship [^>]*>", relations)
    entry = next(entry for entry in entries if re.search(rf"\bId=[\"']{re.escape(sheet)}[\"']", entry))
    target: str = re.findall(r"Target=[\"']([^\"']+)", entry)[0]
    return target.lstrip("/") if target.startswith("/") else f"xl/{target}"
