"""Tests of the short status, which a reader can take in within ten seconds.

The status has one line for each target. It also shows what is overdue and what waits for a decision.
"""

import re
from pathlib import Path

import duckdb
import pytest

from assets.targets.sentences import Words
from pipelines.full_status import missing_deliveries
from pipelines.status import AgreementStatus, Reading, marks_of, target_line
from pipelines.texts import how_long_ago
from tests.conftest import Command, tryghed
from tests.delivering import published_in_memory
from tests.scenarios import count, make
from warehouse.contracts import contracts
from warehouse.reference_files import load_reference

TEXT = {"da": "text_da", "en": "text_en"}
WIDE = 200  # a terminal in which every line fits


@pytest.fixture(params=["da", "en"])
def language(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> str:
    monkeypatch.setenv("TRYGHED_LANGUAGE", request.param)
    return str(request.param)


def words_of(language: str) -> Words:
    words = load_reference()["reference.words"]
    return Words(zip(zip(words["kind"], words["word"], strict=True), words[TEXT[language]], strict=True))


def reading(**figures: object) -> Reading:
    """Return an example of a reading. The given figures replace the example's figures."""
    example: dict[str, object] = {
        "target_id": "1a", "short": "Utrygge", "rule": "falls_every_year", "year": 2024, "is_about_crimes": False,
        "compared_with": "every_year", "unit": "percent", "value": 12.0002, "compared_value": 15.99, "value_low": 8.4,
        "value_high": 16.5, "limit_value": None, "out_of": None, "comparison_area": "Kbh.", "comparison_value": 6.006,
        "literal": "met", "statistical": "uncertain", "reason": None, "confidentiality": "free",
    }  # fmt: skip
    return Reading(**example | figures)  # type: ignore[arg-type]


def test_a_line_has_the_figures_the_interval_the_city_and_both_readings(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("TRYGHED_LANGUAGE", "da")
    words = words_of("da")
    uncertain = words["verdict", "uncertain"]
    assert target_line([reading()], 2024, words, WIDE) == f"Utrygge 16→12 % (8-16) · Kbh. 6 · opfyldt · {uncertain}"


@pytest.mark.parametrize(
    ("figures", "spare"),
    [
        ("Utrygge 16→12 % (8-16) · Kbh. 6", 0),
        ("Utrygge 16→12 % (8-16)", len(" · Kbh. 6") - 1),
        ("Utrygge 16→12 %", len(" (8-16)") - 1),
        ("Utrygge 16→12", len(" %") - 1),
    ],
)
def test_a_line_that_is_too_wide_loses_the_city_then_the_interval_then_the_unit(
    figures: str, spare: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("TRYGHED_LANGUAGE", "da")
    words = words_of("da")
    line = f"{figures} · opfyldt · {words['verdict', 'uncertain']}"
    assert target_line([reading()], 2024, words, len(line)) == line
    assert target_line([reading()], 2024, words, len(line) + spare) == line


def test_a_line_keeps_its_verdict_in_a_terminal_that_is_too_narrow_for_it(language: str) -> None:
    words = words_of(language)
    line = target_line([reading()], 2024, words, 10)
    assert line == f"Utrygge 16→12 · {words['verdict', 'met']} · {words['verdict', 'uncertain']}"


def test_a_comparison_with_the_year_before_is_not_shown_as_one_with_the_baseline(language: str) -> None:
    line = target_line([reading(compared_with="edition_before")], 2024, words_of(language), 120)
    assert line.startswith(
        {"da": "Utrygge 16→12 % (8-16) · fra året før · ", "en": "Utrygge 16→12 % (8-16) · from the year before · "}[
            language
        ]
    )
    assert "fra" not in target_line([reading()], 2024, words_of("da"), 120)


def test_shares_that_would_look_the_same_have_a_decimal_more(language: str) -> None:
    line = target_line([reading(value=15.6, compared_value=15.9)], 2024, words_of(language), WIDE)
    assert ("15,9→15,6 %" if language == "da" else "15.9→15.6 %") in line


def test_a_figure_of_another_year_names_it(language: str) -> None:
    line = target_line([reading(year=2021)], 2024, words_of(language), WIDE)
    assert line.startswith({"da": "Utrygge 2021: 16→12 %", "en": "Utrygge, 2021: 16→12 %"}[language])


def test_the_heading_has_the_crime_year_so_that_lines_about_crimes_need_none(language: str) -> None:
    crimes = reading(target_id="2a", short="Crime", year=2023, is_about_crimes=True)
    agreement = AgreementStatus("Agreement", None, (reading(), crimes))
    reports = {"da": "anmeldelser", "en": "reports"}[language]
    assert agreement.heading() == f"Agreement (baseline → 2024, {reports} 2023)"
    assert agreement.lines(words_of(language), WIDE)[1].startswith("2a Crime 16→12 %")
    assert AgreementStatus("Agreement", None, (reading(),)).heading() == "Agreement (baseline → 2024)"


def test_a_reported_figure_is_no_success(language: str) -> None:
    monitored = [
        reading(target_id="2c", short=short, compared_with="report", unit="reports", value=value, compared_value=None,
                statistical="met", confidentiality="free" if value else "hidden")
        for short, value in (("Trusler", 13.0), ("Chikane", None))
    ]  # fmt: skip
    words = words_of(language)
    ending = {"da": "Chikane: fortroligt · indberettet", "en": "Chikane: hidden · reported"}
    assert target_line(monitored, 2024, words, WIDE) == f"Trusler 13, {ending[language]}"
    lines = AgreementStatus("Agreement", None, tuple(monitored)).lines(words, WIDE)
    assert lines == [f"2c Trusler 13, {ending[language]}"]  # without marks, and so without a line that explains them


@pytest.mark.parametrize(
    ("literal", "statistical", "marks"),
    [
        ("met", "met", "✓"),
        ("met", "uncertain", "✓?"),
        ("met", "not_met", "✓✗"),
        ("met", "not_evaluable", "✓-"),
        ("not_met", "met", "✗✓"),
        ("not_met", "uncertain", "✗?"),
        ("not_met", "not_met", "✗"),
        ("not_met", "not_evaluable", "✗-"),
        ("not_evaluable", "not_evaluable", "-"),
    ],
)
def test_a_mark_for_each_reading_and_a_single_one_if_they_are_the_same(
    literal: str, statistical: str, marks: str
) -> None:
    assert marks_of(reading(literal=literal, statistical=statistical)) == marks


SEVERAL = (
    reading(target_id="2b", short="A", literal="met", statistical="met"),
    reading(target_id="2b", short="B", literal="not_met", statistical="uncertain"),
    reading(target_id="2b", short="C", literal="not_evaluable", statistical="not_evaluable", reason="missing_extract"),
)


def test_each_measure_of_a_target_has_its_marks_and_a_missing_one_is_no_failure(language: str) -> None:
    words = words_of(language)
    line = f"A 16→12 ✓, B 16→12 ✗?, C 16→12 - · {words['reason', 'missing_extract']}"
    assert target_line(SEVERAL, 2024, words, len(line)) == line
    assert target_line(SEVERAL, 2024, words, len(line) - 1) == "A 16→12 ✓, B 16→12 ✗?, C 16→12 -"


def test_marks_are_explained_once_below_the_targets_that_have_them(language: str) -> None:
    words = words_of(language)
    *_, last_target, explained = AgreementStatus("Agreement", None, (reading(), *SEVERAL)).lines(words, 80)
    assert last_target.startswith("2b A 16→12 ✓, ")
    assert explained.startswith(f"✓ {words['verdict', 'met']}, ✗ {words['verdict', 'not_met']}, ? ")
    assert len(explained) <= 80
    assert len(AgreementStatus("Agreement", None, (reading(),)).lines(words, 80)) == 1


def test_measures_without_any_verdict_have_a_reason_and_no_marks(language: str) -> None:
    readings = [
        reading(short=short, compared_value=None, literal="not_evaluable", statistical="not_evaluable", reason="baseline_year")
        for short in ("A", "B")
    ]  # fmt: skip
    words = words_of(language)
    assert target_line(readings, 2024, words, 10) == f"A 12, B 12 · {words['reason', 'baseline_year']}"


@pytest.mark.parametrize(
    ("day", "danish"),
    [((2026, 11, 26), "for 2 dage siden"), ((2025, 6, 30), "for 17 måneder siden"), ((2021, 6, 30), "for 5 år siden")],
)
def test_an_age_is_said_in_days_months_or_years(
    day: tuple[int, int, int], danish: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    from datetime import date

    monkeypatch.setenv("TRYGHED_LANGUAGE", "da")
    assert how_long_ago(date(*day), date(2026, 11, 28)) == danish


def test_status_on_published_figures_fits_in_a_screen(stored: Path, language: str) -> None:
    assert_fits_in_a_screen(tryghed(stored, "status", language=language))


@pytest.mark.slow
@pytest.mark.parametrize("edition", [(), ("2021",), ("2024",), ("2025",)])
def test_status_on_the_sample_fits_in_a_screen(
    sample_run: tuple[Path, Command], language: str, edition: tuple[str, ...]
) -> None:
    ran = tryghed(sample_run[0], "status", *edition, language=language)
    assert_fits_in_a_screen(ran)
    assert ran.out.startswith({"da": "FIKTIVE TAL", "en": "MADE-UP FIGURES"}[language])
    for target_id in ("1a", "1b", "1c", "1d", "2a", "2b", "2c", "3", "4", "6", "7f"):
        assert re.search(rf"^{target_id} +\S", ran.out, re.MULTILINE), target_id


def assert_fits_in_a_screen(ran: Command) -> None:
    lines = ran.out.splitlines()
    assert ran.code == 0, ran.err
    assert len(lines) <= 40, ran.out
    assert max(map(len, lines)) <= 80, max(lines, key=len)
    targets = [position for position, line in enumerate(lines) if re.match(r"\d[a-f]? ", line)]
    assert len(targets) == 17, ran.out
    assert targets == list(range(targets[0], targets[0] + 17)), f"a target has more than one line:\n{ran.out}"
    assert not lines[targets[-1] + 1].startswith(" "), lines[targets[-1] + 1]


@pytest.mark.parametrize(
    ("reports", "editions"),
    [(None, (2021, 2022, 2023, 2024, 2025)), (30, (2022, 2023, 2024, 2025)), (3, (2022, 2023, 2024, 2025))],
)
def test_a_hidden_count_is_no_missing_delivery(
    reports: int | None, editions: tuple[int, ...], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("TRYGHED_LANGUAGE", "en")
    kinds = ("harassment", "vandalism", "narcotics", "threats")
    rows = [] if reports is None else [count(reports, 2021, crime_type=kind) for kind in kinds]
    tables = make([], lambda tables: tables.update(counted=contracts()["crime.counted"].frame(rows)))
    with published_in_memory(tables) as connection:
        editions_by_delivery = {delivery.name: delivery.editions for delivery in missing_deliveries(connection)}
        up_to_2023 = {delivery.name: delivery.editions for delivery in missing_deliveries(connection, 2023)}
    name = "Reports of harassment, vandalism, narcotics and threats"
    assert editions_by_delivery[name] == editions
    assert up_to_2023[name] == tuple(edition for edition in editions if edition <= 2023)


@pytest.mark.slow
def test_what_is_only_reported_is_no_success_in_the_whole_status_either(
    sample_run: tuple[Path, Command], language: str
) -> None:
    ran = tryghed(sample_run[0], "status", "--all", language=language)
    assert ran.out.startswith({"da": "FIKTIVE TAL", "en": "MADE-UP FIGURES"}[language])
    monitored = [line for line in ran.out.splitlines() if re.match(r"│ 2c ", line)]
    assert len(monitored) == 4
    rows_of_2c = ran.out[ran.out.index("│ 2c ") : ran.out.index("│ 3 ")]
    assert {"da": "indberettet", "en": "reported"}[language] in rows_of_2c
    assert {"da": "opfyldt", "en": "met"}[language] not in re.findall(r"\w+", rows_of_2c)


@pytest.mark.slow
def test_the_whole_status_shows_each_failing_check_whole_so_that_it_can_be_copied(
    sample_run: tuple[Path, Command], language: str
) -> None:
    home = sample_run[0]
    with duckdb.connect(str(home / "published" / "tryghed.duckdb"), read_only=True) as connection:
        failing = connection.execute("SELECT DISTINCT table_name || ' ' || rule FROM quality.footnotes").fetchall()
    lines = [line.strip() for line in tryghed(home, "status", "--all", language=language).out.splitlines()]
    assert failing
    assert {name for (name,) in failing} <= set(lines)


def test_an_edition_before_the_agreement_says_when_it_begins(stored: Path, language: str) -> None:
    ran = tryghed(stored, "status", "2009", language=language)
    begins = {
        "da": "Tingbjerg-Husum Partnerskab 2021-2024: begynder i 2021",
        "en": "Tingbjerg-Husum Partnership 2021-2024: begins in 2021",
    }
    assert begins[language] in ran.out
    assert "2008" not in ran.out


def test_an_edition_and_everything_are_not_asked_for_together(stored: Path, language: str) -> None:
    ran = tryghed(stored, "status", "2021", "--all", language=language)
    assert ran.code == 2
    assert ran.err.startswith({"da": "Forkert brug: Angiv enten", "en": "Wrong usage: Give either"}[language])
