"""The one place that a run reads from and writes to. No other module builds a path to data."""

import os
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

PROJECT = Path(__file__).resolve().parent.parent


def home() -> Path:
    """The data folder: `data/` in the project, or where TRYGHED_HOME points."""
    return Path(os.environ.get("TRYGHED_HOME") or PROJECT / "data").resolve()


def landing_folder() -> Path:
    """Files as they were delivered, in a folder per edition. Nothing here is ever changed by a run."""
    return home() / "landing"


def store_folder() -> Path:
    """Parquet files, one per table and edition."""
    return home() / "store"


def published_folder() -> Path:
    """The published DuckDB files."""
    return home() / "published"


def dagster_folder() -> Path:
    """Dagster's instance: runs, events and check results."""
    return home() / "dagster"


@contextmanager
def own_temporary_folder() -> Iterator[None]:
    """Libraries' temporary files lie in the data folder too, and are gone afterwards."""
    folder = home() / "tmp"
    folder.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory(dir=folder) as own:
        before, tempfile.tempdir = tempfile.tempdir, own
        try:
            yield
        finally:
            tempfile.tempdir = before


@contextmanager
def home_of_its_own() -> Iterator[None]:
    """A data folder that is empty at first and gone afterwards, for as long as something is tried out."""
    with own_temporary_folder():
        before, os.environ["TRYGHED_HOME"] = os.environ.get("TRYGHED_HOME"), tempfile.gettempdir()
        try:
            yield
        finally:
            del os.environ["TRYGHED_HOME"]
            if before is not None:
                os.environ["TRYGHED_HOME"] = before


def reference_folder() -> Path:
    """What people edit: `warehouse/reference/`, or where TRYGHED_REFERENCE points (another city's files)."""
    return Path(os.environ.get("TRYGHED_REFERENCE") or PROJECT / "warehouse" / "reference").resolve()
