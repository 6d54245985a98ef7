"""Tests of the glossary: no code, table or document uses a word that the glossary forbids."""

import re
from pathlib import Path

import pytest

from warehouse.home import PROJECT

GLOSSARY = PROJECT / "docs" / "GLOSSARY.md"
MONEY = re.compile(
    r"money|funds|accounts|spent|DKK", re.IGNORECASE
)  # is set aside for activities, in the agreement's words


def avoided() -> list[str]:
    """Return the forbidden words: the words in backticks in the last column of the glossary's tables."""
    last_columns = [
        line.rsplit("|", 2)[1] for line in GLOSSARY.read_text(encoding="utf-8").splitlines() if line[:1] == "|"
    ]
    return [word for column in last_columns for word in re.findall(r"`([^`]+)`", column)]


def prose() -> list[Path]:
    """Return every file that people read, except the glossary, the changelog and the licence."""
    rooms = ("pipelines", "assets", "checks", "warehouse", "benchmarks", "tests", "docs", "deploy")
    files = [
        path
        for room in rooms
        for path in (PROJECT / room).rglob("*")
        if path.suffix in (".py", ".sql", ".yml", ".md", ".csv")
    ]
    return [*files, PROJECT / "README.md", PROJECT / "CONTRIBUTING.md", PROJECT / "Makefile"]


def places(word: str, text: str) -> list[str]:
    """Return the lines of a text that have the word. Lines about money that is "set aside" are allowed and left out.

    Several words are also found in the plural, and in a name that is made of them, such as `rows_set_aside`. A single
    word is not looked for in names, because libraries use it in theirs (`json.dumps`).
    """
    several = " " in word
    form = rf"(?<![^\W_]){word.replace(' ', '[ _]')}s?(?![^\W_])" if several else rf"\b{word}\b"
    lines_with_word = [line for line in text.splitlines() if re.search(form, line, re.IGNORECASE)]
    return [line for line in lines_with_word if word != "set aside" or not MONEY.search(line)]


def test_a_word_to_avoid_is_found() -> None:
    assert places("set aside", "Three rows were set aside.\nMoney set aside for activities.") == [
        "Three rows were set aside."
    ]
    assert places("starting point", "FROM all_starting_points") == ["FROM all_starting_points"]
    assert {"set aside", "cannot count", "starting point"} <= set(avoided())


@pytest.mark.parametrize("word", avoided())
def test_a_word_to_avoid_stands_nowhere(word: str) -> None:
    here = Path(__file__)
    lines = {
        str(path.relative_to(PROJECT)): places(word, path.read_text(encoding="utf-8"))
        for path in prose()
        if path not in (GLOSSARY, here)
    }
    assert {path: lines_of_file for path, lines_of_file in lines.items() if lines_of_file} == {}
