"""Read one sheet of an Excel workbook with the library python-calamine.

First, `sheet_text.py` searches the sheet's XML. It refuses sheets that would take too much memory. It also refuses
formulas, errors and merged cells, because the library does not report them. Finally, it counts the rows. This module
then reads the sheet's rows and cells, and refuses the sheet if the number of rows differs from that count.
"""

import gc
import io
from bisect import bisect_left
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import cast

import numpy as np
import python_calamine

from assets.extracts.formats.cells import BATCH, Batches, Cells, Stamp, batch_of, readable, stamp_of, text_column
from assets.extracts.formats.sheet_text import count_rows, letters, refuse_no_workbook
from assets.extracts.layouts import Writing, Xlsx
from warehouse.edited_files import short
from warehouse.errors import InputError
from warehouse.home import path_for_reader
from warehouse.personal import kind_of_text

# The largest total size, in bytes, of the files whose workbooks stay in memory. The rows in memory take many times as much.
KEPT_BYTES = 1 << 23


def names(path: Path, writing: Writing) -> tuple[str, ...] | None:
    """Return the headings of the sheet that the specification names. Return None if the workbook has no such sheet."""
    settings = _settings(writing)
    sheet = _book(path).sheet(settings.sheet)
    if sheet is None:
        return None
    return sheet.header(settings.header_row) if sheet.height >= settings.header_row else ()


def sheets(path: Path) -> list[str]:
    """Return the names of the workbook's sheets, in a form that is safe to show."""
    return [_plain(name) for name in _book(path).workbook.sheet_names]


def look(path: Path, writing: Writing) -> Cells:
    """Count the rows below the header, without empty rows.

    Raises InputError if the sheet is hidden, or if values would be lost, for example on a sheet that the specification
    does not name.
    """
    settings = _settings(writing)
    book = _book(path)
    _refuse_sheets(path, book.workbook, settings)
    sheet = cast(_Sheet, book.sheet(settings.sheet))
    difference = sheet.counted - len(sheet.filled)
    if difference:
        raise InputError(
            f"{path_for_reader(path)}, sheet {settings.sheet}: {abs(difference)} rows hold only empty texts: delete these rows, and save the file."
        )
    filled = sheet.filled_below(settings.header_row)
    _refuse_values_without_heading(
        f"{path_for_reader(path)}, sheet {settings.sheet}", sheet, filled, settings.header_row
    )
    return Cells(len(filled), settings.sheet)


def batches(path: Path, writing: Writing, wanted: list[str]) -> Batches:
    """Yield the wanted columns as text, in batches of rows. Empty rows are left out.

    Each row has the number that Excel shows beside the row.
    """
    settings = _settings(writing)
    sheet = cast(_Sheet, _book(path).sheet(settings.sheet))
    header = sheet.header(settings.header_row)
    places = [header.index(name) for name in wanted]
    filled = sheet.filled_below(settings.header_row)
    for start in range(0, len(filled), BATCH):
        part = filled[start : start + BATCH]
        columns = [text_column(_cells_at(sheet.columns[place], part), writing) for place in places]
        yield batch_of(columns, wanted, np.array(part, dtype=np.int64) + 1)
    _kept.pop((path, stamp_of(path)), None)  # this frees memory for the next steps of the run


def _settings(writing: Writing) -> Xlsx:
    return cast(Xlsx, writing.formats.xlsx)


def _workbook(path: Path) -> python_calamine.CalamineWorkbook:
    refuse_no_workbook(path)
    with readable(path, python_calamine.CalamineError):
        # if the library got a path, it would guess the format from the end of the file's name, which may be wrong
        return python_calamine.CalamineWorkbook.from_filelike(io.BytesIO(path.read_bytes()))


@dataclass(frozen=True)
class _Sheet:
    """The cells of a sheet. Each column is a tuple that begins with the cell of the sheet's first row."""

    columns: list[tuple[object, ...]]
    height: int
    filled: list[int]
    """The positions of the rows that have a value, counted from 0."""
    counted: int
    """The number of rows that have a value, according to the sheet's XML."""

    def header(self, header_row: int) -> tuple[str, ...]:
        """Return the headings. Empty cells to the right of the last heading are left out."""
        names = [str(column[header_row - 1]).strip() for column in self.columns]
        while names and not names[-1]:
            names.pop()
        return tuple(names)

    def filled_below(self, header_row: int) -> list[int]:
        """Return the positions of the rows that are below the header and have a value."""
        return self.filled[bisect_left(self.filled, header_row) :]


class _Book:
    """A workbook that is opened once. Each of its sheets is read at most once."""

    def __init__(self, path: Path) -> None:
        self.path, self.workbook, self.read = path, _workbook(path), dict[str, _Sheet]()

    def sheet(self, name: str) -> _Sheet | None:
        """Return the sheet with this name. Return None if the workbook has no such sheet."""
        if name not in self.workbook.sheet_names:
            return None
        if name not in self.read:
            self.read[name] = self._read(name)
        return self.read[name]

    def _read(self, name: str) -> _Sheet:
        """Check the sheet's XML, and then read the sheet's cells."""
        with _no_collection():
            counted = count_rows(self.path, self.workbook.sheet_names.index(name), name)
            with readable(self.path, python_calamine.CalamineError):
                return _in_columns(self.workbook.get_sheet_by_name(name), counted)


def _in_columns(sheet: python_calamine.CalamineSheet, counted: int) -> _Sheet:
    """Return the sheet as columns.

    Rows would be many lists, which Python's garbage collection would visit again and again. It spends no time on a few
    long tuples. With rows in place of columns, `benchmarks.workbooks_and_spss` is slower.
    """
    rows = sheet.to_python(skip_empty_area=False)
    # any() is quick but misses a row of zeros; counting the empty cells finds such a row but takes three times as long
    filled = [place for place, row in enumerate(rows) if any(row) or row.count("") < len(row)]
    return _Sheet(list(zip(*rows, strict=True)), len(rows), filled, counted)


@contextmanager
def _no_collection() -> Iterator[None]:
    """Switch off Python's garbage collection while rows are read.

    Otherwise, the garbage collection would visit all new rows again and again, and `benchmarks.workbooks_and_spss`
    would take 50 % longer.
    """
    collects = gc.isenabled()
    gc.disable()
    try:
        yield
    finally:
        if collects:
            gc.enable()


_kept: dict[tuple[Path, Stamp], _Book] = {}  # the workbook that was used last is at the end


def _book(path: Path) -> _Book:
    """Return the workbook. It is opened only if it is not in memory, or if its file has changed.

    Workbooks stay in memory, because a run inspects the workbooks of all its editions before it reads their rows.
    If it opened them twice, `benchmarks.run_overhead` and `benchmarks.workbooks_and_spss` would be slower. If the files
    of the workbooks in memory exceed KEPT_BYTES in total, the least recently used workbooks are removed, but never the
    workbook that is returned.
    """
    key = path, stamp_of(path)
    _kept[key] = _kept.pop(key) if key in _kept else _Book(path)
    while len(_kept) > 1 and sum(stamp.size for _, stamp in _kept) > KEPT_BYTES:
        del _kept[next(iter(_kept))]
    return _kept[key]


def _cells_at(column: tuple[object, ...], places: list[int]) -> Sequence[object]:
    """Return a column's cells at the given positions.

    If there is no gap between the positions, a slice is returned, because a slice is quicker.
    """
    first, last = places[0], places[-1]
    return column[first : last + 1] if last - first < len(places) else [column[place] for place in places]


def _refuse_sheets(path: Path, workbook: python_calamine.CalamineWorkbook, settings: Xlsx) -> None:
    """Refuse a workbook if it has a sheet that the specification does not name, because its rows would be lost.

    A workbook is also refused if the sheet to be read is hidden.
    """
    visible = {sheet.name: str(sheet.visible).endswith("Visible") for sheet in workbook.sheets_metadata}
    for name, shown in visible.items():
        if name != settings.sheet and name not in settings.ignored_sheets:
            hidden = "" if shown else " hidden"
            raise InputError(
                f"{path_for_reader(path)}, sheet {_plain(name)}: the specification does not name this{hidden} sheet: delete the sheet, or name it in the specification under ignored_sheets, with a reason."
            )
    if not visible[settings.sheet]:
        raise InputError(
            f"{path_for_reader(path)}, sheet {settings.sheet}: the sheet is hidden: unhide it, look at it, and save the file."
        )


def _refuse_values_without_heading(place: str, sheet: _Sheet, filled: list[int], header_row: int) -> None:
    """Refuse a sheet if a column without a heading has a value, because that value would be lost."""
    width = len(sheet.header(header_row))
    for index in filled if len(sheet.columns) > width else []:
        for number, column in enumerate(sheet.columns[width:], width + 1):
            if column[index] != "":
                raise InputError(
                    f"{place}, row {index + 1}, column {letters(number)}: the cell holds a value, but its column has no heading: delete the value, or ask for a file in which the column has a heading."
                )


def _plain(name: str) -> str:
    """Return a sheet's name in a form that is safe to show: printable, short, and without personal data."""
    if kind := kind_of_text(name):
        return f"with a name that seems to contain {kind}"
    return "".join(letter if letter.isprintable() else "_" for letter in short(name))
