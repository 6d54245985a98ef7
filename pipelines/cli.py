"""The command line. What is printed is here; what is done is in `running.py` and `status.py`.

Exit codes: 0 done; 1 a blocking check failed and nothing was published; 2 wrong usage or input; 70 a bug.
"""

import os
import sys
import traceback
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click
from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeElapsedColumn
from rich.table import Table as RichTable
from rich.text import Text

from warehouse import store
from warehouse.decisions import SEEN_LETTERS
from warehouse.errors import InputError, StoreError, disk_trouble
from warehouse.home import PROJECT, landing_folder, pictures_folder, published_folder
from warehouse.publishing import NAME, open_published

if TYPE_CHECKING:
    from datetime import date

    from dagster import AssetMaterialization

    from assets.decisions.writing import By
    from assets.extracts.trial import Trial
    from assets.targets.sentences import Words
    from pipelines.running import Ran
    from pipelines.status import Footnote, Language, MissingDelivery, VerdictTable
    from warehouse.decisions import Decision

DONE, BLOCKED, WRONG, BUG = 0, 1, 2, 70

out = Console(highlight=False, markup=False, soft_wrap=not sys.stdout.isatty())
err = Console(stderr=True, highlight=False, markup=False, soft_wrap=True)


def main(arguments: Sequence[str] | None = None) -> None:
    """Run the command line and end the process with its exit code."""
    sys.exit(run(arguments))


def run(arguments: Sequence[str] | None = None) -> int:
    """Run the command line and return its exit code. Expected trouble is one sentence on standard error."""
    try:
        return int(tryghed.main(args=arguments, prog_name="tryghed", standalone_mode=False) or DONE)
    except (click.exceptions.Abort, KeyboardInterrupt):
        err.print("Interrupted. The published file is as it was; the same command again makes what is missing.")
        return WRONG
    except click.ClickException as error:
        error.show()
        return WRONG
    except (InputError, StoreError) as error:
        err.print(str(error))
        return WRONG
    except Exception as error:  # noqa: BLE001  the last place that can tell a bug from bad data, by its exit code
        sentence = disk_trouble(error) if isinstance(error, OSError) else None
        if sentence:
            err.print(sentence)
            return WRONG
        traceback.print_exc()
        err.print("This is a fault of the program, not of the data. The published file is as it was. Please report it.")
        return BUG


@click.group(context_settings={"help_option_names": ["-h", "--help"], "max_content_width": 100})
@click.version_option(package_name="tryghed")
def tryghed() -> None:
    """Yearly figures and verdicts for local safety partnerships.

    \b
    Once a year:
      1. Add the new figures to warehouse/reference/published_figures.csv, each with its source.
      2. tryghed extracts check FILE   says what a delivered file is and what is wrong with it;
                                       then put it into data/landing/<edition>/
      3. tryghed run                   makes every table, checks it, and publishes the DuckDB file
      4. tryghed status                shows the verdicts, what to know of them, and what is missing
      5. tryghed ui                    opens the Dagster page, where failed checks are explained
      6. tryghed decide                writes a decision on what failed or was set aside, for all later runs

    Once in an agreement's life: tryghed baseline fix, when the baseline's crime year has been reported.

    Without delivered files, tryghed sample writes made-up ones to try all this with.

    Exit codes: 0 done; 1 a blocking check failed and nothing was published; 2 wrong usage or input.
    """


@tryghed.command("run")
@click.argument("editions", nargs=-1, type=click.IntRange(2009, 2100), metavar="[EDITION]...")
def run_command(editions: tuple[int, ...]) -> int:
    """Make the tables of the editions, check them, and publish the DuckDB file.

    Without an EDITION all are made. Editions after the ones you name are made again too, as they are compared
    with them, and so are earlier ones that are not in the store yet.

    \b
    Examples:
      tryghed run               all editions
      tryghed run 2022          edition 2022 and those that are compared with it
      tryghed run 2021 2022     two of them
    """
    with out.status("Reading the reference files and loading Dagster ..."):
        from pipelines.running import run_editions
        from pipelines.yearly import editions_to_make

        made = editions_to_make(editions)
        store.hold(lambda: out.print("Another run is making tables: waiting for its end ..."))
    out.print(f"Editions {made[0]} to {made[-1]}{_why_these(editions, made)}.")
    with Progress(
        TextColumn("{task.description:<28}"),
        BarColumn(),
        MofNCompleteColumn(),
        TimeElapsedColumn(),
        console=out,
        transient=True,
    ) as progress:
        task = progress.add_task("starting", total=None)

        def on_step(name: str, steps: int) -> None:
            progress.update(task, description=_in_words(name), total=steps, advance=1)
            if not out.is_terminal:
                out.print(f"  {_in_words(name)}")

        ran = run_editions(made, on_step)
    return _tell(ran)


@tryghed.command("status")
@click.option("--language", type=click.Choice(["en", "da"]), default="en", show_default=True, help="English or Danish.")
def status_command(language: "Language") -> None:
    """Show the verdicts, what to know of the figures, the decisions on them, and which deliveries are missing."""
    from pipelines.status import (
        baselines_to_fix,
        decisions_in_force,
        footnotes,
        missing_deliveries,
        verdict_tables,
        words,
    )

    connection = open_published()
    said = words(connection, language)
    for verdicts in verdict_tables(connection, language):
        out.print(_verdicts(verdicts, said))
    for agreement_id, targets in baselines_to_fix(connection):
        out.print(
            f"{said['heading', 'not_fixed']} {', '.join(targets)}: tryghed baseline fix {agreement_id} --person NAME"
        )
    if known := footnotes(connection, language):
        out.print(_footnotes(known, said))
    if decided := decisions_in_force(connection):
        out.print(_decisions(decided, said))
    if missing := missing_deliveries(connection, language):
        out.print(_missing(missing, said))
    else:
        out.print(said["heading", "nothing_missing"])


def _table(said: "Words", title: str, *headings: str) -> RichTable:
    table = RichTable(title=said["heading", title], title_justify="left", title_style="bold")
    for heading in headings:
        table.add_column(said["heading", heading], overflow="fold")
    return table


def _missing(missing: "list[MissingDelivery]", said: "Words") -> RichTable:
    table = _table(said, "missing", "delivery", "from", "editions", "since")
    for one in missing:
        table.add_row(one.name, one.deliverer, ", ".join(map(str, one.editions)), one.since.isoformat())
    return table


def _footnotes(known: "list[Footnote]", said: "Words") -> RichTable:
    table = _table(said, "footnotes", "footnote", "editions")
    for one in known:
        marks = [said["heading", "let_pass"]] if one.accepted else []
        marks += [said["provenance", "synthetic"]] if one.made_up else []
        table.add_row(one.text + "".join(f" ({mark})" for mark in marks), ", ".join(map(str, one.editions)))
    return table


def _decisions(decided: list[tuple[str, int, str, str, "date", str]], said: "Words") -> RichTable:
    table = _table(said, "decisions", "decision", "editions", "decided", "decided_by", "decided_on", "why")
    for name, edition, about, person, day, reason in decided:
        table.add_row(name, str(edition), about, person, day.isoformat(), reason)
    return table


def _verdicts(verdicts: "VerdictTable", said: "Words") -> RichTable | Text:
    """An agreement's verdicts: consecutive editions with the same readings on one line."""
    if not verdicts.rows:
        return Text.assemble((verdicts.name, "bold"), f"\n{said['heading', 'no_targets']}\n")
    title = f"{verdicts.name}\n{said['heading', 'literal_statistical']}"
    table = RichTable(title=title, title_justify="left", title_style="bold", expand=True)
    table.add_column(said["heading", "target"], no_wrap=True)
    table.add_column(said["heading", "measure"], ratio=3)
    table.add_column(said["heading", "editions"], no_wrap=True)
    table.add_column(said["heading", "reading"], ratio=2)
    for row in verdicts.rows:
        for number, (editions, reading) in enumerate(row.spans(verdicts.editions)):
            about = (row.target_id, row.about) if number == 0 else ("", "")
            table.add_row(*about, editions, reading)
    return table


@tryghed.group("decide")
def decide() -> None:
    """Decide on what a run found, as an entry of warehouse/reference/decisions.yml that every later run replays.

    An entry holds for what you saw: it lapses when the file, or the table that failed the check, has other content.
    """


def _by(command: Any) -> Any:
    """The options that every decision has."""
    for option in (
        click.option(
            "--expires-on", type=click.DateTime(["%Y-%m-%d"]), help="Last day on which it holds, as 2027-06-01."
        ),
        click.option("--reason", required=True, help="Why; it is published, so name nobody."),
        click.option("--person", required=True, help="Who decides; the name is published."),
    ):
        command = option(command)
    return command


SEEN = click.option(
    "--seen",
    default="",
    help="Fingerprint of the file that you saw; needed where it is not the one that the last run took in.",
)


@decide.command("check")
@click.argument("table")
@click.argument("rule")
@click.argument("edition", type=click.IntRange(2009, 2100))
@click.argument("seen")
@_by
def decide_check_command(table: str, rule: str, edition: int, seen: str, **by: Any) -> None:
    """Accept that the check RULE of TABLE fails in EDITION; with --expires-on, waive it until then.

    SEEN is the fingerprint that Dagster shows beside the failed check: the decision holds for those data alone.

    \b
    Example:
      tryghed decide check quality.reconciliation figures_agree 2024 0123456789ab --person "A. Steward" \\
        --reason "The police count attempts apart." --expires-on 2025-06-01
    """
    with out.status("Looking at the check ..."):
        from assets.decisions.writing import decide_on_check

        decision = decide_on_check(table, rule, edition, seen, _who(by))
    _decided(decision)


@decide.command("row")
@click.argument("edition", type=click.IntRange(2009, 2100))
@click.argument("file")
@click.argument("row", type=click.IntRange(1))
@click.option("--action", type=click.Choice(["accept", "correct", "drop"]), required=True, help="What becomes of it.")
@click.option("--column", help="Column to correct, by our name of it.")
@click.option("--value", help="What is to stand there, as the producer would have written it.")
@SEEN
@_by
def decide_row_command(
    edition: int, file: str, row: int, action: str, column: str | None, value: str | None, seen: str, **by: Any
) -> None:
    """Accept, correct or drop the ROW of FILE that was set aside in EDITION.

    \b
    Example:
      tryghed decide row 2023 svar_2023.csv 17 --action correct --column area_code --value Valby \\
        --person "A. Steward" --reason "The vendor confirmed it."
    """
    with out.status("Reading the file ..."):
        from assets.decisions.writing import decide_on_row

        decision = decide_on_row(edition, file, row, action, _who(by), column, value, seen)
    _decided(decision)


@decide.command("share")
@click.argument("edition", type=click.IntRange(2009, 2100))
@click.argument("file")
@SEEN
@_by
def decide_share_command(edition: int, file: str, seen: str, **by: Any) -> None:
    """Accept that more rows of FILE are set aside in EDITION than its specification tolerates."""
    from assets.decisions.writing import decide_on_share

    _decided(decide_on_share(edition, file, _who(by), seen))


@decide.command("code")
@click.argument("edition", type=click.IntRange(2009, 2100))
@click.argument("offence_code")
@click.option("--crime-type", help="What its reports count as; without it they count under no crime type.")
@_by
def decide_code_command(edition: int, offence_code: str, crime_type: str | None, **by: Any) -> None:
    """Say what reports with an OFFENCE_CODE that no line of the mapping holds count as, from EDITION on."""
    from assets.decisions.writing import decide_on_code

    _decided(decide_on_code(edition, offence_code, crime_type, _who(by)))


def _who(by: dict[str, Any]) -> "By":
    from datetime import date

    from assets.decisions.writing import By

    until = by["expires_on"].date() if by["expires_on"] else None
    return By(by["person"], by["reason"], date.today(), until)


def _decided(decision: "Decision") -> None:
    out.print(f"Written to warehouse/reference/decisions.yml: {decision.decision_id}.")
    out.print(f"Next: tryghed run {decision.edition}, and commit the file.")


@tryghed.group("baseline")
def baseline() -> None:
    """The levels that targets start from."""


@baseline.command("fix")
@click.argument("agreement_id")
@click.option("--person", required=True, help="Who fixes them; the name stands in the published file.")
@click.option("--reason", help="Why; needed where a fixed baseline is replaced.")
def baseline_fix_command(agreement_id: str, person: str, reason: str | None) -> None:
    """Fix the baselines of AGREEMENT_ID's targets at the figures that the store holds now.

    They are written to warehouse/reference/fixed_baselines.csv with the person, the day, and the files that they come
    from. Later files change nothing of them: the difference shows, and only this command with a reason replaces one.

    \b
    Example:
      tryghed baseline fix tingbjerg_husum_2021_2024 --person "A. Steward"
    """
    with out.status("Reading the reference files and the store ..."):
        from datetime import date

        from assets.targets.fixing import fix_baselines

        act = fix_baselines(agreement_id, person, reason, date.today())
    table = RichTable(title="Baselines", **_LEFT)
    numbers = ("per cent", "reports", "per 1000")
    for heading in ("target", "measure", "year", *numbers, "from", ""):
        table.add_column(heading, overflow="fold", justify="right" if heading in numbers else "left")
    for lines, done in ((act.written, "fixed"), (act.stood, "stands as it was")):
        for line in lines:
            year = line["edition"] - (line["crime_type"] is not None)
            shown = ((line["share_percent"], ".1f"), (line["reports"], ","), (line["rate_per_1000"], ".1f"))
            figures = (str(year), *("" if value is None else format(value, form) for value, form in shown))
            table.add_row(
                line["target_id"], line["measure"], *figures, line["made_from"], done + _made_up(line["provenance"])
            )
    out.print(table)
    for missing in act.missing:
        out.print(f"No figure yet: {missing}.")
    if act.written:
        out.print(f"Next: tryghed run {act.written[0]['edition']}, and commit warehouse/reference/fixed_baselines.csv.")


@tryghed.group("extracts")
def extracts() -> None:
    """Delivered files: what they are, and what is wrong with them."""


@extracts.command("check")
@click.argument("file", type=click.Path(path_type=Path))
@click.option(
    "--edition", type=click.IntRange(2009, 2100), help="Edition it is for; else its folder's, else the newest."
)
def extracts_check_command(file: Path, edition: int | None) -> int:
    """Say what FILE is, which specification fits it, and what is wrong with it, before anything runs.

    Nothing is stored. Exit code 0: a run would take the file; 1: too many rows would be set aside; 2: no run could
    read it.

    \b
    Example:
      tryghed extracts check data/landing/2023/anmeldelser_2023.csv
    """
    with out.status("Reading the file ..."):  # its name is not looked at yet, and may be somebody's
        from assets.extracts.trial import try_file
        from pipelines.yearly import edition_of_file

        edition = edition or edition_of_file(file)
        trial = try_file(file, edition)
    return _tell_trial(trial)


@tryghed.command("sample")
@click.option("--seed", default=1, show_default=True, type=click.IntRange(min=0), help="The same seed, the same bytes.")
def sample_command(seed: int) -> None:
    """Write made-up extracts of editions 2017 to 2025 into the landing folder, to try everything with.

    No real ones are public. Their names begin with synthetic_, and all that is made of them is marked so. The folder
    may hold no other files.
    """
    from assets.extracts.sample import write_sample

    written = write_sample(landing_folder(), seed, lambda line: out.print(f"  {line}"))
    out.print(f"{len(written)} made-up files in {landing_folder()}. Next: tryghed run.")


@tryghed.command("ui")
@click.option(
    "--host", default="127.0.0.1", show_default=True, help="Address to listen on; others can reach any but this one."
)
@click.option("--port", default=3000, show_default=True, type=click.IntRange(1, 65535), help="Port to listen on.")
def ui_command(host: str, port: int) -> None:
    """Open the Dagster page, where runs, tables and checks are seen."""
    from pipelines.running import prepare_dagster_home

    os.environ["TMPDIR"] = str(prepare_dagster_home())
    os.environ["PYTHONWARNINGS"] = "ignore:Function `dev_command` is superseded"  # its successor needs one package more
    out.print(f"The Dagster page will be at http://{host}:{port} in about ten seconds. End it with Ctrl-C.")
    dagster = os.path.join(os.path.dirname(sys.executable), "dagster")  # noqa: PTH118, PTH120
    os.execv(dagster, [dagster, "dev", "-w", str(PROJECT / "workspace.yaml"), "-h", host, "-p", str(port)])  # noqa: S606


@tryghed.command("serve")
@click.option("--port", default=3000, show_default=True, type=click.IntRange(1, 65535), help="Port to listen on.")
@click.option("--read-only", is_flag=True, help="A page on which everything is seen and nothing can be started.")
@click.option("--daemon", is_flag=True, help="No page, but what starts the runs that the pages ask for; needed once.")
def serve_command(port: int, read_only: bool, daemon: bool) -> None:
    """Serve the Dagster page on this machine to a proxy that signs people in: deploy/nginx.conf.

    Every run that is launched carries the name that the proxy gives, and a decision is made by that name.
    """
    from pipelines.serving import serve, start_what_is_asked_for

    if daemon:
        start_what_is_asked_for()
    out.print(f"Serving the page at http://127.0.0.1:{port}. End it with Ctrl-C.")
    serve(port, read_only=read_only)


def _why_these(wanted: tuple[int, ...], made: range) -> str:
    others = len(made) - len(set(wanted)) if wanted else 0
    return f" ({others} beside the ones you named: later editions are compared with earlier ones)" if others else ""


def _in_words(step: str) -> str:
    """A step's name as its table's."""
    return step.replace("__", ".")


def _tell_trial(trial: "Trial") -> int:
    """What the file is, how its columns are read, which rows would be set aside, and what to do next."""
    from assets.extracts.intake import share_in_words

    file, specification = trial.file, trial.file.specification
    sheet = f", sheet {file.sheet}" if file.sheet else ""
    out.print(
        f"{file.path.name}{_made_up(file.provenance)}: {file.rows:,} rows ({file.format}{sheet}), read by extracts/{specification.extract}.yml: {specification.producer}, edition {file.edition}; fingerprint {file.sha256[:SEEN_LETTERS]}.",
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
        f"{trial.rejected_rows:,} of {file.rows:,} rows would be set aside ({share_in_words(trial.rejected_percent, specification.tolerated_rejected_percent)})."
    )
    if trial.tolerated:
        out.print(f"Next: put it into {landing_folder() / str(file.edition)} and start tryghed run.")
        return DONE
    err.print(
        f"{file.path.name}: too many rows would be set aside, and a run would stop: ask for the file again, or correct extracts/{specification.extract}.yml where it is not meant so.",
    )
    return BLOCKED


def _made_up(provenance: str) -> str:
    return " (made up)" if provenance == "synthetic" else ""


def _columns_read(trial: "Trial") -> RichTable:
    specification, edition = trial.file.specification, trial.file.edition
    named = specification.names_in(edition)
    table = RichTable(title=f"How its columns are read into {specification.table}", **_LEFT)
    for heading in ("column of the file", "is read as", "by"):
        table.add_column(heading, overflow="fold")
    for ours, theirs in named.items():
        labels = specification.columns[ours].labels_in(edition)
        table.add_row(theirs, ours, f"{len(labels)} labels" if labels else "as it stands")
    for ours in specification.columns.keys() - named.keys():
        table.add_row("-", ours, f"not asked or not delivered in {edition}")
    for theirs, ignored in specification.ignored.items():
        table.add_row(theirs, "-", f"not read: {ignored.reason}")
    return table


def _rows_set_aside(trial: "Trial") -> RichTable:
    table = RichTable(title="Rows that would be set aside", **_LEFT)
    for heading in ("column", "what is wrong", "rows", "first rows"):
        table.add_column(heading, overflow="fold", justify="right" if heading == "rows" else "left")
    for _, column, reason, rows in trial.by_rule():
        table.add_row(column, reason, f"{len(rows):,}", ", ".join(map(str, sorted(rows)[:5])))
    return table


_LEFT: dict[str, Any] = {"title_justify": "left", "title_style": "bold"}


def _tell(ran: "Ran") -> int:
    """What came out, what changed, and where to look; the exit code."""
    for bug in ran.bugs:
        err.print(bug)
    if ran.bugs:
        err.print("This is a fault of the program, not of the data. The published file is as it was. Please report it.")
        return BUG
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
        return WRONG if any(ran.trouble) else BLOCKED
    _tell_publication(ran, ran.publication)
    return DONE


def _files(ran: "Ran") -> RichTable:
    """How many rows of each file came, stayed and were set aside."""
    table = RichTable(title="The files that came", **_LEFT)
    for heading in ("edition", "file", "rows came", "stayed", "set aside", ""):
        counted = heading in ("rows came", "stayed", "set aside")
        table.add_column(heading, overflow="fold", justify="right" if counted else "left")
    for row in ran.row_counts:
        counts = (f"{row[name]:,}" for name in ("rows_delivered", "rows_kept", "rows_rejected"))
        table.add_row(str(row["edition"]), row["file"], *counts, _made_up(row["provenance"]).strip(" ()"))
    return table


def _tell_publication(ran: "Ran", publication: "AssetMaterialization") -> None:
    """Rows and differences by table, how the checks went, and where to look."""
    said = {name: value.value for name, value in publication.metadata.items()}
    out.print(_differences(publication))
    held, warned = sum(check.passed for check in ran.checks), len(ran.warnings)
    warnings = f"{warned} warning{'' if warned == 1 else 's'}"
    out.print(f"Checks, each of all editions: {held} of {len(ran.checks)} hold, {warnings}, none blocks.")
    out.print(_CHANGED[str(said["difference"])])
    name = NAME
    if not said["stable_name_replaced"]:
        name = str(said["file"])
        out.print(f"{NAME} is open elsewhere and could not be replaced: the new figures are in {name}.")
    out.print(f"Published: {published_folder() / name} (publication {said['publication_id']})")
    out.print(f"Pictures: {pictures_folder()}")
    out.print("Next: tryghed status shows the verdicts. Begin with targets.verdicts and safety.yearly_changes.")


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
