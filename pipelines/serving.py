"""Serves the Dagster page to several users. A proxy signs the users in, and each run is tagged with its user's name.

The proxy sends the user's name in a header. Dagster has no users of its own, so this module writes the name into a tag
of the run, in place of any name that somebody typed there. `users.py` reads the tag when somebody makes a decision.

The server accepts connections from this machine only. `deploy/nginx.conf` is a tested configuration of the proxy.
"""

import os
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any, cast

import dagster as dg
import uvicorn
from dagster._core.workspace.context import WorkspaceProcessContext
from dagster._core.workspace.load_target import WorkspaceFileTarget
from dagster_webserver.webserver import DagsterWebserver
from graphql import GraphQLError, GraphQLResolveInfo

from pipelines.running import prepare_dagster_home
from pipelines.users import SIGNED_IN, USER_TAG
from warehouse.home import PROJECT

HEADER = "x-tryghed-user"
REFUSED = (
    "deletePipelineRun",
    "deleteRun",
    "deleteDynamicPartitions",
    "wipeAssets",
    "reportRunlessAssetEvents",
    "reportAssetCheckEvaluations",
)

Tags = list[dict[str, str]]
Parameters = dict[str, Any]  # the parameters of a mutation, as Dagster's page sends them


class PageWithUsers(DagsterWebserver):  # type: ignore[type-arg]
    """Dagster's web page. Every run that a user launches on the page is tagged with the user's name."""

    def build_graphql_middleware(self) -> list[Callable[..., object]]:
        """Return the functions that Dagster runs around every field of a request."""
        return [record_the_user]


def record_the_user(
    resolve: Callable[..., object], root: object, info: GraphQLResolveInfo, **arguments: object
) -> object:
    """Add the user's name, as a tag, to every run that a request launches. The proxy sends the name with the request.

    Requests that only read data are passed on unchanged. Raises GraphQLError if a mutation comes without a user's name,
    or if it is in the list `REFUSED`.
    """
    if root is None and info.parent_type.name == "Mutation":
        if info.field_name in REFUSED:
            raise GraphQLError(
                "This would change the record of runs and checks, which is not possible from a page with several users."
            )
        name = getattr(info.context.source, "headers", {}).get(HEADER, "")
        if not name:
            raise GraphQLError("Nobody is signed in: open the page through the proxy.")
        for params in _launches(arguments):
            _tag_launch(params, name)
        if backfill := cast(Parameters | None, arguments.get("backfillParams")):
            backfill["tags"] = _with_name(backfill.get("tags"), name)
    return resolve(root, info, **arguments)


def _launches(arguments: Parameters) -> list[Parameters]:
    """Return the parameters of each run that a mutation launches.

    Different mutations of Dagster have these parameters in different arguments.
    """
    launches = [arguments[name] for name in ("executionParams", "reexecutionParams") if arguments.get(name)]
    return [*launches, *(arguments.get("executionParamsList") or [])]


def _tag_launch(params: Parameters, name: str) -> None:
    """Add the user's name to the tags of a run. `params` are the parameters of the launch or relaunch."""
    if "parentRunId" in params:
        params["extraTags"] = _with_name(params.get("extraTags"), name)
    else:
        metadata = params.get("executionMetadata") or {}
        params["executionMetadata"] = metadata | {"tags": _with_name(metadata.get("tags"), name)}


def _with_name(tags: Tags | None, name: str) -> Tags:
    return [*(tag for tag in tags or [] if tag["key"] != USER_TAG), {"key": USER_TAG, "value": name}]


def serve(port: int, *, read_only: bool) -> None:
    """Serve Dagster's page until the process is ended. Only this machine can connect to the page."""
    prepare_dagster_home()
    os.environ[SIGNED_IN] = "yes"
    with (
        dg.DagsterInstance.get() as instance,
        WorkspaceProcessContext(
            instance,
            WorkspaceFileTarget([str(PROJECT / "workspace.yaml")]),
            version=dg.__version__,
            read_only=read_only,
        ) as context,
    ):
        app = PageWithUsers(context).create_asgi_app()
        uvicorn.run(app, host="127.0.0.1", port=port, log_level="warning")


def start_daemon() -> None:
    """Replace this process with Dagster's daemon.

    The daemon starts the runs that Dagster's pages, the sensor and the schedule request.
    """
    prepare_dagster_home()
    os.environ[SIGNED_IN] = "yes"
    daemon = Path(sys.executable).with_name("dagster-daemon")
    os.execv(daemon, [str(daemon), "run", "-w", str(PROJECT / "workspace.yaml")])  # noqa: S606
