"""The four formats of delivered files: CSV, Excel, SPSS and Parquet. Here their header, number of rows and cells are read.

All cells are read as text, because the store keeps the producer's words: a number or a day that the format holds as such is
written with the specification's decimal mark and date format. A file that is not a table is refused here. `layouts.py` says
what the columns mean; `matching.py` chooses the layout.

Each format is a module with three functions: `names(path, writing)`, `look(path, writing)` and
`batches(path, writing, wanted)`; `Writing` is how the producer writes its files in an edition. `cells.py` holds what the
formats share; `sheet_text.py` belongs to Excel.
"""

import re
from collections.abc import Sequence
from pathlib import Path
from types import ModuleType

from assets.extracts.formats import csv_files, excel, parquet, spss
from assets.extracts.formats.cells import Batches, Cells, refuse_long_text, refuse_odd_text
from assets.extracts.layouts import Format, Writing
from warehouse.errors import InputError
from warehouse.home import path_for_reader

_FORMATS: dict[Format, ModuleType] = {"csv": csv_files, "xlsx": excel, "sav": spss, "parquet": parquet}

_NOT_TABLES = {
    b"\xd0\xcf\x11\xe0": "this is an Excel file with a password, or in the old format .xls: save it as .xlsx without a password",
    b"%PDF": "this is a PDF: ask for the table as .xlsx, .csv, .sav or Parquet",
    b"\x1f\x8b": "the file is packed with gzip: unpack it",
    b"Rar!": "the file is packed with RAR: unpack it",
    b"7z\xbc\xaf": "the file is packed with 7z: unpack it",
    b"{\\rtf": "this is a text document: ask for the table as .xlsx, .csv, .sav or Parquet",
    b"SQLite format 3": "this is a database: ask for the table as .xlsx, .csv, .sav or Parquet",
    b"BZh": "the file is packed with bzip2: unpack it",
    b"\xfd7zXZ": "the file is packed with xz: unpack it",
    b"\x89PNG": "this is a picture: ask for the table as .xlsx, .csv, .sav or Parquet",
    b"\xff\xd8\xff": "this is a picture: ask for the table as .xlsx, .csv, .sav or Parquet",
    b"<stata_dta>": "this is a Stata file: save it as .sav, .xlsx, .csv or Parquet",
    b"ARROW1": "this is a Feather file: save it as Parquet",
}
_BYTES_OF_EMPTY_FILES = b" \t\r\n\x00\xef\xbb\xbf\xff\xfe"  # blanks, line ends and byte order marks
_MARKUP = re.compile(rb"\s*(\xef\xbb\xbf)?\s*<(!doctype|!--|html|head|body|meta|table|script|div|\?xml)", re.IGNORECASE)


def format_of(path: Path) -> Format:
    """Recognise the format by the file's first bytes. Raises InputError for a file that is not a table."""
    with path.open("rb") as file:
        start = file.read(2048)
    if not start.strip(_BYTES_OF_EMPTY_FILES):
        raise InputError(f"{path_for_reader(path)}: the file is empty: ask for it again.")
    if b"urn:schemas-microsoft-com:office:spreadsheet" in start:
        raise InputError(f"{path_for_reader(path)}: this is an Excel file in the old XML format: save it as .xlsx.")
    if _MARKUP.match(start):
        raise InputError(
            f"{path_for_reader(path)}: this is a web page, probably from a failed download: download the file again."
        )
    for magic, fault in _NOT_TABLES.items():
        if start.startswith(magic):
            raise InputError(f"{path_for_reader(path)}: {fault}.")
    if start.startswith(b"PAR1"):
        return "parquet"
    if start.startswith((b"$FL2", b"$FL3")):
        return "sav"
    return "xlsx" if start.startswith((b"PK\x03\x04", b"PK\x05\x06")) else "csv"


def names_of(path: Path, kind: Format, writing: Writing) -> tuple[str, ...] | None:
    """Return the header; None where the producer does not use the format, or the workbook does not have the sheet."""
    if getattr(writing.formats, kind) is None:
        return None
    names: tuple[str, ...] | None = _FORMATS[kind].names(path, writing)
    return names


def cells_of(path: Path, kind: Format, writing: Writing) -> Cells:
    """Count the rows below the header, and return their number and sheet.

    Raises InputError with the place of the first fault.
    """
    cells: Cells = _FORMATS[kind].look(path, writing)
    return cells


def batches_of(path: Path, kind: Format, writing: Writing, wanted: Sequence[str]) -> Batches:
    """Yield the wanted columns as text, in the file's order, after two columns `row` and `malformed`.

    `row` is the number that a person sees in the file's own program; `malformed` says why a row could not be divided into
    cells. Raises InputError for a cell with characters that no cell of a delivered file should hold.
    """
    for batch in _FORMATS[kind].batches(path, writing, list(wanted)):
        place = f"{path_for_reader(path)}{_on_sheet(writing) if kind == 'xlsx' else ''}"
        if kind == "csv":  # its bytes were searched for odd characters before (`csv_files.look`)
            refuse_long_text(place, batch)
        else:
            refuse_odd_text(place, batch)
        yield batch


def _on_sheet(writing: Writing) -> str:
    return f", sheet {writing.formats.xlsx.sheet}" if writing.formats.xlsx else ""
