"""The commands of `tryghed`.

`printing.py` prints the results of the commands. `running.py`, `status.py` and `assets/` do the work.

Exit codes: 0 done; 1 a blocking check failed and nothing was published, or `extracts check` found too many rows to
reject; 2 wrong usage or wrong input; 70 a bug.
"""

import itertools
import os
import sys
import time
import traceback
from collections.abc import Callable, Sequence
from datetime import date, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Literal, TypedDict, TypeVar, Unpack

import click
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeElapsedColumn

from pipelines import full_status
from pipelines.help_pages import TranslatedGroup, WholeNumber, edition_argument
from pipelines.printing import (
    err,
    missing_table,
    out,
    print_baselines,
    print_decision,
    print_decisions,
    print_end_of_run,
    print_error,
    print_footnotes,
    print_run,
    print_status,
    print_trial,
    print_wrapped,
    verdicts_table,
)
from pipelines.status import is_made_up, read_status
from pipelines.texts import reader_language, sentence, text
from warehouse import store
from warehouse.errors import InputError, StoreError, disk_trouble
from warehouse.home import (
    PROJECT,
    PROJECT_REFERENCE,
    landing_folder,
    path_for_reader,
    reference_folder,
    sample_reference_folder,
)
from warehouse.publishing import open_published
from warehouse.reference_files import load_reference

if TYPE_CHECKING:
    from assets.decisions.deciding import By
    from pipelines.running import OnStep, Ran

DONE, BLOCKED, WRONG, BUG = 0, 1, 2, 70


def main(arguments: Sequence[str] | None = None) -> None:
    """Run the command line, then end the process with the command's exit code."""
    sys.exit(run(arguments))


def run(arguments: Sequence[str] | None = None) -> int:
    """Run the command line, and return the command's exit code.

    An expected error is printed on standard error as one sentence. A bug is printed with its traceback.
    """
    try:
        return int(tryghed.main(args=arguments, prog_name="tryghed", standalone_mode=False) or DONE)
    except (click.exceptions.Abort, KeyboardInterrupt):
        err.print(text("interrupted"))
        return WRONG
    except click.exceptions.NoArgsIsHelpError as error:
        error.show()
        return WRONG
    except click.ClickException as error:
        print_error(text("wrong_usage", message=sentence(error.format_message())))
        return WRONG
    except (InputError, StoreError) as error:
        print_error(sentence(str(error)))
        return WRONG
    except Exception as error:  # noqa: BLE001  any other exception is a bug and gets its own exit code
        trouble = disk_trouble(error) if isinstance(error, OSError) else None
        if trouble:
            print_error(sentence(trouble))
            return WRONG
        traceback.print_exc()
        err.print(text("program_fault"))
        return BUG


@click.group(cls=TranslatedGroup, context_settings={"help_option_names": ["-h", "--help"], "max_content_width": 100})
@click.version_option(package_name="tryghed")
def tryghed() -> None:
    """Yearly figures and verdicts for local safety partnerships.

    \b
    Once a year:
      1. Add the new figures, each with its source, to published_figures.csv.
      2. tryghed extracts check FILE   shows what is wrong with a delivered file
      3. Put the file into data/landing/<edition>/.
      4. tryghed run                   makes, checks and publishes the tables
      5. tryghed status                shows targets and what is overdue
      6. tryghed ui                    starts the page that explains failed checks
      7. tryghed decide                decides on a failed check or a rejected row

    Once for each agreement: run tryghed baseline fix as soon as there are crime figures for the baseline's year.
    This command fixes (sets permanently) the level that each target starts from.

    If you have no delivered files, start with tryghed sample. It writes made-up files, so that you can try every
    command.

    Messages and help are in Danish if TRYGHED_LANGUAGE begins with da. If TRYGHED_LANGUAGE is not set, the locale
    decides.

    Exit codes: 0 done; 1 a blocking check failed and nothing was published; 2 wrong usage or input; 70 a fault of the
    program.
    """


@tryghed.command("run")
@click.argument("editions", nargs=-1, type=edition_argument, metavar="[EDITION]...")
def run_command(editions: tuple[int, ...]) -> int:
    """Make the tables of the editions, check them, and publish the DuckDB file.

    Without EDITION, the run makes every edition. With EDITION, the run makes that edition and all later editions,
    because each edition is compared with earlier editions. If an earlier edition is not in the store yet, the run
    starts with the earliest such edition.

    \b
    Examples:
      tryghed run               all editions
      tryghed run 2022          edition 2022 and later editions
      tryghed run 2021 2022     editions 2021, 2022 and later editions
    """
    from assets.extracts.landing import landed_editions
    from pipelines.editions import editions_to_make
    from pipelines.first_look import bad_files

    editions_made = editions_to_make(editions)
    _print_reference_files()
    with _progress() as progress:
        task = progress.add_task(text("looking_through_files"), total=len(landed_editions()))
        refused = bad_files(editions_made, lambda number, files: progress.update(task, completed=number, total=files))
    if refused:
        for refusal in refused:
            print_error(sentence(refusal))
        print_error(text("bad_files"))
        return WRONG
    with out.status(text("loading")):
        from pipelines.running import run_editions

        store.hold(lambda: out.print(text("waiting")))
    name = "editions_added" if (added := _added(editions, editions_made)) else "editions"
    print_wrapped(text(name, first=editions_made[0], last=editions_made[-1], added=added))
    with _progress() as progress:
        ran = run_editions(editions_made, _step_printer(progress))
    print_run(ran)
    if ran.publication is not None:
        print_end_of_run(read_status(None, date.today()))
    return _exit_code(ran)


def _print_reference_files() -> None:
    """If the run reads the sample's copy of the reference files, print a line that says so.

    Also print the names of the files in the original folder that differ from the copy.
    """
    if reference_folder() != sample_reference_folder():
        return
    from pipelines.sample_reference import changed_since_copied

    print_wrapped(text("sample_reference", folder=path_for_reader(reference_folder())))
    if changed := changed_since_copied(PROJECT_REFERENCE):
        print_error(
            text("sample_reference_changed", original=path_for_reader(PROJECT_REFERENCE), files=", ".join(changed))
        )


def _progress() -> Progress:
    return Progress(
        TextColumn("{task.description:<28}"),
        BarColumn(),
        MofNCompleteColumn(),
        TimeElapsedColumn(),
        console=out,
        transient=True,
    )


def _step_printer(progress: Progress) -> "OnStep":
    """Return a function that shows the progress of a run. The run calls the function at the start of each step.

    On a terminal, the function moves the progress bar. If the output does not go to a terminal, the function prints a
    line for each step.
    """
    started, done = time.monotonic(), itertools.count(1)
    task = progress.add_task(text("loading"), total=None)

    def on_step(step: str, steps: int) -> None:
        name, number, seconds = step.replace("__", "."), next(done), int(time.monotonic() - started)
        progress.update(task, description=name, total=steps, completed=number)
        if not out.is_terminal:
            out.print(
                text(
                    "step", number=f"{number:>2}", steps=steps, elapsed=f"{seconds // 60}:{seconds % 60:02}", name=name
                )
            )

    return on_step


def _added(wanted: tuple[int, ...], editions_made: range) -> int:
    """Return how many editions the run makes besides those that the user named.

    Return 0 if the user named none.
    """
    return len(editions_made) - len(set(wanted)) if wanted else 0


def _exit_code(ran: "Ran") -> int:
    """Return the exit code of a run.

    The exit code is 0 if the run published the file, 1 if a check blocked it, 2 if the input was wrong, and 70 if there
    was a bug.
    """
    if ran.bugs:
        return BUG
    if ran.publication is None:
        return WRONG if any(ran.trouble) else BLOCKED
    return DONE


@tryghed.command("status")
@click.argument("edition", required=False, type=edition_argument)
@click.option("--all", "everything", is_flag=True, help="Every verdict, footnote, decision and missing delivery.")
def status_command(edition: int | None, everything: bool) -> None:
    """Show the status of each target, overdue deliveries, and open decisions.

    If you name an EDITION, the command shows the status of that edition. Otherwise it shows the newest edition with
    figures.

    The output is in Danish if TRYGHED_LANGUAGE begins with da. If TRYGHED_LANGUAGE is not set, the locale decides.

    \b
    Examples:
      tryghed status                          the newest edition
      tryghed status 2022                     the status as of edition 2022
      TRYGHED_LANGUAGE=da tryghed status      in Danish
    """
    if everything and edition:
        raise click.UsageError(text("edition_or_all"))
    if everything:
        _print_everything()
    else:
        print_status(read_status(edition, date.today()))


def _print_everything() -> None:
    connection = open_published()
    if is_made_up(connection):
        out.print(text("made_up_banner"), style="bold")
    in_words = full_status.words(connection)
    for verdicts in full_status.verdict_tables(connection):
        out.print(verdicts_table(verdicts, in_words))
    if footnotes := full_status.footnotes(connection):
        print_footnotes(footnotes, in_words)
    if decisions := full_status.decisions_in_force(connection):
        print_decisions(decisions, in_words)
    if missing := full_status.missing_deliveries(connection):
        out.print(missing_table(missing, in_words))
    else:
        out.print(in_words["heading", "nothing_missing"])


@tryghed.group("decide")
def decide() -> None:
    """Decide on a failed check, a rejected row or an offence code.

    The decision is written to decisions.yml, and every later run applies it. It lapses if the delivered file or the
    checked table changes.
    """


Callback = TypeVar("Callback", bound=Callable[..., object])


class ByOptions(TypedDict):
    """The options that all `decide` commands have, with the types that click gives them."""

    person: str
    reason: str
    expires_on: datetime | None


class RowOptions(ByOptions):
    """The options of the command `decide row`."""

    action: Literal["accept", "correct", "drop"]
    column: str | None
    value: str | None


def _by(command: Callback) -> Callback:
    """Add the common options of the `decide` commands to one of these commands."""
    for option in (
        click.option(
            "--expires-on",
            type=click.DateTime(["%Y-%m-%d"]),
            metavar="DATE",
            help="Last day on which it holds, such as 2027-06-01.",
        ),
        click.option("--reason", required=True, metavar="TEXT", help="Why. It is published, so name nobody."),
        click.option("--person", required=True, metavar="NAME", help="Who decides. The name is published."),
    ):
        command = option(command)
    return command


SEEN = click.option(
    "--seen",
    default="",
    metavar="FINGERPRINT",
    help="Fingerprint of the file that you saw, if it is not the one that the last run read.",
)


@decide.command("check")
@click.argument("table")
@click.argument("rule")
@click.argument("edition", type=edition_argument)
@click.argument("seen", metavar="FINGERPRINT")
@_by
def decide_check_command(table: str, rule: str, edition: int, seen: str, **by: Unpack[ByOptions]) -> None:
    """Accept or waive the failed check RULE of TABLE in EDITION.

    If you give --expires-on, the check is waived until that day. Otherwise it is accepted, and the decision does not
    expire. FINGERPRINT is what Dagster shows as seen beside the failed check. The decision is in force only as long as
    the data have this fingerprint.

    \b
    Example:
      tryghed decide check quality.reconciliation figures_agree 2024 \\
        0123456789ab --person "A. Steward" --expires-on 2025-06-01 \\
        --reason "The police count attempts apart."
    """
    with out.status(text("looking_at_check")):
        from assets.decisions.deciding import decide_on_check

        decision = decide_on_check(table, rule, edition, seen, _who(by))
    print_decision(decision)


@decide.command("row")
@click.argument("edition", type=edition_argument)
@click.argument("file")
@click.argument("row", type=WholeNumber(1))
@click.option(
    "--action", type=click.Choice(["accept", "correct", "drop"]), required=True, help="What to do with the row."
)
@click.option("--column", metavar="COLUMN", help="Column to correct, named as in the data dictionary.")
@click.option("--value", help="Correct value, as the producer would have written it.")
@SEEN
@_by
def decide_row_command(edition: int, file: str, row: int, seen: str, **options: Unpack[RowOptions]) -> None:
    """Accept, correct or drop a rejected row.

    ROW is the number of the row in FILE, a delivered file of EDITION.

    \b
    Example:
      tryghed decide row 2023 svar_2023.csv 17 --action correct \\
        --column area_code --value "1" \\
        --person "A. Steward" --reason "The producer confirmed it."
    """
    with out.status(text("reading_file")):
        from assets.decisions.deciding import cell_of, decide_on_row

        cell = cell_of(options["column"], options["value"])
        decision = decide_on_row(edition, file, row, options["action"], _who(options), cell, seen)
    print_decision(decision)


@decide.command("share")
@click.argument("edition", type=edition_argument)
@click.argument("file")
@SEEN
@_by
def decide_share_command(edition: int, file: str, seen: str, **by: Unpack[ByOptions]) -> None:
    """Accept FILE although too many rows are rejected.

    FILE is a delivered file of EDITION. Its specification says how many rejected rows are tolerated.
    """
    from assets.decisions.deciding import decide_on_share

    print_decision(decide_on_share(edition, file, _who(by), seen))


@decide.command("code")
@click.argument("edition", type=edition_argument)
@click.argument("offence_code")
@click.option(
    "--crime-type", metavar="TYPE", help="Crime type that its reports count as. Without it they count as none."
)
@_by
def decide_code_command(edition: int, offence_code: str, crime_type: str | None, **by: Unpack[ByOptions]) -> None:
    """Decide which crime type an OFFENCE_CODE belongs to.

    Use this command for a code that no line of offence_codes.csv covers. The decision applies to the reports of EDITION
    and of later editions.
    """
    from assets.decisions.deciding import decide_on_code

    print_decision(decide_on_code(edition, offence_code, crime_type, _who(by)))


def _who(by: ByOptions) -> "By":
    from assets.decisions.deciding import By

    until = by["expires_on"].date() if by["expires_on"] else None
    return By(by["person"], by["reason"], date.today(), until)


@tryghed.group("baseline")
def baseline() -> None:
    """Fix (set permanently) the baselines of targets.

    A baseline is the level that a target starts from.
    """


@baseline.command("fix")
@click.argument("agreement_id", metavar="AGREEMENT")
@click.option("--person", required=True, metavar="NAME", help="Who fixes them. The name is published.")
@click.option("--reason", help="Why. Required to replace a fixed baseline.")
def baseline_fix_command(agreement_id: str, person: str, reason: str | None) -> None:
    """Fix (set permanently) the baselines of an agreement's targets.

    The command takes the figures that are in the store now, and writes them to fixed_baselines.csv. Each line also
    says who fixed the baseline, on which day, and what the figure was made from. Later files do not change a fixed
    baseline. If they give another figure, a check reports the difference. To replace a fixed baseline, run this
    command again with --reason.

    \b
    Example:
      tryghed baseline fix AGREEMENT --person "A. Steward"
    """
    with out.status(text("reading_store")):
        from assets.targets.fixing import fix_baselines

        act = fix_baselines(agreement_id, person, reason, date.today())
    print_baselines(act, _measure_names())


def _measure_names() -> dict[str, str]:
    """Return a dictionary from each measure to its name in the reader's language."""
    measures = load_reference()["reference.measures"]
    return dict(zip(measures["measure"], measures[f"name_{reader_language()}"], strict=True))


@tryghed.group("extracts")
def extracts() -> None:
    """Inspect a delivered file before a run reads it."""


@extracts.command("check")
@click.argument("file", type=click.Path(path_type=Path))
@click.option(
    "--edition",
    type=edition_argument,
    metavar="EDITION",
    help="Edition of the file. Without it, that of its folder, or the newest.",
)
def extracts_check_command(file: Path, edition: int | None) -> int:
    """Show what is wrong with a delivered FILE before a run reads it.

    The command also shows which specification fits FILE. It stores nothing. The exit code is 0 if a run would accept
    the file. It is 1 if too many rows would be rejected. It is 2 if no run could read the file.

    \b
    Example:
      tryghed extracts check data/landing/2023/anmeldelser_2023.csv
    """
    with out.status(text("reading_file")):  # the file's name is not shown, because it may contain a person's name
        from assets.extracts.file_trial import try_file
        from pipelines.editions import edition_of_file

        edition = edition or edition_of_file(file)
        trial = try_file(file, edition)
    print_trial(trial)
    return DONE if trial.tolerated else BLOCKED


@tryghed.command("sample")
@click.option(
    "--seed",
    default=1,
    show_default=True,
    type=WholeNumber(min=0),
    help="The same seed gives the same bytes.",
)
def sample_command(seed: int) -> None:
    """Write made-up files of editions 2017 to 2025, so that you can try everything.

    The files are written into the landing folder. They are made up because no real delivered files are public. The
    name of each file begins with synthetic_, and every figure made from the files is marked synthetic. The landing
    folder must not have any other files.

    The command also copies the reference files into the data folder, and fixes (sets permanently) the sample's
    baselines in that copy. Later commands use the copy until you delete it.
    """
    from assets.extracts.sample import write_sample

    written = write_sample(
        landing_folder(), seed, lambda edition, files: out.print(text("sample_files", edition=edition, files=files))
    )
    with out.status(text("loading")):
        from pipelines.sample_reference import write_sample_reference
    out.print(text("fixing_baselines"))
    with _progress() as progress:
        reference = write_sample_reference(_step_printer(progress))
    folder = path_for_reader(landing_folder())
    if reference is None:
        print_wrapped(text("sample_written_without_baselines", files=len(written), folder=folder))
    else:
        print_wrapped(text("sample_written", files=len(written), folder=folder, reference=path_for_reader(reference)))


@tryghed.command("ui")
@click.option(
    "--host",
    default="127.0.0.1",
    show_default=True,
    metavar="ADDRESS",
    help="Address of the page. Any other address can be reached from other machines.",
)
@click.option("--port", default=3000, show_default=True, type=WholeNumber(1, 65535), help="Port of the page.")
def ui_command(host: str, port: int) -> None:
    """Start the Dagster page, which shows runs, tables and checks."""
    from pipelines.running import prepare_dagster_home

    os.environ["TMPDIR"] = str(prepare_dagster_home())
    # the command that replaces dev_command needs another package
    os.environ["PYTHONWARNINGS"] = "ignore:Function `dev_command` is superseded"
    out.print(text("page_starts", host=host, port=port))
    dagster = os.path.join(os.path.dirname(sys.executable), "dagster")  # noqa: PTH118, PTH120
    os.execv(dagster, [dagster, "dev", "-w", str(PROJECT / "workspace.yaml"), "-h", host, "-p", str(port)])  # noqa: S606


@tryghed.command("serve")
@click.option("--port", default=3000, show_default=True, type=WholeNumber(1, 65535), help="Port of the page.")
@click.option("--read-only", is_flag=True, help="A page on which everything can be seen and nothing started.")
@click.option(
    "--daemon",
    is_flag=True,
    help="Start Dagster's daemon instead of a page. It starts the runs that pages request, and one is enough.",
)
def serve_command(port: int, read_only: bool, daemon: bool) -> None:
    """Serve the Dagster page to a proxy on this machine.

    The proxy signs users in (see deploy/nginx.conf), and sends the user's name. Every run is tagged with the name of
    the user who launched it. Every decision is written with the name of the user who made it.
    """
    from pipelines.serving import serve, start_daemon

    if daemon:
        start_daemon()
    out.print(text("page_serves", port=port))
    serve(port, read_only=read_only)
