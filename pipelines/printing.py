"""What the commands print: results in rich's tables, and what to do next. No figure is computed here."""

import sys
from typing import TYPE_CHECKING, Any

from rich.console import Console
from rich.table import Table as RichTable
from rich.text import Text

from warehouse.decision_file import SEEN_LETTERS
from warehouse.home import landing_folder, pictures_folder, published_folder, reference_file
from warehouse.publishing import NAME

if TYPE_CHECKING:
    from datetime import date

    from dagster import AssetMaterialization

    from assets.extracts.trial import Trial
    from assets.targets.fixing import Act
    from assets.targets.sentences import Words
    from pipelines.running import Ran
    from pipelines.status import Footnote, MissingDelivery, VerdictTable
    from warehouse.decision_file import Decision

out = Console(highlight=False, markup=False, soft_wrap=not sys.stdout.isatty())
err = Console(stderr=True, highlight=False, markup=False, soft_wrap=True)


_LEFT: dict[str, Any] = {"title_justify": "left", "title_style": "bold"}


def _table(words: "Words", title: str, *headings: str) -> RichTable:
    table = RichTable(title=words["heading", title], title_justify="left", title_style="bold")
    for heading in headings:
        table.add_column(words["heading", heading], overflow="fold")
    return table


def missing_table(missing: "list[MissingDelivery]", words: "Words") -> RichTable:
    """Return a table of the deliveries that verdicts wait for, from whom, and since when."""
    table = _table(words, "missing", "delivery", "from", "editions", "since")
    for delivery in missing:
        editions = ", ".join(map(str, delivery.editions))
        table.add_row(delivery.name, delivery.deliverer, editions, delivery.since.isoformat())
    return table


def footnotes_table(footnotes: "list[Footnote]", words: "Words") -> RichTable:
    """Return a table of the footnotes, marked where a steward let one pass or figures are made up."""
    table = _table(words, "footnotes", "footnote", "editions")
    for footnote in footnotes:
        marks = [words["heading", "let_pass"]] if footnote.accepted else []
        marks += [words["provenance", "synthetic"]] if footnote.made_up else []
        text = footnote.text + "".join(f" ({mark})" for mark in marks)
        table.add_row(text, ", ".join(map(str, footnote.editions)))
    return table


def decisions_table(decisions: list[tuple[str, int, str, str, "date", str]], words: "Words") -> RichTable:
    """Return a table of the decisions in force: name, first edition, what it is about, who made it, when and why."""
    table = _table(words, "decisions", "decision", "editions", "decided", "decided_by", "decided_on", "why")
    for name, edition, matter, person, day, reason in decisions:
        table.add_row(name, str(edition), matter, person, day.isoformat(), reason)
    return table


def verdicts_table(verdicts: "VerdictTable", words: "Words") -> RichTable | Text:
    """Return a table of an agreement's verdicts, consecutive editions with the same readings on one line."""
    if not verdicts.rows:
        return Text.assemble((verdicts.name, "bold"), f"\n{words['heading', 'no_targets']}\n")
    title = f"{verdicts.name}\n{words['heading', 'literal_statistical']}"
    table = RichTable(title=title, title_justify="left", title_style="bold", expand=True)
    table.add_column(words["heading", "target"], no_wrap=True)
    table.add_column(words["heading", "measure"], ratio=3)
    table.add_column(words["heading", "editions"], no_wrap=True)
    table.add_column(words["heading", "reading"], ratio=2)
    for row in verdicts.rows:
        for number, (editions, reading) in enumerate(row.spans(verdicts.editions)):
            target_cells = (row.target_id, row.about) if number == 0 else ("", "")
            table.add_row(*target_cells, editions, reading)
    return table


def print_decision(decision: "Decision") -> None:
    """Print where a decision was written, and what to do next."""
    out.print(f"Written to {reference_file('decisions.yml')}: {decision.decision_id}.")
    out.print(f"Next: tryghed run {decision.edition}, and commit the file.")


def print_baselines(act: "Act") -> None:
    """Print the baselines that an act fixed, those that stood already, and what to do next."""
    table = RichTable(title="Baselines", **_LEFT)
    numbers = ("per cent", "reports", "per 1000")
    for heading in ("target", "measure", "year", *numbers, "from", ""):
        table.add_column(heading, overflow="fold", justify="right" if heading in numbers else "left")
    for lines, outcome in ((act.written, "fixed"), (act.stood, "stands as it was")):
        for line in lines:
            year = line.edition - (line.crime_type is not None)
            shown = ((line.share_percent, ".1f"), (line.reports, ","), (line.rate_per_1000, ".1f"))
            figures = (str(year), *("" if value is None else format(value, form) for value, form in shown))
            table.add_row(line.target_id, line.measure, *figures, line.made_from, outcome + _made_up(line.provenance))
    out.print(table)
    for target in act.missing:
        out.print(f"No figure yet: {target}.")
    if act.written:
        out.print(f"Next: tryghed run {act.written[0].edition}, and commit {reference_file('fixed_baselines.csv')}.")


def print_trial(trial: "Trial") -> None:
    """Print what the file is, how its columns are read, which rows would be set aside, and what to do next."""
    from assets.extracts.intake import share_in_words

    file, layout = trial.file, trial.file.layout
    sheet = f", sheet {file.sheet}" if file.sheet else ""
    out.print(
        f"{file.path.name}{_made_up(file.provenance)}: {file.rows:,} rows ({file.format}{sheet}), read by {reference_file(f'extracts/{layout.extract}.yml')}: {layout.producer}, edition {file.edition}; fingerprint {file.sha256[:SEEN_LETTERS]}.",
    )
    out.print(_columns_read(trial))
    if trial.rejected:
        out.print(_rows_set_aside(trial))
    if trial.unmapped_codes:
        codes = ", ".join(f"{code} ({reports:,})" for code, reports in trial.unmapped_codes)
        out.print(f"Offence codes on no line of offence_codes.csv that holds then, with their reports: {codes}.")
    if trial.places_unknown:
        out.print(f"Reports that lie in no area that is known: {trial.places_unknown:,} of {file.rows:,}.")
    out.print(
        f"{trial.rejected_rows:,} of {file.rows:,} rows would be set aside ({share_in_words(trial.rejected_percent, layout.tolerated_rejected_percent)})."
    )
    if trial.tolerated:
        out.print(f"Next: put it into {landing_folder() / str(file.edition)} and start tryghed run.")
        return
    err.print(
        f"{file.path.name}: too many rows would be set aside, and a run would stop: ask for the file again, or correct {reference_file(f'extracts/{layout.extract}.yml')} where it is not meant so.",
    )


def _made_up(provenance: str) -> str:
    return " (made up)" if provenance == "synthetic" else ""


def _columns_read(trial: "Trial") -> RichTable:
    layout = trial.file.layout
    table = RichTable(title=f"How its columns are read into {layout.table.name}", **_LEFT)
    for heading in ("column of the file", "is read as", "by"):
        table.add_column(heading, overflow="fold")
    for name, heading in layout.headings.items():
        labels = layout.columns[name].labels
        table.add_row(heading, name, f"{len(labels)} labels" if labels else "as it stands")
    for name in layout.columns.keys() - layout.headings.keys():
        table.add_row("-", name, f"not asked or not delivered in {layout.edition}")
    for heading, ignored in layout.ignored.items():
        table.add_row(heading, "-", f"not read: {ignored.reason}")
    return table


def _rows_set_aside(trial: "Trial") -> RichTable:
    table = RichTable(title="Rows that would be set aside", **_LEFT)
    for heading in ("column", "what is wrong", "rows", "first rows"):
        table.add_column(heading, overflow="fold", justify="right" if heading == "rows" else "left")
    for _, column, reason, rows in trial.by_rule():
        table.add_row(column, reason, f"{len(rows):,}", ", ".join(map(str, sorted(rows)[:5])))
    return table


def print_run(ran: "Ran") -> None:
    """Print what the run made, what changed, what failed, and where to look."""
    for bug in ran.bugs:
        err.print(bug)
    if ran.bugs:
        err.print("This is a fault of the program, not of the data. The published file is as it was. Please report it.")
        return
    if ran.row_counts:
        out.print(_files(ran))
    for sentence in filter(None, ran.trouble):
        err.print(sentence)
    for sentence in ran.blocked:
        err.print(f"FAILED  {sentence}")
    for sentence in ran.warnings:
        err.print(f"WARNING {sentence}")
    if ran.publication is None:
        err.print(
            "Nothing was published; the published file is as it was. Open the checks with tryghed ui, mend what they name, and run again."
        )
    else:
        _print_publication(ran, ran.publication)


def _files(ran: "Ran") -> RichTable:
    """Return a table of how many rows each file had, and how many were kept and set aside."""
    table = RichTable(title="The files that came", **_LEFT)
    for heading in ("edition", "file", "rows came", "stayed", "set aside", ""):
        counted = heading in ("rows came", "stayed", "set aside")
        table.add_column(heading, overflow="fold", justify="right" if counted else "left")
    for row in ran.row_counts:
        counts = (f"{row[name]:,}" for name in ("rows_delivered", "rows_kept", "rows_rejected"))
        table.add_row(str(row["edition"]), row["file"], *counts, _made_up(row["provenance"]).strip(" ()"))
    return table


def _print_publication(ran: "Ran", publication: "AssetMaterialization") -> None:
    """Print rows and differences by table, how many checks hold, and where the files are."""
    publication_facts = {name: value.value for name, value in publication.metadata.items()}
    out.print(_differences(publication))
    passed, warned = sum(check.passed for check in ran.checks), len(ran.warnings)
    warnings = f"{warned} warning{'' if warned == 1 else 's'}"
    out.print(f"Checks, each of all editions: {passed} of {len(ran.checks)} hold, {warnings}, none blocks.")
    out.print(_CHANGED[str(publication_facts["difference"])])
    name = NAME
    if not publication_facts["stable_name_replaced"]:
        name = str(publication_facts["file"])
        out.print(f"{NAME} is open elsewhere and could not be replaced: the new figures are in {name}.")
    out.print(f"Published: {published_folder() / name} (publication {publication_facts['publication_id']})")
    out.print(f"Pictures: {pictures_folder()}")
    out.print("Next: tryghed status shows the verdicts. Begin with targets.verdicts and indicators.comparisons.")


_CHANGED = {
    "no difference": "No difference to the last publication.",
    "first publication": "This is the first publication.",
    "changed": "Changed since the last publication: see the columns above.",
}


def _differences(publication: "AssetMaterialization") -> RichTable:
    from dagster import TableMetadataValue

    columns = ("table", "rows", "made up", "added", "removed", "changed")
    table = RichTable(title="What came out", **_LEFT)
    for heading in columns:
        table.add_column(heading, justify="left" if heading == "table" else "right")
    rows = publication.metadata["rows"]
    for record in rows.records if isinstance(rows, TableMetadataValue) else ():
        table.add_row(*(str(record.data[name]) for name in columns))
    return table
