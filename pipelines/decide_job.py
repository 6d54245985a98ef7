"""Defines the Dagster job that writes a steward's decision, and the job's launch form on Dagster's page.

`warehouse/decision_file.py` defines the kinds of decisions. `assets/decisions/deciding.py` writes a decision to the
file.
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
    """What a decision is about."""

    failed_check = "failed_check"
    rejected_row = "rejected_row"
    rejected_share = "rejected_share"
    unmapped_code = "unmapped_code"


class Action(Enum):
    """What a decision does with a rejected row."""

    accept = "accept"
    correct = "correct"
    drop = "drop"


FIELDS = {  # for each kind of decision, the fields that it has in addition to the common fields
    About.failed_check: {"table", "rule", "seen"},
    About.rejected_row: {"file", "row", "action", "column", "value", "seen"},
    About.rejected_share: {"file", "seen"},
    About.unmapped_code: {"offence_code", "crime_type"},
}


class StewardsDecision(dg.Config):
    """The fields of the launch form.

    The field `about` says what kind of decision it is. Fields for other kinds of decisions stay empty.
    """

    about: About = Field(
        default=About.failed_check, description="failed_check, rejected_row, rejected_share or unmapped_code"
    )
    edition: int = Field(description="Edition that the decision is about, such as 2024")
    person: str = Field(
        default="",
        description="Who decides; published. Behind a proxy that signs users in, the name that they signed in with is used instead",
    )
    reason: str = Field(description="Why; it is published, so name nobody")
    expires_on: str = Field(
        default="",
        description="Last day on which the decision holds, such as 2027-06-01; the check is then waived until that day",
    )
    table: str = Field(default="", description="failed_check: the table, such as quality.reconciliation")
    rule: str = Field(default="", description="failed_check: the check, such as figures_agree")
    seen: str = Field(
        default="",
        description="failed_check: the fingerprint that the check's page shows as seen; rejected_row, rejected_share: the fingerprint of the file, if it is not the one that the last run read",
    )
    file: str = Field(default="", description="rejected_row, rejected_share: name of the file")
    row: int = Field(default=0, description="rejected_row: row of the file")
    action: Action | None = Field(default=None, description="rejected_row: accept, correct or drop")
    column: str = Field(default="", description="rejected_row, to correct: the column, named as in the data dictionary")
    value: str = Field(
        default="", description="rejected_row, to correct: the correct value, as the producer would write it"
    )
    offence_code: str = Field(default="", description="unmapped_code: the five digits")
    crime_type: str = Field(
        default="", description="unmapped_code: the crime type that its reports count as; empty for none"
    )


@dg.op(name=OP, description="Adds the decision to decisions.yml, for the content that is in the store now.")
def decide(context: dg.OpExecutionContext, config: StewardsDecision) -> None:
    """Write the decision that the launch form describes, and log what to do next."""
    with expected_trouble():
        person = signed_in(context.run.tags) or config.person
        decision = written(config, person, date.today())
    context.log.info(
        f"Written: {decision.decision_id}. The sensor after_decision, if it is on, materializes the tables that depend on it; "
        f"otherwise run edition {decision.edition} again. Commit decisions.yml."
    )


def written(form: StewardsDecision, person: str, today: date) -> Decision:
    """Write the decision that the form describes, and return the decision as an object.

    Each kind of decision has its own class, such as `RowDropped`. Raises InputError if two fields of the form
    contradict each other, or if a field names something unknown.
    """
    _reject_fields_of_another_kind(form)
    by = By(person, form.reason, today, _day(form.expires_on))
    match form.about:
        case About.failed_check:
            return decide_on_check(form.table, form.rule, form.edition, form.seen, by)
        case About.rejected_row:
            if form.action is None:
                raise InputError("the field 'action' is empty: choose accept, correct or drop.")
            cell = cell_of(form.column or None, form.value or None)
            return decide_on_row(form.edition, form.file, form.row, form.action.value, by, cell, form.seen)
        case About.rejected_share:
            return decide_on_share(form.edition, form.file, by, form.seen)
        case About.unmapped_code:
            return decide_on_code(form.edition, form.offence_code, form.crime_type or None, by)


def _reject_fields_of_another_kind(form: StewardsDecision) -> None:
    """Raise InputError if a filled-in field does not apply to the form's kind of decision."""
    filled = {name for names in FIELDS.values() for name in names if getattr(form, name)}
    for name in sorted(filled - FIELDS[form.about]):
        raise InputError(
            f"the field '{name}' does not apply if 'about' is '{form.about.value}': leave the field empty, or choose another value for 'about'."
        )


def _day(text: str) -> date | None:
    try:
        return date.fromisoformat(text) if text else None
    except ValueError:
        raise InputError("the field 'expires_on' does not hold a date: write a date such as 2027-06-01.") from None


@dg.job(
    name="decide",
    description="Decides on a failed check, a rejected row or an offence code: fill in the form and launch. The tables that depend on the decision are then materialized again.",
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
    """Run the step that writes the decision."""
    decide()
