"""Write made-up delivered files. They are needed because no real files are public.

The files have the formats in which producers send such data. This module decides which files there are, and
`writing.py` writes them into a folder. `survey_answers.py`, `police_reports.py`, `police_counts.py`, `population.py`
and `partnership.py` make up the content. `figures.py` makes up nothing: it uses real figures, which have been
published. The modules of this folder never read a file that a producer delivered.
"""

import re
from collections.abc import Callable, Iterator
from pathlib import Path

from assets.extracts.files import MADE_UP_HASHES, SYNTHETIC
from assets.extracts.layouts import Layout, Specification, load_specifications
from assets.extracts.sample import partnership
from assets.extracts.sample.figures import figures_extract
from assets.extracts.sample.police_counts import counts_extract
from assets.extracts.sample.police_reports import REDRAWS, first_draw, later_draw
from assets.extracts.sample.population import population_extract
from assets.extracts.sample.survey_answers import survey_extract
from assets.extracts.sample.writing import Extract, write
from warehouse.errors import InputError
from warehouse.home import path_for_reader
from warehouse.reference_files import Reference, load_reference
from warehouse.store import hash_of_file

EDITIONS = range(2017, 2026)


def write_sample(folder: Path, seed: int = 1, show_progress: Callable[[int, int], None] | None = None) -> list[Path]:
    """Write the made-up files of editions 2017 to 2025 into `<folder>/<edition>/`, and return the files' paths.

    If the seed is the same, the files have the same bytes. `show_progress` is called once for each edition, with the
    edition and the number of its files. Raises InputError if the folder contains a file that is not made up.
    """
    _refuse_other_files(folder)
    specifications, reference = load_specifications(), load_reference()
    written: list[Path] = []
    for edition in EDITIONS:
        paths = [write(extract, folder) for extract in sample_extracts(edition, seed, specifications, reference)]
        written += paths
        if show_progress:
            show_progress(edition, len(paths))
    hashes = [hash_of_file(path) for path in written]
    (folder / MADE_UP_HASHES).write_text("\n".join(hashes) + "\n")
    return written


def sample_extracts(
    edition: int, seed: int, specifications: dict[str, Specification], reference: Reference
) -> Iterator[Extract]:
    """Yield the content of an edition's made-up files. `write_sample` writes the files."""
    layouts = {name: specification.for_edition(edition) for name, specification in specifications.items()}
    yield survey_extract(layouts["sikker_by_survey"], seed, reference)
    yield from _police_extracts(edition, seed, layouts, reference)
    yield population_extract(layouts["koebenhavn_population"], seed, reference)
    yield figures_extract(layouts["published_figures"], reference)
    if edition >= partnership.FIRST_EDITION:
        for name, make in _PARTNERSHIP_EXTRACTS.items():
            yield make(layouts[name], seed, reference)


def _police_extracts(edition: int, seed: int, layouts: dict[str, Layout], reference: Reference) -> Iterator[Extract]:
    reports, counts = layouts["koebenhavns_politi_reports"], layouts["koebenhavns_politi_counts"]
    draw = first_draw(edition, seed, reference)
    yield draw.extract(reports, "anmeldelser", "csv")
    yield counts_extract(counts, draw, seed, reference)
    if edition in REDRAWS:
        crime_year, kind = REDRAWS[edition]
        redraw = later_draw(edition, crime_year, seed, reference)
        yield redraw.extract(reports, f"anmeldelser_{crime_year}_igen", kind)


_PARTNERSHIP_EXTRACTS: dict[str, Callable[[Layout, int, Reference], Extract]] = {
    "tryghedsplan_activities": partnership.activities_extract,
    "tryghedsplan_goals": partnership.goals_extract,
    "partnership_meetings": partnership.meetings_extract,
    "partnership_accounts": partnership.accounts_extract,
    "state_listed_areas": partnership.listed_extract,
}


def _refuse_other_files(folder: Path) -> None:
    """Refuse a folder if it contains a file that is not made up.

    Because of this, made-up files are never mixed with delivered files.
    """
    for path in sorted(folder.rglob("*")) if folder.exists() else ():
        place = path.relative_to(folder)
        shape = r"20\d\d" if path.is_dir() else rf"20\d\d/{SYNTHETIC}[^/]+"
        if not place.name.startswith(".") and not re.fullmatch(shape, place.as_posix()):
            raise InputError(
                f"{path_for_reader(path)}: this is not a made-up file: give a folder that is empty or holds only made-up files."
            )
