"""Run the rules of a table, and keep the results in a file of the store.

Kept results are valid until something changes: the table, another table that its rules read, the rules, or the programs
that run the rules. As long as the results are valid, no rule runs again. If only some editions of the table have
changed, a rule that looks at each edition by itself runs on these editions only. Every other rule runs on all editions,
because it compares editions or tables. The kept results are never published.
"""

import hashlib
import json
from collections.abc import Collection, Iterable
from dataclasses import dataclass
from functools import cache
from importlib.metadata import version
from pathlib import Path

from pydantic import BaseModel

from checks.expectations import Key, Outcome, misshapen_files, tables_read, validate_table
from checks.table_rules import Rule, rules, shape_expectations, shape_rule
from warehouse import store
from warehouse.contracts import Table, contracts

KEYS_KEPT = 20  # how many keys of failing rows are kept for each edition


class Failure(BaseModel):
    """The failure of a rule in one edition.

    `edition` is None if the table has no editions. `rows` is the number of rows that break the rule. `keys` has the
    keys of the first of these rows. `provenance` is `synthetic` if at least one of these rows is made up.
    """

    edition: int | None
    rows: int
    keys: tuple[dict[str, str | int | float | bool | None], ...]
    provenance: str | None = None


@dataclass(frozen=True)
class Judged:
    """The result of a rule: its failures, sorted by edition.

    There is one failure for each edition in which the rule fails. There are no failures if the rule holds.
    """

    rule: Rule
    failures: tuple[Failure, ...]

    def in_edition(self, edition: int | None) -> Failure | None:
        """Return the rule's failure in one edition. Return None if the rule holds in this edition."""
        return next((failure for failure in self.failures if failure.edition == edition), None)


class _Kept(BaseModel):
    """The kept results of a table, and hashes of everything that the results depend on.

    The results are valid as long as all these hashes stay the same.
    """

    judged_by: str
    files: dict[str, str]  # the hash of each file of the table, keyed by the file's edition
    other_tables: dict[str, str]  # the hashes of the tables that the rules read besides it, keyed by table name
    failures: dict[str, list[Failure]]


def judge(table: Table) -> list[Judged]:
    """Return the results of all rules of a table for all editions. Keep the results for the next run.

    If a file has the wrong shape, no rule runs. The result of the shape check is then the only one, and it is not kept.
    Raises CheckError if a check could not be run.
    """
    if misshapen_files(table):
        return [_judged(table, outcome) for outcome in validate_table(table, ())]
    kept, files, other_tables = _read_valid(table), _files(table), _other_tables(table)
    if kept and (kept.files, kept.other_tables) == (files, other_tables):
        return [Judged(rule, tuple(kept.failures.get(rule.name, ()))) for rule in rules_of(table)]
    unchanged = [name for name, content in files.items() if kept and kept.files.get(name) == content]
    if kept and unchanged and table.partitioned:
        changed = [int(name) for name in files if name not in unchanged]
        judged = [_judged(table, outcome) for outcome in validate_table(table, rules_of(table)[1:], changed)]
        judged = [
            _with_kept(of_rule, kept, unchanged) if of_rule.rule.looks_at_editions_alone else of_rule
            for of_rule in judged
        ]
    else:
        judged = [_judged(table, outcome) for outcome in validate_table(table, rules_of(table)[1:])]
    failures = {of_rule.rule.name: list(of_rule.failures) for of_rule in judged if of_rule.failures}
    to_keep = _Kept(judged_by=_judged_by(table.name), files=files, other_tables=other_tables, failures=failures)
    store.write_outcomes(table, to_keep.model_dump_json(indent=1) + "\n")
    return judged


def failing_before() -> dict[tuple[str, str], set[int | None]]:
    """Return the editions in which each rule failed when the rule's table was last checked.

    Each key consists of a table's name and a rule's name.
    """
    failing: dict[tuple[str, str], set[int | None]] = {}
    for table in contracts().values():
        kept = _read(table)
        for rule, failures in kept.failures.items() if kept else ():
            failing[table.name, rule] = {failure.edition for failure in failures}
    return failing


def rules_of(table: Table) -> list[Rule]:
    """Return all rules of a table: the shape check first, then the other rules in the order of their file."""
    return [shape_rule(table), *rules().get(table.name, ())]


def _with_kept(judged: Judged, kept: _Kept, unchanged: Collection[str]) -> Judged:
    """Return a result that has the kept failures of unchanged editions and the new failures of all other editions."""
    unchanged_failures = [
        failure for failure in kept.failures.get(judged.rule.name, ()) if str(failure.edition) in unchanged
    ]
    new_failures = [failure for failure in judged.failures if str(failure.edition) not in unchanged]
    return Judged(
        judged.rule, tuple(sorted([*unchanged_failures, *new_failures], key=lambda failure: failure.edition or 0))
    )


def _judged(table: Table, outcome: Outcome) -> Judged:
    """Return the result of a rule, with the failing rows divided by edition.

    A failing key that has no edition belongs to every edition.
    """
    failures = []
    editions = _editions(table)
    if table.partitioned:  # a rule may fail for an edition that is not stored
        failing_editions = {int(key["edition"]) for key in outcome.failing if key.get("edition") is not None}
        editions = sorted({*store.stored_editions(table), *failing_editions})
    for edition in editions:
        keys = outcome.failing if edition is None else outcome.of_edition(edition)
        if keys:
            first_keys = tuple({name: _plain(value) for name, value in key.items()} for key in keys[:KEYS_KEPT])
            provenance = _provenance(table, outcome.rule, keys, edition) if outcome.rule.footnote_en else None
            failures.append(Failure(edition=edition, rows=len(keys), keys=first_keys, provenance=provenance))
    return Judged(outcome.rule, tuple(failures))


def _plain(value: object) -> str | int | float | bool | None:
    return value if value is None or isinstance(value, (str, int, float, bool)) else str(value)


def _provenance(table: Table, rule: Rule, keys: Iterable[Key], edition: int | None) -> str | None:
    """Return the provenance of the failing rows. It is `synthetic` if at least one of these rows is made up.

    Rows of a reference table count as published. Return None if the provenance of the rows is not known.
    """
    if table.schema_name == "reference":
        return "published"
    if "provenance" not in table.columns or rule.rows_of or edition is None:
        return None
    rows = store.read(table, [edition])
    names = [name for name in table.key if name != "edition"]
    failing = {tuple(key[name] for name in names) for key in keys}
    is_failing = [row_key in failing for row_key in rows[names].itertuples(index=False, name=None)]
    return str(rows["provenance"][is_failing].max())


def _editions(table: Table) -> list[int] | list[None]:
    return store.stored_editions(table) if table.partitioned else [None]


# --- kept results -------------------------------------------------------------------------------------------


def _files(table: Table) -> dict[str, str]:
    """Return the hashes of a table's stored files, keyed by edition."""
    return {path.stem if table.partitioned else "None": store.content_hash(path) for path in store.stored_files(table)}


def _other_tables(table: Table) -> dict[str, str]:
    """Return the hashes of all tables that this table's rules read besides it, keyed by table name."""
    tables = [read_table for read_table in tables_read(rules_of(table)) if read_table.name != table.name]
    return {
        read_table.name: hashlib.sha256(json.dumps(_files(read_table)).encode()).hexdigest() for read_table in tables
    }


@cache
def _judged_by(name: str) -> str:
    """Return one hash of three things: the table's rules, the table's contract, and the programs that run the rules."""
    table = contracts()[name]
    texts = [rule.model_dump_json() for rule in (*rules_of(table), *shape_expectations(table))]
    programs = [f"{program} {version(program)}" for program in ("great-expectations", "duckdb")]
    programs += [path.read_text(encoding="utf-8") for path in sorted(Path(__file__).parent.glob("*.py"))]
    return hashlib.sha256("\n".join([*texts, str(table.arrow_schema()), *programs]).encode()).hexdigest()


def _read(table: Table) -> _Kept | None:
    """Return the kept results of a table. Return None if no results are kept, or if their file is damaged."""
    try:
        return _Kept.model_validate_json(store.read_outcomes(table))
    except ValueError:
        return None


def _read_valid(table: Table) -> _Kept | None:
    """Return the kept results of a table if they come from the current rules and programs. Otherwise return None."""
    kept = _read(table)
    return kept if kept and kept.judged_by == _judged_by(table.name) else None
