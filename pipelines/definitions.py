"""Lists every asset, job, sensor and schedule that Dagster loads. Start reading the code here.

The order of the work is: reference files and delivered files -> survey, crime and commitments -> indicators ->
targets -> the published DuckDB file.

The step that materializes a table also runs the checks of the table. If a blocking check fails, the tables made from
that table are not materialized.
"""

import dagster as dg

from assets import reference, sql_tables
from assets.decisions import decisions_table
from assets.extracts import intake_step, kept_rows
from assets.published import pictures, publication
from assets.quality import footnotes
from pipelines.decide_job import decide_job
from pipelines.fix_baselines_job import fix_baselines_job
from pipelines.jobs import yearly
from pipelines.schedules import spring
from pipelines.sensors import after_decision

defs = dg.Definitions(
    assets=[
        *reference.ASSETS,
        *intake_step.ASSETS,
        *kept_rows.ASSETS,
        *sql_tables.ASSETS,
        *decisions_table.ASSETS,
        *footnotes.ASSETS,
        *publication.ASSETS,
        *pictures.ASSETS,
    ],
    jobs=[yearly, decide_job, fix_baselines_job],
    sensors=[after_decision],
    schedules=[spring],
    executor=dg.in_process_executor,  # a process for each of these small steps would take five times as long
)
