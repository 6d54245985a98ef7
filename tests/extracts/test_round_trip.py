"""Tests that files are read as they were written: random tables in every format, and random values of each type.

The files are written with general libraries, not with the sample's writer. `test_bad_files.py` tests files that must be
refused.
"""

import csv
import io
import tempfile
from collections.abc import Iterator
from datetime import date, datetime
from decimal import Decimal
from pathlib import Path
from typing import Any

import duckdb
import pandas as pd
import pyarrow as pa
import pyarrow.parquet as pq
import pyreadstat
import pytest
import xlsxwriter
from hypothesis import HealthCheck, assume, given, settings
from hypothesis import strategies as st

from assets.extracts.formats import batches_of, cells_of, csv_files, excel, format_of, names_of, parquet, spss
from assets.extracts.formats.cells import as_text as cells_as_text
from assets.extracts.landing import look_into, rows_of
from assets.extracts.layouts import Format, Specification, Writing
from assets.extracts.typing_sql import typed_query

Cell = str | int | Decimal | date | bool | None
Row = list[Cell]

OFTEN = settings(max_examples=80, deadline=None, derandomize=True, suppress_health_check=[HealthCheck.too_slow])
DATE_FORMATS = ["%d-%m-%Y", "%Y-%m-%d", "%d.%m.%Y", "%d/%m/%Y", "%Y%m%d", "%d.%m.%Y %H:%M", "%Y-%m-%dT%H:%M:%S"]
ENCODINGS = ["utf-8", "utf-8-sig", "windows-1252", "iso-8859-1"]
CODECS = {"windows-1252": "cp1252"}

# Ã and â are left out, because they can make a single-byte encoding look like UTF-8.
LATIN = "æøåÆØÅéüßñ§½°«»·£"
WINDOWS = "€“”‘’–—…•™Šž"
ANY = "łőЖ中😀\u2028\u0301\u00a0"
PLAIN = "aZ 019,.;:|\t\"'=+-@<&>\\/#%_()[]"


@pytest.fixture(autouse=True, scope="module")
def _many_batches() -> Iterator[None]:
    """Make batches and blocks small during a test, so that a small table has many of them."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(excel, "BATCH", 4)
        patch.setattr(parquet, "BATCH", 4)
        patch.setattr(spss, "BATCH", 4)
        patch.setattr(spss, "LATER_BATCH", 3)
        patch.setattr(csv_files, "CHUNK", 1 << 12)
        yield


def writing(kind: Format, layout: dict[str, Any], mark: str, written: str) -> Writing:
    return specification(kind, layout, mark, written).for_edition(2020).writing


def specification(
    kind: Format, layout: dict[str, Any], mark: str, written: str | list[str], **more: Any
) -> Specification:
    as_given = {
        "extract": "round_trip",
        "table": "survey.answers",
        "producer": "Nobody",
        "note": "Made for a test.",
        "formats": {kind: layout},
        "decimal_mark": mark,
        "date_format": written,
        "area_code_system": "survey",
        "tolerated_rejected_percent": 0,
        "row_key": ["respondent_number"],
        "columns": {"respondent_number": {"name": "nr"}},
    }
    return Specification.model_validate(as_given | more)


def read(path: Path, kind: Format, style: Writing, wanted: list[str]) -> list[tuple[int, str | None, *tuple[Any]]]:
    """Return, for every row: its number, the reason if it is malformed, and its cells in the wanted columns."""
    assert format_of(path) == kind
    table = pa.Table.from_batches(batches_of(path, kind, style, wanted))
    assert table.schema.names == ["row", "malformed", *wanted]
    return list(zip(*(column.to_pylist() for column in table.columns), strict=True))


def as_text(cell: Cell, style: Writing) -> str | None:
    """Return the cell as text, with the decimal mark and the date format of the producer."""
    if isinstance(cell, bool):
        return "true" if cell else "false"
    if isinstance(cell, Decimal):
        return format(cell.normalize() + 0, "f").replace(".", style.decimal_mark)
    if isinstance(cell, date):
        return cell.strftime(style.date_formats[0])
    return None if cell is None or cell == "" else str(cell)


def native(cell: Cell) -> Any:
    return float(cell) if isinstance(cell, Decimal) else cell


# --- what tables hold --------------------------------------------------------------------------------------


def texts(letters: str, line_ends: tuple[str, ...] = ("\n",)) -> st.SearchStrategy[str]:
    """Return a strategy for texts that are easily misread, such as quotes, delimiters, 007 and NULL."""
    pieces = st.lists(st.sampled_from([*PLAIN, *letters, *line_ends, "Å", "ærø", "00", '""']), max_size=8).map("".join)
    misread_texts = st.sampled_from(
        [
            "007",
            "0101",
            "1.234,50",
            "-0",
            "1e5",
            "NaN",
            "NA",
            "NULL",
            "null",
            "None",
            "#N/A",
            "true",
            "=1+1",
            "31-12-2020",
        ]
    )
    return pieces | misread_texts


# At most fifteen digits: a double and Excel keep no more.
FRACTIONS = st.integers(0, 8).flatmap(
    lambda places: st.integers(-(10**14), 10**14).map(lambda digits: Decimal(digits).scaleb(-places))
)
WHOLE = st.integers(-(10**14), 10**14)
DAYS = st.dates(date(1900, 3, 1), date(2099, 12, 31))  # Excel has no days before 1900, and a wrong one in February


def tables(columns: list[st.SearchStrategy[Cell]], most: int = 12) -> st.SearchStrategy[list[Row]]:
    return st.lists(st.tuples(*columns).map(list), min_size=1, max_size=most)


def headings(letters: str, count: int) -> st.SearchStrategy[list[str]]:
    """Return a strategy for lists of different headings without blanks around them.

    The first heading shows the encoding: its letter Å in a single-byte encoding is not valid UTF-8.
    """
    name = texts(letters, ()).map(str.strip).filter(bool)
    return st.lists(name, min_size=count, max_size=count, unique=True).map(lambda names: ["Område", *names])


# --- CSV ---------------------------------------------------------------------------------------------------


@st.composite
def csv_cases(draw: st.DrawFn) -> tuple[Writing, list[str], list[Row], list[str], bytes]:
    encoding, delimiter = draw(st.sampled_from(ENCODINGS)), draw(st.sampled_from(";,\t|"))
    letters = LATIN + {"utf-8": WINDOWS + ANY, "utf-8-sig": WINDOWS + ANY, "windows-1252": WINDOWS}.get(encoding, "")
    header = draw(headings(letters, draw(st.integers(0, 4))))
    cell = st.none() | texts(letters, ("\n", "\r\n", "\r"))
    rows = draw(tables([cell] * len(header))) * draw(st.sampled_from([1, 1, 30]))
    before = draw(st.integers(0, 3))
    style = writing("csv", {"encoding": encoding, "delimiter": delimiter, "header_row": before + 1}, ",", "%d-%m-%Y")
    # with a lone \n as line end, a lone \r would stay without quotes
    quoting, line_end = draw(
        st.sampled_from([(csv.QUOTE_MINIMAL, "\r\n"), (csv.QUOTE_ALL, "\n"), (csv.QUOTE_ALL, "\r\n")])
    )
    out = io.StringIO()
    writer = csv.writer(out, delimiter=delimiter, quoting=quoting, lineterminator=line_end)
    writer.writerows([["Udtræk af registret"]] * before + [header] + rows)
    lost = draw(st.booleans()) and quoting == csv.QUOTE_ALL and bool(rows) and rows[-1][-1] is not None
    text = out.getvalue().removesuffix(
        line_end if lost else ""
    )  # the last cell ends with a quote, so it needs no line end
    wanted = draw(st.permutations(header))[: draw(st.integers(1, len(header)))]
    return style, header, rows, wanted, text.encode(CODECS.get(encoding, encoding))


@OFTEN
@given(csv_cases())
def test_csv(case: tuple[Writing, list[str], list[Row], list[str], bytes]) -> None:
    style, header, rows, wanted, content = case
    assert style.formats.csv is not None
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "delivered.csv"
        path.write_bytes(content)
        first = style.formats.csv.header_row + 1
        assert names_of(path, "csv", style) == tuple(header)
        assert cells_of(path, "csv", style).rows == len(rows)
        assert read(path, "csv", style, wanted) == [
            (number, None, *(row[header.index(name)] or None for name in wanted))
            for number, row in enumerate(rows, first)
        ]


@OFTEN
@given(
    st.lists(st.tuples(st.integers(1, 5), texts("æ€", ("\n", "\r\n"))), min_size=1, max_size=12),
    st.sampled_from([1, 20]),
)
def test_csv_rows_with_other_numbers_of_cells_are_rejected_in_their_place(
    shapes: list[tuple[int, str]], times: int
) -> None:
    style = writing("csv", {"encoding": "windows-1252", "delimiter": ";"}, ",", "%d-%m-%Y")
    rows = [[text] * count for count, text in shapes] * times
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "delivered.csv"
        with path.open("w", encoding="cp1252", newline="") as file:
            csv.writer(file, delimiter=";").writerows([["Område", "å", "3"], *rows])
        assert read(path, "csv", style, ["3", "å"]) == [
            (number, None, row[2] or None, row[1] or None)
            if len(row) == 3
            else (number, f"has {len(row)} cells, but the header has 3", None, None)
            for number, row in enumerate(rows, 2)
        ]


@pytest.mark.parametrize("before", range(8))
@pytest.mark.parametrize("encoding", ["windows-1252", "utf-8"])
def test_csv_line_ends_in_a_cell_are_kept_at_the_end_of_a_block(before: int, encoding: str, tmp_path: Path) -> None:
    style = writing("csv", {"encoding": encoding, "delimiter": ";"}, ",", "%d-%m-%Y")
    path = tmp_path / "delivered.csv"
    cells = ["Å" * before + "x\r\n" * 3 + "y"] * 1000
    with path.open("w", encoding=encoding, newline="") as file:
        csv.writer(file, delimiter=";").writerows([["Område"], *([cell] for cell in cells)])
    assert [row[2] for row in read(path, "csv", style, ["Område"])] == cells


@pytest.mark.parametrize("above", ['Område;"Antal\r\nreports"\r\n', '"Udtræk\r\naf registret"\r\nOmråde;Antal\r\n'])
def test_csv_headings_and_notes_may_hold_line_ends(above: str, tmp_path: Path) -> None:
    before = above.startswith('"')
    style = writing("csv", {"encoding": "utf-8", "delimiter": ";", "header_row": 1 + before}, ",", "%d-%m-%Y")
    path = tmp_path / "delivered.csv"
    path.write_bytes(f"{above}Valby;1\r\nValby;2;3\r\nVanløse;4\r\n".encode())
    wrong = "has 3 cells, but the header has 2"
    rows = [(2 + before, None, "Valby"), (3 + before, wrong, None), (4 + before, None, "Vanløse")]
    assert read(path, "csv", style, ["Område"]) == rows


# --- Excel -------------------------------------------------------------------------------------------------


def written_xlsx(path: Path, lines: list[Row], rows_in_place: bool) -> None:
    """Write the lines into a workbook, from its first row on.

    If `rows_in_place` is true, each text is written in its cell. If not, it is written in the workbook's shared list.
    """
    with xlsxwriter.Workbook(path, {"constant_memory": rows_in_place}) as book:
        sheet, day = book.add_worksheet("Svar"), book.add_format({"num_format": "dd-mm-yyyy"})
        writers = {
            str: sheet.write_string,
            bool: sheet.write_boolean,
            int: sheet.write_number,
            float: sheet.write_number,
        }
        for row, line in enumerate(lines):
            for column, cell in enumerate(map(native, line)):
                if not any(cell not in {None, ""} for cell in line):
                    continue  # a row that holds only empty texts is refused
                if isinstance(cell, date):
                    sheet.write_datetime(row, column, cell, day)
                elif cell is not None:
                    writers[type(cell)](row, column, cell)


@st.composite
def xlsx_cases(draw: st.DrawFn) -> tuple[Writing, list[str], list[Row], list[str]]:
    letters = LATIN + WINDOWS + ANY
    header = draw(headings(letters, draw(st.integers(0, 4))))
    kinds = [texts(letters), WHOLE, FRACTIONS, DAYS, st.booleans()]
    one_kind = st.sampled_from(kinds).flatmap(lambda kind: st.just(st.none() | kind))
    columns = draw(
        st.lists(one_kind | st.just(st.none() | st.one_of(kinds)), min_size=len(header), max_size=len(header))
    )
    rows = draw(tables(columns))
    layout = {"sheet": "Svar", "header_row": draw(st.integers(1, 4))}
    style = writing("xlsx", layout, draw(st.sampled_from(",.")), draw(st.sampled_from(DATE_FORMATS)))
    return style, header, rows, draw(st.permutations(header))[: draw(st.integers(1, len(header)))]


@OFTEN
@given(xlsx_cases(), st.sampled_from([[], ["Udtræk"], ["a", "b", "c", "d", "e", "f"]]), st.booleans())
@pytest.mark.slow
def test_xlsx(case: tuple[Writing, list[str], list[Row], list[str]], note: Row, in_place: bool) -> None:
    style, header, rows, wanted = case
    assert style.formats.xlsx is not None
    before = style.formats.xlsx.header_row - 1
    texts_of_rows = [[as_text(cell, style) for cell in row] for row in rows]
    # an empty row is left out, but the other rows keep their row numbers in Excel
    filled = [(number, row) for number, row in enumerate(texts_of_rows, before + 2) if any(row)]
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "delivered.xlsx"
        written_xlsx(path, [note] * before + [header] + rows, in_place)
        assert cells_of(path, "xlsx", style).rows == len(filled)
        assume(filled)
        assert read(path, "xlsx", style, wanted) == [
            (number, None, *(row[header.index(name)] for name in wanted)) for number, row in filled
        ]


# --- SPSS --------------------------------------------------------------------------------------------------

LABELS = {1.0: "Meget tryg", 2.0: "Hverken tryg eller utryg", 3.5: "Ønsker ikke at svare", 9.0: "99"}


@st.composite
def sav_cases(draw: st.DrawFn) -> tuple[Writing, pd.DataFrame, list[list[str | None]]]:
    style = writing("sav", {}, draw(st.sampled_from(",.")), draw(st.sampled_from(DATE_FORMATS)))
    # SPSS fills texts up with blanks, so blanks at the end are lost; an empty text is a missing value
    text = texts(LATIN + WINDOWS + ANY, ("\n", "\r\n")).map(lambda value: value.rstrip(" "))
    kinds = [text, WHOLE, FRACTIONS, DAYS, st.sampled_from([Decimal(str(code)) for code in [*LABELS, 4.0, 0.5]])]
    columns = draw(st.lists(st.sampled_from(range(len(kinds))), min_size=1, max_size=5))
    rows = draw(tables([st.none() | kinds[kind] for kind in columns]))
    names = [f"v{place}_{'labels' if kind == 4 else 'æ'}" for place, kind in enumerate(columns)]
    frame = pd.DataFrame(
        {
            name: pd.Series([native(row[place]) for row in rows], dtype=float if kind in {1, 2, 4} else object)
            for place, (name, kind) in enumerate(zip(names, columns, strict=True))
        }
    )
    expected = [
        [
            LABELS.get(float(cell)) or as_text(cell, style)
            if kind == 4 and isinstance(cell, Decimal)
            else as_text(cell, style)
            for kind, cell in zip(columns, row, strict=True)
        ]
        for row in rows
    ]
    return style, frame, expected


@OFTEN
@given(sav_cases(), st.booleans(), st.data())
@pytest.mark.slow
def test_sav(case: tuple[Writing, pd.DataFrame, list[list[str | None]]], compress: bool, data: st.DataObject) -> None:
    style, frame, expected = case
    header = list(frame.columns)
    wanted = data.draw(st.permutations(header))[: data.draw(st.integers(1, len(header)))]
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "delivered.sav"
        labels = {name: LABELS for name in header if name.endswith("labels")}
        pyreadstat.write_sav(frame, str(path), variable_value_labels=labels, row_compress=compress)
        assert cells_of(path, "sav", style).rows == len(expected)
        assert read(path, "sav", style, wanted) == [
            (number, None, *(row[header.index(name)] for name in wanted)) for number, row in enumerate(expected, 1)
        ]


# --- Parquet -----------------------------------------------------------------------------------------------

PARQUET: dict[str, tuple[st.SearchStrategy[Cell], pa.DataType]] = {
    "text": (texts(LATIN + WINDOWS + ANY, ("\n", "\r\n", "\r")), pa.string()),
    "large text": (texts(LATIN), pa.large_string()),
    "different texts": (texts(LATIN), pa.dictionary(pa.int8(), pa.string())),
    "whole": (st.integers(-(2**63), 2**63 - 1), pa.int64()),
    "small": (st.integers(-128, 127), pa.int8()),
    "fraction": (FRACTIONS, pa.float64()),
    "decimal": (FRACTIONS, pa.decimal128(24, 8)),
    "day": (DAYS, pa.date32()),
    "midnight": (DAYS, pa.timestamp("us")),
    "yes or no": (st.booleans(), pa.bool_()),
}


@st.composite
def parquet_cases(draw: st.DrawFn) -> tuple[Writing, list[str], list[str], list[Row]]:
    style = writing("parquet", {}, draw(st.sampled_from(",.")), draw(st.sampled_from(DATE_FORMATS)))
    kinds = draw(st.lists(st.sampled_from(list(PARQUET)), min_size=1, max_size=5))
    header = draw(headings(LATIN + ANY, len(kinds) - 1))
    return style, header, kinds, draw(tables([st.none() | PARQUET[kind][0] for kind in kinds]))


@OFTEN
@given(parquet_cases(), st.integers(1, 12), st.data())
def test_parquet(case: tuple[Writing, list[str], list[str], list[Row]], group: int, data: st.DataObject) -> None:
    style, header, kinds, rows = case
    wanted = data.draw(st.permutations(header))[: data.draw(st.integers(1, len(header)))]
    columns = [
        pa.array(cells, pa.date32()).cast(PARQUET[kind][1])
        if kind == "midnight"
        else pa.array([cell if kind == "decimal" else native(cell) for cell in cells], PARQUET[kind][1])
        for kind, cells in zip(kinds, zip(*rows, strict=True), strict=True)
    ]
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "delivered.parquet"
        pq.write_table(pa.table(columns, header), path, row_group_size=group)
        assert cells_of(path, "parquet", style).rows == len(rows)
        assert read(path, "parquet", style, wanted) == [
            (number, None, *(as_text(row[header.index(name)], style) for name in wanted))
            for number, row in enumerate(rows, 1)
        ]


# --- from a value to a file and back to the value ----------------------------------------------------------

EDITION = 2023
MEANINGS = {
    "Meget tryg": "very_safe",
    'Ja; altid, "tryg"': "safe",
    "Hverken/eller": "neither",
    "1": "1",
    "O'Brien": "7",
}
COLUMNS: dict[str, dict[str, Any]] = {
    "respondent_number": {"name": "Løbenr.", "personal": True},
    "answered_on": {"name": "Dato", "personal": True},
    "weight": {"name": "Vægt", "personal": True},
    "stratum_population_residents": {"name": "Beboere", "personal": True},
    "safety_answer": {"name": "Tryg?", "personal": True, "values": MEANINGS},
}
Values = tuple[str, date | None, float | None, int | None, str | None]

VALUES = st.lists(
    st.tuples(
        texts("æØ").map(str.strip).filter(bool),  # blanks around a text are removed, so the texts have none
        st.none() | DAYS,
        st.none() | FRACTIONS.map(float),
        st.none() | WHOLE,
        st.none() | st.sampled_from(sorted(MEANINGS.values())),
    ),
    min_size=1,
    max_size=12,
)
LABEL_OF = {meaning: label for label, meaning in MEANINGS.items()}


@st.composite
def layouts(draw: st.DrawFn) -> tuple[Format, Specification]:
    layout_of: dict[Format, dict[str, Any]] = {
        "csv": {"encoding": draw(st.sampled_from(ENCODINGS)), "delimiter": draw(st.sampled_from(";,\t|"))},
        "xlsx": {"sheet": "Svar"},
        "sav": {},
        "parquet": {},
    }
    kind = draw(st.sampled_from(list(layout_of)))
    mark, written = draw(st.sampled_from(",.")), draw(st.sampled_from(DATE_FORMATS))
    columns = COLUMNS
    if kind == "sav":  # its names can have neither points nor question marks
        columns = {column_name: column | {"name": f"v_{column_name}"} for column_name, column in COLUMNS.items()}
    return kind, specification(kind, layout_of[kind], mark, written, columns=columns)


def written_file(folder: str, kind: Format, spec: Specification, rows: list[Values]) -> Path:
    """Write the values into a file of the format, and return its path.

    Each value is written as the format stores it.
    """
    path, header = Path(folder) / f"delivered.{kind}", list(spec.for_edition(EDITION).headings.values())
    cells = [[*row[:4], row[4] and LABEL_OF[row[4]]] for row in rows]
    if kind == "csv":
        writing = spec.for_edition(EDITION).writing
        assert writing.formats.csv is not None
        encoding = writing.formats.csv.encoding
        as_texts = [
            [as_text(Decimal(str(cell)) if isinstance(cell, float) else cell, writing) for cell in row] for row in cells
        ]
        with path.open("w", encoding=CODECS.get(encoding, encoding), newline="") as file:
            csv.writer(file, delimiter=writing.formats.csv.delimiter).writerows([header, *as_texts])
    elif kind == "xlsx":
        written_xlsx(path, [header, *cells], rows_in_place=False)
    elif kind == "sav":
        codes = {label: float(code) for code, label in enumerate(MEANINGS)}
        frame = pd.DataFrame([[*row[:4], codes.get(row[4] or "")] for row in cells], columns=header, dtype=object)
        frame = frame.astype(dict.fromkeys((header[2], header[3], header[4]), float))
        labels = {header[4]: {code: label for label, code in codes.items()}}
        pyreadstat.write_sav(frame, str(path), variable_value_labels=labels)
    else:
        types = [pa.string(), pa.date32(), pa.float64(), pa.int64(), pa.string()]
        columns = [pa.array(column, of_type) for column, of_type in zip(zip(*cells, strict=True), types, strict=True)]
        pq.write_table(pa.table(columns, header), path)
    return path


def typed(spec: Specification, delivered: pa.Table) -> list[tuple[Any, ...]]:
    query = typed_query(spec.for_edition(EDITION), "delivered", "extract")
    with duckdb.connect() as connection:
        connection.register("delivered", delivered)
        return connection.execute(f"SELECT {', '.join(spec.columns)} FROM ({query}) ORDER BY row").fetchall()


@OFTEN
@given(layouts(), VALUES)
@pytest.mark.slow
def test_values_come_back_from_a_file_of_any_format(layout: tuple[Format, Specification], rows: list[Values]) -> None:
    kind, spec = layout
    with tempfile.TemporaryDirectory() as folder:
        file = look_into(written_file(folder, kind, spec, rows), EDITION, {spec.extract: spec})
        assert file.rows == len(rows)
        assert typed(spec, pa.Table.from_batches(rows_of(file))) == rows


def cells_table(**columns: list[str | None]) -> pa.Table:
    """Return delivered rows that have values in these columns and nulls in all others."""
    rows = len(next(iter(columns.values())))
    place = {"edition": [EDITION] * rows, "row": list(range(rows)), "file": ["a.csv"] * rows, "extract": ["a"] * rows}
    empty = {name: pa.nulls(rows, pa.string()) for name in ("sheet", "malformed", *COLUMNS) if name not in columns}
    return pa.table(place | empty | columns)


@OFTEN
@given(
    st.lists(st.tuples(DAYS, FRACTIONS, WHOLE, st.sampled_from(sorted(MEANINGS))), min_size=1, max_size=30),
    st.sampled_from(DATE_FORMATS),
    st.sampled_from(",."),
    st.sampled_from(["{}", " {}", "{} ", "  {}  "]),
)
@pytest.mark.slow
def test_cells_are_read_with_blanks_around_them(
    rows: list[tuple[date, Decimal, int, str]], written: str, mark: str, around: str
) -> None:
    spec = specification("csv", {"encoding": "utf-8", "delimiter": ";"}, mark, written, columns=COLUMNS)
    days, fractions, whole_numbers, labels = (
        [around.format(as_text(cell, spec.for_edition(EDITION).writing)) for cell in cells]
        for cells in zip(*rows, strict=True)
    )
    delivered = cells_table(
        answered_on=days, weight=fractions, stratum_population_residents=whole_numbers, safety_answer=labels
    )
    assert typed(spec, delivered) == [
        (None, day, float(fraction), count, MEANINGS[label]) for day, fraction, count, label in rows
    ]


@OFTEN
@given(DAYS, st.permutations(DATE_FORMATS))
@pytest.mark.slow
def test_a_day_in_another_form_is_never_read_as_another_day(day: date, forms: list[str]) -> None:
    used_form, *others = forms
    spec = specification("csv", {"encoding": "utf-8", "delimiter": ";"}, ",", used_form, columns=COLUMNS)
    typed_rows = typed(spec, cells_table(answered_on=[day.strftime(other) for other in others]))
    assert {row[1] for row in typed_rows} == {None}


@OFTEN
@pytest.mark.slow
@given(FRACTIONS.filter(lambda number: number != number.to_integral_value()), st.sampled_from(",."))
def test_a_fraction_with_the_other_mark_is_never_read(fraction: Decimal, mark: str) -> None:
    spec = specification("csv", {"encoding": "utf-8", "delimiter": ";"}, mark, "%d-%m-%Y", columns=COLUMNS)
    text = format(fraction, "f").replace(".", "," if mark == "." else ".")
    typed_rows = typed(
        spec,
        cells_table(weight=[text], stratum_population_residents=[as_text(fraction, spec.for_edition(EDITION).writing)]),
    )
    assert typed_rows == [(None, None, None, None, None)]


def test_a_day_with_a_time_of_day_is_read_where_the_specification_says_that_there_may_be_one() -> None:
    written = ["%d-%m-%Y %H:%M", "%d-%m-%Y"]
    spec = specification("csv", {"encoding": "utf-8", "delimiter": ";"}, ",", written, columns=COLUMNS)
    cells: list[str | None] = ["01-03-2021 13:45", "1-3-2021", "01-03-2021 25:00", "01-03-2021T13:45", "01-03-21 13:45"]
    assert [row[1] for row in typed(spec, cells_table(answered_on=cells))] == [
        date(2021, 3, 1),
        date(2021, 3, 1),
        None,
        None,
        None,
    ]
    timed, plain = spec.for_edition(EDITION).writing, writing("xlsx", {"sheet": "Svar"}, ",", "%d-%m-%Y")
    cell = datetime(2021, 3, 1, 13, 45)
    assert cells_as_text(cell, timed) == "01-03-2021 13:45"
    assert cells_as_text(cell, plain) == "2021-03-01 13:45:00"  # not a day: the row is rejected
    assert cells_as_text(datetime(2021, 3, 1, 0, 0, 0, 1), plain) == "2021-03-01 00:00:00.000001"


def test_numbers_and_days_beyond_what_programs_hold_come_back_with_all_their_digits(tmp_path: Path) -> None:
    columns = {
        "whole": pa.array([2**64 - 1, 7], pa.uint64()),
        "float": pa.array([9007199254740991.0, 1e15], pa.float64()),
        "large": pa.array([1e23, -0.5], pa.float64()),
        "decimal": pa.array([Decimal("12345678901234567890123456789012.5"), Decimal("-0.0")], pa.decimal128(38, 1)),
        "day": pa.array([5_000_000, 18_687], pa.int32()).cast(pa.date32()),
    }
    path = tmp_path / "numbers.parquet"
    pq.write_table(pa.table(columns), path)
    rows_read = read(path, "parquet", writing("parquet", {}, ",", "%d-%m-%Y"), list(columns))
    assert [row[2:] for row in rows_read] == [
        (
            "18446744073709551615",
            "9007199254740991",
            "1" + 23 * "0",
            "12345678901234567890123456789012,5",
            "15659-07-15",
        ),
        ("7", "1000000000000000", "-0,5", "0", "01-03-2021"),
    ]
