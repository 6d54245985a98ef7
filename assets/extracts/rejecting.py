"""Which delivered rows are rejected, by which rule, and what decisions make of them.

Here belongs what judges rows that are in the store as delivered: faults of single cells (by contract and layout, from
`typing_sql.py`), rules of rows (`checks/rows/`), repeated keys, and a steward's decisions on any of them. How a cell is
typed is in `typing_sql.py`; how the rows that count become a table is in `kept.py`.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from itertools import groupby

import duckdb
import pyarrow as pa

from assets.decisions.effects import on_cells, on_row
from assets.extracts.files import LOOKED_AT, DeliveredFile, extracts_table
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
FEW_ROWS = 20_000  # to plan a query of all the typed columns takes longer than to type so many

RowOfFile = tuple[str, int]  # the file's name and the row's number


@dataclass(frozen=True)
class RejectedRow:
    """A row of quality.rejected_rows: a delivered row, the rule that it breaks and the column; never a value.

    The fields are the table's columns. A row that breaks several rules is there once for each rule and column.
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
        """Where the row stands."""
        return self.file, self.row

    @property
    def place(self) -> tuple[str, int, str, str]:
        """Where the row stands and what it breaks: unique among the rejected rows of an edition, and their order."""
        return self.file, self.row, self.rule, self.column_name


def rejected_rows(
    connection: duckdb.DuckDBPyConnection, files: list[DeliveredFile], decisions: Decisions
) -> list[RejectedRow]:
    """Return the rejected rows of an edition's files of one table, with the decisions on them.

    `connection` is an engine with lookups. Raises InputError where a decision is about a row that is not rejected, or accepts
    one that cannot be read.
    """
    if not files:
        return []
    on_rows = [decision for file in files for decision in decisions_on(file, decisions)]
    accepted = {(decision.file, decision.row) for decision in on_rows if isinstance(decision, RowAccepted)}
    view_editions(connection, [extracts_table(files[0].layout.table)], [files[0].edition])
    # one thread alone reads a row group, and another that waits for work takes as much of the processor
    connection.execute("SET threads = 1" if _rows(files) <= store.GROUP_ROWS else "RESET threads")
    for file in files:
        corrections = decisions.of(RowCorrected, file.edition)
        _refuse_mended(connection, file, [cell for cell in corrections if cell.file == file.path.name])
    rejected = _faulty(connection, files, Decisions(), accepted)
    if on_rows:
        corrected = _faulty(connection, files, decisions, accepted)
        rejected = _with_decisions(rejected, corrected, files, decisions)
    return rejected


def write_rejected(rows: list[RejectedRow], edition: int) -> int:
    """Store the edition's rejected rows of all tables, and return their number."""
    return store.write(REJECTED, REJECTED.frame([vars(row) for row in rows]), edition)


def constants_of(file: DeliveredFile) -> dict[str, object]:
    """Return the values that are the same in every row of a file's table, by column."""
    return {
        "edition": file.edition,
        "file": file.path.name,
        "extract": file.layout.extract,
        "provenance": file.provenance,
    }


def typed(file: DeliveredFile, decisions: Decisions) -> str:
    """Return the query of a file's rows in our types, corrected where a decision says so."""
    return typed_query(file.layout, _corrected(file, decisions), file.provenance)


def decisions_on(file: DeliveredFile, decisions: Decisions) -> list[RowDecision]:
    """Return the decisions about single rows of a file with its present content."""
    check_corrections(decisions, file.layout, file.path.name)
    on_rows = decisions.of(RowDecision, file.edition)
    return [decision for decision in on_rows if decision.holds_for(file.path.name, file.sha256)]


def _corrected(file: DeliveredFile, decisions: Decisions) -> str:
    """Return a subquery of the file's delivered rows, with the cells that a decision corrects."""
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
    """Return every row of the files that breaks a rule, once for each rule and column, corrected by the decisions.

    A row repeats an earlier one only where that one counts: where it breaks no rule, or is `accepted`.
    """
    _view_typed(connection, files, decisions)
    rejected = [row for file in files for row in _cell_faults(connection, file, decisions)]
    rejected += _rule_faults(connection, files)
    _view_counting(connection, {row.row_of_file for row in rejected} - accepted)
    rejected += _repeats(connection, files)
    return sorted(rejected, key=lambda row: row.place)


def _view_typed(connection: duckdb.DuckDBPyConnection, files: list[DeliveredFile], decisions: Decisions) -> None:
    """Make a view `typed` of the files' rows in our types; few rows are typed here, many by each query that reads them."""
    rows = " UNION ALL ".join(typed(file, decisions) for file in files)
    if _rows(files) <= FEW_ROWS:
        connection.execute(f"CREATE OR REPLACE TEMP TABLE typed_rows AS {rows}")
        rows = "FROM typed_rows"
    connection.execute(f"CREATE OR REPLACE TEMP VIEW typed AS {rows}")


def _view_counting(connection: duckdb.DuckDBPyConnection, rejected: set[RowOfFile]) -> None:
    """Make a view `counting` of the typed rows without those that are rejected."""
    places = pa.table(
        {
            "file": pa.array([file for file, _ in rejected], pa.string()),
            "row": pa.array([row for _, row in rejected], pa.int64()),
        }
    )
    connection.register("rejected", places)
    counting = "typed ANTI JOIN rejected USING (file, row)" if rejected else "typed"
    connection.execute(f"CREATE OR REPLACE TEMP VIEW counting AS FROM {counting}")


def _cell_faults(connection: duckdb.DuckDBPyConnection, file: DeliveredFile, decisions: Decisions) -> list[RejectedRow]:
    """Return the rows with a cell at fault; all columns in one pass, as reading and trimming the cells is what takes time.

    Raises InputError where the cells at fault look personal: they are kept as delivered.
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
    for column, of_column in groupby(cells_by_fault, lambda fault: fault.delivered):
        faults = list(of_column)
        if faults[0].reason is not None:
            of_faults = pa.concat_tables(cells_by_fault[fault] for fault in faults)
            refuse_personal_cells(file, faults[0].column, of_faults[column].unique()[:LOOKED_AT])
    rejected = []
    for fault, cells in cells_by_fault.items():
        rows = cells["row"].to_pylist()
        reasons = [fault.reason] * len(rows) if fault.reason is not None else cells[fault.delivered].to_pylist()
        pairs = zip(rows, reasons, strict=True)
        rejected += [_rejected(file, row, fault.rule, fault.column, reason) for row, reason in pairs]
    return rejected


def _rule_faults(connection: duckdb.DuckDBPyConnection, files: list[DeliveredFile]) -> list[RejectedRow]:
    """Return the rows that break a rule of `checks/rows/`; a whole column that is not delivered breaks none."""
    rules = row_rules().get(files[0].layout.table.name, ())
    file_by_name = {file.path.name: file for file in files}
    return [
        _rejected(file_by_name[name], row, rule.name, file_by_name[name].layout.heading_of(rule.column), rule.reason)
        for name, row, rule in [*_breaking(connection, rules), *_selected(connection, rules)]
    ]


def _breaking(connection: duckdb.DuckDBPyConnection, rules: Sequence[RowRule]) -> Iterator[tuple[str, int, RowRule]]:
    """Yield the rows of which a rule's condition is true; all conditions in one pass, as reading the cells takes the time."""
    conditional = [rule for rule in rules if rule.condition]
    if not conditional:
        return
    flags = ", ".join(f"({rule.condition}) AS rule_{index}" for index, rule in enumerate(conditional))
    any_of = " OR ".join(f"rule_{index}" for index in range(len(conditional)))
    query = f"SELECT * FROM (SELECT file, row, {flags} FROM typed) WHERE {any_of}"
    for name, row, *broken in connection.execute(query).fetchall():
        yield from ((name, row, rule) for rule, breaks in zip(conditional, broken, strict=True) if breaks)


def _selected(connection: duckdb.DuckDBPyConnection, rules: Sequence[RowRule]) -> Iterator[tuple[str, int, RowRule]]:
    """Yield the rows that a rule's own query selects."""
    selecting = [rule for rule in rules if rule.sql]
    if not selecting:
        return
    queries = [f"SELECT {index}, file, row FROM ({rule.query('typed')})" for index, rule in enumerate(selecting)]
    for index, name, row in connection.execute(" UNION ALL ".join(queries)).fetchall():
        yield name, row, selecting[index]


def _repeats(connection: duckdb.DuckDBPyConnection, files: list[DeliveredFile]) -> list[RejectedRow]:
    """Return the rows of the files that repeat an earlier row's key."""
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
    """Return the rows whose key stands in an earlier row of the same extract's files and, if drawn, of the same draw.

    Hashes first: the keys of millions of rows do not fit into memory, their hashes do: the peak that
    `benchmarks.police_csv` prints.
    """
    drawn = ["drawn_on"] if "drawn_on" in layout.columns else []
    key = ", ".join(dict.fromkeys([*layout.row_key, *drawn]))
    filled = " AND ".join(f"{name} IS NOT NULL" for name in layout.row_key)
    of_extract = f"FROM counting WHERE extract = {quoted(layout.extract)} AND {filled}"
    connection.execute(
        f"CREATE OR REPLACE TEMP TABLE doubled AS SELECT hash({key}) AS h {of_extract} GROUP BY h HAVING count(*) > 1"
    )
    if not connection.execute("SELECT 1 FROM doubled LIMIT 1").fetchall():
        return []
    rows = connection.execute(
        f"""
        WITH candidates AS (SELECT file, row, {key} {of_extract} AND hash({key}) IN (SELECT h FROM doubled)),
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


# --- decisions on rejected rows ----------------------------------------------------------------------------


def _with_decisions(
    delivered: list[RejectedRow], corrected: list[RejectedRow], files: list[DeliveredFile], decisions: Decisions
) -> list[RejectedRow]:
    """Return the faults as delivered and those that a correction made, each with the decision that settles it."""
    still_faulty = {row.place for row in corrected}
    rejected = {row.place: row for row in [*corrected, *delivered]}
    for file in files:
        for decision in decisions_on(file, decisions):
            faults = [row for row in rejected.values() if row.row_of_file == (decision.file, decision.row)]
            _refuse_idle(decision, faults)
            for fault in faults:
                if isinstance(decision, RowAccepted):
                    refuse_unreadable(f"{reference_file(FILE)}: {decision.decision_id}", fault, file)
                settled = on_row(decision, still_at_fault=fault.place in still_faulty)
                if settled:
                    rejected[fault.place] = replace(fault, decision=settled.decision_id, counts=settled.counts)
    return sorted(rejected.values(), key=lambda row: row.place)


def _refuse_mended(connection: duckdb.DuckDBPyConnection, file: DeliveredFile, corrections: list[RowCorrected]) -> None:
    """Refuse a correction of a cell that holds something else than it expects: another cell, or one that was mended.

    Also where the file came with other content: then the correction has lapsed, and somebody has to know why.
    """
    table = extracts_table(file.layout.table).name
    for decision in corrections:
        cell = connection.execute(
            f"SELECT coalesce(\"{decision.column}\", '') FROM {table} WHERE file = ? AND row = ?",
            [decision.file, decision.row],
        ).fetchone()
        if cell and cell[0] != decision.expects:
            raise InputError(
                f"{reference_file(FILE)}: {decision.decision_id} expects something else in row {decision.row} of {decision.file}, column {decision.column}, than stands there: the source was mended or the row is another one; take the entry out, or look at the row and write what it says now."
            )


def _refuse_idle(decision: RowDecision, faults: list[RejectedRow]) -> None:
    if not faults:
        raise InputError(
            f"{reference_file(FILE)}: {decision.decision_id} is about row {decision.row} of {decision.file}, which is not set aside: take the entry out, or give the row that quality.rejected_rows names."
        )


def refuse_unreadable(who: str, fault: RejectedRow, file: DeliveredFile) -> None:
    """Raise InputError where an accepted row could not count, as a cell that must be filled cannot be read."""
    required = {WHOLE_ROW, *(column.heading for column in file.layout.columns.values() if column.contract.required)}
    if fault.rule in UNREADABLE and fault.column_name in required:
        raise InputError(
            f"{who} accepts row {fault.row} of {fault.file}, but its {fault.column_name} {fault.reason}: correct the cell, or leave the row set aside."
        )


def check_corrections(decisions: Decisions, layout: Layout, file: str) -> None:
    """Raise InputError where a correction of the file names an unknown column, or one with personal data."""
    for decision in decisions.decisions:
        if not isinstance(decision, RowCorrected) or decision.file != file:
            continue
        if decision.column not in layout.columns:
            raise InputError(
                f"{reference_file(FILE)}: {decision.decision_id} corrects {short(decision.column)}, which is no column of {layout.table.name}: use one of {', '.join(layout.columns)}."
            )
        if layout.columns[decision.column].is_personal:
            raise InputError(
                f"{reference_file(FILE)}: {decision.decision_id} corrects {decision.column}, which holds personal data, and those do not belong into this file: ask for the file again."
            )
