"""Tests of the sentence that a council member reads about each verdict, in both languages."""

import itertools
from dataclasses import fields, replace
from functools import cache
from typing import get_args

import pandas as pd
import pytest

from assets.methods.judgements import Literally, Statistically
from assets.targets.sentences import LANGUAGES, VerdictRow, Words, read_words, sentence
from tests.scenarios import (
    BURGLARIES,
    CRIME,
    FALLING,
    RATES,
    in_reach_of_reference_tables,
    made_up,
    make,
    number,
    verdict,
)
from warehouse.contracts import Row, contracts
from warehouse.errors import InputError

BREAKS = "fieldwork_2021 offence_codes_2013 area_versions question_versions question_unknown"


@cache
def words_of(language: str) -> Words:
    """Return the project's own words and breaks, read in the same way as for real verdicts."""
    with in_reach_of_reference_tables() as connection:
        return read_words(connection, language)


def test_a_fall_that_may_be_chance() -> None:
    row = verdict(make(made_up("unsafe", FALLING)), "1a", 2022, "edition_before")
    assert row["sentence_da"].startswith(
        "Andelen faldt fra 12 % til 11 %. Efter ordlyden er målet opfyldt. Det kan ikke afgøres statistisk, om målet er opfyldt: "
        "Ændringen kan skyldes tilfældige udsving. Et fald skal være mindst 3,"
    )
    assert row["sentence_en"].startswith(
        "The share fell from 12 % to 11 %. By the words of the agreement, the target is met. "
        "Statistical reading: uncertain, because the change may be chance. A fall has to be at least 3."
    )


@pytest.mark.parametrize(
    ("lines", "target_id", "edition", "compared_with", "measure", "da", "en"),
    [
        (made_up("unsafe", FALLING), "1a", 2024, "edition_before", "", "fra 16 % til 9 %", "met, because the fall is larger than chance can explain."),
        (made_up("unsafe", FALLING), "1a", 2021, "edition_before", "", "med forbehold: databrud fra udgave 2021 (svar indsamlet på et andet tidspunkt af året).", "from edition 2021 (answers"),
        (made_up("unsafe", FALLING), "1a", 2024, "trend_since_baseline", "", "faldet med 1,11 procentpoint om året", "fallen by 1.11 points a year"),
        (made_up("unsafe", FALLING), "1b", 2021, "baseline_gap", "", "er 3 procentpoint. Ved baseline 2020 var den 7.", "is 3 points. At the 2020 baseline it was 7."),
        (made_up("burglary_reports", BURGLARIES), "2b", 2022, "baseline", "burglary", "end ved baseline 2020: 36 anmeldelser mod 20.", "because the rise is larger than chance can explain."),
        (made_up("citizen_facing_reports", CRIME) + made_up("citizen_facing_reports_per_1000", RATES), "2a", 2022, "baseline", "",
         "17,7 pr. 1.000 indbyggere mod 17,7.", "reports to show a rise"),
        ([], "2a", 2021, "baseline", "", "2020 er målets baseline", "2020 is the target's baseline"),
        ([], "1a", 2022, "edition_before", "", "tallet for 2022 hverken er leveret", "figure for 2022 was neither delivered"),
        (made_up("bydele_above_10_percent_unsafe", {(2021, "copenhagen"): (4, None)}), "5", 2021, "limit", "",
         "Tallet er 4, og målet er højst 0. Efter ordlyden er målet ikke opfyldt. Der er ingen statistisk vurdering, fordi antallet af svar", "no statistical reading"),
    ],
)  # fmt: skip
def test_each_comparison_in_words(
    lines: list[Row], target_id: str, edition: int, compared_with: str, measure: str, da: str, en: str
) -> None:
    row = verdict(make(lines), target_id, edition, compared_with, measure)
    assert da in row["sentence_da"]
    assert en in row["sentence_en"]


def test_a_full_count_says_nothing_of_chance_and_made_up_figures_are_marked() -> None:
    spoil = number("activities_with_two_or_more_partners", 72.5, counted=29, out_of=40, provenance="synthetic")
    row = verdict(make([], spoil), "3", 2022, "limit")
    assert (
        row["sentence_da"]
        == "Fiktive tal. Tallet er 72,5 %, og målet er mindst 75 %. Efter ordlyden er målet ikke opfyldt."
    )
    assert (
        row["sentence_en"]
        == "Made-up figures. The figure is 72.5 %, and the target is at least 75 %. By the words of the agreement, the target is not met."
    )


def every_verdict() -> list[tuple[VerdictRow, str]]:
    """Return pairs: every verdict that a rule can give, and what the measure of the verdict is made of."""
    columns = contracts()["targets.verdicts"].columns
    empty = VerdictRow(**dict.fromkeys(field.name for field in fields(VerdictRow)))  # type: ignore[arg-type]
    figures = replace(
        empty,
        value=12.0,
        compared_value=13.5,
        change=-1.5,
        limit_value=2.0,
        edition=2022,
        compared_edition=2020,
        unit="percent",
        confidentiality="free",
    )
    comparisons = columns["compared_with"].allowed or ()
    rows = [
        (replace(figures, compared_with=compared_with, literal=literal, statistical=statistical), made_of)
        for compared_with, literal, statistical, made_of in itertools.product(
            comparisons,
            ("met", "not_met"),
            ("met", "not_met", "uncertain"),
            ("activities", "areas", "answers", "reports"),
        )
        if (compared_with, literal) != ("report", "not_met")  # if the type was not reported, it has no figure
    ]
    rows += [
        (
            replace(
                row,
                smallest_change_shown=3.0,
                breaks=BREAKS,
                dispersion=1.5,
                decision="2022-1 2022-2",
                provenance="synthetic",
            ),
            made_of,
        )
        for row, made_of in rows
        if row.compared_with in ("edition_before", "trend_since_baseline", "baseline_gap", "baseline")
    ]
    rows += [(replace(row, tolerance=1.5), made_of) for row, made_of in rows if row.compared_with == "baseline_gap"]
    rows += [
        (replace(row, confidentiality="confidential"), made_of)
        for row, made_of in rows
        if row.compared_with == "report"
    ]
    neither = replace(figures, compared_with="edition_before", literal="not_evaluable", statistical="not_evaluable")
    rows += [
        (replace(neither, literal=literal, reason=reason), "answers")
        for literal in ("met", "not_met")
        for reason in ("answers_unknown", "too_few_answers", "missing_extract")
    ]
    rows += [(replace(neither, reason=reason, breaks=BREAKS), "answers") for reason in columns["reason"].allowed or ()]
    return rows


@cache
def every_sentence(language: str) -> set[str]:
    """Return the sentence of every verdict that a rule can give."""
    return {
        sentence(row, rule, made_of, words_of(language), language)
        for row, made_of in every_verdict()
        for rule in ("at_least", "at_most")
    }


@pytest.mark.parametrize("language", LANGUAGES)
def test_every_verdict_has_its_sentence(language: str) -> None:
    for text in every_sentence(language):
        assert text.endswith(".")
        assert not {"{", "}"} & set(text)
        assert "None" not in text
    assert get_args(Literally) == ("met", "not_met", "not_evaluable")
    assert get_args(Statistically) == ("met", "not_met", "uncertain", "not_evaluable")


def test_a_sentence_that_somebody_took_out_is_named() -> None:
    def spoil(tables: dict[str, pd.DataFrame]) -> None:
        tables["words"] = tables["words"][tables["words"]["word"] != "literal.edition_before.met"]

    with pytest.raises(InputError, match=r"words.csv has no line for the sentence 'literal.edition_before.met'"):
        make(made_up("unsafe", FALLING), spoil)


def test_danish_figures_have_a_comma() -> None:
    row = replace(every_verdict()[0][0], compared_value=1234.56)
    assert "1.234,6 %" in sentence(row, "at_least", "answers", words_of("da"), "da")
    assert "1,234.6 %" in sentence(row, "at_least", "answers", words_of("en"), "en")


@pytest.mark.parametrize(
    ("unit", "da", "en"),
    [
        ("count", "Tallet er 12, og målet er mindst 2.", "The figure is 12, and the target is at least 2."),
        ("dkk_million", "Tallet er 12 mio. kr., og målet er mindst 2 mio. kr.", "The figure is DKK 12 million, and"),
    ],
)
def test_figures_have_their_unit(unit: str, da: str, en: str) -> None:
    row = next(row for row, _ in every_verdict() if row.compared_with == "limit")
    row = replace(row, unit=unit)
    assert sentence(row, "at_least", "accounts", words_of("da"), "da").startswith(da)
    assert sentence(row, "at_least", "accounts", words_of("en"), "en").startswith(en)


def test_a_figure_that_only_has_to_be_reported_is_never_called_met() -> None:
    rows = [row for row, _ in every_verdict() if row.compared_with == "report"]
    texts = {
        language: sentence(rows[0], "reported_every_year", "reports", words_of(language), language)
        for language in LANGUAGES
    }
    assert texts == {
        "da": "Tallet for 2022 er indberettet. Aftalen sætter intet mål for niveauet.",
        "en": "The figure for 2022 has been reported. The agreement sets no target for its level.",
    }
    assert (words_of("da")["verdict", "reported"], words_of("en")["verdict", "reported"]) == ("indberettet", "reported")


def test_the_baseline_of_a_crime_target_is_named_by_its_crime_year() -> None:
    row = next(row for row, _ in every_verdict() if row.compared_with == "baseline")
    row = replace(row, edition=2022, crime_year=2021, compared_edition=2021, unit="reports")
    text = sentence(row, "held_at_baseline", "reports", words_of("da"), "da")
    assert "baseline 2020: 12 anmeldelser mod 13,5." in text
