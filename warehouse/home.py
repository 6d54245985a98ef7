"""The one place that a run reads from and writes to. No other module builds a path to data."""

import os
import shutil
import stat
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from functools import lru_cache
from pathlib import Path

from warehouse.errors import InputError

FOR_ONE_GROUP = 0o2750  # what is made inside belongs to the same group

PROJECT = Path(__file__).resolve().parent.parent


def home() -> Path:
    """The data folder: `data/` in the project, or where TRYGHED_HOME points."""
    return _resolved(os.environ.get("TRYGHED_HOME") or str(PROJECT / "data"))


def landing_folder() -> Path:
    """Files as they were delivered, in a folder per edition. Nothing here is ever changed by a run."""
    return home() / "landing"


def store_folder() -> Path:
    """Parquet files, one per table and edition."""
    return home() / "store"


def published_folder() -> Path:
    """The published DuckDB files."""
    return home() / "published"


def pictures_folder() -> Path:
    """The published pictures, in a folder per agreement."""
    return published_folder() / "pictures"


def cache_folder() -> Path:
    """What libraries keep to be faster the next time; it can be deleted."""
    return home() / "cache"


def dagster_folder() -> Path:
    """Dagster's instance: runs, events and check results."""
    return home() / "dagster"


def make_protected(folder: Path) -> None:
    """Make a folder that only its owner and one group can open: the group of TRYGHED_GROUP, else the owner's.

    An existing folder that others could open is closed to them. Raises InputError where there is no such group.
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
            f"TRYGHED_GROUP: there is no group {name} on this machine: create it, or name another."
        ) from None
    except PermissionError:
        raise InputError(
            f"{folder.name}: cannot be given to the group {name or folder.group()} and closed to others: start as the folder's owner and a member of the group."
        ) from None


@contextmanager
def own_temporary_folder() -> Iterator[None]:
    """Keep the temporary files of libraries in the data folder, and delete them at the end."""
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
    """Point TRYGHED_HOME to an empty data folder, for trying something out; the folder is deleted at the end.

    The reference files stay those of the home that is left, also where they are the made-up sample's copy in it.
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
    """The reference files of a run: TRYGHED_REFERENCE, else the made-up sample's copy, else `warehouse/reference/`."""
    if wanted := os.environ.get("TRYGHED_REFERENCE"):
        return _resolved(wanted)
    sample = sample_reference_folder()
    return sample if sample.is_dir() else PROJECT / "warehouse" / "reference"


def sample_reference_folder() -> Path:
    """The copy of the reference files in which the made-up sample fixes its own baselines."""
    return home() / "reference"


def path_for_reader(path: Path) -> str:
    """Return the path as the reader would type it: from the current folder if it is below it, else in full."""
    here = Path.cwd()
    return str(path.relative_to(here) if path.is_relative_to(here) else path)


@lru_cache
def _resolved(folder: str) -> Path:
    """Return the folder without links and relative parts; cached, as a run asks for it with every path it builds."""
    return Path(folder).resolve()
