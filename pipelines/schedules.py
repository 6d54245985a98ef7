"""When the yearly run starts by itself.

The survey is due "in spring", but the committee has discussed it in June and again in August. So the run starts every Monday
from March to August, reads the files that have been delivered, and reports which are missing.
"""

import dagster as dg

from pipelines.editions import editions_to_make, known_editions, range_tags
from pipelines.jobs import yearly


@dg.schedule(job=yearly, cron_schedule="0 6 * 3-8 1", execution_timezone="Europe/Copenhagen", name="spring")
def spring(context: dg.ScheduleEvaluationContext) -> dg.RunRequest | dg.SkipReason:
    """Request a run of this year's edition and of earlier ones that are not stored, if editions.csv has this year."""
    edition = context.scheduled_execution_time.year
    if edition not in known_editions():
        return dg.SkipReason(
            f"Edition {edition} is not in editions.csv: add a line for it, and the run starts next Monday."
        )
    return dg.RunRequest(
        run_key=f"{edition}-{context.scheduled_execution_time:%Y-%m-%d}", tags=range_tags(editions_to_make([edition]))
    )
