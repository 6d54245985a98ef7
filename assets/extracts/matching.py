"""Which specification fits a delivered file: by its columns, and by its name where several do."""

import re
from pathlib import Path

from assets.extracts.files import SYNTHETIC, place_of
from assets.extracts.formats import names_of
from assets.extracts.formats.excel import sheets
from assets.extracts.layouts import Format, Specification
from warehouse.errors import InputError
from warehouse.personal import kind_of_text

NAMED = 6  # columns in one sentence


def fitting(path: Path, kind: Format, edition: int, specifications: dict[str, Specification]) -> Specification:
    """The one specification whose columns the file has. Raises InputError saying what is missing from the nearest."""
    headers = {
        name: header
        for name, specification in specifications.items()
        if (header := names_of(path, kind, specification.writing_in(edition))) is not None
    }
    fitting = [name for name, header in headers.items() if _fits(specifications[name], edition, header)]
    for name in fitting:
        _refuse_doubled(place_of(path, kind, specifications[name].writing_in(edition)), headers[name])
    if fitting:
        return specifications[_by_file_name(path, fitting, specifications)]
    _refuse_other_years(path, kind, edition, specifications)
    raise _no_fit(path, kind, edition, headers, specifications)


def _by_file_name(path: Path, fitting: list[str], specifications: dict[str, Specification]) -> str:
    """The one of the fitting specifications that knows the file's name, or the one that asks for none."""
    called = path.name.removeprefix(SYNTHETIC)
    claimed = [name for name in fitting if specifications[name].is_called(called)]
    found = claimed or [name for name in fitting if specifications[name].file_names is None]
    if len(found) == 1:
        return found[0]
    if found:
        raise InputError(
            f"{path.name}: fits the specifications {' and '.join(found)}: say under file_names of one what its files are called."
        )
    asked = " or ".join(f"{specifications[name].file_names} ({name})" for name in fitting)
    raise InputError(
        f"{path.name}: has the columns of files that are called {asked}: rename it so, or correct file_names in the specification."
    )


def _fits(specification: Specification, edition: int, header: tuple[str, ...]) -> bool:
    expected = set(specification.names_in(edition).values())
    return expected <= set(header) <= _known_names(specification, edition)


def _known_names(specification: Specification, edition: int) -> set[str]:
    return {*specification.names_in(edition).values(), *specification.ignored}


def _refuse_other_years(path: Path, kind: Format, edition: int, specifications: dict[str, Specification]) -> None:
    """A file that fits in the years of another edition is mostly the file of another edition."""
    for name, specification in specifications.items():
        for year in sorted(specification.changes_in, reverse=True):
            header = names_of(path, kind, specification.writing_in(year))
            if header is not None and _fits(specification, year, header):
                raise InputError(
                    f"{path.name}: has the columns that {name} has from edition {year} on, and they differ in edition {edition}: put the file of edition {edition} there, or correct extracts/{name}.yml."
                )


def _no_fit(
    path: Path,
    kind: Format,
    edition: int,
    headers: dict[str, tuple[str, ...]],
    specifications: dict[str, Specification],
) -> InputError:
    """What keeps the file from the specification that shares most columns with it."""
    known = {name: _known_names(specifications[name], edition) for name in headers}
    shared = {name: len(known[name] & set(header)) for name, header in headers.items()}
    nearest = max(shared, key=lambda name: shared[name], default=None)
    # fewer than half in common is chance: its other headings could be values
    if nearest is None or 2 * shared[nearest] < max(1, min(len(headers[nearest]), len(known[nearest]))):
        if kind == "xlsx":
            return _no_such_sheet(path, edition, specifications)
        kinds = ", ".join(
            sorted({name for name, one in specifications.items() if getattr(one.writing_in(edition).formats, kind)})
        )
        return InputError(
            f"{path.name}: no specification knows a {kind} file with such columns, delimiter or sheet (there are {kinds or 'none'} for {kind}): ask for the file as before, or write a specification for it."
        )
    header, specification = headers[nearest], specifications[nearest]
    place = place_of(path, kind, specification.writing_in(edition))
    _refuse_doubled(place, header)
    missing = [name for name in specification.names_in(edition).values() if name not in header]
    unknown = [_safe(index, name) for index, name in enumerate(header, 1) if name not in known[nearest]]
    found = "; ".join(
        f"{what} {_listed(names)}" for what, names in (("missing", missing), ("unknown", unknown)) if names
    )
    return InputError(
        f"{place}: is nearest to {nearest}, but its columns differ in edition {edition} ({found}): ask for the file as before, or say in extracts/{nearest}.yml what they are called now{_how(specification, missing, unknown)}."
    )


def _no_such_sheet(path: Path, edition: int, specifications: dict[str, Specification]) -> InputError:
    """Of a workbook, most often the sheet has another name, or the headings stand in another row."""
    layouts = [one.writing_in(edition).formats.xlsx for one in specifications.values()]
    read = sorted({f"{one.sheet} (row {one.header_row})" for one in layouts if one})
    return InputError(
        f"{path.name}: no specification knows its columns on its sheets {_listed(sheets(path))}; the sheets that are read, with the row of their headings, are {', '.join(read)}: rename the sheet, put the headings into their row, or write a specification for it."
    )


def _how(specification: Specification, missing: list[str], unknown: list[str]) -> str:
    """How the specification says that a column is gone or new; one that every row needs is never not asked."""
    columns = specification.target().delivered_columns
    optional = {
        name
        for ours, column in specification.columns.items()
        if not columns[ours].required
        for name in column.name.values()
    }
    said = ["not_asked for one that is gone"] if optional & set(missing) else []
    said += ["ignored with a reason for one that is new"] if unknown else []
    return f" ({', '.join(said)})" if said else ""


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
    """A column's name, or only its place where the name could be a value of a file without a header."""
    looks_like_a_heading = re.fullmatch(r"[^\W\d][\w .,/()%?-]{0,59}", name) and not re.search(r"\d{4}|@", name)
    return name if looks_like_a_heading and not kind_of_text(name) else f"column {position}"
