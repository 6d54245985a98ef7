"""Excel: one sheet of a workbook, whose cells may be merged, computed or hidden.

Here belongs how a sheet becomes rows and cells, by a library. What the library does not say, or would choke on, is looked for
in the sheet's own text before, in `sheet_text.py`, where the rows are counted too, apart from their reading.
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
from warehouse.personal import kind_of_text

KEPT_BYTES = 1 << 23  # of the workbooks that are kept together: of larger ones the rows take hundreds of megabytes


def names(path: Path, writing: Writing) -> tuple[str, ...] | None:
    """Return the header of the specification's sheet; None where there is no such sheet."""
    settings = _settings(writing)
    sheet = _book(path).sheet(settings.sheet)
    if sheet is None:
        return None
    return sheet.header(settings.header_row) if sheet.height >= settings.header_row else ()


def sheets(path: Path) -> list[str]:
    """Return the names of the workbook's sheets, in a form that can be shown."""
    return [_plain(name) for name in _book(path).workbook.sheet_names]


def look(path: Path, writing: Writing) -> Cells:
    """Return the number of rows with a value. Raises InputError for sheets and cells that cannot be read as rows."""
    settings = _settings(writing)
    book = _book(path)
    _refuse_sheets(path, book.workbook, settings)
    sheet = cast(_Sheet, book.sheet(settings.sheet))
    difference = sheet.counted - len(sheet.filled)
    if difference:
        raise InputError(
            f"{path.name}, sheet {settings.sheet}: {abs(difference)} rows hold only empty texts: delete them, and save the file."
        )
    filled = sheet.filled_below(settings.header_row)
    _refuse_beside(f"{path.name}, sheet {settings.sheet}", sheet, filled, settings.header_row)
    return Cells(len(filled), settings.sheet)


def batches(path: Path, writing: Writing, wanted: list[str]) -> Batches:
    """Yield the wanted columns as text, of rows that hold anything; rows count as Excel does."""
    settings = _settings(writing)
    sheet = cast(_Sheet, _book(path).sheet(settings.sheet))
    header = sheet.header(settings.header_row)
    places = [header.index(name) for name in wanted]
    filled = sheet.filled_below(settings.header_row)
    for start in range(0, len(filled), BATCH):
        part = filled[start : start + BATCH]
        columns = [text_column(_cells_at(sheet.columns[place], part), writing) for place in places]
        yield batch_of(columns, wanted, np.array(part, dtype=np.int64) + 1)
    _kept.pop((path, stamp_of(path)), None)  # what comes after needs the memory


def _settings(writing: Writing) -> Xlsx:
    return cast(Xlsx, writing.formats.xlsx)


def _workbook(path: Path) -> python_calamine.CalamineWorkbook:
    refuse_no_workbook(path)
    with readable(path, python_calamine.CalamineError):
        # of a path the library would go by how its name ends
        return python_calamine.CalamineWorkbook.from_filelike(io.BytesIO(path.read_bytes()))


@dataclass(frozen=True)
class _Sheet:
    """The columns of a sheet from the first row on, the places of its filled rows, and how many its text counts."""

    columns: list[tuple[object, ...]]
    height: int
    filled: list[int]
    counted: int

    def header(self, header_row: int) -> tuple[str, ...]:
        """Return the headings, without empty ones behind the last."""
        names = [str(column[header_row - 1]).strip() for column in self.columns]
        while names and not names[-1]:
            names.pop()
        return tuple(names)

    def filled_below(self, header_row: int) -> list[int]:
        """Return places of the rows below the header that hold anything."""
        return self.filled[bisect_left(self.filled, header_row) :]


class _Book:
    """A workbook of which each sheet is read once."""

    def __init__(self, path: Path) -> None:
        self.path, self.workbook, self.read = path, _workbook(path), dict[str, _Sheet]()

    def sheet(self, name: str) -> _Sheet | None:
        """Return the sheet's rows; None where there is no such sheet."""
        if name not in self.workbook.sheet_names:
            return None
        if name not in self.read:
            self.read[name] = self._read(name)
        return self.read[name]

    def _read(self, name: str) -> _Sheet:
        """Return the columns, once the sheet's text was looked through."""
        with _no_collection():
            counted = count_rows(self.path, self.workbook.sheet_names.index(name), name)
            with readable(self.path, python_calamine.CalamineError):
                return _in_columns(self.workbook.get_sheet_by_name(name), counted)


def _in_columns(sheet: python_calamine.CalamineSheet, counted: int) -> _Sheet:
    """Return the sheet column by column.

    A few long tuples cost Python's garbage collection nothing; a list for each row does (`benchmarks.workbooks_and_spss`).
    """
    rows = sheet.to_python(skip_empty_area=False)
    # any() alone would pass over a row of zeros, and counting alone takes thrice as long
    filled = [place for place, row in enumerate(rows) if any(row) or row.count("") < len(row)]
    return _Sheet(list(zip(*rows, strict=True)), len(rows), filled, counted)


@contextmanager
def _no_collection() -> Iterator[None]:
    """Switch garbage collection off for as long as rows are read.

    Python would look through all rows again and again, which takes half as long as reading them: without this
    `benchmarks.workbooks_and_spss` is slower by half.
    """
    collects = gc.isenabled()
    gc.disable()
    try:
        yield
    finally:
        if collects:
            gc.enable()


_kept: dict[tuple[Path, Stamp], _Book] = {}  # in the order in which they were last asked for


def _book(path: Path) -> _Book:
    """Return the workbook as it is now, opened and read once.

    A run looks at the workbooks of all its editions before it reads the rows of the first. They are kept until then, as many as
    are small together, and the last one whatever its size.
    """
    key = path, stamp_of(path)
    _kept[key] = _kept.pop(key) if key in _kept else _Book(path)
    while len(_kept) > 1 and sum(stamp.size for _, stamp in _kept) > KEPT_BYTES:
        del _kept[next(iter(_kept))]
    return _kept[key]


def _cells_at(column: tuple[object, ...], places: list[int]) -> Sequence[object]:
    first, last = places[0], places[-1]
    return column[first : last + 1] if last - first < len(places) else [column[place] for place in places]


def _refuse_sheets(path: Path, workbook: python_calamine.CalamineWorkbook, settings: Xlsx) -> None:
    """Refuse a sheet that the specification does not know: it may hold rows that would be lost."""
    visible = {sheet.name: str(sheet.visible).endswith("Visible") for sheet in workbook.sheets_metadata}
    for name, shown in visible.items():
        if name != settings.sheet and name not in settings.ignored_sheets:
            hidden = "" if shown else " hidden"
            raise InputError(
                f"{path.name}, sheet {_plain(name)}: is a{hidden} sheet that the specification does not know: delete the sheet, or name it under ignored_sheets with a reason."
            )
    if not visible[settings.sheet]:
        raise InputError(
            f"{path.name}, sheet {settings.sheet}: is hidden: unhide the sheet, look at it, and save the file."
        )


def _refuse_beside(place: str, sheet: _Sheet, filled: list[int], header_row: int) -> None:
    """Refuse a value that stands under no heading: it would be lost."""
    width = len(sheet.header(header_row))
    for index in filled if len(sheet.columns) > width else []:
        for number, column in enumerate(sheet.columns[width:], width + 1):
            if column[index] != "":
                raise InputError(
                    f"{place}, row {index + 1}, column {letters(number)}: holds a value under no heading: delete it, or ask for the file with a heading there."
                )


def _plain(name: str) -> str:
    """Return a sheet's name as it can be shown in a terminal, unless it is somebody's."""
    if kind := kind_of_text(name):
        return f"with a name that looks like {kind}"
    return "".join(letter if letter.isprintable() else "_" for letter in short(name))
