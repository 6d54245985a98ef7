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
    """Return the data folder.

    The environment variable TRYGHED_HOME names the data folder. If the variable is not set, the data folder is `data/`
    in the project.
    """
    return _resolved(os.environ.get("TRYGHED_HOME") or str(PROJECT / "data"))


def landing_folder() -> Path:
    """Return the folder of the delivered files. This folder contains one folder for each edition.

    A run never changes a delivered file.
    """
    return home() / "landing"


def store_folder() -> Path:
    """Return the folder of the store. This folder contains one Parquet file for each table and edition."""
    return home() / "store"


def published_folder() -> Path:
    """Return the folder of the published DuckDB files."""
    return home() / "published"


def pictures_folder() -> Path:
    """Return the folder of the published pictures. This folder contains one folder for each agreement."""
    return published_folder() / "pictures"


def cache_folder() -> Path:
    """Return the folder in which libraries keep their caches. This folder can be deleted."""
    return home() / "cache"


def dagster_folder() -> Path:
    """Return the folder in which Dagster keeps its runs, events and check results."""
    return home() / "dagster"


def make_protected(folder: Path) -> None:
    """Make a folder that only its owner and one group can open. If the folder already exists, restrict access to it.

    The environment variable TRYGHED_GROUP names the group. If the variable is not set, the folder keeps its group.

    Raises InputError if the machine has no such group. Raises InputError if the user does not own the folder, or does
    not belong to the group.
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
    """Keep all temporary files of the block in the data folder, and delete them at the end of the block.

    This includes the temporary files that libraries make.
    """
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
    """Use a new, empty data folder during the block, to try something out.

    TRYGHED_HOME names the new data folder. At the end of the block, the new data folder is deleted and TRYGHED_HOME
    gets its old value back.

    The reference folder stays the same during the block, even if it is in the old data folder.
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

    If the environment variable TRYGHED_REFERENCE is set, it names the folder. Otherwise the folder is
    `sample_reference_folder()` if that folder exists, and `warehouse/reference/` if not.
    """
    if wanted := os.environ.get("TRYGHED_REFERENCE"):
        return _resolved(wanted)
    sample = sample_reference_folder()
    return sample if sample.is_dir() else PROJECT_REFERENCE


def sample_reference_folder() -> Path:
    """Return the folder in which the made-up sample has its own copy of the reference files.

    The sample's baselines are written to this copy.
    """
    return home() / "reference"


def reference_file(name: str) -> str:
    """Return the path of a reference file as text for a message.

    If the file is inside the current folder, the path is relative. `name` is the file's path in the reference folder,
    for example `extracts/survey.yml`.
    """
    return path_for_reader(reference_folder() / name)


def path_for_reader(path: Path) -> str:
    """Return the path as text for a message.

    If the path is inside the current folder, the text is relative to that folder. Otherwise the text is the path as
    given.
    """
    here = Path.cwd()
    return str(path.relative_to(here) if path.is_relative_to(here) else path)


@lru_cache
def _resolved(folder: str) -> Path:
    """Return the absolute path of the folder. Symbolic links are resolved.

    The result is cached, because a run calls this function for every path in the data folder. Without the cache,
    `benchmarks/run_overhead.py` would be slower.
    """
    return Path(folder).resolve()
