"""The one place that a run reads from and writes to. No other module builds a path to data."""

import os
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


def reference_folder() -> Path:
    """What people edit: `warehouse/reference/`, or where TRYGHED_REFERENCE points (another city's files)."""
    return Path(os.environ.get("TRYGHED_REFERENCE") or PROJECT / "warehouse" / "reference").resolve()
