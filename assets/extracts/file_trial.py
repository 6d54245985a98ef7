"""Try one delivered file without a run. The file's rows are read, typed and judged as in a run.

The trial has its own store, which is deleted afterwards. The trial neither reads nor changes the real store. Some
faults show only when several files are compared. For example, a report may be in two files. Only a run finds such
faults (see `intake.py`).
"""

from collections import defaultdict
from dataclasses import asdict, dataclass
from pathlib import Path

from assets.decisions.decision_effects import on_share
from assets.decisions.decisions_table import file_decisions
from assets.extracts.files import FILES, DeliveredFile, extracts_table
from assets.extracts.kept_rows import kept_rows
from assets.extracts.landing import look_into, rows_of
from assets.extracts.layouts import load_specifications
from assets.extracts.rejecting import DECISIONS, RejectedRow, rejected_rows, write_rejected
from assets.lookups import engine_with_lookups
from assets.reference import REFERENCE
from assets.sql_files import sql
from warehouse import store
from warehouse.contracts import contracts
from warehouse.decision_file import Decisions, load_decisions
from warehouse.engine import engine, view_editions
from warehouse.home import home_of_its_own
from warehouse.reference_files import load_reference

REPORTS = contracts()["police.reports"]


@dataclass(frozen=True)
class Trial:
    """The result of a trial.

    `rejected` has the rejected rows that no decision has settled.
    """

    file: DeliveredFile
    rejected: list[RejectedRow]
    unmapped_codes: list[tuple[str, int]]
    """Each offence code without a crime type, and its number of reports."""
    places_unknown: int
    """The number of reports whose area is unknown."""
    tolerated: bool
    """Whether a run would store the file: its rejected rows are few enough, or a decision accepts their share."""

    @property
    def rejected_rows(self) -> int:
        """The number of rejected rows. A row with several faults is counted once."""
        return len({row.row for row in self.rejected})

    @property
    def rejected_percent(self) -> float:
        """How many per cent of the delivered rows are rejected."""
        return 100 * self.rejected_rows / self.file.rows

    def by_rule(self) -> list[tuple[str, str, str, list[int]]]:
        """Return a tuple for each kind of fault: the rule, the column, the reason, and the row numbers.

        The most frequent kind of fault comes first.
        """
        rows_by_fault: dict[tuple[str, str, str], list[int]] = defaultdict(list)
        for row in self.rejected:
            rows_by_fault[row.rule, row.column_name, row.reason].append(row.row)
        return sorted(((*kind, rows) for kind, rows in rows_by_fault.items()), key=lambda fault: -len(fault[3]))


def try_file(path: Path, edition: int) -> Trial:
    """Read a file as a run of the edition would read it, and return the result.

    Raises InputError if no run could read the file.
    """
    file, decisions = look_into(path, edition, load_specifications()), load_decisions()
    with home_of_its_own():
        rejected = [row for row in into_store(file, decisions) if row.decision is None]
        has_reports = file.layout.table is REPORTS
        unmapped, unknown = (_unmapped(edition), _places_unknown(edition)) if has_reports else ([], 0)
        tolerated = on_share(decisions, file, len({row.row for row in rejected}))
        return Trial(file, rejected, unmapped, unknown, tolerated)


def into_store(file: DeliveredFile, decisions: Decisions | None = None) -> list[RejectedRow]:
    """Fill an empty store with the tables that a run would make from the file. Return the rejected rows."""
    table, edition, decisions = file.layout.table, file.edition, decisions or Decisions()
    reference, listed = load_reference(), [asdict(file.listed())]
    for reference_table in REFERENCE:
        store.write(reference_table, reference[reference_table.name])
    store.write(FILES, FILES.frame(listed), edition)
    store.write(DECISIONS, file_decisions(decisions, edition, {file.path.name: file.sha256}), edition)
    store.write_batches(extracts_table(table), rows_of(file), edition)
    with engine_with_lookups() as connection:
        rejected = rejected_rows(connection, [file], decisions)
        write_rejected(rejected, edition)
        store.write_batches(table, kept_rows(connection, table, [file], decisions), edition)
    return rejected


def _unmapped(edition: int) -> list[tuple[str, int]]:
    """Return a pair for each offence code without a crime type: the code, and the number of its kept reports."""
    with engine_with_lookups() as connection:
        view_editions(connection, [REPORTS, DECISIONS], [edition])
        connection.execute(sql("decisions/decided_codes"))
        query = sql("crime/unmapped_codes").format(edition=edition)
        return connection.execute(
            f"SELECT offence_code, sum(reports) FROM ({query}) GROUP BY ALL ORDER BY ALL"
        ).fetchall()


def _places_unknown(edition: int) -> int:
    """Return the number of kept reports whose area is unknown."""
    with engine() as connection:
        view_editions(connection, [REPORTS], [edition])
        query = f"SELECT count(*) FROM {REPORTS.name} WHERE place = 'unknown'"
        return int(connection.execute(query).fetchall()[0][0])
