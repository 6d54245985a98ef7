"""SQL made from a layout: the query that turns delivered cells into our types, and the conditions that find faulty cells.

This module deals with what a single cell shows: its value, or that it is empty, cannot be read or has an unknown label.
Conditions that concern several cells or rows are rules of `checks/rows/`. Nothing here opens a file or a database.
"""

import re
from dataclasses import dataclass
from datetime import datetime

from assets.extracts.layouts import Layout, LayoutColumn, Writing
from warehouse.contracts import DUCKDB

WHOLE_ROW = "(whole row)"
UNREADABLE = ("malformed_row", "empty_cell", "unreadable_date", "unreadable_number", "unknown_label")

_DIGITS = {"%g": 3, "%f": 6, **dict.fromkeys(("%y", "%d", "%m", "%H", "%M", "%S"), 2)}
_EXAMPLE = datetime(2021, 1, 31, 13, 45)


@dataclass(frozen=True)
class Fault:
    """A fault that a cell can have: the rule, the column, the SQL condition and the reason.

    `reason` is None for a row that could not be divided into cells. The reason of such a row is in the delivered column
    `malformed`.
    """

    rule: str
    column: str
    """The producer's heading."""
    delivered: str
    """Our name of the column, which is also its name in the delivered rows."""
    condition: str
    """SQL that is true for rows with the fault."""
    reason: str | None


def typed_query(layout: Layout, delivered: str, provenance: str) -> str:
    """Return a query that turns the delivered rows into our types. A cell that cannot be read becomes NULL.

    Its columns are those of the contract, the column `sheet`, and the systems of codes and coordinates that the layout names.
    """
    columns = {
        **{name: name for name in ("edition", "file", "row", "extract", "sheet")},
        "provenance": quoted(provenance),
        "area_code_system": quoted(layout.writing.area_code_system),
        "rode_code_system": quoted(layout.writing.rode_code_system),
        "coordinate_system": quoted(layout.writing.coordinate_system),
    }
    columns |= {
        name: _value(name, layout.columns[name], layout.writing)
        if name in layout.columns and layout.columns[name].is_delivered
        else f"NULL::{DUCKDB[contract.type]}"
        for name, contract in layout.table.delivered_columns.items()
    }
    return "SELECT " + ", ".join(f'{value} AS "{name}"' for name, value in columns.items()) + f" FROM {delivered}"


def cell_faults(layout: Layout) -> list[Fault]:
    """Return every fault that the cells of a delivered row can have according to the contract and the layout."""
    faults = [Fault("malformed_row", WHOLE_ROW, "malformed", "malformed IS NOT NULL", None)]
    for name, heading in layout.headings.items():
        faults += [
            Fault(rule, heading, name, f"malformed IS NULL AND {condition}", reason)
            for rule, condition, reason in _faults_of(name, layout.columns[name], layout.writing)
        ]
    return faults


def quoted(text: str | None) -> str:
    """Return a text as an SQL literal. None becomes NULL."""
    return "NULL" if text is None else "'" + text.replace("'", "''") + "'"


def _faults_of(name: str, column: LayoutColumn, writing: Writing) -> list[tuple[str, str, str]]:
    """Return the rule, SQL condition and reason of each fault that the column's cells can have."""
    contract = column.contract
    cell, value = _cell_of(name, column, writing), _value(name, column, writing)
    unreadable = f"{cell} IS NOT NULL AND {value} IS NULL"
    faults = [("empty_cell", f"{cell} IS NULL", "is empty, but must have a value")] if contract.required else []
    if contract.allowed or (contract.type == "text" and column.labels is not None):
        return [*faults, ("unknown_label", unreadable, "holds a label that the specification does not explain")]
    if contract.type == "date":
        forms = " or ".join(_EXAMPLE.strftime(form.replace("%g", "000")) for form in writing.date_formats)
        return [*faults, ("unreadable_date", unreadable, f"is not a calendar day in the form {forms}")]
    if contract.type == "integer":
        return [*faults, ("unreadable_number", unreadable, "is not a whole number")]
    if contract.type == "number":
        with_comma = writing.decimal_mark == ","
        reason = "is not a number with a decimal comma" if with_comma else "is not a number with a decimal point"
        return [*faults, ("unreadable_number", unreadable, reason)]
    # A formula begins with =, @, + or -. Few cells begin with a character that sorts before 0 or between = and A, so this
    # comparison spares most cells the slow search with a pattern. Without it `benchmarks.police_csv` takes longer.
    begins_with_sign = f"({cell} < '0' OR {cell} BETWEEN '=' AND 'A')"
    formula = f"{begins_with_sign} AND regexp_full_match({cell}, '[=@].*|[+-].*[|!(].*')"
    faults += [("formula_text", formula, "begins like a formula")]
    if contract.pattern:
        wrong = f"{cell} IS NOT NULL AND NOT regexp_full_match({cell}, {quoted(contract.pattern)})"
        faults += [("wrong_form", wrong, f"does not have the form {contract.pattern}")]
    return faults


def _cell_of(name: str, column: LayoutColumn, writing: Writing) -> str:
    """Return the SQL of a cell without spaces around it. An empty cell becomes NULL.

    Only texts that begin or end with a space are trimmed, because DuckDB is slow at trimming millions of different texts.
    Without the CASE `benchmarks.police_csv` takes longer.
    """
    text = _text_of(name, column, writing)
    cell = f"nullif({text}, '')"
    if text != f'trim("{name}")' or column.contract.type != "text":
        return cell
    return f'CASE WHEN "{name}" < \'!\' OR suffix("{name}", \' \') THEN {cell} ELSE "{name}" END'


def _text_of(name: str, column: LayoutColumn, writing: Writing) -> str:
    """Return the SQL of the producer's cell without spaces around it, or of the constant in its place.

    The text may be empty.
    """
    if column.constant is not None:
        return quoted(column.constant)
    text = f'trim("{name}")'
    if not writing.empty_words:
        return text
    return f"CASE WHEN {text} NOT IN ({', '.join(map(quoted, writing.empty_words))}) THEN {text} END"


def _value(name: str, column: LayoutColumn, writing: Writing) -> str:
    """Return the SQL of the cell in our type. A cell that cannot be read becomes NULL."""
    contract, labels, text = column.contract, column.labels, _text_of(name, column, writing)
    if labels is None and contract.allowed:
        labels = {value: value for value in contract.allowed}
    if labels is not None:
        meanings = " ".join(f"WHEN {quoted(label)} THEN {quoted(meaning)}" for label, meaning in labels.items())
        if contract.type == "text":
            return f"CASE {text} {meanings} END"
        # A label may stand for a number or a day. Cells without a label are read as numbers or days themselves.
        text = f"CASE {text} {meanings} ELSE {text} END"
    if contract.type == "text":
        return _cell_of(name, column, writing)
    if contract.type == "date":
        return _date(text, writing.date_formats)
    text = _without_thousands(text, writing.thousands_mark)
    return _integer(text) if contract.type == "integer" else _number(text, writing.decimal_mark)


def _without_thousands(cell: str, mark: str | None) -> str:
    """Return the SQL of a cell without the marks between thousands. The marks are removed only if three digits follow each."""
    if mark is None:
        return cell
    grouped = rf"-?\d{{1,3}}(\Q{mark}\E\d{{3}})+(\D\d+)?"
    return f"CASE WHEN regexp_full_match({cell}, {quoted(grouped)}) THEN replace({cell}, {quoted(mark)}, '') ELSE {cell} END"


def _date(text: str, date_formats: tuple[str, ...]) -> str:
    """Return the SQL that reads a day from 1900 to 2099 written in one of the formats."""
    days = [_day(text, date_format) for date_format in date_formats]
    return days[0] if len(days) == 1 else f"coalesce({', '.join(days)})"


def _day(text: str, date_format: str) -> str:
    """Return the SQL that reads a day written in one format.

    DuckDB's `try_strptime` alone would not do: it accepts the year 23 for %Y, and too few digits if no separator is between two
    numbers.
    """
    touching = re.search("%.%", date_format) is not None
    form = "".join(_digits(part, touching) for part in re.findall("%.|[^%]", date_format))
    return f"try_strptime({_in_form(text, form)}, {quoted(date_format)})::DATE"


def _digits(part: str, touching: bool) -> str:
    """Return the pattern of one part of a date format.

    A leading zero may be missing, unless `touching` says that no separator is between this number and another one.
    """
    most = _DIGITS.get(part)
    if part == "%Y":
        return r"(19|20)\d\d"
    return re.escape(part) if most is None else rf"\d{{{most if touching or part == '%y' else 1},{most}}}"


def _in_form(text: str, form: str) -> str:
    """Return SQL whose value is the text if all of it matches the pattern `form`, and an empty text otherwise.

    The SQL is a function and not a CASE, because DuckDB computes a function of a single column only once for each different
    text, and most columns of numbers and days have few different texts. With a CASE `benchmarks.police_csv` takes longer.
    """
    return f"regexp_extract({text}, {quoted(f'^(?:{form})$')})"


def _integer(text: str) -> str:
    """Return the SQL that reads a whole number. The text may have only digits, because a cast alone would round 1.5 to 2."""
    whole = _in_form(text, r"-?\d{1,18}")
    return f"TRY_CAST({whole} AS BIGINT)"


def _number(text: str, decimal_mark: str) -> str:
    """Return the SQL that reads a number.

    The text may have only digits and one decimal mark. A cast alone would also accept nan, inf, 1e5, the other decimal mark,
    and more digits than a number can have.
    """
    form = rf"[+-]?(?:\d{{1,300}}(?:\Q{decimal_mark}\E\d*)?|\Q{decimal_mark}\E\d+)"
    return f"TRY_CAST(replace({_in_form(text, form)}, {quoted(decimal_mark)}, '.') AS DOUBLE)"
