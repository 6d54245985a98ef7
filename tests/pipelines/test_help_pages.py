"""Tests of the help pages.

Each command has a page in Danish and in English. A page fits into 80 columns.
"""

import re
from pathlib import Path

import pytest
from click.testing import CliRunner

from pipelines.cli import tryghed as root
from pipelines.danish import translations
from tests.conftest import tryghed
from tests.help_texts import COMMANDS, help_texts
from tests.test_reader_words import english_in_terminal


def page(path: tuple[str, ...], language: str, monkeypatch: pytest.MonkeyPatch) -> str:
    """Return the help page of a command at 80 columns."""
    monkeypatch.setenv("TRYGHED_LANGUAGE", language)
    return CliRunner().invoke(root, [*path, "--help"], prog_name="tryghed", terminal_width=80).output


def test_every_help_text_has_its_danish() -> None:
    assert "Accept, correct or drop a rejected row." in help_texts()
    assert help_texts() - set(translations()) == set()


@pytest.mark.parametrize("path", COMMANDS, ids=" ".join)
def test_a_danish_page_has_no_english_and_both_pages_fit(
    path: tuple[str, ...], monkeypatch: pytest.MonkeyPatch
) -> None:
    danish, english = (page(path, language, monkeypatch) for language in ("da", "en"))
    assert max(map(len, (danish + english).splitlines())) <= 80
    assert english.startswith(" ".join(("Usage: tryghed", *path, "[OPTIONS]")))
    assert danish.startswith(" ".join(("Brug: tryghed", *path, "[VALGMULIGHEDER]")))
    assert english_in_terminal(english)
    names = "|".join((*root.commands, *(name for words in COMMANDS for name in words), "steward", "locale"))
    assert english_in_terminal(re.sub(rf"\b(?:{names})\b", " ", danish, flags=re.IGNORECASE)) == set()
    placeholders = {
        text for text in translations() if re.fullmatch("[A-Z_]{2,}", text) and translations()[text] != text
    }
    assert set(re.findall(r"\b[A-Z_]{2,}\b", danish)) & placeholders == set()


def test_a_group_without_a_command_shows_its_page_in_danish(tmp_path: Path) -> None:
    ran = tryghed(tmp_path, "decide", language="da")
    assert ran.code == 2
    assert ran.err.startswith("Brug: tryghed decide [VALGMULIGHEDER] KOMMANDO [ORD]...")
    assert "Godkender, retter eller udelader en afvist række." in ran.err


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (("run", "x"), "'x' er ikke en udgave: Angiv en undersøgelses år, fra 2009 til 2100."),
        (("status", "2008"), "'2008' er ikke en udgave: Angiv en undersøgelses år, fra 2009 til 2100."),
        (("decide", "row", "2023", "a.csv", "x"), "Forkert brug: 'x' er ikke et helt tal (RÆKKE). tryghed --help viser kommandoerne."),
        (("decide", "row", "2023"), "Forkert brug: FIL mangler. tryghed --help viser kommandoerne."),
    ],
)  # fmt: skip
def test_wrong_usage_is_answered_in_danish(tmp_path: Path, arguments: tuple[str, ...], message: str) -> None:
    ran = tryghed(tmp_path, *arguments, language="da")
    assert (ran.code, ran.err.strip()) == (2, message)
