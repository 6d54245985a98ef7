"""What several tests stand on: one real yearly run, and copies of its home and of the reference files to spoil."""

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
    """Tests of a yearly run come first: one worker makes it, and the others have the rest to do meanwhile."""

    def place(item: pytest.Item) -> int:
        used = getattr(item, "fixturenames", ())
        return next((number for number, name in enumerate(RUNS) if name in used), len(RUNS))

    items.sort(key=place)


@dataclass(frozen=True)
class Command:
    """What a command of ours did."""

    code: int
    out: str
    err: str


def tryghed(home: Path, *arguments: str, reference: Path | None = None, language: str = "en") -> Command:
    """Run the real command in a process of its own, on a home of the test's.

    Without `reference` it reads the files that it would read for a user: the project's, or the sample's copy in the home.
    """
    return _started([sys.executable, "-m", "pipelines", *arguments], home, reference, language)


def make_run(home: Path) -> Command:
    """The README's first command, on a home of the test's."""
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
    """One yearly run on the published figures: its home, and what the command said. Not to be changed."""
    return once(tmp_path_factory, "published_figures", lambda home: tryghed(home, "run"))


def once(factory: pytest.TempPathFactory, name: str, run: Callable[[Path], Command]) -> tuple[Path, Command]:
    """A yearly run in a home that every worker of the tests shares: the first to come makes it, the others wait."""
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
    """A home whose store and published file are filled. Not to be changed."""
    home, ran = first_run
    assert ran.code == 0, ran.err
    return home


@pytest.fixture
def published(stored: Path) -> Iterator[duckdb.DuckDBPyConnection]:
    """The published file of the first run, read-only."""
    with duckdb.connect(str(stored / "published" / "tryghed.duckdb"), read_only=True) as connection:
        yield connection


@pytest.fixture(scope="session")
def sample_run(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, Command]:
    """What the README's first command makes: a run on published figures and made-up extracts. Not to be changed."""
    return once(tmp_path_factory, "sample", make_run)


@pytest.fixture
def home(stored: Path, tmp_path: Path) -> Path:
    """A copy of the filled home that a test may change."""
    return Path(shutil.copytree(stored, tmp_path / "home"))


@pytest.fixture
def reference(tmp_path: Path) -> Path:
    """A copy of the reference files that a test may spoil."""
    return Path(shutil.copytree(REFERENCE, tmp_path / "reference"))
