"""The Dagster page for several users behind a proxy that signs them in: every launched run is tagged with its user's name.

The proxy sends the name in a header; `deploy/nginx.conf` is a configuration that was tested. Dagster has no users of
its own, so the name becomes a tag of the run. The name from the proxy replaces any name that somebody typed into that
tag. The server listens on this machine only. How a decision uses the name is in `users.py`.
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
Parameters = dict[str, Any]  # the parameters of a mutation, in the form in which Dagster's page sends them


class PageWithUsers(DagsterWebserver):  # type: ignore[type-arg]
    """Dagster's page, with the user's name on every run that it launches."""

    def build_graphql_middleware(self) -> list[Callable[..., object]]:
        """Return the middleware that Dagster runs around every field of a request."""
        return [record_the_user]


def record_the_user(
    resolve: Callable[..., object], root: object, info: GraphQLResolveInfo, **arguments: object
) -> object:
    """Tag every run that a request launches with the user's name, which comes from the proxy.

    Raises GraphQLError if the proxy sent no name, or if the request's mutation is refused.
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

    Dagster's mutations have these parameters in different arguments.
    """
    launches = [arguments[name] for name in ("executionParams", "reexecutionParams") if arguments.get(name)]
    return [*launches, *(arguments.get("executionParamsList") or [])]


def _tag_launch(params: Parameters, name: str) -> None:
    """Add the user's name to the tags of a launch or relaunch."""
    if "parentRunId" in params:
        params["extraTags"] = _with_name(params.get("extraTags"), name)
    else:
        metadata = params.get("executionMetadata") or {}
        params["executionMetadata"] = metadata | {"tags": _with_name(metadata.get("tags"), name)}


def _with_name(tags: Tags | None, name: str) -> Tags:
    return [*(tag for tag in tags or [] if tag["key"] != USER_TAG), {"key": USER_TAG, "value": name}]


def serve(port: int, *, read_only: bool) -> None:
    """Serve the page, on this machine only, until the process is ended."""
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
    """Replace this process with Dagster's daemon, which starts the runs that the pages, sensor and schedule request."""
    prepare_dagster_home()
    os.environ[SIGNED_IN] = "yes"
    daemon = Path(sys.executable).with_name("dagster-daemon")
    os.execv(daemon, [str(daemon), "run", "-w", str(PROJECT / "workspace.yaml")])  # noqa: S606
