"""Runs rules with Great Expectations on DuckDB. The one module that knows Great Expectations.

Importing it costs seconds, so it is imported inside the functions that validate and never at the top. Its SQL
engine does not work with DuckDB as it comes: it reads results after it closed their cursor. `_connection` hands
it cursors that keep their rows. As that way is young, `prove_route` first makes every kind of expectation find a
planted bad row, and refuses to judge anything if one does not.
"""

import contextlib
import io
import logging
import tempfile
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING, Any

import duckdb

from checks.rules import Rule, shape_expectations, shape_rule
from warehouse.contracts import Table, contracts
from warehouse.store import editions_within, path_of, schema_of, stored_files

if TYPE_CHECKING:
    from great_expectations.core import ExpectationValidationResult
    from great_expectations.datasource.fluent.interfaces import Batch

MEMORY_LIMIT = "1GB"

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
    """The shape and the rules of a stored table, over the named editions or over all that the store holds, at once.

    Where the shape of a file is wrong only that is reported, as no rule can be read on it. Raises CheckError where
    a check could not be run.
    """
    misshapen = misshapen_files(table)
    if misshapen:
        return [Outcome(shape_rule(table), tuple(misshapen))]
    shape = shape_expectations(table)
    outcomes = validate_rules(table, [*shape, *rules], editions)
    failing = {tuple(key.items()): key for outcome in outcomes[: len(shape)] for key in outcome.failing}
    return [Outcome(shape_rule(table), tuple(failing.values())), *outcomes[len(shape) :]]


def validate_rules(table: Table, rules: Iterable[Rule], editions: Iterable[int] | None = None) -> list[Outcome]:
    """The rules of a stored table whose files have the right shape. Raises CheckError where a rule could not be run."""
    prove_route()
    rules = list(rules)
    files = {table.name: [path_of(table, edition) for edition in editions]} if editions is not None else {}
    with open_store([table, *tables_read(rules)], files) as connection:
        return run_rules(connection, rules)


def tables_read(rules: Iterable[Rule]) -> list[Table]:
    """The tables that the rules' queries read, their own among them where they name it."""
    names = {name for rule in rules for name in rule.names}
    return [table for table in contracts().values() if table.name in names]


def open_store(tables: Iterable[Table], files: Mapping[str, list[Path]] | None = None) -> duckdb.DuckDBPyConnection:
    """An in-memory DuckDB with a view for each of the tables: of its `files` where they are named, else of all.

    A table without files is an empty one.
    """
    connection = duckdb.connect()
    connection.execute(f"SET memory_limit = '{MEMORY_LIMIT}'")
    connection.execute("SET temp_directory = $folder", {"folder": tempfile.gettempdir()})
    for table in {table.name: table for table in tables}.values():
        connection.execute(f"CREATE SCHEMA IF NOT EXISTS {table.schema_name}")
        paths = (files or {}).get(table.name, stored_files(table))
        if paths and not misshapen_files(table):
            connection.execute(f"CREATE VIEW {table.name} AS SELECT * FROM read_parquet({list(map(str, paths))})")
        else:
            connection.execute(table.ddl())
    return connection


def run_rules(connection: duckdb.DuckDBPyConnection, rules: list[Rule]) -> list[Outcome]:
    """Run rules on the tables and views of a connection, one validation per table that their rows stand in.

    Raises CheckError where a rule could not be run.
    """
    outcomes = {}
    for name in dict.fromkeys(rule.rows_of or rule.table for rule in rules):
        of_table = [rule for rule in rules if (rule.rows_of or rule.table) == name]
        results = _validate(connection, name, of_table)
        for rule, result in zip(of_table, results, strict=True):
            outcomes[rule.table, rule.name] = Outcome(rule, _failing_keys(connection, rule, result))
    return [outcomes[rule.table, rule.name] for rule in rules]


@cache
def prove_route() -> None:
    """One canary for each kind of expectation that the project uses. Raises CheckError where one stays silent."""
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
        result = _validate(connection, "canary", [rule], key=("id",))[0]
        found = sorted(key["id"] for key in _failing_keys(connection, rule, result, key=("id",)))
        if found != expected:
            raise CheckError(
                f"the canary of {kind} found rows {found} where {expected} were planted: no check can be trusted"
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
    expected = [(field.name, field.type, field.nullable) for field in table.arrow_schema()]
    found: list[Key] = []
    for path in stored_files(table):
        schema = schema_of(path)
        fits = [(field.name, field.type, field.nullable) for field in schema] == expected
        if fits and table.partitioned:
            fits = editions_within(path) in (None, (int(path.stem), int(path.stem)))
        if not fits:
            found.append({"edition": int(path.stem)} if table.partitioned else {"file": path.name})
    return found


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


def _connection(connection: duckdb.DuckDBPyConnection) -> Any:
    """A connection for SQLAlchemy whose cursors keep their rows after they are closed."""
    from duckdb_sqlalchemy import ConnectionWrapper, CursorWrapper

    class KeepingCursor(CursorWrapper):
        def execute(self, statement: str, parameters: Any = None, context: Any = None) -> None:
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
    connection: duckdb.DuckDBPyConnection, name: str, rules: list[Rule], key: tuple[str, ...] = ()
) -> "list[ExpectationValidationResult]":
    """Results in the order of the rules."""
    import great_expectations as gx
    import great_expectations.expectations as gxe

    suite = gx.ExpectationSuite(name="rules")
    for index, rule in enumerate(rules):
        meta = {"index": index}
        if rule.sql:
            expectation: Any = gxe.UnexpectedRowsExpectation(unexpected_rows_query=rule.sql, meta=meta)
        else:
            expectation = getattr(gxe, str(rule.expectation))(**rule.arguments, meta=meta)
        suite.expectations.append(expectation)
    with contextlib.redirect_stdout(io.StringIO()):
        result = (
            _desk()
            .batch(connection, name)
            .validate(
                suite,
                result_format={
                    "result_format": "COMPLETE",
                    "unexpected_index_column_names": list(key or rules[0].key),
                    "return_unexpected_index_query": False,
                },
            )
        )
    return sorted(result.results, key=lambda one: one.expectation_config.meta["index"])


def _failing_keys(
    connection: duckdb.DuckDBPyConnection, rule: Rule, result: "ExpectationValidationResult", key: tuple[str, ...] = ()
) -> tuple[Key, ...]:
    _refuse_errors(rule, result)
    if result.success:
        return ()
    names = key or rule.key
    if rule.sql:
        rows = result.result["details"]["unexpected_rows"]
        if len(rows) < result.result["observed_value"]:  # Great Expectations keeps the first 200 only
            name = rule.rows_of or rule.table
            found = connection.execute(rule.sql.format(batch=name))
            rows = [
                dict(zip([column[0] for column in found.description], row, strict=True)) for row in found.fetchall()
            ]
    else:
        # Keys of several columns come back as the values themselves, which are the key.
        rows = result.result.get("unexpected_index_list") or result.result["unexpected_list"]
    return tuple({name: row[name] for name in names if name in row} for row in rows)


def _refuse_errors(rule: Rule, result: "ExpectationValidationResult") -> None:
    """An expectation that errored comes back as one that failed: tell them apart."""
    information = result.exception_info or {}
    faults = [information] if "raised_exception" in information else list(information.values())
    for fault in faults:
        if fault.get("raised_exception"):
            raise CheckError(f"{rule.table}.{rule.name} could not be run: {fault.get('exception_message')}")
