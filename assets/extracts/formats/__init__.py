"""Read delivered files in four formats: CSV, Excel, SPSS and Parquet.

This module reads a file's headings, the number of its rows, and its cells. It refuses a file that is not a table. Every
cell is read as text, because the store keeps what the producer wrote. Excel, SPSS and Parquet can also store numbers
and days that are not text. They become text here, with the decimal mark and the date format of the specification.
`layouts.py` says what the columns mean, and `matching.py` chooses the layout.

Each format has its own module with three functions: `names(path, writing)`, `look(path, writing)` and `batches(path,
writing, wanted)`. The parameter `writing` says how the producer writes its files (see `layouts.Writing`). `cells.py`
has the functions that all formats share. `sheet_text.py` is used only for Excel.
"""

import re
from collections.abc import Sequence
from pathlib import Path
from types import ModuleType

from assets.extracts.formats import csv_files, excel, parquet, spss
from assets.extracts.formats.cells import CONTROLS, Batches, Cells, refuse_long_text, refuse_odd_text
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
_BINARY_SUFFIXES = (".xlsx", ".sav", ".parquet")  # a CSV file may have one of them by mistake, but is text
_MARKUP = re.compile(rb"\s*(\xef\xbb\xbf)?\s*<(!doctype|!--|html|head|body|meta|table|script|div|\?xml)", re.IGNORECASE)


def format_of(path: Path) -> Format:
    """Return the format that the file's first bytes show. Raises InputError if the file is not a table."""
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
    if start.startswith((b"PK\x03\x04", b"PK\x05\x06")):
        return "xlsx"
    if path.suffix.lower() in _BINARY_SUFFIXES and start.translate(None, CONTROLS) != start:
        raise InputError(f"{path_for_reader(path)}: the file is damaged or cut off: ask for it again.")
    return "csv"


def names_of(path: Path, kind: Format, writing: Writing) -> tuple[str, ...] | None:
    """Return the headings of the file's columns.

    Return None if the specification does not list the format `kind`, or if the workbook does not have the sheet that
    the specification names.
    """
    if getattr(writing.formats, kind) is None:
        return None
    names: tuple[str, ...] | None = _FORMATS[kind].names(path, writing)
    return names


def cells_of(path: Path, kind: Format, writing: Writing) -> Cells:
    """Return the number of rows below the header, and the name of the sheet that has these rows.

    Raises InputError for the first fault in the file. The error's message says where the fault is.
    """
    cells: Cells = _FORMATS[kind].look(path, writing)
    return cells


def batches_of(path: Path, kind: Format, writing: Writing, wanted: Sequence[str]) -> Batches:
    """Yield the file's rows in batches, in the file's order.

    A batch has the columns `row` and `malformed`, followed by the wanted columns as text. `row` is the row number that
    a program such as Excel or SPSS shows. `malformed` is the reason why the row could not be divided into cells, or
    null if it could. Raises InputError if a cell is too long or, in formats other than CSV, has an odd character (see
    `refuse_odd_text`).
    """
    for batch in _FORMATS[kind].batches(path, writing, list(wanted)):
        place = f"{path_for_reader(path)}{_on_sheet(writing) if kind == 'xlsx' else ''}"
        if kind == "csv":  # `csv_files.look` has searched the file's bytes for odd characters already
            refuse_long_text(place, batch)
        else:
            refuse_odd_text(place, batch)
        yield batch


def _on_sheet(writing: Writing) -> str:
    return f", sheet {writing.formats.xlsx.sheet}" if writing.formats.xlsx else ""
