"""Defines the sensor that reacts to a decision on Dagster's page.

The sensor requests a run that materializes the tables that depend on the decision.
"""

from collections.abc import Iterator
from typing import Any, cast

import dagster as dg

from assets.extracts.intake import TABLES
from assets.tables import key
from pipelines.decide_job import OP, decide_job
from pipelines.editions import editions_to_make, range_tags
from pipelines.jobs import yearly
from pipelines.users import USER_TAG
from warehouse.contracts import contracts


@dg.run_status_sensor(
    name="after_decision",
    run_status=dg.DagsterRunStatus.SUCCESS,
    monitored_jobs=[decide_job],
    request_job=yearly,
    default_status=dg.DefaultSensorStatus.RUNNING,
    minimum_interval_seconds=5,
    description="After a decision, materializes the tables that depend on it: the checked table and everything made from it, or everything made from the edition's files.",
)
def after_decision(context: dg.RunStatusSensorContext) -> Iterator[dg.RunRequest]:
    """Request a run that materializes the tables that depend on the decision.

    If the decision is about a failed check, the run makes the checked table and all tables made from it. Otherwise, the
    run makes the tables of delivered files and all tables made from them.
    """
    if context.repository_def is None:
        raise ValueError("after_decision was evaluated without its repository")
    form = cast(dict[str, Any], context.dagster_run.run_config)["ops"][OP]["config"]
    edition_tags = range_tags(editions_to_make([int(form["edition"])]))
    on_check = form.get("about", "failed_check") == "failed_check"
    first = [key(contracts()[form["table"]])] if on_check else [key(table) for table in TABLES]
    selected = dg.AssetSelection.assets(*first).downstream().resolve(context.repository_def.asset_graph)
    user_tags = {name: value for name, value in context.dagster_run.tags.items() if name == USER_TAG}
    yield dg.RunRequest(
        run_key=context.dagster_run.run_id, asset_selection=sorted(selected), tags=edition_tags | user_tags
    )
