"""Refusing personal data: a column that looks personal and is not declared so stops the run.

Here belongs which columns and cells of a file are looked at. What personal data look like is in `warehouse/personal.py`.
"""

from itertools import islice

import pyarrow as pa

from assets.extracts.files import LOOKED_AT, DeliveredFile, with_sheet
from assets.extracts.formats import batches_of, names_of
from assets.extracts.layouts import Layout
from warehouse.errors import InputError
from warehouse.home import reference_file
from warehouse.personal import kind_by_heading, kind_by_values


def refuse_personal(file: DeliveredFile) -> None:
    """Refuse a column that looks personal by its heading or its first rows and is not declared so."""
    undeclared = [heading for heading in _header(file) if heading not in _declared(file.layout)]
    numbers = {column.heading for column in file.layout.columns.values() if column.contract.type != "text"}
    for name in undeclared:
        _refuse_kind(file, name, kind_by_heading(name))
    for batch in islice(batches_of(file.path, file.format, file.layout.writing, undeclared), 1 if undeclared else 0):
        for name in undeclared:
            _refuse_kind(file, name, kind_by_values(batch.column(name).slice(0, LOOKED_AT), name in numbers))


def refuse_personal_texts(file: DeliveredFile, texts: list[str], batch: pa.RecordBatch) -> None:
    """Refuse personal data in a batch of rows, in the columns that keep any text as it is."""
    for name in texts:
        _refuse_kind(file, name, kind_by_values(batch.column(name)))


def refuse_personal_cells(file: DeliveredFile, name: str, cells: pa.Array) -> None:
    """Raise InputError where cells of a column that is not declared as personal look so."""
    if name not in _declared(file.layout):
        _refuse_kind(file, name, kind_by_values(cells))


def free_texts(layout: Layout) -> list[str]:
    """Return the headings of columns of which no rule says what a cell may be; the cells of others are rejected by rules."""
    return [
        heading
        for name, heading in layout.headings.items()
        if layout.columns[name].contract.is_free_text
        if heading not in _declared(layout)
    ]


def _declared(layout: Layout) -> set[str]:
    """Return headings of columns of which the contract or the specification says whether they are personal."""
    declared = {heading for name, heading in layout.headings.items() if layout.columns[name].is_declared}
    return declared | {heading for heading, column in layout.ignored.items() if column.personal is not None}


def _header(file: DeliveredFile) -> tuple[str, ...]:
    return names_of(file.path, file.format, file.layout.writing) or ()


def _refuse_kind(file: DeliveredFile, name: str, kind: str | None) -> None:
    if kind:
        raise InputError(
            f"{with_sheet(file.path, file.sheet)}, column {name}: looks like {kind} and is not declared as personal: ask for the file without it, or declare it in {reference_file(f'extracts/{file.layout.extract}.yml')} with personal: true, or personal: false where it only looks so."
        )
