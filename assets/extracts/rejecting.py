"""Which rows of an extract count: typed by the specification, set aside by the rules, put right by a decision.

Plain functions over one edition of one table; the assets that use them are in `extracts.py` and `delivered.py`. The
rules of single cells follow from contract and specification (`assets/extracts/typing_sql.py`), those of rows from `checks/rows/`.
"""

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from itertools import groupby

import duckdb
import pyarrow as pa

from assets.decisions.effects import on_cells, on_row
from assets.extracts.landing import LOOKED_AT, DeliveredFile, extracts_table, file_of, refuse_personal_cells
from assets.extracts.layouts import Specification, load_specifications
from assets.extracts.typing_sql import UNREADABLE, WHOLE_ROW, Fault, cell_faults, quoted, typed_query
from assets.reference import REFERENCE
from assets.sql_files import sql
from checks.row_rules import RowRule, row_rules
from warehouse import store
from warehouse.contracts import Row, Table, contracts, records
from warehouse.decision_file import FILE, Decisions, RowAccepted, RowCorrected, RowDecision
from warehouse.edited_files import short
from warehouse.engine import engine
from warehouse.errors import InputError

FILES = contracts()["quality.files"]
REJECTED = contracts()["quality.rejected_rows"]
DECISIONS = contracts()["quality.file_decisions"]
DUPLICATE = "duplicate_row"

FileRow = tuple[str, int]
Place = tuple[str, int, str, str]


def files_of(edition: int) -> list[Row]:
    """The rows of quality.files of an edition."""
    return records(store.read(FILES, [edition]))


def delivered_for(table: Table, edition: int) -> list[DeliveredFile]:
    """The edition's files whose rows belong to a table, in the order of their names."""
    rows = [row for row in files_of(edition) if row["table_name"] == table.name]
    specifications = load_specifications() if rows else {}
    return [file_of(row, specifications) for row in rows]


def set_aside(table: Table, edition: int, decided: Decisions) -> list[Row]:
    """Rows of quality.rejected_rows for the edition's files of a table.

    Raises InputError where a decision is about a row that is not set aside, or accepts one that cannot be read.
    """
    files = delivered_for(table, edition)
    if not files:
        return []
    decisions = [one for file in files for one in decisions_on(file, decided)]
    accepted = {(decision.file, decision.row) for decision in decisions if isinstance(decision, RowAccepted)}
    with lookups(table, edition) as connection:
        for file in files:
            corrections = decided.of(RowCorrected, file.edition)
            _refuse_mended(connection, file, [cell for cell in corrections if cell.file == file.path.name])
        found = _broken(connection, files, Decisions(), accepted)
        if decisions:
            found = _decided(found, _broken(connection, files, decided, accepted), files, decided)
    return found


@contextmanager
def lookups(table: Table, edition: int, *others: Table) -> Iterator[duckdb.DuckDBPyConnection]:
    """An engine with a table's delivered rows, the reference data, and all that models look up."""
    with engine([extracts_table(table), *REFERENCE, *others], edition) as connection:
        connection.execute(sql("lookups"))
        yield connection


def constants_of(file: DeliveredFile) -> Row:
    """What is the same in every row of a file's table."""
    return {
        "edition": file.edition,
        "file": file.path.name,
        "extract": file.specification.extract,
        "provenance": file.provenance,
    }


def typed(file: DeliveredFile, decided: Decisions) -> str:
    """The query of a file's rows in our types, corrected where a decision says so."""
    return typed_query(file.specification, file.edition, _corrected(file, decided), file.provenance)


def decisions_on(file: DeliveredFile, decided: Decisions) -> list[RowDecision]:
    """The decisions about single rows of a file as it is now."""
    check_corrections(decided, file.specification, file.path.name)
    on_rows = decided.of(RowDecision, file.edition)
    return [decision for decision in on_rows if decision.holds_for(file.path.name, file.sha256)]


def _corrected(file: DeliveredFile, decided: Decisions) -> str:
    """The delivered rows of a file, with the cells that a decision corrects."""
    table = extracts_table(file.specification.target())
    corrections = [decision for decision in decisions_on(file, decided) if isinstance(decision, RowCorrected)]
    return f"(SELECT {on_cells(corrections)} FROM {table.name} WHERE file = {quoted(file.path.name)})"


def _broken(
    connection: duckdb.DuckDBPyConnection, files: list[DeliveredFile], decided: Decisions, accepted: set[FileRow]
) -> list[Row]:
    """Every row of the files that breaks a rule, once for each rule and column.

    A row repeats an earlier one only where that one counts, as none is set aside, or `accepted`.
    """
    queries = [typed(file, decided) for file in files]
    connection.execute(f"CREATE OR REPLACE TEMP VIEW typed AS {' UNION ALL '.join(queries)}")
    found = [
        row for file in files for row in [*_cell_faults(connection, file, decided), *_rule_faults(connection, file)]
    ]
    aside = {(row["file"], row["row"]) for row in found} - accepted
    _name_set_aside(connection, aside)
    found += [row for file in files for row in _repeats(connection, file)]
    return sorted(found, key=_place)


def _name_set_aside(connection: duckdb.DuckDBPyConnection, rows: set[FileRow]) -> None:
    """The rows that do not count by their places, and a view of those that may."""
    places = pa.table(
        {
            "file": pa.array([file for file, _ in rows], pa.string()),
            "row": pa.array([row for _, row in rows], pa.int64()),
        }
    )
    connection.register("named", places)
    counting = "typed ANTI JOIN named USING (file, row)" if rows else "typed"
    connection.execute(f"CREATE OR REPLACE TEMP VIEW counting AS FROM {counting}")


def _cell_faults(connection: duckdb.DuckDBPyConnection, file: DeliveredFile, decided: Decisions) -> list[Row]:
    """Rows with a cell that shows a fault; a query for each column, as reading and trimming its cells is what takes time.

    Raises InputError where the cells at fault look personal: they are kept as delivered.
    """
    found = []
    for delivered, faults in groupby(cell_faults(file.specification, file.edition), lambda fault: fault.delivered):
        found += _faults_of_column(connection, file, _corrected(file, decided), delivered, list(faults))
    return found


def _faults_of_column(
    connection: duckdb.DuckDBPyConnection, file: DeliveredFile, rows: str, delivered: str | None, faults: list[Fault]
) -> list[Row]:
    """The faults of one column's cells, or of whole rows."""
    flags = ", ".join(f"({fault.condition}) AS fault_{index}" for index, fault in enumerate(faults))
    any_of = " OR ".join(f"fault_{index}" for index in range(len(faults)))
    at_fault = f"FROM (SELECT *, {flags} FROM {rows}) WHERE {any_of}"
    reasons = ", ".join(f"CASE WHEN fault_{index} THEN {fault.reason} END" for index, fault in enumerate(faults))
    broken = connection.execute(f"SELECT row, {reasons} {at_fault}").fetchall()
    if broken and delivered:
        cells = connection.execute(f'SELECT DISTINCT "{delivered}"::VARCHAR AS cell {at_fault} LIMIT {LOOKED_AT}')
        refuse_personal_cells(file, faults[0].column, cells.to_arrow_table()["cell"])
    return [
        _row(file, row, fault.rule, fault.column, reason)
        for row, *found in broken
        for fault, reason in zip(faults, found, strict=True)
        if reason is not None
    ]


def _rule_faults(connection: duckdb.DuckDBPyConnection, file: DeliveredFile) -> list[Row]:
    """Rows that break a rule of `checks/rows/`; a whole column that is not delivered breaks none."""
    specification = file.specification
    named = specification.names_in(file.edition)
    rules = row_rules().get(specification.table, ())
    return [
        _row(file, row, rule.name, named.get(rule.column, rule.column), rule.reason)
        for row, rule in [*_breaking(connection, file, rules), *_selected(connection, file, rules)]
    ]


def _repeats(connection: duckdb.DuckDBPyConnection, file: DeliveredFile) -> list[Row]:
    """Rows of the file that repeat an earlier row's key, as rejected rows."""
    specification = file.specification
    named = specification.names_in(file.edition)
    reason = (
        f"repeats the {' and '.join(named[one] for one in specification.row_key if one in named)} of an earlier row"
    )
    column = named.get(specification.row_key[0], specification.row_key[0])
    return [_row(file, row, DUPLICATE, column, reason) for row in _repeated(connection, file)]


def _breaking(
    connection: duckdb.DuckDBPyConnection, file: DeliveredFile, rules: Sequence[RowRule]
) -> Iterator[tuple[int, RowRule]]:
    """Rows of which a rule's condition is true; all conditions in one pass, as reading the cells is what takes time."""
    conditional = [rule for rule in rules if rule.condition]
    if not conditional:
        return
    flags = ", ".join(f"({rule.condition}) AS rule_{index}" for index, rule in enumerate(conditional))
    any_of = " OR ".join(f"rule_{index}" for index in range(len(conditional)))
    for row, *broken in connection.execute(
        f"SELECT * FROM (SELECT row, {flags} FROM typed WHERE file = {quoted(file.path.name)}) WHERE {any_of}"
    ).fetchall():
        yield from ((row, rule) for rule, breaks in zip(conditional, broken, strict=True) if breaks)


def _selected(
    connection: duckdb.DuckDBPyConnection, file: DeliveredFile, rules: Sequence[RowRule]
) -> Iterator[tuple[int, RowRule]]:
    """Rows that a rule's own query selects."""
    for rule in (rule for rule in rules if rule.sql):
        query = f"SELECT row FROM ({rule.query('typed')}) WHERE file = {quoted(file.path.name)}"
        yield from ((row, rule) for (row,) in connection.execute(query).fetchall())


def _repeated(connection: duckdb.DuckDBPyConnection, file: DeliveredFile) -> list[int]:
    """Rows whose key stands in an earlier row of the edition's files of the same extract and, if drawn, the same draw.

    Hashes first: the keys of millions of rows are too large to be held, their hashes are not.
    """
    specification = file.specification
    drawn = ["drawn_on"] if "drawn_on" in specification.columns else []
    key = ", ".join(dict.fromkeys([*specification.row_key, *drawn]))
    filled = " AND ".join(f"{name} IS NOT NULL" for name in specification.row_key)
    of_extract = f"FROM counting WHERE extract = {quoted(specification.extract)} AND {filled}"
    connection.execute(
        f"CREATE OR REPLACE TEMP TABLE doubled AS SELECT hash({key}) AS h {of_extract} GROUP BY h HAVING count(*) > 1"
    )
    if not connection.execute("SELECT 1 FROM doubled LIMIT 1").fetchall():
        return []
    rows = connection.execute(
        f"""
        WITH candidates AS (SELECT file, row, {key} {of_extract} AND hash({key}) IN (SELECT h FROM doubled)),
             counted AS (SELECT file, row, row_number() OVER (PARTITION BY {key} ORDER BY file, row) AS time FROM candidates)
        SELECT row FROM counted WHERE time > 1 AND file = {quoted(file.path.name)}
        """
    ).fetchall()
    return [row for (row,) in rows]


def _row(file: DeliveredFile, row: int, rule: str, column: str, reason: str) -> Row:
    return {
        "edition": file.edition,
        "file": file.path.name,
        "file_sha256": file.sha256,
        "table_name": file.specification.table,
        "sheet": file.sheet,
        "row": row,
        "rule": rule,
        "column_name": column,
        "reason": reason,
        "decision": None,
        "counts": False,
        "provenance": file.provenance,
    }


def _place(row: Row) -> Place:
    return row["file"], row["row"], row["rule"], row["column_name"]


def _decided(before: list[Row], after: list[Row], files: list[DeliveredFile], decided: Decisions) -> list[Row]:
    """The faults as delivered and those that a correction made, each with the decision that settles it."""
    still = {_place(row) for row in after}
    places = {_place(row) for row in before}
    found = sorted([*before, *(row for row in after if _place(row) not in places)], key=_place)
    for file in files:
        for decision in decisions_on(file, decided):
            of_row = [row for row in found if (row["file"], row["row"]) == (decision.file, decision.row)]
            _refuse_idle(decision, of_row)
            for row in of_row:
                if isinstance(decision, RowAccepted):
                    refuse_unreadable(f"{FILE}: {decision.decision_id}", row, file)
                settled = on_row(decision, still_at_fault=_place(row) in still)
                if settled:
                    row |= {"decision": settled.decision_id, "counts": settled.counts}
    return found


def _refuse_mended(connection: duckdb.DuckDBPyConnection, file: DeliveredFile, corrections: list[RowCorrected]) -> None:
    """A correction of a cell that says something else than was expected is about another cell, or one that was mended.

    Also where the file came with other content: then the correction has lapsed, and somebody has to know why.
    """
    table = extracts_table(file.specification.target()).name
    for one in corrections:
        found = connection.execute(
            f"SELECT coalesce(\"{one.column}\", '') FROM {table} WHERE file = ? AND row = ?", [one.file, one.row]
        ).fetchone()
        if found and found[0] != one.expects:
            raise InputError(
                f"{FILE}: {one.decision_id} expects something else in row {one.row} of {one.file}, column {one.column}, than stands there: the source was mended or the row is another one; take the entry out, or look at the row and write what it says now."
            )


def _refuse_idle(one: RowDecision, of_row: list[Row]) -> None:
    if not of_row:
        raise InputError(
            f"{FILE}: {one.decision_id} is about row {one.row} of {one.file}, which is not set aside: take the entry out, or give the row that quality.rejected_rows names."
        )


def refuse_unreadable(who: str, row: Row, file: DeliveredFile) -> None:
    """Raises InputError where a row is to be accepted of which nothing can be read that must be there: nothing could count."""
    columns = file.specification.target().delivered_columns
    needed = {
        WHOLE_ROW,
        *(theirs for ours, theirs in file.specification.names_in(file.edition).items() if columns[ours].required),
    }
    if row["rule"] in UNREADABLE and row["column_name"] in needed:
        raise InputError(
            f"{who} accepts row {row['row']} of {row['file']}, but its {row['column_name']} {row['reason']}: correct the cell, or leave the row set aside."
        )


def check_corrections(decisions: Decisions, specification: Specification, file: str) -> None:
    """Raises InputError where a correction of the file names a column that is none, or that holds personal data."""
    columns = specification.target().delivered_columns
    for one in decisions.decisions:
        if not isinstance(one, RowCorrected) or one.file != file:
            continue
        if one.column not in specification.columns:
            raise InputError(
                f"{FILE}: {one.decision_id} corrects {short(one.column)}, which is no column of {specification.table}: use one of {', '.join(specification.columns)}."
            )
        if columns[one.column].personal or specification.columns[one.column].personal:
            raise InputError(
                f"{FILE}: {one.decision_id} corrects {one.column}, which holds personal data, and those do not belong into this file: ask for the file again."
            )
