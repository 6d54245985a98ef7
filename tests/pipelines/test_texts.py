"""Tests of the texts that the commands print: each text is there in both languages, with the same values filled in."""

import re
from string import Formatter

import pytest

from pipelines.texts import number, reader_language, text, texts
from warehouse.home import PROJECT


def values_in(template: str) -> set[str]:
    return {name for _, name, _, _ in Formatter().parse(template) if name}


@pytest.mark.parametrize("name", texts())
def test_every_text_is_there_in_both_languages_with_the_same_values(name: str) -> None:
    entry = texts()[name]
    assert list(entry) == ["da", "en"]
    assert values_in(entry["da"]) == values_in(entry["en"])


def test_every_text_is_used_and_every_used_one_is_there() -> None:
    code = "\n".join(path.read_text(encoding="utf-8") for path in (PROJECT / "pipelines").glob("*.py"))
    quoted_names = set(re.findall(r"""["']([a-z_0-9]+)["']""", code))
    unit_names = {name for name in texts() if name.startswith("unit_")}
    assert set(texts()) - quoted_names - unit_names == set()
    used_names = set(re.findall(r"""\btext\(\s*["']([a-z_0-9]+)["']""", code))
    assert used_names - set(texts()) == set()


@pytest.mark.parametrize(
    ("variables", "language"),
    [
        ({}, "en"),
        ({"LANG": "da_DK.UTF-8"}, "da"),
        ({"LANG": "da_DK.UTF-8", "LC_ALL": "C.UTF-8"}, "en"),
        ({"LANG": "sv_SE.UTF-8"}, "en"),
        ({"LANG": "en_GB.UTF-8", "TRYGHED_LANGUAGE": "da"}, "da"),
        ({"LANG": "da_DK.UTF-8", "TRYGHED_LANGUAGE": "en"}, "en"),
    ],
)
def test_the_language_is_that_of_the_environment(
    variables: dict[str, str], language: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    for name in ("TRYGHED_LANGUAGE", "LC_ALL", "LC_MESSAGES", "LANG"):
        monkeypatch.delenv(name, raising=False)
    for name, value in variables.items():
        monkeypatch.setenv(name, value)
    assert reader_language() == language


def test_numbers_and_sentences_follow_the_language(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("TRYGHED_LANGUAGE", "da")
    assert (number(102789), number(0.31)) == ("102.789", "0,31")
    assert text("editions", first=2009, last=2026) == "Udgave 2009 til 2026."
    monkeypatch.setenv("TRYGHED_LANGUAGE", "en")
    assert (number(102789), number(0.31)) == ("102,789", "0.31")
