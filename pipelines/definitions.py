"""The one Definitions: everything that Dagster knows of the project. Start reading here.

reference files -> published figures -> safety, crime -> targets -> the published DuckDB file; the checks of a
table stand between it and what is made of it.
"""

import warnings

import dagster as dg

warnings.filterwarnings("ignore", category=dg.PreviewWarning)  # checks by edition are a preview of Dagster's

from assets import crime, publication, reference, safety, targets  # noqa: E402
from assets.editions import editions  # noqa: E402
from assets.table_checks import CHECKS  # noqa: E402
from pipelines.schedules import spring  # noqa: E402
from pipelines.yearly import yearly  # noqa: E402

defs = dg.Definitions(
    assets=[*reference.ASSETS, *safety.ASSETS, *crime.ASSETS, *targets.ASSETS, *publication.ASSETS],
    asset_checks=CHECKS,
    jobs=[yearly],
    schedules=[spring],
    executor=dg.in_process_executor,  # ten small tables: a process each costs five times the whole run
)

__all__ = ["defs", "editions"]
