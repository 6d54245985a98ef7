"""What a council member reads of each verdict, in both languages."""

import itertools
from dataclasses import fields, replace
from typing import get_args

import pandas as pd
import pytest

from assets.methods.judgements import Literally, Statistically
from assets.targets.sentences import LANGUAGES, VerdictRow, Words, sentence
from tests.scenarios import BURGLARIES, CRIME, FALLING, RATES, made_up, make, number, verdict
from warehouse.contracts import Row, contracts, records
from warehouse.errors import InputError
from warehouse.reference_files import load_reference

LINES = records(load_reference()["reference.words"])
WORDS = {
    language: Words({(line["kind"], line["word"]): line[f"text_{language}"] for line in LINES})
    for language in LANGUAGES
}


def test_a_fall_that_may_be_chance() -> None:
    row = verdict(make(made_up("unsafe", FALLING)), "1a", 2022, "edition_before")
    assert row["sentence_da"].startswith(
        "Andelen faldt fra 12 % til 11 %, så efter ordlyden er målet opfyldt. "
        "Udviklingen er ikke statistisk signifikant; der kan være tale om tilfældige udsving. Først et fald på 3,"
    )
    assert row["sentence_en"].startswith(
        "The share fell from 12 % to 11 %, so by the words the target is met. "
        "The change is not statistically significant; it may be chance. It would have taken a fall of 3."
    )


@pytest.mark.parametrize(
    ("lines", "target_id", "edition", "compared_with", "measure", "da", "en"),
    [
        (made_up("unsafe", FALLING), "1a", 2024, "edition_before", "", "fra 16 % til 9 %", "The fall is statistically significant."),
        (made_up("unsafe", FALLING), "1a", 2021, "edition_before", "", "brud i serien imellem: fieldwork_2021", "Note a break"),
        (made_up("unsafe", FALLING), "1a", 2024, "trend_since_baseline", "", "faldet med 1,11 procentpoint om året", "fallen by 1.11 points a year"),
        (made_up("unsafe", FALLING), "1b", 2021, "baseline_gap", "", "er 3 procentpoint mod 7", "is 3 points against 7"),
        (made_up("burglary_reports", BURGLARIES), "2b", 2022, "baseline", "burglary", "36 mod 20", "The rise is statistically significant."),
        (made_up("citizen_facing_reports", CRIME) + made_up("citizen_facing_reports_per_1000", RATES), "2a", 2022, "baseline", "",
         "17,7 mod 17,7", "reports to show a rise"),
        ([], "2a", 2021, "baseline", "", "2020 er udgangspunktets eget år", "2020 is the baseline's own year"),
        ([], "1a", 2022, "edition_before", "", "tallet for 2022 ikke er leveret", "figure of 2022 was not delivered"),
        (made_up("bydele_above_10_percent_unsafe", {(2021, "copenhagen"): (4, None)}), "5", 2021, "limit", "",
         "Tallet er 4, og lovet var højst 0: målet er ikke opfyldt. Hvor mange der svarede", "cannot be said whether it is chance"),
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
    assert row["sentence_da"] == "Opdigtede tal. Tallet er 72,5 %, og lovet var mindst 75 %: målet er ikke opfyldt."
    assert (
        row["sentence_en"]
        == "Made-up figures. The figure is 72.5 %, and at least 75 % was promised: the target is not met."
    )


def every_verdict() -> list[tuple[VerdictRow, str]]:
    """A row for every reading that a rule may come to, with and without figures, and what its measure is made of."""
    columns = contracts()["targets.verdicts"].columns
    empty = VerdictRow(**dict.fromkeys(field.name for field in fields(VerdictRow)))  # type: ignore[arg-type]
    figures = replace(
        empty,
        value=12.0,
        compared_value=13.5,
        change=-1.5,
        limit_value=2.0,
        edition=2022,
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
        if (compared_with, literal) != ("report", "not_met")  # what is not reported has no figure
    ]
    rows += [
        (replace(row, smallest_change_shown=3.0, breaks="a b", provenance="synthetic"), made_of)
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
    return rows + [(replace(neither, reason=reason), "answers") for reason in columns["reason"].allowed or ()]


@pytest.mark.parametrize("language", LANGUAGES)
def test_every_verdict_has_its_sentence(language: str) -> None:
    for row, made_of in every_verdict():
        text = sentence(row, "at_least", made_of, WORDS[language], language)
        assert text.endswith(".")
        assert not {"{", "}"} & set(text)
    assert get_args(Literally) == ("met", "not_met", "not_evaluable")
    assert get_args(Statistically) == ("met", "not_met", "uncertain", "not_evaluable")


def test_a_sentence_that_somebody_took_out_is_named() -> None:
    def spoil(tables: dict[str, pd.DataFrame]) -> None:
        tables["words"] = tables["words"][tables["words"]["word"] != "literal.edition_before.met"]

    with pytest.raises(InputError, match=r"words.csv has no line for the sentence literal.edition_before.met"):
        make(made_up("unsafe", FALLING), spoil)


def test_danish_figures_have_a_comma() -> None:
    row = replace(every_verdict()[0][0], compared_value=1234.56)
    assert "1.234,6 %" in sentence(row, "at_least", "answers", WORDS["da"], "da")
    assert "1,234.6 %" in sentence(row, "at_least", "answers", WORDS["en"], "en")
