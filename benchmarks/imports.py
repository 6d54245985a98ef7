"""Compares the time to load Dagster's definitions with the time to import only the libraries that they need.

`make bench` runs this benchmark. It runs the two imports in turn, several times. Each import runs in a new process. The
benchmark measures processor time, because processor time varies less than the time on the clock.
"""

import os
import resource
import statistics
import subprocess
import sys

from benchmarks.measuring import ran_on

RUNS = 7
YARDSTICK = "import dagster, duckdb, pandas, pyarrow, scipy.stats"
MEASURED = "import pipelines.definitions"
# Without this variable, Python caches the project's bytecode, as it does for the installed libraries.
_ENVIRONMENT = {name: value for name, value in os.environ.items() if name != "PYTHONDONTWRITEBYTECODE"}


def seconds(statement: str) -> float:
    """Run the statement in a new Python process, and return the processor time of that process in seconds."""
    before = resource.getrusage(resource.RUSAGE_CHILDREN)
    subprocess.run([sys.executable, "-c", statement], check=True, env=_ENVIRONMENT)
    after = resource.getrusage(resource.RUSAGE_CHILDREN)
    return after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime


def ratio(runs: int = RUNS) -> tuple[float, float, float]:
    """Run MEASURED and YARDSTICK in pairs. Return both median processor times, and the median of the pairs' ratios.

    The times are in seconds.
    """
    seconds(MEASURED), seconds(YARDSTICK)  # the first run of each statement fills the disk cache
    pairs = [(seconds(MEASURED), seconds(YARDSTICK)) for _ in range(runs)]
    return (
        statistics.median(loading for loading, _ in pairs),
        statistics.median(importing for _, importing in pairs),
        statistics.median(loading / importing for loading, importing in pairs),
    )


def main() -> None:
    """Run the benchmark, and print a table of its results."""
    measured, yardstick, median_ratio = ratio()
    print(ran_on("dagster", "duckdb", "pandas", "pyarrow", "scipy"))
    print("| what | processor seconds (median) |")
    print("|---|---|")
    print(f"| `{MEASURED}` | {measured:.2f} |")
    print(f"| `{YARDSTICK}` | {yardstick:.2f} |")
    print(f"| ratio, pair by pair, {RUNS} runs (limit: at most 1.2) | {median_ratio:.2f} |")


if __name__ == "__main__":
    main()
