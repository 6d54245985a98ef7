"""The commands. `printing.py` holds what they print; `running.py`, `status.py` and `assets/` do the work.

Exit codes: 0 done; 1 a blocking check failed and nothing was published; 2 wrong usage or input; 70 a bug.
"""

import os
import sys
import traceback
from collections.abc import Callable, Sequence
from datetime import date, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Literal, TypedDict, TypeVar, Unpack

import click
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeElapsedColumn

from pipelines.printing import (
    decisions_table,
    err,
    footnotes_table,
    missing_table,
    out,
    print_baselines,
    print_decision,
    print_run,
    print_trial,
    verdicts_table,
)
from warehouse import store
from warehouse.errors import InputError, StoreError, disk_trouble
from warehouse.home import PROJECT, landing_folder
from warehouse.publishing import open_published

if TYPE_CHECKING:
    from assets.decisions.deciding import By
    from pipelines.running import Ran
    from pipelines.status import Language

DONE, BLOCKED, WRONG, BUG = 0, 1, 2, 70


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
    except Exception as error:  # noqa: BLE001  any other exception is a bug and gets its own exit code
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
        from pipelines.editions import editions_to_make
        from pipelines.running import run_editions

        editions_made = editions_to_make(editions)
        store.hold(lambda: out.print("Another run is making tables: waiting for its end ..."))
    out.print(f"Editions {editions_made[0]} to {editions_made[-1]}{_why_these(editions, editions_made)}.")
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

        ran = run_editions(editions_made, on_step)
    print_run(ran)
    return _exit_code(ran)


def _exit_code(ran: "Ran") -> int:
    """Return the exit code of a run: 0 published, 1 blocked by a check, 2 wrong input, 70 a bug."""
    if ran.bugs:
        return BUG
    if ran.publication is None:
        return WRONG if any(ran.trouble) else BLOCKED
    return DONE


def _why_these(wanted: tuple[int, ...], editions_made: range) -> str:
    others = len(editions_made) - len(set(wanted)) if wanted else 0
    return f" ({others} beside the ones you named: later editions are compared with earlier ones)" if others else ""


def _in_words(step: str) -> str:
    """Return the name of the table that a step makes."""
    return step.replace("__", ".")


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
    in_words = words(connection, language)
    for verdicts in verdict_tables(connection, language):
        out.print(verdicts_table(verdicts, in_words))
    for agreement_id, targets in baselines_to_fix(connection):
        out.print(
            f"{in_words['heading', 'not_fixed']} {', '.join(targets)}: tryghed baseline fix {agreement_id} --person NAME"
        )
    if remarks := footnotes(connection, language):
        out.print(footnotes_table(remarks, in_words))
    if decisions := decisions_in_force(connection):
        out.print(decisions_table(decisions, in_words))
    if missing := missing_deliveries(connection, language):
        out.print(missing_table(missing, in_words))
    else:
        out.print(in_words["heading", "nothing_missing"])


@tryghed.group("decide")
def decide() -> None:
    """Decide on what a run found, as an entry of warehouse/reference/decisions.yml that every later run replays.

    An entry holds for what you saw: it lapses when the file, or the table that failed the check, has other content.
    """


Callback = TypeVar("Callback", bound=Callable[..., object])


class ByOptions(TypedDict):
    """The options that every decision has, as click hands them over."""

    person: str
    reason: str
    expires_on: datetime | None


class RowOptions(ByOptions):
    """The options of a decision about a row."""

    action: Literal["accept", "correct", "drop"]
    column: str | None
    value: str | None


def _by(command: Callback) -> Callback:
    """Add the options that every decision has to a command."""
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
def decide_check_command(table: str, rule: str, edition: int, seen: str, **by: Unpack[ByOptions]) -> None:
    """Accept that the check RULE of TABLE fails in EDITION; with --expires-on, waive it until then.

    SEEN is the fingerprint that Dagster shows beside the failed check: the decision holds for those data alone.

    \b
    Example:
      tryghed decide check quality.reconciliation figures_agree 2024 0123456789ab --person "A. Steward" \\
        --reason "The police count attempts apart." --expires-on 2025-06-01
    """
    with out.status("Looking at the check ..."):
        from assets.decisions.deciding import decide_on_check

        decision = decide_on_check(table, rule, edition, seen, _who(by))
    print_decision(decision)


@decide.command("row")
@click.argument("edition", type=click.IntRange(2009, 2100))
@click.argument("file")
@click.argument("row", type=click.IntRange(1))
@click.option("--action", type=click.Choice(["accept", "correct", "drop"]), required=True, help="What becomes of it.")
@click.option("--column", help="Column to correct, by our name of it.")
@click.option("--value", help="What is to stand there, as the producer would have written it.")
@SEEN
@_by
def decide_row_command(edition: int, file: str, row: int, seen: str, **options: Unpack[RowOptions]) -> None:
    """Accept, correct or drop the ROW of FILE that was set aside in EDITION.

    \b
    Example:
      tryghed decide row 2023 svar_2023.csv 17 --action correct --column area_code --value "1" \\
        --person "A. Steward" --reason "The vendor confirmed it."
    """
    with out.status("Reading the file ..."):
        from assets.decisions.deciding import cell_of, decide_on_row

        cell = cell_of(options["column"], options["value"])
        decision = decide_on_row(edition, file, row, options["action"], _who(options), cell, seen)
    print_decision(decision)


@decide.command("share")
@click.argument("edition", type=click.IntRange(2009, 2100))
@click.argument("file")
@SEEN
@_by
def decide_share_command(edition: int, file: str, seen: str, **by: Unpack[ByOptions]) -> None:
    """Accept that more rows of FILE are set aside in EDITION than its specification tolerates."""
    from assets.decisions.deciding import decide_on_share

    print_decision(decide_on_share(edition, file, _who(by), seen))


@decide.command("code")
@click.argument("edition", type=click.IntRange(2009, 2100))
@click.argument("offence_code")
@click.option("--crime-type", help="What its reports count as; without it they count under no crime type.")
@_by
def decide_code_command(edition: int, offence_code: str, crime_type: str | None, **by: Unpack[ByOptions]) -> None:
    """Say what reports with an OFFENCE_CODE that no line of the mapping holds count as, from EDITION on."""
    from assets.decisions.deciding import decide_on_code

    print_decision(decide_on_code(edition, offence_code, crime_type, _who(by)))


def _who(by: ByOptions) -> "By":
    from assets.decisions.deciding import By

    until = by["expires_on"].date() if by["expires_on"] else None
    return By(by["person"], by["reason"], date.today(), until)


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
      tryghed baseline fix AGREEMENT --person "A. Steward"
    """
    with out.status("Reading the reference files and the store ..."):
        from assets.targets.fixing import fix_baselines

        act = fix_baselines(agreement_id, person, reason, date.today())
    print_baselines(act)


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
        from pipelines.editions import edition_of_file

        edition = edition or edition_of_file(file)
        trial = try_file(file, edition)
    print_trial(trial)
    return DONE if trial.tolerated else BLOCKED


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
