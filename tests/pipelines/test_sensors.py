"""Tests that after a decision, only the tables that depend on the decision are made again."""

from typing import Any

import dagster as dg
import pytest

from pipelines.decide_job import OP, decide_job
from pipelines.definitions import defs
from pipelines.editions import known_editions
from pipelines.sensors import after_decision
from pipelines.users import USER_TAG

NEWEST = known_editions()[-1]


def request_after_decision(**form: Any) -> dg.RunRequest:
    """Return the sensor's run request after a signed-in steward launched a decision with these fields."""
    config = {"ops": {OP: {"config": {"edition": NEWEST, "reason": "Confirmed."} | form}}}
    with dg.DagsterInstance.ephemeral() as instance:
        run = dg.DagsterRun(
            "decide", run_id="0" * 8, run_config=config, tags={USER_TAG: "a.steward", "typed": "by hand"}
        )
        event = dg.DagsterEvent(dg.DagsterEventType.RUN_SUCCESS.value, decide_job.name)
        context = dg.build_run_status_sensor_context(
            "after_decision", event, instance, run, repository_def=defs.get_repository_def()
        )
        (request,) = after_decision(context)
    assert isinstance(request, dg.RunRequest)
    return request


def tables(request: dg.RunRequest) -> set[str]:
    return {".".join(key.path) for key in request.asset_selection or ()}


def test_a_decision_on_a_check_makes_its_table_and_what_is_made_of_it_again() -> None:
    request = request_after_decision(table="quality.reconciliation", rule="figures_agree", seen="0" * 12)
    assert {"quality.reconciliation", "targets.verdicts", "quality.decisions"} <= tables(request)
    assert not {"quality.files", "police.reports", "survey.answers"} & tables(request)
    assert request.tags[USER_TAG] == "a.steward"
    assert "typed" not in request.tags
    assert request.tags["dagster/asset_partition_range_end"] == str(NEWEST)


@pytest.mark.parametrize(
    "form",
    [
        {"about": "rejected_row", "file": "a.csv", "row": 9, "action": "drop"},
        {"about": "rejected_share", "file": "a.csv"},
        {"about": "unmapped_code", "offence_code": "00001"},
    ],
)
def test_a_decision_on_what_came_in_takes_the_files_in_again(form: dict[str, Any]) -> None:
    tables_made = tables(request_after_decision(**form))
    assert {"quality.files", "quality.rejected_rows", "police.reports", "targets.verdicts"} <= tables_made
    assert not {"reference.areas", "reference.published_figures"} & tables_made
