"""Read the contracts of the tables from `warehouse/tables/*.yml`, and make types, DDL and comments from them.

A contract describes the columns of a table. It does not have the conditions that rows or whole tables have to meet.
Those conditions are rules in `checks/`.
"""

import gc
import hashlib
import io
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal

import pandas as pd
import pyarrow as pa
import yaml
from pydantic import BaseModel, ConfigDict

if TYPE_CHECKING:
    from _typeshed import ReadableBuffer

Row = dict[str, Any]

TABLES = Path(__file__).parent / "tables"

ARROW = {
    "text": pa.string(),
    "integer": pa.int64(),
    "number": pa.float64(),
    "boolean": pa.bool_(),
    "date": pa.date32(),
}
DUCKDB = {"text": "VARCHAR", "integer": "BIGINT", "number": "DOUBLE", "boolean": "BOOLEAN", "date": "DATE"}
PANDAS = {
    pa.string(): pd.StringDtype(),
    pa.int64(): pd.Int64Dtype(),
    pa.float64(): pd.Float64Dtype(),
    pa.bool_(): pd.BooleanDtype(),
}


class Strict(BaseModel):
    """Base class of the parts of a contract. pydantic refuses a part that has an unknown field."""

    model_config = ConfigDict(extra="forbid", frozen=True)


class Column(Strict):
    """A column of a table: its type, its unit, its description in `text`, and the values that it may have."""

    type: Literal["text", "integer", "number", "boolean", "date"]
    text: str
    required: bool = False
    unit: str | None = None
    allowed: tuple[str, ...] | None = None
    pattern: str | None = None
    refers_to: str | None = None
    generated: bool = False
    personal: bool = False

    @property
    def is_free_text(self) -> bool:
        """Return whether the column has free text. Free text has neither a pattern nor a list of allowed values."""
        return self.type == "text" and not self.pattern and not self.allowed

    @property
    def description(self) -> str:
        """Return the column's comment in the published file: its text, its unit and its allowed values."""
        unit = f" Unit: {self.unit}." if self.unit else ""
        allowed = f" One of: {', '.join(self.allowed)}." if self.allowed else ""
        return f"{self.text.rstrip('.')}.{unit}{allowed}"


class Table(Strict):
    """The contract of a table: its name as `schema.table`, its grain, its key, and its columns in order.

    The grain says what a row of the table is.
    """

    name: str
    text: str
    grain: str
    key: tuple[str, ...]
    columns: dict[str, Column]
    publish: bool
    partitioned: bool = False
    may_be_empty: bool = False
    generated: bool = False
    delivered: bool = False

    @property
    def schema_name(self) -> str:
        """Return the name of the table's schema.

        The table's group in Dagster and the table's folder in the store have the same name as the schema.
        """
        return self.name.split(".")[0]

    @property
    def short_name(self) -> str:
        """Return the table's name without its schema."""
        return self.name.split(".")[1]

    @property
    def delivered_columns(self) -> dict[str, Column]:
        """Return the columns that are read from delivered files. The columns that the program fills are left out."""
        return {name: column for name, column in self.columns.items() if not column.generated}

    @property
    def description(self) -> str:
        """Return the table's comment in the published file: its text, its grain and its key."""
        return f"{self.text.rstrip('.')}. Grain: {self.grain}. Key: {', '.join(self.key)}."

    def arrow_schema(self) -> pa.Schema:
        """Return the table's Arrow schema: its columns in order, their types, and whether they may be empty."""
        return pa.schema(
            [pa.field(name, ARROW[column.type], not column.required) for name, column in self.columns.items()]
        )

    def ddl(self) -> str:
        """Return the DuckDB statements that create the table and its comments."""
        lines = [
            f'"{name}" {DUCKDB[column.type]}{" NOT NULL" if column.required else ""}'
            for name, column in self.columns.items()
        ]
        comments = [f"COMMENT ON TABLE {self.name} IS {_quoted(self.description)};"] + [
            f'COMMENT ON COLUMN {self.name}."{name}" IS {_quoted(column.description)};'
            for name, column in self.columns.items()
        ]
        return f"CREATE TABLE {self.name} (\n  " + ",\n  ".join(lines) + "\n);\n" + "\n".join(comments)

    def arrow(self, frame: pd.DataFrame) -> pa.Table:
        """Return the frame as an Arrow table with the columns and types of the contract, sorted by key.

        Raises ValueError if a column is missing or unknown, or if a value does not fit the type of its column.
        """
        missing = [name for name in self.columns if name not in frame.columns]
        unknown = [name for name in frame.columns if name not in self.columns]
        if missing or unknown:
            raise ValueError(
                f"{self.name}: columns missing: {missing or 'none'}; not in the contract: {unknown or 'none'}"
            )
        schema = self.arrow_schema()
        table = pa.table([self._array(field, frame[field.name]) for field in schema], schema=schema)
        return table.sort_by([(name, "ascending") for name in self.key])

    def fingerprint(self, frame: pd.DataFrame) -> str:
        """Return the SHA-256 of the rows in hex.

        Equal rows have the same hash, even if they come from different files.
        """
        digest = hashlib.sha256()
        with pa.ipc.new_stream(_Hashed(digest), self.arrow_schema()) as stream:
            stream.write_table(self.arrow(frame).combine_chunks())
        return digest.hexdigest()

    def _array(self, field: pa.Field, series: pd.Series) -> pa.Array:
        """Return a column as an array of its type.

        Raises ValueError if the conversion would change a value, for example cut off decimals or turn text into a
        number. Also raises ValueError if a required column has empty cells.
        """
        try:
            array = pa.array(series, from_pandas=True)
            if _kind(array.type) not in (_kind(field.type), "empty"):
                raise pa.ArrowInvalid(f"{array.type} instead of {field.type}")
            if not field.nullable and array.null_count:
                raise pa.ArrowInvalid(f"{array.null_count} empty cells in a required column")
            return array.cast(field.type)
        except (pa.ArrowInvalid, pa.ArrowTypeError, OverflowError) as error:
            raise ValueError(f"{self.name}: a value does not fit its column {field.name}: {error}") from error

    def frame(self, rows: list[Row]) -> pd.DataFrame:
        """Return the rows as a frame with nullable pandas types.

        If no row has a value for a column, the column is empty.
        """
        columns = {name: [row.get(name) for row in rows] for name in self.columns}
        unknown = {name for row in rows for name in row} - set(columns)
        if unknown:
            raise ValueError(f"{self.name}: not in the contract: {sorted(unknown)}")
        return to_pandas(self.arrow(pd.DataFrame(columns, dtype=object)))


class _Hashed(io.RawIOBase):
    """A file that stores nothing. The bytes that are written to it are only added to a hash."""

    def __init__(self, digest: "hashlib._Hash") -> None:
        self._digest = digest

    def writable(self) -> bool:
        return True

    def write(self, data: "ReadableBuffer") -> int:
        self._digest.update(data)
        return memoryview(data).nbytes


def to_pandas(table: pa.Table) -> pd.DataFrame:
    """Return an Arrow table as a frame.

    Empty cells become pd.NA, whole numbers stay integers, and dates become `date` objects.
    """
    frame: pd.DataFrame = table.to_pandas(types_mapper=PANDAS.get, date_as_object=True)
    return frame


def records(frame: pd.DataFrame) -> list[Row]:
    """Return the frame's rows as dictionaries, with None for empty cells."""
    names = list(frame.columns)
    filled = [_filled(frame[name]) for name in names]
    return [dict(zip(names, row, strict=True)) for row in zip(*filled, strict=True)]


def _filled(column: pd.Series) -> list[Any]:
    """Return the values of a column, with None for empty cells.

    This function is several times as fast as the conversion by pandas.
    """
    empty = column.isna().to_numpy()
    return [None if is_empty else value for value, is_empty in zip(column.tolist(), empty, strict=True)]


def read_contracts(folder: Path = TABLES) -> dict[str, Table]:
    """Return the contracts of the tables in a folder, keyed by table name. Each schema has a file `<schema>.yml`.

    The result also has the contracts that `extract_of` makes. Raises ValueError if a table is defined twice, if it is
    in the file of another schema, or if its key names an unknown column.
    """
    tables: dict[str, Table] = {}
    for path in sorted(folder.glob("*.yml")):
        for name, entry in yaml.load(path.read_text(encoding="utf-8"), yaml.CSafeLoader).items():
            table = Table(name=name, **entry)
            if name in tables or table.schema_name != path.stem:
                raise ValueError(f"{path.name}: {name} belongs to another schema's file, or is defined twice")
            if not set(table.key) <= set(table.columns):
                raise ValueError(f"{path.name}: {name}: the key {table.key} is not among the columns")
            tables[name] = table
    return {extract.name: extract for extract in map(extract_of, tables.values()) if extract} | tables


def extract_of(table: Table) -> Table | None:
    """Return the contract for the rows that producers delivered for a table, or None if the table is not delivered.

    All columns for delivered values are text. Each row also has its file, sheet and row number.
    """
    if not table.delivered:
        return None
    delivered = {
        name: Column(type="text", personal=column.personal, text=f"{column.text.rstrip('.')}, as delivered")
        for name, column in table.delivered_columns.items()
    }
    return Table(
        name=f"extracts.{table.schema_name}_{table.short_name}",
        text=f"Rows delivered for {table.name}, with the producer's own words and the file, sheet and row of each",
        grain="one row per row of a delivered file",
        key=("edition", "file", "row"),
        columns=_PLACE | delivered,
        publish=False,
        partitioned=True,
        may_be_empty=True,
    )


_PLACE = {
    "edition": Column(type="integer", required=True, text="Edition in whose landing folder the file was"),
    "file": Column(type="text", required=True, text="Name of the file"),
    "file_sha256": Column(type="text", required=True, text="SHA-256 of the file's bytes, in hex"),
    "extract": Column(type="text", required=True, text="Name of the specification that the file was read with"),
    "provenance": Column(
        type="text",
        required=True,
        allowed=("extract", "synthetic"),
        text="extract: delivered by a producer. synthetic: made up",
    ),
    "sheet": Column(type="text", text="Name of the sheet of an Excel file; empty for other files"),
    "row": Column(
        type="integer", required=True, text="Number of the row in the file, counted as the producer's program counts it"
    ),
    "malformed": Column(
        type="text",
        text="Why the row could not be read into cells: it has more or fewer cells than the header; empty for other rows",
    ),
}


@cache
def contracts() -> dict[str, Table]:
    """Return the contracts of this project, keyed by table name. A process reads them only once."""
    # Exempt the objects that exist now from garbage collection. The imported libraries made most of them, and they live as
    # long as the process. Without this line the collector searches them again and again while Dagster's definitions load,
    # and `benchmarks/imports.py` gets slower: its ratio is 1.20 without this line, and 1.00 with it.
    gc.freeze()
    return read_contracts()


def _kind(type_: pa.DataType) -> str:
    """Return the kind of an Arrow type's values, such as number or text.

    `_array` casts only to a type of the same kind.
    """
    if pa.types.is_null(type_):
        return "empty"
    if pa.types.is_integer(type_) or pa.types.is_floating(type_):
        return "number"
    return "text" if pa.types.is_string(type_) or pa.types.is_large_string(type_) else str(type_)


def _quoted(text: str) -> str:
    return "'" + text.replace("'", "''") + "'"
