"""How long loading the definitions takes, against importing the libraries that they need (`make bench`).

Each in a process of its own, in turn, several times; the figure is processor time, which varies less than the clock.
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
_ENVIRONMENT = {
    name: value for name, value in os.environ.items() if name != "PYTHONDONTWRITEBYTECODE"
}  # as libraries have


def seconds(statement: str) -> float:
    """Return the processor seconds of a new Python process that runs the statement."""
    before = resource.getrusage(resource.RUSAGE_CHILDREN)
    subprocess.run([sys.executable, "-c", statement], check=True, env=_ENVIRONMENT)
    after = resource.getrusage(resource.RUSAGE_CHILDREN)
    return after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime


def ratio(runs: int = RUNS) -> tuple[float, float, float]:
    """Return the median seconds of MEASURED and of YARDSTICK, and the median of their ratios pair by pair."""
    seconds(MEASURED), seconds(YARDSTICK)  # the first of each fills the disk's cache
    pairs = [(seconds(MEASURED), seconds(YARDSTICK)) for _ in range(runs)]
    return (
        statistics.median(loading for loading, _ in pairs),
        statistics.median(importing for _, importing in pairs),
        statistics.median(loading / importing for loading, importing in pairs),
    )


def main() -> None:
    """Print the table."""
    measured, yardstick, median_ratio = ratio()
    print(ran_on("dagster", "duckdb", "pandas", "pyarrow", "scipy"))
    print("| what | processor seconds (median) |")
    print("|---|---|")
    print(f"| `{MEASURED}` | {measured:.2f} |")
    print(f"| `{YARDSTICK}` | {yardstick:.2f} |")
    print(f"| ratio, pair by pair, {RUNS} runs (promised: at most 1.2) | {median_ratio:.2f} |")


if __name__ == "__main__":
    main()
