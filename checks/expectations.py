"""Runs rules with Great Expectations on DuckDB. The one module that knows Great Expectations.

Importing it costs seconds, so it is imported inside the functions that validate and never at the top. Its SQL
engine does not work with DuckDB as it comes: it reads results after it closed their cursor. `_connection` hands
it cursors that keep their rows. As that way is young, `prove_route` first makes every kind of expectation find a
planted bad row, and refuses to judge anything if one does not.
"""

import contextlib
import io
import logging
from collections.abc import Iterable
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING, Any

import duckdb
import pyarrow as pa

from checks.table_rules import Rule, shape_expectations, shape_rule
from warehouse.contracts import Table, contracts
from warehouse.engine import engine, put, view_stored
from warehouse.store import described_in, path_of, stored_files

if TYPE_CHECKING:
    from duckdb_sqlalchemy import ConnectionWrapper
    from great_expectations.core import ExpectationValidationResult
    from great_expectations.datasource.fluent.interfaces import Batch


EDITIONS_ALONE = "editions_alone"

Key = dict[str, Any]


@dataclass(frozen=True)
class Outcome:
    """What a rule found: the keys of the rows that break it (none: it holds)."""

    rule: Rule
    failing: tuple[Key, ...]

    def of_edition(self, edition: int) -> tuple[Key, ...]:
        """The failing keys of one edition; a fault of the whole table counts for each."""
        return tuple(key for key in self.failing if key.get("edition") in (edition, None))


class CheckError(Exception):
    """A check could not be run. This is a bug of the program, never bad data."""


def validate_table(table: Table, rules: Iterable[Rule], editions: Iterable[int] | None = None) -> list[Outcome]:
    """Check the shape and the rules of a stored table; return an outcome for each.

    `editions` limits the shape and the rules of single rows to some editions of the store. Where the shape of a file is
    wrong only that is reported, as no rule can be read on it. Raises CheckError where a check could not be run.
    """
    misshapen = misshapen_files(table)
    if misshapen:
        return [Outcome(shape_rule(table), tuple(misshapen))]
    prove_route()
    shape, rules = shape_expectations(table), list(rules)
    with engine() as connection:
        for read in (table, *tables_read(rules)):
            if misshapen_files(read):
                put(connection, read, read.frame([]))
            else:
                view_stored(connection, read)
        if editions is not None:
            connection.execute(f"CREATE VIEW {EDITIONS_ALONE} AS {_rows_of(table, editions)}")
        outcomes = run_rules(connection, [*shape, *rules], EDITIONS_ALONE if editions is not None else None)
    failing = {tuple(key.items()): key for outcome in outcomes[: len(shape)] for key in outcome.failing}
    return [Outcome(shape_rule(table), tuple(failing.values())), *outcomes[len(shape) :]]


def _rows_of(table: Table, editions: Iterable[int]) -> str:
    """Return the query of some editions of a stored table; without editions it has no rows."""
    files = [str(path_of(table, edition)) for edition in editions]
    return f"FROM read_parquet({files})" if files else f"FROM {table.name} LIMIT 0"


def tables_read(rules: Iterable[Rule]) -> list[Table]:
    """Return the tables that the rules' queries name, their own table among them where they name it."""
    names = {name for rule in rules for name in rule.names}
    return [table for table in contracts().values() if table.name in names]


def run_rules(
    connection: duckdb.DuckDBPyConnection, rules: list[Rule], editions_alone: str | None = None
) -> list[Outcome]:
    """Run rules on the tables and views of a connection, one validation per table.

    `editions_alone` names a view of some editions, on which rules that look at each edition alone are run in place
    of the whole table. Raises CheckError where a rule could not be run.
    """
    outcomes = {}
    for name in dict.fromkeys(rule.table for rule in rules):
        of_table = [rule for rule in rules if rule.table == name]
        queries = [_query(rule, editions_alone) for rule in of_table]
        results = _validate(connection, editions_alone or name, of_table, queries)
        for rule, query, result in zip(of_table, queries, results, strict=True):
            outcomes[rule.table, rule.name] = Outcome(rule, _failing_keys(connection, rule, query, result))
    return [outcomes[rule.table, rule.name] for rule in rules]


def _query(rule: Rule, editions_alone: str | None) -> str | None:
    """Return the rule's query of the rows that break it; None where the rule is an expectation."""
    if rule.sql is None:
        return None
    narrow = editions_alone if rule.looks_at_editions_alone else None
    return rule.sql.format(batch=rule.rows_of or narrow or rule.table)


@cache
def prove_route() -> None:
    """Run one canary for each kind of expectation that the project uses. Raises CheckError where one stays silent."""
    connection = duckdb.connect()
    connection.execute(
        "CREATE TABLE canary AS SELECT * FROM (VALUES (1, 1, 'good'), (2, -1, 'bad'), (3, 1, NULL), (3, 1, 'good')) t(id, amount, word)"
    )
    for kind, (arguments, expected) in _CANARIES.items():
        sql = arguments.get("sql")
        rule = Rule.model_construct(
            table="canary",
            name=kind,
            severity="error",
            expectation=None if sql else kind,
            arguments={} if sql else arguments,
            sql=sql,
            rows_of=None,
            why="",
            what_to_do="",
        )
        query = _query(rule, None)
        result = _validate(connection, "canary", [rule], [query], key=("id",))[0]
        found_ids = sorted(key["id"] for key in _failing_keys(connection, rule, query, result, key=("id",)))
        if found_ids != expected:
            raise CheckError(
                f"the canary of {kind} found rows {found_ids} where {expected} were planted: no check can be trusted"
            )


_CANARIES: dict[str, tuple[dict[str, Any], list[int]]] = {
    "ExpectColumnValuesToBeInSet": ({"column": "word", "value_set": ["good"]}, [2]),
    "ExpectColumnValuesToBeBetween": ({"column": "amount", "min_value": 0, "max_value": 9}, [2]),
    "ExpectColumnValuesToBeUnique": ({"column": "id"}, [3, 3]),
    "UnexpectedRowsExpectation": ({"sql": "SELECT * FROM {batch} WHERE word = 'bad'"}, [2]),
}


def misshapen_files(table: Table) -> list[Key]:
    """Files whose columns or types differ from the contract's, where a cell could be empty that must be filled, or whose
    rows are of another edition than the file's."""
    expected = table.arrow_schema()
    return [
        {"edition": int(path.stem)} if table.partitioned else {"file": path.name}
        for path in stored_files(table)
        if not _fits(path, expected, int(path.stem) if table.partitioned else None)
    ]


def _fits(path: Path, expected: pa.Schema, edition: int | None) -> bool:
    described = described_in(path)
    if not described.schema.equals(expected):
        return False
    return edition is None or described.editions in (None, (edition, edition))


class _Desk:
    """Great Expectations with its one data source and its one table, for as long as the process lives: both are costly.

    The table is the view `judged` of whatever DuckDB connection lies on the desk.
    """

    def __init__(self) -> None:
        import great_expectations as gx
        from sqlalchemy.pool import NullPool

        logging.getLogger("great_expectations").setLevel(logging.CRITICAL)  # what it would log is raised as CheckError
        self._connection = duckdb.connect()
        self._connection.execute("CREATE VIEW judged AS SELECT 1 AS nothing")
        context = gx.get_context(mode="ephemeral")
        context.variables.progress_bars = {"globally": False, "metric_calculations": False}
        source = context.data_sources.add_sql(
            "store",
            connection_string="duckdb:///:memory:",
            create_temp_table=False,
            kwargs={"creator": lambda: _connection(self._connection), "poolclass": NullPool},
        )
        self._all = source.add_table_asset("judged", table_name="judged").add_batch_definition_whole_table("all")

    def batch(self, connection: duckdb.DuckDBPyConnection, name: str) -> "Batch":
        """All rows of a table or view of the connection."""
        connection.execute(f"CREATE OR REPLACE VIEW judged AS SELECT * FROM {name}")
        self._connection = connection
        return self._all.get_batch()


_desk = cache(_Desk)


def _connection(connection: duckdb.DuckDBPyConnection) -> "ConnectionWrapper":
    """Return a connection for SQLAlchemy whose cursors keep their rows after they are closed."""
    from duckdb_sqlalchemy import ConnectionWrapper, CursorWrapper

    class KeepingCursor(CursorWrapper):
        def execute(self, statement: str, parameters: object = None, context: object = None) -> None:
            super().execute(statement, parameters, context)
            if self._buffered_rows is None and self.description is not None:
                self._buffer_result()

        def close(self) -> None:
            """Keep the rows: Great Expectations reads them after it closed the cursor."""

    own = connection.cursor()  # Great Expectations closes what it is given

    class KeepingConnection(ConnectionWrapper):
        def cursor(self) -> KeepingCursor:
            return KeepingCursor(own.cursor(), self)

    return KeepingConnection(own)


def _validate(
    connection: duckdb.DuckDBPyConnection,
    name: str,
    rules: list[Rule],
    queries: list[str | None],
    key: tuple[str, ...] = (),
) -> "list[ExpectationValidationResult]":
    """Return results in the order of the rules: of expectations on a table or view, and of the rules' own queries."""
    import great_expectations as gx
    import great_expectations.expectations as gxe

    desk, suite = _desk(), gx.ExpectationSuite(name="rules")
    with contextlib.redirect_stdout(
        io.StringIO()
    ):  # it prints that a query names a table and no batch, which is meant so
        for index, (rule, query) in enumerate(zip(rules, queries, strict=True)):
            meta = {"index": index}
            if query:
                expectation: Any = gxe.UnexpectedRowsExpectation(unexpected_rows_query=query, meta=meta)
            else:
                expectation = getattr(gxe, str(rule.expectation))(**rule.arguments, meta=meta)
            suite.expectations.append(expectation)
        result = desk.batch(connection, name).validate(
            suite,
            result_format={
                "result_format": "COMPLETE",
                "unexpected_index_column_names": list(key or contracts()[rules[0].table].key),
                "return_unexpected_index_query": False,
            },
        )
    return sorted(result.results, key=lambda validation: validation.expectation_config.meta["index"])


def _failing_keys(
    connection: duckdb.DuckDBPyConnection,
    rule: Rule,
    query: str | None,
    result: "ExpectationValidationResult",
    key: tuple[str, ...] = (),
) -> tuple[Key, ...]:
    _refuse_errors(rule, result)
    if result.success:
        return ()
    names = key or rule.key
    if query:
        rows = result.result["details"]["unexpected_rows"]
        if len(rows) < result.result["observed_value"]:  # Great Expectations keeps the first 200 only
            cursor = connection.execute(query)
            rows = [
                dict(zip([column[0] for column in cursor.description], row, strict=True)) for row in cursor.fetchall()
            ]
    else:
        # Keys of several columns come back as the values themselves, which are the key.
        rows = result.result.get("unexpected_index_list") or result.result["unexpected_list"]
    return tuple({name: row[name] for name in names if name in row} for row in rows)


def _refuse_errors(rule: Rule, result: "ExpectationValidationResult") -> None:
    """Raise CheckError where an expectation could not be run: Great Expectations returns it as one that failed."""
    information = result.exception_info or {}
    faults = [information] if "raised_exception" in information else list(information.values())
    for fault in faults:
        if fault.get("raised_exception"):
            raise CheckError(f"{rule.table}.{rule.name} could not be run: {fault.get('exception_message')}")
