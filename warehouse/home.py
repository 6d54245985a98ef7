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


def reference_folder() -> Path:
    """What people edit: `warehouse/reference/`, or where TRYGHED_REFERENCE points (another city's files)."""
    return Path(os.environ.get("TRYGHED_REFERENCE") or PROJECT / "warehouse" / "reference").resolve()
