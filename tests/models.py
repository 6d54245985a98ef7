"""Tables that SQL makes, from frames in memory: no store, no files."""

from functools import cache

import duckdb
import pandas as pd

from assets.reference import REFERENCE
from assets.sql_tables import MODELS, frame_of
from warehouse.contracts import Table, contracts


def model_frame(name: str, tables: dict[str, pd.DataFrame]) -> pd.DataFrame:
    """The table that a query of all editions makes of these frames, by their short names; one that is not among them is empty."""
    model = MODELS[name]
    with duckdb.connect() as connection:
        for table in _read_by(name):
            connection.execute(f"CREATE SCHEMA IF NOT EXISTS {table.schema_name}")
            frame = tables.get(table.short_name)
            if frame is None:
                connection.execute(table.ddl())
            else:
                connection.register(f"given_{table.short_name}", table.arrow(frame))
                connection.execute(f"CREATE VIEW {table.name} AS FROM given_{table.short_name}")
        return frame_of(connection, model)


@cache
def _read_by(name: str) -> tuple[Table, ...]:
    """The reference tables, and what else the query reads."""
    model = MODELS[name]
    return (*REFERENCE, *(contracts()[read] for read in (*model.same, *model.earlier)))
