"""Defines the Dagster job that fixes (sets permanently) the baselines of an agreement.

`assets/targets/fixing.py` does the work.
"""

from datetime import date

import dagster as dg
from pydantic import Field

from assets.tables import expected_trouble
from assets.targets.fixing import fix_baselines
from pipelines.users import signed_in


class BaselineAct(dg.Config):
    """The fields of the job's launch form on Dagster's page."""

    agreement_id: str = Field(description="agreement_id of the agreement whose baselines are fixed")
    person: str = Field(
        default="",
        description="Who fixes them; behind a proxy that signs users in, the name that they signed in with is used instead",
    )
    reason: str = Field(default="", description="Why; required to replace a fixed baseline")


@dg.op(description="Adds lines to fixed_baselines.csv that fix the baselines at the figures that are in the store now.")
def fix(context: dg.OpExecutionContext, config: BaselineAct) -> None:
    """Fix (set permanently) the baselines of the agreement's targets.

    Log which baselines were fixed now, which baselines were fixed earlier, and which targets have no figure yet.
    """
    with expected_trouble():
        person = signed_in(context.run.tags) or config.person
        act = fix_baselines(config.agreement_id, person, config.reason or None, date.today())
    for line in act.written:
        context.log.info(f"Fixed: target {line.target_id}, {line.measure}, from {line.made_from}.")
    for line in act.stood:
        context.log.info(f"Unchanged: target {line.target_id}, {line.measure}.")
    for target in act.missing:
        context.log.warning(f"No figure yet: {target}.")
    context.log.info("Next: run the baseline's edition and later ones again, and commit fixed_baselines.csv.")


@dg.job(
    name="fix_baselines",
    description="Fixes the baselines of an agreement's targets, once, by a named person. Then run the editions again.",
    executor_def=dg.in_process_executor,
)
def fix_baselines_job() -> None:
    """Run the step that fixes (sets permanently) the baselines."""
    fix()
