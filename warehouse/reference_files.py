"""Reads the reference files before a run starts. If a file has a fault, the run does not start.

The error message names the file and the line of the fault. A CSV file has to fit the contract of its table. An
agreement has to fit the types in `warehouse/agreements.py`. This module does not check whether figures are plausible,
for example whether a share lies between 0 and 100. The checks that Dagster shows do that.
"""

import csv
import io
import re
from collections.abc import Iterator
from datetime import date
from itertools import pairwise
from pathlib import Path
from typing import Any

import pandas as pd

from warehouse.agreements import Agreement
from warehouse.contracts import Column, Row, Table, contracts, records
from warehouse.edited_files import At, Lines, line_of, read_text, read_yaml, short, shown_path
from warehouse.errors import InputError
from warehouse.home import reference_folder

Reference = dict[str, pd.DataFrame]


def load_reference(folder: Path | None = None) -> Reference:
    """Return the reference tables, keyed by the table's name.

    Every table has been checked against its contract and against the other reference tables. Raises InputError if a
    file has a fault. The message names the file and the line, and says what is allowed.
    """
    folder = folder or reference_folder()
    tables = {name: table for name, table in contracts().items() if table.schema_name == "reference"}
    reference = {
        name: table.frame(_read_csv(folder / f"{table.short_name}.csv", table))
        for name, table in tables.items()
        if not table.generated
    }
    agreements = list(_read_agreements(folder / "agreements"))
    _check_references(folder, reference)
    _check_conventions(folder, reference["reference.conventions"])
    _check_choices(folder, reference)
    _check_words_of_measures(folder, reference["reference.measures"])
    _check_intervals(agreements)
    path_of_agreement: dict[str, Path] = {}
    for path, agreement, lines in agreements:
        if earlier := path_of_agreement.get(agreement.agreement_id):
            raise InputError(
                f"{shown_path(path)}, line {lines[('agreement_id',)]}: the agreement in {shown_path(earlier)} also has the id '{agreement.agreement_id}': give each agreement its own id."
            )
        path_of_agreement[agreement.agreement_id] = path
        _check_agreement(path, agreement, lines, reference)
    reference["reference.agreements"] = tables["reference.agreements"].frame(
        [_agreement_row(agreement) for _, agreement, _ in agreements]
    )
    reference["reference.agreement_areas"] = tables["reference.agreement_areas"].frame(
        [row for _, agreement, _ in agreements for row in _area_rows(agreement)]
    )
    reference["reference.targets"] = tables["reference.targets"].frame(
        [row for _, agreement, _ in agreements for row in _target_rows(agreement)]
    )
    return reference


# --- CSV files ---------------------------------------------------------------------------------------------


def _read_csv(path: Path, table: Table) -> list[Row]:
    """Return the rows of a CSV file. The table's contract gives the types of the cells.

    Raises InputError if the file has a fault. The message names the line.
    """
    columns = {name: column for name, column in table.columns.items() if not column.generated}
    lines = list(_csv_lines(path, list(columns)))
    if not lines and not table.may_be_empty:
        raise InputError(
            f"{shown_path(path)} has no rows: put the file back as it was, with at least one line below the header."
        )
    rows: list[Row] = []
    line_of_key: dict[tuple[object, ...], int] = {}
    for number, cells in lines:
        row = {name: _typed(path, number, name, columns[name], cell) for name, cell in zip(columns, cells, strict=True)}
        if "file_line" in table.columns:
            row["file_line"] = number
        key = tuple(row[name] for name in table.key)
        if key in line_of_key:
            raise InputError(
                f"{shown_path(path)}, line {number}: line {line_of_key[key]} already has the key '{short(' / '.join(map(str, key)))}': keep only one of the two lines."
            )
        line_of_key[key] = number
        rows.append(row)
    return rows


def _csv_lines(path: Path, expected: list[str]) -> Iterator[tuple[int, list[str]]]:
    """Yield the line number and the cells of each row of a CSV file.

    Raises InputError if the header is not `expected`, or if a line cannot be read.
    """
    reader = csv.reader(io.StringIO(read_text(path), newline=""), strict=True)
    first = 1  # the line on which the row begins, because a quoted cell can contain line ends
    try:
        header = next(reader, [])
        if header != expected:
            missing = [name for name in expected if name not in header]
            unknown = [name for name in header if name not in expected]
            detail = "; ".join(
                part
                for part in (
                    f"missing {', '.join(missing)}" if missing else "",
                    f"unknown {', '.join(unknown)}" if unknown else "",
                )
                if part
            )
            raise InputError(
                f"{shown_path(path)}, line 1: the columns are not the expected ones ({detail or 'they are in another order'}): the header must be {','.join(expected)}"
            )
        first = reader.line_num + 1
        for cells in reader:
            if not cells:
                raise InputError(f"{shown_path(path)}, line {first}: the line is blank: delete it.")
            if len(cells) != len(expected):
                raise InputError(
                    f"{shown_path(path)}, line {first}: the line has {len(cells)} cells, but the header has {len(expected)}: put quotes around texts that contain a comma."
                )
            yield first, cells
            first = reader.line_num + 1
    except csv.Error as error:
        raise InputError(
            f"{shown_path(path)}, line {first}: the line cannot be read as CSV ({error}): correct the quotes."
        ) from error


def _typed(path: Path, number: int, name: str, column: Column, cell: str) -> object:
    """Return the cell's value, converted to the type of the column. Return None if the cell is empty.

    Raises InputError if the cell is empty but the column is required, or if the cell's text does not fit the column.
    """
    if not cell.strip():
        if column.required:
            raise InputError(f"{_place(path, number, name)}: the cell is empty: fill it in ({column.text}).")
        return None
    if column.allowed and cell not in column.allowed:
        raise InputError(
            f"{_place(path, number, name)}: '{short(cell)}' is not allowed: use one of {', '.join(column.allowed)}."
        )
    if column.pattern and not re.fullmatch(column.pattern, cell):
        raise InputError(
            f"{_place(path, number, name)}: '{short(cell)}' does not match the pattern {column.pattern}: correct the value."
        )
    try:
        return _PARSERS[column.type](cell)
    except ValueError:
        raise InputError(
            f"{_place(path, number, name)}: '{short(cell)}' cannot be read: {_FORMS[column.type]}."
        ) from None


def _place(path: Path, line: int, column: str) -> str:
    """Return the place of a cell for a message. It is called only for a fault, because it takes longer than reading the cell."""
    return f"{shown_path(path)}, line {line}, column {column}"


def _number(cell: str) -> float:
    if not re.fullmatch(r"-?[0-9]{1,15}(\.[0-9]{1,15})?", cell):
        raise ValueError
    return float(cell)


def _whole(cell: str) -> int:
    if not re.fullmatch(r"-?[0-9]{1,15}", cell):
        raise ValueError
    return int(cell)


def _truth(cell: str) -> bool:
    if cell not in ("true", "false"):
        raise ValueError
    return cell == "true"


def _day(cell: str) -> date:
    if not re.fullmatch(r"[0-9]{4}-[0-9]{2}-[0-9]{2}", cell):
        raise ValueError
    return date.fromisoformat(cell)


_PARSERS: dict[str, Any] = {
    "text": str,
    "integer": _whole,
    "number": _number,
    "boolean": _truth,
    "date": _day,
}
_FORMS = {
    "text": "write a text",
    "integer": "write a whole number such as 2020",
    "number": "write a number with a decimal point such as 16.5",
    "boolean": "write true or false",
    "date": "write a date as 2021-01-31",
}


def _check_references(folder: Path, reference: Reference) -> None:
    """Raise InputError if a cell refers to a line of another file, but the other file has no such line."""
    for name in reference:
        table = contracts()[name]
        for column_name, column in table.columns.items():
            if not column.refers_to:
                continue
            referred_table, referred_column = column.refers_to.rsplit(".", 1)
            known_values = {str(item) for item in reference[referred_table][referred_column]}
            path = folder / f"{table.short_name}.csv"
            referred_path = folder / f"{referred_table.split('.')[1]}.csv"
            for line, value in _with_lines(path, column_name):
                if value and value not in known_values:
                    raise InputError(
                        f"{shown_path(path)}, line {line}, column {column_name}: '{short(value)}' is not known: add it to {shown_path(referred_path)}, or use a value from that file."
                    )


_CONVENTIONS: dict[str, tuple[float, float]] = {
    "confidence_level": (0.5, 0.999),
    "assumed_design_effect": (0.1, 20),
    "power": (0.5, 0.999),
    "fewest_answers": (1, 1000),
    "baseline_edition": (2009, 2100),
}


def _check_conventions(folder: Path, conventions: pd.DataFrame) -> None:
    """Raise InputError if conventions.csv lacks a convention, or if a line of conventions.csv has a fault.

    A line has a fault if its convention is unknown, or if its value is too low or too high.
    """
    path = folder / "conventions.csv"
    values = dict(zip(conventions["convention"], conventions["value"], strict=True))
    missing = [name for name in _CONVENTIONS if name not in values]
    if missing:
        raise InputError(f"{shown_path(path)} has no line for the convention '{missing[0]}': put the line back.")
    for line, name in _with_lines(path, "convention"):
        if name not in _CONVENTIONS:
            raise InputError(
                f"{shown_path(path)}, line {line}: the convention '{short(name)}' is not known: use one of {', '.join(_CONVENTIONS)}."
            )
        low, high = _CONVENTIONS[name]
        if not low <= values[name] <= high or (name == "baseline_edition" and values[name] % 1):
            raise InputError(
                f"{shown_path(path)}, line {line}, column value: the convention '{name}' cannot have the value {values[name]:g}: write a number between {low} and {high}{' without decimals' if name == 'baseline_edition' else ''}."
            )


def _check_choices(folder: Path, reference: Reference) -> None:
    """Raise InputError if published_choices.csv chooses a figure that is not in published_figures.csv.

    Each line of published_choices.csv chooses one source's figure for an edition, an area and a measure.
    """
    path = folder / "published_choices.csv"
    address = ["edition", "area_id", "measure", "source_id"]
    figures = {tuple(row[name] for name in address) for row in records(reference["reference.published_figures"])}
    choices = records(reference["reference.published_choices"])
    for (line, source), choice in zip(_with_lines(path, "source_id"), choices, strict=True):
        if tuple(choice[name] for name in address) not in figures:
            raise InputError(
                f"{shown_path(path)}, line {line}, column source_id: the source '{short(source)}' published no figure for this edition, area and measure: choose a source that has one in {shown_path(folder / 'published_figures.csv')}."
            )


# Each item names a delivered table and one of its columns. The table's rows are counted separately for each word in that
# column. Each word has its own measure.
_COUNTED_BY_WORD = {
    "goals": ("activities.goals", "focus_area"),
    "meetings": ("commitments.meetings", "occasion"),
    "accounts": ("commitments.accounts", "purpose"),
}


def _check_words_of_measures(folder: Path, measures: pd.DataFrame) -> None:
    """Raise InputError if a word in measures.csv is unknown, or if a word has no measure in measures.csv.

    The known words are the values that the contracts allow in the columns of `_COUNTED_BY_WORD`. For example, meetings
    have one measure for each value of the column `occasion`.
    """
    path = folder / "measures.csv"
    lines = [line for line, _ in _with_lines(path, "measure")]
    for made_of, (table, column) in _COUNTED_BY_WORD.items():
        words = contracts()[table].columns[column].allowed or ()
        counted = dict(zip(measures["made_of_word"].where(measures["made_of"] == made_of), lines, strict=True))
        for word, line in counted.items():
            if not pd.isna(word) and word not in words:
                raise InputError(
                    f"{shown_path(path)}, line {line}, column made_of_word: '{short(word)}' is not a value of the column {column} in {table}: use one of {', '.join(words)}."
                )
        for word in words:
            if word not in counted:
                raise InputError(
                    f"{shown_path(path)} has no measure for the word '{word}' of the column {column} in {table}: add a line with '{made_of}' in the column made_of and '{word}' in the column made_of_word."
                )


def _with_lines(path: Path, column_name: str) -> Iterator[tuple[int, str]]:
    """Yield the line number and the text of each cell in one column of a CSV file."""
    header = next(csv.reader(read_text(path).splitlines()[:1]))
    for line, cells in _csv_lines(path, header):
        yield line, cells[header.index(column_name)]


# --- agreements --------------------------------------------------------------------------------------------


def _read_agreements(folder: Path) -> Iterator[tuple[Path, Agreement, Lines]]:
    """Yield each agreement's path, the agreement, and the line number of each entry in the agreement's file.

    Raises InputError if the folder contains no agreement, or if the name of a file does not end in .yml.
    """
    paths = sorted(folder.glob("*.yml"))
    for unread in sorted(set(folder.glob("[!.]*")) - set(paths)) if folder.is_dir() else ():
        raise InputError(
            f"{shown_path(folder / short(unread.name))} is not read, because its name does not end in .yml: rename it if it is an agreement, or move it elsewhere."
        )
    if not paths:
        raise InputError(
            f"{shown_path(folder)} contains no agreement: put at least one agreement there, as a .yml file."
        )
    for path in paths:
        yield path, *read_yaml(path, Agreement)


def _check_intervals(agreements: list[tuple[Path, Agreement, Lines]]) -> None:
    """Raise InputError if two agreements for the same area have different values of `share_interval`.

    The values must be equal, because each share has only one interval.
    """
    interval_of_area: dict[str, tuple[str, Path]] = {}
    for path, agreement, lines in agreements:
        interval, first_path = interval_of_area.setdefault(agreement.area_id, (agreement.share_interval, path))
        if interval != agreement.share_interval:
            raise InputError(
                f"{shown_path(path)}, line {line_of(lines, ('share_interval',))}: share_interval of the area {agreement.area_id} is {agreement.share_interval} here, but {interval} in {shown_path(first_path)}: write the same interval in both files, because an area has only one."
            )


def _check_agreement(path: Path, agreement: Agreement, lines: Lines, reference: Reference) -> None:
    """Raise InputError if the agreement has a fault.

    The agreement has a fault if it names something unknown, contradicts itself, or does not fit the reference files.
    """
    for at, value, (table, column) in _names(agreement):
        if value is not None and str(value) not in {str(item) for item in reference[f"reference.{table}"][column]}:
            raise InputError(
                f"{shown_path(path)}, line {line_of(lines, at)}: the value '{short(value)}' is not known: add it to {shown_path(path.parent.parent / f'{table}.csv')}, or use a value from that file."
            )
    for at, fault in (
        *_contradictions(agreement),
        *_misfits(agreement, reference),
        *_area_faults(agreement, reference["reference.areas"]),
    ):
        raise InputError(f"{shown_path(path)}, line {line_of(lines, at)}: {fault}.")


def _names(agreement: Agreement) -> Iterator[tuple[At, object, tuple[str, str]]]:
    """Yield each value in the agreement that must occur in a reference table.

    Each item has three parts: the value's place in the agreement, the value, and the pair of table and column in which
    the value must occur.
    """
    area, source, edition = ("areas", "area_id"), ("sources", "source_id"), ("editions", "edition")
    yield ("area_id",), agreement.area_id, area
    yield ("comparison_area_id",), agreement.comparison_area_id, area
    yield ("source_id",), agreement.source_id, source
    yield ("baseline_edition",), agreement.baseline_edition, edition
    for index, version in enumerate(agreement.areas):
        yield ("areas", index, "area_id"), version.area_id, area
    for index, target in enumerate(agreement.targets):
        for position, measure in enumerate(target.measures):
            yield ("targets", index, "measures", position), measure, ("measures", "measure")
        yield ("targets", index, "waits_for"), target.waits_for, ("deliveries", "delivery")
        yield ("targets", index, "source_id"), target.source_id, source
        yield ("targets", index, "area_id"), target.area_id, area


def _contradictions(agreement: Agreement) -> Iterator[tuple[At, str]]:
    """Yield each contradiction within the agreement, as its place and a sentence that says how to correct it."""
    if agreement.first_day and agreement.last_day and agreement.last_day < agreement.first_day:
        yield ("last_day",), "last_day is before first_day: correct one of them"
    if agreement.targets and not (agreement.first_day and agreement.last_day):
        yield ("targets",), "an agreement with targets needs first_day and last_day: add them"
    numbers = [target.target_id for target in agreement.targets]
    for index, target in enumerate(agreement.targets):
        at, name = ("targets", index), f"target {target.target_id}"
        if target.target_id in numbers[:index]:
            yield at, f"{name} occurs twice: give each target its own number"
        for position, measure in enumerate(target.measures):
            if measure in target.measures[:position]:
                yield (*at, "measures", position), f"the measure {measure} occurs twice in {name}: keep it only once"
        for needed in _NEEDED[target.rule]:
            if getattr(target, needed) is None:
                yield at, f"{name} has no {needed}, which the rule {target.rule} needs: add it"
        if target.last_year < target.first_year:
            yield (*at, "last_year"), f"{name}: last_year is before first_year: correct one of them"
        if target.baseline_year is not None and target.baseline_year >= target.first_year:
            yield (*at, "baseline_year"), f"{name}: baseline_year is not before first_year: correct one of them"
        target_year, baseline_year = agreement.target_year, target.baseline_year
        if (
            target.rule == "approaches_comparison_area"
            and target_year
            and baseline_year
            and target_year <= baseline_year
        ):
            yield (
                ("target_year",),
                f"target_year is {target_year}, but it must be later than {baseline_year}, the baseline year of {name}: correct one of the two years",
            )


def _misfits(agreement: Agreement, reference: Reference) -> Iterator[tuple[At, str]]:
    """Yield each value in the agreement that does not fit areas.csv or measures.csv.

    Each item has the value's place in the agreement, and a sentence that says how to correct the value or the file.
    """
    areas = reference["reference.areas"]
    versions = set(zip(areas["area_id"], areas["area_version"], strict=True))
    for index, area in enumerate(agreement.areas):
        if (area.area_id, area.area_version) not in versions:
            yield (
                ("areas", index, "area_version"),
                f"areas.csv has no version {area.area_version} of {area.area_id}: add a line for it, or use a version from that file",
            )
    measures = {row["measure"]: row for row in records(reference["reference.measures"])}
    for index, target in enumerate(agreement.targets):
        needed_column = _JUDGED.get(target.rule)
        for position, measure in enumerate(target.measures):
            if needed_column and measures[measure][needed_column] is None:
                yield (
                    ("targets", index, "measures", position),
                    f"the rule {target.rule} needs a measure that has a value in the column {needed_column}: fill in that column for {measure} in measures.csv, or use another rule",
                )


def _area_faults(agreement: Agreement, areas: pd.DataFrame) -> Iterator[tuple[At, str]]:
    """Yield each fault in the agreement's list of area versions.

    Each item has the fault's place in the agreement, and a sentence that says how to correct it.

    Each version must belong to the agreement's area. Its days in the agreement must lie within its days in areas.csv.
    On each day of the agreement, exactly one version must be in force.
    """
    defined = {
        (row["area_id"], row["area_version"]): _days(row["valid_from"], row["valid_to"]) for row in records(areas)
    }
    for index, version in enumerate(agreement.areas):
        at, name = ("areas", index), f"version {version.area_version} of {version.area_id}"
        first, last = _days(version.valid_from, version.valid_to)
        defined_first, defined_last = defined.get((version.area_id, version.area_version), (first, last))
        if version.area_id != agreement.area_id:
            yield (*at, "area_id"), f"{name} is not a version of the agreement's area {agreement.area_id}: remove it"
        elif last < first:
            yield (*at, "valid_to"), f"{name}: valid_to lies before valid_from: correct one of them"
        elif first < defined_first:
            begins = date.fromordinal(defined_first)
            yield (
                (*at, "valid_from"),
                f"in areas.csv, {name} begins later, on {begins}: write that day here, or correct areas.csv",
            )
        elif last > defined_last:
            ends = date.fromordinal(defined_last)
            yield (
                (*at, "valid_to"),
                f"in areas.csv, {name} ends earlier, on {ends}: write that day here, or correct areas.csv",
            )
    yield from _days_without_one_version(agreement)


def _days_without_one_version(agreement: Agreement) -> Iterator[tuple[At, str]]:
    """Yield each overlap of two versions, each version that is listed twice, and the first day without a version.

    Each item has the fault's place in the agreement, and a sentence that says how to correct it.
    """
    spans = sorted(
        (*_days(version.valid_from, version.valid_to), index) for index, version in enumerate(agreement.areas)
    )
    for (_, last, _), (first, _, index) in pairwise(spans):
        if first <= last:
            day = date.fromordinal(first)
            yield (
                ("areas", index),
                f"two versions of {agreement.area_id} are in force on {day}: let the earlier one end before that day",
            )
    for index, version in enumerate(agreement.areas):
        if version.area_version in [earlier.area_version for earlier in agreement.areas[:index]]:
            yield (
                ("areas", index, "area_version"),
                f"version {version.area_version} of {agreement.area_id} is entered twice: keep only one of the two entries",
            )
    if agreement.first_day and agreement.last_day:
        next_day = agreement.first_day.toordinal()
        for first, last, _ in spans:
            next_day = last + 1 if first <= next_day <= last else next_day
        if next_day <= agreement.last_day.toordinal():
            day = date.fromordinal(next_day)
            yield (
                ("areas",),
                f"no version of {agreement.area_id} is in force on {day}, which is a day of the agreement: add a version that covers that day",
            )


def _days(first: date | None, last: date | None) -> tuple[int, int]:
    """Return the two days as day numbers, as `date.toordinal` counts them.

    A missing first day becomes the earliest possible date, and a missing last day becomes the latest possible date.
    """
    return (first or date.min).toordinal(), (last or date.max).toordinal()


# For each rule, the column of measures.csv that must be filled in: the answer that is counted, or the crime type.
_JUDGED = {
    "falls_every_year": "answer",
    "approaches_comparison_area": "answer",
    "held_at_baseline": "crime_type",
    "reported_every_year": "crime_type",
}


_NEEDED: dict[str, tuple[str, ...]] = {
    "falls_every_year": ("baseline_year",),
    "approaches_comparison_area": ("baseline_year", "tolerance"),
    "held_at_baseline": ("baseline_year", "tolerance"),
    "reported_every_year": (),
    "at_least": ("limit_value",),
    "at_most": ("limit_value",),
    "own_goals": (),
}


def _agreement_row(agreement: Agreement) -> Row:
    row = agreement.model_dump(exclude={"areas", "parties", "targets"})
    return row | {"parties": "; ".join(agreement.parties) or None}


def _area_rows(agreement: Agreement) -> list[Row]:
    return [version.model_dump() | {"agreement_id": agreement.agreement_id} for version in agreement.areas]


def _target_rows(agreement: Agreement) -> list[Row]:
    return [
        target.model_dump(exclude={"measures"})
        | {
            "agreement_id": agreement.agreement_id,
            "measure": measure,
            "area_id": target.area_id or agreement.area_id,
            "source_id": target.source_id or agreement.source_id,
        }
        for target in agreement.targets
        for measure in target.measures
    ]
