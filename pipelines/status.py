"""Reads the short status from the published file: the readings of each target, overdue deliveries, and open decisions.

This module has the queries and sentences of `tryghed status`. `printing.py` arranges the sentences on the screen. No
figures are computed here.
"""

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date
from itertools import groupby

import duckdb

from assets.targets.sentences import Words
from pipelines.full_status import MissingDelivery, missing_deliveries, words
from pipelines.texts import number, reader_language, text
from warehouse.errors import InputError
from warehouse.home import published_folder
from warehouse.publishing import NAME, open_published


@dataclass(frozen=True)
class Reading:
    """The newest verdict on one measure of a target, and the verdict's figures.

    `short` is a short name of the measure, and `comparison_area` is a short name of the area that the agreement
    compares with. `year` is the crime year if the figure is about crimes, and otherwise the edition.
    """

    target_id: str
    short: str
    rule: str
    year: int
    is_about_crimes: bool
    compared_with: str
    unit: str
    value: float | None
    compared_value: float | None
    value_low: float | None
    value_high: float | None
    limit_value: float | None
    out_of: int | None
    comparison_area: str
    comparison_value: float | None
    literal: str
    statistical: str
    reason: str | None
    confidentiality: str

    @property
    def is_report(self) -> bool:
        """Return whether the figure was reported, and the agreement asks for no more than that.

        This is no success, because the agreement sets no level for the figure.
        """
        return self.compared_with == "report" and self.literal == "met"

    @property
    def is_full_count(self) -> bool:
        """Return whether the figure is a full count, which has no interval.

        The literal and the statistical reading of a full count are the same.
        """
        return (
            self.compared_with in ("limit", "goals")
            and self.value_low is None
            and self.statistical == self.literal != "not_evaluable"
        )


@dataclass(frozen=True)
class AgreementStatus:
    """An agreement and its readings. The readings are in the order of the agreement's targets.

    If the agreement begins later than the shown edition, `begins_after` is the year in which it begins. Otherwise
    `begins_after` is None. `readings` is empty if the agreement has no verdicts yet.
    """

    name: str
    begins_after: int | None
    readings: tuple[Reading, ...]

    @property
    def newest_year(self) -> int:
        """Return the newest year among the readings."""
        return max(reading.year for reading in self.readings)

    @property
    def newest_crime_year(self) -> int:
        """Return the newest year among the readings about crimes. If there are none, return the newest year."""
        return max((reading.year for reading in self.readings if reading.is_about_crimes), default=self.newest_year)

    def heading(self) -> str:
        """Return the agreement's name with the years of the figures.

        An edition publishes the crimes of the year before, so the figures about crimes may have a year of their own.
        """
        if self.newest_crime_year == self.newest_year:
            return text("baseline_to_year", name=self.name, year=self.newest_year)
        return text("baseline_to_years", name=self.name, year=self.newest_year, crime_year=self.newest_crime_year)

    def lines(self, in_words: Words, width: int) -> list[str]:
        """Return a line for each target, and if a line has marks, a last line that explains them.

        A target's line begins with the target's number, such as `1a`. It has as many parts as fit into `width`.
        """
        lines = []
        targets = [list(readings) for _, readings in groupby(self.readings, key=lambda reading: reading.target_id)]
        for readings in targets:
            newest_year = self.newest_crime_year if readings[0].is_about_crimes else self.newest_year
            target_number = f"{readings[0].target_id:<2} "
            lines.append(target_number + target_line(readings, newest_year, in_words, width - len(target_number)))
        if any(has_marks(readings) for readings in targets):
            lines.append(text("marks", met=in_words["verdict", "met"], not_met=in_words["verdict", "not_met"]))
        return lines

    def literal_counts(self, in_words: Words) -> str:
        """Return a text with four numbers of literal readings: met, not met, reported, and not evaluable.

        Numbers that are 0 are left out.
        """
        literal = Counter("reported" if reading.is_report else reading.literal for reading in self.readings)
        return _counts(literal, ("met", "not_met", "reported", "not_evaluable"), in_words)

    def statistical_counts(self, in_words: Words) -> str:
        """Return a text that says how many statistical readings are met, not met, uncertain and not evaluable.

        The number of full counts comes separately, at the end. Figures that only have to be reported are not counted.
        """
        judged = [reading for reading in self.readings if reading.rule != "reported_every_year"]
        statistical = Counter(reading.statistical for reading in judged if not reading.is_full_count)
        counts = [_counts(statistical, ("met", "not_met", "uncertain", "not_evaluable"), in_words)]
        if full_counts := sum(reading.is_full_count for reading in judged):
            counts.append(text("full_counts", count=full_counts))
        return ", ".join(filter(None, counts))


@dataclass(frozen=True)
class EditionShown:
    """An edition in the status: the edition that is shown, or an edition that is overdue.

    `is_newest` is true if this is the newest edition with a figure. `has_earlier` is true if there are earlier
    editions.
    """

    edition: int
    due_on: date
    is_newest: bool
    has_earlier: bool


@dataclass(frozen=True)
class Status:
    """Everything that the short status says.

    `footnotes` is the number of checks that warn about published figures and have no decision yet.
    """

    shown: EditionShown
    today: date
    published_on: date
    made_up: bool
    agreements: tuple[AgreementStatus, ...]
    overdue: tuple[EditionShown, ...]
    missing: tuple[MissingDelivery, ...]
    baselines_to_fix: tuple[tuple[str, list[str]], ...]
    footnotes: int
    words: Words


def read_status(wanted: int | None, today: date) -> Status:
    """Return the status of the wanted edition.

    If `wanted` is None, return the status of the newest edition in which a target has a figure. Raises InputError if
    the published file does not have the wanted edition.
    """
    connection = open_published()
    shown = edition_shown(connection, wanted)
    if shown is None:
        raise InputError(
            f"edition {wanted} is not in the published file: name an edition from editions.csv, or add a line for edition {wanted} to that file and run 'tryghed run'."
        )
    return Status(
        shown=shown,
        today=today,
        published_on=date.fromtimestamp((published_folder() / NAME).stat().st_mtime),
        made_up=is_made_up(connection),
        agreements=tuple(agreements(connection, shown.edition)),
        overdue=tuple(editions_overdue(connection, shown, today)),
        missing=tuple(
            delivery for delivery in missing_deliveries(connection, shown.edition) if delivery.since <= today
        ),
        baselines_to_fix=tuple(baselines_to_fix(connection)),
        footnotes=footnotes_without_decision(connection, shown.edition),
        words=words(connection),
    )


def edition_shown(connection: duckdb.DuckDBPyConnection, wanted: int | None) -> EditionShown | None:
    """Return the wanted edition. If `wanted` is None, return the newest edition in which a target has a figure.

    Return None if the published file does not have the wanted edition.
    """
    row = connection.execute(
        """
        WITH newest AS (
            SELECT coalesce(max(edition) FILTER (value IS NOT NULL), min(edition)) AS edition FROM targets.verdicts
        )
        SELECT e.edition, e.due_on, e.edition = n.edition, e.edition > (SELECT min(edition) FROM reference.editions)
        FROM reference.editions e, newest n
        WHERE e.edition = coalesce($wanted, n.edition)
        """,
        {"wanted": wanted},
    ).fetchone()
    return EditionShown(*row) if row else None


def agreements(connection: duckdb.DuckDBPyConnection, edition: int) -> list[AgreementStatus]:
    """Return all agreements, each with its newest reading of each measure. Later editions than `edition` are left out.

    One edition may have two verdicts on a measure: one on all years since the baseline, and one that compares with the
    year before. If only the second is evaluable, it is used. Otherwise the first is used.
    """
    language = reader_language()
    rows = connection.execute(
        f"""
        WITH readings AS (
            SELECT v.agreement_id, v.target_id, coalesce(m.short_{language}, m.name_{language}) AS short, t.rule,
                   coalesce(v.crime_year, v.edition) AS year, v.crime_year IS NOT NULL AS is_about_crimes, v.compared_with, v.unit, v.value, v.compared_value,
                   if(v.compared_with = 'baseline_gap', NULL, i.value_low) AS value_low,
                   if(v.compared_with = 'baseline_gap', NULL, i.value_high) AS value_high,
                   v.limit_value, i.out_of, city.short AS comparison_area,
                   if(m.unit IN ('percent', 'reports_per_1000') AND v.compared_with <> 'baseline_gap', c.value, NULL)
                       AS comparison_value,
                   v.literal, v.statistical, v.reason, v.confidentiality, v.measure
            FROM targets.verdicts v
            JOIN reference.targets t USING (agreement_id, target_id, measure)
            JOIN reference.measures m USING (measure)
            JOIN reference.agreements a USING (agreement_id)
            JOIN (
                SELECT DISTINCT area_id, coalesce(short_{language}, name_{language}, name_da) AS short FROM reference.areas
            ) city ON city.area_id = a.comparison_area_id
            LEFT JOIN indicators.yearly i ON (i.edition, i.area_id, i.measure) = (v.edition, v.area_id, v.measure)
            LEFT JOIN indicators.yearly c
                ON (c.edition, c.area_id, c.measure) = (v.edition, a.comparison_area_id, v.measure) AND v.area_id <> c.area_id
            WHERE v.edition <= $edition
            QUALIFY row_number() OVER (
                PARTITION BY v.agreement_id, v.target_id, v.measure
                ORDER BY v.reason IS NOT DISTINCT FROM 'period_over', v.edition DESC, v.literal = 'not_evaluable',
                         list_position(['every_year', 'edition_before'], v.compared_with) NULLS LAST
            ) = 1
        )
        SELECT a.name_{language}, if(year(a.first_day) > $edition, year(a.first_day), NULL), r.* EXCLUDE (agreement_id, measure)
        FROM reference.agreements a LEFT JOIN readings r USING (agreement_id)
        ORDER BY r.target_id IS NULL, a.agreement_id, r.target_id, r.measure
        """,
        {"edition": edition},
    ).fetchall()
    return [
        AgreementStatus(name, begins_after, tuple(Reading(*row[2:]) for row in of_agreement if row[2] is not None))
        for (name, begins_after), of_agreement in groupby(rows, key=lambda row: (str(row[0]), row[1]))
    ]


def editions_overdue(connection: duckdb.DuckDBPyConnection, shown: EditionShown, today: date) -> list[EditionShown]:
    """Return the editions after the shown edition that were due by today, but have no figure yet.

    If the shown edition is not the newest edition with a figure, return no editions.
    """
    rows = connection.execute(
        "SELECT edition, due_on, false, true FROM reference.editions WHERE edition > $edition AND due_on <= $today ORDER BY edition",
        {"edition": shown.edition, "today": today},
    ).fetchall()
    return [EditionShown(*row) for row in rows] if shown.is_newest else []


def footnotes_without_decision(connection: duckdb.DuckDBPyConnection, newest_edition: int) -> int:
    """Return the number of checks that warn about published figures and have no decision yet.

    A check is counted once, even if it warns about several editions. Editions after `newest_edition` are left out.
    """
    query = "SELECT count(DISTINCT (table_name, rule)) FROM quality.footnotes WHERE decision IS NULL AND edition <= ?"
    row = connection.execute(query, [newest_edition]).fetchone()
    return int(row[0]) if row else 0


def baselines_to_fix(connection: duckdb.DuckDBPyConnection) -> list[tuple[str, list[str]]]:
    """Return the targets whose baseline has a figure but is not fixed (set permanently) yet.

    Each pair has an agreement's id and the ids of these targets, such as `2a`.
    """
    return connection.execute(
        """
        SELECT agreement_id, list_sort(list_distinct(list(target_id)))
        FROM targets.baselines WHERE reason = 'not_fixed' GROUP BY ALL ORDER BY ALL
        """
    ).fetchall()


def is_made_up(connection: duckdb.DuckDBPyConnection) -> bool:
    """Return whether any figure in the published file is made up."""
    found = connection.execute("SELECT 1 FROM indicators.yearly WHERE provenance = 'synthetic' LIMIT 1").fetchone()
    return found is not None


# --- a target in one line ----------------------------------------------------------------------------------


MARKS = {"met": "✓", "not_met": "✗", "uncertain": "?", "not_evaluable": "-"}


@dataclass(frozen=True)
class Shown:
    """Which parts a line shows, of the parts that may be left out if the line is too wide."""

    comparison_area: bool
    interval: bool
    unit: bool


FULLEST_FIRST = (
    Shown(comparison_area=True, interval=True, unit=True),
    Shown(comparison_area=False, interval=True, unit=True),
    Shown(comparison_area=False, interval=False, unit=True),
    Shown(comparison_area=False, interval=False, unit=False),
)


def target_line(readings: Sequence[Reading], newest_year: int, in_words: Words, width: int) -> str:
    """Return a target's figures and readings in one line, such as `Unsafe 16→12 % (8-17) · City 6 · met · uncertain`.

    The line is the fullest one that is not wider than `width`. If none is so narrow, it is the one with the fewest
    parts. If a figure is older than `newest_year`, the line also gives the figure's year.
    """
    if all(reading.value is None and reading.literal == "not_evaluable" for reading in readings):
        names = ", ".join(name_of(reading) for reading in readings)
        return f"{names}: {', '.join(_reasons(readings, in_words))}"
    if len(readings) == 1:
        lines = [_line_of_measure(readings[0], newest_year, in_words, shown) for shown in FULLEST_FIRST]
    else:
        lines = _lines_of_measures(readings, newest_year, in_words)
    return next((line for line in lines if len(line) <= width), lines[-1])


def _line_of_measure(reading: Reading, newest_year: int, in_words: Words, shown: Shown) -> str:
    """Return the line of a target with one measure, with the parts that are to be shown."""
    figures = figures_of(reading, in_words, with_unit=shown.unit, with_interval=shown.interval)
    parts = [_with_name(reading, figures, newest_year)]
    if reading.compared_with == "edition_before":  # the heading says that figures are compared with the baseline
        parts.append(text("since_year_before"))
    if shown.comparison_area and reading.comparison_value is not None and reading.value is not None:
        parts.append(f"{reading.comparison_area} {_rounded(reading.comparison_value, reading.unit)}")
    if reading.limit_value is not None and reading.rule in ("at_least", "at_most"):
        parts.append(text(reading.rule, limit=number(reading.limit_value)))
    return " · ".join([*parts, *verdict_of(reading, in_words)])


def _lines_of_measures(readings: Sequence[Reading], newest_year: int, in_words: Words) -> list[str]:
    """Return the line of a target with several measures: with the reasons why a reading is not evaluable, and without.

    Each measure has its marks. If the measures are only reported, the line ends with a word for that instead. If no
    measure has a verdict, there is only the line with the reasons.
    """
    marked = has_marks(readings)
    measures = []
    for reading in readings:
        figures = figures_of(reading, in_words, with_unit=False, with_interval=False)
        measure = _with_name(reading, figures, newest_year)
        measures.append(f"{measure} {marks_of(reading)}" if marked else measure)
    reported = [in_words["verdict", "reported"]] if any(reading.is_report for reading in readings) else []
    without_reasons = " · ".join([", ".join(measures), *reported])
    with_reasons = " · ".join([without_reasons, *_reasons(readings, in_words)])
    return [with_reasons, without_reasons] if marked or reported else [with_reasons]


def _reasons(readings: Sequence[Reading], in_words: Words) -> list[str]:
    """Return the reasons why readings are not evaluable, each once."""
    return list(
        dict.fromkeys(
            in_words["reason", reading.reason or ""]
            for reading in readings
            if "not_evaluable" in (reading.literal, reading.statistical)
        )
    )


def has_marks(readings: Sequence[Reading]) -> bool:
    """Return whether a target's line has a mark for each reading instead of words.

    This is so if the target has several measures, and one of them has a verdict.
    """
    judged = [reading for reading in readings if reading.literal != "not_evaluable" and not reading.is_report]
    return len(readings) > 1 and len(judged) > 0


def marks_of(reading: Reading) -> str:
    """Return a mark for the literal reading and one for the statistical reading, such as `✓?`.

    If both readings are the same, return one mark. The readings of a full count are always the same.
    """
    literal, statistical = MARKS[reading.literal], MARKS[reading.statistical]
    return literal if literal == statistical else literal + statistical


def _with_name(reading: Reading, figures: str, newest_year: int) -> str:
    """Return the name of a reading's measure, the year if it is not `newest_year`, and the figures."""
    name = name_of(reading)
    if reading.year != newest_year:
        name = text("of_year", measure=name, year=reading.year)
    elif reading.value is None:
        name = f"{name}:"
    return f"{name} {figures}"


def name_of(reading: Reading) -> str:
    """Return the short name of a reading's measure.

    If the target is about the gap to another area, the name ends with the name of that area.
    """
    if reading.rule == "approaches_comparison_area":
        return text("gap_to", measure=reading.short, area=reading.comparison_area)
    return reading.short


def figures_of(reading: Reading, in_words: Words, with_unit: bool = True, with_interval: bool = True) -> str:
    """Return the earlier figure and the newest figure of a reading as text, such as `16→12`.

    The earlier figure belongs to the baseline or to the year before. The unit and the interval follow, unless
    `with_unit` or `with_interval` is false. If the newest figure is hidden or missing, return a text that says so.
    """
    if reading.value is None:
        free = reading.confidentiality == "free"
        return in_words["picture", "no_figure"] if free else in_words["confidentiality", "confidential"]
    if reading.compared_with == "goals" and reading.out_of is not None:
        return text("of", kept=number(reading.value), out_of=reading.out_of)
    before = reading.compared_value
    own, earlier = _rounded(reading.value, reading.unit), before if before is None else _rounded(before, reading.unit)
    if earlier == own and before is not None and before != reading.value:
        own, earlier = (_rounded(value, reading.unit, more=1) for value in (reading.value, before))
    figures = own if earlier is None else f"{earlier}→{own}"
    if with_unit:
        figures += text(f"unit_{reading.unit}")
    if with_interval and reading.value_low is not None and reading.value_high is not None:
        figures += f" ({_rounded(reading.value_low, reading.unit)}-{_rounded(reading.value_high, reading.unit)})"
    return figures


def _rounded(value: float, unit: str, more: int = 0) -> str:
    """Return a figure as text. The figure's unit decides how many decimals the text has.

    A share has no decimals, a rate or a gap has one, and an amount of money has two. `more` is the number of additional
    decimals.
    """
    decimals = {"percent": 0, "reports_per_1000": 1, "percentage_points": 1, "dkk_million": 2}.get(unit, 0)
    return number(round(value, decimals + more))


def verdict_of(reading: Reading, in_words: Words) -> list[str]:
    """Return the texts of the literal and the statistical reading.

    If the literal reading is not evaluable, return only the reason. If only the statistical reading is not evaluable,
    the reason replaces the text of that reading. A full count has one text, because both readings are the same.
    """
    if reading.is_report:
        return [in_words["verdict", "reported"]]
    if reading.literal == "not_evaluable":
        return [in_words["reason", reading.reason or ""]]
    literal = in_words["verdict", reading.literal]
    if reading.statistical == "not_evaluable":
        return [literal, in_words["reason", reading.reason or ""]]
    if reading.statistical == "uncertain":
        return [literal, in_words["verdict", "uncertain"]]
    if reading.is_full_count:
        return [literal]
    return [literal, text("statistically", word=in_words["verdict", reading.statistical])]


def _counts(counted: Counter[str], order: Sequence[str], in_words: Words) -> str:
    return ", ".join(f"{counted[word]} {in_words['verdict', word]}" for word in order if counted[word])
