"""Inspects the files in the landing folder before a run loads Dagster, so that a bad file is reported within seconds.

The files of the newest edition are inspected first. Files that are already in the store are skipped.
`assets/extracts/landing.py` decides which files are refused. A run that is started from Dagster's page skips this
inspection. It refuses the same files later, when it reads them.
"""

from collections.abc import Callable
from pathlib import Path

from assets.extracts.files import FILES, listed_files
from assets.extracts.landing import landed_editions, look_into, paths_of, refuse_beside_sample_reference
from assets.extracts.layouts import load_specifications
from warehouse import store
from warehouse.errors import InputError


def bad_files(editions: range, on_file: Callable[[int, int], None]) -> list[str]:
    """Return an error message for each file in the landing folder that a run of the editions would refuse.

    Before it inspects a file, the function calls `on_file(number, files)`. `number` counts the files from 1, and
    `files` is the number of files in total. Raises InputError if something is wrong with the landing folder itself.
    """
    specifications, known = load_specifications(), _known_hashes()
    files = [
        (edition, path)
        for edition in sorted(set(landed_editions()) & set(editions), reverse=True)
        for path in paths_of(edition)
    ]
    sentences = []
    for number, (edition, path) in enumerate(files, 1):
        on_file(number, len(files))
        if _is_one_of(known, path):
            continue
        try:
            refuse_beside_sample_reference(look_into(path, edition, specifications))
        except InputError as error:
            sentences.append(str(error))
    return sentences


def _known_hashes() -> set[str]:
    return {file.file_sha256 for edition in store.stored_editions(FILES) for file in listed_files(edition)}


def _is_one_of(hashes: set[str], path: Path) -> bool:
    """Return whether the file's content has one of these hashes.

    Return False if the file cannot be read. `look_into` then reports the reason.
    """
    try:
        return path.is_file() and store.hash_of_file(path) in hashes
    except OSError:
        return False
