"""Run rules with Great Expectations on DuckDB. No other module uses Great Expectations.

Importing Great Expectations takes seconds. It is therefore imported inside the functions that need it, and never at the
top of this module. `benchmarks/imports.py` measures the time.

The SQL engine of Great Expectations closes a DuckDB cursor before it reads the cursor's rows. `_connection` therefore
gives the engine cursors that keep their rows.

Because this way of using Great Expectations is new, `prove_route` tests it before the rules of a table run.
`prove_route` plants bad rows in a small table, and raises an error if a kind of expectation does not find these rows.
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
    """The result of running a rule.

    `failing` has the keys of the rows that break the rule, or no keys if the rule holds.
    """

    rule: Rule
    failing: tuple[Key, ...]

    def of_edition(self, edition: int) -> tuple[Key, ...]:
        """Return the keys of the failing rows in one edition. A key that has no edition belongs to every edition."""
        return tuple(key for key in self.failing if key.get("edition") in (edition, None))


class CheckError(Exception):
    """A check could not be run. This is always a fault of the program and never of the data."""


def validate_table(table: Table, rules: Iterable[Rule], editions: Iterable[int] | None = None) -> list[Outcome]:
    """Check the shape of a stored table, then run its rules. Return the outcome of the shape check and of each rule.

    If a file has the wrong shape, no rule runs, and the result has only the outcome of the shape check. If `editions`
    are given, two things are checked for these editions only: the contract's conditions for values, and the rules that
    look at each edition by itself. All other rules run on the whole table. Raises CheckError if a check could not be
    run.
    """
    misshapen = misshapen_files(table)
    if misshapen:
        return [Outcome(shape_rule(table), tuple(misshapen))]
    prove_route()
    shape, rules = shape_expectations(table), list(rules)
    with engine() as connection:
        for read_table in (table, *tables_read(rules)):
            if misshapen_files(read_table):
                put(connection, read_table, read_table.frame([]))
            else:
                view_stored(connection, read_table)
        if editions is not None:
            connection.execute(f"CREATE VIEW {EDITIONS_ALONE} AS {_rows_of(table, editions)}")
        outcomes = run_rules(connection, [*shape, *rules], EDITIONS_ALONE if editions is not None else None)
    failing = {tuple(key.items()): key for outcome in outcomes[: len(shape)] for key in outcome.failing}
    return [Outcome(shape_rule(table), tuple(failing.values())), *outcomes[len(shape) :]]


def _rows_of(table: Table, editions: Iterable[int]) -> str:
    """Return a query that selects the stored rows of these editions, or no rows if `editions` is empty."""
    files = [str(path_of(table, edition)) for edition in editions]
    return f"FROM read_parquet({files})" if files else f"FROM {table.name} LIMIT 0"


def tables_read(rules: Iterable[Rule]) -> list[Table]:
    """Return the tables that are named in the rules' queries.

    A rule's own table is included only if a query names it.
    """
    names = {name for rule in rules for name in rule.names}
    return [table for table in contracts().values() if table.name in names]


def run_rules(
    connection: duckdb.DuckDBPyConnection, rules: list[Rule], editions_alone: str | None = None
) -> list[Outcome]:
    """Run rules on the tables and views of a connection. Return an outcome for each rule, in the order of the rules.

    All rules of a table run in one validation. `editions_alone` may name a view that has only some editions of the
    table. The rules that look at each edition by itself then run on this view. Raises CheckError if a rule could not be
    run.
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
    """Return the query that selects the failing rows. Return None if the rule is an expectation."""
    if rule.sql is None:
        return None
    narrow = editions_alone if rule.looks_at_editions_alone else None
    return rule.sql.format(batch=rule.rows_of or narrow or rule.table)


@cache
def prove_route() -> None:
    """Test every kind of expectation that the project uses. The test runs on a small table with planted bad rows.

    Raises CheckError if a kind of expectation does not find exactly these rows.
    """
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
                f"{kind} failed its self-test, so no check was run: in a made-up table it should find the bad rows {expected}, but it found {found_ids}: report this fault of the program."
            )


_CANARIES: dict[str, tuple[dict[str, Any], list[int]]] = {
    "ExpectColumnValuesToBeInSet": ({"column": "word", "value_set": ["good"]}, [2]),
    "ExpectColumnValuesToBeBetween": ({"column": "amount", "min_value": 0, "max_value": 9}, [2]),
    "ExpectColumnValuesToBeUnique": ({"column": "id"}, [3, 3]),
    "UnexpectedRowsExpectation": ({"sql": "SELECT * FROM {batch} WHERE word = 'bad'"}, [2]),
}


def misshapen_files(table: Table) -> list[Key]:
    """Return the edition of each file that has the wrong shape, or the file's name if the table has no editions.

    A file has the wrong shape in these cases:

    - Its columns or types differ from the contract.
    - It allows empty cells in a required column.
    - It has rows of another edition than its name says.
    """
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


class _GreatExpectations:
    """Great Expectations, set up with one data source and one table, the view `judged`.

    The setup is made only once per process, because it takes long. To check another table, `batch` makes the view show
    that table. `benchmarks/run_overhead.py` shows how much time Great Expectations takes.
    """

    def __init__(self) -> None:
        import great_expectations as gx
        from sqlalchemy.pool import NullPool

        logging.getLogger("great_expectations").setLevel(logging.CRITICAL)  # errors are raised as CheckError instead
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
        """Return a batch that has all rows of a table or view.

        `name` is the name of the table or view in the connection.
        """
        connection.execute(f"CREATE OR REPLACE VIEW judged AS SELECT * FROM {name}")
        self._connection = connection
        return self._all.get_batch()


_great_expectations = cache(_GreatExpectations)


def _connection(connection: duckdb.DuckDBPyConnection) -> "ConnectionWrapper":
    """Return a connection for SQLAlchemy. The cursors of this connection keep their rows after they are closed."""
    from duckdb_sqlalchemy import ConnectionWrapper, CursorWrapper

    class KeepingCursor(CursorWrapper):
        def execute(self, statement: str, parameters: object = None, context: object = None) -> None:
            super().execute(statement, parameters, context)
            if self._buffered_rows is None and self.description is not None:
                self._buffer_result()

        def close(self) -> None:
            """Do nothing, so that the rows are kept. Great Expectations reads them after it has closed the cursor."""

    own = connection.cursor()  # Great Expectations closes the connection that is given to it

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
    """Run rules on the table or view `name`. Return the results in the order of the rules.

    `queries` has the query of each rule, or None if the rule is an expectation. `key` lists the columns that identify a
    failing row. If `key` is empty, the key of the rules' table is used.
    """
    import great_expectations as gx
    import great_expectations.expectations as gxe

    expectations, suite = _great_expectations(), gx.ExpectationSuite(name="rules")
    # Great Expectations warns about each query that names a table instead of the batch. Our queries do so on purpose.
    with contextlib.redirect_stdout(io.StringIO()):
        for index, (rule, query) in enumerate(zip(rules, queries, strict=True)):
            meta = {"index": index}
            if query:
                expectation: Any = gxe.UnexpectedRowsExpectation(unexpected_rows_query=query, meta=meta)
            else:
                expectation = getattr(gxe, str(rule.expectation))(**rule.arguments, meta=meta)
            suite.expectations.append(expectation)
        result = expectations.batch(connection, name).validate(
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
    """Return the keys of the rows that break the rule. Raises CheckError if the rule could not be run."""
    _refuse_errors(rule, result)
    if result.success:
        return ()
    names = key or rule.key
    if query:
        rows = result.result["details"]["unexpected_rows"]
        if len(rows) < result.result["observed_value"]:  # Great Expectations returns no more than 200 rows
            cursor = connection.execute(query)
            rows = [
                dict(zip([column[0] for column in cursor.description], row, strict=True)) for row in cursor.fetchall()
            ]
    else:
        # If the result has no list of keys, it has a list of the failing values. These values are then the keys.
        rows = result.result.get("unexpected_index_list") or result.result["unexpected_list"]
    return tuple({name: row[name] for name in names if name in row} for row in rows)


def _refuse_errors(rule: Rule, result: "ExpectationValidationResult") -> None:
    """Raise CheckError if the rule could not be run.

    Great Expectations itself would only say that the check failed.
    """
    information = result.exception_info or {}
    faults = [information] if "raised_exception" in information else list(information.values())
    for fault in faults:
        if fault.get("raised_exception"):
            raise CheckError(f"the check '{rule.table}.{rule.name}' could not be run: {fault.get('exception_message')}")
