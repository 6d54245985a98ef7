"""What a delivered file would come to, found out before anything runs: the same reading, typing and rules as in a run.

It happens in a store of its own that is gone afterwards; nothing of the real one is read or changed. What only several
files show together, as the same report in two of them, is found by the run.
"""

from collections import defaultdict
from dataclasses import dataclass
from pathlib import Path

from assets.decisions.effects import on_share
from assets.decisions.table import file_decisions
from assets.extracts.kept import rows_that_count
from assets.extracts.landing import DeliveredFile, extracts_table, look_into, rows_of
from assets.extracts.layouts import load_specifications
from assets.extracts.rejecting import DECISIONS, FILES, REJECTED, set_aside
from assets.reference import REFERENCE
from assets.sql_files import sql
from warehouse import store
from warehouse.contracts import Row, contracts
from warehouse.decision_file import Decisions, load_decisions
from warehouse.engine import engine
from warehouse.home import home_of_its_own
from warehouse.reference_files import load_reference

REPORTS = contracts()["police.reports"]


@dataclass(frozen=True)
class Trial:
    """A file, the rows of it that would be set aside, and what of its reports could not be mapped or placed."""

    file: DeliveredFile
    rejected: list[Row]
    unmapped_codes: list[tuple[str, int]]
    places_unknown: int
    tolerated: bool
    """Whether a run would go on: few enough rows are set aside, or somebody accepted their share."""

    @property
    def rejected_rows(self) -> int:
        """Rows that would be set aside, each counted once."""
        return len({row["row"] for row in self.rejected})

    @property
    def rejected_percent(self) -> float:
        """Rows that would be set aside, in per cent of those delivered."""
        return 100 * self.rejected_rows / self.file.rows

    def by_rule(self) -> list[tuple[str, str, str, list[int]]]:
        """Rule, column, reason and rows of each kind of fault, the most frequent first."""
        found: dict[tuple[str, str, str], list[int]] = defaultdict(list)
        for row in self.rejected:
            found[row["rule"], row["column_name"], row["reason"]].append(row["row"])
        return sorted(((*kind, rows) for kind, rows in found.items()), key=lambda fault: -len(fault[3]))


def try_file(path: Path, edition: int) -> Trial:
    """Read a file as a run of the edition would. Raises InputError for a file that no run could read."""
    file, decided = look_into(path, edition, load_specifications()), load_decisions()
    with home_of_its_own():
        rejected = [row for row in into_store(file, decided) if row["decision"] is None]
        of_reports = file.specification.target() is REPORTS
        unmapped, unknown = (_unmapped(edition), _places_unknown(edition)) if of_reports else ([], 0)
        tolerated = on_share(decided, file, len({row["row"] for row in rejected}))
        return Trial(file, rejected, unmapped, unknown, tolerated)


def into_store(file: DeliveredFile, decided: Decisions | None = None) -> list[Row]:
    """Fill an empty store with all that a run makes of one file, up to its table; the rows that were set aside."""
    table, edition, decided = file.specification.target(), file.edition, decided or Decisions()
    reference = load_reference()
    for one in REFERENCE:
        store.write(one, reference[one.name])
    store.write(FILES, FILES.frame([file.row()]), edition)
    store.write(DECISIONS, file_decisions(decided, edition, {file.path.name: file.sha256}), edition)
    store.write_batches(extracts_table(table), rows_of(file), edition)
    rejected = set_aside(table, edition, decided)
    store.write(REJECTED, REJECTED.frame(rejected), edition)
    store.write_batches(table, rows_that_count(table, edition, decided), edition)
    return rejected


def _unmapped(edition: int) -> list[tuple[str, int]]:
    """Offence codes of the reports that count and have no crime type, and how many reports have each."""
    with engine([REPORTS, DECISIONS, *REFERENCE], edition) as connection:
        for file in ("lookups", "decisions/decided_codes"):
            connection.execute(sql(file))
        query = sql("crime/unmapped_codes").format(edition=edition)
        return connection.execute(
            f"SELECT offence_code, sum(reports) FROM ({query}) GROUP BY ALL ORDER BY ALL"
        ).fetchall()


def _places_unknown(edition: int) -> int:
    """Reports that count and lie in no area that is known."""
    with engine([REPORTS], edition) as connection:
        query = f"SELECT count(*) FROM {REPORTS.name} WHERE place = 'unknown'"
        return int(connection.execute(query).fetchall()[0][0])
