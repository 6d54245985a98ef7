"""The one Definitions: everything that Dagster knows of the project. Start reading here.

reference files -> published figures -> safety, crime -> targets -> the published DuckDB file; the step that makes
a table runs its checks, and a check that blocks keeps what is made of it from being made.
"""

import dagster as dg

from assets import reference
from assets import sql_tables as models
from assets.crime import confidentiality
from assets.crime import yearly as crime
from assets.decisions import table as decisions
from assets.extracts import assets as extracts
from assets.extracts import kept as delivered
from assets.published import pictures, publication
from assets.quality import continuity, footnotes, reconciliation
from assets.survey import estimates
from assets.survey import shares as safety
from assets.targets import readings
from assets.targets import verdicts as targets
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
        *estimates.ASSETS,
        *safety.ASSETS,
        *confidentiality.ASSETS,
        *crime.ASSETS,
        *reconciliation.ASSETS,
        *continuity.ASSETS,
        *targets.ASSETS,
        *readings.ASSETS,
        *decisions.ASSETS,
        *footnotes.ASSETS,
        *publication.ASSETS,
        *pictures.ASSETS,
    ],
    jobs=[yearly, decide_job, fix_baselines_job],
    sensors=[after_decision],
    schedules=[spring],
    executor=dg.in_process_executor,  # ten small tables: a process each costs five times the whole run
)
