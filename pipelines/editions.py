"""Finds out which editions a run makes, and makes the tags that name these editions for Dagster."""

from collections.abc import Iterable
from pathlib import Path

from warehouse.contracts import contracts
from warehouse.errors import InputError
from warehouse.reference_files import load_reference
from warehouse.store import FIRST_EDITION, stored_editions


def known_editions() -> list[int]:
    """Return the editions that editions.csv lists. The earliest edition comes first."""
    return sorted(int(edition) for edition in load_reference()["reference.editions"]["edition"])


def editions_to_make(wanted: Iterable[int] | None = None) -> range:
    """Return the editions that a run makes: an unbroken range, because each edition is compared with earlier editions.

    `wanted` are the editions that somebody asked for. If there are none, all editions of editions.csv are wanted. The
    first edition is the earliest one that is wanted or is missing from the store. The last edition is the newest one
    that is wanted or stored.

    Raises InputError if editions.csv does not have a wanted edition.
    """
    described = known_editions()
    wanted = sorted(set(wanted or described))
    unknown = [edition for edition in wanted if edition not in described]
    if unknown:
        raise InputError(
            f"edition {unknown[0]} is not in editions.csv: add a line for the edition to that file, or name another edition; the file has the editions {described[0]} to {described[-1]}."
        )
    stored = set.intersection(*(set(stored_editions(table)) for table in contracts().values() if table.partitioned))
    missing = [edition for edition in range(FIRST_EDITION, wanted[-1]) if edition not in stored]
    first = min([*wanted, *missing])
    return range(first, max([*wanted, *stored]) + 1)


def edition_of_file(path: Path) -> int:
    """Return the edition of a delivered file.

    It is the name of the file's folder if editions.csv has this edition. Otherwise it is the newest edition of
    editions.csv.
    """
    folder = path.resolve().parent.name
    described = known_editions()
    return int(folder) if folder in map(str, described) else described[-1]


def range_tags(editions: range) -> dict[str, str]:
    """Return the tags of a Dagster run that makes these editions."""
    return {
        "dagster/asset_partition_range_start": str(editions[0]),
        "dagster/asset_partition_range_end": str(editions[-1]),
    }
