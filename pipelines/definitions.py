"""The one Definitions: everything that Dagster knows of the project. Start reading here.

reference files -> published figures -> safety, crime -> targets -> the published DuckDB file; the checks of a
table stand between it and what is made of it.
"""

import dagster as dg

from assets import reference
from assets import sql_tables as models
from assets.asset_checks import CHECKS
from assets.decisions import table as decisions
from assets.extracts import assets as extracts
from assets.extracts import kept as delivered
from assets.published import pictures, publication
from assets.quality import continuity, footnotes
from pipelines.baselines import fix_baselines_job
from pipelines.deciding import after_decision, decide_job
from pipelines.schedules import spring
from pipelines.yearly import yearly

defs = dg.Definitions(
    assets=[
        *reference.ASSETS,
        *extracts.ASSETS,
        *delivered.ASSETS,
        *models.ASSETS,
        *continuity.ASSETS,
        *decisions.ASSETS,
        *footnotes.ASSETS,
        *publication.ASSETS,
        *pictures.ASSETS,
    ],
    asset_checks=CHECKS,
    jobs=[yearly, decide_job, fix_baselines_job],
    sensors=[after_decision],
    schedules=[spring],
    executor=dg.in_process_executor,  # ten small tables: a process each costs five times the whole run
)
