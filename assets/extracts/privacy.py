"""What keeps personal data out: a column that looks personal and is not declared so stops the run."""

from itertools import islice

import pyarrow as pa

from assets.extracts.files import LOOKED_AT, DeliveredFile, with_sheet
from assets.extracts.formats import batches_of, names_of
from warehouse.errors import InputError
from warehouse.personal import kind_by_heading, kind_by_values


def refuse_personal(file: DeliveredFile) -> None:
    """A column that looks personal must be declared so; its heading and its first rows are looked at here."""
    undeclared = [name for name in _header(file) if name not in _declared(file)]
    columns = file.specification.target().columns
    named = file.specification.names_in(file.edition)
    numbers = {theirs for ours, theirs in named.items() if columns[ours].type != "text"}
    for name in undeclared:
        _refuse_kind(file, name, kind_by_heading(name))
    for batch in islice(batches_of(file.path, file.format, file.writing, undeclared), 1 if undeclared else 0):
        for name in undeclared:
            _refuse_kind(file, name, kind_by_values(batch.column(name).slice(0, LOOKED_AT), name in numbers))


def refuse_personal_texts(file: DeliveredFile, texts: list[str], batch: pa.RecordBatch) -> None:
    """The same of all later rows, for the columns that keep any text as it is."""
    for name in texts:
        _refuse_kind(file, name, kind_by_values(batch.column(name)))


def refuse_personal_cells(file: DeliveredFile, name: str, cells: pa.Array) -> None:
    """Raises InputError where cells of a column that is not declared as personal look so."""
    if name not in _declared(file):
        _refuse_kind(file, name, kind_by_values(cells))


def free_texts(file: DeliveredFile) -> list[str]:
    """Columns of which no rule says what a cell may be: the rest is set aside where it is not what it should be."""
    columns = file.specification.target().columns
    return [
        theirs
        for ours, theirs in file.specification.names_in(file.edition).items()
        if columns[ours].is_free_text
        if theirs not in _declared(file)
    ]


def _declared(file: DeliveredFile) -> set[str]:
    """Columns of which the contract or the specification says whether they are personal."""
    specification = file.specification
    columns = specification.target().columns
    return {
        theirs
        for ours, theirs in specification.names_in(file.edition).items()
        if columns[ours].personal or specification.columns[ours].personal is not None
    } | {name for name, column in specification.ignored.items() if column.personal is not None}


def _header(file: DeliveredFile) -> tuple[str, ...]:
    return names_of(file.path, file.format, file.writing) or ()


def _refuse_kind(file: DeliveredFile, name: str, kind: str | None) -> None:
    if kind:
        raise InputError(
            f"{with_sheet(file.path, file.sheet)}, column {name}: looks like {kind} and is not declared as personal: ask for the file without it, or declare it in extracts/{file.specification.extract}.yml with personal: true, or personal: false where it only looks so."
        )
