"""When the yearly run starts by itself.

The survey is due "in spring", but the committee has discussed it in June, and in August again. So the run starts each
Monday from March to August; it uses the files that are there, and reports which are missing.
"""

import dagster as dg

from pipelines.editions import editions_to_make, known_editions, range_tags
from pipelines.jobs import yearly
from warehouse.home import reference_file


@dg.schedule(job=yearly, cron_schedule="0 6 * 3-8 1", execution_timezone="Europe/Copenhagen", name="spring")
def spring(context: dg.ScheduleEvaluationContext) -> dg.RunRequest | dg.SkipReason:
    """Request a run of this year's edition and of earlier ones that the store lacks; skip if editions.csv lacks it."""
    edition = context.scheduled_execution_time.year
    if edition not in known_editions():
        return dg.SkipReason(
            f"Edition {edition} is not in {reference_file('editions.csv')}: add a line for it, then the run starts next Monday."
        )
    return dg.RunRequest(
        run_key=f"{edition}-{context.scheduled_execution_time:%Y-%m-%d}", tags=range_tags(editions_to_make([edition]))
    )
