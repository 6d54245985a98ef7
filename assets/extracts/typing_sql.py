"""Make SQL from a layout: a query that converts delivered cells to our types, and conditions that find faulty cells.

Each condition looks at one cell: it finds, for example, an empty or unreadable cell or an unknown label. Conditions on
several cells or rows are rules in `checks/rows/`. Nothing here opens a file or a database.
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
    """A fault that a cell can have, with the SQL condition that finds the fault.

    `rule` is the name of the rule that the cell breaks. `reason` says in words what is wrong. `reason` is None if a
    whole row could not be divided into cells. Then the row has the reason in its column `malformed`.
    """

    rule: str
    column: str
    """The producer's heading."""
    delivered: str
    """Our name of the column. The delivered rows use the same name."""
    condition: str
    """SQL that is true for a row if the cell has the fault."""
    reason: str | None


def typed_query(layout: Layout, delivered: str, provenance: str) -> str:
    """Return a query that converts the delivered rows to our types. A cell that cannot be read becomes NULL.

    The query returns the contract's columns and the column `sheet`. It also returns the code systems and the coordinate
    system that the layout names. `delivered` is the name of the table with the delivered rows.
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
    """Return every fault that a cell of a delivered row can have.

    The contract and the layout decide which faults are possible in which column.
    """
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
    """Return every fault that a cell of the column can have. Each fault has a rule, an SQL condition and a reason."""
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
    # A formula begins with =, @, + or -. These characters sort before 0 or between = and A, and few cells begin so. This fast
    # comparison therefore spares most cells the slow search with a pattern. Without the comparison, `benchmarks.police_csv`
    # takes longer.
    begins_with_sign = f"({cell} < '0' OR {cell} BETWEEN '=' AND 'A')"
    formula = f"{begins_with_sign} AND regexp_full_match({cell}, '[=@].*|[+-].*[|!(].*')"
    faults += [("formula_text", formula, "begins like a formula")]
    if contract.pattern:
        wrong = f"{cell} IS NOT NULL AND NOT regexp_full_match({cell}, {quoted(contract.pattern)})"
        form = re.sub(r"\\d\{(\d+)\}", lambda digits: "0" * int(digits[1]), contract.pattern)
        faults += [("wrong_form", wrong, f"does not have the form {form}")]
    return faults


def _cell_of(name: str, column: LayoutColumn, writing: Writing) -> str:
    """Return SQL for the text of a cell, without spaces at either end. An empty cell becomes NULL.

    DuckDB is slow at trimming millions of different texts. Therefore the CASE trims a text only if it begins or ends
    with a space. Without the CASE, `benchmarks.police_csv` takes longer.
    """
    text = _text_of(name, column, writing)
    cell = f"nullif({text}, '')"
    if text != f'trim("{name}")' or column.contract.type != "text":
        return cell
    return f'CASE WHEN "{name}" < \'!\' OR suffix("{name}", \' \') THEN {cell} ELSE "{name}" END'


def _text_of(name: str, column: LayoutColumn, writing: Writing) -> str:
    """Return SQL for the text of the producer's cell, without spaces at either end. An empty text stays empty.

    If the layout has a constant for the column, the SQL is this constant. If the cell has the producer's word for an
    empty cell, it becomes NULL.
    """
    if column.constant is not None:
        return quoted(column.constant)
    text = f'trim("{name}")'
    if not writing.empty_words:
        return text
    return f"CASE WHEN {text} NOT IN ({', '.join(map(quoted, writing.empty_words))}) THEN {text} END"


def _value(name: str, column: LayoutColumn, writing: Writing) -> str:
    """Return SQL for the value of a cell in our type. A cell that cannot be read becomes NULL."""
    contract, labels, text = column.contract, column.labels, _text_of(name, column, writing)
    if labels is None and contract.allowed:
        labels = {value: value for value in contract.allowed}
    if labels is not None:
        meanings = " ".join(f"WHEN {quoted(label)} THEN {quoted(meaning)}" for label, meaning in labels.items())
        if contract.type == "text":
            return f"CASE {text} {meanings} END"
        # A label may mean a number or a day. If a cell has no label, the cell itself is read as a number or a day.
        text = f"CASE {text} {meanings} ELSE {text} END"
    if contract.type == "text":
        return _cell_of(name, column, writing)
    if contract.type == "date":
        return _date(text, writing.date_formats)
    text = _without_thousands(text, writing.thousands_mark)
    return _integer(text) if contract.type == "integer" else _number(text, writing.decimal_mark)


def _without_thousands(cell: str, mark: str | None) -> str:
    """Return SQL for the text of a cell without its thousands marks.

    The marks are removed only if three digits follow each mark.
    """
    if mark is None:
        return cell
    grouped = rf"-?\d{{1,3}}(\Q{mark}\E\d{{3}})+(\D\d+)?"
    return f"CASE WHEN regexp_full_match({cell}, {quoted(grouped)}) THEN replace({cell}, {quoted(mark)}, '') ELSE {cell} END"


def _date(text: str, date_formats: tuple[str, ...]) -> str:
    """Return SQL that reads a day from 1900 to 2099, written in any of the formats."""
    days = [_day(text, date_format) for date_format in date_formats]
    return days[0] if len(days) == 1 else f"coalesce({', '.join(days)})"


def _day(text: str, date_format: str) -> str:
    """Return SQL that reads a day in one format.

    The text must match a pattern, because DuckDB's `try_strptime` accepts too much. For example, it accepts the year 23
    for %Y and the day 2023115 for %Y%m%d.
    """
    touching = re.search("%.%", date_format) is not None
    form = "".join(_digits(part, touching) for part in re.findall("%.|[^%]", date_format))
    return f"try_strptime({_in_form(text, form)}, {quoted(date_format)})::DATE"


def _digits(part: str, touching: bool) -> str:
    """Return a regular expression for one part of a date format.

    `touching` is true if two numbers of the format have no separator between them. Then each number needs its leading
    zeros. In a format with separators, leading zeros are optional, except in a year.
    """
    most = _DIGITS.get(part)
    if part == "%Y":
        return r"(19|20)\d\d"
    return re.escape(part) if most is None else rf"\d{{{most if touching or part == '%y' else 1},{most}}}"


def _in_form(text: str, form: str) -> str:
    """Return SQL that gives the text if the whole text matches the pattern `form`, and an empty text if not.

    The SQL calls a function, because DuckDB calls it only once for each different text of the column. Most columns of
    numbers and days have few different texts. With a CASE instead, `benchmarks.police_csv` takes longer.
    """
    return f"regexp_extract({text}, {quoted(f'^(?:{form})$')})"


def _integer(text: str) -> str:
    """Return SQL that reads a whole number.

    Only digits and a leading minus sign are accepted. A cast alone would round 1.5 to 2.
    """
    whole = _in_form(text, r"-?\d{1,18}")
    return f"TRY_CAST({whole} AS BIGINT)"


def _number(text: str, decimal_mark: str) -> str:
    """Return SQL that reads a number.

    Only digits, one decimal mark and a leading sign are accepted. A cast alone would also accept nan, inf, 1e5 and the
    other decimal mark, and would read a number with too many digits as infinity.
    """
    form = rf"[+-]?(?:\d{{1,300}}(?:\Q{decimal_mark}\E\d*)?|\Q{decimal_mark}\E\d+)"
    return f"TRY_CAST(replace({_in_form(text, form)}, {quoted(decimal_mark)}, '.') AS DOUBLE)"
