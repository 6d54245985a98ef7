"""Excel: one sheet of a workbook, whose cells may be merged, computed or hidden.

The workbook is packed XML. The library that reads its cells does not say which of them are formulas, so the sheet's own
text is looked through for them, and its rows are counted there, apart from their reading.
"""

import re
import zipfile
import zlib
from bisect import bisect_left
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path
from typing import Any, cast

import numpy as np
import python_calamine

from warehouse.edited_files import short
from warehouse.errors import InputError
from warehouse.formats.cells import BATCH, Batches, Cells, batch_of, readable, text_column
from warehouse.specifications import Specification, Xlsx

CHUNK = 1 << 22
LARGEST_UNPACKED = 1 << 29
KEPT_WORKBOOKS = 16  # a year's workbooks are small, and are looked at and read in one run
KEPT_BYTES = 1 << 23  # of a larger one the rows take hundreds of megabytes

_MERGED = re.compile(rb'<mergeCell ref="([A-Z]+)(\d+)')
_FORMULA = re.compile(rb'<c r="([A-Z]+)(\d+)"[^>]*><f[ >/]')


def names(path: Path, specification: Specification) -> tuple[str, ...] | None:
    """The header of the specification's sheet; None where there is no such sheet."""
    layout = _layout(specification)
    sheet = _book(path).sheet(layout.sheet)
    if sheet is None:
        return None
    return _header_of(sheet.rows[layout.header_row - 1]) if len(sheet.rows) >= layout.header_row else ()


def look(path: Path, specification: Specification) -> Cells:
    """Number of rows with a value. Raises InputError for sheets and cells that cannot be read as rows."""
    layout = _layout(specification)
    book = _book(path)
    _refuse_sheets(path, book.workbook, layout)
    sheet = cast(_Sheet, book.sheet(layout.sheet))
    difference = sheet.counted.result() - len(sheet.filled)
    if difference:
        raise InputError(
            f"{path.name}, sheet {layout.sheet}: {abs(difference)} rows hold only empty texts: delete them, and save the file."
        )
    return Cells(len(sheet.filled_below(layout.header_row)), layout.sheet)


def batches(path: Path, specification: Specification, wanted: list[str]) -> Batches:
    """The wanted columns as text, of rows that hold anything; rows count as Excel does."""
    layout = _layout(specification)
    sheet = cast(_Sheet, _book(path).sheet(layout.sheet))
    header = _header_of(sheet.rows[layout.header_row - 1])
    places = [header.index(name) for name in wanted]
    filled = sheet.filled_below(layout.header_row)
    for start in range(0, len(filled), BATCH):
        part = filled[start : start + BATCH]
        cells = list(zip(*(sheet.rows[index] for index in part), strict=True))
        columns = [text_column(cells[place], specification) for place in places]
        yield batch_of(columns, wanted, np.array(part, dtype=np.int64) + 1)
    _kept_alone.cache_clear()  # what comes after needs the memory


def _layout(specification: Specification) -> Xlsx:
    return cast(Xlsx, specification.formats.xlsx)


def _workbook(path: Path) -> Any:
    with readable(path, zipfile.BadZipFile, python_calamine.CalamineError, NotImplementedError, EOFError):
        _refuse_no_workbook(path)
        return python_calamine.CalamineWorkbook.from_path(str(path))


def _refuse_no_workbook(path: Path) -> None:
    with zipfile.ZipFile(path) as packed:
        if sum(entry.file_size for entry in packed.infolist()) > LARGEST_UNPACKED:
            raise InputError(
                f"{path.name}: unpacks to more than half a gigabyte: no extract does; ask for the file again."
            )
        if any(entry.flag_bits & 1 for entry in packed.infolist()):
            raise InputError(f"{path.name}: is packed with a password: ask for it without one.")
        if "xl/workbook.xml" not in packed.namelist():
            raise InputError(f"{path.name}: is a packed archive and no Excel workbook: unpack it.")


@dataclass(frozen=True)
class _Sheet:
    """Every row of a sheet from the first on, the places of those that hold anything, and their number counted apart."""

    rows: list[list[Any]]
    filled: list[int]
    counted: Future[int]

    def filled_below(self, header_row: int) -> list[int]:
        """Places of the rows below the header that hold anything."""
        return self.filled[bisect_left(self.filled, header_row) :]


class _Book:
    """A workbook of which each sheet is read once."""

    def __init__(self, path: Path) -> None:
        self.path, self.workbook, self.read = path, _workbook(path), dict[str, _Sheet]()

    def sheet(self, name: str) -> _Sheet | None:
        """The sheet's rows; None where there is no such sheet."""
        if name not in self.workbook.sheet_names:
            return None
        if name not in self.read:
            self.read[name] = self._read(name)
        return self.read[name]

    def _read(self, name: str) -> _Sheet:
        """The rows, and beside it, while the library reads without holding Python, their count."""
        with (
            ThreadPoolExecutor(max_workers=1) as thread,
            readable(self.path, zipfile.BadZipFile, python_calamine.CalamineError),
        ):
            counted = thread.submit(_count_rows, self.path, self.workbook.sheet_names.index(name), name)
            rows = self.workbook.get_sheet_by_name(name).to_python(skip_empty_area=False)
        # any() alone would pass over a row of zeros, and counting alone takes thrice as long
        return _Sheet(rows, [place for place, row in enumerate(rows) if any(row) or row.count("") < len(row)], counted)


def _book(path: Path) -> _Book:
    """The workbook as it is now, opened and read once; of those that take much memory, only the last is kept."""
    stamp = path.stat()
    kept = _kept if stamp.st_size <= KEPT_BYTES else _kept_alone
    return kept(path, stamp.st_size, stamp.st_mtime_ns)


@lru_cache(maxsize=KEPT_WORKBOOKS)
def _kept(path: Path, _size: int, _changed: int) -> _Book:
    return _Book(path)


@lru_cache(maxsize=1)
def _kept_alone(path: Path, _size: int, _changed: int) -> _Book:
    return _Book(path)


def _header_of(row: list[Any]) -> tuple[str, ...]:
    names = [str(cell).strip() for cell in row]
    while names and not names[-1]:
        names.pop()
    return tuple(names)


def _refuse_sheets(path: Path, workbook: Any, layout: Xlsx) -> None:
    """A sheet that nobody knows may hold rows that would be lost."""
    visible = {sheet.name: str(sheet.visible).endswith("Visible") for sheet in workbook.sheets_metadata}
    for name, shown in visible.items():
        if name != layout.sheet and name not in layout.ignored_sheets:
            hidden = "" if shown else " hidden"
            raise InputError(
                f"{path.name}, sheet {short(name)}: is a{hidden} sheet that the specification does not know: delete the sheet, or name it under ignored_sheets with a reason."
            )
    if not visible[layout.sheet]:
        raise InputError(
            f"{path.name}, sheet {layout.sheet}: is hidden: unhide the sheet, look at it, and save the file."
        )


def _count_rows(path: Path, index: int, sheet: str) -> int:
    """Rows with a value, counted in the sheet's own text; a formula in a cell is refused, and so are merged cells."""
    rows, tail = 0, b""
    with (
        readable(path, zipfile.BadZipFile, zlib.error),
        zipfile.ZipFile(path) as packed,
        packed.open(_sheet_part(packed, index)) as file,
    ):
        while chunk := file.read(CHUNK):
            *pieces, tail = (tail + chunk).split(b"</row>")
            rows += sum(b"<v>" in piece or b"<t" in piece for piece in pieces)
            if b"<f" in chunk or b"<f" in tail:
                _refuse_formula(path, sheet, b"</row>".join([*pieces, tail]))
    _refuse_merged(path, sheet, tail)
    return rows


def _refuse_formula(path: Path, sheet: str, piece: bytes) -> None:
    found = _FORMULA.search(piece)
    if found:
        raise InputError(
            f"{path.name}, sheet {sheet}, row {found[2].decode()}, column {found[1].decode()}: holds a formula: paste the values in place of it, so that what is read is what was seen."
        )


def _refuse_merged(path: Path, sheet: str, after_the_rows: bytes) -> None:
    found = _MERGED.search(after_the_rows)
    if found:
        raise InputError(
            f"{path.name}, sheet {sheet}, row {found[2].decode()}, column {found[1].decode()}: cells are merged: undo the merging, so that each row has its own value."
        )


def _sheet_part(packed: zipfile.ZipFile, index: int) -> str:
    """The part of the workbook that holds a sheet, by the sheet's place in the workbook."""
    book = packed.read("xl/workbook.xml").decode()
    relations = packed.read("xl/_rels/workbook.xml.rels").decode()
    sheet = re.findall(r"<(?:\w+:)?sheet [^>]*?r:id=\"([^\"]+)\"", book)[index]
    entry = next(one for one in re.findall(r"<Relationship [^>]*>", relations) if f'Id="{sheet}"' in one)
    target = re.findall(r'Target="([^"]+)"', entry)[0]
    return target.lstrip("/") if target.startswith("/") else f"xl/{target}"
