"""The job that fixes an agreement's baselines from Dagster's page. `assets/targets/fixing.py` does the work."""

from datetime import date

import dagster as dg
from pydantic import Field

from assets.tables import expected_trouble
from assets.targets.fixing import fix_baselines
from pipelines.users import signed_in


class BaselineAct(dg.Config):
    """What the launch form asks for."""

    agreement_id: str = Field(description="Agreement whose crime targets get their baselines, as its file names it")
    person: str = Field(
        default="", description="Who fixes them; behind a proxy that signs people in, the name that it gives counts"
    )
    reason: str = Field(default="", description="Why; needed where a fixed baseline is replaced")


@dg.op(description="Fixes the baselines at the figures that the store holds now, as lines of fixed_baselines.csv.")
def fix(context: dg.OpExecutionContext, config: BaselineAct) -> None:
    """Fix the baselines, and log which were fixed, which stood already, and which have no figure yet."""
    with expected_trouble():
        person = signed_in(context.run.tags) or config.person
        act = fix_baselines(config.agreement_id, person, config.reason or None, date.today())
    for line in act.written:
        context.log.info(f"Fixed: target {line.target_id}, {line.measure}, from {line.made_from}.")
    for line in act.stood:
        context.log.info(f"Stands as it was: target {line.target_id}, {line.measure}.")
    for target in act.missing:
        context.log.warning(f"No figure yet: {target}.")
    context.log.info(
        "Next: run the baseline's edition and those after it again, and keep fixed_baselines.csv under version control."
    )


@dg.job(
    name="fix_baselines",
    description="Fixes the baselines of an agreement's crime targets, once, by a named person. Then run the editions again.",
    executor_def=dg.in_process_executor,
)
def fix_baselines_job() -> None:
    """One step."""
    fix()
