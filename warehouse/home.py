"""Gives the paths of the folders that a run reads and writes, and makes temporary folders.

No other module builds a path to a data folder.
"""

import os
import shutil
import stat
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from functools import lru_cache
from pathlib import Path

from warehouse.errors import InputError

FOR_ONE_GROUP = 0o2750  # with the set-group-ID bit, new files in the folder get the folder's group

PROJECT = Path(__file__).resolve().parent.parent
PROJECT_REFERENCE = PROJECT / "warehouse" / "reference"


def home() -> Path:
    """Return the data folder: the folder that TRYGHED_HOME names, else `data/` in the project."""
    return _resolved(os.environ.get("TRYGHED_HOME") or str(PROJECT / "data"))


def landing_folder() -> Path:
    """Return the folder of the delivered files, which has a folder per edition. No run changes a file in it."""
    return home() / "landing"


def store_folder() -> Path:
    """Return the folder of the Parquet files, one per table and edition."""
    return home() / "store"


def published_folder() -> Path:
    """Return the folder of the published DuckDB files."""
    return home() / "published"


def pictures_folder() -> Path:
    """Return the folder of the published pictures, which has a folder per agreement."""
    return published_folder() / "pictures"


def cache_folder() -> Path:
    """Return the folder of the libraries' caches, which can be deleted."""
    return home() / "cache"


def dagster_folder() -> Path:
    """Return the folder of Dagster's instance: runs, events and check results."""
    return home() / "dagster"


def make_protected(folder: Path) -> None:
    """Make a folder that only its owner and one group can open: the group that TRYGHED_GROUP names, else the folder's own.

    If the folder exists and other users can open it, it is closed to them. Raises InputError if there is no such group,
    or if the folder belongs to somebody else.
    """
    folder.mkdir(parents=True, exist_ok=True, mode=FOR_ONE_GROUP)
    name = os.environ.get("TRYGHED_GROUP")
    try:
        if name and folder.group() != name:
            shutil.chown(folder, group=name)
        if stat.S_IMODE(folder.stat().st_mode) != FOR_ONE_GROUP:
            folder.chmod(FOR_ONE_GROUP)
    except LookupError:
        raise InputError(
            f"TRYGHED_GROUP: this machine has no group '{name}': create the group, or name another one."
        ) from None
    except PermissionError:
        raise InputError(
            f"access to {folder} cannot be restricted to its owner and the group '{name or folder.group()}': start the command as a user who owns the folder and belongs to the group."
        ) from None


@contextmanager
def own_temporary_folder() -> Iterator[None]:
    """Keep all temporary files in the data folder, those of libraries too, and delete them at the end."""
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
    """Point TRYGHED_HOME to an empty data folder to try something out. The folder is deleted at the end.

    The reference files stay those that the previous data folder used, even if these are the made-up sample's copy in
    that folder.
    """
    names = ("TRYGHED_HOME", "TRYGHED_REFERENCE")
    before = {name: os.environ.get(name) for name in names}
    with own_temporary_folder():
        os.environ.update(TRYGHED_REFERENCE=str(reference_folder()), TRYGHED_HOME=tempfile.gettempdir())
        try:
            yield
        finally:
            for name in names:
                os.environ.pop(name)
                if (value := before[name]) is not None:
                    os.environ[name] = value


def reference_folder() -> Path:
    """Return the folder of the reference files that a run reads.

    This is the folder that TRYGHED_REFERENCE names, else the made-up sample's copy, else `warehouse/reference/`.
    """
    if wanted := os.environ.get("TRYGHED_REFERENCE"):
        return _resolved(wanted)
    sample = sample_reference_folder()
    return sample if sample.is_dir() else PROJECT_REFERENCE


def sample_reference_folder() -> Path:
    """Return the folder of the made-up sample's own copy of the reference files.

    The sample's baselines are fixed there.
    """
    return home() / "reference"


def reference_file(name: str) -> str:
    """Return the path of a reference file for a message, in the form in which the reader would type it.

    `name` is the file's path in the reference folder, for example `extracts/survey.yml`.
    """
    return path_for_reader(reference_folder() / name)


def path_for_reader(path: Path) -> str:
    """Return the path in the form in which the reader would type it.

    A path inside the current folder is given relative to that folder, and any other path in full.
    """
    here = Path.cwd()
    return str(path.relative_to(here) if path.is_relative_to(here) else path)


@lru_cache
def _resolved(folder: str) -> Path:
    """Return the folder as an absolute path without links.

    The result is cached, because a run calls this function for every path that it builds. `benchmarks/run_overhead.py`
    measures such runs.
    """
    return Path(folder).resolve()
