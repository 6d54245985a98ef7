"""Translates the sentences of the code and of the rules into Danish: errors, reasons and what to do.

The translations are in `danish_sentences/`. The English sentence is written in the code that raises it. Here it is
recognized by its fixed words, and the values between these words are copied into the Danish sentence.
`tests/pipelines/test_danish.py` finds every sentence of the code, and fails if one has no translation.
"""

import re
from functools import cache
from pathlib import Path

import yaml

PLACEHOLDER = re.compile(r"\{(\w+)\}")


def in_danish(sentence: str) -> str:
    """Return a sentence in Danish, with the same values in it. If no template fits, return the sentence unchanged.

    A value that is itself a sentence of the code is translated too.
    """
    for pattern, danish in _templates():
        if found := pattern.fullmatch(sentence):
            return PLACEHOLDER.sub(lambda place: in_danish(found[place[1]]), danish)
    return sentence


@cache
def translations() -> dict[str, str]:
    """Return the Danish template for each English template."""
    files = sorted((Path(__file__).parent / "danish_sentences").glob("*.yml"))
    return {english: danish for file in files for english, danish in yaml.safe_load(file.read_text("utf-8")).items()}


@cache
def _templates() -> list[tuple[re.Pattern[str], str]]:
    """Return a pair for each English template: its pattern, and the Danish template that translates it.

    English templates with the most fixed letters come first.
    """
    by_length = sorted(translations().items(), key=lambda entry: -len(PLACEHOLDER.sub("", entry[0])))
    return [(_pattern(english), danish) for english, danish in by_length]


def _pattern(template: str) -> re.Pattern[str]:
    """Return a pattern that matches the template's fixed words exactly, and any text in place of each placeholder."""
    parts = PLACEHOLDER.split(template)  # fixed words and the placeholders' names in turn
    names: set[str] = set()
    pattern = ""
    for position, part in enumerate(parts):
        if position % 2 == 0:
            pattern += re.escape(part)
        else:
            pattern += rf"(?P={part})" if part in names else rf"(?P<{part}>.*?)"
            names.add(part)
    return re.compile(pattern, re.DOTALL)
