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
from collections.abc import Iterable
from dataclasses import dataclass
from functools import cache
from typing import TYPE_CHECKING, Any

import duckdb

from checks.rules import Rule, shape_expectations, shape_rule
from warehouse.contracts import Table, contracts
from warehouse.store import schema_of, stored_files

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


def validate_table(table: Table, rules: Iterable[Rule]) -> list[Outcome]:
    """The shape and the rules of a stored table, over everything that the store holds, in one validation a table.

    Where the shape of a file is wrong only that is reported, as no rule can be read on it. Raises CheckError where
    a check could not be run.
    """
    prove_route()
    misshapen = _misshapen_files(table)
    if misshapen:
        return [Outcome(shape_rule(table), tuple(misshapen))]
    rules, shape = list(rules), shape_expectations(table)
    with open_store([table, *_named_in(rules)]) as connection:
        outcomes = run_rules(connection, [*shape, *rules])
    failing = {tuple(key.items()): key for outcome in outcomes[: len(shape)] for key in outcome.failing}
    return [Outcome(shape_rule(table), tuple(failing.values())), *outcomes[len(shape) :]]


def _named_in(rules: list[Rule]) -> list[Table]:
    """The tables that the rules' queries read beside their own."""
    return [one for one in contracts().values() if any(one.name in f"{rule.sql} {rule.rows_of}" for rule in rules)]


def open_store(tables: Iterable[Table]) -> duckdb.DuckDBPyConnection:
    """An in-memory DuckDB with a view for each of the tables; a table without files is an empty one."""
    connection = duckdb.connect()
    connection.execute(f"SET memory_limit = '{MEMORY_LIMIT}'")
    connection.execute("SET temp_directory = $folder", {"folder": tempfile.gettempdir()})
    for table in {table.name: table for table in tables}.values():
        connection.execute(f"CREATE SCHEMA IF NOT EXISTS {table.schema_name}")
        files = [str(path) for path in stored_files(table)]
        if files and not _misshapen_files(table):
            connection.execute(f"CREATE VIEW {table.name} AS SELECT * FROM read_parquet({files})")
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
        results = _validate(_batch(connection, name), of_table)
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
        result = _validate(_batch(connection, "canary", key=("id",)), [rule], key=("id",))[0]
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


def _misshapen_files(table: Table) -> list[Key]:
    """Files whose columns or types differ from the contract's, or where a cell could be empty that must be filled."""
    expected = [(field.name, field.type, field.nullable) for field in table.arrow_schema()]
    found: list[Key] = []
    for path in stored_files(table):
        schema = schema_of(path)
        if [(field.name, field.type, field.nullable) for field in schema] != expected:
            found.append({"edition": int(path.stem)} if table.partitioned else {"file": path.name})
    return found


def _batch(connection: duckdb.DuckDBPyConnection, name: str, key: tuple[str, ...] = ()) -> "Batch":
    import great_expectations as gx
    from sqlalchemy.pool import StaticPool

    logging.getLogger("great_expectations").setLevel(logging.CRITICAL)  # what it would log is raised as a CheckError
    context = gx.get_context(mode="ephemeral")
    context.variables.progress_bars = {"globally": False, "metric_calculations": False}
    source = context.data_sources.add_sql(
        "store",
        connection_string="duckdb:///:memory:",
        create_temp_table=False,
        kwargs={"creator": lambda: _connection(connection), "poolclass": StaticPool},
    )
    schema, _, short = name.rpartition(".")
    return (
        source.add_table_asset(name, table_name=short, schema_name=schema or None)
        .add_batch_definition_whole_table("all")
        .get_batch()
    )


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


def _validate(batch: "Batch", rules: list[Rule], key: tuple[str, ...] = ()) -> "list[ExpectationValidationResult]":
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
        result = batch.validate(
            suite,
            result_format={
                "result_format": "COMPLETE",
                "unexpected_index_column_names": list(key or rules[0].key),
                "return_unexpected_index_query": False,
            },
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
