"""Defines the schedule that starts the yearly run every Monday from March to August.

The survey is due "in spring", but the committee has discussed it as late as August. Because nobody knows the day of
delivery, the run starts again every week. It reads the files that have been delivered so far, and reports which files
are missing.
"""

import dagster as dg

from pipelines.editions import editions_to_make, known_editions, range_tags
from pipelines.jobs import yearly


@dg.schedule(job=yearly, cron_schedule="0 6 * 3-8 1", execution_timezone="Europe/Copenhagen", name="spring")
def spring(context: dg.ScheduleEvaluationContext) -> dg.RunRequest | dg.SkipReason:
    """Request a run of this year's edition. The run also makes earlier editions that are not stored yet.

    If editions.csv does not have this year's edition, request no run.
    """
    edition = context.scheduled_execution_time.year
    if edition not in known_editions():
        return dg.SkipReason(
            f"Edition {edition} is not in editions.csv: add a line for it, and the run starts next Monday."
        )
    return dg.RunRequest(
        run_key=f"{edition}-{context.scheduled_execution_time:%Y-%m-%d}", tags=range_tags(editions_to_make([edition]))
    )
