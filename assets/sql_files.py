"""Read the SQL files of `assets/`. The modules that call `sql` run them."""

from pathlib import Path

ASSETS = Path(__file__).parent


def sql(name: str) -> str:
    """Return the text of `assets/<name>.sql`; a name is, for example, `crime/counted`."""
    return (ASSETS / f"{name}.sql").read_text(encoding="utf-8")
