"""Runs the yearly job in this process, and returns the run's results. `printing.py` prints them."""

import os
import shutil
import sqlite3
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from uuid import uuid4

import dagster as dg
import sqlalchemy
from dagster import AssetCheckEvaluation, AssetMaterialization, DagsterEvent, DagsterEventType

from assets.asset_checks import undecided
from assets.published.publication import PUBLICATION
from assets.tables import key
from checks.outcomes import failing_before
from pipelines.editions import range_tags
from pipelines.jobs import JOB
from warehouse import store
from warehouse.contracts import Row, contracts, records
from warehouse.home import dagster_folder, own_temporary_folder
from warehouse.publishing import published_rows

ROW_COUNTS = contracts()["quality.row_counts"]
OnStep = Callable[[str, int], None]
Editions = tuple[int | None, ...]


@dataclass(frozen=True)
class FailedCheck:
    """A failed check without a decision that lets it pass.

    `editions` are the editions in which the check fails. `new_editions` leaves out the editions in which it already
    failed before this run. If the table has no editions, None stands for the whole table.

    `first_row` is the key of the first row that fails. It is empty if the check is about a whole table.
    """

    table: str
    rule: str
    blocking: bool
    editions: Editions
    new_editions: Editions
    rows: int
    first_row: str
    what_to_do: str


@dataclass(frozen=True)
class Ran:
    """The result of a run.

    `checks` is the number of checks that ran, and `failed` has the failed checks that no decision lets pass. `trouble`
    has the messages of expected errors, and `bugs` has the tracebacks of bugs. `publication` is None if nothing was
    published. `new_files` has a row for each file that is new in the published file.
    """

    run_id: str
    checks: int
    failed: tuple[FailedCheck, ...]
    trouble: tuple[str, ...]
    bugs: tuple[str, ...]
    publication: AssetMaterialization | None
    new_files: tuple[Row, ...]


def prepare_dagster_home() -> Path:
    """Write the project's Dagster settings into Dagster's folder, and return the path of this folder.

    The environment variable DAGSTER_HOME is set to this path.
    """
    folder = dagster_folder()
    folder.mkdir(parents=True, exist_ok=True)
    shutil.copyfile(Path(__file__).with_name("dagster.yaml"), folder / "dagster.yaml")
    os.environ["DAGSTER_HOME"] = str(folder)
    return folder


def run_editions(editions: range, on_step: OnStep, tables: Sequence[dg.AssetKey] = ()) -> Ran:
    """Run the yearly job for the editions. Dagster's page shows this run like any other run.

    If `tables` are given, the run makes only these tables and the tables that they depend on. When a step starts, the
    function calls `on_step(name, steps)`. `name` is the step's name, and `steps` is the number of steps in total.

    Raises KeyboardInterrupt if somebody interrupts the run. Dagster itself only records a failed step.
    """
    from pipelines.definitions import defs

    prepare_dagster_home()
    failed_before, files_before = failing_before(), published_rows(ROW_COUNTS)
    job = defs.resolve_job_def(JOB)
    if tables:
        selection = dg.AssetSelection.assets(*tables).upstream().required_multi_asset_neighbors()
        job = job.get_subset(asset_selection=selection.resolve(defs.resolve_asset_graph()))
    run_id, steps = str(uuid4()), len(list(job.nodes))
    with own_temporary_folder(), _event_logs_kept_open(run_id) as keep_open, dg.DagsterInstance.get() as instance:

        def listen(entry: dg.EventLogEntry) -> None:
            keep_open()
            event = entry.dagster_event
            if event and event.event_type == DagsterEventType.STEP_START and event.step_key:
                on_step(event.step_key, steps)

        instance.add_event_listener(run_id, listen)
        result = job.execute_in_process(
            run_id=run_id,
            instance=instance,
            raise_on_error=False,
            tags=range_tags(editions),
            run_config={"loggers": {"console": {"config": {"log_level": "CRITICAL"}}}},
        )
    failures = [event for event in result.all_events if event.event_type == DagsterEventType.STEP_FAILURE]
    if any(_interrupted(event) for event in failures):
        raise KeyboardInterrupt
    sentences = [(event, _expected(event)) for event in failures]
    evaluations = result.get_asset_check_evaluations()
    return Ran(
        run_id=run_id,
        checks=len(evaluations),
        failed=tuple(_failed(evaluations, failed_before)),
        trouble=tuple(sentence for _, sentence in sentences if sentence),
        bugs=tuple(_traceback(event) for event, sentence in sentences if sentence is None),
        publication=_materialized(result.all_events, PUBLICATION),
        new_files=_new_files(result.all_events, editions, files_before),
    )


@contextmanager
def _event_logs_kept_open(run_id: str) -> Iterator[Callable[[], None]]:
    """Keep the two SQLite files of the run's events open until the end of the block. This makes the run faster.

    The files do not exist when the run starts. Therefore the block gets a function that opens each file as soon as it
    exists. The caller calls this function at every event.

    Dagster opens and closes both files for each event. When the last connection to a file closes, SQLite writes its
    whole log into the file. The open connections prevent that. Also, the setting `synchronous = NORMAL` keeps SQLite
    from waiting for the disk after each event. A power cut may then lose the last events, but no table depends on
    events. Without the open connections and the setting, the empty job of `benchmarks/run_overhead.py` takes a third
    longer.
    """
    folder, connections = dagster_folder() / "history" / "runs", {}

    def keep_open() -> None:
        for path in (folder / "index.db", folder / f"{run_id}.db"):
            if path not in connections and path.exists():
                connections[path] = sqlite3.connect(path)
                # SQLite opens the file only at the first read
                connections[path].execute("SELECT 1 FROM sqlite_schema").fetchall()

    sqlalchemy.event.listen(sqlalchemy.Engine, "connect", _do_not_wait_for_the_disk)
    try:
        yield keep_open
    finally:
        sqlalchemy.event.remove(sqlalchemy.Engine, "connect", _do_not_wait_for_the_disk)
        for connection in connections.values():
            connection.close()


def _do_not_wait_for_the_disk(connection: object, _record: object) -> None:
    if isinstance(connection, sqlite3.Connection):
        connection.execute("PRAGMA synchronous = NORMAL")


def _interrupted(event: DagsterEvent) -> bool:
    error = event.step_failure_data.error
    return error is not None and error.cls_name == "DagsterExecutionInterruptedError"


def _expected(event: DagsterEvent) -> str | None:
    """Return the message of an expected error. Return None if the error is a bug.

    If the step failed because a check failed, return an empty message. The result of the check says what is wrong.
    """
    failure = event.step_failure_data
    if failure.user_failure_data:
        return str(failure.user_failure_data.description)
    return "" if failure.error and failure.error.cls_name == "DagsterAssetCheckFailedError" else None


def _traceback(event: DagsterEvent) -> str:
    error = event.step_failure_data.error
    return error.to_string() if error else f"{event.step_key} failed without an error"


def _materialized(events: Sequence[DagsterEvent], asset: dg.AssetKey) -> AssetMaterialization | None:
    for event in events:
        if event.event_type == DagsterEventType.ASSET_MATERIALIZATION and event.asset_key == asset:
            return event.step_materialization_data.materialization
    return None


def _failed(
    evaluations: Sequence[AssetCheckEvaluation], failed_before: dict[tuple[str, str], set[int | None]]
) -> Iterator[FailedCheck]:
    """Yield the failed checks that no decision lets pass. Blocking checks come first."""
    for evaluation in sorted(evaluations, key=lambda evaluation: not evaluation.blocking):
        failing = undecided(evaluation)
        if failing:
            table = evaluation.asset_key.to_user_string().replace("/", ".")
            before = failed_before.get((table, evaluation.check_name), set())
            yield FailedCheck(
                table=table,
                rule=evaluation.check_name,
                blocking=bool(evaluation.blocking),
                editions=tuple(failing),
                new_editions=tuple(edition for edition in failing if edition not in before),
                rows=sum(failing.values()),
                first_row=_first_row(evaluation),
                what_to_do=str(evaluation.metadata["what to do"].value),
            )


def _first_row(evaluation: AssetCheckEvaluation) -> str:
    rows = evaluation.metadata["rows"]
    first = rows.records[0].data if isinstance(rows, dg.TableMetadataValue) and rows.records else {}
    return ", ".join(f"{name} {value}" for name, value in first.items() if value != "")


def _new_files(events: Sequence[DagsterEvent], editions: range, before: Sequence[Row]) -> tuple[Row, ...]:
    """Return the rows of quality.row_counts that the published file did not have before the run.

    Return no rows if the run did not make quality.row_counts.
    """
    if not _materialized(events, key(ROW_COUNTS)):
        return ()
    return tuple(row for row in records(store.read(ROW_COUNTS, editions)) if row not in before)
