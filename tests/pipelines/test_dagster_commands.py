"""Tests that Dagster's own commands work in a clone of the repository.

The commands are `dagster definitions validate` and `dagster dev -w workspace.yaml`.
"""

import json
import os
import signal
import socket
import subprocess
import sys
import time
import tomllib
import urllib.error
import urllib.request
from pathlib import Path

import pytest
import yaml

from warehouse.home import PROJECT

DAGSTER = Path(sys.executable).with_name("dagster")
WORKSPACE = PROJECT / "workspace.yaml"
LOCATIONS = "{workspaceOrError {... on Workspace {locationEntries {name locationOrLoadError {__typename}}}}}"
LATE = 240  # seconds that the start may take on a busy machine


def environment(tmp_path: Path, *, with_dagster_home: bool) -> dict[str, str]:
    """Return the environment variables of a user's shell, with or without DAGSTER_HOME."""
    variables = {name: value for name, value in os.environ.items() if name not in ("DAGSTER_HOME", "PYTHONPATH")}
    variables |= {"TRYGHED_HOME": str(tmp_path / "data"), "DAGSTER_DISABLE_TELEMETRY": "1"}
    if with_dagster_home:
        (tmp_path / "dagster").mkdir()
        variables["DAGSTER_HOME"] = str(tmp_path / "dagster")
    return variables


@pytest.mark.parametrize(
    ("with_dagster_home", "in_the_clone", "arguments"),
    [
        pytest.param(False, True, [], id="in the clone, without DAGSTER_HOME"),
        pytest.param(True, False, ["-w", str(WORKSPACE)], id="in another folder, with DAGSTER_HOME"),
    ],
)
def test_dagster_validates_the_definitions(
    tmp_path: Path, with_dagster_home: bool, in_the_clone: bool, arguments: list[str]
) -> None:
    process = subprocess.run(
        [DAGSTER, "definitions", "validate", *arguments],
        cwd=PROJECT if in_the_clone else tmp_path,
        env=environment(tmp_path, with_dagster_home=with_dagster_home),
        capture_output=True,
        text=True,
        check=False,
    )
    assert process.returncode == 0, process.stderr
    assert "Validation successful for code location tryghed" in process.stderr + process.stdout


def test_workspace_and_dg_load_the_same_module() -> None:
    location = yaml.safe_load(WORKSPACE.read_text(encoding="utf-8"))["load_from"][0]["python_module"]
    tools = tomllib.loads((PROJECT / "pyproject.toml").read_text(encoding="utf-8"))["tool"]
    project = tools["dg"]["project"]
    assert project["code_location_target_module"] == location["module_name"]
    assert project["code_location_name"] == location["location_name"]


@pytest.mark.slow
def test_dagster_dev_shows_the_code_of_this_folder(tmp_path: Path) -> None:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
    with (tmp_path / "dev.log").open("w") as log:
        process = subprocess.Popen(
            [DAGSTER, "dev", "-w", WORKSPACE, "--host", "127.0.0.1", "--port", str(port)],
            cwd=tmp_path,  # without DAGSTER_HOME, Dagster makes its temporary home in this folder
            env=environment(tmp_path, with_dagster_home=False),
            stdout=log,
            stderr=log,
        )
        try:
            entries = locations(port, process)
        finally:
            process.send_signal(signal.SIGINT)
            process.wait(timeout=LATE)
    assert entries == [{"name": "tryghed", "locationOrLoadError": {"__typename": "RepositoryLocation"}}]
    assert not list(tmp_path.glob(".tmp_dagster_home_*")), "Dagster deletes its temporary home when it ends"


def locations(port: int, process: subprocess.Popen[bytes]) -> list[dict[str, object]]:
    """Wait until the page answers, and return the code locations that it has loaded."""
    request = urllib.request.Request(
        f"http://127.0.0.1:{port}/graphql",
        json.dumps({"query": LOCATIONS}).encode(),
        {"Content-Type": "application/json"},
    )
    deadline = time.monotonic() + LATE
    while process.poll() is None and time.monotonic() < deadline:
        try:
            with urllib.request.urlopen(request, timeout=60) as answer:
                return json.load(answer)["data"]["workspaceOrError"]["locationEntries"]
        except urllib.error.URLError:
            time.sleep(1)
    pytest.fail(f"dagster dev does not answer; see {process.args}")
