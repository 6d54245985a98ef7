"""What the rules of a table find, edition by edition, and what of it is kept in the store beside the table.

What is kept holds for the content that was judged and for the rules and programs that judged it: where all of these are as
they were nothing is asked again, and where some editions changed a rule that looks at single rows is asked about those alone.
Every other rule compares rows, editions or tables, so it is asked about all that the store holds. What is kept is part of
the store and never published.
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

KEYS_KEPT = 20  # of the rows that fail, in an edition


class Failure(BaseModel):
    """An edition in which a rule fails: how many rows break it, the first of them by their keys, and whence they come.

    The edition is None where the table has none. `provenance` is made up as soon as one of the rows is.
    """

    edition: int | None
    rows: int
    keys: tuple[dict[str, str | int | float | bool | None], ...]
    provenance: str | None = None


@dataclass(frozen=True)
class Judged:
    """What a rule says of a table: the editions in which it fails, in order; none where it holds."""

    rule: Rule
    failures: tuple[Failure, ...]

    def in_edition(self, edition: int | None) -> Failure | None:
        """The failure in an edition, if it fails there."""
        return next((failure for failure in self.failures if failure.edition == edition), None)


class _Kept(BaseModel):
    """The file beside a table: what its rules found, and what has to be the same for that to hold."""

    judged_by: str
    files: dict[str, str]  # hash of each file of the table
    beside: dict[str, str]  # hash of the other tables that the rules read
    failures: dict[str, list[Failure]]


def judge(table: Table) -> list[Judged]:
    """Return what every rule of a table finds in all its editions, and keep it for the next time.

    Where the shape of a file is wrong only that is reported, as no rule can be read on it. Raises CheckError where
    a check could not be run.
    """
    if misshapen_files(table):
        return [_judged(table, outcome) for outcome in validate_table(table, ())]
    kept, files, files_beside = _read(table), _files(table), _beside(table)
    if kept and (kept.files, kept.beside) == (files, files_beside):
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
    keep = _Kept(judged_by=_judged_by(table.name), files=files, beside=files_beside, failures=failures)
    store.write_outcomes(table, keep.model_dump_json(indent=1) + "\n")
    return judged


def failing_before() -> dict[tuple[str, str], set[int | None]]:
    """Return the editions in which each rule failed when its table was last checked, by table and rule."""
    failing: dict[tuple[str, str], set[int | None]] = {}
    for table in contracts().values():
        try:
            kept = _Kept.model_validate_json(store.read_outcomes(table))
        except ValueError:  # nothing is kept, or the file is damaged
            continue
        for rule, failures in kept.failures.items():
            failing[table.name, rule] = {failure.edition for failure in failures}
    return failing


def rules_of(table: Table) -> list[Rule]:
    """The check of the shape, and the table's rules in the order of their file."""
    return [shape_rule(table), *rules().get(table.name, ())]


def _with_kept(judged: Judged, kept: _Kept, unchanged: Collection[str]) -> Judged:
    """Return the kept failures of the unchanged editions, and the new failures of the changed ones."""
    stayed = [failure for failure in kept.failures.get(judged.rule.name, ()) if str(failure.edition) in unchanged]
    anew = [failure for failure in judged.failures if str(failure.edition) not in unchanged]
    return Judged(judged.rule, tuple(sorted([*stayed, *anew], key=lambda failure: failure.edition or 0)))


def _judged(table: Table, outcome: Outcome) -> Judged:
    """Divide the failing rows by their editions; a fault of the whole table counts for each."""
    failures = []
    editions = _editions(table)
    if table.partitioned:  # an edition that the table lacks may be what the rule finds
        failing_editions = {int(key["edition"]) for key in outcome.failing if key.get("edition") is not None}
        editions = sorted({*store.stored_editions(table), *failing_editions})
    for edition in editions:
        keys = outcome.failing if edition is None else outcome.of_edition(edition)
        if keys:
            first_keys = tuple({name: _plain(value) for name, value in key.items()} for key in keys[:KEYS_KEPT])
            whence = _provenance(table, outcome.rule, keys, edition) if outcome.rule.footnote_en else None
            failures.append(Failure(edition=edition, rows=len(keys), keys=first_keys, provenance=whence))
    return Judged(outcome.rule, tuple(failures))


def _plain(value: object) -> str | int | float | bool | None:
    return value if value is None or isinstance(value, (str, int, float, bool)) else str(value)


def _provenance(table: Table, rule: Rule, keys: Iterable[Key], edition: int | None) -> str | None:
    """Return the provenance of the failing rows: made up as soon as one of them is."""
    if table.schema_name == "reference":
        return "published"
    if "provenance" not in table.columns or rule.rows_of or edition is None:
        return None
    rows = store.read(table, [edition])
    names = [name for name in table.key if name != "edition"]
    failing = {tuple(key[name] for name in names) for key in keys}
    of_failing = [place in failing for place in rows[names].itertuples(index=False, name=None)]
    return str(rows["provenance"][of_failing].max())


def _editions(table: Table) -> list[int] | list[None]:
    return store.stored_editions(table) if table.partitioned else [None]


# --- what is kept -------------------------------------------------------------------------------------------


def _files(table: Table) -> dict[str, str]:
    """Return the hash of each file of a table, by its edition."""
    return {path.stem if table.partitioned else "None": store.content_hash(path) for path in store.stored_files(table)}


def _beside(table: Table) -> dict[str, str]:
    """Return the hash of each other table that the rules read, by its name."""
    other_tables = [read for read in tables_read(rules_of(table)) if read.name != table.name]
    return {read.name: hashlib.sha256(json.dumps(_files(read)).encode()).hexdigest() for read in other_tables}


@cache
def _judged_by(name: str) -> str:
    """Return a hash of the rules of a table, of its contract, and of the programs that run them."""
    table = contracts()[name]
    texts = [rule.model_dump_json() for rule in (*rules_of(table), *shape_expectations(table))]
    programs = [f"{program} {version(program)}" for program in ("great-expectations", "duckdb")]
    programs += [path.read_text(encoding="utf-8") for path in sorted(Path(__file__).parent.glob("*.py"))]
    return hashlib.sha256("\n".join([*texts, str(table.arrow_schema()), *programs]).encode()).hexdigest()


def _read(table: Table) -> _Kept | None:
    """Return what is kept of a table, if judged by the same rules; None without it, or where the file is damaged."""
    try:
        kept = _Kept.model_validate_json(store.read_outcomes(table))
    except ValueError:
        return None
    return kept if kept.judged_by == _judged_by(table.name) else None
