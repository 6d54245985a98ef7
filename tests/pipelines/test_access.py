"""Tests of several users behind a proxy: a real nginx with deploy/nginx.conf, and both pages.

A user who is not signed in sees nothing. A user who may only look starts nothing. A decision is recorded under the
name of the user who made it.
"""

import base64
import json
import os
import shutil
import socket
import subprocess
import sys
import time
import urllib.error
import urllib.request
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest
from dagster_graphql.schema import create_schema
from websockets.sync.client import connect
from websockets.typing import Subprotocol

from assets.asset_checks import fingerprint_of
from pipelines.serving import REFUSED, record_the_user
from tests.delivering import deliver, make, open_home, reports
from warehouse.contracts import contracts
from warehouse.decision_file import load_decisions
from warehouse.home import PROJECT

NGINX = shutil.which("nginx") or shutil.which("nginx", path="/usr/sbin")
HTPASSWD = shutil.which("htpasswd")

LAUNCH = """mutation Launch($executionParams: ExecutionParams!) {
  launchRun(executionParams: $executionParams) {
    __typename ... on LaunchRunSuccess { run { runId } } ... on PythonError { message } ... on UnauthorizedError { message }
  }
}"""
STATUS = "query Status($runId: ID!) { runOrError(runId: $runId) { ... on Run { status tags { key value } } } }"
EDITION = 2023


@dataclass(frozen=True)
class Proxy:
    """The proxy that the tests send requests to."""

    url: str

    def ask(self, user: str | None, query: str, **variables: Any) -> Any:
        """Return the answer to a user's GraphQL request. If the proxy refuses the request, return the HTTP status."""
        request = urllib.request.Request(
            f"{self.url}/graphql", json.dumps({"query": query, "variables": variables}).encode()
        )
        request.add_header("Content-Type", "application/json")
        request.add_header("X-Tryghed-User", "somebody.else")  # the proxy must ignore the name that a browser sends
        if user:
            request.add_header(
                "Authorization", "Basic " + base64.b64encode(f"{user}:secret-of-{user}".encode()).decode()
            )
        try:
            with urllib.request.urlopen(request, timeout=60) as answer:
                return json.load(answer)
        except urllib.error.HTTPError as error:
            return error.code if error.code in (401, 403) else json.load(error)


def decision(**form: Any) -> dict[str, Any]:
    """Return the parameters that launch a decision. A false name is typed into the form and into a tag."""
    config = {
        "about": "failed_check", "edition": EDITION, "table": "police.unmapped_codes", "rule": "code_is_mapped_or_accepted",
        "person": "Somebody Else", "reason": "Confirmed.", "seen": fingerprint_of(contracts()["police.unmapped_codes"], EDITION)[:12],
    } | form  # fmt: skip
    return {
        "selector": {"repositoryLocationName": "tryghed", "repositoryName": "__repository__", "jobName": "decide"},
        "runConfigData": json.dumps({"ops": {"decision": {"config": config}}}),
        "executionMetadata": {"tags": [{"key": "tryghed/user", "value": "somebody.else"}]},
    }


def free_port() -> int:
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        return int(free.getsockname()[1])


@pytest.fixture(scope="module")
def proxy(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Proxy]:
    """Yield the proxy, with both pages running behind it.

    The home has one report whose offence code is not in the mapping.
    """
    folder = tmp_path_factory.mktemp("access")
    monkeypatch = pytest.MonkeyPatch()
    reference = Path(shutil.copytree(PROJECT / "warehouse" / "reference", folder / "reference"))
    home = open_home(folder / "home", monkeypatch, reference)
    lines = reports(300)
    lines[7]["Gern.kode"] = "00001"
    deliver(home, EDITION, "anmeldelser.csv", lines)
    make(EDITION, "police.unmapped_codes")
    decider, viewer, outside = (free_port() for _ in range(3))
    configuration = (PROJECT / "deploy" / "nginx.conf").read_text(encoding="utf-8")
    configuration = configuration.replace("127.0.0.1:3001", f"127.0.0.1:{viewer}").replace(
        "127.0.0.1:8080", f"127.0.0.1:{outside}"
    )
    (folder / "nginx.conf").write_text(configuration, encoding="utf-8")
    (folder / "deciders").write_text(f'"a.steward" 127.0.0.1:{decider};\n', encoding="utf-8")
    (folder / "users").touch(mode=0o644)
    for user in ("a.steward", "a.reader"):
        subprocess.run(
            [str(HTPASSWD), "-Bb", "users", user, f"secret-of-{user}"], cwd=folder, check=True, capture_output=True
        )
    commands = [
        [sys.executable, "-m", "pipelines", "serve", "--port", str(decider)],
        [sys.executable, "-m", "pipelines", "serve", "--port", str(viewer), "--read-only"],
        [str(NGINX), "-p", str(folder), "-c", "nginx.conf", *(["-g", "user root;"] if os.getuid() == 0 else [])],
    ]
    servers, proxy = [], Proxy(f"http://127.0.0.1:{outside}")
    for command, port in zip(commands, (decider, viewer, outside), strict=True):
        servers.append(subprocess.Popen(command, cwd=PROJECT, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL))
        deadline = time.monotonic() + 90
        while not _answers(port):  # start one after the other, because the first server makes Dagster's own tables
            assert time.monotonic() < deadline, "a server did not start"
            time.sleep(1)
    daemon = [sys.executable, "-m", "pipelines", "serve", "--daemon"]
    servers.append(subprocess.Popen(daemon, cwd=PROJECT, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL))
    yield proxy
    for server in servers:
        server.terminate()
    for server in servers:
        server.wait(30)
    monkeypatch.undo()


def _answers(port: int) -> bool:
    with socket.socket() as probe:
        return probe.connect_ex(("127.0.0.1", port)) == 0


needs_nginx = pytest.mark.skipif(
    NGINX is None or HTPASSWD is None, reason="needs nginx and htpasswd: apt-get install nginx-light apache2-utils"
)


@needs_nginx
@pytest.mark.slow
def test_who_is_not_signed_in_sees_nothing(proxy: Proxy) -> None:
    assert proxy.ask(None, "{ version }") == 401
    assert proxy.ask("a.stranger", "{ version }") == 401


@needs_nginx
@pytest.mark.slow
def test_who_may_look_sees_everything_and_starts_nothing(proxy: Proxy) -> None:
    assert proxy.ask("a.reader", "{ version }")["data"]["version"]
    launched = proxy.ask("a.reader", LAUNCH, executionParams=decision())["data"]["launchRun"]
    assert launched["__typename"] == "UnauthorizedError"
    assert not load_decisions().decisions


@needs_nginx
@pytest.mark.slow
def test_a_decision_is_made_by_the_name_that_was_signed_in_whatever_was_typed(proxy: Proxy) -> None:
    launched = proxy.ask("a.steward", LAUNCH, executionParams=decision())["data"]["launchRun"]
    assert launched["__typename"] == "LaunchRunSuccess", launched
    deadline = time.monotonic() + 120
    while (run := proxy.ask("a.reader", STATUS, runId=launched["run"]["runId"])["data"]["runOrError"])["status"] not in (
        "SUCCESS", "FAILURE",
    ):  # fmt: skip
        assert time.monotonic() < deadline, run
        time.sleep(1)
    assert run["status"] == "SUCCESS"
    assert [tag["value"] for tag in run["tags"] if tag["key"] == "tryghed/user"] == ["a.steward"]
    assert [decision_made.person for decision_made in load_decisions().decisions] == ["a.steward"]


@needs_nginx
@pytest.mark.slow
def test_a_link_or_a_form_of_another_site_and_a_result_by_hand_are_refused(proxy: Proxy) -> None:
    password = base64.b64encode(b"a.steward:secret-of-a.steward").decode()

    def status(path: str, body: bytes | None = None, **headers: str) -> int:
        request = urllib.request.Request(f"{proxy.url}{path}", body, {"Authorization": f"Basic {password}"} | headers)
        try:
            with urllib.request.urlopen(request, timeout=60) as answer:
                return int(answer.status)
        except urllib.error.HTTPError as error:
            return error.code

    json_type = {"Content-Type": "application/json"}
    assert status("/graphql?query=%7Bversion%7D") == 403
    assert status("/graphql", b'{"query": "{version}"}', **{"Content-Type": "text/plain"}) == 403
    assert status("/graphql", b'{"query": "{version}"}', **json_type, **{"Sec-Fetch-Site": "cross-site"}) == 403
    assert status("/graphql", b'{"query": "{version}"}', **json_type, **{"Sec-Fetch-Site": "same-origin"}) == 200
    assert status("/report_asset_check/police/unmapped_codes", b"{}", **json_type) == 403
    refused = proxy.ask("a.steward", 'mutation { deleteRun(runId: "x") { __typename } }')
    assert "This would change the record" in refused["errors"][0]["message"]


@needs_nginx
@pytest.mark.slow
def test_nothing_is_launched_through_a_websocket_where_no_name_would_be_recorded(proxy: Proxy) -> None:
    password = base64.b64encode(b"a.steward:secret-of-a.steward").decode()
    payload = {"query": LAUNCH, "variables": {"executionParams": decision()}}
    with connect(
        proxy.url.replace("http", "ws") + "/graphql",
        subprotocols=[Subprotocol("graphql-ws")],
        additional_headers={"Authorization": f"Basic {password}"},
    ) as socket_:
        socket_.send(json.dumps({"type": "start", "id": "1", "payload": payload}))
        answer = json.loads(socket_.recv(timeout=60))
    assert (answer["type"], "is not defined" in answer["payload"]["message"]) == ("error", True)


def test_every_way_to_wipe_a_record_or_to_report_a_result_by_hand_is_refused() -> None:
    mutations = create_schema().graphql_schema.mutation_type
    assert mutations
    risky = {name for name in mutations.fields if name.startswith(("report", "wipe", "delete"))}
    assert risky - set(REFUSED) == {"deleteAppManagedComponent", "deleteConcurrencyLimit"}  # settings, no records
    assert set(REFUSED) <= set(mutations.fields)


def test_a_launch_again_is_the_doing_of_who_launches_it_again() -> None:
    passed_arguments: dict[str, Any] = {}

    class Info:
        parent_type = type("Mutation", (), {"name": "Mutation"})
        field_name = "launchRun"
        context = type("Context", (), {"source": type("Request", (), {"headers": {"x-tryghed-user": "b.steward"}})})

    def resolve(root: Any, info: Any, **arguments: Any) -> None:
        passed_arguments.update(arguments)

    tags = [{"key": "tryghed/user", "value": "a.steward"}, {"key": "mine", "value": "1"}]
    reexecution = {"parentRunId": "x", "strategy": "ALL_STEPS", "extraTags": list(tags)}
    launches = [{"executionMetadata": {"tags": list(tags)}}, {"executionMetadata": None}]
    record_the_user(resolve, None, Info, reexecutionParams=reexecution, executionParamsList=launches)  # type: ignore[arg-type]
    steward_tag = {"key": "tryghed/user", "value": "b.steward"}
    assert passed_arguments["reexecutionParams"]["extraTags"] == [tags[1], steward_tag]
    assert [params["executionMetadata"]["tags"] for params in passed_arguments["executionParamsList"]] == [
        [tags[1], steward_tag],
        [steward_tag],
    ]
    record_the_user(resolve, None, Info, backfillParams={"tags": list(tags)})  # type: ignore[arg-type]
    assert passed_arguments["backfillParams"]["tags"] == [tags[1], steward_tag]
    Info.context.source.headers = {}
    with pytest.raises(Exception, match="Nobody is signed in"):
        record_the_user(resolve, None, Info, executionParams={})  # type: ignore[arg-type]
