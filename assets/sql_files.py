"""The project's SQL, read by its place below `assets/`. What runs it, and on which tables, stands beside each use."""

from pathlib import Path

ASSETS = Path(__file__).parent


def sql(name: str) -> str:
    """The text of `assets/<name>.sql`, as of crime/counted."""
    return (ASSETS / f"{name}.sql").read_text(encoding="utf-8")
