"""Find the rejected rows of the delivered files, and apply the decisions about these rows.

The delivered rows are already in the store. A delivered row is rejected if it has a faulty cell (see `typing_sql.py`),
breaks a row rule of `checks/rows/`, or repeats the key of an earlier row. A data steward can decide to accept, correct
or drop a rejected row. `typing_sql.py` gives the cells their types, and `kept_rows.py` makes the tables of the kept
rows.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from itertools import groupby

import duckdb
import pyarrow as pa

from assets.decisions.decision_effects import on_cells, on_row
from assets.extracts.files import CELLS_SEARCHED, DeliveredFile, extracts_table
from assets.extracts.layouts import Layout
from assets.extracts.privacy import refuse_personal_cells
from assets.extracts.typing_sql import UNREADABLE, WHOLE_ROW, cell_faults, quoted, typed_query
from checks.row_rules import RowRule, row_rules
from warehouse import store
from warehouse.contracts import contracts
from warehouse.decision_file import FILE, Decisions, RowAccepted, RowCorrected, RowDecision
from warehouse.edited_files import short
from warehouse.engine import view_editions
from warehouse.errors import InputError
from warehouse.home import reference_file

REJECTED = contracts()["quality.rejected_rows"]
DECISIONS = contracts()["quality.file_decisions"]
DUPLICATE = "duplicate_row"
# One query types the cells. If there are at most this many rows, DuckDB needs more time to plan the query than to run it.
# Several queries read typed rows. Therefore so few rows are typed only once, into a table. Without this,
# `benchmarks.run_overhead`, which has small files, spends more time on SQL.
FEW_ROWS = 20_000

RowOfFile = tuple[str, int]  # the file's name and the row's number


@dataclass(frozen=True)
class RejectedRow:
    """A row of quality.rejected_rows: a delivered row, a rule that it breaks, and the column that is at fault.

    The fields are the table's columns. They do not include the cells of the delivered row. If a delivered row breaks
    several rules, it is listed once for each rule and column.
    """

    edition: int
    file: str
    file_sha256: str
    table_name: str
    sheet: str | None
    row: int
    rule: str
    column_name: str
    reason: str
    provenance: str
    decision: str | None = None
    counts: bool = False

    @property
    def row_of_file(self) -> RowOfFile:
        """The file's name, and the number of the row in that file."""
        return self.file, self.row

    @property
    def place(self) -> tuple[str, int, str, str]:
        """The rejected row's file, row, rule and column.

        They are the key of an edition's rejected rows. The rejected rows are sorted by this key.
        """
        return self.file, self.row, self.rule, self.column_name


def rejected_rows(
    connection: duckdb.DuckDBPyConnection, files: list[DeliveredFile], decisions: Decisions
) -> list[RejectedRow]:
    """Return the rejected rows of one table in one edition, each with the decision that settles it, if there is one.

    `files` are the table's files, and `connection` comes from `engine_with_lookups`. Raises InputError if a decision
    cannot be applied, for example because its row is not rejected.
    """
    if not files:
        return []
    on_rows = [decision for file in files for decision in decisions_on(file, decisions)]
    accepted = {(decision.file, decision.row) for decision in on_rows if isinstance(decision, RowAccepted)}
    view_editions(connection, [extracts_table(files[0].layout.table)], [files[0].edition])
    # DuckDB reads a row group with one thread. If there is only one row group, a second thread has nothing to do and still
    # takes processor time. With it, `benchmarks.run_overhead`, which has small files, is slower.
    connection.execute("SET threads = 1" if _rows(files) <= store.GROUP_ROWS else "RESET threads")
    for file in files:
        corrections = decisions.of(RowCorrected, file.edition)
        _refuse_unexpected_cells(connection, file, [cell for cell in corrections if cell.file == file.path.name])
    rejected = _faulty(connection, files, Decisions(), accepted)
    if on_rows:
        corrected = _faulty(connection, files, decisions, accepted)
        rejected = _with_decisions(rejected, corrected, files, decisions)
    return rejected


def write_rejected(rows: list[RejectedRow], edition: int) -> int:
    """Store the edition's rejected rows of all tables, and return the number of rows."""
    return store.write(REJECTED, REJECTED.frame([vars(row) for row in rows]), edition)


def constants_of(file: DeliveredFile) -> dict[str, object]:
    """Return the values that are the same in all rows of a file, keyed by column."""
    return {
        "edition": file.edition,
        "file": file.path.name,
        "extract": file.layout.extract,
        "provenance": file.provenance,
    }


def typed(file: DeliveredFile, decisions: Decisions) -> str:
    """Return an SQL query that gives a file's rows in our types.

    If a decision in force corrects a cell, the cell has its new value.
    """
    return typed_query(file.layout, _corrected(file, decisions), file.provenance)


def decisions_on(file: DeliveredFile, decisions: Decisions) -> list[RowDecision]:
    """Return the decisions in force about single rows of a file.

    A decision is in force if it was made about the file's present content. Raises InputError if a correction names an
    unknown column or a column with personal data.
    """
    check_corrections(decisions, file.layout, file.path.name)
    on_rows = decisions.of(RowDecision, file.edition)
    return [decision for decision in on_rows if decision.holds_for(file.path.name, file.sha256)]


def _corrected(file: DeliveredFile, decisions: Decisions) -> str:
    """Return an SQL subquery that gives a file's delivered rows.

    If a decision in force corrects a cell, the cell has its new value.
    """
    table = extracts_table(file.layout.table)
    corrections = [decision for decision in decisions_on(file, decisions) if isinstance(decision, RowCorrected)]
    return f"(SELECT {on_cells(corrections)} FROM {table.name} WHERE file = {quoted(file.path.name)})"


def _rows(files: list[DeliveredFile]) -> int:
    return sum(file.rows for file in files)


# --- faults ------------------------------------------------------------------------------------------------


def _faulty(
    connection: duckdb.DuckDBPyConnection,
    files: list[DeliveredFile],
    decisions: Decisions,
    accepted: set[RowOfFile],
) -> list[RejectedRow]:
    """Return every row that breaks a rule, once for each rule and column.

    Corrections in `decisions` are applied before the rules. A row that repeats the key of an earlier row is rejected
    only if the earlier row breaks no other rule, or is in `accepted`.
    """
    _view_typed(connection, files, decisions)
    rejected = [row for file in files for row in _cell_faults(connection, file, decisions)]
    rejected += _rule_faults(connection, files)
    _view_unrejected(connection, {row.row_of_file for row in rejected} - accepted)
    rejected += _repeats(connection, files)
    return sorted(rejected, key=lambda row: row.place)


def _view_typed(connection: duckdb.DuckDBPyConnection, files: list[DeliveredFile], decisions: Decisions) -> None:
    """Make the view `typed`, which has the files' rows in our types.

    If there are at most FEW_ROWS rows, they are converted to our types only once, here. If there are more, each query
    that reads the view converts them again, because a table of converted rows would take much memory.
    """
    rows = " UNION ALL ".join(typed(file, decisions) for file in files)
    if _rows(files) <= FEW_ROWS:
        connection.execute(f"CREATE OR REPLACE TEMP TABLE typed_rows AS {rows}")
        rows = "FROM typed_rows"
    connection.execute(f"CREATE OR REPLACE TEMP VIEW typed AS {rows}")


def _view_unrejected(connection: duckdb.DuckDBPyConnection, rejected: set[RowOfFile]) -> None:
    """Make the view `unrejected`, which has all typed rows that are not in `rejected`."""
    places = pa.table(
        {
            "file": pa.array([file for file, _ in rejected], pa.string()),
            "row": pa.array([row for _, row in rejected], pa.int64()),
        }
    )
    connection.register("rejected", places)
    unrejected = "typed ANTI JOIN rejected USING (file, row)" if rejected else "typed"
    connection.execute(f"CREATE OR REPLACE TEMP VIEW unrejected AS FROM {unrejected}")


def _cell_faults(connection: duckdb.DuckDBPyConnection, file: DeliveredFile, decisions: Decisions) -> list[RejectedRow]:
    """Return a rejected row for each faulty cell of the file.

    Raises InputError if faulty cells look personal, because the store would keep them. One query searches all columns,
    because reading and trimming the cells takes most of the time. With a query for each fault, `benchmarks.police_csv`
    and `benchmarks.run_overhead` are slower.
    """
    fault_by_flag = {f"fault_{index}": fault for index, fault in enumerate(cell_faults(file.layout))}
    flags = ", ".join(f"({fault.condition}) AS {flag}" for flag, fault in fault_by_flag.items())
    cells = ", ".join(dict.fromkeys(f'"{fault.delivered}"' for fault in fault_by_flag.values()))
    faulty = connection.execute(
        f"""
        SELECT row, {cells}, {", ".join(fault_by_flag)} FROM (SELECT *, {flags} FROM {_corrected(file, decisions)})
        WHERE {" OR ".join(fault_by_flag)}
        """
    ).to_arrow_table()
    if not faulty.num_rows:
        return []
    cells_by_fault = {
        fault: cells_at_fault
        for flag, fault in fault_by_flag.items()
        if (cells_at_fault := faulty.select(["row", fault.delivered]).filter(faulty[flag])).num_rows
    }
    for column, column_faults in groupby(cells_by_fault, lambda fault: fault.delivered):
        faults = list(column_faults)
        if faults[0].reason is not None:
            faulty_cells = pa.concat_tables(cells_by_fault[fault] for fault in faults)
            refuse_personal_cells(file, faults[0].column, faulty_cells[column].unique()[:CELLS_SEARCHED])
    rejected = []
    for fault, cells in cells_by_fault.items():
        rows = cells["row"].to_pylist()
        reasons = [fault.reason] * len(rows) if fault.reason is not None else cells[fault.delivered].to_pylist()
        pairs = zip(rows, reasons, strict=True)
        rejected += [_rejected(file, row, fault.rule, fault.column, reason) for row, reason in pairs]
    return rejected


def _rule_faults(connection: duckdb.DuckDBPyConnection, files: list[DeliveredFile]) -> list[RejectedRow]:
    """Return the rows that break a rule of `checks/rows/`.

    If a column is neither in the file nor given as a constant, no row breaks a rule about the column.
    """
    rules = row_rules().get(files[0].layout.table.name, ())
    file_by_name = {file.path.name: file for file in files}
    return [
        _rejected(file_by_name[name], row, rule.name, file_by_name[name].layout.heading_of(rule.column), rule.reason)
        for name, row, rule in [*_breaking(connection, rules), *_selected(connection, rules)]
    ]


def _breaking(connection: duckdb.DuckDBPyConnection, rules: Sequence[RowRule]) -> Iterator[tuple[str, int, RowRule]]:
    """Yield the file's name, the row's number and the rule for each row that breaks a rule with a condition.

    One query tests all conditions, because reading the cells takes most of the time (see `benchmarks.police_csv`).
    """
    conditional = [rule for rule in rules if rule.condition]
    if not conditional:
        return
    flags = ", ".join(f"({rule.condition}) AS rule_{index}" for index, rule in enumerate(conditional))
    any_rule = " OR ".join(f"rule_{index}" for index in range(len(conditional)))
    query = f"SELECT * FROM (SELECT file, row, {flags} FROM typed) WHERE {any_rule}"
    for name, row, *broken in connection.execute(query).fetchall():
        yield from ((name, row, rule) for rule, breaks in zip(conditional, broken, strict=True) if breaks)


def _selected(connection: duckdb.DuckDBPyConnection, rules: Sequence[RowRule]) -> Iterator[tuple[str, int, RowRule]]:
    """Yield each row that the SQL query of a rule selects: the file's name, the row's number and the rule."""
    selecting = [rule for rule in rules if rule.sql]
    if not selecting:
        return
    queries = [f"SELECT {index}, file, row FROM ({rule.query('typed')})" for index, rule in enumerate(selecting)]
    for index, name, row in connection.execute(" UNION ALL ".join(queries)).fetchall():
        yield name, row, selecting[index]


def _repeats(connection: duckdb.DuckDBPyConnection, files: list[DeliveredFile]) -> list[RejectedRow]:
    """Return the rows that repeat the key of an earlier row, as rejected rows."""
    file_by_name = {file.path.name: file for file in files}
    rejected = []
    for layout in {file.layout.extract: file.layout for file in files}.values():
        key = " and ".join(layout.headings[name] for name in layout.row_key if name in layout.headings)
        reason, column = f"repeats the {key} of an earlier row", layout.heading_of(layout.row_key[0])
        rejected += [
            _rejected(file_by_name[name], row, DUPLICATE, column, reason) for name, row in _repeated(connection, layout)
        ]
    return rejected


def _repeated(connection: duckdb.DuckDBPyConnection, layout: Layout) -> list[RowOfFile]:
    """Return the rows that have the same key as an earlier row of the same extract.

    In extracts with draws (extractions of the police's register), the earlier row must also be of the same draw. Only
    keys with equal hashes are compared. If all keys were compared, millions of rows would take too much memory (see
    `benchmarks.police_csv`).
    """
    drawn = ["drawn_on"] if "drawn_on" in layout.columns else []
    key = ", ".join(dict.fromkeys([*layout.row_key, *drawn]))
    filled = " AND ".join(f"{name} IS NOT NULL" for name in layout.row_key)
    from_extract = f"FROM unrejected WHERE extract = {quoted(layout.extract)} AND {filled}"
    connection.execute(
        f"CREATE OR REPLACE TEMP TABLE doubled AS SELECT hash({key}) AS h {from_extract} GROUP BY h HAVING count(*) > 1"
    )
    if not connection.execute("SELECT 1 FROM doubled LIMIT 1").fetchall():
        return []
    rows = connection.execute(
        f"""
        WITH candidates AS (SELECT file, row, {key} {from_extract} AND hash({key}) IN (SELECT h FROM doubled)),
             counted AS (SELECT file, row, row_number() OVER (PARTITION BY {key} ORDER BY file, row) AS time FROM candidates)
        SELECT file, row FROM counted WHERE time > 1
        """
    ).fetchall()
    return [(name, row) for name, row in rows]


def _rejected(file: DeliveredFile, row: int, rule: str, column: str, reason: str) -> RejectedRow:
    return RejectedRow(
        edition=file.edition,
        file=file.path.name,
        file_sha256=file.sha256,
        table_name=file.layout.table.name,
        sheet=file.sheet,
        row=row,
        rule=rule,
        column_name=column,
        reason=reason,
        provenance=file.provenance,
    )


# --- decisions about rejected rows -------------------------------------------------------------------------


def _with_decisions(
    delivered: list[RejectedRow], corrected: list[RejectedRow], files: list[DeliveredFile], decisions: Decisions
) -> list[RejectedRow]:
    """Return the rejected rows, each with the decision that settles it, if there is one.

    `delivered` are the rows that are rejected as delivered, and `corrected` are the rows that are rejected after the
    corrections. The rows of both lists are returned.
    """
    still_faulty = {row.place for row in corrected}
    rejected = {row.place: row for row in [*corrected, *delivered]}
    for file in files:
        for decision in decisions_on(file, decisions):
            faults = [row for row in rejected.values() if row.row_of_file == (decision.file, decision.row)]
            _refuse_on_kept_row(decision, faults)
            for fault in faults:
                if isinstance(decision, RowAccepted):
                    refuse_unreadable(f"{reference_file(FILE)}: decision '{decision.decision_id}': ", fault, file)
                settled = on_row(decision, still_at_fault=fault.place in still_faulty)
                if settled:
                    rejected[fault.place] = replace(fault, decision=settled.decision_id, counts=settled.counts)
    return sorted(rejected.values(), key=lambda row: row.place)


def _refuse_unexpected_cells(
    connection: duckdb.DuckDBPyConnection, file: DeliveredFile, corrections: list[RowCorrected]
) -> None:
    """Refuse a correction if the cell does not have the value that the decision expects.

    Either the decision names the wrong cell, or the producer has delivered a corrected file. The correction is refused
    even if it has lapsed, because somebody has to find out why the cell is different.
    """
    table = extracts_table(file.layout.table).name
    for decision in corrections:
        cell = connection.execute(
            f"SELECT coalesce(\"{decision.column}\", '') FROM {table} WHERE file = ? AND row = ?",
            [decision.file, decision.row],
        ).fetchone()
        if cell and cell[0] != decision.expects:
            raise InputError(
                f"{reference_file(FILE)}: decision '{decision.decision_id}' expects a different value in row {decision.row}, column {decision.column} of {decision.file}: delete the entry if the producer has corrected the cell, or write the cell's value under 'expects' if this is the right row."
            )


def _refuse_on_kept_row(decision: RowDecision, faults: list[RejectedRow]) -> None:
    """Refuse a decision about a row if that row is not rejected."""
    if not faults:
        raise InputError(
            f"{reference_file(FILE)}: decision '{decision.decision_id}' is about row {decision.row} of {decision.file}, but that row is not rejected: delete the entry, or name a row from quality.rejected_rows."
        )


def refuse_unreadable(subject: str, fault: RejectedRow, file: DeliveredFile) -> None:
    """Refuse to accept a row if a required cell cannot be read, because no figure can be made from the row.

    `subject` is the beginning of the error's message. It names the decision in `decisions.yml`, or is "" if the
    decision has not been written to that file.
    """
    required = {WHOLE_ROW, *(column.heading for column in file.layout.columns.values() if column.contract.required)}
    if fault.rule in UNREADABLE and fault.column_name in required:
        raise InputError(
            f"{subject}row {fault.row} of {fault.file} cannot be accepted, because no figure can be made from it (column {fault.column_name}: {fault.reason}): correct the cell, or leave the row rejected."
        )


def check_corrections(decisions: Decisions, layout: Layout, file: str) -> None:
    """Refuse a correction of the file if it names an unknown column or a column with personal data."""
    for decision in decisions.decisions:
        if not isinstance(decision, RowCorrected) or decision.file != file:
            continue
        if decision.column not in layout.columns:
            raise InputError(
                f"{reference_file(FILE)}: decision '{decision.decision_id}' corrects the column '{short(decision.column)}', but {layout.table.name} has no such column: use one of {', '.join(layout.columns)}."
            )
        if layout.columns[decision.column].is_personal:
            raise InputError(
                f"{reference_file(FILE)}: decision '{decision.decision_id}' corrects the column {decision.column}, but that column holds personal data, which must not be written to this file: delete the entry, and ask for a corrected file."
            )
