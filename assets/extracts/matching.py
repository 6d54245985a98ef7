"""Which layout fits a delivered file: by its columns, and by its name where several do.

Here belongs the choice among the specifications of the reference data, and the sentence where none fits. What a layout says
is in `layouts.py`; how a header is read is in `formats/`.
"""

import re
from pathlib import Path

from assets.extracts.files import SYNTHETIC, place_of
from assets.extracts.formats import names_of
from assets.extracts.formats.excel import sheets
from assets.extracts.layouts import Format, Layout, Specification
from warehouse.errors import InputError
from warehouse.home import reference_file
from warehouse.personal import kind_of_text

NAMED = 6  # columns in one sentence


def fitting_layout(path: Path, kind: Format, edition: int, specifications: dict[str, Specification]) -> Layout:
    """Return the one layout whose columns the file has. Raises InputError saying what is missing from the nearest."""
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
    """Return the layout that knows the file's name, or else the only one that asks for no name."""
    file_name = path.name.removeprefix(SYNTHETIC)
    by_name = [layout for layout in candidates if layout.is_called(file_name)]
    chosen = by_name or [layout for layout in candidates if layout.file_names is None]
    if len(chosen) == 1:
        return chosen[0]
    if chosen:
        raise InputError(
            f"{path.name}: fits the specifications {' and '.join(layout.extract for layout in chosen)}: say under file_names of one what its files are called."
        )
    names = " or ".join(f"{layout.file_names} ({layout.extract})" for layout in candidates)
    raise InputError(
        f"{path.name}: has the columns of files that are called {names}: rename it so, or correct file_names in the specification."
    )


def _fits(layout: Layout, header: tuple[str, ...]) -> bool:
    return set(layout.headings.values()) <= set(header) <= _known_headings(layout)


def _known_headings(layout: Layout) -> set[str]:
    return {*layout.headings.values(), *layout.ignored}


def _refuse_other_years(path: Path, kind: Format, edition: int, specifications: dict[str, Specification]) -> None:
    """Refuse a file that has the columns of another edition's years: mostly it is the file of that edition."""
    for name, specification in specifications.items():
        for year in sorted(specification.changes_in, reverse=True):
            layout = specification.for_edition(year)
            header = names_of(path, kind, layout.writing)
            if header is not None and _fits(layout, header):
                raise InputError(
                    f"{path.name}: has the columns that {name} has from edition {year} on, and they differ in edition {edition}: put the file of edition {edition} there, or correct {reference_file(f'extracts/{name}.yml')}."
                )


def _no_fit(path: Path, kind: Format, headers: dict[str, tuple[str, ...]], layouts: dict[str, Layout]) -> InputError:
    """Return what keeps the file from the layout that shares most columns with it."""
    expected = {name: _known_headings(layouts[name]) for name in headers}
    shared = {name: len(expected[name] & set(header)) for name, header in headers.items()}
    nearest = max(shared, key=lambda name: shared[name], default=None)
    # fewer than half in common is chance: its other headings could be values
    if nearest is None or 2 * shared[nearest] < max(1, min(len(headers[nearest]), len(expected[nearest]))):
        if kind == "xlsx":
            return _no_such_sheet(path, layouts)
        kinds = ", ".join(sorted({name for name, layout in layouts.items() if getattr(layout.writing.formats, kind)}))
        return InputError(
            f"{path.name}: no specification knows a {kind} file with such columns, delimiter or sheet (there are {kinds or 'none'} for {kind}): ask for the file as before, or write a specification for it."
        )
    header, layout = headers[nearest], layouts[nearest]
    place = place_of(path, kind, layout.writing)
    _refuse_doubled(place, header)
    missing = [name for name in layout.headings.values() if name not in header]
    unknown = [_safe(index, name) for index, name in enumerate(header, 1) if name not in expected[nearest]]
    differences = "; ".join(
        f"{difference} {_listed(names)}" for difference, names in (("missing", missing), ("unknown", unknown)) if names
    )
    return InputError(
        f"{place}: is nearest to {nearest}, but its columns differ in edition {layout.edition} ({differences}): ask for the file as before, or say in {reference_file(f'extracts/{nearest}.yml')} what they are called now{_how(layout, missing, unknown)}."
    )


def _no_such_sheet(path: Path, layouts: dict[str, Layout]) -> InputError:
    """Return the error for a workbook: most often its sheet has another name, or the headings stand in another row."""
    workbooks = [layout.writing.formats.xlsx for layout in layouts.values()]
    read = sorted({f"{xlsx.sheet} (row {xlsx.header_row})" for xlsx in workbooks if xlsx})
    return InputError(
        f"{path.name}: no specification knows its columns on its sheets {_listed(sheets(path))}; the sheets that are read, with the row of their headings, are {', '.join(read)}: rename the sheet, put the headings into their row, or write a specification for it."
    )


def _how(layout: Layout, missing: list[str], unknown: list[str]) -> str:
    """Return how the specification says that a column is gone or new; one that every row needs is never not asked."""
    optional = {column.heading for column in layout.columns.values() if not column.contract.required}
    ways = ["not_asked for one that is gone"] if optional & set(missing) else []
    ways += ["ignored with a reason for one that is new"] if unknown else []
    return f" ({', '.join(ways)})" if ways else ""


def _listed(names: list[str]) -> str:
    more = len(names) - NAMED
    return ", ".join(names[:NAMED]) + (f" and {more} more" if more > 0 else "")


def _refuse_doubled(place: str, header: tuple[str, ...]) -> None:
    for index, name in enumerate(header):
        if name in header[:index]:
            raise InputError(
                f"{place}: two columns are called {_safe(index + 1, name) or 'nothing'}: ask for a file in which each has its own name."
            )


def _safe(position: int, name: str) -> str:
    """Return a column's name, or only its place where the name could be a value of a file without a header."""
    looks_like_a_heading = re.fullmatch(r"[^\W\d][\w .,/()%?-]{0,59}", name) and not re.search(r"\d{4}|@", name)
    return name if looks_like_a_heading and not kind_of_text(name) else f"column {position}"
