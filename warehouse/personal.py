"""Whether a column looks like personal data. A judgement of shapes and words: it names the kind, never a value."""

import re
from collections import Counter
from collections.abc import Callable

import pyarrow as pa
import pyarrow.compute as pc

ENOUGH = 0.05

_SHAPES = {
    "CPR numbers": re.compile(r"(0[1-9]|[12]\d|3[01])(0[1-9]|1[0-2])\d{2}[- ]?\d{4}"),
    "e-mail addresses": re.compile(r"[^@\s]+@[^@\s]+\.[a-zA-Z]{2,}"),
    "telephone numbers": re.compile(r"(\+45|0045)?[ ]?([2-9]\d[ ]\d{2}[ ]\d{2}[ ]\d{2}|[2-9]\d{7}|[2-9]\d{3}[ ]\d{4})"),
    "addresses": re.compile(
        r".*?(vej|gade|allé|alle|stræde|plads|vænget|parken|torv|gård|have)\s+\d{1,3}\s?[A-Za-z]?\b.*", re.IGNORECASE
    ),
}

_HEADINGS = {
    "CPR numbers": re.compile(r"\bcpr|personn(umme)?r"),
    "e-mail addresses": re.compile(r"e-?mail|\bmail"),
    "telephone numbers": re.compile(r"telefon|\btlf|mobil|phone"),
    "addresses": re.compile(r"adresse|address|vejnavn|husn(umme)?r"),
    "names": re.compile(
        r"^(for|efter|mellem|fulde?)?navn$|fornavn|efternavn|full.?name|(first|last|sur)name|anmelder|forurettede|sigtede|kontaktperson"
    ),
}

# Given names that were common in Denmark over the last generations: enough of them make a column one of names.
_GIVEN_NAMES = frozenset(
    [
        "anne",
        "kirsten",
        "mette",
        "hanne",
        "anna",
        "helle",
        "susanne",
        "lene",
        "marianne",
        "maria",
        "inge",
        "karen",
        "bente",
        "camilla",
        "pia",
        "jette",
        "charlotte",
        "louise",
        "ida",
        "emma",
        "sofie",
        "freja",
        "alma",
        "peter",
        "jens",
        "lars",
        "michael",
        "henrik",
        "thomas",
        "søren",
        "jan",
        "christian",
        "martin",
        "niels",
        "anders",
        "morten",
        "jesper",
        "hans",
        "mads",
        "rasmus",
        "per",
        "ole",
        "mohammad",
        "mohamed",
        "ahmed",
        "ali",
        "fatima",
        "aisha",
        "amina",
        "yusuf",
        "ibrahim",
        "hassan",
        "jørgen",
        "erik",
        "william",
        "noah",
        "oscar",
        "lucas",
        "victor",
        "emil",
        "carl",
        "frederik",
        "magnus",
        "mikkel",
    ]
)


def kind_by_heading(heading: str) -> str | None:
    """What a column seems to hold of persons by its heading; None for nothing."""
    lowered = heading.strip().lower()
    return next((kind for kind, words in _HEADINGS.items() if words.search(lowered)), None)


def kind_by_values(values: pa.Array) -> str | None:
    """What enough of the filled cells seem to hold of persons; None for nothing. Each different text is judged once."""
    counted: Counter[str] = Counter()
    for found in pc.value_counts(values.drop_null()).to_pylist():
        if text := found["values"].strip():
            counted[text] += found["counts"]
    enough = max(1, ENOUGH * counted.total())
    for kind, looks_like in _LOOKS.items():
        if sum(times for value, times in counted.items() if looks_like(value)) >= enough:
            return kind
    return None


def _is_persons_name(value: str) -> bool:
    """Two words or more, the first a given name."""
    words = value.split(maxsplit=1)
    return len(words) > 1 and words[0].lower() in _GIVEN_NAMES


_LOOKS: dict[str, Callable[[str], object]] = {
    **{kind: shape.fullmatch for kind, shape in _SHAPES.items()},
    "names": _is_persons_name,
}
