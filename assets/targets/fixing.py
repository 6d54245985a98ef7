"""The act by which a target's baseline is fixed: once, by somebody, from figures that are named.

The acts are lines of `warehouse/reference/fixed_baselines.csv`, which only this writes to; a line is never changed, a later
one replaces it with a reason. Which act holds for a target is asked in `baselines.sql`.
"""

import csv
import io
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date
from typing import Any

import pandas as pd

from assets.methods.disclosure import FREE
from warehouse import store
from warehouse.contracts import Row, contracts, records
from warehouse.edited_files import rewriting
from warehouse.errors import InputError
from warehouse.home import reference_folder
from warehouse.personal import kind_within
from warehouse.reference_files import load_reference

FIXED = contracts()["reference.fixed_baselines"]
RULES = ("held_at_baseline", "falls_every_year", "approaches_comparison_area")
FIGURE = (
    "area_version",
    "share_percent",
    "comparison_percent",
    "reports",
    "rate_per_1000",
    "population_residents",
    "population_low_residents",
    "population_high_residents",
    "drawn_on",
    "provenance",
)

SHOWN = ("normal", "break", "estimated")

Address = tuple[str, str, str]  # agreement, target, measure


@dataclass(frozen=True)
class Act:
    """What one act did: the lines that it wrote, those that stood already, and what no figure was found for."""

    written: list[Row]
    stood: list[Row]
    missing: list[str]


def latest_acts(fixed_baselines: pd.DataFrame) -> dict[Address, Row]:
    """The act that holds for each target and measure: the last one."""
    ordered = sorted(records(fixed_baselines), key=lambda row: row["act"])
    return {_address(row): row for row in ordered}


def fix_baselines(agreement_id: str, person: str, reason: str | None, today: date) -> Act:
    """Fix the baselines of an agreement's targets at the figures that the store holds now; a confidential one stays unfixed.

    Raises InputError where the agreement has no such target, no figure is there, or a figure differs from the fixed one and
    no reason is given; nothing is written then.
    """
    reference = load_reference()
    person = person.strip()
    if not person:
        raise InputError("the act needs the name of the person who fixes the baselines: give --person.")
    for said, text, named in (("person", person, True), ("reason", reason or "", False)):
        kind = kind_within(text, named=named)
        if kind:
            raise InputError(f"--{said} looks like it holds {kind}: the act is published, so say it without them.")
    targets = _targets(reference, agreement_id)
    acts, found = latest_acts(reference[FIXED.name]), {address: _figure(target) for address, target in targets.items()}
    figures = {address: figure for address, figure in found.items() if figure}
    if not figures:
        raise InputError(
            f"{agreement_id}: the store holds none of the figures that its baselines would be fixed at: deliver them, start tryghed run, and fix them then."
        )
    stood = [address for address, figure in figures.items() if address in acts and _same(acts[address], figure)]
    replaced = [address for address in figures if address in acts and address not in stood]
    if replaced and not (reason or "").strip():
        raise InputError(
            f"{_said(replaced)}: fixed at another figure on {acts[replaced[0]]['fixed_on']}, which only a new act with a reason replaces: give --reason, or leave it as it is."
        )
    lines = [
        _line(targets[address], figures[address], acts.get(address), person, (reason or "First fixing.").strip(), today)
        for address in figures
        if address not in stood
    ]
    _append(lines)
    return Act(lines, [acts[address] for address in stood], [_said([one]) for one in found.keys() - figures.keys()])


def _targets(reference: dict[str, pd.DataFrame], agreement_id: str) -> dict[Address, Row]:
    kinds = {row["measure"]: row["crime_type"] for row in records(reference["reference.measures"])}
    agreements = reference["reference.agreements"]
    comparison = dict(zip(agreements["agreement_id"], agreements["comparison_area_id"], strict=True))
    every = [row for row in records(reference["reference.targets"]) if row["rule"] in RULES]
    targets = {
        _address(row): row
        | {
            "crime_type": kinds[row["measure"]],
            "edition": row["baseline_year"] + (row["period_of"] == "crime_year"),
            "comparison_area_id": comparison[agreement_id],
        }
        for row in every
        if row["agreement_id"] == agreement_id
    }
    if not targets:
        with_targets = sorted({row["agreement_id"] for row in every})
        raise InputError(
            f"{agreement_id} has no target whose baseline is fixed by somebody; those that have: {', '.join(with_targets) or 'none'}."
        )
    return targets


def _figure(target: Row) -> Row | None:
    """What the store holds of the baseline's year: the figure that is shown. A hidden one is never written down."""
    if target["crime_type"] is None:
        return _share(target)
    edition, cell = target["edition"], (target["edition"], target["area_id"], target["crime_type"])
    for name in ("crime.yearly_types", "crime.monitoring"):
        table = contracts()[name]
        rows = records(store.read(table, [edition])) if edition in store.stored_editions(table) else []
        for row in rows:
            if (row["edition"], row["area_id"], row["crime_type"]) == cell and row["status"] in ("normal", "estimated"):
                return row if row["confidentiality"] == FREE else None
    return None


def _share(target: Row) -> Row | None:
    """The share of the baseline's edition, and that of the area that it is compared with."""
    table, edition = contracts()["safety.yearly_shares"], target["edition"]
    if edition not in store.stored_editions(table):
        return None
    rows = {row["area_id"]: row for row in records(store.read(table, [edition])) if row["measure"] == target["measure"]}
    own, other = (rows.get(target[name], {}) for name in ("area_id", "comparison_area_id"))
    if own.get("share_percent") is None or own["status"] not in SHOWN:
        return None
    counted_from = "published" if own["provenance"] == "published" else "answers"
    return own | {"comparison_percent": other.get("share_percent"), "counted_from": counted_from}


def _same(act: Row, figure: Row) -> bool:
    """Whether the act is of this figure."""
    numbers = ("rate_per_1000", "share_percent", "comparison_percent")
    return all(same_number(act[name], figure.get(name)) for name in numbers) and all(
        act[name] == figure.get(name) for name in ("reports", "provenance")
    )


def same_number(one: float | None, other: float | None) -> bool:
    """Whether a number is the one that was written into the file, with 9 decimals."""
    return one is other if None in (one, other) else abs((one or 0) - (other or 0)) < 1e-6


def _line(target: Row, figure: Row, before: Row | None, person: str, reason: str, today: date) -> Row:
    return {
        "agreement_id": target["agreement_id"],
        "target_id": target["target_id"],
        "measure": target["measure"],
        "act": before["act"] + 1 if before else 1,
        "edition": target["edition"],
        "area_id": target["area_id"],
        "crime_type": target["crime_type"],
        **{name: figure.get(name) for name in FIGURE},
        "made_from": "; ".join(_made_from(target, figure)),
        "fixed_by": person,
        "fixed_on": today,
        "reason": reason,
    }


def _made_from(target: Row, figure: Row) -> Iterator[str]:
    """The files, or the published lines, that the figure was made from."""
    if figure.get("counted_from") == "published":
        yield f"published_figures.csv, lines {figure['source_lines']}"
        return
    table = _TABLES[figure["counted_from"]]
    files = contracts()["quality.files"]
    for row in records(store.read(files, [target["edition"]])):
        if row["table_name"] == table:
            yield f"{row['file']} ({row['file_sha256'][:12]})"


_TABLES = {"reports": "police.reports", "counts": "police.counts", "answers": "survey.answers"}


def _append(lines: list[Row]) -> None:
    """Add the lines at the file's end: what stood before stands as it did."""
    text = io.StringIO(newline="")
    csv.writer(text, lineterminator="\n").writerows(_cells(line) for line in lines)
    with rewriting(reference_folder() / f"{FIXED.short_name}.csv") as path:
        path.write_text(path.read_text(encoding="utf-8") + text.getvalue(), encoding="utf-8")


def _cells(line: Row) -> list[Any]:
    return ["" if line[name] is None else _digits(line[name]) for name in FIXED.columns]


def _digits(value: Any) -> Any:
    """Rates and shares to 9 decimals, more than any comparison needs."""
    return f"{value:.9f}".rstrip("0").rstrip(".") if isinstance(value, float) else value


def _address(row: Row) -> Address:
    return row["agreement_id"], row["target_id"], row["measure"]


def _said(addresses: list[Address]) -> str:
    return ", ".join(f"target {target_id} ({measure})" for _, target_id, measure in addresses)
