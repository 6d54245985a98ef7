"""Tests of bad deliveries: each is refused with one sentence, and the store and the published file stay as they were.

The sentence says where the fault is and what to do. `bad_files.py` makes the spoiled files. `test_round_trip.py` tests
how good files are read, and `test_extracts.py` tests what is made from their rows.
"""

import codecs
import csv
import hashlib
import io
import os
import random
import re
import shutil
import tempfile
import zipfile
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import datetime, time
from decimal import Decimal
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from assets.extracts import landing as landing_folder
from assets.extracts import privacy
from assets.extracts.files import delivered_for
from assets.extracts.intake import take_in
from assets.extracts.kept_rows import kept_rows
from assets.extracts.layouts import load_specifications
from assets.lookups import engine_with_lookups
from tests import delivering
from tests.extracts.bad_files import (
    ACCOUNTS,
    ACTIVITIES,
    BOOK,
    COUNTS,
    DAY,
    DAY_AND_TIME,
    FIGURES,
    GOALS,
    LISTED,
    MEETINGS,
    POPULATION,
    REPORTS,
    SECRET,
    SHEET,
    SURVEY,
    Kind,
    Row,
    bomb_bytes,
    csv_bytes,
    csv_text,
    good,
    renamed,
    sheet_xml,
    spoiled,
    until_2022,
    without,
    write_bytes,
    write_csv,
    write_parquet,
    write_parts,
    write_sav,
    write_xlsx,
)
from warehouse import store
from warehouse.contracts import contracts
from warehouse.decision_file import Decisions
from warehouse.errors import InputError

Make = Callable[[Path], object]

WHAT_TO_DO = re.compile(
    r"\b(ask for|correct|download|replace|move|save|delete|rename|unhide|put|give|allow|unpack|undo|paste|wait|write|declare|format|close)\b"
)
NO_PART_OF_A_SENTENCE = ("Traceback", "Error", "Exception", "0x7f", "object at", "pyarrow", "calamine", "None", SECRET)


@dataclass(frozen=True)
class Case:
    """A bad delivery: a function that writes its files into the landing folder, and parts of the error message."""

    make: Make
    message_parts: tuple[str, ...]
    edition: int = 2023


# --- one row is at fault -----------------------------------------------------------------------------------

DAY_WORDS = "is not a calendar day in the form 31-01-2021"
ISO_WORDS = "is not a calendar day in the form 2021-01-31"
NUMBER_WORDS = "is not a number with a decimal comma"
WHOLE_WORDS = "is not a whole number"
EMPTY = "is empty, but must have a value"
LABEL = "holds a label that the specification does not explain"
FORMULA = "begins like a formula"
NO_CODE = "is not a code in area_codes.csv"
COMMAND = "=cmd|' /C calc'!A0"

Cell = tuple[Kind, str, Any, str]  # the kind, column and value of a cell, and the reason in the message

CELLS: list[Cell] = [
    (SURVEY, "Svardato", "31-02-2023", DAY_WORDS),
    (SURVEY, "Svardato", "29-02-2023", DAY_WORDS),
    (SURVEY, "Svardato", "01-13-2023", DAY_WORDS),
    (SURVEY, "Svardato", "2023-01-10", DAY_WORDS),
    (SURVEY, "Svardato", "10/01/2023", DAY_WORDS),
    (SURVEY, "Svardato", "10-01-23", DAY_WORDS),
    (SURVEY, "Svardato", "10. januar 2023", DAY_WORDS),
    (SURVEY, "Svardato", "10-01-2023 14:30", DAY_WORDS),
    (SURVEY, "Svardato", "44936", DAY_WORDS),
    (SURVEY, "Svardato", "10-01-2924", DAY_WORDS),
    (SURVEY, "Svardato", "10-01-2098", "is outside the edition's fieldwork"),
    (SURVEY, "Svardato", "10-01-2022", "is outside the edition's fieldwork, so the file may belong to another year"),
    (SURVEY, "Vægt", "-1,25", "is not above 0"),
    (SURVEY, "Vægt", "0", "is not above 0"),
    (SURVEY, "Vægt", "0,0000", "is not above 0"),
    (SURVEY, "Vægt", "1.25", NUMBER_WORDS),
    (SURVEY, "Vægt", "1.250,75", NUMBER_WORDS),
    (SURVEY, "Vægt", "1,2,5", NUMBER_WORDS),
    (SURVEY, "Vægt", "NaN", NUMBER_WORDS),
    (SURVEY, "Vægt", "inf", NUMBER_WORDS),
    (SURVEY, "Vægt", "-Infinity", NUMBER_WORDS),
    (SURVEY, "Vægt", "1e5", NUMBER_WORDS),
    (SURVEY, "Vægt", "0x10", NUMBER_WORDS),
    (SURVEY, "Vægt", "1 250", NUMBER_WORDS),
    (SURVEY, "Vægt", f"1{chr(0xA0)}250", NUMBER_WORDS),
    (SURVEY, "Vægt", "#DIV/0!", NUMBER_WORDS),
    (SURVEY, "Vægt", "9" * 400, NUMBER_WORDS),
    (SURVEY, "Vægt", "", EMPTY),
    (SURVEY, "Stratum", "  ", EMPTY),
    (SURVEY, "Vægt", "50001", "is larger than the number of residents of the stratum"),
    (SURVEY, "Vægt", "0," + "0" * 310 + "1", "is less than a thousand-millionth"),
    (SURVEY, "Stratum", "valby", "differs only in capital letters or blanks"),
    (SURVEY, "Stratum befolkning", "", EMPTY),
    (SURVEY, "Stratum befolkning", "50.000", WHOLE_WORDS),
    (SURVEY, "Stratum befolkning", "50000,5", WHOLE_WORDS),
    (SURVEY, "Stratum befolkning", "9" * 25, WHOLE_WORDS),
    (SURVEY, "Respondentnummer", "", EMPTY),
    (SURVEY, "Respondentnummer", f"{SECRET}-00001", "repeats the Respondentnummer of an earlier row"),
    (SURVEY, "Respondentnummer", COMMAND, FORMULA),
    (SURVEY, "Respondentnummer", "@SUM(1+1)", FORMULA),
    (SURVEY, "Bydel", "Atlantis", NO_CODE),
    (SURVEY, "Partnerskab", "Atlantis", "is not the code of a partnership area in area_codes.csv"),
    (SURVEY, "Partnerskab", "Valby", "is not the code of a partnership area in area_codes.csv"),
    (SURVEY, "Tryg i kvarteret", "8", LABEL),
    (SURVEY, "Tryg i kvarteret", "Meget tryg", LABEL),
    (SURVEY, "Tryg om aftenen og natten", "-99", LABEL),
    (SURVEY, "Udsat for tyveri", "Måske", LABEL),
    (SURVEY, "Udsat for tyveri", "ja", LABEL),
    (REPORTS, "Anmeldelsesdato", "31-02-2022", DAY_WORDS),
    (REPORTS, "Anmeldelsesdato", "44623", DAY_WORDS),
    (REPORTS, "Anmeldelsesdato", "", EMPTY),
    (REPORTS, "Anmeldelsesdato", "03-03-2024", "is later than the day on which the file was drawn"),
    (REPORTS, "Anmeldelsesdato", "03-01-2023", "is not before the edition's year"),
    (REPORTS, "Anmeldelsesdato", "03-03-2021", "is in a year that has less than a tenth as many reports"),
    (REPORTS, "Gerningsdato", "00-03-2022", DAY_WORDS),
    (REPORTS, "Gerningsdato", "04-03-2022", "is later than the day of the report"),
    (REPORTS, "Udtræksdato", "16-02-2023", "differs from most rows of the file"),
    (REPORTS, "Udtræksdato", "15-02-2022", "is not in the edition's year, so the file may belong to another year"),
    (REPORTS, "Gern.kode", "7511", "does not have the form"),
    (REPORTS, "Gern.kode", "751111", "does not have the form"),
    (REPORTS, "Gern.kode", "75.111", "does not have the form"),
    (REPORTS, "Gern.kode", "7511O", "does not have the form"),
    (REPORTS, "Gern.kode", "", EMPTY),
    (REPORTS, "Journalnummer", "0100-75111-00001-22", "repeats the Journalnummer of an earlier row"),
    (REPORTS, "Journalnummer", COMMAND, FORMULA),
    (REPORTS, "Bydel", "=HYPERLINK(1)", FORMULA),
    (REPORTS, "ETRS89 Øst", "718743.4", NUMBER_WORDS),
    (REPORTS, "ETRS89 Nord", "Infinity", NUMBER_WORDS),
    (COUNTS, "Antal anmeldelser", "-1", "is below 0"),
    (COUNTS, "Antal anmeldelser", "1,5", WHOLE_WORDS),
    (COUNTS, "Antal anmeldelser", "<5", WHOLE_WORDS),
    (COUNTS, "År", "2023", "is not before the edition's year, or is before 1990"),
    (COUNTS, "År", "22", "is not before the edition's year, or is before 1990"),
    (COUNTS, "Sagstype", "Hekseri", LABEL),
    (COUNTS, "Område", "Atlantis", NO_CODE),
    (COUNTS, "Udtræksdato", "15-02-2022", "is not in the edition's year"),
    (COUNTS, "År", "2004", "column Område: repeats the Område and År and Sagstype of an earlier row"),
    (POPULATION, "personer", "-1", "is not above 0"),
    (POPULATION, "personer", "0", "is not above 0"),
    (POPULATION, "personer", "9" * 18, "is more than a hundred million"),
    (COUNTS, "Antal anmeldelser", "9" * 18, "is more than ten million"),
    (POPULATION, "personer", "61.000", WHOLE_WORDS),
    (POPULATION, "personer", "", EMPTY),
    (POPULATION, "dato", "2022-02-31", ISO_WORDS),
    (POPULATION, "dato", "01-01-2022", ISO_WORDS),
    (POPULATION, "dato", "2024-01-01", "is later than the edition's year"),
    (POPULATION, "omraade", "Atlantis", NO_CODE),
    (POPULATION, "kilde", "", EMPTY),
    (POPULATION, "dato", "2004-01-01", "column omraade: repeats the omraade and dato of an earlier row"),
    (ACTIVITIES, "Status", "Næsten", LABEL),
    (ACTIVITIES, "Fokusområde", "", EMPTY),
    (ACTIVITIES, "Start", "31-04-2023", DAY_WORDS),
    (ACTIVITIES, "Start", "01-02-2026", "is in a year more than one year after the edition's"),
    (ACTIVITIES, "Partnerskab", "Atlantis", NO_CODE),
    (ACTIVITIES, "Aktivitet", COMMAND, FORMULA),
    (ACTIVITIES, "Nr.", "1", "column Partnerskab: repeats the Partnerskab and Nr. of an earlier row"),
    (GOALS, "Måltal", "10.5", NUMBER_WORDS),
    (GOALS, "Retning", "omtrent", LABEL),
    (GOALS, "Opnået", "9", "column Nået: contradicts the goal's own numbers"),
    (GOALS, "Nået", "", EMPTY),
    (GOALS, "Mål nr.", "1", "column Partnerskab: repeats the Partnerskab and Mål nr. of an earlier row"),
    (MEETINGS, "Anledning", "Julefrokost", LABEL),
    (MEETINGS, "Dato", "01-03-2024", "is later than the edition's year"),
    (MEETINGS, "Dato", "29-02-2023", DAY_WORDS),
    (MEETINGS, "Partnerskab", "Atlantis", NO_CODE),
    (MEETINGS, "Dato", "01-03-2023", "column Partnerskab: repeats the Partnerskab and Anledning and Dato of an earlier row"),
    (ACCOUNTS, "Afsat kr.", "-1", "is below 0"),
    (ACCOUNTS, "Afsat kr.", "1.000.000", NUMBER_WORDS),
    (ACCOUNTS, "Forbrug kr.", "kr. 500", NUMBER_WORDS),
    (ACCOUNTS, "Regnskabsår", "2024", "is later than the edition's year, or before 2000"),
    (ACCOUNTS, "Regnskabsår", "1999", "is later than the edition's year, or before 2000"),
    (ACCOUNTS, "Formål", "Kaffe", LABEL),
    (LISTED, "Liste pr.", "2023-13-01", ISO_WORDS),
    (LISTED, "Liste pr.", "2024-12-01", "is later than the edition's year"),
    (LISTED, "Kommunekode", "11", "does not have the form"),
    (LISTED, "Kommunekode", "1010", "does not have the form"),
    (LISTED, "Liste", "Naboområde", LABEL),
    (LISTED, "Boligområde", "", EMPTY),
    (FIGURES, "Mål", "Andel glade", LABEL),
    (FIGURES, "Værdi", "101,0", "is not between 0 and 100, although the measure is a share"),
    (FIGURES, "Værdi", "8.5", NUMBER_WORDS),
    (FIGURES, "Værdi", "8,55", "column Decimaler: is less than the number of decimals that the value has"),
    (FIGURES, "Decimaler", "99999999999", "is less than the number of decimals that the value has, or more than 6"),
    (ACTIVITIES, "Aktivitet", "+cmd|' /C calc'!A0", FORMULA),
    (ACTIVITIES, "Aktivitet", "-2+3+cmd|' /C calc'!A0", FORMULA),
    (ACTIVITIES, "Aktivitet", "\t=cmd()", FORMULA),
    (GOALS, "Resultatmål", "\u00a0", EMPTY),
    (FIGURES, "Udgave", "2024", "is later than the edition, or before the first survey"),
    (FIGURES, "Svar", "901", "is below 0, or larger than the number of invited residents"),
    (FIGURES, "Område", "Atlantis", NO_CODE),
]  # fmt: skip

XLSX_CELLS: list[Cell] = [  # Excel's own numbers, days, times and truth values
    (SURVEY, "Svardato", 44936, DAY_WORDS),
    (SURVEY, "Svardato", 44936.5, DAY_WORDS),
    (SURVEY, "Svardato", DAY_AND_TIME, DAY_WORDS),
    (SURVEY, "Svardato", datetime(2024, 1, 10), "is outside the edition's fieldwork"),
    (SURVEY, "Vægt", "1.25", NUMBER_WORDS),
    (SURVEY, "Vægt", -1.25, "is not above 0"),
    (SURVEY, "Vægt", DAY, NUMBER_WORDS),
    (SURVEY, "Vægt", True, NUMBER_WORDS),
    (SURVEY, "Vægt", "١٢", NUMBER_WORDS),
    (SURVEY, "Stratum befolkning", 50000.5, WHOLE_WORDS),
    (SURVEY, "Stratum befolkning", "५०", WHOLE_WORDS),
    (SURVEY, "Udsat for tyveri", True, LABEL),
    (SURVEY, "Bydel", COMMAND, FORMULA),
    (REPORTS, "Gern.kode", 7511, "does not have the form"),
    (REPORTS, "Gern.kode", 75111.5, "does not have the form"),
    (REPORTS, "Anmeldelsesdato", "31-02-2022", DAY_WORDS),
    (REPORTS, "Anmeldelsesdato", time(14, 30), DAY_WORDS),
    (ACTIVITIES, "Start", 44936, DAY_WORDS),
]  # fmt: skip


TOLERATED = (SURVEY, REPORTS, ACTIVITIES)  # kinds of which a small share of rejected rows is tolerated


def column_and_reason(cell: Cell) -> str:
    """Return the column and the reason that the message must have.

    The column is that of the spoiled value. If a rule compares several columns, the case itself names the column.
    """
    return cell[3] if cell[3].startswith("column ") else f"column {cell[1]}: {cell[3]}"


def cell_id(cell: Cell) -> str:
    return f"{cell[0].stem}-{cell[1]}-{str(cell[2])[:40]!a}"


def one_of_each(cells: list[Cell]) -> list[Cell]:
    """Return the cells, but for kinds of TOLERATED only the first cell of each reason.

    All cells of these kinds are tested with rows among many good rows.
    """
    reasons = [(cell[0].stem, cell[3]) for cell in cells]
    return [
        cell for place, cell in enumerate(cells) if cell[0] not in TOLERATED or reasons[place] not in reasons[:place]
    ]


def in_csv(cell: Cell) -> Make:
    return lambda folder: write_csv(folder, cell[0], spoiled(cell[0], {cell[1]: cell[2]}))


def in_xlsx(cell: Cell) -> Make:
    return lambda folder: write_xlsx(folder, cell[0], spoiled(cell[0], {cell[1]: cell[2]}))


def of_20(cell: Cell, file: str, row: int) -> tuple[str, ...]:
    return (f"{file}: 1 of 20 rows are rejected", f"row {row}, {column_and_reason(cell)}")


ONE_ROW = {
    **{cell_id(cell): Case(in_csv(cell), of_20(cell, cell[0].csv, 6)) for cell in one_of_each(CELLS)},
    **{
        f"{cell_id(cell)} in Excel": Case(
            in_xlsx(cell), of_20(cell, f"{cell[0].xlsx}, sheet {cell[0].sheet}", cell[0].header_row + 5)
        )
        for cell in one_of_each(XLSX_CELLS)
        if cell[0] is not SURVEY  # the survey's many columns take long
    },
}


# --- several rows, or the rows of several files ------------------------------------------------------------


def stratum(**cells: str) -> Make:
    """Return a function that writes a survey file in which three respondents are a stratum of their own.

    `cells` changes their rows.
    """
    named = {"weight": "Vægt", "population": "Stratum befolkning"}
    changed = {"Stratum": "Lille"} | {named[name]: cell for name, cell in cells.items()}
    return lambda folder: write_csv(
        folder, SURVEY, [*good(SURVEY, 17), *(row | changed for row in good(SURVEY, 20)[17:])]
    )


def every(kind: Kind, cells: Row) -> Make:
    return lambda folder: write_csv(folder, kind, [row | cells for row in good(kind)])


def lines_of(kind: Kind, change: Callable[[list[str]], object], newline: str = "\r\n") -> Make:
    """Return a function that writes a CSV file after `change` has changed its lines. The first line is the header."""

    def make(folder: Path) -> None:
        lines = csv_text(good(kind), kind.delimiter).splitlines()
        change(lines)
        write_bytes(folder, kind.csv, newline.join([*lines, ""]).encode(kind.encoding))

    return make


def two_files(kind: Kind, first: list[Row], second: list[Row]) -> Make:
    def make(folder: Path) -> None:
        write_csv(folder, kind, first)
        write_csv(folder, kind, second, f"{kind.stem}_mere.csv")

    return make


SEVERAL_ROWS = {
    "all weights of a stratum zero": Case(
        stratum(weight="0"), ("svar.csv: 3 of 20 rows", "row 19, column Stratum: is a stratum in which no respondent has a weight above 0")
    ),
    "all weights of a stratum negative": Case(stratum(weight="-1"), ("svar.csv: 3 of 20 rows", "row 19, column Vægt: is not above 0")),
    "a stratum without population": Case(stratum(population=""), ("row 19, column Stratum befolkning: is empty, but must have a value",)),
    "a stratum with a population of zero": Case(stratum(population="0"), ("row 19, column Stratum befolkning: is not above 0",)),
    "a stratum smaller than its sample": Case(
        stratum(population="2"), ("row 19, column Stratum befolkning: is smaller than the number of respondents",)
    ),
    "two populations of one stratum": Case(
        lambda folder: write_csv(folder, SURVEY, spoiled(SURVEY, {"Stratum befolkning": "50001"})),
        ("svar.csv: 10 of 20 rows", "row 2, column Stratum befolkning: is not the same for all respondents of the stratum"),
    ),
    "every weight zero": Case(every(SURVEY, {"Vægt": "0"}), ("svar.csv: 20 of 20 rows", "row 2, column Vægt: is not above 0")),
    "the survey of the year before, with this year's headings": Case(
        every(SURVEY, {"Svardato": "10-01-2022"}), ("20 of 20 rows", "row 2, column Svardato: is outside the edition's fieldwork")
    ),
    "the survey of the year after": Case(every(SURVEY, {"Svardato": "10-01-2024"}), ("row 2, column Svardato: is outside the edition",)),
    "decimal points in every row": Case(every(SURVEY, {"Vægt": "1.25"}), ("20 of 20 rows", "row 2, column Vægt: is not a number with a decimal comma")),
    "last year's reports with this year's headings": Case(
        every(REPORTS, {"Gerningsdato": "", "Anmeldelsesdato": "03-03-2021", "Udtræksdato": "15-02-2022"}),
        ("20 of 20 rows", "row 2, column Udtræksdato: is not in the edition's year, so the file may belong to another year"),
    ),
    "reports of the edition's own year": Case(
        every(REPORTS, {"Anmeldelsesdato": "03-02-2023"}), ("20 of 20 rows", "row 2, column Anmeldelsesdato: is not before the edition's year")
    ),
    "leading zeros lost in every code": Case(every(REPORTS, {"Gern.kode": "1117"}), ("20 of 20 rows", "row 2, column Gern.kode: does not have the form")),
    "Excel's numbers of days in every row": Case(every(REPORTS, {"Anmeldelsesdato": "44623"}), ("row 2, column Anmeldelsesdato: is not a calendar day",)),
    "every respondent twice": Case(
        lambda folder: write_csv(folder, SURVEY, good(SURVEY) * 2),
        ("20 of 40 rows", "row 22, column Respondentnummer: repeats the Respondentnummer of an earlier row"),
    ),
    "every journal number twice": Case(
        lambda folder: write_csv(folder, REPORTS, good(REPORTS) * 2),
        ("20 of 40 rows", "row 22, column Journalnummer: repeats the Journalnummer of an earlier row"),
    ),
    "the same respondents in two files": Case(
        two_files(SURVEY, good(SURVEY), [row | {"Vægt": "2"} for row in good(SURVEY)]),
        ("svar_mere.csv: 20 of 20 rows", "row 2, column Respondentnummer: repeats"),
    ),
    "the same journal numbers in two files of one draw": Case(
        two_files(REPORTS, good(REPORTS), [row | {"Rode": "238"} for row in good(REPORTS)]),
        ("anmeldelser_mere.csv: 20 of 20 rows", "row 2, column Journalnummer: repeats"),
    ),
    "two rows of headings": Case(
        lines_of(SURVEY, lambda lines: lines.insert(1, lines[0])), ("svar.csv: 1 of 21 rows", "row 2, column Bydel: is not a code")
    ),
    "headings again in the middle": Case(lines_of(COUNTS, lambda lines: lines.insert(9, lines[0])), ("antal.csv: 1 of 21 rows", "row 10, column")),
    "a sum below the rows": Case(lines_of(COUNTS, lambda lines: lines.append("I alt;;;240;")), ("antal.csv: 1 of 21 rows", "row 22, column")),
    "a row with a cell too many": Case(
        lines_of(REPORTS, lambda lines: lines.insert(5, f"{lines[5]};9")), ("row 6, column (whole row): has 10 cells, but the header has 9",)
    ),
    "a row with a cell too few": Case(
        lines_of(REPORTS, lambda lines: lines.insert(5, lines[5].rsplit(";", 1)[0])), ("row 6, column (whole row): has 8 cells, but the header has 9",)
    ),
    "meetings of another year": Case(
        lines_of(MEETINGS, lambda lines: lines.__setitem__(slice(None), [line.replace("-2023", "-2022") for line in lines])),
        ("20 of 20 rows are rejected", "is earlier than the edition's year in every row"),
    ),
    "an empty row": Case(lines_of(MEETINGS, lambda lines: lines.insert(5, "")), ("row 6, column Anledning: is empty, but must have a value",)),
    "a row of empty cells": Case(lines_of(MEETINGS, lambda lines: lines.insert(5, ";;")), ("row 6, column Partnerskab: is empty, but must have a value",)),
    "an empty last row": Case(lines_of(MEETINGS, lambda lines: lines.append("")), ("row 22, column Anledning: is empty, but must have a value",)),
    "a delimiter within a cell, without quotes": Case(
        lines_of(ACTIVITIES, lambda lines: lines.insert(5, lines[5].replace("aktivitet", "aktivitet; og mere"))),
        ("row 6, column (whole row): has 8 cells, but the header has 7",),
    ),
    "another delimiter in one row": Case(
        lines_of(REPORTS, lambda lines: lines.insert(5, lines[5].replace(";", ","))), ("row 6, column (whole row): has 1 cells",)
    ),
}  # fmt: skip


# --- text files that are none ------------------------------------------------------------------------------


def content(name: str, text: bytes) -> Make:
    return lambda folder: write_bytes(folder, name, text)


def edited(kind: Kind, old: bytes, new: bytes) -> Make:
    """Return a function that writes a good CSV file in which the first `old` is replaced by `new`."""

    def make(folder: Path) -> None:
        text = csv_bytes(kind)
        assert old in text, old
        write_bytes(folder, kind.csv, text.replace(old, new, 1))

    return make


def recoded(kind: Kind, encoding: str, rows: list[Row] | None = None) -> Make:
    return lambda folder: write_bytes(folder, kind.csv, csv_text(rows or good(kind), kind.delimiter).encode(encoding))


def divided(kind: Kind, delimiter: str) -> Make:
    return lambda folder: write_bytes(folder, kind.csv, csv_text(good(kind), delimiter).encode(kind.encoding))


def cut(kind: Kind, end: int, quoting: int = csv.QUOTE_MINIMAL) -> Make:
    """Return a function that writes a good CSV file without its last `end` bytes."""
    return lambda folder: write_bytes(
        folder, kind.csv, csv_text(good(kind, 200), kind.delimiter, quoting).encode(kind.encoding)[:-end]
    )


TITLE = f"{SECRET}-00003".encode()

TEXTS = {
    "no workbook behind the name": Case(content("svar.xlsx", bytes(range(256)) * 12), ("svar.xlsx: the file is damaged or cut off",)),
    "no SPSS file behind the name": Case(content("svar.SAV", b"\x13" * 3000), ("svar.SAV: the file is damaged or cut off",)),
    "no Parquet file behind the name": Case(content("svar.parquet", b"a\x01" * 1500), ("svar.parquet: the file is damaged or cut off",)),
    "empty": Case(content("svar.csv", b""), ("svar.csv: the file is empty: ask for it again",)),
    "blanks and line ends alone": Case(content("svar.csv", b" \r\n\r\n \t"), ("svar.csv: the file is empty",)),
    "NUL bytes alone": Case(content("svar.csv", bytes(5000)), ("svar.csv: the file is empty",)),
    "a byte order mark alone": Case(content("svar.csv", codecs.BOM_UTF8), ("svar.csv: the file is empty",)),
    "headings alone": Case(content("svar.csv", csv_bytes(SURVEY).split(b"\r\n")[0] + b"\r\n"), ("svar.csv: there is a header, but there are no rows",)),
    "headings alone, without a line end": Case(content("svar.csv", csv_bytes(SURVEY).split(b"\r\n")[0]), ("svar.csv, line 1: no line end follows the last row",)),
    "cut off within the headings": Case(content("svar.csv", csv_bytes(SURVEY)[:150]), ("svar.csv: the file is most similar to sikker_by_survey",)),
    "cut off within a row": Case(cut(SURVEY, 20), ("svar.csv, line 201: the file ends in the middle of a row", "cut off")),
    "cut off within a row with quotes": Case(cut(SURVEY, 20, csv.QUOTE_ALL), ("svar.csv, line 201",)),
    "cut off within the last cell": Case(cut(ACCOUNTS, 4), ("regnskab.csv, line 201: no line end follows the last row", "add a line end if the file is complete")),
    "the mark of a letter that was lost": Case(edited(LISTED, "Område 7".encode(), "Omr\ufffdde 7".encode()), ("liste.csv, line 8: the line holds the character that replaces a lost letter",)),
    "a quoted cell that is too long": Case(
        every(SURVEY, {"Stratum": "x;" + "y" * 200_000}), ("svar.csv, row 2, column Stratum: the cell holds more than 10000 characters",)
    ),
    "cut off between the quoted cells of a row": Case(cut(SURVEY, 19, csv.QUOTE_ALL), ("svar.csv, line 201: the file ends in the middle of a row",)),
    "no headings": Case(lines_of(REPORTS, lambda lines: lines.pop(0)), ("anmeldelser.csv: no specification fits the columns and the delimiter of this csv file",)),
    "a title above the headings": Case(
        lines_of(REPORTS, lambda lines: lines.insert(0, f"{SECRET} udtræk")), ("anmeldelser.csv: no specification fits the columns and the delimiter of this csv file",)
    ),
    "a row of groups above the headings": Case(
        lines_of(SURVEY, lambda lines: lines.insert(0, "Baggrund;;;;;;;;Tryghed;;Udsat;")), ("svar.csv: no specification fits the columns and the delimiter of this csv file",)
    ),
    "an HTML page": Case(content("svar.csv", b"<!DOCTYPE html>\n<html><body>Log in</body></html>"), ("svar.csv: this is a web page", "download the file again")),
    "an HTML page after blank lines and a mark": Case(content("svar.csv", codecs.BOM_UTF8 + b"\r\n\r\n<HTML lang=da>"), ("svar.csv: this is a web page",)),
    "an HTML table, as old exports write it": Case(content("svar.csv", b"<table><tr><td>Respondentnummer</td></tr></table>"), ("svar.csv: this is a web page",)),
    "an old Excel file in XML": Case(content("svar.xls", b'<?xml version="1.0"?><Workbook xmlns="urn:schemas-microsoft-com:office:spreadsheet"/>'), ("svar.xls: this is an Excel file in the old XML format", "save it as .xlsx")),
    "a bzip2 archive": Case(content("svar.csv", b"BZh91AY&SY0000"), ("svar.csv: the file is packed with bzip2: unpack it",)),
    "a picture": Case(content("svar.csv", b"\x89PNG\r\n\x1a\n0000"), ("svar.csv: this is a picture",)),
    "a file of Stata": Case(content("svar.csv", b"<stata_dta><header>"), ("svar.csv: this is a Stata file",)),
    "an XML file": Case(content("svar.csv", b'<?xml version="1.0"?><svar/>'), ("svar.csv: this is a web page",)),
    "a JSON error": Case(content("svar.csv", b'{"error": "not found"}'), ("svar.csv: no specification fits the columns and the delimiter of this csv file",)),
    "a PDF": Case(content("svar.csv", b"%PDF-1.7\n"), ("svar.csv: this is a PDF: ask for the table as .xlsx",)),
    "packed with gzip": Case(content("svar.csv", b"\x1f\x8b\x08\x00abc"), ("svar.csv: the file is packed with gzip: unpack it",)),
    "packed with 7z": Case(content("svar.csv", b"7z\xbc\xaf\x27\x1cabc"), ("svar.csv: the file is packed with 7z: unpack it",)),
    "a database": Case(content("svar.csv", b"SQLite format 3\x00abc"), ("svar.csv: this is a database: ask for the table as .xlsx",)),
    "random bytes": Case(content("svar.csv", hashlib.shake_256(b"svar").digest(5000)), ("svar.csv",)),
    "commas for semicolons": Case(divided(REPORTS, ","), ("anmeldelser.csv, line 1: the cells are separated by commas, but the specification says semicolons",)),
    "tabs for semicolons": Case(divided(SURVEY, "\t"), ("svar.csv, line 1: the cells are separated by tabs, but the specification says semicolons",)),
    "semicolons for commas": Case(divided(POPULATION, ";"), ("befolkning.csv, line 1: the cells are separated by semicolons, but the specification says commas",)),
    "bars for semicolons": Case(divided(LISTED, "|"), ("liste.csv, line 1: the cells are separated by bars",)),
    "a line that names the delimiter": Case(lines_of(REPORTS, lambda lines: lines.insert(0, "sep=;")), ("anmeldelser.csv",)),
    "windows-1252 with a byte order mark": Case(
        lambda folder: write_bytes(folder, "anmeldelser.csv", codecs.BOM_UTF8 + csv_bytes(REPORTS)), ("anmeldelser.csv, line 1",)
    ),
    "UTF-8 with a mark for windows-1252": Case(recoded(REPORTS, "utf-8-sig"), ("anmeldelser.csv, line 1: the file starts with a byte order mark",)),
    "UTF-8 with a mark for UTF-8": Case(recoded(POPULATION, "utf-8-sig"), ("befolkning.csv, line 1: the file starts with a byte order mark", "utf-8-sig")),
    "UTF-8 for windows-1252": Case(recoded(REPORTS, "utf-8"), ("anmeldelser.csv, line 1: the file is written in UTF-8, but the specification says windows-1252",)),
    "UTF-8 for windows-1252, in one row": Case(
        edited(SURVEY, b"Indre By", "Nørrebro".encode()), ("svar.csv, line", "holds letters in UTF-8, while other lines are in windows-1252")
    ),
    "windows-1252 for UTF-8": Case(recoded(ACTIVITIES, "cp1252"), ("aktiviteter.csv, line 1: the line is not written in utf-8-sig",)),
    "windows-1252 for UTF-8, in one row": Case(edited(LISTED, "Område 5".encode(), b"Omr\xe5de 5"), ("liste.csv, line 6: the line is not written in utf-8",)),
    "UTF-16": Case(recoded(REPORTS, "utf-16"), ("anmeldelser.csv, line 1: the file is written in UTF-16",)),
    "UTF-16, the other way round": Case(
        lambda folder: write_bytes(folder, "svar.csv", codecs.BOM_UTF16_BE + csv_text(good(SURVEY)).encode("utf-16-be")),
        ("svar.csv, line 1: the file is written in UTF-16",),
    ),
    "UTF-16 without a mark": Case(recoded(REPORTS, "utf-16-le"), ("anmeldelser.csv, line 1: the file is written in UTF-16",)),
    "UTF-16 for UTF-8": Case(recoded(ACTIVITIES, "utf-16"), ("aktiviteter.csv, line 1: the file is written in UTF-16",)),
    "UTF-32": Case(recoded(SURVEY, "utf-32"), ("svar.csv, line 1",)),
    "letters of DOS": Case(recoded(REPORTS, "cp865"), ("anmeldelser.csv: the file is most similar to koebenhavns_politi_reports",)),
    "letters of the Macintosh": Case(recoded(REPORTS, "mac_roman"), ("anmeldelser.csv",)),
    "a byte that windows-1252 does not have": Case(edited(SURVEY, b"Indre By", b"Indre\x81By"), ("svar.csv, line 3: byte 0x81 is not a character of windows-1252",)),
    "a NUL byte": Case(edited(SURVEY, TITLE, TITLE + b"\x00"), ("svar.csv, line 4: the line holds a control character (byte 0)",)),
    "an escape of the terminal": Case(edited(SURVEY, TITLE, b"\x1b[31m" + TITLE), ("svar.csv, line 4: the line holds a control character (byte 27)",)),
    "a vertical tab": Case(edited(SURVEY, TITLE, b"\x0b"), ("svar.csv, line 4: the line holds a control character (byte 11)",)),
    "an end-of-file mark of DOS": Case(lambda folder: write_bytes(folder, "svar.csv", csv_bytes(SURVEY) + b"\x1a"), ("svar.csv, line 22: the line holds a control character",)),
    "a mark that turns the direction of writing": Case(
        edited(GOALS, f"{SECRET} resultat".encode(), f"{SECRET}\u202e resultat".encode()), ("maal.csv, line 2: the line holds an invisible character that changes the direction",)
    ),
    "a right-to-left mark in a heading": Case(edited(GOALS, "Mål".encode(), "\u200fMål".encode()), ("maal.csv",)),
    "an isolate mark": Case(edited(LISTED, "Område 7".encode(), "\u2066Område 7".encode()), ("liste.csv, line 8: the line holds an invisible character that changes",)),
    "an invisible blank in a heading": Case(edited(GOALS, "Mål nr.".encode(), "Mål\u200bnr.".encode()), ("maal.csv: the file is most similar to tryghedsplan_goals",)),
    "lone carriage returns": Case(lines_of(REPORTS, lambda lines: None, "\r"), ("anmeldelser.csv", "a lone CR")),
    "a lone carriage return in a row": Case(edited(REPORTS, b"Valby", b"Val\rby"), ("anmeldelser.csv, line 2", "a lone CR")),
    "an open quote": Case(edited(REPORTS, b"\r\n0100-75111-00009-22", b'\r\n"0100-75111-00009-22'), ("anmeldelser.csv, line 10: the quotation marks do not match",)),
    "two quotes that stand alone": Case(
        lines_of(REPORTS, lambda lines: lines.__setitem__(slice(4, 8, 3), [lines[4].replace("Valby", '"Valby'), lines[7].replace("Valby", 'Valby"')])),
        ("anmeldelser.csv, line 5: a quotation mark without its partner",),
    ),
    "quotes as ditto marks": Case(
        lines_of(ACTIVITIES, lambda lines: lines.__setitem__(slice(3, 5), [line.replace("I gang", '"') for line in lines[3:5]])),
        ("aktiviteter.csv, line 4: ",),
    ),
    "a name that was read in another encoding": Case(
        lambda folder: write_csv(folder, POPULATION, spoiled(POPULATION, {"omraade": "N\u00c3\u00b8rrebro"})),
        ("befolkning.csv, line 6: the line holds a Danish letter that was garbled",),
    ),
    "a letter that was read in another encoding": Case(
        edited(GOALS, f"{SECRET} resultat".encode(), f"{SECRET} m\u00c3\u00a5l".encode()), ("maal.csv, line 2: the line holds a Danish letter that was garbled",)
    ),
    "a quote within a quoted cell": Case(edited(REPORTS, b"0100-75111-00009-22", b'"0100-75111-"00009-22'), ("anmeldelser.csv, line 10: the quotation marks do not match",)),
    "10 MB in one cell": Case(edited(SURVEY, TITLE, TITLE + b"x" * 10_000_000), ("svar.csv, line 4: the line is longer than a megabyte",)),
    "10 MB in one cell with quotes": Case(edited(SURVEY, TITLE, b'"' + b"x" * 10_000_000 + b'"'), ("svar.csv, line 4: the line is longer than a megabyte",)),
    "10 MB of lines in one cell": Case(edited(SURVEY, TITLE, b'"' + b"x\r\n" * 3_400_000 + b'"'), ("svar.csv, line 4",)),
    "10 MB without a line end": Case(content("svar.csv", csv_bytes(SURVEY).split(b"\r\n")[0] + b"x" * 10_000_000), ("svar.csv",)),
    "a heading twice": Case(edited(SURVEY, b"Inviterede", b"Stratum"), ("svar.csv: two columns are called 'Stratum'",)),
    "a heading twice beside all others": Case(
        lambda folder: write_bytes(folder, "moeder.csv", csv_bytes(MEETINGS).replace(b"Dato", b"Dato;Dato").replace(b"-2023", b"-2023;01-03-2023")),
        ("moeder.csv: two columns are called 'Dato'",),
    ),
    "a heading too many at the end": Case(lines_of(MEETINGS, lambda lines: lines.__setitem__(slice(None), [f"{line};" for line in lines])), ("moeder.csv", "unknown column 4")),
}  # fmt: skip


# --- other columns -----------------------------------------------------------------------------------------


def named(kind: Kind, names: dict[str, str]) -> Make:
    return lambda folder: write_csv(folder, kind, renamed(good(kind), names))


def lacking(kind: Kind, *names: str) -> Make:
    return lambda folder: write_csv(folder, kind, without(good(kind), *names))


def more(kind: Kind, name: str, cell: str) -> Make:
    return lambda folder: write_csv(folder, kind, [row | {name: cell} for row in good(kind)])


COLUMNS = {
    "a column renamed": Case(named(SURVEY, {"Vægt": "Vaegt"}), ("svar.csv: the file is most similar to sikker_by_survey", "missing Vægt; unknown Vaegt")),
    "a column in other letters": Case(named(SURVEY, {"Vægt": "vægt"}), ("missing Vægt; unknown vægt",)),
    "a column missing": Case(lacking(SURVEY, "Stratum befolkning"), ("svar.csv", "(missing Stratum befolkning)", "correct the names in ", "/sikker_by_survey.yml.")),
    "most columns missing": Case(lacking(SURVEY, *list(good(SURVEY)[0])[4:]), ("svar.csv: the file is most similar to sikker_by_survey", "missing")),
    "a column more": Case(more(REPORTS, "Politikreds", "1"), ("anmeldelser.csv: the file is most similar to koebenhavns_politi_reports", "(unknown Politikreds)")),
    "a column more that seems to contain a value": Case(more(REPORTS, "0101901234", "1"), ("anmeldelser.csv", "(unknown column 10)")),
    "a column more with an address": Case(more(REPORTS, f"{SECRET}@example.org", "1"), ("anmeldelser.csv", "(unknown column 10)")),
    "a formula for a heading": Case(more(REPORTS, COMMAND, "1"), ("anmeldelser.csv", "(unknown column 10)")),
    "a heading of ten thousand letters": Case(more(REPORTS, "x" * 10_000, "1"), ("anmeldelser.csv", "(unknown column 10)")),
    "a hundred columns more": Case(
        lambda folder: write_csv(folder, MEETINGS, [row | {f"Spalte nr. {n}": "1" for n in range(100)} for row in good(MEETINGS)]),
        ("moeder.csv: the file is most similar to partnership_meetings", "unknown Spalte nr. 0, Spalte nr. 1", "and 94 more"),
    ),
    "a row of values for headings, one of which is a heading": Case(
        content("aktiviteter.csv", csv_bytes(ACTIVITIES, [{f"{SECRET} et": "1", "Status": "I gang", f"{SECRET} to": "2"}])), ("aktiviteter.csv: no specification fits the columns and the delimiter of this csv file",)
    ),
    "the headings of the years before": Case(
        lambda folder: write_csv(folder, REPORTS, until_2022(REPORTS, 2023)), ("anmeldelser.csv: the file has the columns that koebenhavns_politi_reports has in edition 2017", "edition 2023 has other columns")
    ),
    "the survey's headings of the years before": Case(
        lambda folder: write_csv(folder, SURVEY, until_2022(SURVEY, 2023)), ("svar.csv: the file has the columns that sikker_by_survey has in edition 2021", "replace this file with the file of edition 2023")
    ),
    "this year's headings in an earlier edition": Case(
        lambda folder: write_csv(folder, REPORTS), ("anmeldelser.csv: the file has the columns that koebenhavns_politi_reports has in edition 2023", "edition 2021 has other columns"), 2021
    ),
    "a column of names": Case(more(REPORTS, "Anmelders navn", f"{SECRET}"), ("anmeldelser.csv", "unknown Anmelders navn")),
    "CPR numbers in a column of codes": Case(
        every(REPORTS, {"Rode": "010190-1234"}), ("anmeldelser.csv, column Rode: the column seems to hold CPR numbers but is not declared as personal",)
    ),
    "e-mail addresses in a column of codes": Case(every(REPORTS, {"Rode": f"{SECRET}@example.org"}), ("column Rode: the column seems to hold e-mail addresses",)),
    "addresses in a column of codes": Case(every(REPORTS, {"Rode": f"{SECRET}vej 12"}), ("anmeldelser.csv, column Rode: the column seems to hold addresses",)),
    "goals for activities": Case(lambda folder: write_csv(folder, GOALS, without(good(GOALS), "Mål nr.")), ("maal.csv: the file is most similar to tryghedsplan_goals",)),
}  # fmt: skip


# --- Excel -------------------------------------------------------------------------------------------------


def book(kind: Kind, change: Callable[[Any, Any], object]) -> Make:
    return lambda folder: write_xlsx(folder, kind, None, change)


def part(kind: Kind, name: str, old: str, new: str) -> Make:
    """Return a function that writes a workbook. In its part `name`, the first `old` is replaced by `new`."""

    def make(folder: Path) -> None:
        text = sheet_xml(kind) if name == SHEET else BOOK[name].replace("{sheet}", kind.sheet)
        assert old in text, old
        write_parts(folder, kind, {name: text.replace(old, new, 1)})

    return make


def other_sheet(name: str, hide: str | None = None) -> Callable[[Any, Any], object]:
    def change(book: Any, sheet: Any) -> None:
        other = book.add_worksheet(name)
        other.write(0, 0, "x")
        if hide:
            getattr(other, hide)()

    return change


def hide(book: Any, sheet: Any) -> None:
    book.add_worksheet("Læs mig").activate()
    sheet.hide()


def packed_again(change: Callable[[bytes], bytes]) -> Make:
    """Return a function that writes a good workbook after `change` has changed its bytes."""

    def make(folder: Path) -> None:
        path = write_xlsx(folder, SURVEY)
        path.write_bytes(change(path.read_bytes()))

    return make


def with_password(packed: bytes) -> bytes:
    """Return the bytes of a ZIP file with the flag for a password set in every entry."""
    for mark, place in ((b"PK\x03\x04", 6), (b"PK\x01\x02", 8)):
        starts = [match.start() for match in re.finditer(re.escape(mark), packed)]
        for start in starts:
            packed = packed[: start + place] + b"\x01\x00" + packed[start + place + 2 :]
    return packed


def archive(name: str, entries: dict[str, bytes]) -> Make:
    def make(folder: Path) -> None:
        with zipfile.ZipFile(folder / name, "w", zipfile.ZIP_DEFLATED) as packed:
            for entry, text in entries.items():
                packed.writestr(entry, text)

    return make


ENTITIES = f'<!DOCTYPE x [<!ENTITY a "{"a" * 1000}"><!ENTITY b "{"&a;" * 1000}"><!ENTITY c "{"&b;" * 1000}">]>'
BOMB = 520  # megabytes


def nested_bomb(folder: Path) -> None:
    bomb = bomb_bytes(SURVEY, BOMB)
    archive("svar.zip", {f"{number}/svar.xlsx": bomb for number in range(5)})(folder)


def lying_bomb(name: str) -> Make:
    """Return a function that writes the workbook of `bomb_bytes`.

    The headers of the ZIP file say falsely that the part unpacks to a thousand bytes.
    """

    def make(folder: Path) -> None:
        bomb = bomb_bytes(SURVEY, BOMB, name)
        with zipfile.ZipFile(io.BytesIO(bomb)) as packed:
            size = packed.getinfo(name).file_size
        write_bytes(folder, "svar.xlsx", bomb.replace(size.to_bytes(4, "little"), (1000).to_bytes(4, "little")))

    return make


def prefixed(text: str) -> str:
    """Add the prefix x to each tag of a sheet's XML, as some libraries do: <x:c> for <c>."""
    return re.sub(r"<(/?)(\w)", r"<\1x:\2", text).replace("xmlns=", "xmlns:x=")


def write_prefixed(folder: Path) -> None:
    write_parts(folder, SURVEY, {SHEET: prefixed(sheet_xml(SURVEY))})


def prefixed_formula(folder: Path) -> None:
    text = sheet_xml(SURVEY).replace(f"<is><t>{SECRET}-00005</t></is>", "<f>1+1</f><v>2</v>")
    write_parts(folder, SURVEY, {SHEET: prefixed(text)})


LONG_CELL = f"{SECRET}-{'x' * 10_000_000}"

EXCEL = {
    "Excel with a password": Case(content("svar.xlsx", b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1" + bytes(4000)), ("svar.xlsx: this is an Excel file with a password, or in the old format .xls", "save it as .xlsx")),
    "packed with a password": Case(packed_again(with_password), ("svar.xlsx: the file has a password: ask for a file without one",)),
    "a workbook cut off": Case(packed_again(lambda packed: packed[: len(packed) // 2]), ("svar.xlsx: the file is damaged or cut off",)),
    "a workbook without its last bytes": Case(packed_again(lambda packed: packed[:-30]), ("svar.xlsx: the file is damaged or cut off",)),
    "a workbook with bytes changed": Case(packed_again(lambda packed: packed[:900] + bytes(200) + packed[1100:]), ("svar.xlsx: the file is damaged or cut off",)),
    "the beginning of a workbook alone": Case(content("svar.xlsx", b"PK\x03\x04"), ("svar.xlsx: the file is damaged or cut off",)),
    "an archive with a CSV file": Case(archive("svar.zip", {"svar.csv": csv_bytes(SURVEY)}), ("svar.zip: the file is not an Excel workbook but a packed archive or a table of another program: unpack it",)),
    "an archive with a path that climbs": Case(archive("svar.zip", {"../../etc/passwd": b"x"}), ("svar.zip: the file is not an Excel workbook",)),
    "an empty archive": Case(content("svar.xlsx", b"PK\x05\x06" + bytes(18)), ("svar.xlsx",)),
    "a LibreOffice table": Case(archive("svar.ods", {"mimetype": b"application/vnd.oasis.opendocument.spreadsheet", "content.xml": b"<x/>"}), ("svar.ods", ".xlsx")),
    "a binary workbook": Case(archive("svar.xlsb", {"xl/workbook.bin": b"x"}), ("svar.xlsb", ".xlsx")),
    "a zip bomb": Case(
        lambda folder: write_bytes(folder, "svar.xlsx", bomb_bytes(SURVEY, BOMB)), ("svar.xlsx: the file unpacks to more than half a gigabyte", "ask for it again")
    ),
    "zip bombs in an archive": Case(nested_bomb, ("svar.zip: the file is not an Excel workbook", "unpack it")),
    "a zip bomb that lies about its size": Case(lying_bomb(SHEET), ("svar.xlsx, sheet Svar, row 1: the row is longer than 16 megabytes", "ask for the file again")),
    "a zip bomb of words that lies about its size": Case(lying_bomb("xl/sharedStrings.xml"), ("svar.xlsx: the file unpacks to more than half a gigabyte",)),
    "a cell at the end of the sheet": Case(
        book(SURVEY, lambda book, sheet: sheet.write(1_048_575, 16_383, 1)), ("svar.xlsx, sheet Svar, row 1048576, column XFD: the cell is too far from the other cells", "delete")
    ),
    "a cell in the last row of the sheet": Case(
        book(SURVEY, lambda book, sheet: sheet.write(1_048_575, 0, 1)), ("svar.xlsx, sheet Svar, row 1048576, column AC: the cell is too far from the other cells",)
    ),
    "a cell with a row that no sheet has": Case(part(SURVEY, SHEET, '"A6"', '"A99999999999"'), ("svar.xlsx, sheet Svar, row 99999999999, column AC: the cell is too far",)),
    "a cell with a column that no sheet has": Case(part(SURVEY, SHEET, '"C6"', '"ZZZZZZ6"'), ("svar.xlsx, sheet Svar, row 21, column ZZZZZZ: the cell is too far",)),
    "10 MB in one cell of a sheet": Case(
        lambda folder: write_parts(folder, SURVEY, {SHEET: sheet_xml(SURVEY, spoiled(SURVEY, {"Bydel": LONG_CELL}))}),
        ("svar.xlsx", "sheet Svar, row 6, column Bydel: the cell holds more than 10000 characters"),
    ),
    "10 MB in one cell of a personal column": Case(
        lambda folder: write_parts(folder, SURVEY, {SHEET: sheet_xml(SURVEY, spoiled(SURVEY, {"Respondentnummer": LONG_CELL}))}),
        ("svar.xlsx, sheet Svar, row 6, column Respondentnummer: the cell holds more than 10000 characters",),
    ),
    "a sheet of another name": Case(lambda folder: write_xlsx(folder, Kind("svar", SURVEY.row, "", "", "Ark1")), ("svar.xlsx: no specification fits any sheet of the file (Ark1) by its name", "each with its heading row: ", "Svar (1)")),
    "a second sheet": Case(book(SURVEY, other_sheet("Flere svar")), ("svar.xlsx, sheet Flere svar: the specification does not name this sheet: delete the sheet",)),
    "a hidden sheet": Case(book(SURVEY, other_sheet("Gemt", "hide")), ("svar.xlsx, sheet Gemt: the specification does not name this hidden sheet",)),
    "a deeply hidden sheet": Case(book(SURVEY, other_sheet("Gemt", "very_hidden")), ("svar.xlsx, sheet Gemt: the specification does not name this hidden sheet",)),
    "a sheet with the name of a person": Case(book(SURVEY, other_sheet("Jens Opdigtet")), ("svar.xlsx, sheet with a name that seems to contain names: the specification does not name this sheet",)),
    "a chart's sheet": Case(book(SURVEY, lambda book, sheet: book.add_chartsheet("Figur").set_chart(chart_of(book))), ("svar.xlsx, sheet Figur",)),
    "the sheet itself hidden": Case(book(SURVEY, hide), ("svar.xlsx, sheet Svar: the sheet is hidden: unhide it",)),
    "a sheet's name with a mark of direction": Case(book(SURVEY, other_sheet("\u202eGemt")), ("svar.xlsx, sheet _Gemt: the specification does not name this sheet",)),
    "an empty workbook": Case(lambda folder: write_parts(folder, SURVEY, {SHEET: "<worksheet/>"}), ("svar.xlsx",)),
    "headings alone in a sheet": Case(
        lambda folder: write_parts(folder, SURVEY, {SHEET: sheet_xml(SURVEY).split("</row>")[0] + "</row></sheetData></worksheet>"}), ("svar.xlsx, sheet Svar: there is a header, but there are no rows",)
    ),
    "a sheet cut off": Case(lambda folder: write_parts(folder, SURVEY, {SHEET: sheet_xml(SURVEY)[:-900]}), ("svar.xlsx",)),
    "a sheet that is no XML": Case(lambda folder: write_parts(folder, SURVEY, {SHEET: b"\x00\xff" * 500}), ("svar.xlsx",)),
    "a workbook that is no XML": Case(lambda folder: write_parts(folder, SURVEY, {"xl/workbook.xml": b"\xff\xfe\x00"}), ("svar.xlsx",)),
    "a workbook without its relations": Case(lambda folder: write_parts(folder, SURVEY, {"xl/_rels/workbook.xml.rels": "<Relationships/>"}), ("svar.xlsx",)),
    "a sheet that is not there": Case(part(SURVEY, "xl/_rels/workbook.xml.rels", "sheet1.xml", "sheet9.xml"), ("svar.xlsx",)),
    "a sheet out of the archive": Case(part(SURVEY, "xl/_rels/workbook.xml.rels", "worksheets/sheet1.xml", "../../../etc/passwd"), ("svar.xlsx",)),
    "an entity that unfolds": Case(
        lambda folder: write_parts(folder, SURVEY, {SHEET: ENTITIES + sheet_xml(SURVEY).replace(f"{SECRET}-00005", "&c;")}), ("svar.xlsx: the file is damaged",)
    ),
    "a formula": Case(
        book(SURVEY, lambda book, sheet: sheet.write_formula(5, 2, "=1+1", None, 2)), ("svar.xlsx, sheet Svar, row 6, column C: the cell holds a formula: replace the formulas",)
    ),
    "a formula in every row": Case(
        book(REPORTS, lambda book, sheet: [sheet.write_formula(row, 7, "=RAND()") for row in range(1, 21)]), ("anmeldelser.xlsx, sheet Anmeldelser, row 2, column H: the cell holds a formula",)
    ),
    "an array formula": Case(book(SURVEY, lambda book, sheet: sheet.write_array_formula("C6:C8", "{=A1:A3}")), ("svar.xlsx, sheet Svar, row 6, column C: the cell holds a formula",)),
    "a link to another workbook": Case(book(SURVEY, lambda book, sheet: sheet.write_formula(5, 6, "='[x.xlsx]A'!A1")), ("sheet Svar, row 6, column G: the cell holds a formula",)),
    "a formula beside the table": Case(book(MEETINGS, lambda book, sheet: sheet.write_formula(8, 9, "=COUNTA(A:A)")), ("moeder.xlsx, sheet Møder",)),
    "a formula after a line end in the XML": Case(
        part(SURVEY, SHEET, f'<c r="A6" t="inlineStr"><is><t>{SECRET}-00005</t></is></c>', '<c r="A6">\n <f>1+1</f><v>2</v></c>'), ("sheet Svar, row 6, column A: the cell holds a formula",)
    ),
    "a formula in a cell without a name": Case(
        part(SURVEY, SHEET, f'<c r="A6" t="inlineStr"><is><t>{SECRET}-00005</t></is></c>', "<c><f>1+1</f><v>2</v></c>"), ("svar.xlsx, sheet Svar, row 6", "holds a formula")
    ),
    "merged cells": Case(book(SURVEY, lambda book, sheet: sheet.merge_range("C6:C8", "1,25")), ("svar.xlsx, sheet Svar, row 6, column C: cells are merged: undo",)),
    "merged headings": Case(book(COUNTS, lambda book, sheet: sheet.merge_range("A1:E1", "Opgørelse")), ("antal.xlsx, sheet Antal, row 1, column A: cells are merged",)),
    "an error of Excel's in other quotes": Case(
        lambda folder: write_parts(
            folder, SURVEY, {SHEET: sheet_xml(SURVEY).replace(' t="inlineStr"><is><t>Valby</t></is>', "\n t = 'e'><v>#N/A</v>", 1)}
        ),
        ("svar.xlsx, sheet Svar, row 2", "holds an Excel error"),
    ),
    "an error of Excel's": Case(
        part(SURVEY, SHEET, '<c r="G6" t="inlineStr"><is><t>Valby</t></is></c>', '<c r="G6" t="e"><v>#N/A</v></c>'), ("svar.xlsx, sheet Svar, row 6, column G: the cell holds an Excel error",)
    ),
    "rows of empty texts": Case(
        part(MEETINGS, SHEET, "</sheetData>", '<row r="22"><c r="A22" t="inlineStr"><is><t></t></is></c></row></sheetData>'), ("moeder.xlsx, sheet Møder", "1 rows hold only empty texts: delete these rows")
    ),
    "the headings a row too high": Case(lambda folder: write_xlsx(folder, Kind("antal", COUNTS.row, "", "", "Antal", 2)), ("antal.xlsx",)),
    "the headings a row too low": Case(lambda folder: write_xlsx(folder, Kind("svar", SURVEY.row, "", "", "Svar", 2)), ("svar.xlsx",)),
    "a heading twice in a sheet": Case(book(SURVEY, lambda book, sheet: sheet.write(0, 5, "Stratum")), ("svar.xlsx, sheet Svar: two columns are called 'Stratum'",)),
    "a number for a heading": Case(book(SURVEY, lambda book, sheet: sheet.write(0, 5, 2023)), ("svar.xlsx", "missing Inviterede; unknown column 6")),
    "a value beside the table": Case(
        book(SURVEY, lambda book, sheet: sheet.write(7, 40, f"{SECRET}")), ("svar.xlsx, sheet Svar, row 8, column AO: the cell holds a value, but its column has no heading: delete the value",)
    ),
    "a value in the sheet's last column": Case(book(SURVEY, lambda book, sheet: sheet.write(7, 16_383, 0)), ("svar.xlsx, sheet Svar, row 8, column XFD: the cell holds a value, but its column has no heading",)),
    "a formula in a sheet whose tags have a prefix": Case(prefixed_formula, ("svar.xlsx, sheet Svar, row 6, column A: the cell holds a formula",)),
    "a cell with a control character": Case(part(SURVEY, SHEET, "<t>Valby</t>", "<t>Val_x0007_by</t>"), ("svar.xlsx, sheet Svar, row 2, column Stratum: the cell holds a control character",)),
    "a cell with a mark of direction": Case(
        lambda folder: write_xlsx(folder, SURVEY, spoiled(SURVEY, {"Bydel": "Val\u202eby"})), ("svar.xlsx, sheet Svar, row 6, column Bydel: the cell holds an invisible character that changes",)
    ),
    "a row with one cell in Excel": Case(book(COUNTS, lambda book, sheet: sheet.write(23, 0, "Kilde")), ("antal.xlsx, sheet Antal: 1 of 21 rows", "row 24, column")),
    "an Excel file called .csv": Case(lambda folder: write_xlsx(folder, SURVEY, spoiled(SURVEY, {"Vægt": "x"}), name="svar.csv"), ("svar.csv, sheet Svar", "row 6, column Vægt")),
    "a text file called .xlsx": Case(lambda folder: write_csv(folder, SURVEY, spoiled(SURVEY, {"Vægt": "x"}), "svar.xlsx"), ("svar.xlsx: 1 of 20", "row 6, column Vægt")),
}  # fmt: skip


def chart_of(book: Any) -> Any:
    chart = book.add_chart({"type": "column"})
    chart.add_series({"values": "=Svar!$C$2:$C$5"})
    return chart


# --- SPSS and Parquet --------------------------------------------------------------------------------------


def sav_with(cells: Row, labels: dict[str, dict[Any, str]] | None = None) -> Make:
    def make(folder: Path) -> None:
        rows = until_2022(SURVEY, 2021)
        rows[4] |= cells
        write_sav(folder, rows, labels)

    return make


def sav_column(name: str, cells: list[Any]) -> Make:
    """Return a function that writes an SPSS file.

    A variable is cells[1] in the fifth row, and cells[0] in all other rows.
    """

    def make(folder: Path) -> None:
        rows = [row | {name: cells[0]} for row in until_2022(SURVEY, 2021)]
        rows[4][name] = cells[1]
        write_sav(folder, rows)

    return make


DAY_IN_SPSS = 13_829_616_000.0  # 10 January 2021, in seconds since 14 October 1582


def sav_bytes(change: Callable[[bytes], bytes]) -> Make:
    def make(folder: Path) -> None:
        path = write_sav(folder)
        path.write_bytes(change(path.read_bytes()))

    return make


def arrays(kind: Kind, **columns: Any) -> Make:
    return lambda folder: write_parquet(folder, kind, None, columns)


def texts(kind: Kind, column: str, cell: str) -> Make:
    return lambda folder: write_parquet(folder, kind, spoiled(kind, {column: cell}))


def parquet_bytes(change: Callable[[bytes], bytes]) -> Make:
    def make(folder: Path) -> None:
        path = write_parquet(folder, POPULATION)
        path.write_bytes(change(path.read_bytes()))

    return make


def endless_parquet(folder: Path) -> None:
    """Write a small Parquet file that has a hundred million equal rows and one more."""
    million = pa.table({name: pa.array(["x"] * 1_000_000).dictionary_encode() for name in good(POPULATION)[0]})
    path = folder / "befolkning.parquet"
    with pq.ParquetWriter(path, million.schema) as writer:
        for _ in range(100):
            writer.write_table(million)
        writer.write_table(million.slice(0, 1))
    assert path.stat().st_size < 1_000_000


def zoned_parquet(folder: Path) -> None:
    rows = pa.Table.from_pylist(good(POPULATION))
    moments = pa.array([datetime(2022, 1, 1)] * len(rows), pa.timestamp("us", "UTC"))
    pq.write_table(rows.set_column(rows.schema.names.index("dato"), "dato", moments), folder / "befolkning.parquet")


def fifth(usual: Any, other: Any) -> list[Any]:
    return [usual] * 4 + [other] + [usual] * 15


def latin(texts: list[bytes]) -> pa.Array:
    """Return an array of texts whose bytes are not UTF-8. Some programs write such files by mistake."""
    return pa.array(texts, pa.binary()).view(pa.string())


OTHER_FORMATS = {
    "an SPSS file cut off": Case(sav_bytes(lambda packed: packed[:-100]), ("svar.sav: the file is damaged or cut off",), 2021),
    "an SPSS file cut off within its head": Case(sav_bytes(lambda packed: packed[:300]), ("svar.sav: the file is damaged or cut off",), 2021),
    "the beginning of an SPSS file": Case(content("svar.sav", b"$FL2@(#)"), ("svar.sav: the file is damaged or cut off",), 2021),
    "an SPSS file that counts more cases": Case(
        sav_bytes(lambda packed: packed[:80] + (999).to_bytes(4, "little") + packed[84:]), ("svar.sav",), 2021
    ),
    "an SPSS file without cases": Case(lambda folder: write_sav(folder, [dict.fromkeys(until_2022(SURVEY)[0], "")]), ("svar.sav",), 2021),
    "SPSS: an unknown label": Case(sav_with({"q1": "Måske"}), ("svar.sav: 1 of 20 rows", "row 5, column q1: holds a label"), 2021),
    "SPSS: a number without a label": Case(sav_column("q1", [1.0, 99.0]), ("svar.sav", "row 1, column q1: holds a label"), 2021),
    "SPSS: a missing weight": Case(sav_column("vaegt", [1.25, float("nan")]), ("svar.sav: 1 of 20 rows", "row 5, column vaegt: is empty"), 2021),
    "SPSS: a weight that the file declares missing": Case(
        lambda folder: write_sav(folder, [row | {"vaegt": 999.0 if number == 4 else 1.25} for number, row in enumerate(until_2022(SURVEY, 2021))], missing={"vaegt": [999]}),
        ("svar.sav: 1 of 20 rows", "row 5, column vaegt: is empty"), 2021,
    ),
    "SPSS: a day that no calendar has": Case(
        lambda folder: write_sav(folder, [row | {"svardato": 4e11 if number == 4 else DAY_IN_SPSS} for number, row in enumerate(until_2022(SURVEY, 2021))], formats={"svardato": "DATE11"}),
        ("svar.sav: 1 of 20 rows", "row 5, column svardato: is not a calendar day"), 2021,
    ),
    "SPSS: a weight below zero": Case(sav_column("vaegt", [1.25, -1.25]), ("svar.sav: 1 of 20 rows", "row 5, column vaegt: is not above 0"), 2021),
    "SPSS: another year": Case(sav_with({"svardato": "10-01-2022"}), ("row 5, column svardato: is outside the edition's fieldwork",), 2021),
    "SPSS: a mark of direction": Case(sav_with({"bydel": "Val\u202eby"}), ("svar.sav, row 5, column bydel: the cell holds an invisible character that changes",), 2021),
    "SPSS: a letter that was read in another encoding": Case(sav_with({"bydel": "\u00c3\u02dcsterbro"}), ("svar.sav, row 5, column bydel: the cell holds a Danish letter that was garbled",), 2021),
    "SPSS: a control character": Case(sav_with({"bydel": "Val\x1bby"}), ("svar.sav, row 5, column bydel: the cell holds a control character",), 2021),
    "SPSS: a column missing": Case(lambda folder: write_sav(folder, without(until_2022(SURVEY, 2021), "vaegt")), ("svar.sav", "(missing vaegt)"), 2021),
    "SPSS: a formula": Case(sav_with({"bydel": COMMAND}), ("row 5, column bydel: begins like a formula",), 2021),
    "SPSS in a year whose columns have other names": Case(write_sav, ("svar.sav: the file has the columns that sikker_by_survey has in edition 2021",)),
    "reports as SPSS": Case(lambda folder: write_sav(folder, without(until_2022(REPORTS, 2021), "X", "Y")), ("svar.sav: no specification fits the columns and the delimiter of this sav file",), 2021),
    "a Parquet file cut off": Case(parquet_bytes(lambda packed: packed[:-200]), ("befolkning.parquet: the file is damaged or cut off",)),
    "moments of another zone in Parquet": Case(zoned_parquet, ("befolkning.parquet, column dato: the column holds times in the time zone UTC",)),
    "a Parquet file of endless equal rows": Case(endless_parquet, ("befolkning.parquet: the file has 100,000,001 rows, more than any delivered file can have",)),
    "a Parquet file with bytes changed": Case(parquet_bytes(lambda packed: packed[:10] + b"\xff" * 60 + packed[70:]), ("befolkning.parquet: the file is damaged or cut off",)),
    "the beginning of a Parquet file": Case(content("befolkning.parquet", b"PAR1"), ("befolkning.parquet: the file is damaged or cut off",)),
    "Parquet: lists in a column": Case(arrays(POPULATION, kilde=pa.array([["x"]] * 20)), ("befolkning.parquet, column kilde: the column holds lists or bytes", "ask for a file with texts, numbers or days")),
    "Parquet: bytes of one length in a column": Case(arrays(POPULATION, kilde=pa.array([b"x"] * 20, pa.binary(1))), ("befolkning.parquet, column kilde: the column holds lists or bytes",)),
    "Parquet: bytes in a column": Case(arrays(POPULATION, kilde=pa.array([b"x"] * 20)), ("befolkning.parquet, column kilde: the column holds lists or bytes",)),
    "Parquet: text that is no UTF-8": Case(arrays(POPULATION, omraade=latin([b"Valby"] * 4 + [b"Vanl\xf8se"] + [b"Valby"] * 15)), ("befolkning.parquet, row 5, column omraade: the cell is not written in UTF-8",)),
    "Parquet: a missing number": Case(arrays(POPULATION, personer=pa.array(fifth(61000.0, float("nan")))), ("1 of 20 rows", "row 5, column personer: is empty")),
    "Parquet: infinity": Case(arrays(POPULATION, personer=pa.array(fifth(61000.0, float("inf")))), ("1 of 20 rows", "row 5, column personer: is not a whole number")),
    "Parquet: half a resident": Case(arrays(POPULATION, personer=pa.array(fifth(61000.0, 0.5))), ("row 5, column personer: is not a whole number",)),
    "Parquet: a number below zero": Case(arrays(POPULATION, personer=pa.array(fifth(61000, -1))), ("row 5, column personer: is not above 0",)),
    "Parquet: a day with a time": Case(arrays(POPULATION, dato=pa.array([datetime(2003 + n, 1, 1, 12) for n in range(20)])), ("20 of 20 rows", "row 1, column dato: is not a calendar day")),
    "Parquet: numbers for days": Case(arrays(POPULATION, dato=pa.array(range(37000, 37020))), ("row 1, column dato: is not a calendar day",)),
    "Parquet: a NUL byte": Case(texts(POPULATION, "kilde", "x\x00"), ("befolkning.parquet, row 5, column kilde: the cell holds a control character",)),
    "Parquet: a mark of direction": Case(texts(POPULATION, "omraade", "\u202eValby"), ("befolkning.parquet, row 5, column omraade: the cell holds an invisible character that changes",)),
    "Parquet: 10 MB in one cell": Case(texts(POPULATION, "kilde", LONG_CELL), ("befolkning.parquet, row 5, column kilde: the cell holds more than 10000 characters",)),
    "Parquet: a code as a number": Case(lambda folder: write_parquet(folder, REPORTS, None, {"Gern.kode": pa.array(fifth(75111, 1117))}), ("anmeldelser.parquet: 1 of 20 rows", "row 5, column Gern.kode: does not have the form")),
    "Parquet: a column renamed": Case(lambda folder: write_parquet(folder, POPULATION, renamed(good(POPULATION), {"kilde": "Kilde"})), ("befolkning.parquet", "missing kilde; unknown Kilde")),
    "Parquet: a column twice": Case(
        lambda folder: pq_write(folder, pa.Table.from_arrays([pa.array(["Valby"])] * 5, ["omraade", "dato", "personer", "kilde", "kilde"])), ("befolkning.parquet: two columns are called 'kilde'",)
    ),
    "Parquet: no rows": Case(lambda folder: pq_write(folder, pa.table({name: pa.array([], pa.string()) for name in good(POPULATION)[0]})), ("befolkning.parquet: there is a header, but there are no rows",)),
    "the survey as Parquet": Case(lambda folder: write_parquet(folder, SURVEY), ("svar.parquet: no specification fits the columns and the delimiter of this parquet file",)),
}  # fmt: skip


def pq_write(folder: Path, table: pa.Table) -> None:
    pa.parquet.write_table(table, folder / "befolkning.parquet")


# --- the landing folder ------------------------------------------------------------------------------------


def called(name: str | bytes, kind: Kind = REPORTS) -> Make:
    """Return a function that writes a good file under this name."""

    def make(folder: Path) -> None:
        path = os.path.join(os.fsencode(folder), os.fsencode(name))  # noqa: PTH118 - the name may be no text
        with open(path, "wb") as file:  # noqa: PTH123
            file.write(csv_bytes(kind))

    return make


def linked(target: str) -> Make:
    return lambda folder: (folder / "svar.csv").symlink_to(target)


def copied(source: str, to: str) -> Make:
    """Return a function that copies a file of the landing folder into the edition's folder."""
    return lambda folder: shutil.copy(folder.parent / source, folder / to)


def twice(folder: Path) -> None:
    write_csv(folder, REPORTS)
    write_csv(folder, REPORTS, None, "anmeldelser (1).csv")


def gone(folder: Path) -> None:
    (folder / "svar.csv").unlink()


def beside(name: str) -> Make:
    """Return a function that writes a good file into the landing folder itself, not into an edition's folder."""
    return lambda folder: write_csv(folder.parent, REPORTS, None, name)


def linked_folder(folder: Path) -> None:
    folder.rmdir()
    folder.symlink_to(folder.parent / "2022")


PLAIN_NAME = "the file's name has unusual characters (each is shown here as '_'): rename the file"

LANDING = {
    "the same file twice": Case(twice, ("anmeldelser.csv: the file has the same content as anmeldelser (1).csv: delete one of the two files",)),
    "last year's file under this year's name": Case(
        copied("2022/befolkning.csv", "befolkning_2023.csv"), ("befolkning_2023.csv: the file has the same content as befolkning.csv of edition 2022: replace this file with the file of edition 2023",)
    ),
    "a file of the store that is gone": Case(gone, ("landing/2022/svar.csv: the file is missing, but figures made from it were published", "put it back"), 2022),
    "a folder for a file": Case(lambda folder: (folder / "svar.csv").mkdir(), ("svar.csv: this is a folder: move the files in it to the folder above",)),
    "a folder with files": Case(lambda folder: write_csv(make_folder(folder / "politi"), REPORTS), ("politi: this is a folder: move the files in it to the folder above",)),
    "a link to a file elsewhere": Case(linked("/etc/passwd"), ("svar.csv: this is a link: replace it with the file itself",)),
    "a link out of the folder": Case(linked("../2022/svar.csv"), ("svar.csv: this is a link",)),
    "a link to nothing": Case(linked("nothing.csv"), ("svar.csv: this is a link",)),
    "a link to itself": Case(linked("svar.csv"), ("svar.csv: this is a link",)),
    "a link to a folder": Case(linked("/etc"), ("svar.csv: this is a link",)),
    "a pipe": Case(lambda folder: os.mkfifo(folder / "svar.csv"), ("svar.csv: this is not a regular file: replace it with the delivered file",)),
    "a name that climbs out of the folder, as Windows writes it": Case(called("..\\..\\evil.csv"), (".._.._evil.csv: " + PLAIN_NAME,)),
    "a name with a drive": Case(called("C:\\evil.csv"), ("C__evil.csv: " + PLAIN_NAME,)),
    "a name of two lines": Case(called("a\nb.csv"), ("a_b.csv: " + PLAIN_NAME,)),
    "a name with a command": Case(called("x;rm -rf $HOME.csv"), ("x_rm -rf _HOME.csv: " + PLAIN_NAME,)),
    "a name with quotes": Case(called("a'; DROP TABLE x; --.csv"), ("a'_ DROP TABLE x_ --.csv: " + PLAIN_NAME,)),
    "a name with wild cards": Case(called("*.csv"), ("_.csv: " + PLAIN_NAME,)),
    "a name with colours of the terminal": Case(called("\x1b[31mrod.csv"), ("__31mrod.csv: " + PLAIN_NAME,)),
    "a name with a mark of direction": Case(called("svar\u202evsc.exe"), ("svar_vsc.exe: " + PLAIN_NAME,)),
    "a name with a formula": Case(called(COMMAND.replace("/", "-")), ("_cmd_' -C calc'_A0: " + PLAIN_NAME,)),
    "a name that is no UTF-8": Case(called(b"anm\xe6ldelser.csv"), ("anm_ldelser.csv: " + PLAIN_NAME,)),
    "a name of 255 letters": Case(
        lambda folder: write_csv(folder, REPORTS, spoiled(REPORTS, {"Gern.kode": "x"}), "x" * 251 + ".csv"), ("x" * 251 + ".csv: 1 of 20 rows", "row 6, column Gern.kode")
    ),
    "a file beside the folders": Case(beside("svar.csv"), ("landing/svar.csv: this is not the folder of an edition: put delivered files into a folder that is named after the year, such as",)),
    "a file called as an edition": Case(beside("2031"), ("landing/2031: this is not the folder of an edition",)),
    "a folder of no edition": Case(lambda folder: (folder.parent / "1923").mkdir(), ("landing/1923: this is not the folder of an edition",)),
    "a folder with a name of two lines": Case(lambda folder: (folder.parent / "20\n23").mkdir(), ("landing/20_23: this is not the folder of an edition",)),
    "a link for the edition's folder": Case(linked_folder, ("landing/2023: this is a link",)),
}  # fmt: skip


def make_folder(folder: Path) -> Path:
    folder.mkdir()
    return folder


CASES = ONE_ROW | SEVERAL_ROWS | TEXTS | COLUMNS | EXCEL | OTHER_FORMATS | LANDING


# --- the home that must stay as it was ---------------------------------------------------------------------


@pytest.fixture(scope="module")
def filled(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Path]:
    """Yield a data folder in which edition 2022 was taken in and published. No test may change the folder."""
    with pytest.MonkeyPatch.context() as patched:
        home = delivering.open_home(tmp_path_factory.mktemp("filled") / "home", patched)
        folder = home / "landing" / "2022"
        folder.mkdir(parents=True)
        for kind in (SURVEY, REPORTS):
            write_csv(folder, kind, until_2022(kind))
        write_csv(folder, POPULATION, good(POPULATION, 19))
        write_xlsx(folder, COUNTS, [row | {"Udtræksdato": "15-02-2022"} for row in good(COUNTS, 18)])
        take_in([2022])
        delivering.publish_files(home, 2022)
        (home / "landing" / "2023").mkdir()
        yield home


@pytest.fixture
def home(filled: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Return a copy of the folder of `filled`. A test may change the copy."""
    home = Path(shutil.copytree(filled, tmp_path / "home"))
    monkeypatch.setenv("TRYGHED_HOME", str(home))
    return home


def hashes_outside_landing(home: Path) -> dict[str, str | None]:
    """Return the hash of every file in the data folder, and None for every folder. The landing folder is left out."""
    return {
        str(path.relative_to(home)): hashlib.sha256(path.read_bytes()).hexdigest() if path.is_file() else None
        for path in sorted(home.rglob("*"))
        if path.relative_to(home).parts[0] != "landing"
    }


def message_of_refusal(home: Path, edition: int) -> str:
    """Take in an edition that must be refused, assert that nothing has changed, and return the error message."""
    before = hashes_outside_landing(home)
    with pytest.raises(InputError) as caught:
        take_in([edition])
    assert hashes_outside_landing(home) == before
    return str(caught.value)


def assert_good_message(message: str, *pieces: str) -> None:
    """Assert that the message is one sentence, has the pieces, says what to do, and has no personal value."""
    for piece in pieces:
        assert piece in message
    assert message.isprintable()
    assert message.endswith(".")
    assert not re.search(r"[.!?] [A-ZÆØÅ]", message), message
    assert WHAT_TO_DO.search(message), message
    assert not [word for word in NO_PART_OF_A_SENTENCE if word in message], message
    assert len(message) < 1000, message


@pytest.mark.slow
@pytest.mark.parametrize("name", CASES)
def test_a_bad_file_is_refused_in_one_sentence_and_changes_nothing(home: Path, name: str) -> None:
    case = CASES[name]
    folder = home / "landing" / str(case.edition)
    folder.mkdir(exist_ok=True)
    case.make(folder)
    assert_good_message(message_of_refusal(home, case.edition), *case.message_parts)


# --- files that change, and files that may not be read -----------------------------------------------------

CHANGED = "changed while it was being read: wait until it has been copied completely"


def grows(path: Path) -> None:
    with path.open("ab") as file:
        file.write(path.read_bytes()[-60:])


WRITERS: dict[str, Make] = {
    "csv": lambda folder: write_csv(folder, POPULATION, good(POPULATION, 18)),
    "xlsx": lambda folder: write_xlsx(folder, POPULATION, good(POPULATION, 19)),
    "parquet": lambda folder: write_parquet(folder, POPULATION, good(POPULATION, 19)),
}
HAPPENS: dict[str, Callable[[Path], object]] = {
    "grows": grows,
    "is emptied": lambda path: path.write_bytes(b""),
    "is cut off": lambda path: path.write_bytes(path.read_bytes()[:-100]),
    "is replaced": lambda path: write_csv(path.parent, MEETINGS, None, path.name),
    "is taken away": lambda path: path.unlink(),
}
CALLS = {  # when a function is called, and in which module
    "as its rows are counted": (landing_folder, "cells_of"),
    "as it is looked at": (privacy, "batches_of"),
    "as its rows are taken in": (landing_folder, "batches_of"),
}


@pytest.mark.slow
@pytest.mark.parametrize("happens", HAPPENS)
@pytest.mark.parametrize("kind", WRITERS)
@pytest.mark.parametrize("when", CALLS)
def test_a_file_that_changes_meanwhile_is_refused(
    home: Path, monkeypatch: pytest.MonkeyPatch, when: str, kind: str, happens: str
) -> None:
    path = home / "landing" / "2023" / f"befolkning.{kind}"
    WRITERS[kind](path.parent)
    module, name = CALLS[when]
    really, calls = getattr(module, name), []

    def meanwhile(*arguments: Any) -> Any:
        calls.append(arguments)
        if len(calls) == 1:
            HAPPENS[happens](path)
        return really(*arguments)

    monkeypatch.setattr(module, name, meanwhile)
    message = message_of_refusal(home, 2023)
    assert_good_message(message, path.name)
    assert CHANGED in message or (happens == "is taken away" and "cannot be read (No such file" in message)
    assert calls


NOBODY = 65_534
CLOSED = {  # a path without the right to read, its mode, and the message
    "a file": ("2023/svar.csv", 0o000, "svar.csv: the file cannot be read: allow the account that runs Tryghed to read it"),
    "a file that may be written": ("2023/svar.csv", 0o200, "svar.csv: the file cannot be read: allow the account"),
    "an edition's folder": ("2023", 0o000, "landing/2023: the folder cannot be opened: allow the account"),
    "an edition's folder that may be listed": ("2023", 0o400, "landing/2023: the folder cannot be opened: allow the account"),
    "the landing folder": (".", 0o300, "landing: the folder cannot be opened: allow the account"),
}  # fmt: skip


@contextmanager
def without_privileges() -> Iterator[None]:
    """Run the block as an account without special privileges."""
    before = os.getresuid()
    if os.getuid() == 0:
        os.setresuid(NOBODY, NOBODY, 0)
    try:
        yield
    finally:
        os.setresuid(*before)


@pytest.fixture
def reachable(home: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Path]:
    """Yield the data folder, moved to a place that an account without privileges can open.

    The account owns the folder.
    """
    with tempfile.TemporaryDirectory() as folder:  # no other account can open pytest's own folders
        moved = Path(shutil.move(home, Path(folder) / "home"))
        monkeypatch.setenv("TRYGHED_HOME", str(moved))
        if os.getuid() == 0:
            for path in [Path(folder), moved, *moved.rglob("*")]:
                os.chown(path, NOBODY, NOBODY)
        yield moved


@pytest.mark.parametrize("name", CLOSED)
def test_what_may_not_be_read_is_refused(reachable: Path, name: str) -> None:
    closed, rights, message = CLOSED[name]
    write_csv(reachable / "landing" / "2023", SURVEY)
    before = hashes_outside_landing(reachable)
    (reachable / "landing" / closed).chmod(rights)
    try:
        with without_privileges(), pytest.raises(InputError) as caught:
            take_in([2023])
    finally:
        (reachable / "landing" / closed).chmod(0o700)
    assert_good_message(str(caught.value), message)
    assert hashes_outside_landing(reachable) == before


# --- a row among many is rejected --------------------------------------------------------------------------

AMONG = 110  # rows for each faulty row, so that less than 1 % are rejected


def of_kind(cells: list[Cell], kind: Kind) -> list[Cell]:
    return [cell for cell in cells if cell[0] is kind]


def with_faults(cells: list[Cell], kind: Kind, first: int) -> list[Row]:
    """Return good rows, numbered from `first`, with one of the faulty cells in every AMONG rows."""
    rows = [kind.row(number) for number in range(first, first + AMONG * len(cells))]
    for place, cell in enumerate(cells):
        rows[AMONG * place + 50] |= {cell[1]: cell[2]}
    return rows


@dataclass(frozen=True)
class Tolerated:
    """The result of files with few faults: the rejected rows, and each file's row of quality.row_counts."""

    rejected: list[Row]
    counts: dict[str, Row]

    def of(self, file: str, row: int) -> list[Row]:
        return [
            rejected_row for rejected_row in self.rejected if (rejected_row["file"], rejected_row["row"]) == (file, row)
        ]


@pytest.fixture(scope="module")
def tolerated(tmp_path_factory: pytest.TempPathFactory) -> Tolerated:
    """Take in one file for each kind of TOLERATED and each format, with all faults of the kind. Return the result."""
    with pytest.MonkeyPatch.context() as patched:
        home = delivering.open_home(tmp_path_factory.mktemp("tolerated") / "home", patched)
        folder = home / "landing" / "2023"
        folder.mkdir(parents=True)
        for kind in TOLERATED:
            write_csv(folder, kind, with_faults(of_kind(CELLS, kind), kind, 1))
            write_xlsx(folder, kind, with_faults(of_kind(XLSX_CELLS, kind), kind, 50_000))
        delivering.make(2023, "quality.row_counts")
        counts = {str(row["file"]): row for row in delivering.rows("quality.row_counts", 2023)}
        return Tolerated(delivering.rows("quality.rejected_rows", 2023), counts)


AMONG_OTHERS = {
    f"{file}-{cell_id(cell)}": (cell, file, sheet, AMONG * place + 50 + 1 + header_row)
    for kind in TOLERATED
    for cells, file, sheet, header_row in (
        (CELLS, kind.csv, None, 1),
        (XLSX_CELLS, kind.xlsx, kind.sheet, kind.header_row),
    )
    for place, cell in enumerate(of_kind(cells, kind))
}


@pytest.mark.parametrize("name", AMONG_OTHERS)
def test_a_row_at_fault_among_many_is_rejected_with_its_place_and_reason(tolerated: Tolerated, name: str) -> None:
    cell, file, sheet, row = AMONG_OTHERS[name]
    rejections = tolerated.of(file, row)
    assert any(
        f"column {rejected['column_name']}: {rejected['reason']}".startswith(column_and_reason(cell))
        for rejected in rejections
    ), rejections
    for rejected in rejections:
        assert rejected["sheet"] == sheet
        assert rejected["rule"]
        assert len(str(cell[2])) < 3 or str(cell[2]) not in rejected["reason"]


def test_all_other_rows_are_kept(tolerated: Tolerated) -> None:
    expected: dict[str, set[int]] = {}
    for _, file, _, row in AMONG_OTHERS.values():
        expected.setdefault(file, set()).add(row)
    assert set(tolerated.counts) == set(expected)
    for file, rows in expected.items():
        counts = tolerated.counts[file]
        assert {rejected["row"] for rejected in tolerated.rejected if rejected["file"] == file} == rows
        assert counts["rows_delivered"] == AMONG * len(rows) == counts["rows_kept"] + counts["rows_rejected"]


# --- what looks bad and is not -----------------------------------------------------------------------------

TABLES = {
    SURVEY: "survey.answers",
    REPORTS: "police.reports",
    POPULATION: "population.residents",
    GOALS: "activities.goals",
}


@pytest.fixture
def landing(home: Path) -> Path:
    """Return the landing folder of edition 2023."""
    return home / "landing" / "2023"


def rows_taken_in(kind: Kind, *columns: str, edition: int = 2023) -> list[tuple[Any, ...]]:
    """Take in the edition, assert that no row is rejected, and return these columns of the kept rows."""
    take_in([edition])
    assert not delivering.rows("quality.rejected_rows", edition)
    table = contracts()[TABLES[kind]]
    with engine_with_lookups() as connection:
        files = delivered_for(table, edition, load_specifications())
        store.write_batches(table, kept_rows(connection, table, files, Decisions()), edition)
    return [tuple(row[column] for column in columns) for row in delivering.rows(table.name, edition)]


TYPOGRAPHIC = "“Indre By” – til 5 € … ‘æøå’"


def test_euro_sign_and_curly_quotes_are_read_right(landing: Path) -> None:
    write_csv(landing, SURVEY, [row | {"Stratum": TYPOGRAPHIC} for row in good(SURVEY)])
    assert rows_taken_in(SURVEY, "stratum") == [(TYPOGRAPHIC,)] * 20


def test_euro_sign_and_curly_quotes_are_no_letters_of_iso_8859_1(
    landing: Path, reference: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = reference / "extracts" / "sikker_by_survey.yml"
    path.write_text(path.read_text(encoding="utf-8").replace("windows-1252", "iso-8859-1"), encoding="utf-8")
    monkeypatch.setenv("TRYGHED_REFERENCE", str(reference))
    write_csv(landing, SURVEY, spoiled(SURVEY, {"Stratum": TYPOGRAPHIC}))
    with pytest.raises(InputError) as caught:
        take_in([2023])
    assert_good_message(
        str(caught.value), "svar.csv, line 6: byte 0x93 is not a character of iso-8859-1: correct the encoding"
    )


NOT_BAD: dict[str, tuple[Make, Kind, dict[str, Any]]] = {  # what is delivered, its kind, and cells that every row must have
    "no line end behind the last quote": (
        content("svar.csv", csv_text(good(SURVEY), quoting=csv.QUOTE_ALL).encode("cp1252").rstrip()), SURVEY, {"weight": 1.25}
    ),
    "line ends of Unix": (lines_of(SURVEY, lambda lines: None, "\n"), SURVEY, {"weight": 1.25}),
    "quotes around every cell": (
        lambda folder: write_bytes(folder, "svar.csv", csv_text(good(SURVEY), quoting=csv.QUOTE_ALL).encode("cp1252")), SURVEY, {"weight": 1.25}
    ),
    "delimiters and line ends within quotes": (every(SURVEY, {"Stratum": 'Valby; "Vest"\r\nog Øst'}), SURVEY, {"stratum": 'Valby; "Vest"\r\nog Øst'}),
    "other letters and blanks around a name": (every(SURVEY, {"Bydel": " VALBY "}), SURVEY, {"area_id": "valby"}),
    "the columns in they are in another order": (lambda folder: write_csv(folder, SURVEY, [dict(reversed(row.items())) for row in good(SURVEY)]), SURVEY, {"weight": 1.25}),
    "a byte order mark where one belongs": (lambda folder: write_csv(folder, GOALS), GOALS, {"goal_value": 10.0, "reached_value": 12.5}),
    "no byte order mark where one belongs": (recoded(GOALS, "utf-8"), GOALS, {"goal_value": 10.0, "reached_value": 12.5}),
    "files that programs hide": (
        lambda folder: [write_csv(folder, SURVEY), *(write_bytes(folder, name, b"\x00") for name in (".DS_Store", "._svar.csv", "~$svar.xlsx", ".~lock.svar.xlsx#"))],
        SURVEY, {"weight": 1.25},
    ),
    "a name of 255 letters": (called("x" * 251 + ".csv"), REPORTS, {"offence_code": "75111"}),
    "a name with Danish letters": (called("Ærø (2) - svar & påmindelse, 3. udgave.csv"), REPORTS, {"offence_code": "75111"}),
    "a heading like a password of packed files": (every(REPORTS, {"Bydel": "PK"}), REPORTS, {"place": "coordinates"}),
    "Excel: numbers as texts": (lambda folder: write_xlsx(folder, SURVEY), SURVEY, {"weight": 1.25, "stratum_population_residents": 50_000}),
    "Excel: numbers as numbers": (
        lambda folder: write_xlsx(folder, SURVEY, [row | {"Vægt": 1.25, "Stratum befolkning": 50_000, "Tryg i kvarteret": 2} for row in good(SURVEY)]),
        SURVEY, {"weight": 1.25, "stratum_population_residents": 50_000, "safety_answer": "2"},
    ),
    "Excel: numbers and texts in one column": (lambda folder: write_xlsx(folder, SURVEY, spoiled(SURVEY, {"Vægt": 1.25})), SURVEY, {"weight": 1.25}),
    "Excel: days": (lambda folder: write_xlsx(folder, SURVEY, [row | {"Svardato": DAY} for row in good(SURVEY)]), SURVEY, {"answered_on": DAY}),
    "Excel: days counted from 1904": (lambda folder: write_xlsx(folder, SURVEY, [row | {"Svardato": DAY} for row in good(SURVEY)], from_1904=True), SURVEY, {"answered_on": DAY}),
    "Excel: codes as numbers": (lambda folder: write_xlsx(folder, REPORTS, [row | {"Gern.kode": 75111} for row in good(REPORTS)]), REPORTS, {"offence_code": "75111"}),
    "Excel: the sheet of another program": (write_prefixed, SURVEY, {"weight": 1.25}),
    "Excel: empty rows between": (lambda folder: write_parts(folder, SURVEY, {SHEET: sheet_xml(SURVEY).replace('<row r="21">', '<row r="95">').replace('21" t=', '95" t=')}), SURVEY, {"weight": 1.25}),
    "Parquet: numbers of any type": (
        lambda folder: write_parquet(folder, POPULATION, good(POPULATION, 19), {"personer": pa.array([Decimal("61000.00")] * 19)}), POPULATION, {"population_residents": 61_000}
    ),
    "Parquet: words from a dictionary": (
        lambda folder: write_parquet(folder, POPULATION, good(POPULATION, 19), {"omraade": pa.array(["Valby"] * 19).dictionary_encode()}), POPULATION, {"area_id": "bydel_valby"}
    ),
}  # fmt: skip


@pytest.mark.parametrize("name", NOT_BAD)
def test_what_looks_bad_and_is_not_is_read_right(landing: Path, name: str) -> None:
    make, kind, cells = NOT_BAD[name]
    make(landing)
    cells_read = rows_taken_in(kind, *cells)
    assert len(cells_read) >= 19
    assert set(cells_read) == {tuple(cells.values())}


CODES = {  # an unmapped offence code, the edition of its reports, and why it is unmapped
    "valid only earlier": ("75580", 2021, "not_valid_then"),
    "valid only later": ("75574", 2012, "not_valid_then"),
    "on no line": ("00001", 2021, "not_in_the_mapping"),
}


@pytest.mark.parametrize("name", CODES)
def test_a_code_without_a_crime_type_is_kept_and_counted(home: Path, name: str) -> None:
    code, edition, why = CODES[name]
    (home / "landing" / str(edition)).mkdir()
    reports = [row | {"Gerningskode": code} for row in until_2022(REPORTS, edition)]
    write_csv(home / "landing" / str(edition), REPORTS, reports)
    assert rows_taken_in(REPORTS, "offence_code", "crime_type", edition=edition) == [(code, None)] * 20
    delivering.write_model("police.unmapped_codes", edition)
    listed = delivering.rows("police.unmapped_codes", edition)
    assert [(row["offence_code"], row["reports"], row["why"]) for row in listed] == [(code, 20, why)]


def test_a_place_that_nobody_knows_is_kept_and_counted(landing: Path) -> None:
    nowhere = {"Bydel": "Atlantis", "Rode": "9999", "ETRS89 Øst": "1", "ETRS89 Nord": "-1"}
    write_csv(landing, REPORTS, spoiled(REPORTS, nowhere))
    places = rows_taken_in(REPORTS, "place")
    assert len(places) == 20
    assert places.count(("unknown",)) == 1


# --- damage of any kind ------------------------------------------------------------------------------------

SOUND: dict[str, tuple[Callable[[Path], Path], int]] = {
    "csv": (lambda folder: write_csv(folder, SURVEY), 2023),
    "xlsx": (lambda folder: write_xlsx(folder, SURVEY), 2023),
    "xml": (lambda folder: write_parts(folder, SURVEY, {}), 2023),
    "sav": (write_sav, 2021),
    "parquet": (lambda folder: write_parquet(folder, POPULATION), 2023),
}
TIMES = 60


def damaged(content: bytes, chance: random.Random) -> bytes:
    """Return the bytes with one random damage. They are cut off, or some are changed, left out or repeated."""
    at, other, length = chance.randrange(len(content)), chance.randrange(len(content)), chance.randrange(1, 60)
    return {
        0: content[:at],
        1: content[:at] + chance.randbytes(length) + content[at + length :],
        2: content[:at] + content[at + length :],
        3: content[:at] + content[other : other + length] + content[at:],
    }[chance.randrange(4)]


def damaged_part(packed: bytes, chance: random.Random) -> bytes:
    """Return a workbook with random damage to one of its parts. Its ZIP file itself is undamaged."""
    out = io.BytesIO()
    with zipfile.ZipFile(io.BytesIO(packed)) as sound, zipfile.ZipFile(out, "w") as spoiled_one:
        names = sound.namelist()
        hit = chance.choice(names)
        for name in names:
            part = sound.read(name)
            spoiled_one.writestr(name, damaged(part, chance) if name == hit else part)
    return out.getvalue()


@pytest.mark.slow
@pytest.mark.parametrize("kind", SOUND)
def test_damage_ends_in_a_sentence_or_in_rows(tmp_path: Path, kind: str) -> None:
    write, edition = SOUND[kind]
    path = write(tmp_path)
    content, specifications, refusals = path.read_bytes(), load_specifications(), 0
    for seed in range(TIMES):
        chance = random.Random(seed)
        path.write_bytes(damaged_part(content, chance) if kind == "xml" else damaged(content, chance))
        try:
            for _ in landing_folder.rows_of(landing_folder.look_into(path, edition, specifications)):
                pass
        except InputError as refusal:
            assert_good_message(str(refusal), path.name)
            refusals += 1
    assert refusals > TIMES / 3
