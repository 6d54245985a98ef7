"""Search delivered files for personal data.

The run stops if a column looks personal and its specification does not say whether it is. This module decides
which columns and cells of a file are searched. `warehouse/personal.py` knows what personal data look like.
"""

from itertools import islice

import pyarrow as pa

from assets.extracts.files import CELLS_SEARCHED, DeliveredFile, with_sheet
from assets.extracts.formats import batches_of, names_of
from assets.extracts.layouts import Layout, specification_path
from warehouse.errors import InputError
from warehouse.personal import kind_by_heading, kind_by_values


def refuse_personal(file: DeliveredFile) -> None:
    """Refuse a file if the heading or the first cells of a column look personal.

    A column is not searched if it is declared as personal or as not personal.
    """
    undeclared = [heading for heading in _header(file) if heading not in _declared(file.layout)]
    numbers = {column.heading for column in file.layout.columns.values() if column.contract.type != "text"}
    for name in undeclared:
        _refuse_kind(file, name, kind_by_heading(name))
    for batch in islice(batches_of(file.path, file.format, file.layout.writing, undeclared), 1 if undeclared else 0):
        for name in undeclared:
            _refuse_kind(file, name, kind_by_values(batch.column(name).slice(0, CELLS_SEARCHED), name in numbers))


def refuse_personal_texts(file: DeliveredFile, texts: list[str], batch: pa.RecordBatch) -> None:
    """Refuse a file if free texts in a batch of its rows look personal.

    `texts` are the headings of the free texts. Every row is searched, because any text is allowed and stored.
    """
    for name in texts:
        _refuse_kind(file, name, kind_by_values(batch.column(name)))


def refuse_personal_cells(file: DeliveredFile, name: str, cells: pa.Array) -> None:
    """Refuse a file if the given cells of a column look personal.

    The cells are not searched if the column is declared as personal or as not personal.
    """
    if name not in _declared(file.layout):
        _refuse_kind(file, name, kind_by_values(cells))


def free_texts(layout: Layout) -> list[str]:
    """Return the headings of the free texts that are not declared as personal or as not personal.

    A free text is a column in which any text is allowed. In every other column, a cell has to be a number, a day, a
    known label or a text of a fixed form. If it is anything else, a rule rejects the row.
    """
    return [
        heading
        for name, heading in layout.headings.items()
        if layout.columns[name].contract.is_free_text
        if heading not in _declared(layout)
    ]


def _declared(layout: Layout) -> set[str]:
    """Return the headings of the columns that are declared as personal or as not personal.

    The declaration is in the contract or in the specification.
    """
    declared = {heading for name, heading in layout.headings.items() if layout.columns[name].is_declared}
    return declared | {heading for heading, column in layout.ignored.items() if column.personal is not None}


def _header(file: DeliveredFile) -> tuple[str, ...]:
    return names_of(file.path, file.format, file.layout.writing) or ()


def _refuse_kind(file: DeliveredFile, name: str, kind: str | None) -> None:
    if kind:
        raise InputError(
            f"{with_sheet(file.path, file.sheet)}, column {name}: the column seems to hold {kind} but is not declared as personal: ask for the file without the column, or declare the column in {specification_path(file.layout.extract)}, with 'personal: true' if it holds personal data and 'personal: false' if it does not."
        )
