"""The job that writes a steward's decision from Dagster's page, and the form that it asks for.

The kinds of decisions are in `warehouse/decision_file.py`; `assets/decisions/deciding.py` writes them.
"""

from datetime import date
from enum import Enum

import dagster as dg
from pydantic import Field

from assets.decisions.deciding import By, cell_of, decide_on_check, decide_on_code, decide_on_row, decide_on_share
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


FIELDS = {  # of the form, apart from those that every decision has
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
    """Write the decision, and log what happens next."""
    with expected_trouble():
        person = signed_in(context.run.tags) or config.person
        decision = written(config, person, date.today())
    context.log.info(
        f"Written: {decision.decision_id}. What hangs on it is made again by itself where the sensor after_decision is on; "
        f"else run edition {decision.edition} again. Keep decisions.yml under version control."
    )


def written(form: StewardsDecision, person: str, today: date) -> Decision:
    """Write the decision that the flat form describes, and return it as its own type.

    Raises InputError where the form contradicts itself or names something unknown.
    """
    _reject_fields_of_another_kind(form)
    by = By(person, form.reason, today, _day(form.expires_on))
    match form.about:
        case About.failed_check:
            return decide_on_check(form.table, form.rule, form.edition, form.seen, by)
        case About.rejected_row:
            if form.action is None:
                raise InputError("say what becomes of the row: give action as accept, correct or drop.")
            cell = cell_of(form.column or None, form.value or None)
            return decide_on_row(form.edition, form.file, form.row, form.action.value, by, cell, form.seen)
        case About.rejected_share:
            return decide_on_share(form.edition, form.file, by, form.seen)
        case About.unmapped_code:
            return decide_on_code(form.edition, form.offence_code, form.crime_type or None, by)


def _reject_fields_of_another_kind(form: StewardsDecision) -> None:
    """Reject fields that do not apply to this kind of decision."""
    filled = {name for names in FIELDS.values() for name in names if getattr(form, name)}
    for name in sorted(filled - FIELDS[form.about]):
        raise InputError(f"{name} does not belong to {form.about.value}: leave it out, or say what is decided on.")


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
