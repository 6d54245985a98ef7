"""Translates the program's English sentences into Danish: errors, reasons, and instructions.

The sentences are written in English in the code and in the rules. The folder `danish_sentences/` has an English and a
Danish template for each sentence. In a template, placeholders stand for the values. This module finds the English
template that fits a sentence, and copies the values into the Danish template. `tests/pipelines/test_danish.py` fails if
a sentence of the code has no translation.
"""

import re
from functools import cache
from pathlib import Path

import yaml

PLACEHOLDER = re.compile(r"\{(\w+)\}")


def in_danish(sentence: str) -> str:
    """Return the Danish translation of a sentence. If the sentence has no translation, return it unchanged.

    The values in the sentence stay the same. If a value is itself a sentence with a translation, the value is
    translated too.
    """
    for pattern, danish in _templates():
        if found := pattern.fullmatch(sentence):
            return PLACEHOLDER.sub(lambda place: in_danish(found[place[1]]), danish)
    return sentence


@cache
def translations() -> dict[str, str]:
    """Return a dictionary from each English template to its Danish template."""
    files = sorted((Path(__file__).parent / "danish_sentences").glob("*.yml"))
    return {english: danish for file in files for english, danish in yaml.safe_load(file.read_text("utf-8")).items()}


@cache
def _templates() -> list[tuple[re.Pattern[str], str]]:
    """Return a pair for each template: the pattern of the English template, and the Danish template.

    The template with the most letters outside its placeholders comes first, because `in_danish` uses the first pattern
    that fits.
    """
    by_length = sorted(translations().items(), key=lambda entry: -len(PLACEHOLDER.sub("", entry[0])))
    return [(_pattern(english), danish) for english, danish in by_length]


def _pattern(template: str) -> re.Pattern[str]:
    """Return a pattern that matches the sentences of a template.

    A placeholder matches any text. If a placeholder occurs twice, both texts have to be the same.
    """
    parts = PLACEHOLDER.split(template)  # fixed words and the placeholders' names alternate
    names: set[str] = set()
    pattern = ""
    for position, part in enumerate(parts):
        if position % 2 == 0:
            pattern += re.escape(part)
        else:
            pattern += rf"(?P={part})" if part in names else rf"(?P<{part}>.*?)"
            names.add(part)
    return re.compile(pattern, re.DOTALL)
