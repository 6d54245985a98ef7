"""Compares the run time of Tryghed's yearly run with the run time of an empty Dagster job.

The empty job is the yardstick. It makes no tables, and all its checks pass, so it measures only Dagster's bookkeeping.
It has 106 steps and 2,202 check results, for 68 tables. 47 of these tables have 18 editions. Tryghed's job had the same
counts when its checks ran in separate steps.

Two runs on the made-up sample are compared with the empty job. The first run makes all editions in an empty store. The
second run makes and checks the newest edition again, as if its files were new. The empty job and the two runs take
turns. Each of them has a new process and a new Dagster home. The time for imports is not measured.

    python -m benchmarks.run_overhead [RUNS]
"""

import json
import linecache
import os
import shutil
import statistics
import subprocess
import sys
import tempfile
import threading
import time
from collections import Counter
from collections.abc import Callable, Iterator
from pathlib import Path
from types import FrameType
from typing import Any

from benchmarks.measuring import in_a_process, ran_on, ratio
from warehouse.home import PROJECT

STEPS, RESULTS = 106, 2202
TABLES, UNPARTITIONED, AT_ONCE = (
    68,
    21,
    11,
)  # one step made all tables without editions, and another step made all tables of extracts
EDITIONS = range(2009, 2027)
RUNS = 3
WAYS = ("yardstick", "all editions", "one edition")
LIMITS = {"all editions": 1.6, "one edition": 0.5}
EVERY = 0.005  # seconds between two samples of the running function
# The parts of a run. Each part has texts that occur in the paths of its files. A sample belongs to the part of the innermost
# function, if that function's file is in a part. If a line of the project calls DuckDB, the sample belongs to SQL.
PARTS: dict[str, tuple[str, ...]] = {
    "SQL": ("duckdb_sqlalchemy/", f"{PROJECT}/warehouse/engine.py"),
    "Great Expectations": ("great_expectations/", f"{PROJECT}/checks/expectations.py"),
    "pictures": ("matplotlib/", f"{PROJECT}/assets/published/pictures.py", f"{PROJECT}/assets/published/charts.py"),
    "Python": (f"{PROJECT}/assets/", f"{PROJECT}/warehouse/", f"{PROJECT}/checks/"),
    "Dagster's storage": ("dagster/_core/storage/", "dagster/_core/instance/"),
    "Dagster, the rest": ("dagster/", f"{PROJECT}/pipelines/"),
}
ASKS_DUCKDB = (".execute(", ".to_arrow", ".fetchall(", ".sql(", ".df()")


def yardstick() -> Callable[[], None]:
    """Return a function that runs the empty job.

    The job has one step for all tables without editions, one step for all tables of delivered files, and one step for
    each other table. A step whose tables have editions runs once for all editions.

    In addition, each table has a step for its checks. This step yields a result for each check in each edition.
    """
    import dagster as dg

    from assets.tables import editions
    from pipelines.editions import range_tags

    single_run = dg.BackfillPolicy.single_run()
    numbers_by_name = {"alike": range(UNPARTITIONED), "at_once": range(UNPARTITIONED, UNPARTITIONED + AT_ONCE)}

    def empty_tables(name: str) -> dg.AssetsDefinition:
        keys = [dg.AssetKey(f"table_{number}") for number in numbers_by_name[name]]
        has_editions = name == "at_once"

        @dg.multi_asset(
            name=name,
            specs=[dg.AssetSpec(key) for key in keys],
            partitions_def=editions if has_editions else None,
            backfill_policy=single_run if has_editions else None,
        )
        def tables() -> Iterator[dg.MaterializeResult[None]]:
            """Yield a result for each table, but make no table."""
            yield from (dg.MaterializeResult(asset_key=key) for key in keys)

        return tables

    def empty_table(number: int) -> dg.AssetsDefinition:
        before = [
            *(dg.AssetKey(f"table_{earlier}") for earlier in numbers_by_name["alike"]),
            dg.AssetKey(f"table_{number - 1}"),
        ]

        @dg.asset(name=f"table_{number}", deps=before, partitions_def=editions, backfill_policy=single_run)
        def table() -> None:
            """Do nothing, because only the step is needed."""

        return table

    def empty_checks(number: int) -> dg.AssetChecksDefinition:
        asset, partitioned = dg.AssetKey(f"table_{number}"), number >= UNPARTITIONED
        names = [f"check_{check}" for check in range(checks_of(number))]
        partitions = editions if partitioned else None
        specs = [dg.AssetCheckSpec(name, asset=asset, partitions_def=partitions) for name in names]

        @dg.multi_asset_check(name=f"checks_{number}", specs=specs)
        def checks(context: dg.AssetCheckExecutionContext) -> Iterator[Any]:
            for name, spec in zip(names, specs, strict=True):
                for partition in context.partition_keys if partitioned else [None]:
                    yield dg.AssetCheckEvaluation(asset, name, passed=True, metadata={}, partition=partition)
                yield dg.Output(None, output_name=spec.get_python_identifier())

        return checks

    job = dg.Definitions(
        assets=[*map(empty_tables, numbers_by_name), *map(empty_table, range(UNPARTITIONED + AT_ONCE, TABLES))],
        asset_checks=[empty_checks(number) for number in range(TABLES)],
        jobs=[dg.define_asset_job("empty", partitions_def=editions)],
        executor=dg.in_process_executor,
    ).resolve_job_def("empty")
    assert len(list(job.nodes)) == STEPS

    def run() -> None:
        with dg.DagsterInstance.get() as instance:
            result = job.execute_in_process(
                instance=instance,
                tags=range_tags(range(EDITIONS[0], EDITIONS[-1] + 1)),
                run_config={"loggers": {"console": {"config": {"log_level": "CRITICAL"}}}},
            )
        assert len(result.get_asset_check_evaluations()) == RESULTS

    return run


def checks_of(number: int) -> int:
    """Return the number of checks of one table of the empty job. Tables are numbered from 0.

    The tables without editions come first, and have 24 checks in total. The other tables have 121 checks in total. In
    each of the two groups, the checks are spread as evenly as possible.
    """
    tables, checks = (UNPARTITIONED, 24) if number < UNPARTITIONED else (TABLES - UNPARTITIONED, 121)
    place = number if number < UNPARTITIONED else number - UNPARTITIONED
    return checks // tables + (place < checks % tables)


def our_run(wanted: list[int]) -> Callable[[], None]:
    """Return a function that runs Tryghed's yearly job.

    Libraries that the job would import during the run are imported here, so that the time for these imports is not
    measured.
    """
    import duckdb_sqlalchemy  # noqa: F401
    import great_expectations.expectations  # noqa: F401
    import matplotlib.pyplot  # noqa: F401

    import pipelines.definitions  # noqa: F401
    from pipelines.editions import editions_to_make
    from pipelines.running import run_editions
    from warehouse import store

    store.hold()
    editions = editions_to_make(wanted)
    if wanted:
        assert list(editions) == wanted, "the store has not been filled"

    def run() -> None:
        ran = run_editions(editions, lambda step, steps: None)
        assert ran.publication, (ran.failed, ran.trouble, ran.bugs)

    return run


def prepared(way: str, home: Path) -> Callable[[], None]:
    """Prepare the data folder for one of the compared runs, and return a function that does this run.

    The time for the preparation is not measured.
    """
    from pipelines.running import prepare_dagster_home

    os.environ["TRYGHED_HOME"] = str(home)
    shutil.rmtree(home / "dagster", ignore_errors=True)
    if way == "all editions":
        shutil.rmtree(home / "store", ignore_errors=True)
        shutil.rmtree(home / "published", ignore_errors=True)
    prepare_dagster_home()
    if way == "one edition":
        forget_newest_outcomes(home / "store")
    if way == "yardstick":
        return yardstick()
    return our_run([] if way == "all editions" else [newest()])


def forget_newest_outcomes(store: Path) -> None:
    """Remove the newest edition from the stored outcomes of the checks.

    The next run then checks the newest edition again.
    """
    for path in store.rglob("*.checks.json"):
        outcomes = json.loads(path.read_text(encoding="utf-8"))
        if outcomes["files"].pop(str(newest()), None):
            path.write_text(json.dumps(outcomes), encoding="utf-8")


def newest() -> int:
    """Return the newest edition in editions.csv."""
    from pipelines.editions import known_editions

    return known_editions()[-1]


def where_the_seconds_go(run: Callable[[], None]) -> Counter[str]:
    """Run the function, and return how many samples fall in each part of the run, such as SQL.

    Every few milliseconds, a sample records which function is running. The counts show how the time is divided.
    """
    thread_id, samples, over = threading.get_ident(), Counter(dict.fromkeys(PARTS, 0)), threading.Event()

    def take_samples() -> None:
        while not over.wait(EVERY):
            samples[part_of(sys._current_frames()[thread_id])] += 1

    watcher = threading.Thread(target=take_samples, daemon=True)
    watcher.start()
    run()
    over.set()
    watcher.join()
    return samples


def part_of(frame: FrameType | None) -> str:
    """Return the part of the run, such as SQL, that a sample belongs to.

    `frame` is the innermost frame of the call stack when the sample was taken.
    """
    while frame:
        file = frame.f_code.co_filename
        part = next((part for part, paths in PARTS.items() if any(path in file for path in paths)), None)
        if part == "Python" and any(word in linecache.getline(file, frame.f_lineno or 0) for word in ASKS_DUCKDB):
            return "SQL"
        if part:
            return part
        frame = frame.f_back
    return "Python"


def main() -> None:
    """Run the benchmark, and print two tables: the run times, and the share of the time in each part of a run.

    If the first argument is `--way`, do only one run, in this process, and print what was measured.
    """
    if sys.argv[1:2] == ["--way"]:
        run = prepared(sys.argv[2].removesuffix(" watched"), Path(sys.argv[3]))
        if sys.argv[2].endswith(" watched"):
            print(*(f"{part}:{times}" for part, times in where_the_seconds_go(run).items()), sep="|")
            return
        start = time.perf_counter()
        run()
        print(time.perf_counter() - start)
        return
    runs = int(sys.argv[1]) if len(sys.argv) > 1 else RUNS
    with tempfile.TemporaryDirectory() as folder:
        sample_home, empty_home = Path(folder) / "sample", Path(folder) / "empty"
        environment = os.environ | {"TRYGHED_HOME": str(sample_home)}
        subprocess.run([sys.executable, "-m", "pipelines", "sample"], env=environment, check=True, stdout=sys.stderr)
        homes = dict(zip(WAYS, (empty_home, sample_home, sample_home), strict=True))
        seconds: dict[str, list[float]] = {way: [] for way in WAYS}
        for _ in range(runs):
            for way in WAYS:
                seconds[way].append(in_a_process("benchmarks.run_overhead", way, homes[way]).seconds)
        parts = {way: _watched(way, homes[way]) for way in WAYS}
    print(ran_on("dagster", "great-expectations", "duckdb"))
    print(f"| way | seconds (median of {runs}) | times the yardstick, pair by pair | limit |")
    print("|---|---|---|---|")
    for way in WAYS:
        limit = f"at most {LIMITS[way]}" if way in LIMITS else ""
        median_ratio = ratio(seconds[way], seconds["yardstick"])
        print(f"| {way} | {statistics.median(seconds[way]):.1f} | {median_ratio:.2f} | {limit} |")
    print("\nShare of the time in each part, from samples every few milliseconds of one more run of each way:\n")
    print(f"| part | {' | '.join(WAYS)} |")
    print("|---" * (len(WAYS) + 1) + "|")
    for part in parts["yardstick"]:
        print(
            f"| {part} | {' | '.join(f'{100 * parts[way][part] / sum(parts[way].values()):.0f} %' for way in WAYS)} |"
        )


def _watched(way: str, home: Path) -> dict[str, float]:
    """Call `where_the_seconds_go` in a new process for one run, and return the number of samples in each part."""
    command = [sys.executable, "-m", "benchmarks.run_overhead", "--way", f"{way} watched", str(home)]
    line = subprocess.run(command, check=True, capture_output=True, text=True).stdout.strip().splitlines()[-1]
    return {part: float(samples) for part, samples in (entry.split(":") for entry in line.split("|"))}


if __name__ == "__main__":
    main()
