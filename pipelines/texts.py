"""The reader's language, and the texts that the commands print in it (`texts.yml`).

`printing.py` puts together what the commands print. The words of the published tables are in `reference/words.csv`.
"""

import os
from datetime import date
from functools import cache
from pathlib import Path
from typing import Literal

import yaml

from assets.targets.sentences import written
from pipelines.danish import in_danish

Language = Literal["da", "en"]
DAYS_A_MONTH = 30.44


def reader_language() -> Language:
    """Return Danish if TRYGHED_LANGUAGE, or else the locale, says so; otherwise English."""
    wanted = (os.environ.get(name) for name in ("TRYGHED_LANGUAGE", "LC_ALL", "LC_MESSAGES", "LANG"))
    return "da" if next(filter(None, wanted), "").lower().startswith("da") else "en"


def text(name: str, /, **values: object) -> str:
    """Return a text in the reader's language, with the values filled in."""
    return texts()[name][reader_language()].format(**values)


def sentence(english: str) -> str:
    """Return a sentence of the code or of a rule in the reader's language."""
    return in_danish(english) if reader_language() == "da" else english


def number(value: float | None) -> str:
    """Return a number as readers of the language write it, with at most one decimal (two if it is small); a dash for None."""
    return written(value, reader_language())


def decimal(written_number: str) -> str:
    """Replace the decimal point of a written number by the decimal mark of the reader's language."""
    return written_number.replace(".", ",") if reader_language() == "da" else written_number


def day(value: date) -> str:
    """Return a day as readers of the language write it."""
    return f"{value.day}.{value.month}.{value.year}" if reader_language() == "da" else f"{value:%-d %b %Y}"


def how_long_ago(value: date, today: date) -> str:
    """Return how long ago a day was: in days for two months, in months for two years, then in years.

    For a day to come, return the days until then.
    """
    days = (today - value).days
    if days < 0:
        return text("in_days", days=-days)
    if days < 2 * DAYS_A_MONTH:
        return text("days_ago", days=days)
    months = round(days / DAYS_A_MONTH)
    return text("months_ago", months=months) if months < 24 else text("years_ago", years=months // 12)


@cache
def texts() -> dict[str, dict[Language, str]]:
    """Return every text. Its keys are its name and its language."""
    entries: dict[str, dict[Language, str]] = yaml.safe_load(Path(__file__).with_name("texts.yml").read_text("utf-8"))
    return entries
