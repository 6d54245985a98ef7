"""Finds out the reader's language, and returns the texts of `texts.yml` in this language.

The commands print these texts. `printing.py` puts the texts together. The words that published tables use are
translated in `warehouse/reference/words.csv`.
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
    """Return the reader's language: `da` or `en`.

    The language is Danish if the variable TRYGHED_LANGUAGE begins with `da`. If the variable is not set, the locale is
    used instead.
    """
    wanted = (os.environ.get(name) for name in ("TRYGHED_LANGUAGE", "LC_ALL", "LC_MESSAGES", "LANG"))
    return "da" if next(filter(None, wanted), "").lower().startswith("da") else "en"


def text(name: str, /, **values: object) -> str:
    """Return the text `name` in the reader's language, with the values in its placeholders."""
    return texts()[name][reader_language()].format(**values)


def sentence(english: str) -> str:
    """Translate an English sentence of the code or of a rule into the reader's language."""
    return in_danish(english) if reader_language() == "da" else english


def number(value: float | None) -> str:
    """Return a number as text, in the form that is usual in the reader's language. Return a dash for None.

    The text has at most two decimals if the number is between -2 and 2, and otherwise at most one.
    """
    return written(value, reader_language())


def decimal(written_number: str) -> str:
    """Replace the decimal point in a number's text with the decimal mark of the reader's language."""
    return written_number.replace(".", ",") if reader_language() == "da" else written_number


def day(value: date) -> str:
    """Return a date as text, in the form that is usual in the reader's language."""
    return f"{value.day}.{value.month}.{value.year}" if reader_language() == "da" else f"{value:%-d %b %Y}"


def how_long_ago(value: date, today: date) -> str:
    """Return a text that says how long ago a day was.

    The text counts in days up to two months, in months up to two years, and after that in years. If the day is in the
    future, the text says in how many days it comes.
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
    """Return all texts of `texts.yml`. The first key is a text's name, and the second key is a language."""
    entries: dict[str, dict[Language, str]] = yaml.safe_load(Path(__file__).with_name("texts.yml").read_text("utf-8"))
    return entries
