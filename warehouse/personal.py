"""Finds personal data in headings, texts and cells.

The functions return the kind of personal data, such as "names", and never the personal data itself.
`assets/extracts/privacy.py` decides which columns of a file are searched.

A pattern in `_SURE` matches only personal data. If one cell matches the pattern, the kind is returned. A pattern in
`_LIKELY` may also match other data. For example, eight digits may be a telephone number or some other number. The kind
is returned only if several cells match the pattern.
"""

import re
from collections import Counter

import pyarrow as pa
import pyarrow.compute as pc

ENOUGH_OF_ALL = 0.05  # a pattern counts if at least this share of the cells matches it
ENOUGH_DIFFERENT = 10  # a pattern also counts if at least this number of different texts matches it
LEAST = 2  # the share counts only if at least this number of cells matches

_DAY_OF_BIRTH = r"(0[1-9]|[12]\d|3[01])(0[1-9]|1[0-2])\d\d"
_STREET = (
    "vej|vejen|gade|gaden|allé|alle|stræde|plads|pladsen|vænge|vænget|park|parken|torv|torvet|gård|gården|have|haven|havn|"
    "boulevard|boulevarden|kaj|brygge|kanal|sti|stien|vang|toft|lund|lunden|bakke|bakken|holm|bro|mark|marken|alleen"
)

# First names that have been common in Denmark for some generations.
_GIVEN_NAME = (
    "anne|kirsten|mette|hanne|anna|helle|susanne|lene|marianne|maria|inge|karen|bente|camilla|pia|jette|"
    "charlotte|louise|ida|emma|sofie|freja|alma|peter|jens|lars|michael|henrik|thomas|søren|jan|christian|"
    "martin|niels|anders|morten|jesper|hans|mads|rasmus|ole|mohammad|mohamed|ahmed|ali|fatima|aisha|amina|"
    "yusuf|ibrahim|hassan|jørgen|erik|william|noah|oscar|lucas|victor|emil|carl|frederik|magnus|mikkel|birgit|"
    "lone|gitte|tina|heidi|rikke|signe|julie|maja|laura|clara|karl|kurt|bjarne|flemming|finn|kim|jonas|simon|"
    "jakob|jacob|kasper|malthe|oliver|omar|mustafa|abdi|hamza|zahra|maryam|sara|mohammed|muhammad"
)

_SURE = {
    "CPR numbers": re.compile(
        rf"(?<![\d-]){_DAY_OF_BIRTH}\s?[-\u2013/]\s?\d{{4}}(?![\d-])|\bcpr\D{{0,12}}{_DAY_OF_BIRTH}\D?\d{{4}}(?!\d)",
        re.IGNORECASE,
    ),
    "e-mail addresses": re.compile(r"[^@\s;,<>]+@[^@\s;,<>]+\.[a-zA-Z]{2,}"),
    "telephone numbers": re.compile(
        r"(?<!\d)(\+45|0045)[ ]?\d\d[ .-]?\d\d[ .-]?\d\d[ .-]?\d\d(?!\d)"
        r"|(?<![\d.-])[2-9]\d([ .-])\d\d\2\d\d\2\d\d(?![\d.-])"
        r"|\b(tlf|tel|telefon|mobil|ring|call|phone)\b\D{0,12}[2-9]\d([ .-]?\d\d){3}(?!\d)",
        re.IGNORECASE,
    ),
    "addresses": re.compile(
        r"\b\w*[a-zæøå]\s+\d{1,3}\s?[A-Z]?,\s*(st|kl|\d{1,2})\.?\s*(sal)?\.?,?\s*(tv|th|mf)\b", re.IGNORECASE
    ),
}
_LIKELY = {
    "CPR numbers": re.compile(rf"\s*{_DAY_OF_BIRTH}\s?\d{{4}}\s*$"),
    "telephone numbers": re.compile(r"\s*([2-9]\d{7}|[2-9]\d{3}[ ]\d{4})\s*$"),
    "addresses": re.compile(rf".*?({_STREET})\s+\d{{1,3}}\s?[a-z]?\b", re.IGNORECASE),
    "names": re.compile(rf"\s*({_GIVEN_NAME})\s+[^\W\d]|\s*\w[\w-]*,\s*({_GIVEN_NAME})\b", re.IGNORECASE),
}
_CPR_IN_TEXT = re.compile(rf".*?(?<![\d-]){_DAY_OF_BIRTH}[\s/]?\d{{4}}(?![\d-])")
_JOURNAL_NUMBER = re.compile(r"\b\d{4}-\d{5}-\d+-\d{2}\b")
_NAME_IN_TEXT = re.compile(rf"\b({_GIVEN_NAME.title()})\s+([A-ZÆØÅ]\.\s*)?[A-ZÆØÅ][a-zæøåé]+")

_HEADINGS = {
    "CPR numbers": re.compile(r"\bcpr|\bpnr\b|\bperson ?(nr|nummer)"),
    "e-mail addresses": re.compile(r"e ?mail|\bmail|\be ?post\b"),
    "telephone numbers": re.compile(r"telefon|\btlf|\btel\b|mobil|phone"),
    "addresses": re.compile(r"adresse|address|\b(vej|gade)( ?navn)?\b|\bhus ?(nr|nummer)\b|bopæl|street"),
    "names": re.compile(
        r"(for|efter|mellem|fulde)navn|(first|last|sur|full) ?name|anmelder|forurettede|sigtede|kontakt ?person|\bvidner?\b|\bborgerens?\b"
    ),
}
_NAME_OF = re.compile(r"\b(navn|navnet|name)\b")
_NAMED_THINGS = re.compile(
    r"område|bydel|rode\b|distrikt|aktivitet|projekt|forening|selskab|partner|area|district|activity"
)


def kind_by_heading(heading: str) -> str | None:
    """Return the kind of personal data that a column seems to have, judged by the column's heading.

    Return None if the column seems to have no personal data.
    """
    words = re.sub(r"[\W_]+", " ", heading.lower()).strip()
    kind = next((kind for kind, pattern in _HEADINGS.items() if pattern.search(words)), None)
    if kind is None and _NAME_OF.search(words) and not _NAMED_THINGS.search(words):
        return "names"
    return kind


def kind_of_text(text: str) -> str | None:
    """Return the kind of personal data in a heading, in the name of a file, or in the name of a sheet.

    Return None if the text has no personal data. The function does not look for telephone numbers. Headings and names
    often contain days and times, and the digits of days and times look like telephone numbers.
    """
    spaced = text.replace("_", " ")
    patterns = {kind: pattern for kind, pattern in _SURE.items() if kind != "telephone numbers"}
    kind = next((kind for kind, pattern in patterns.items() if pattern.search(text) or pattern.search(spaced)), None)
    if kind is None and (_NAME_IN_TEXT.search(spaced) or _LIKELY["names"].match(spaced)):
        return "names"
    if kind is None and _LIKELY["addresses"].match(spaced):
        return "addresses"
    return kind or ("CPR numbers" if _CPR_IN_TEXT.match(spaced) else None)


def kind_within(text: str, *, may_name: bool = False) -> str | None:
    """Return the kind of personal data in a sentence. Return None if the sentence has no personal data.

    If `may_name` is true, a person's name does not count as personal data.
    """
    kind = next((kind for kind, pattern in _SURE.items() if pattern.search(text)), None)
    if kind is None and _CPR_IN_TEXT.match(text):
        return "CPR numbers"
    if kind is None and _JOURNAL_NUMBER.search(text):
        return "journal numbers"
    return kind or ("names" if not may_name and _NAME_IN_TEXT.search(text) else None)


def kind_by_values(values: pa.Array, numbers: bool = False) -> str | None:
    """Return the kind of personal data that a column's cells seem to have. Return None if they seem to have none.

    If `numbers` is true, the cells are numbers or days. Patterns that numbers and days often match by chance are then
    not used.
    """
    # search each distinct text only once, because a few texts often fill a whole column
    counted = Counter({pair["values"]: pair["counts"] for pair in pc.value_counts(values.drop_null()).to_pylist()})
    for kind, pattern in _SURE.items():
        if any(pattern.search(text) for text in counted):
            return kind
    if not numbers and _matches_often("CPR numbers", _CPR_IN_TEXT, counted):
        return "CPR numbers"
    likely = {"CPR numbers": _LIKELY["CPR numbers"]} if numbers else _LIKELY
    return next((kind for kind, pattern in likely.items() if _matches_often(kind, pattern, counted)), None)


def _matches_often(kind: str, pattern: re.Pattern[str], counted: Counter[str]) -> bool:
    """Return whether the pattern matches enough cells, or enough different texts.

    `counted` maps each text to its number of cells. The thresholds are ENOUGH_OF_ALL, LEAST and ENOUGH_DIFFERENT.
    """
    matching = [
        text for text in counted if pattern.match(text) or (kind == "names" and _NAME_IN_TEXT.search(text) is not None)
    ]
    cells, least = counted.total(), min(LEAST, counted.total())
    often = sum(counted[text] for text in matching) >= max(1, least, ENOUGH_OF_ALL * cells)
    return often or len(matching) >= ENOUGH_DIFFERENT
