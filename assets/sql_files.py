"""Read the SQL files of `assets/`. The modules that call `sql` run the queries."""

from pathlib import Path

ASSETS = Path(__file__).parent


def sql(name: str) -> str:
    """Return the text of `assets/<name>.sql`. An example of a name is `crime/counted`."""
    return (ASSETS / f"{name}.sql").read_text(encoding="utf-8")
