"""The editions that a run makes, and the tags that tell Dagster which editions these are."""

from collections.abc import Iterable
from pathlib import Path

from warehouse.contracts import contracts
from warehouse.errors import InputError
from warehouse.reference_files import load_reference
from warehouse.store import FIRST_EDITION, stored_editions


def known_editions() -> list[int]:
    """Return the editions of editions.csv, in order."""
    return sorted(int(edition) for edition in load_reference()["reference.editions"]["edition"])


def editions_to_make(wanted: Iterable[int] | None = None) -> range:
    """Return the editions that a run makes.

    The first one is the earliest edition that is wanted or is not stored yet, and the last one is the newest edition.

    All editions between them are made again too, because each edition is compared with the editions before it. Raises
    InputError for an edition that editions.csv does not have.
    """
    described = known_editions()
    wanted = sorted(set(wanted or described))
    unknown = [edition for edition in wanted if edition not in described]
    if unknown:
        raise InputError(
            f"edition {unknown[0]} is not in editions.csv: add a line for the edition to that file, or name another edition. The file has the editions {described[0]} to {described[-1]}."
        )
    stored = set.intersection(*(set(stored_editions(table)) for table in contracts().values() if table.partitioned))
    missing = [edition for edition in range(FIRST_EDITION, wanted[-1]) if edition not in stored]
    first = min([*wanted, *missing])
    return range(first, max([*wanted, *stored]) + 1)


def edition_of_file(path: Path) -> int:
    """Return the edition of a delivered file: the edition that names the file's folder, or else the newest edition."""
    folder = path.resolve().parent.name
    described = known_editions()
    return int(folder) if folder in map(str, described) else described[-1]


def range_tags(editions: range) -> dict[str, str]:
    """Return the tags that make one Dagster run cover a range of editions."""
    return {
        "dagster/asset_partition_range_start": str(editions[0]),
        "dagster/asset_partition_range_end": str(editions[-1]),
    }
