"""Reads all verdicts, footnotes, decisions and missing deliveries from the published file, and puts them into words.

`tryghed status --all` shows them in tables. `status.py` makes the short status and the texts in the README's pictures.
This module computes no figures.
"""

from dataclasses import dataclass
from datetime import date
from itertools import groupby

import duckdb

from assets.targets.sentences import Words, read_words
from pipelines.texts import reader_language


@dataclass(frozen=True)
class VerdictRow:
    """A row of a table of verdicts: one measure of a target, and one kind of comparison.

    `about` is the target's text. If the target has several measures or kinds of comparison, `about` also names the
    measure or the comparison. `readings` has a text for each edition: both readings, or the reason why there are none.
    """

    target_id: str
    about: str
    readings: dict[int, str]

    def spans(self, editions: tuple[int, ...]) -> list[tuple[str, str]]:
        """Return a pair of texts for each group of consecutive editions that have the same readings.

        The first text names the editions, such as `2019-2021`. The second text gives the readings.
        """
        judged = [edition for edition in editions if edition in self.readings]
        spans = []
        for reading, group in groupby(judged, key=self.readings.__getitem__):
            first, *later = group
            spans.append((f"{first}-{later[-1]}" if later else str(first), reading))
        return spans


@dataclass(frozen=True)
class VerdictTable:
    """The table of an agreement's verdicts. It has the agreement's name and the editions that have verdicts."""

    name: str
    editions: tuple[int, ...]
    rows: tuple[VerdictRow, ...]


@dataclass(frozen=True)
class Footnote:
    """A remark about the figures of some editions for which one or more checks failed.

    `checks` names these checks. `accepted` is true if a steward accepted or waived the failure. `made_up` is true if
    some of the figures are made up.
    """

    text: str
    checks: tuple[str, ...]
    editions: tuple[int, ...]
    accepted: bool
    made_up: bool


@dataclass(frozen=True)
class MissingDelivery:
    """A delivery that has not arrived, although verdicts need it.

    `editions` are the editions for which the delivery is missing. `since` is the day on which the earliest of these
    editions was due.
    """

    name: str
    deliverer: str
    editions: tuple[int, ...]
    since: date


def words(connection: duckdb.DuckDBPyConnection) -> Words:
    """Return a dictionary with a text in the reader's language for each word that the published file uses.

    A key has the word's kind and the word, such as `("verdict", "met")`.
    """
    return read_words(connection, reader_language())


def verdict_tables(connection: duckdb.DuckDBPyConnection) -> list[VerdictTable]:
    """Return a table of verdicts for each agreement. A cell gives both the literal and the statistical reading."""
    names_of_words = words(connection)
    agreements = connection.execute(
        f"SELECT agreement_id, name_{reader_language()} FROM reference.agreements ORDER BY ALL"
    ).fetchall()
    verdicts = _verdicts(connection)
    return [
        _verdict_table(name, [verdict for verdict in verdicts if verdict.agreement_id == agreement_id], names_of_words)
        for agreement_id, name in agreements
    ]


def missing_deliveries(
    connection: duckdb.DuckDBPyConnection, newest_edition: int | None = None
) -> list[MissingDelivery]:
    """Return the deliveries that have not arrived, although verdicts need them.

    The delivery that was due first comes first. If `newest_edition` is given, later editions are left out.
    """
    rows = connection.execute(
        f"""
        SELECT d.name_{reader_language()}, d.deliverer, list_sort(list_distinct(list(v.edition))), min(e.due_on)
        FROM targets.verdicts v
        JOIN reference.targets t USING (agreement_id, target_id, measure)
        JOIN reference.deliveries d ON d.delivery = t.waits_for
        JOIN reference.editions e ON e.edition = v.edition
        LEFT JOIN targets.baselines b USING (agreement_id, target_id, measure)
        WHERE v.edition <= coalesce($newest_edition, v.edition)
          AND (v.reason = 'missing_extract' OR (v.reason = 'baseline_missing' AND coalesce(b.reason, '') <> 'not_fixed')
               OR (v.reason = 'baseline_year' AND v.value IS NULL AND v.confidentiality = 'free'))
        GROUP BY ALL ORDER BY min(e.due_on), 1
        """,
        {"newest_edition": newest_edition},
    ).fetchall()
    return [MissingDelivery(name, deliverer, tuple(editions), since) for name, deliverer, editions, since in rows]


def footnotes(connection: duckdb.DuckDBPyConnection) -> list[Footnote]:
    """Return the footnotes on published figures. The footnotes that nobody has decided on come first."""
    rows = connection.execute(
        f"""
        SELECT text_{reader_language()}, list_sort(list_distinct(list(table_name || ' ' || rule))), list_sort(list_distinct(list(edition))), decision IS NOT NULL AS accepted,
               bool_or(coalesce(provenance = 'synthetic', false))
        FROM quality.footnotes GROUP BY text_{reader_language()}, accepted ORDER BY accepted, 1
        """
    ).fetchall()
    return [
        Footnote(text, tuple(checks), tuple(editions), accepted, made_up)
        for text, checks, editions, accepted, made_up in rows
    ]


@dataclass(frozen=True)
class DecisionInForce:
    """A decision in force, and the first edition that it applies to. `matter` names what was decided on, as people type it."""

    name: str
    edition: int
    action: str
    matter: str
    person: str
    decided_on: date
    reason: str


def decisions_in_force(connection: duckdb.DuckDBPyConnection) -> list[DecisionInForce]:
    """Return the decisions in force. The decision that applies to the earliest edition comes first."""
    rows = connection.execute(
        """
        SELECT decision_id, min(edition), action, concat_ws(' ', table_name, rule, file, row, column_name, offence_code, crime_type),
               person, decided_on, reason
        FROM quality.decisions WHERE status = 'in_force' GROUP BY ALL ORDER BY 2, 1
        """
    ).fetchall()
    return [DecisionInForce(*row) for row in rows]


@dataclass(frozen=True)
class _Verdict:
    """A row of targets.verdicts, together with the target's text and the measure's name.

    `measures` is the number of the target's measures. `comparisons` is the number of the target's kinds of comparison.
    """

    agreement_id: str
    target_id: str
    text: str
    measure: str
    compared_with: str
    edition: int
    literal: str
    statistical: str
    reason: str | None
    provenance: str | None
    measures: int
    comparisons: int


def _verdicts(connection: duckdb.DuckDBPyConnection) -> list[_Verdict]:
    rows = connection.execute(
        f"""
        SELECT v.agreement_id, v.target_id, t.text_{reader_language()}, m.name_{reader_language()}, v.compared_with, v.edition, v.literal, v.statistical,
               v.reason, v.provenance, count(DISTINCT v.measure) OVER of_target, count(DISTINCT v.compared_with) OVER of_target
        FROM targets.verdicts v
        JOIN reference.targets t USING (agreement_id, target_id, measure) JOIN reference.measures m USING (measure)
        WINDOW of_target AS (PARTITION BY v.agreement_id, v.target_id)
        ORDER BY v.agreement_id, v.target_id, v.measure, v.compared_with, v.edition
        """
    ).fetchall()
    return [_Verdict(*row) for row in rows]


def _verdict_table(name: str, verdicts: list[_Verdict], names_of_words: Words) -> VerdictTable:
    """Return the table of one agreement's verdicts.

    Each row is about one target, one of the target's measures, and one kind of comparison.
    """
    readings: dict[tuple[str, str], dict[int, str]] = {}
    for verdict in verdicts:
        subject = f"{verdict.text}: {verdict.measure}" if verdict.measures > 1 else verdict.text
        subject += f" ({names_of_words['compared_with', verdict.compared_with]})" if verdict.comparisons > 1 else ""
        readings.setdefault((verdict.target_id, subject), {})[verdict.edition] = _reading(verdict, names_of_words)
    return VerdictTable(
        name,
        tuple(sorted({verdict.edition for verdict in verdicts})),
        tuple(VerdictRow(target_id, subject, by_edition) for (target_id, subject), by_edition in readings.items()),
    )


def _reading(verdict: _Verdict, names_of_words: Words) -> str:
    """Return a verdict as text: the literal and the statistical reading, or the reason why neither reading is possible.

    If the agreement asks only for a report of the figure, the text is the word for `reported`. A mark follows if the
    verdict depends on made-up figures.
    """
    why = names_of_words["reason", verdict.reason] if verdict.reason else ""
    if verdict.literal == verdict.statistical == "not_evaluable":
        return names_of_words["heading", "no_verdict"] + why
    if verdict.compared_with == "report":
        return names_of_words["verdict", "reported"] + _mark(verdict, names_of_words)
    by_words, by_data = names_of_words["verdict", verdict.literal], names_of_words["verdict", verdict.statistical]
    if verdict.statistical == "not_evaluable":
        by_data = f"{by_data} ({why})"
    return f"{by_words} / {by_data}{_mark(verdict, names_of_words)}"


def _mark(verdict: _Verdict, names_of_words: Words) -> str:
    return f" ({names_of_words['provenance', verdict.provenance]})" if verdict.provenance == "synthetic" else ""
