"""Fixtures that many tests use: one real yearly run, and copies of its data folder and of the reference files.

A test may change the copies. In the tests, the data folder is called home.
"""

import fcntl
import os
import pickle
import shutil
import subprocess
import sys
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path

import duckdb
import pytest

from warehouse.home import PROJECT

REFERENCE = PROJECT / "warehouse" / "reference"


RUNS = ("sample_run", "first_run")


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Put the tests that need a yearly run first. While one worker makes the run, the other workers do other tests."""

    def place(item: pytest.Item) -> int:
        used = getattr(item, "fixturenames", ())
        return next((number for number, name in enumerate(RUNS) if name in used), len(RUNS))

    items.sort(key=place)


@dataclass(frozen=True)
class Command:
    """The result of a command: its exit code and what it printed."""

    code: int
    out: str
    err: str


def tryghed(home: Path, *arguments: str, reference: Path | None = None, language: str = "en") -> Command:
    """Run the `tryghed` command in a new process, on the test's data folder.

    If `reference` is not given, the command reads the same reference files as for a user. These files are the project's
    own, or the sample's copy of them in the data folder.
    """
    return _started([sys.executable, "-m", "pipelines", *arguments], home, reference, language)


def make_run(home: Path) -> Command:
    """Run the README's first command on the test's data folder."""
    return _started(["make", "--no-print-directory", "run"], home, None, "en")


def _started(command: list[str], home: Path, reference: Path | None, language: str) -> Command:
    environment = {name: value for name, value in os.environ.items() if name != "TRYGHED_REFERENCE"}
    environment |= {"TRYGHED_HOME": str(home), "TRYGHED_LANGUAGE": language, "COLUMNS": "80"}
    if reference:
        environment["TRYGHED_REFERENCE"] = str(reference)
    process = subprocess.run(
        command,
        cwd=PROJECT,
        env=environment,
        capture_output=True,
        text=True,
        check=False,
    )
    return Command(process.returncode, process.stdout, process.stderr)


@pytest.fixture(scope="session")
def first_run(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, Command]:
    """Return the data folder and the result of a yearly run on published figures. No test may change the folder."""
    return once(tmp_path_factory, "published_figures", lambda home: tryghed(home, "run"))


def once(factory: pytest.TempPathFactory, name: str, run: Callable[[Path], Command]) -> tuple[Path, Command]:
    """Return the data folder and the result of a yearly run that all workers share.

    The first worker that needs the run makes it. The other workers wait for it.
    """
    folder = factory.getbasetemp()
    shared = (folder.parent if "PYTEST_XDIST_WORKER" in os.environ else folder) / f"ran_{name}"
    with (shared.parent / f"{shared.name}.lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        kept_command = shared / "said.pickle"
        if not kept_command.exists():
            shared.mkdir()
            kept_command.write_bytes(pickle.dumps(run(shared)))
        return shared, pickle.loads(kept_command.read_bytes())


@pytest.fixture(scope="session")
def stored(first_run: tuple[Path, Command]) -> Path:
    """Return the data folder of `first_run`, and fail if the run failed. No test may change the folder."""
    home, command = first_run
    assert command.code == 0, command.err
    return home


@pytest.fixture
def published(stored: Path) -> Iterator[duckdb.DuckDBPyConnection]:
    """Yield a read-only connection to the published file of `first_run`."""
    with duckdb.connect(str(stored / "published" / "tryghed.duckdb"), read_only=True) as connection:
        yield connection


@pytest.fixture(scope="session")
def sample_run(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, Command]:
    """Return the data folder and the result of the README's first command.

    The command runs on published figures and made-up extracts. No test may change the folder.
    """
    return once(tmp_path_factory, "sample", make_run)


@pytest.fixture
def home(stored: Path, tmp_path: Path) -> Path:
    """Return a copy of the data folder of `first_run`. A test may change the copy."""
    return Path(shutil.copytree(stored, tmp_path / "home"))


@pytest.fixture
def reference(tmp_path: Path) -> Path:
    """Return the folder of a copy of the reference files. A test may change the copy."""
    return Path(shutil.copytree(REFERENCE, tmp_path / "reference"))
