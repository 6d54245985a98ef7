"""Shows the help pages of the commands in the reader's language, and reads editions and numbers.

The English texts are the docstrings and the options' help in `cli.py`. Their translations are in
`danish_sentences/help.yml`. click arranges the pages.
"""

import inspect
import re
from collections.abc import Iterable

import click

from pipelines.texts import sentence
from warehouse.errors import InputError
from warehouse.store import FIRST_EDITION

UNWRAPPED = "\b"  # click keeps the line breaks of a paragraph that begins with this character
LAST_EDITION = 2100


def edition_argument(value: str) -> int:
    """Read an edition from the command line. Raises InputError if the value is not the year of a survey."""
    if not re.fullmatch(r"\d{4}", value) or not FIRST_EDITION <= int(value) <= LAST_EDITION:
        raise InputError(
            f"'{value}' is not an edition: give the year of a survey, from {FIRST_EDITION} to {LAST_EDITION}."
        )
    return int(value)


class WholeNumber(click.IntRange):
    """A whole number on the command line, within limits. click would call it an integer range."""

    name = "number"


class TranslatedFormatter(click.HelpFormatter):
    """Writes the parts of a help page in the reader's language."""

    def write_usage(self, prog: str, args: str = "", prefix: str | None = None) -> None:
        """Write the line that says how the command is used."""
        super().write_usage(prog, _with_placeholders(args), sentence(prefix or "Usage: "))

    def write_heading(self, heading: str) -> None:
        """Write the heading of a section."""
        super().write_heading(sentence(heading))

    def write_text(self, text: str) -> None:
        """Write a text of one or more paragraphs."""
        super().write_text(translated(text))

    def write_dl(self, rows: Iterable[tuple[str, str]], col_max: int = 30, col_spacing: int = 2) -> None:
        """Write a list of options or commands, each with its text."""
        super().write_dl([(_with_placeholders(term), sentence(text)) for term, text in rows], col_max, col_spacing)


class TranslatedContext(click.Context):
    """The context of a command. click takes the formatter of help pages from it."""

    formatter_class = TranslatedFormatter


class TranslatedCommand(click.Command):
    """A command whose help page is shown in the reader's language."""

    context_class = TranslatedContext

    def get_short_help_str(self, limit: int = 45) -> str:
        """Return the first paragraph of the help text. click cuts longer texts off, so that they cannot be translated."""
        return paragraphs(self.help or "")[0]


class TranslatedGroup(click.Group):
    """A group of commands. Its help page and those of its commands are shown in the reader's language."""

    context_class = TranslatedContext
    command_class = TranslatedCommand
    group_class = type
    get_short_help_str = TranslatedCommand.get_short_help_str


def paragraphs(text: str) -> list[str]:
    """Return the paragraphs of a help text, each on one line. Only paragraphs with fixed line breaks keep them."""
    parts = inspect.cleandoc(text).split("\n\n")
    return [part if part.startswith(UNWRAPPED) else " ".join(part.split()) for part in parts]


def phrases(paragraph: str) -> list[str]:
    """Return the phrases of a paragraph, with the spaces between them, so that each phrase can be translated.

    In a paragraph with fixed line breaks, line breaks and columns of spaces separate the phrases. Any other paragraph is
    one phrase.
    """
    if not paragraph.startswith(UNWRAPPED):
        return [paragraph]
    return re.split(rf"({UNWRAPPED}?\n *| {{2,}})", paragraph)


def translated(text: str) -> str:
    """Translate a help text into the reader's language."""
    return "\n\n".join(_translated_paragraph(paragraph) for paragraph in paragraphs(text))


def _translated_paragraph(paragraph: str) -> str:
    if not paragraph.startswith(UNWRAPPED):
        return sentence(paragraph)
    # a shorter translation is filled up with blanks, so that the column after it begins where it did
    lines = "".join(sentence(phrase).ljust(len(phrase)) for phrase in phrases(paragraph)).splitlines()
    return "\n".join(line.rstrip(" ") for line in lines)


def _with_placeholders(words: str) -> str:
    """Translate placeholders such as `FILE`, and leave the names of commands and options as they are."""
    return re.sub(r"[A-Z]+(?:_[A-Z]+)*", lambda word: sentence(word[0]), words)
