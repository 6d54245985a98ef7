"""Functions that several benchmarks use to compare ways to do the same task."""

import os
import platform
import statistics
import subprocess
import sys
import time
from collections.abc import Callable, Sequence
from importlib.metadata import version
from pathlib import Path
from typing import NamedTuple

MIB = 1024


class Run(NamedTuple):
    """The measurements of one run: its run time in seconds, and the highest memory use of its process in MB."""

    seconds: float
    peak: float


def clocked(way: Callable[[Path], object], folder: Path) -> float:
    """Call the function `way` in this process, and return its run time in seconds."""
    start = time.perf_counter()
    way(folder)
    return time.perf_counter() - start


def in_a_process(module: str, way: str, folder: Path) -> Run:
    """Run one way in a new process. Return the run time, and the highest memory use of the new process.

    The new process runs the module with `--way <way> <folder>`. The module then prints the run time in seconds.

    The operating system also counts the memory of the parent process as memory of the new process. The parent process
    must therefore use little memory.
    """
    child = subprocess.Popen(
        [sys.executable, "-m", module, "--way", way, str(folder)], stdout=subprocess.PIPE, text=True
    )
    assert child.stdout is not None
    output = child.stdout.read()
    _, status, used = os.wait4(child.pid, 0)
    child.returncode = os.waitstatus_to_exitcode(status)
    if child.returncode:
        raise SystemExit(f"{way} ended with {child.returncode}")
    return Run(float(output), used.ru_maxrss / MIB)


def in_turn(module: str, ways: Sequence[str], folder: Path, runs: int) -> dict[str, list[Run]]:
    """Run the ways in turn, in the order A B C A B C. Return the measurements of each way's runs, keyed by the way.

    In this order, a slow minute of the machine affects all ways.
    """
    runs_by_way: dict[str, list[Run]] = {way: [] for way in ways}
    for _ in range(runs):
        for way in ways:
            runs_by_way[way].append(in_a_process(module, way, folder))
    return runs_by_way


def median_of(runs: list[Run]) -> Run:
    """Return the median run time in seconds, and the highest memory use of any run in MB."""
    return Run(statistics.median(run.seconds for run in runs), max(run.peak for run in runs))


def ratio(measured: Sequence[float], yardstick: Sequence[float]) -> float:
    """Divide each run time by the yardstick's run time from the same pair of runs. Return the median of these ratios.

    `measured` and `yardstick` contain the run times in seconds, in the order of the pairs.
    """
    return statistics.median(
        seconds / yardstick_seconds for seconds, yardstick_seconds in zip(measured, yardstick, strict=True)
    )


def ran_on(*libraries: str) -> str:
    """Return two lines of text for the top of a benchmark's results.

    The first line has the version of Python and describes the machine. The second line has the versions of the
    libraries.
    """
    memory = os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES") / 2**30
    machine = f"{platform.system()} {platform.machine()}, {os.cpu_count()} cores, {memory:.0f} GiB"
    versions = ", ".join(f"{name} {version(name)}" for name in libraries)
    return f"Python {platform.python_version()}, {machine}\n{versions}\n"
