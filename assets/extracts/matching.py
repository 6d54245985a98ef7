"""Choose the layout that fits a delivered file.

The layout has to fit the file's columns. If several layouts fit them, the file's name decides. If no layout fits, this
module writes the error's message. `layouts.py` says what a layout is, and `formats/` reads the headings of files.
"""

import re
from pathlib import Path

from assets.extracts.files import SYNTHETIC, place_of
from assets.extracts.formats import names_of
from assets.extracts.formats.excel import sheets
from assets.extracts.layouts import Format, Layout, Specification, specification_path
from warehouse.errors import InputError
from warehouse.home import path_for_reader, reference_file
from warehouse.personal import kind_of_text

MOST_NAMES = 6  # the largest number of columns or sheets that one message names


def fitting_layout(path: Path, kind: Format, edition: int, specifications: dict[str, Specification]) -> Layout:
    """Return the layout that fits the file's columns. If several do, the file's name decides (see `_by_file_name`).

    Raises InputError if no layout fits, or if the file's name does not decide.
    """
    layouts = {name: specification.for_edition(edition) for name, specification in specifications.items()}
    headers = {
        name: header for name, layout in layouts.items() if (header := names_of(path, kind, layout.writing)) is not None
    }
    candidates = [layouts[name] for name, header in headers.items() if _fits(layouts[name], header)]
    for layout in candidates:
        _refuse_doubled(place_of(path, kind, layout.writing), headers[layout.extract])
    if candidates:
        return _by_file_name(path, candidates)
    _refuse_other_years(path, kind, edition, specifications)
    raise _no_fit(path, kind, headers, layouts)


def _by_file_name(path: Path, candidates: list[Layout]) -> Layout:
    """Choose a layout by the file's name. All candidates fit the file's columns.

    Return the layout with `file_names` that match the file's name. If there is none, return the layout without
    `file_names`. Raises InputError if this does not leave exactly one layout.
    """
    file_name = path.name.removeprefix(SYNTHETIC)
    by_name = [layout for layout in candidates if layout.is_called(file_name)]
    chosen = by_name or [layout for layout in candidates if layout.file_names is None]
    if len(chosen) == 1:
        return chosen[0]
    if chosen:
        raise InputError(
            f"{path_for_reader(path)}: the file fits several specifications ({', '.join(specification_path(layout.extract) for layout in chosen)}): in the right one, write under file_names what the producer calls the file."
        )
    names = ", ".join(f"{layout.file_names} ({specification_path(layout.extract)})" for layout in candidates)
    raise InputError(
        f"{path_for_reader(path)}: the file's columns fit a specification, but the file's name does not: rename the file, or correct file_names in the specification; names that fit: {names}."
    )


def _fits(layout: Layout, header: tuple[str, ...]) -> bool:
    return set(layout.headings.values()) <= set(header) <= _known_headings(layout)


def _known_headings(layout: Layout) -> set[str]:
    return {*layout.headings.values(), *layout.ignored}


def _refuse_other_years(path: Path, kind: Format, edition: int, specifications: dict[str, Specification]) -> None:
    """Refuse a file if it has the columns of another edition.

    Such a file is probably the file of that other edition.
    """
    for name, specification in specifications.items():
        for year in sorted(specification.changes_in, reverse=True):
            layout = specification.for_edition(year)
            header = names_of(path, kind, layout.writing)
            if header is not None and _fits(layout, header):
                raise InputError(
                    f"{path_for_reader(path)}: the file has the columns that {name} has in edition {year}, but edition {edition} has other columns: replace this file with the file of edition {edition}, or correct {specification_path(name)}."
                )


def _no_fit(path: Path, kind: Format, headers: dict[str, tuple[str, ...]], layouts: dict[str, Layout]) -> InputError:
    """Return the error for a file that no layout fits.

    The error's message says how the file differs from the most similar layout. This is the layout that shares the most
    headings with the file.
    """
    expected = {name: _known_headings(layouts[name]) for name in headers}
    shared = {name: len(expected[name] & set(header)) for name, header in headers.items()}
    nearest = max(shared, key=lambda name: shared[name], default=None)
    # If even this layout shares fewer than half of the headings, no heading is shown. The file may have no header, so its
    # first row may have values.
    if nearest is None or 2 * shared[nearest] < max(1, min(len(headers[nearest]), len(expected[nearest]))):
        if kind == "xlsx":
            return _no_such_sheet(path, layouts)
        readers = ", ".join(sorted({name for name, layout in layouts.items() if getattr(layout.writing.formats, kind)}))
        return InputError(
            f"{path_for_reader(path)}: no specification fits the columns and the delimiter of this {kind} file: ask for the file in the form of earlier years, or write a specification in {reference_file('extracts')}; specifications for {kind}: {readers or 'none'}."
        )
    header, layout = headers[nearest], layouts[nearest]
    place = place_of(path, kind, layout.writing)
    _refuse_doubled(place, header)
    missing = [name for name in layout.headings.values() if name not in header]
    unknown = {position: name for position, name in enumerate(header, 1) if name not in expected[nearest]}
    differs = f"{place}: the file is most similar to {nearest}, but its columns differ from those of edition {layout.edition} ({_differences(missing, unknown)})"
    if hint := _hint(layout, missing, is_unknown=bool(unknown)):
        return InputError(
            f"{differs}: ask for the file in the form of earlier years, or correct the names in {specification_path(nearest)} ({hint})."
        )
    return InputError(
        f"{differs}: ask for the file in the form of earlier years, or correct the names in {specification_path(nearest)}."
    )


def _differences(missing: list[str], unknown: dict[int, str]) -> str:
    """Return a text that lists the missing headings and the unknown headings.

    An unknown heading that could be a cell's value is not shown. The position of its column is given instead.
    """
    shown = [name for name in unknown.values() if _is_safe(name)]
    positions = [str(position) for position, name in unknown.items() if not _is_safe(name)]
    differences = [f"missing {_listed(missing)}"] if missing else []
    differences += [f"unknown {_listed(shown)}"] if shown else []
    differences += [f"unknown column {_listed(positions)}"] if positions else []
    return "; ".join(differences)


def _no_such_sheet(path: Path, layouts: dict[str, Layout]) -> InputError:
    """Return the error for a workbook that no layout fits.

    Usually, the workbook's sheet has an unknown name, or the headings are in another row than in the specification.
    """
    workbooks = [layout.writing.formats.xlsx for layout in layouts.values()]
    expected = sorted({f"{xlsx.sheet} ({xlsx.header_row})" for xlsx in workbooks if xlsx})
    return InputError(
        f"{path_for_reader(path)}: no specification fits any sheet of the file ({_listed(sheets(path))}) by its name, its heading row and its columns: rename a sheet, move its headings to the expected row, or write a specification; sheets that have a specification, each with its heading row: {', '.join(expected)}."
    )


def _hint(layout: Layout, missing: list[str], *, is_unknown: bool) -> str:
    """Return a hint on what to write in the specification.

    If an optional column is missing, the hint says to write `not_asked`. If the file has an unknown column, the hint
    says to ignore the column. If neither is true, the hint is "".
    """
    optional = {column.heading for column in layout.columns.values() if not column.contract.required}
    if optional & set(missing) and is_unknown:
        return "write not_asked for a column that is gone, and put a new column under ignored with a reason"
    if optional & set(missing):
        return "write not_asked for a column that is gone"
    return "put a new column under ignored with a reason" if is_unknown else ""


def _listed(names: list[str]) -> str:
    more = len(names) - MOST_NAMES
    return ", ".join(names[:MOST_NAMES]) + (f" and {more} more" if more > 0 else "")


def _refuse_doubled(place: str, header: tuple[str, ...]) -> None:
    for index, name in enumerate(header):
        if name not in header[:index]:
            continue
        if _is_safe(name):
            raise InputError(
                f"{place}: two columns are called '{name}': ask for a file in which each column has its own name."
            )
        raise InputError(
            f"{place}: column {index + 1} has no name of its own: ask for a file in which each column has its own name."
        )


def _is_safe(name: str) -> bool:
    """Return whether a heading is safe to show in a message.

    If a file has no header, its first row has values in place of headings. Therefore, a heading is not safe if it could
    be a cell's value.
    """
    looks_like_a_heading = re.fullmatch(r"[^\W\d][\w .,/()%?-]{0,59}", name) and not re.search(r"\d{4}|@", name)
    return bool(looks_like_a_heading) and not kind_of_text(name)
