"""Runs the yearly job in this process and returns its results. `printing.py` prints them."""

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

from assets.asset_checks import sentences
from assets.published.publication import PUBLICATION
from assets.tables import key
from pipelines.editions import range_tags
from pipelines.jobs import JOB
from warehouse import store
from warehouse.contracts import Row, contracts, records
from warehouse.home import dagster_folder, own_temporary_folder

OnStep = Callable[[str, int], None]


@dataclass(frozen=True)
class Ran:
    """What a run did: its checks, the rows of its files, and where it stopped if it did."""

    run_id: str
    checks: tuple[AssetCheckEvaluation, ...]
    trouble: tuple[str, ...]
    bugs: tuple[str, ...]
    publication: AssetMaterialization | None
    row_counts: tuple[Row, ...]

    @property
    def blocked(self) -> list[str]:
        """A sentence for each check and edition that failed and stopped the publication."""
        return [sentence for check in self.checks if check.blocking for sentence in sentences(check)]

    @property
    def warnings(self) -> list[str]:
        """A sentence for each check and edition that failed and blocks nothing."""
        return [sentence for check in self.checks if not check.blocking for sentence in sentences(check)]


def prepare_dagster_home() -> Path:
    """Return Dagster's folder, with the project's settings (telemetry off) in it and DAGSTER_HOME set to it."""
    folder = dagster_folder()
    folder.mkdir(parents=True, exist_ok=True)
    shutil.copyfile(Path(__file__).with_name("dagster.yaml"), folder / "dagster.yaml")
    os.environ["DAGSTER_HOME"] = str(folder)
    return folder


def run_editions(editions: range, on_step: OnStep) -> Ran:
    """Run the yearly job over the editions, recorded for Dagster's page like any other run.

    `on_step(name, steps)` is called as each step starts, with the number of all steps. Raises KeyboardInterrupt where
    somebody ended the run, which Dagster records as a failed step.
    """
    from pipelines.definitions import defs

    prepare_dagster_home()
    job = defs.resolve_job_def(JOB)
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
    return Ran(
        run_id=run_id,
        checks=tuple(result.get_asset_check_evaluations()),
        trouble=tuple(sentence for _, sentence in sentences if sentence),
        bugs=tuple(_traceback(event) for event, sentence in sentences if sentence is None),
        publication=_materialized(result.all_events, PUBLICATION),
        row_counts=_row_counts(result.all_events, editions),
    )


@contextmanager
def _event_logs_kept_open(run_id: str) -> Iterator[Callable[[], None]]:
    """Yield a function that keeps open the two SQLite files of a run's events, once they exist.

    Dagster opens and closes them for each event. When the last connection closes, SQLite writes its whole log into the file;
    and after each event it waits for the disk, unless it is told that after a power cut the last events may be missing: no
    table depends on them. Both together are a third of the seconds of `benchmarks/run_overhead.py`'s empty job.
    """
    folder, connections = dagster_folder() / "history" / "runs", {}

    def keep_open() -> None:
        for path in (folder / "index.db", folder / f"{run_id}.db"):
            if path not in connections and path.exists():
                connections[path] = sqlite3.connect(path)
                connections[path].execute("SELECT 1 FROM sqlite_schema").fetchall()  # only what was read is open

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
    """Return the sentence of expected trouble, an empty text where a failed check reports it, None for a bug."""
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


def _row_counts(events: Sequence[DagsterEvent], editions: range) -> tuple[Row, ...]:
    """Return the rows of quality.row_counts of the editions; an empty tuple where the run did not make that table."""
    counts = contracts()["quality.row_counts"]
    return tuple(records(store.read(counts, editions))) if _materialized(events, key(counts)) else ()
