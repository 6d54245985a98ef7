"""Write a made-up table as a file that looks like a producer's file.

The specification says which headings, labels, date formats and decimal mark the file has. This module writes CSV,
Excel, SPSS and Parquet. In each of these formats, the same table always gives the same bytes. The other modules of this
folder make up the content. `assets/extracts/formats/` reads the files.
"""

import csv
import io
import math
from dataclasses import dataclass, field
from datetime import datetime
from pathlib import Path
from typing import TYPE_CHECKING, TypeVar, cast

import pandas as pd
import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.csv as pa_csv
import pyarrow.parquet as pq

from assets.extracts.files import SYNTHETIC
from assets.extracts.formats.csv_files import CODECS
from assets.extracts.layouts import Csv, Format, Layout, Writing, Xlsx
from warehouse.reference_files import Reference

if TYPE_CHECKING:
    from xlsxwriter.format import Format as CellFormat  # type: ignore[import-untyped]
    from xlsxwriter.worksheet import Worksheet  # type: ignore[import-untyped]

Cell = TypeVar("Cell")

MADE_UP = "Opdigtede data: en prøve, som ingen producent har leveret"
WRITTEN_AT = datetime(2020, 1, 1)  # the date of creation in every file, so that the same table gives the same bytes
UNKNOWN_CODE = 99.0  # the number in an SPSS file for a label that the specification does not explain


@dataclass(frozen=True)
class Extract:
    """The content of a made-up file, before the file is written.

    `rows` has our names of columns and values: the project's, not the producer's. Only a column that the layout ignores
    has the producer's heading. Days are datetime64, numbers are numbers, and everything else is text or None. `spoiled`
    has texts that replace some cells. They are keyed by the column and then by the position of the row.
    """

    layout: Layout
    stem: str
    format: Format
    rows: pd.DataFrame
    spoiled: dict[str, dict[int, str]] = field(default_factory=dict)

    @property
    def writing(self) -> Writing:
        """How the producer writes its files in the layout's edition."""
        return self.layout.writing

    @property
    def headings(self) -> dict[str, str]:
        """The producer's headings, keyed by our names of the columns. The headings have the order of `rows`."""
        return {name: self.layout.heading_of(name) for name in self.rows.columns}

    def labels(self, column: str) -> dict[str, str]:
        """Return the producer's labels for a column, keyed by our values.

        The result is empty if the column has no labels.
        """
        return {meaning: label for label, meaning in labels_of(self.layout, column).items()}


def labels_of(layout: Layout, column: str) -> dict[str, str]:
    """Return our values for a column, keyed by the producer's labels.

    The result is empty if the column has no labels.
    """
    return (layout.columns[column].labels or {}) if column in layout.columns else {}


def area_names(system: str, reference: Reference) -> dict[str, str]:
    """Return the codes of the areas in a code system, keyed by the areas' ids.

    If an area has several codes, the first code in the reference data is used.
    """
    codes = reference["reference.area_codes"]
    codes = codes[codes["code_system"] == system].drop_duplicates("area_id")
    return dict(zip(codes["area_id"], codes["code"], strict=True))


def write(extract: Extract, folder: Path) -> Path:
    """Write the file into the edition's subfolder of `folder`. Return the file's path."""
    path = folder / str(extract.layout.edition) / f"{SYNTHETIC}{extract.stem}_{extract.layout.edition}.{extract.format}"
    path.parent.mkdir(parents=True, exist_ok=True)
    {"csv": _write_csv, "xlsx": _write_xlsx, "sav": _write_sav, "parquet": _write_parquet}[extract.format](
        extract, path
    )
    return path


def _labelled(extract: Extract, column: str) -> pd.Series:
    """Return the column with the producer's labels in place of our values. A value without a label stays the same."""
    labels = extract.labels(column)
    values = extract.rows[column]
    return values.map(lambda value: labels.get(value, value)) if labels else values


def _or_none(values: pd.Series, cells: list[Cell]) -> list[Cell | None]:
    """Return the cells, with None in place of each cell whose value in `values` is missing."""
    return [None if missing else cell for cell, missing in zip(cells, values.isna(), strict=True)]


def _spoil(extract: Extract, column: str, cells: list[Cell]) -> list[Cell | str]:
    spoiled = extract.spoiled.get(column, {})
    return [spoiled.get(position, cell) for position, cell in enumerate(cells)]


# --- CSV ---------------------------------------------------------------------------------------------------


def _write_csv(extract: Extract, path: Path) -> None:
    settings = cast(Csv, extract.writing.formats.csv)
    columns = [pa.array(_text(extract, column), pa.string()) for column in extract.headings]
    head = io.StringIO()
    lines = csv.writer(head, delimiter=settings.delimiter, lineterminator="\r\n")
    lines.writerows([[MADE_UP]] * (settings.header_row - 1))
    lines.writerow(extract.headings.values())
    body = _plain_lines(columns, settings) or _quoted_lines(columns, settings)
    path.write_bytes((head.getvalue() + body).encode(CODECS[settings.encoding]))


def _plain_lines(columns: list[pa.Array], settings: Csv) -> str:
    """Return the rows as CSV lines without quotes, or an empty text if a cell needs quotes.

    pyarrow writes the lines much faster than Python's csv module. The csv module is used only for the few files that
    need quotes.
    """
    out = pa.BufferOutputStream()
    options = pa_csv.WriteOptions(
        include_header=False, delimiter=settings.delimiter, quoting_style="none", batch_size=100_000, eol="\r\n"
    )
    try:
        pa_csv.write_csv(pa.table(columns, [str(place) for place in range(len(columns))]), out, options)
    except pa.ArrowInvalid:  # a cell holds a delimiter, a quote or a line end
        return ""
    return str(out.getvalue().to_pybytes(), "utf-8")


def _quoted_lines(columns: list[pa.Array], settings: Csv) -> str:
    out = io.StringIO()
    lines = csv.writer(out, delimiter=settings.delimiter, lineterminator="\r\n")
    lines.writerows(zip(*(column.to_pylist() for column in columns), strict=True))
    return out.getvalue()


def _text(extract: Extract, column: str) -> list[str | None]:
    """Return the column's cells as texts, as the producer writes them in a text file. An empty cell is None."""
    values = _labelled(extract, column)
    if _is_day(values):
        days = pa.array(values.to_numpy().astype("datetime64[D]"))
        texts = pc.strftime(days.cast(pa.timestamp("s")), extract.writing.date_formats[0]).to_pylist()
    elif pd.api.types.is_numeric_dtype(values):
        texts = [_number(value, extract.writing.decimal_mark) for value in values.tolist()]
    else:
        texts = _or_none(values, values.tolist())
    return _spoil(extract, column, texts)


def _number(value: float, decimal_mark: str) -> str | None:
    if math.isnan(value):  # an empty cell
        return None
    return str(int(value)) if value == int(value) else repr(value).replace(".", decimal_mark)


# --- Excel -------------------------------------------------------------------------------------------------


def _write_xlsx(extract: Extract, path: Path) -> None:
    import xlsxwriter  # type: ignore[import-untyped]

    settings = cast(Xlsx, extract.writing.formats.xlsx)
    with xlsxwriter.Workbook(path, {"in_memory": True, "strings_to_numbers": False}) as book:
        book.set_properties({"created": WRITTEN_AT})
        for ignored in settings.ignored_sheets:
            book.add_worksheet(ignored).write_string(0, 0, MADE_UP)
        sheet = book.add_worksheet(settings.sheet)
        for row in range(settings.header_row - 1):
            sheet.write_string(row, 0, MADE_UP)
        sheet.write_row(settings.header_row - 1, 0, list(extract.headings.values()))
        day = book.add_format({"num_format": "dd-mm-yyyy"})
        for place, column in enumerate(extract.headings):
            _write_column(sheet, settings.header_row, place, _cells(extract, column), day)


def _write_column(sheet: "Worksheet", first_row: int, place: int, cells: list[object], day: "CellFormat") -> None:
    for row, cell in enumerate(cells, first_row):
        if isinstance(cell, str):
            sheet.write_string(row, place, cell)
        elif isinstance(cell, datetime):
            sheet.write_datetime(row, place, cell, day)
        elif cell is not None:
            sheet.write_number(row, place, cell)


def _cells(extract: Extract, column: str) -> list[object]:
    """Return the column's cells for an Excel sheet, as texts, numbers and days. An empty cell is None."""
    values = _labelled(extract, column)
    cells = values.dt.to_pydatetime().tolist() if _is_day(values) else values.tolist()
    return _spoil(extract, column, _or_none(values, cells))


# --- SPSS --------------------------------------------------------------------------------------------------

SAV_DATE_AT = 92  # where the date (9 bytes) and the time (8 bytes) of creation are in the file
# This is WRITTEN_AT as text. `strftime` is not used, because it writes the month's name in the machine's language.
SAV_DATE = b"01 Jan 20" + b"00:00:00"


def _write_sav(extract: Extract, path: Path) -> None:
    import pyreadstat

    labels = {column: list(extract.labels(column).values()) for column in extract.headings if extract.labels(column)}
    frame = pd.DataFrame(
        {
            name: _coded(extract, column) if column in labels else _sav_column(extract.rows[column])
            for column, name in extract.headings.items()
        }
    )
    pyreadstat.write_sav(
        frame,
        str(path),
        file_label=MADE_UP,
        variable_value_labels={
            extract.headings[column]: {float(code): label for code, label in enumerate(column_labels, 1)}
            for column, column_labels in labels.items()
        },
    )
    with path.open("r+b") as file:
        file.seek(SAV_DATE_AT)
        file.write(SAV_DATE)


def _coded(extract: Extract, column: str) -> pd.Series:
    """Return the number that SPSS stores for each cell's label. An empty cell is NaN."""
    codes = {meaning: float(code) for code, meaning in enumerate(extract.labels(column), 1)}
    values = extract.rows[column]
    return values.map(codes).fillna(UNKNOWN_CODE).where(values.notna())


def _sav_column(values: pd.Series) -> pd.Series:
    return values.dt.date if _is_day(values) else values


# --- Parquet -----------------------------------------------------------------------------------------------


def _write_parquet(extract: Extract, path: Path) -> None:
    arrays = [_array(extract, column) for column in extract.headings]
    pq.write_table(pa.table(arrays, list(extract.headings.values())), path)


def _array(extract: Extract, column: str) -> pa.Array:
    """Return the column as an Arrow array of days, numbers or texts. If a cell is spoiled, all cells are texts."""
    values = _labelled(extract, column)
    if column in extract.spoiled or not (_is_day(values) or pd.api.types.is_numeric_dtype(values)):
        return pa.array(_text(extract, column), pa.string())
    return pa.array(values.dt.date if _is_day(values) else values, from_pandas=True)


def _is_day(values: pd.Series) -> bool:
    return pd.api.types.is_datetime64_any_dtype(values)
