"""Read the SQL files in `assets/`. This module only reads the files. The modules that call `sql` run the queries."""

from pathlib import Path

ASSETS = Path(__file__).parent


def sql(name: str) -> str:
    """Return the text of the file `assets/<name>.sql`. The name may include a folder, as in `crime/counted`."""
    return (ASSETS / f"{name}.sql").read_text(encoding="utf-8")
