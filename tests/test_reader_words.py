"""Tests of the texts that readers see.

A Danish text has no English word, no text has an identifier, and every value of a column has a text.
"""

import re
from collections.abc import Callable, Iterable, Iterator
from dataclasses import fields, is_dataclass
from functools import cache
from string import Formatter
from typing import Any

import pandas as pd
import pytest

from assets.published.contents import read_published
from assets.published.pictures import pictures_of
from assets.targets.sentences import LANGUAGES
from checks.table_rules import rules
from pipelines.danish import translations
from pipelines.texts import texts
from tests.delivering import published_in_memory
from tests.scenarios import REFERENCE, TH, count, made_up, make
from tests.targets.test_sentences import every_sentence
from warehouse.contracts import contracts, records

# Words that both English and Danish texts may have: words that exist in both languages, and names.
IN_BOTH_LANGUAGES = {
    "amager", "at", "baseline", "by", "bydel", "bydele", "data", "folehaven", "for", "graffiti", "hash", "husum",
    "interval", "minus", "over", "positive", "rode", "sikker", "status", "tingbjerg", "to", "type",
}  # fmt: skip
# More such words in the output of commands. Below them: names of fields and values that users type, and file formats.
IN_BOTH_IN_THE_TERMINAL = {
    "baselines", "byte", "bytes", "cpr", "ctrl", "database", "december", "download", "e", "end", "epsg", "find", "form", "format", "gigabyte",
    "have", "id", "kommune", "port", "københavns", "kroner", "link", "links", "megabyte", "person", "plan", "point", "program", "proxy", "roder", "start", "store", "stratum",
    "under", "version", "web",
    "about", "accept", "action", "answers", "constant", "correct", "decimals", "drop", "edition", "expects", "extract", "false",
    "ignored", "invited", "landing", "name", "personal", "seen", "true", "value",
    "bom", "bzip", "c", "cr", "csv", "da", "dagster", "duckdb", "excel", "feather", "gzip", "parquet", "pdf", "rar", "sav", "spss", "stata", "tryghed",
    "utf", "xls", "xlsx", "xml", "xz", "yaml", "yml",
}  # fmt: skip
# Words that officials do not write, and words that were replaced. The glossary has the words to use.
AVOIDED = {
    "da": r"udgangspunkt|\blovet\b|\busikkert\b|talt helt op|brud i serien|opdigt|\d%|\b\d{4,}(?= indbygger)|\d\.\d\d?\b(?!\.)",
    "en": r"\bpromised?\b|\bkept\b|\d%|\b\d{4,}(?= residents)",
}
# The kind in words.csv of each column with fixed values. A key is a column, or a table and its column.
KIND_OF_COLUMN = {
    "about": "decision_about",
    "action": "decision_action",
    "change_unit": "unit",
    "compared_with": "compared_with",
    "confidentiality": "confidentiality",
    "counted_from": "made_from",
    "counted_level": "area_level",
    "indicators.comparisons.literal": "direction",
    "indicators.comparisons.statistical": "direction",
    "level": "area_level",
    "made_from": "made_from",
    "maturity": "maturity",
    "provenance": "provenance",
    "quality.decisions.status": "decision_status",
    "reason": "reason",
    "reference.series_breaks.kind": "break",
    "rule": "rule",
    "status": "figure_status",
    "targets.verdicts.literal": "verdict",
    "targets.verdicts.statistical": "verdict",
    "unit": "unit",
}
NO_WORDS_NEEDED = {
    "reference.answer_classes.answer_class": "a rule of the pipeline; the measure's name says what is counted",
    "reference.measures.answer": "the measure's name says it",
    "reference.measures.made_of": "the measure's name says it",
    "reference.measures.time_of_day": "the measure's name says it",
    "reference.measures.topic": "groups measures, and is never shown",
    "reference.crime_types.role": "the target's text says it",
    "reference.crime_readings.kind": "the reading's name says it",
    "reference.series_breaks.effect": "pictures say it in a sentence: picture noted and forbidden",
    "reference.area_members.basis": "a note for analysts",
    "reference.agreements.share_interval": "a statistical method",
    "reference.targets.period_of": "axes say it: picture edition and crime_year",
    "reference.words.kind": "the file of words itself",
    "quality.files.format": "a file format's own name",
}
ONLY_WORDS = {("verdict", "reported")}  # the word for `met` if a figure only has to be reported


# --- what readers see ------------------------------------------------------------------------------------------


def text_pairs() -> Iterator[tuple[str, str, str]]:
    """Yield every text of the reference files and footnotes.

    A text is given by the place where it is written, its Danish form and its English form. A name of an area that is
    used in both languages has no English form, and is left out.
    """
    for table, frame in REFERENCE.items():
        for column in frame.columns:
            english = column.replace("_da", "_en")
            if column.endswith("_da") and english in frame:
                for line in records(frame.dropna(subset=[column, english])):
                    yield f"{table} {line[frame.columns[0]]}", line[column], line[english]
    for rules_of_table in rules().values():
        for rule in rules_of_table:
            if rule.footnote_da and rule.footnote_en:
                yield f"{rule.table} {rule.name}", rule.footnote_da, rule.footnote_en


def texts_in_files(language: str) -> dict[str, str]:
    """Return every text of the reference files and footnotes in one language, with the place where it is written."""
    texts = {da if language == "da" else en: place for place, da, en in text_pairs()}
    for table, frame in REFERENCE.items():
        for column in frame.columns:
            if column.endswith(f"_{language}"):
                texts |= dict.fromkeys(frame[column].dropna(), f"{table}.{column}")
    return texts


def strings_in(content: Any) -> Iterator[str]:
    """Yield every text in the content of a picture."""
    if isinstance(content, str):
        yield content
    elif is_dataclass(content):
        for field in fields(content):
            if field.name not in ("language", "dashes"):
                yield from strings_in(getattr(content, field.name))
    elif isinstance(content, list | tuple):
        for part in content:
            yield from strings_in(part)


@cache
def texts_in_pictures(language: str) -> dict[str, str]:
    """Return every text in a set of pictures that together have all kinds of content.

    The content is breaks, levels, full counts, goals, hidden counts, made-up figures and a funnel plot.
    """
    bydele = REFERENCE["areas"].loc[REFERENCE["areas"]["level"] == "bydel", "area_id"].tolist()

    def deliver(tables: dict[str, pd.DataFrame]) -> None:
        reports = [
            count(
                3000 if number == 0 else 100, 2023, area_id=area_id, crime_type="burglary", population_residents=10_000
            )
            for number, area_id in enumerate(bydele)
        ]
        reports += [count(number, edition, crime_type="burglary") for number, edition in ((3, 2022), (30, 2023))]
        tables["counted"] = contracts()["crime.counted"].frame([line | {"provenance": "synthetic"} for line in reports])
        numbers = [
            {
                "edition": edition, "area_id": TH, "measure": measure, "value": float(counted), "counted": counted, "out_of": 3,
                "not_known": not_known, "status": "normal", "provenance": "extract", "maturity": "final", "method": "made up",
            }
            for measure in ("goals_kept_safer_city_life", "activities_with_two_or_more_partners", "activity_funding")
            for edition, counted, not_known in ((2021, 1, 0), (2022, 0, 3))
        ]  # fmt: skip
        tables["yearly_numbers"] = contracts()["commitments.yearly_numbers"].frame(numbers)
        breaks = records(tables["series_breaks"])
        breaks.append(breaks[0] | {"break_id": "made_up", "area_id": TH, "measure": "unsafe", "first_edition": 2023})
        breaks[-1] |= {"kind": "area", "effect": "not_comparable"}
        tables["series_breaks"] = contracts()["reference.series_breaks"].frame(breaks)

    areas = ((TH, 300), ("copenhagen", 1000))
    shares = {(edition, area): (16.0, answers) for edition in (2019, 2020, 2021, 2023) for area, answers in areas}
    with published_in_memory(make(made_up("unsafe", shares), deliver)) as connection:
        pictures = pictures_of(read_published(connection))
    return {
        text: path
        for path, content in pictures.items()
        if path.endswith(f".{language}.svg")
        for text in strings_in(content)
    }


def every_text(language: str) -> dict[str, str]:
    """Return every text in one language that readers may see, with the place that the text comes from."""
    sentences = dict.fromkeys(every_sentence(language), "targets.verdicts")
    return texts_in_files(language) | texts_in_pictures(language) | sentences


# --- what must not be in a text ----------------------------------------------------------------------------------


def words_in(text: str) -> set[str]:
    """Return the words of a text in lower case. Placeholders are left out."""
    return set(re.findall(r"(?<!\w)[^\W\d_]+", re.sub(r"\{\w+\}|'s\b", " ", text).lower()))


@cache
def english_words() -> frozenset[str]:
    """Return the words of all English texts and of all fixed values of columns.

    Words that are also Danish are left out.
    """
    values = {
        value.replace("_", " ")
        for table in contracts().values()
        for column in table.columns.values()
        for value in column.allowed or ()
    }
    texts = {en for _, _, en in text_pairs()} | values
    return frozenset({word for text in texts for word in words_in(text)} - IN_BOTH_LANGUAGES)


def english_in(text: str) -> set[str]:
    """Return the English words in a Danish text."""
    return words_in(text) & english_words()


def identifiers_in(text: str) -> list[str]:
    """Return the identifiers in a text: snake_case, camelCase, table.column, file names and placeholders."""
    parts = (r"\w*[^\W_]_[^\W_]\w*", r"[a-zæøå]+[A-ZÆØÅ]\w*", r"\b[a-z]\w+\.[a-z]\w+\b", r"[{}]")
    return re.findall("|".join(parts), text)


def test_no_english_word_is_in_a_danish_text() -> None:
    spoiled = {text: (place, words) for text, place in every_text("da").items() if (words := english_in(text))}
    assert spoiled == {}, "translate the text, or add the word to IN_BOTH_LANGUAGES if it is Danish too"


@cache
def english_words_of_terminal() -> frozenset[str]:
    """Return the words of all English texts that commands print. Words that are also Danish are left out."""
    english = [*(entry["en"] for entry in texts().values()), *translations()]
    words = {word for text in english for word in words_in(without_names(text))} | english_words()
    return frozenset(words - IN_BOTH_LANGUAGES - IN_BOTH_IN_THE_TERMINAL)


def english_in_terminal(text: str) -> set[str]:
    """Return the English words in a Danish text of the terminal."""
    return words_in(without_names(text)) & english_words_of_terminal()


def test_no_english_word_is_in_a_danish_text_of_the_terminal() -> None:
    danish = [*(entry["da"] for entry in texts().values()), *translations().values()]
    spoiled = {text: words for text in danish if (words := english_in_terminal(text))}
    assert spoiled == {}, "translate the text, or add the word to IN_BOTH_IN_THE_TERMINAL if it is Danish too"
    assert english_in_terminal("Ret {file}: the line mangler, kør tryghed run --all igen") == {"the", "line"}


def without_names(text: str) -> str:
    """Remove all parts of a text that have no translation: placeholders, commands, options, and names in code."""
    names = (
        r"\{\w+\}",
        r"\b[a-z]+\.[a-z_]+\b",  # tables
        r"tryghed(?: [a-z]+)*(?: EDITION)? ?",
        r"--[\w-]+",
        r"\w*_\w*",
        r"[\w/-]+\.(?:csv|yml|md|conf|duckdb|parquet)\b",
        r"[\w]+/[\w/]*",  # folders
        r"'[^']*'|\"[^\"]*\"",
        r"https?://\S+",
        r"%\w|U\+\w+|#N/A",
        r"byte order mark|utf-8-sig",
        r"kolonne \w+",
    )
    return re.sub("|".join(names), " ", text)


@pytest.mark.parametrize("language", LANGUAGES)
def test_no_identifier_is_in_a_text(language: str) -> None:
    texts = {re.sub(r"\{\w+\}", "", text): place for text, place in every_text(language).items()}
    spoiled = {text: (place, names) for text, place in texts.items() if (names := identifiers_in(text))}
    assert spoiled == {}


@pytest.mark.parametrize("language", LANGUAGES)
def test_no_text_has_a_word_that_readers_should_not_meet(language: str) -> None:
    spoiled = {text: place for text, place in every_text(language).items() if re.search(AVOIDED[language], text, re.I)}
    assert spoiled == {}


def test_every_english_text_would_be_found_in_a_danish_column() -> None:
    not_found = {(da, en) for _, da, en in text_pairs() if not english_in(en)}
    assert {en for da, en in not_found if da != en} == {"{low} to {high}"}  # `to` is also the Danish two
    assert len(not_found) < 10


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("Andelen fell fra 12 % til 11 %", {"fell"}),
        ("Baseline 2020: not fixed", {"not", "fixed"}),
        ("Tallet er synthetic", {"synthetic"}),
        ("Uændret for hele København", set()),
        ("Bydele i Amager, at over {year}", set()),
    ],
)
def test_an_english_word_in_danish_is_found(text: str, words: set[str]) -> None:
    assert english_in(text) == words


@pytest.mark.parametrize(
    ("text", "names"),
    [
        ("databrud: fieldwork_2021", ["fieldwork_2021"]),
        ("se targets.verdicts", ["targets.verdicts"]),
        ("se words.csv", ["words.csv"]),
        ("tallet er notEvaluable", ["notEvaluable"]),
        ("fra {value}", ["{", "}"]),
        ("20,4 anmeldelser pr. 1.000 indbyggere, 1,9 mio. kr. i Kgs. Enghave (95 %-interval)", []),
        ("Boligselskabet SAB/KAB og SSP København", []),
    ],
)
def test_an_identifier_in_a_text_is_found(text: str, names: list[str]) -> None:
    assert identifiers_in(text) == names


@pytest.mark.parametrize(
    ("language", "text"),
    [("da", "Udgangspunkt 2020: 16"), ("da", "16% af dem"), ("da", "pr. 1000 indbyggere"), ("da", "16.5 procent"),
     ("en", "At least 75 % was promised"), ("en", "per 1000 residents")],
)  # fmt: skip
def test_a_word_to_avoid_is_found(language: str, text: str) -> None:
    assert re.search(AVOIDED[language], text, re.I)


@pytest.mark.parametrize(
    ("kind", "texts", "not_shown"),
    [
        (
            "picture",
            texts_in_pictures,
            {"none_outside", "limit", "at_most"},
        ),  # variants of phrases that the pictures show
        ("sentence", every_sentence, set()),
    ],
)
def test_every_phrase_is_among_the_texts_that_are_checked(
    kind: str, texts: Callable[[str], Iterable[str]], not_shown: set[str]
) -> None:
    shown = "\n".join(texts("da"))
    lines = {line["word"]: line["text_da"] for line in records(REFERENCE["words"]) if line["kind"] == kind}
    parts = {word: [part for part, *_ in Formatter().parse(text)] for word, text in lines.items()}
    assert {word for word, parts_of_text in parts.items() if max(parts_of_text, key=len) not in shown} == not_shown


# --- a text for every value --------------------------------------------------------------------------------------


def test_texts_in_both_languages_have_the_same_placeholders() -> None:
    for place, da, en in text_pairs():
        in_da, in_en = ({name for _, name, *_ in Formatter().parse(text) if name} for text in (da, en))
        assert in_da == in_en, place


def test_every_value_of_the_published_tables_has_its_words() -> None:
    words = {(line["kind"], line["word"]) for line in records(REFERENCE["words"])}
    needed: set[tuple[str, str]] = set()
    without_kind = set()
    for table in contracts().values():
        for name, column in table.columns.items():
            place = f"{table.name}.{name}"
            if not table.publish or not column.allowed or place in NO_WORDS_NEEDED:
                continue
            kind = KIND_OF_COLUMN.get(place) or KIND_OF_COLUMN.get(name)
            if kind is None:
                without_kind.add(place)
            else:
                needed |= {(kind, value) for value in column.allowed}
    assert without_kind == set(), "give the column a kind of words.csv, or say why readers never see its values"
    assert needed - words == set(), "add the line to words.csv"
    kinds = set(KIND_OF_COLUMN.values())
    assert {line for line in words if line[0] in kinds} - needed == ONLY_WORDS, "no column has this value any more"


def test_what_is_not_shown_is_a_column_of_a_published_table() -> None:
    for place in NO_WORDS_NEEDED:
        table, _, column = place.rpartition(".")
        assert contracts()[table].publish, place
        assert contracts()[table].columns[column].allowed, place


@pytest.mark.parametrize("table", ["measures", "crime_types", "deliveries", "crime_readings", "agreements"])
def test_measures_crime_types_and_deliveries_have_names_in_both_languages(table: str) -> None:
    columns = contracts()[f"reference.{table}"].columns
    assert columns["name_da"].required
    assert columns["name_en"].required


def test_crime_types_of_the_police_have_names() -> None:
    delivered = set(contracts()["police.counts"].columns["crime_type"].allowed or ())
    assert delivered <= set(REFERENCE["crime_types"]["crime_type"])


def test_every_unit_of_a_figure_can_be_written_beside_it() -> None:
    written = {line["word"] for line in records(REFERENCE["words"]) if line["kind"] == "with_unit"}
    assert set(contracts()["indicators.yearly"].columns["unit"].allowed or ()) | {"percentage_points"} <= written
