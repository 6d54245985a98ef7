"""The commands of the command line, and the English texts of their help pages."""

import re
from collections.abc import Iterator

import click

from pipelines.cli import tryghed as root
from pipelines.help_pages import UNWRAPPED, paragraphs, phrases

# Parts of examples that are typed as they stand, in both languages.
TYPED = re.compile(r"(\d\. )?tryghed [ a-z]*|tryghed [^A-Z]*\\?|tryghed .*\d \\|TRYGHED_LANGUAGE=da tryghed status|--[^A-Z]*\\|.*\"A. Steward\" --expires-on .*")  # fmt: skip


def commands(
    command: click.Command = root, path: tuple[str, ...] = ()
) -> Iterator[tuple[tuple[str, ...], click.Command]]:
    """Yield each command with the words that a user types for it after `tryghed`."""
    yield path, command
    if isinstance(command, click.Group):
        for name, subcommand in command.commands.items():
            yield from commands(subcommand, (*path, name))


COMMANDS = dict(commands())


def help_texts() -> set[str]:
    """Return the English phrases of all help pages that need a translation."""
    texts = set()
    for command in COMMANDS.values():
        parts = [phrase for paragraph in paragraphs(command.help or "") for phrase in phrases(paragraph)]
        texts |= {part for part in parts if part.strip(f"{UNWRAPPED}\n ") and not TYPED.fullmatch(part)}
        texts |= {option.help for option in command.params if isinstance(option, click.Option) and option.help}
    return texts
