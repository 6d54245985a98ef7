"""The job that writes a steward's decision from Dagster's page, and the form that it asks for.

What a decision is stands in `warehouse/decision_file.py`, how it is written in `assets/decisions/deciding.py`.
"""

from datetime import date
from enum import Enum

import dagster as dg
from pydantic import Field

from assets.decisions.deciding import By, decide_on_check, decide_on_code, decide_on_row, decide_on_share
from assets.tables import expected_trouble
from pipelines.users import signed_in
from warehouse.decision_file import Decision
from warehouse.errors import InputError

OP = "decision"


class About(Enum):
    """What is decided on."""

    failed_check = "failed_check"
    rejected_row = "rejected_row"
    rejected_share = "rejected_share"
    unmapped_code = "unmapped_code"


class Action(Enum):
    """What becomes of a row."""

    accept = "accept"
    correct = "correct"
    drop = "drop"


BELONGS = {
    About.failed_check: {"table", "rule", "seen"},
    About.rejected_row: {"file", "row", "action", "column", "value", "seen"},
    About.rejected_share: {"file", "seen"},
    About.unmapped_code: {"offence_code", "crime_type"},
}


class StewardsDecision(dg.Config):
    """What the launch form asks for. What does not belong to `about` stays empty."""

    about: About = Field(
        default=About.failed_check, description="failed_check, rejected_row, rejected_share or unmapped_code"
    )
    edition: int = Field(description="Edition that it is about, as 2024")
    person: str = Field(
        default="", description="Who decides; published. Behind a proxy that signs people in, its name counts"
    )
    reason: str = Field(description="Why; it is published, so name nobody")
    expires_on: str = Field(default="", description="Last day on which it holds, as 2027-06-01; a check is then waived")
    table: str = Field(default="", description="failed_check: the table, as quality.reconciliation")
    rule: str = Field(default="", description="failed_check: the check, as figures_agree")
    seen: str = Field(
        default="",
        description="failed_check: the fingerprint that stands beside it as seen; rejected_row, rejected_share: that of the file, where it is not the one that the last run took in",
    )
    file: str = Field(default="", description="rejected_row, rejected_share: name of the file")
    row: int = Field(default=0, description="rejected_row: row of the file")
    action: Action | None = Field(default=None, description="rejected_row: accept, correct or drop")
    column: str = Field(default="", description="rejected_row, to correct: the column, by our name of it")
    value: str = Field(
        default="", description="rejected_row, to correct: what is to stand there, as the producer would write it"
    )
    offence_code: str = Field(default="", description="unmapped_code: the five digits")
    crime_type: str = Field(default="", description="unmapped_code: what its reports count as; empty for none")


@dg.op(name=OP, description="Writes the decision below the others in decisions.yml, for what is there now.")
def decide(context: dg.OpExecutionContext, config: StewardsDecision) -> None:
    """Write it, and say what happens next."""
    with expected_trouble():
        person = signed_in(context.run.tags) or config.person
        decision = written(config, person, date.today())
    context.log.info(
        f"Written: {decision.decision_id}. What hangs on it is made again by itself where the sensor after_decision is on; "
        f"else run edition {decision.edition} again. Keep decisions.yml under version control."
    )


def written(config: StewardsDecision, person: str, today: date) -> Decision:
    """The decision of the form, as an entry of decisions.yml. Raises InputError where it cannot be meant."""
    _refuse_what_does_not_belong(config)
    by = By(person, config.reason, today, _day(config.expires_on))
    match config.about:
        case About.failed_check:
            return decide_on_check(config.table, config.rule, config.edition, config.seen, by)
        case About.rejected_row:
            if config.action is None:
                raise InputError("say what becomes of the row: give action as accept, correct or drop.")
            cells = config.column or None, config.value or None
            return decide_on_row(config.edition, config.file, config.row, config.action.value, by, *cells, config.seen)
        case About.rejected_share:
            return decide_on_share(config.edition, config.file, by, config.seen)
        case About.unmapped_code:
            return decide_on_code(config.edition, config.offence_code, config.crime_type or None, by)


def _refuse_what_does_not_belong(config: StewardsDecision) -> None:
    """What is filled in and means nothing would be lost in silence."""
    given = {name for names in BELONGS.values() for name in names if getattr(config, name)}
    for name in sorted(given - BELONGS[config.about]):
        raise InputError(f"{name} does not belong to {config.about.value}: leave it out, or say what is decided on.")


def _day(text: str) -> date | None:
    try:
        return date.fromisoformat(text) if text else None
    except ValueError:
        raise InputError("expires_on is no day: write it as 2027-06-01.") from None


@dg.job(
    name="decide",
    description="Decides on a failed check, a row that was set aside, or an offence code: fill in the form and launch. Then what hangs on it is made again.",
    executor_def=dg.in_process_executor,
    config=dg.RunConfig(
        ops={
            OP: {
                "config": {
                    "about": "failed_check",
                    "edition": date.today().year,
                    "table": "",
                    "rule": "",
                    "seen": "",
                    "person": "",
                    "reason": "",
                    "expires_on": "",
                }
            }
        }
    ),
)
def decide_job() -> None:
    """One step."""
    decide()
