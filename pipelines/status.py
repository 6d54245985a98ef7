"""The verdicts and the missing deliveries as tables of words, read from the published file.

Serves the terminal and the picture in the README. No figure is made here.
"""

from dataclasses import dataclass
from datetime import date
from itertools import groupby
from typing import Literal

import duckdb

from assets.targets.sentences import Words

Language = Literal["da", "en"]


@dataclass(frozen=True)
class VerdictRow:
    """One target, measure and comparison, with both readings of each edition in words."""

    target_id: str
    about: str
    readings: dict[int, str]

    def spans(self, editions: tuple[int, ...]) -> list[tuple[str, str]]:
        """Consecutive editions with the same readings as one span."""
        there = [edition for edition in editions if edition in self.readings]
        spans = []
        for reading, group in groupby(there, key=self.readings.__getitem__):
            of = list(group)
            spans.append((str(of[0]) if len(of) == 1 else f"{of[0]}-{of[-1]}", reading))
        return spans


@dataclass(frozen=True)
class VerdictTable:
    """An agreement's verdicts, and the editions that they are about."""

    name: str
    editions: tuple[int, ...]
    rows: tuple[VerdictRow, ...]


@dataclass(frozen=True)
class Footnote:
    """What a reader should know of the figures of some editions; `accepted` where a steward lets it pass in them."""

    text: str
    editions: tuple[int, ...]
    accepted: bool
    made_up: bool


@dataclass(frozen=True)
class MissingDelivery:
    """What verdicts wait for, from whom, for which editions, and since when."""

    name: str
    deliverer: str
    editions: tuple[int, ...]
    since: date


def words(connection: duckdb.DuckDBPyConnection, language: Language) -> Words:
    """What each kind of word is called in the reader's language."""
    rows = connection.execute(f"SELECT kind, word, text_{language} FROM reference.words").fetchall()
    return Words({(kind, word): text for kind, word, text in rows})


def verdict_tables(connection: duckdb.DuckDBPyConnection, language: Language) -> list[VerdictTable]:
    """One table per agreement, both readings in each cell."""
    said = words(connection, language)
    agreements = connection.execute(
        f"SELECT agreement_id, name_{language} FROM reference.agreements ORDER BY ALL"
    ).fetchall()
    return [_verdict_table(connection, language, said, agreement_id, name) for agreement_id, name in agreements]


def missing_deliveries(connection: duckdb.DuckDBPyConnection, language: Language) -> list[MissingDelivery]:
    """Deliveries that a verdict waits for, the oldest first."""
    rows = connection.execute(
        f"""
        SELECT d.name_{language}, d.deliverer, list_sort(list_distinct(list(v.edition))), min(e.due_on)
        FROM targets.verdicts v
        JOIN reference.targets t USING (agreement_id, target_id, measure)
        JOIN reference.deliveries d ON d.delivery = t.waits_for
        JOIN reference.editions e ON e.edition = v.edition
        LEFT JOIN targets.baselines b USING (agreement_id, target_id, measure)
        WHERE v.reason = 'missing_extract' OR (v.reason = 'baseline_missing' AND coalesce(b.reason, '') <> 'not_fixed')
           OR (v.reason = 'baseline_year' AND v.value IS NULL AND v.confidentiality = 'free')
        GROUP BY ALL ORDER BY min(e.due_on), 1
        """
    ).fetchall()
    return [MissingDelivery(name, deliverer, tuple(editions), since) for name, deliverer, editions, since in rows]


def footnotes(connection: duckdb.DuckDBPyConnection, language: Language) -> list[Footnote]:
    """What fails in published figures, each with its editions; what nobody decided on first."""
    rows = connection.execute(
        f"""
        SELECT text_{language}, list_sort(list_distinct(list(edition))), decision IS NOT NULL AS accepted,
               bool_or(coalesce(provenance = 'synthetic', false))
        FROM quality.footnotes GROUP BY text_{language}, accepted ORDER BY accepted, 1
        """
    ).fetchall()
    return [Footnote(text, tuple(editions), accepted, made_up) for text, editions, accepted, made_up in rows]


def decisions_in_force(connection: duckdb.DuckDBPyConnection) -> list[tuple[str, int, str, str, date, str]]:
    """Each decision in force: its name, the edition that it was first made for, on what, who made it, when and why."""
    return connection.execute(
        """
        SELECT decision_id, min(edition), concat_ws(' ', action, table_name, rule, file, row, column_name, offence_code, crime_type),
               person, decided_on, reason
        FROM quality.decisions WHERE status = 'in_force' GROUP BY ALL ORDER BY 2, 1
        """
    ).fetchall()


def baselines_to_fix(connection: duckdb.DuckDBPyConnection) -> list[tuple[str, list[str]]]:
    """Agreements with baselines that somebody could fix and nobody has, and their targets' numbers."""
    return connection.execute(
        """
        SELECT agreement_id, list_sort(list_distinct(list(target_id)))
        FROM targets.baselines WHERE reason = 'not_fixed' GROUP BY ALL ORDER BY ALL
        """
    ).fetchall()


def _verdict_table(
    connection: duckdb.DuckDBPyConnection, language: Language, said: Words, agreement_id: str, name: str
) -> VerdictTable:
    rows = connection.execute(
        f"""
        SELECT v.target_id, t.text_{language}, m.name_{language}, v.compared_with, v.edition, v.literal, v.statistical,
               v.reason, v.provenance, count(DISTINCT v.measure) OVER of_target, count(DISTINCT v.compared_with) OVER of_target
        FROM targets.verdicts v
        JOIN reference.targets t USING (agreement_id, target_id, measure) JOIN reference.measures m USING (measure)
        WHERE agreement_id = ?
        WINDOW of_target AS (PARTITION BY v.target_id)
        ORDER BY v.target_id, v.measure, v.compared_with, v.edition
        """,
        [agreement_id],
    ).fetchall()
    found: dict[tuple[str, str], dict[int, str]] = {}
    for target_id, text, measure, compared_with, edition, *judged, measures, comparisons in rows:
        about = f"{text}: {measure}" if measures > 1 else text
        about += f" ({said['compared_with', compared_with]})" if comparisons > 1 else ""
        found.setdefault((target_id, about), {})[edition] = _reading(said, *judged)
    return VerdictTable(
        name,
        tuple(sorted({row[4] for row in rows})),
        tuple(VerdictRow(target_id, about, readings) for (target_id, about), readings in found.items()),
    )


def _reading(said: Words, literal: str, statistical: str, reason: str | None, provenance: str | None) -> str:
    """Both readings, or the reason where neither can be made; marked where a figure was made up."""
    why = said["reason", reason] if reason else ""
    if literal == statistical == "not_evaluable":
        return said["heading", "no_verdict"] + why
    data = f"{said['verdict', statistical]} ({why})" if statistical == "not_evaluable" else said["verdict", statistical]
    mark = f" ({said['provenance', provenance]})" if provenance == "synthetic" else ""
    return f"{said['verdict', literal]} / {data}{mark}"
