"""Functions that make good and spoiled deliveries of edition 2023: their rows, and their files in four formats.

The files are written with csv, xlsxwriter, pyreadstat and pyarrow, not with the project's own writers. Workbooks that no
program writes are put together with zipfile. The error message for each spoiled file is in `test_bad_files.py`.
"""

import csv
import io
import zipfile
from collections.abc import Callable
from dataclasses import dataclass
from datetime import date, datetime
from functools import cache
from pathlib import Path
from typing import Any
from xml.sax.saxutils import escape

import pandas as pd
import pyarrow as pa
import pyarrow.parquet as pq
import pyreadstat
import xlsxwriter

Row = dict[str, Any]
Rows = list[Row]

SECRET = "Hemmelig"  # the beginning of every personal value and free text; no message may contain it
YES_NO = [
    "Udsat for tyveri",
    "Hærværk i kvarteret",
    "Hærværk mod egne ting",
    "Udsat for chikane",
    "Udsat for indbrud",
    "Udsat for trusler",
    "Udsat for røveri",
    "Udsat for vold",
    "Oplevet salg af hash",
    "Oplevet salg af andre stoffer",
    "Bekymret for cykeltyveri",
    "Bekymret for indbrud",
    "Bekymret for støj",
    "Bekymret for hærværk",
    "Bekymret for grupper på gaden",
    "Bekymret for trusler",
    "Bekymret for røveri",
    "Bekymret for vold",
    "Bekymret for salg af stoffer",
]
BEFORE = [
    "resp_id",
    "svardato",
    "vaegt",
    "stratum",
    "stratum_n",
    "inviterede",
    "bydel",
    "partnerskab",
    "q1",
    "q2",
    "q3_1",
    "q3_2",
    "q3_3",
    "q3_4",
    "q3_5",
    "q3_6",
    "q3_7",
    "q3_8",
    "q3_9",
    "q3_10",
    "q4_1",
    "q4_2",
    "q4_3",
    "q4_4",
    "q4_6",
    "q4_7",
    "q4_8",
    "q4_9",
    "q4_10",
]


@dataclass(frozen=True)
class Kind:
    """A kind of delivery: a function that makes a good row from its number, and the layout of the files."""

    stem: str
    row: Callable[[int], Row]
    encoding: str
    delimiter: str
    sheet: str
    header_row: int = 1  # in the Excel sheet

    @property
    def csv(self) -> str:
        return f"{self.stem}.csv"

    @property
    def xlsx(self) -> str:
        return f"{self.stem}.xlsx"


def _answer(number: int) -> Row:
    return {
        "Respondentnummer": f"{SECRET}-{number:05d}",
        "Svardato": "10-01-2023",
        "Vægt": "1,25",
        "Stratum": "Valby" if number % 2 else "Indre By",
        "Stratum befolkning": "50000",
        "Inviterede": "8000",
        "Bydel": "Valby" if number % 2 else "Indre By",
        "Partnerskab": "",
        "Tryg i kvarteret": "2",
        "Tryg om aftenen og natten": "3",
    } | dict.fromkeys(YES_NO, "Nej")


def _report(number: int) -> Row:
    return {
        "Journalnummer": f"0100-75111-{number:05d}-22",
        "Gern.kode": "75111",
        "Gerningsdato": "02-03-2022",
        "Anmeldelsesdato": "03-03-2022",
        "Udtræksdato": "15-02-2023",
        "Bydel": "Valby",
        "Rode": "",
        "ETRS89 Øst": "718743,4",
        "ETRS89 Nord": "6176171",
    }


def _count(number: int) -> Row:
    return {
        "Område": "Folehaven",
        "År": str(2003 + number % 20),
        "Sagstype": "Indbrud",
        "Antal anmeldelser": "12",
        "Udtræksdato": "15-02-2023",
    }


def _residents(number: int) -> Row:
    return {"omraade": "Valby", "dato": f"{2003 + number}-01-01", "personer": "61000", "kilde": "Registret"}


def _activity(number: int) -> Row:
    return {
        "Nr.": str(number),
        "Partnerskab": "Folehaven",
        "Aktivitet": f"{SECRET} aktivitet",
        "Fokusområde": "Tryggere byliv",
        "Status": "I gang",
        "Start": "01-02-2023",
        "Samarbejdspartnere": f"{SECRET} forening",
    }


def _goal(number: int) -> Row:
    return {
        "Mål nr.": str(number),
        "Partnerskab": "Folehaven",
        "Fokusområde": "Tryggere byliv",
        "Resultatmål": f"{SECRET} resultat",
        "Måltal": "10",
        "Opnået": "12,5",
        "Retning": "mindst",
        "Nået": "Ja",
    }


def _meeting(number: int) -> Row:
    return {"Partnerskab": "Folehaven", "Anledning": "Styregruppemøde", "Dato": f"{number:02d}-03-2023"}


def _account(number: int) -> Row:
    return {
        "Partnerskab": "Folehaven",
        "Regnskabsår": str(2003 + number),
        "Formål": "Aktiviteter",
        "Afsat kr.": "500000",
        "Forbrug kr.": "498000,50",
    }


def _listed(number: int) -> Row:
    return {
        "Liste pr.": "2022-12-01",
        "Boligområde": f"Område {number}",
        "Liste": "Forebyggelsesområde",
        "Kommunekode": "101",
    }


def _figure(number: int) -> Row:
    return {
        "Område": "Valby",
        "Udgave": str(2009 + number % 14),
        "Mål": "Andel utrygge",
        "Værdi": "8,5",
        "Decimaler": "1",
        "Svar": "600",
        "Inviterede": "900",
        "Kilde": f"Pjece {number}",
    }


SURVEY = Kind("svar", _answer, "cp1252", ";", "Svar")
REPORTS = Kind("anmeldelser", _report, "cp1252", ";", "Anmeldelser")
COUNTS = Kind("antal", _count, "cp1252", ";", "Antal", 3)
POPULATION = Kind("befolkning", _residents, "utf-8", ",", "Befolkning")
ACTIVITIES = Kind("aktiviteter", _activity, "utf-8-sig", ";", "Aktiviteter", 2)
GOALS = Kind("maal", _goal, "utf-8-sig", ";", "Resultatmål")
MEETINGS = Kind("moeder", _meeting, "cp1252", ";", "Møder")
ACCOUNTS = Kind("regnskab", _account, "cp1252", ";", "Regnskab")
LISTED = Kind("liste", _listed, "utf-8", ";", "Liste")
FIGURES = Kind("tal", _figure, "cp1252", ";", "Tal", 2)


def good(kind: Kind, count: int = 20) -> Rows:
    """Return rows that no rule rejects."""
    return [kind.row(number) for number in range(1, count + 1)]


def spoiled(kind: Kind, cells: Row, count: int = 20, at: int = 4) -> Rows:
    """Return good rows, but replace `cells` in the row at index `at`. Index 4 is row 6 of a CSV file."""
    rows = good(kind, count)
    rows[at] |= cells
    return rows


def renamed(rows: Rows, names: dict[str, str]) -> Rows:
    """Return the rows with new headings. `names` has the new heading of each old heading."""
    return [{names.get(name, name): cell for name, cell in row.items()} for row in rows]


def without(rows: Rows, *names: str) -> Rows:
    """Return the rows without the columns of `names`."""
    return [{name: cell for name, cell in row.items() if name not in names} for row in rows]


def until_2022(kind: Kind, edition: int = 2022, count: int = 20) -> Rows:
    """Return good rows of the survey or the reports in the layout that was used until 2022.

    The layout has its own headings and labels. The days in the rows are days of the edition.
    """
    if kind is SURVEY:
        changed = {"Svardato": f"10-01-{edition}", "Tryg i kvarteret": "Tryg", "Tryg om aftenen og natten": "Utryg"}
        return [dict(zip(BEFORE, (row | changed).values(), strict=True)) for row in good(kind, count)]
    days = {"Gerningsdato": "02-03-{}", "Anmeldelsesdato": "03-03-{}"}
    changed = {name: day.format(edition - 1) for name, day in days.items()} | {"Udtræksdato": f"15-02-{edition}"}
    names = {"Gern.kode": "Gerningskode", "ETRS89 Øst": "X", "ETRS89 Nord": "Y"}
    return renamed([row | changed for row in good(kind, count)], names)


# --- CSV ---------------------------------------------------------------------------------------------------


def csv_text(rows: Rows, delimiter: str = ";", quoting: int = csv.QUOTE_MINIMAL) -> str:
    """Return the rows as the text of a CSV file, with a header."""
    out = io.StringIO()
    lines = csv.writer(out, delimiter=delimiter, quoting=quoting)  # type: ignore[arg-type]
    lines.writerow(rows[0])
    lines.writerows(row.values() for row in rows)
    return out.getvalue()


def csv_bytes(kind: Kind, rows: Rows | None = None) -> bytes:
    """Return the bytes of a CSV file of the rows, with the delimiter and encoding of the kind."""
    return csv_text(rows or good(kind), kind.delimiter).encode(kind.encoding)


def write_csv(folder: Path, kind: Kind, rows: Rows | None = None, name: str | None = None) -> Path:
    """Write a CSV file of the rows, with the delimiter and encoding of the kind. Return its path."""
    return write_bytes(folder, name or kind.csv, csv_bytes(kind, rows))


def write_bytes(folder: Path, name: str, content: bytes) -> Path:
    """Write a file with this content, and return its path."""
    path = folder / name
    path.write_bytes(content)
    return path


# --- Excel -------------------------------------------------------------------------------------------------


def write_xlsx(
    folder: Path,
    kind: Kind,
    rows: Rows | None = None,
    more: Callable[[Any, Any], object] = lambda book, sheet: None,
    name: str | None = None,
    from_1904: bool = False,
) -> Path:
    """Write a workbook with the kind's sheet, and return its path.

    `more` may change the book and the sheet before saving.
    """
    path = folder / (name or kind.xlsx)
    rows = rows or good(kind)
    options = {"strings_to_numbers": False, "default_date_format": "dd-mm-yyyy", "date_1904": from_1904}
    with xlsxwriter.Workbook(path, options) as book:
        sheet = book.add_worksheet(kind.sheet)
        for place, cells in enumerate([rows[0], *(row.values() for row in rows)], kind.header_row - 1):
            for column, cell in enumerate(cells):
                _write_cell(sheet, place, column, cell)
        more(book, sheet)
    return path


def _write_cell(sheet: Any, row: int, column: int, cell: object) -> None:
    if isinstance(cell, str):
        if cell:
            sheet.write_string(row, column, cell)
    else:
        sheet.write(row, column, cell)


BOOK = {
    "[Content_Types].xml": '<Types xmlns="http://schemas.openxmlformats.org/package/2006/content-types"><Default Extension="rels" ContentType="application/vnd.openxmlformats-package.relationships+xml"/><Default Extension="xml" ContentType="application/xml"/><Override PartName="/xl/workbook.xml" ContentType="application/vnd.openxmlformats-officedocument.spreadsheetml.sheet.main+xml"/><Override PartName="/xl/worksheets/sheet1.xml" ContentType="application/vnd.openxmlformats-officedocument.spreadsheetml.worksheet+xml"/></Types>',
    "_rels/.rels": '<Relationships xmlns="http://schemas.openxmlformats.org/package/2006/relationships"><Relationship Id="rId1" Type="http://schemas.openxmlformats.org/officeDocument/2006/relationships/officeDocument" Target="xl/workbook.xml"/></Relationships>',
    "xl/workbook.xml": '<workbook xmlns="http://schemas.openxmlformats.org/spreadsheetml/2006/main" xmlns:r="http://schemas.openxmlformats.org/officeDocument/2006/relationships"><sheets><sheet name="{sheet}" sheetId="1" r:id="rId1"/></sheets></workbook>',
    "xl/_rels/workbook.xml.rels": '<Relationships xmlns="http://schemas.openxmlformats.org/package/2006/relationships"><Relationship Id="rId1" Type="http://schemas.openxmlformats.org/officeDocument/2006/relationships/worksheet" Target="worksheets/sheet1.xml"/></Relationships>',
}
SHEET = "xl/worksheets/sheet1.xml"


def sheet_xml(kind: Kind, rows: Rows | None = None) -> str:
    """Return the XML of the kind's sheet.

    The text of each cell is in the cell itself, not in the workbook's shared list.
    """
    rows = rows or good(kind)
    lines = [
        f'<row r="{place}">{"".join(_cell_xml(column, place, cell) for column, cell in enumerate(cells) if cell)}</row>'
        for place, cells in enumerate([rows[0], *(row.values() for row in rows)], kind.header_row)
    ]
    begin = '<worksheet xmlns="http://schemas.openxmlformats.org/spreadsheetml/2006/main"><sheetData>'
    return f"{begin}{''.join(lines)}</sheetData></worksheet>"


def _cell_xml(column: int, row: int, text: str) -> str:
    name = chr(65 + column) if column < 26 else f"A{chr(39 + column)}"
    return f'<c r="{name}{row}" t="inlineStr"><is><t>{escape(text)}</t></is></c>'


def write_parts(folder: Path, kind: Kind, parts: dict[str, str | bytes]) -> Path:
    """Write a workbook from its parts, and return its path. A part that is not given is that of a good workbook."""
    path = folder / kind.xlsx
    good_parts: dict[str, str | bytes] = {
        **{name: text.replace("{sheet}", kind.sheet) for name, text in BOOK.items()},
        SHEET: sheet_xml(kind),
    }
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as packed:
        for name, content in (good_parts | parts).items():
            packed.writestr(name, content)
    return path


@cache
def bomb_bytes(kind: Kind, megabytes: int, name: str = SHEET) -> bytes:
    """Return a small workbook that unpacks to many megabytes of blanks. The blanks are in the part `name`."""
    out = io.BytesIO()
    parts = {part_name: text.replace("{sheet}", kind.sheet) for part_name, text in BOOK.items()} | {
        SHEET: sheet_xml(kind)
    }
    begin, end = parts.pop(name, "<sst><si><t></t></si></sst>").split("</t>", 1)
    with zipfile.ZipFile(out, "w", zipfile.ZIP_DEFLATED, compresslevel=1) as packed:
        for part_name, text in parts.items():
            packed.writestr(part_name, text)
        with packed.open(name, "w") as part:
            part.write(begin.encode())
            for _ in range(megabytes):
                part.write(b" " * (1 << 20))
            part.write(f"</t>{end}".encode())
    return out.getvalue()


# --- SPSS and Parquet --------------------------------------------------------------------------------------


def write_sav(
    folder: Path,
    rows: Rows | None = None,
    labels: dict[str, dict[Any, str]] | None = None,
    missing: dict[str, list[Any]] | None = None,
    formats: dict[str, str] | None = None,
) -> Path:
    """Write the survey of edition 2021 as an SPSS file, and return its path.

    Headings of later editions cannot be names of SPSS variables.
    """
    path = folder / "svar.sav"
    frame = pd.DataFrame(rows or until_2022(SURVEY, 2021))
    pyreadstat.write_sav(
        frame, str(path), variable_value_labels=labels, missing_ranges=missing, variable_format=formats
    )
    return path


def write_parquet(folder: Path, kind: Kind, rows: Rows | None = None, columns: dict[str, Any] | None = None) -> Path:
    """Write a Parquet file of texts, and return its path. Columns in `columns` are replaced by arrays of any type."""
    path = folder / f"{kind.stem}.parquet"
    table = pa.Table.from_pylist(rows or good(kind))
    for name, array in (columns or {}).items():
        table = table.set_column(table.column_names.index(name), name, array)
    pq.write_table(table, path)
    return path


DAY, DAY_AND_TIME = date(2023, 1, 10), datetime(2023, 1, 10, 14, 30)
