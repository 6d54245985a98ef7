"""When the yearly run starts by itself.

The survey comes "in spring", and spring is loose: the committee has met on it in June, and in August again. So the
run is tried each Monday from March to August; it takes what is there, and says what is missing.
"""

import dagster as dg

from pipelines.editions import editions_to_make, known_editions, range_tags
from pipelines.jobs import yearly


@dg.schedule(job=yearly, cron_schedule="0 6 * 3-8 1", execution_timezone="Europe/Copenhagen", name="spring")
def spring(context: dg.ScheduleEvaluationContext) -> dg.RunRequest | dg.SkipReason:
    """This year's edition, and whatever before it is missing from the store."""
    edition = context.scheduled_execution_time.year
    if edition not in known_editions():
        return dg.SkipReason(
            f"Edition {edition} is not in editions.csv: add a line for it, then the run starts next Monday."
        )
    return dg.RunRequest(
        run_key=f"{edition}-{context.scheduled_execution_time:%Y-%m-%d}", tags=range_tags(editions_to_make([edition]))
    )
