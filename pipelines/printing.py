"""Prints the results of the commands, and what to do next, in the reader's language.

The texts are in `texts.yml`. The results come from `running.py`, `status.py` and `assets/`. This module computes no
figures.
"""

import shutil
import sys
import textwrap
from pathlib import Path
from typing import TYPE_CHECKING, Any

from rich.console import Console
from rich.table import Table as RichTable
from rich.text import Text

from pipelines.texts import day, decimal, how_long_ago, number, sentence, text
from warehouse.decision_file import SEEN_LETTERS
from warehouse.home import PROJECT, landing_folder, path_for_reader, pictures_folder, published_folder, reference_file
from warehouse.publishing import NAME

if TYPE_CHECKING:
    from collections.abc import Sequence

    from assets.extracts.file_trial import Trial
    from assets.extracts.files import DeliveredFile
    from assets.targets.fixing import Act, FixedBaseline
    from assets.targets.sentences import Words
    from pipelines.full_status import DecisionInForce, Footnote, MissingDelivery, VerdictTable
    from pipelines.running import FailedCheck, Ran
    from pipelines.status import AgreementStatus, Status
    from warehouse.contracts import Row
    from warehouse.decision_file import Decision

out = Console(highlight=False, markup=False, soft_wrap=not sys.stdout.isatty())
err = Console(stderr=True, highlight=False, markup=False, soft_wrap=True)


LINES_OF_A_SCREEN, MOST_LISTED = 40, 5
_LEFT: dict[str, Any] = {"title_justify": "left", "title_style": "bold"}


def print_wrapped(line: str) -> None:
    """Print a line of text. If the line is wider than the terminal, break it between words.

    Every printed line after the first is indented.
    """
    _print_lines(_wrapped(line))


def print_error(line: str) -> None:
    """Print a message on standard error.

    On a terminal, a long message is broken between words. Otherwise the message stays on one line.
    """
    err.print("\n".join(_wrapped(line)) if err.is_terminal else line)


def _wrapped(line: str, indent: str = "  ") -> list[str]:
    return textwrap.wrap(line, out.width, subsequent_indent=indent, break_long_words=False, break_on_hyphens=False)


# --- tryghed run -------------------------------------------------------------------------------------------


def print_run(ran: "Ran") -> None:
    """Print the result of a run: new files, failed checks, changed tables, and the path of the published file."""
    for bug in ran.bugs:
        err.print(bug)
    if ran.bugs:
        err.print(text("program_fault"))
        return
    if ran.new_files:
        out.print(_new_files(ran.new_files))
    for trouble in filter(None, ran.trouble):
        print_error(sentence(trouble))
    for check in ran.failed:
        print_error(_failed_check(check))
    if ran.publication is None:
        print_error(text("nothing_published"))
    else:
        _print_publication(ran, {name: value.value for name, value in ran.publication.metadata.items()})


def _new_files(rows: "tuple[Row, ...]") -> RichTable:
    """Return a table of the new files. For each file, it shows how many rows were delivered, kept and rejected."""
    table = RichTable(title=text("new_files"), box=None, padding=(0, 1, 0, 0), pad_edge=False, **_LEFT)
    for heading in ("file", "delivered", "kept", "rejected"):
        table.add_column(text(heading), no_wrap=True, justify="left" if heading == "file" else "right")
    for row in rows:
        counts = (number(row[name]) for name in ("rows_delivered", "rows_kept", "rows_rejected"))
        table.add_row(f"{row['edition']}/{row['file']}", *counts)
    return table


def _failed_check(check: "FailedCheck") -> str:
    """Return a message about a failed check.

    The message says in which editions the check fails, in which of these editions the failure is new, and what to do.
    """
    if not check.new_editions:
        since = text("known_failure")
    elif check.new_editions == check.editions:
        since = text("new_failure")
    else:
        since = text("partly_new_failure", editions=spans(check.new_editions))
    editions = text("all_editions") if None in check.editions else text("of_editions", editions=spans(check.editions))
    return text(
        "check_fails",
        level=text("failed" if check.blocking else "warning"),
        table=check.table,
        rule=check.rule,
        editions=editions,
        rows=number(check.rows),
        first=f" ({text('first_row', key=check.first_row)})" if check.blocking and check.first_row else "",
        since=since,
        what_to_do=sentence(check.what_to_do),
    )


def spans(editions: "Sequence[int | None]") -> str:
    """Return a text that lists the editions. Consecutive editions are joined, such as `2017-2019, 2021`."""
    parts: list[list[int]] = []
    for edition in sorted(edition for edition in editions if edition is not None):
        if parts and parts[-1][-1] == edition - 1:
            parts[-1].append(edition)
        else:
            parts.append([edition])
    return ", ".join(str(part[0]) if len(part) == 1 else f"{part[0]}-{part[-1]}" for part in parts)


def _print_publication(ran: "Ran", facts: dict[str, Any]) -> None:
    """Print which tables changed, how many checks pass, and the paths of the published file and the pictures."""
    tables = [record.data for record in facts["rows"].records]
    if facts["difference"] == "first publication":
        sums = {name: number(sum(int(table[name]) for table in tables)) for name in ("rows", "made up")}
        out.print(text("first_publication", tables=len(tables), rows=sums["rows"], made_up=sums["made up"]))
    elif facts["difference"] == "no difference":
        out.print(text("no_difference"))
    else:
        out.print(_changed_tables(tables))
    out.print(text("checks_pass", passed=number(ran.checks - len(ran.failed)), checks=number(ran.checks)))
    name = NAME
    if not facts["stable_name_replaced"]:
        name = str(facts["file"])
        print_wrapped(text("open_elsewhere", name=NAME, file=name))
    file, pictures = path_for_reader(published_folder() / name), path_for_reader(pictures_folder())
    print_wrapped(text("published", file=file, publication_id=facts["publication_id"], pictures=pictures))


def _changed_tables(tables: list[dict[str, Any]]) -> RichTable:
    table = RichTable(title=text("changed_tables"), box=None, pad_edge=False, **_LEFT)
    for heading in ("table", "rows", "made_up", "added", "removed", "changed"):
        table.add_column(text(heading), no_wrap=True, justify="left" if heading == "table" else "right")
    for row in tables:
        counts = [row[name] for name in ("rows", "made up", "added", "removed", "changed")]
        if any(counts[2:]):
            table.add_row(row["table"], *map(number, counts))
    return table


def print_end_of_run(status: "Status") -> None:
    """Print the summary at the end of a run.

    The summary has a line for each target and a sentence for each agreement. Then it says what a person has to do, and
    where to find more.
    """
    _print_lines([*_banner(status), *_targets(status), ""])
    for agreement in status.agreements:
        print_wrapped(_agreement_in_short(agreement, status.words))
    overdue = len(_overdue(status))
    needed = [*_to_decide(status), *([text("overdue_deliveries", count=overdue)] if overdue else [])]
    for what in needed:
        print_wrapped(text("needs_a_person", what=what))
    if not needed:
        out.print(text("needs_nobody"))
    print_wrapped(text("where_to_look", dictionary=path_for_reader(PROJECT / "docs" / "DATA_DICTIONARY.md")))
    if shutil.which("tryghed") is None:
        print_wrapped(text("not_on_path", activate=path_for_reader(Path(sys.executable).parent / "activate")))


def _agreement_in_short(agreement: "AgreementStatus", words: "Words") -> str:
    """Return a sentence that says how many of an agreement's literal and statistical readings have each result.

    If the agreement has no readings, return a sentence that says why.
    """
    if not agreement.readings:
        return f"{_without_readings(agreement)}."
    literal, statistical = agreement.literal_counts(words), agreement.statistical_counts(words)
    return text("agreement_in_short", name=agreement.name, literal=literal, statistical=statistical)


def _without_readings(agreement: "AgreementStatus") -> str:
    if agreement.begins_after:
        return text("not_begun", name=agreement.name, year=agreement.begins_after)
    return text("no_targets", name=agreement.name)


# --- tryghed status ----------------------------------------------------------------------------------------


def print_status(status: "Status") -> None:
    """Print the short status of an edition.

    The status has a line for each target, the counts of the results, a list of what is overdue, and a list of what to
    decide. The two lists are shortened to fit on the screen.
    """
    shown = status.shown
    heading = "newest_edition" if shown.is_newest else "edition_shown"
    age = how_long_ago(shown.due_on, status.today)
    published_on = day(status.published_on)
    edition = text(heading, edition=shown.edition, due_on=day(shown.due_on), age=age, published_on=published_on)
    above = [*_banner(status), *_wrapped(edition), *_targets(status), *_counts(status)]
    for most in range(MOST_LISTED, 0, -1):
        lists = [
            *_list("overdue", "nothing_overdue", _overdue(status), most),
            *_list("to_decide", "nothing_to_decide", _to_decide(status), most),
        ]
        if len(above) + len(lists) < LINES_OF_A_SCREEN:
            break
    more = text("more", edition=shown.edition - 1) if shown.has_earlier else text("more_of_this")
    _print_lines([*above, *lists, *_wrapped(more)])


def _print_lines(lines: list[str]) -> None:
    out.print("\n".join(lines), soft_wrap=True)


def _banner(status: "Status") -> list[str]:
    return [text("made_up_banner")] if status.made_up else []


def _targets(status: "Status") -> list[str]:
    """Return the lines that show the targets of all agreements.

    An agreement with verdicts has a line with its name, a line for each target, and a line that explains the marks. An
    agreement without verdicts has one line, which says why.
    """
    lines = []
    for agreement in status.agreements:
        if not agreement.readings:
            lines += _wrapped(_without_readings(agreement))
            continue
        lines += _wrapped(agreement.heading())
        for line in agreement.lines(status.words, out.width):
            lines += _wrapped(line, "   ")
    return lines


def _counts(status: "Status") -> list[str]:
    lines = []
    for agreement in status.agreements:
        if agreement.readings:
            lines += _wrapped(text("literal_counts", counts=agreement.literal_counts(status.words)))
            lines += _wrapped(text("statistical_counts", counts=agreement.statistical_counts(status.words)))
    return lines


def _overdue(status: "Status") -> list[str]:
    editions = []
    if status.overdue:
        without_figures = spans([overdue.edition for overdue in status.overdue])
        editions = [text("overdue_editions", editions=without_figures, due_on=day(status.overdue[0].due_on))]
    deliveries = [
        text(
            "overdue_delivery",
            name=delivery.name,
            editions=spans(delivery.editions),
            deliverer=delivery.deliverer,
            due_on=day(delivery.since),
        )
        for delivery in status.missing
    ]
    return [*editions, *deliveries]


def _to_decide(status: "Status") -> list[str]:
    baselines = [
        text("baselines_to_fix", targets=", ".join(targets), agreement=agreement)
        for agreement, targets in status.baselines_to_fix
    ]
    return [*baselines, text("undecided_footnotes", count=status.footnotes)] if status.footnotes else baselines


def _list(heading: str, none: str, entries: list[str], most: int) -> list[str]:
    """Return the lines of a list: the heading, at most `most` entries, and the number of entries that are left out.

    `heading` is the heading's key in `texts.yml`. `none` is the key of the line that is returned if there are no
    entries.
    """
    if not entries:
        return [text(none)]
    lines = [text(heading)]
    for entry in entries[:most]:
        lines += _wrapped(f"- {entry}")
    return [*lines, f"- {text('and_more', count=len(entries) - most)}"] if len(entries) > most else lines


# --- tryghed status --all ----------------------------------------------------------------------------------


def _table(words: "Words", title: str, *headings: str) -> RichTable:
    table = RichTable(title=words["heading", title], **_LEFT)
    for heading in headings:
        table.add_column(words["heading", heading], overflow="fold")
    return table


def missing_table(missing: "list[MissingDelivery]", words: "Words") -> RichTable:
    """Return a table of missing deliveries.

    The columns are the delivery, who delivers it, the editions for which it is missing, and the day on which it was
    first due.
    """
    table = _table(words, "missing", "delivery", "from", "editions", "since")
    for delivery in missing:
        table.add_row(delivery.name, delivery.deliverer, spans(delivery.editions), day(delivery.since))
    return table


def print_footnotes(footnotes: "list[Footnote]", words: "Words") -> None:
    """Print the footnotes, each with its editions. Below a footnote, each of its checks has a line of its own.

    A check's name is never broken, so that it can be copied into the command `tryghed decide check`. A mark shows that
    a steward let the failed checks pass. Another mark shows that figures are made up.
    """
    out.print(words["heading", "footnotes"], style="bold")
    for footnote in footnotes:
        marks = [words["heading", "let_pass"]] if footnote.accepted else []
        marks += [words["provenance", "synthetic"]] if footnote.made_up else []
        text = footnote.text + "".join(f" ({mark})" for mark in marks)
        print_wrapped(f"- {spans(footnote.editions)}: {text}")
        _print_lines([f"    {check}" for check in footnote.checks])


def print_decisions(decisions: "list[DecisionInForce]", words: "Words") -> None:
    """Print the decisions in force, each with its first edition, what was decided, and who decided when and why.

    Names are never broken, so that they can be copied.
    """
    out.print(words["heading", "decisions"], style="bold")
    for decision in decisions:
        action = words["decision_action", decision.action]
        print_wrapped(
            f"- {decision.name}, {text('of_editions', editions=decision.edition)}: {action}, {decision.matter}"
        )
        print_wrapped(f"    {decision.person}, {day(decision.decided_on)}: {decision.reason}")


def verdicts_table(verdicts: "VerdictTable", words: "Words") -> RichTable | Text:
    """Return a table of an agreement's verdicts. Consecutive editions with the same readings share one line.

    If there are no verdicts, return the agreement's name and a sentence that says so.
    """
    if not verdicts.rows:
        return Text.assemble((verdicts.name, "bold"), f"\n{words['heading', 'no_targets']}\n")
    title = f"{verdicts.name}\n{words['heading', 'literal_statistical']}"
    table = RichTable(title=title, expand=True, **_LEFT)
    table.add_column(words["heading", "target"], no_wrap=True)
    table.add_column(words["heading", "measure"], ratio=3)
    table.add_column(words["heading", "editions"], no_wrap=True)
    table.add_column(words["heading", "reading"], ratio=2)
    for row in verdicts.rows:
        for position, (editions, reading) in enumerate(row.spans(verdicts.editions)):
            target_cells = (row.target_id, row.about) if position == 0 else ("", "")
            table.add_row(*target_cells, editions, reading)
    return table


# --- tryghed decide and baseline ---------------------------------------------------------------------------


def print_decision(decision: "Decision") -> None:
    """Print the name of the file that has the new decision, and what to do next."""
    file = reference_file("decisions.yml")
    print_wrapped(text("decision_written", name=decision.decision_id, file=file))
    print_wrapped(text("next_after_decision", edition=decision.edition))


def print_baselines(act: "Act", names: dict[str, str]) -> None:
    """Print which baselines were fixed (set permanently) now, which were fixed earlier, and what to do next.

    `names` has the name of each measure in the reader's language.
    """
    for lines, outcome in ((act.written, text("fixed")), (act.stood, text("unchanged"))):
        for line in lines:
            _print_lines(_wrapped(f"{_baseline(line, names[line.measure])}: {outcome}", indent="     "))
    for target in act.missing:
        print_wrapped(text("baseline_without_figure", target=target.target_id, measure=names[target.measure]))
    if act.written:
        file = reference_file("fixed_baselines.csv")
        print_wrapped(text("next_after_fixing", edition=act.written[0].edition, file=file))


def _baseline(line: "FixedBaseline", measure: str) -> str:
    """Return a line about a fixed baseline: the target, the measure, the year, the figures and their source."""
    figures = [
        text("per_cent", share=number(line.share_percent)) if line.share_percent is not None else "",
        text("reports", reports=number(line.reports)) if line.reports is not None else "",
        text("per_1000", rate=number(line.rate_per_1000)) if line.rate_per_1000 is not None else "",
        text("made_up") if line.provenance == "synthetic" else "",
    ]
    return text(
        "baseline",
        target=f"{line.target_id:<3}",
        measure=measure,
        year=line.edition - (line.crime_type is not None),
        figures=", ".join(filter(None, figures)),
        made_from=line.made_from,
    )


# --- tryghed extracts check --------------------------------------------------------------------------------


def print_trial(trial: "Trial") -> None:
    """Print the result of trying one file without a run.

    The result says how the file and its columns are read, which rows would be rejected, and what to do next.
    """
    from assets.extracts.intake import rejected_share
    from assets.extracts.layouts import specification_path

    file, layout = trial.file, trial.file.layout
    specification = specification_path(layout.extract)
    print_wrapped(
        text(
            "file_is",
            file=f"{file.path.name} ({text('made_up')})" if file.provenance == "synthetic" else file.path.name,
            rows=number(file.rows),
            format=text("sheet", format=file.format, sheet=file.sheet) if file.sheet else file.format,
            specification=specification,
            producer=sentence(layout.producer),
            edition=file.edition,
            fingerprint=file.sha256[:SEEN_LETTERS],
        )
    )
    out.print(text("columns_read", table=layout.table.name), style="bold")
    for line in _columns_read(file):
        print_wrapped(f"- {line}")
    if trial.rejected:
        out.print(text("rejected_rows"), style="bold")
    for _, column, reason, rows in trial.by_rule():
        first_rows = ", ".join(map(str, sorted(rows)[:5]))
        print_wrapped(
            text(
                "rejected_for",
                column=sentence(column),
                reason=sentence(reason),
                rows=number(len(rows)),
                first_rows=first_rows,
            )
        )
    if trial.unmapped_codes:
        codes = ", ".join(f"{code} ({number(reports)})" for code, reports in trial.unmapped_codes)
        print_wrapped(text("unmapped_codes", codes=codes))
    if trial.places_unknown:
        print_wrapped(text("places_unknown", reports=number(trial.places_unknown), rows=number(file.rows)))
    print_wrapped(
        text(
            "rejected_of",
            rejected=number(trial.rejected_rows),
            rows=number(file.rows),
            share=decimal(rejected_share(trial.rejected_percent, layout.tolerated_rejected_percent)),
            tolerated=decimal(f"{layout.tolerated_rejected_percent:g}"),
        )
    )
    if trial.tolerated:
        folder = landing_folder() / str(file.edition)
        is_in_place = file.path.resolve().is_relative_to(folder.resolve())
        print_wrapped(text("next_in_place" if is_in_place else "next_after_check", folder=path_for_reader(folder)))
    else:
        print_error(text("too_many_rejected", file=file.path.name, specification=specification))


def _columns_read(file: "DeliveredFile") -> list[str]:
    """Return a line for each column of the file: the name under which it is read, or the reason why it is not read.

    The last lines name the specification's columns that are not in the files of this edition.
    """
    from assets.extracts.formats import names_of

    lines, layout = [], file.layout
    for name, heading in layout.headings.items():
        labels = layout.columns[name].labels
        how = f" ({text('labels', count=len(labels))})" if labels else ""
        lines.append(f"{heading} → {name}{how}")
    in_file = names_of(file.path, file.format, layout.writing) or ()
    lines += [
        f"{heading}: {text('not_read', reason=sentence(ignored.reason))}"
        for heading, ignored in layout.ignored.items()
        if heading in in_file
    ]
    missing = layout.columns.keys() - layout.headings.keys()
    return [*lines, *(text("not_in_edition", column=name, edition=layout.edition) for name in sorted(missing))]
