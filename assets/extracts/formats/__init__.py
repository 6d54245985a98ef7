"""The four formats in which extracts come: their headers, their number of rows, and their cells as text.

Text, as a producer's words are kept before anything is made of them: a number or a day that the format holds as such is
written with the specification's decimal mark and date format. What is not a table of cells is refused here, with the
place. What the columns mean is in `layouts.py`; which layout fits is decided in `matching.py`.

Each format is a module with three functions: `names(path, writing)`, `look(path, writing)` and
`batches(path, writing, wanted)`; the `Writing` is what an edition's layout says of the file. What they share is in
`cells.py`; `sheet_text.py` is Excel's.
"""

import re
from collections.abc import Sequence
from pathlib import Path
from types import ModuleType

from assets.extracts.formats import csv_files, excel, parquet, spss
from assets.extracts.formats.cells import Batches, Cells, refuse_long_text, refuse_odd_text
from assets.extracts.layouts import Format, Writing
from warehouse.errors import InputError

_FORMATS: dict[Format, ModuleType] = {"csv": csv_files, "xlsx": excel, "sav": spss, "parquet": parquet}

_NO_TABLES = {
    b"\xd0\xcf\x11\xe0": "is an Excel file with a password, or of the old kind (.xls): save it as .xlsx without a password",
    b"%PDF": "is a PDF: ask for the table as a file",
    b"\x1f\x8b": "is packed with gzip: unpack it",
    b"Rar!": "is packed with RAR: unpack it",
    b"7z\xbc\xaf": "is packed with 7z: unpack it",
    b"{\\rtf": "is a text document: ask for the table as a file",
    b"SQLite format 3": "is a database: ask for the table as a file",
    b"BZh": "is packed with bzip2: unpack it",
    b"\xfd7zXZ": "is packed with xz: unpack it",
    b"\x89PNG": "is a picture: ask for the table as a file",
    b"\xff\xd8\xff": "is a picture: ask for the table as a file",
    b"<stata_dta>": "is a file of Stata: save it as .sav, .xlsx, .csv or Parquet",
    b"ARROW1": "is a Feather file: save it as Parquet",
}
_NOTHING = b" \t\r\n\x00\xef\xbb\xbf\xff\xfe"  # blanks, line ends and byte order marks
_MARKUP = re.compile(rb"\s*(\xef\xbb\xbf)?\s*<(!doctype|!--|html|head|body|meta|table|script|div|\?xml)", re.IGNORECASE)


def format_of(path: Path) -> Format:
    """Return the format by the file's first bytes. Raises InputError for anything that is no table."""
    with path.open("rb") as file:
        start = file.read(2048)
    if not start.strip(_NOTHING):
        raise InputError(f"{path.name}: is empty: ask for the file again.")
    if b"urn:schemas-microsoft-com:office:spreadsheet" in start:
        raise InputError(f"{path.name}: is an Excel file of an old kind, in XML: save it as .xlsx.")
    if _MARKUP.match(start):
        raise InputError(f"{path.name}: is a web page, as a failed download leaves it: fetch the file again.")
    for magic, fault in _NO_TABLES.items():
        if start.startswith(magic):
            raise InputError(f"{path.name}: {fault}.")
    if start.startswith(b"PAR1"):
        return "parquet"
    if start.startswith((b"$FL2", b"$FL3")):
        return "sav"
    return "xlsx" if start.startswith((b"PK\x03\x04", b"PK\x05\x06")) else "csv"


def names_of(path: Path, kind: Format, writing: Writing) -> tuple[str, ...] | None:
    """Return the header as the layout would find it; None where the layout has another format or sheet."""
    if getattr(writing.formats, kind) is None:
        return None
    names: tuple[str, ...] | None = _FORMATS[kind].names(path, writing)
    return names


def cells_of(path: Path, kind: Format, writing: Writing) -> Cells:
    """Return the number of rows below the header, and their sheet. Raises InputError with the place of the first fault."""
    cells: Cells = _FORMATS[kind].look(path, writing)
    return cells


def batches_of(path: Path, kind: Format, writing: Writing, wanted: Sequence[str]) -> Batches:
    """Yield the wanted columns as text, in the file's order, with `row` and `malformed` before them.

    `row` counts as the file's own program does, `malformed` says why a row has no cells. Raises InputError where a cell
    holds what no cell of an extract does.
    """
    for batch in _FORMATS[kind].batches(path, writing, list(wanted)):
        place = f"{path.name}{_on_sheet(writing) if kind == 'xlsx' else ''}"
        if kind == "csv":  # whose bytes were looked through before
            refuse_long_text(place, batch)
        else:
            refuse_odd_text(place, batch)
        yield batch


def _on_sheet(writing: Writing) -> str:
    return f", sheet {writing.formats.xlsx.sheet}" if writing.formats.xlsx else ""
