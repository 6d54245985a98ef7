"""Tests of a data steward's work in a real browser.

A check is red. The steward looks at the failing rows and decides in the launch form. The check turns green, and it is
red again when the file changes. The tests write screenshots to tests/_output/, so that somebody can look at them.
"""

import os
import re
import shutil
import socket
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path

import duckdb
import pytest
from playwright.sync_api import Browser, Page, expect, sync_playwright

from tests.conftest import Command, tryghed
from tests.delivering import deliver, reports
from warehouse.home import PROJECT

CHROMIUM = shutil.which("chromium")
pytestmark = [
    pytest.mark.slow,
    pytest.mark.skipif(CHROMIUM is None, reason="needs a browser: apt-get install chromium"),
]

NEWEST, LAST = 2026, 2025
SHOTS = PROJECT / "tests" / "_output"
QUIET = [
    "--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run", "--disable-background-networking",
    "--disable-component-update", "--disable-sync",
]  # fmt: skip
LATE = 240  # seconds that a run on the sample may take on a busy machine
GOALS = ("activities.goals", "rows_are_not_those_of_the_edition_before")
CODES = ("police.unmapped_codes", "code_is_mapped_or_accepted")


@dataclass(frozen=True)
class Desk:
    """A home with planted faults, the reference files of this home, and the browser's page."""

    home: Path
    reference: Path
    url: str
    page: Page

    def run(self) -> Command:
        """Run the newest edition again, as an operator does after a new file."""
        return tryghed(self.home, "run", str(NEWEST), reference=self.reference)

    def check(self, table: str, rule: str) -> Page:
        """Open a check in the browser, and return the browser's page."""
        self.page.goto(f"{self.url}/assets/{table.replace('.', '/')}?view=checks&checkDetail={rule}")
        expect(self.page.get_by_text("Latest execution")).to_be_visible(timeout=30_000)
        return self.page

    def fingerprint(self, table: str, edition: int) -> str:
        """Compute the fingerprint of a stored table. The page shows the same fingerprint beside a failed check."""
        code = "from assets.asset_checks import fingerprint_of; from warehouse.contracts import contracts; "
        code += f"print(fingerprint_of(contracts()['{table}'], {edition})[:12])"
        environment = os.environ | {"TRYGHED_HOME": str(self.home), "TRYGHED_REFERENCE": str(self.reference)}
        process = subprocess.run(
            [sys.executable, "-c", code], cwd=PROJECT, env=environment, capture_output=True, text=True, check=True
        )
        return process.stdout.strip()

    def launch(self, **form: str | int) -> None:
        """Fill in the launch form of the job `decide`, and launch the job."""
        self.page.goto(f"{self.url}/locations/tryghed/jobs/decide/playground")
        self.page.locator(".CodeMirror").click()
        self.page.keyboard.press("Control+A")
        lines = "".join(f"      {name}: {value}\n" for name, value in form.items())
        self.page.keyboard.insert_text(f"ops:\n  decision:\n    config:\n{lines}")
        expect(self.page.get_by_text("No errors")).to_be_visible(timeout=30_000)
        self.take_screenshot("form")
        self.page.get_by_role("button", name="Launch Run").click()
        # The run may have to wait for the run before it.
        expect(self.page.get_by_text("Success").first).to_be_visible(timeout=LATE * 1000)

    def take_screenshot(self, name: str) -> None:
        """Save a screenshot of the page under this name."""
        SHOTS.mkdir(exist_ok=True)
        self.page.screenshot(path=SHOTS / f"{name}.png")

    def published(self, query: str) -> list[tuple[object, ...]]:
        """Return the rows that a query selects from the published file."""
        with duckdb.connect(str(self.home / "published" / "tryghed.duckdb"), read_only=True) as connection:
            return connection.execute(query).fetchall()


def wait_until(condition: Callable[[], object]) -> None:
    """Wait until the condition is true. A run that the sensor starts takes a while."""
    deadline = time.monotonic() + LATE
    while not condition():
        assert time.monotonic() < deadline, "it never came"
        time.sleep(2)


def write_last_years_goals(home: Path, shift: int) -> None:
    """Write last year's goals into a file with this year's name. The rows are rotated by `shift` places."""
    name = "synthetic_tryghedsplan_resultatmaal_{}.csv"
    head, *rows = (home / "landing" / str(LAST) / name.format(LAST)).read_text(encoding="utf-8-sig").splitlines()
    folder = home / "landing" / str(NEWEST)
    folder.mkdir(exist_ok=True)
    lines = [head, *rows[shift:], *rows[:shift], ""]
    (folder / name.format(NEWEST)).write_text("\r\n".join(lines), encoding="utf-8-sig", newline="")


@pytest.fixture(scope="module")
def browser() -> Iterator[Browser]:
    with sync_playwright() as playwright:
        chromium = playwright.chromium.launch(executable_path=CHROMIUM, args=QUIET)
        yield chromium
        chromium.close()


@pytest.fixture(scope="module")
def desk(
    sample_run: tuple[Path, Command], tmp_path_factory: pytest.TempPathFactory, browser: Browser
) -> Iterator[Desk]:
    """Yield a copy of the sample's home, with its page in the browser.

    Last year's goals are planted in the home, and a check has blocked a run because of them.
    """
    home = Path(shutil.copytree(sample_run[0], tmp_path_factory.mktemp("desk") / "home"))
    reference = Path(shutil.copytree(PROJECT / "warehouse" / "reference", home.parent / "reference"))
    write_last_years_goals(home, 3)
    blocked = tryghed(home, "run", str(NEWEST), reference=reference)
    assert blocked.code == 1, blocked.err
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    server = subprocess.Popen(
        [sys.executable, "-m", "pipelines", "ui", "--port", str(port)],
        cwd=PROJECT,
        env=os.environ | {"TRYGHED_HOME": str(home), "TRYGHED_REFERENCE": str(reference)},
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
    )
    page = browser.new_page(viewport={"width": 1500, "height": 1100})
    url = f"http://127.0.0.1:{port}"

    def answers() -> bool:
        with socket.socket() as probe:
            return probe.connect_ex(("127.0.0.1", port)) == 0

    wait_until(answers)
    yield Desk(home, reference, url, page)
    server.terminate()
    server.wait(60)


def test_a_blocking_check_is_red_is_decided_on_turns_green_and_is_red_again_when_the_file_changes(desk: Desk) -> None:
    table, rule = GOALS
    page = desk.check(table, rule)
    for phrase in (
        "Failed",
        "rows failing",
        "most likely last year's file under this year's name",
        f"tryghed decide check {table}",
    ):
        expect(page.get_by_text(phrase).first).to_be_visible(timeout=30_000)
    desk.take_screenshot("red")
    fingerprint = desk.fingerprint(table, NEWEST)
    expect(page.get_by_text(fingerprint, exact=True).first).to_be_visible()
    before = desk.published("SELECT count(*) FROM quality.decisions")
    desk.launch(
        about="failed_check", edition=NEWEST, table=table, rule=rule, seen=f'"{fingerprint}"', person="A. Steward",
        reason="The secretariat confirmed that nothing was reached yet.", expires_on='""',
    )  # fmt: skip
    wait_until(lambda: desk.published("SELECT count(*) FROM quality.decisions") != before)
    decided = desk.published("SELECT edition, table_name, rule, action, person, status FROM quality.decisions")
    assert decided == [(NEWEST, table, rule, "accept", "A. Steward", "in_force")]
    page = desk.check(table, rule)
    expect(page.get_by_text("Passed").first).to_be_visible(timeout=60_000)
    desk.take_screenshot("green")
    # The same goals in another order: these are not the rows that the decision is about.
    write_last_years_goals(desk.home, 7)
    rerun = desk.run()
    assert (rerun.code, rule in rerun.err) == (1, True)
    page = desk.check(table, rule)
    expect(page.get_by_text("Failed").first).to_be_visible(timeout=30_000)
    desk.take_screenshot("red_again")
    # With the rows that it is about, the decision is in force again, and the next tests can publish.
    write_last_years_goals(desk.home, 3)
    assert desk.run().code == 0


def test_a_warning_is_waived_until_a_day(desk: Desk) -> None:
    table, rule = CODES
    page = desk.check(table, rule)
    expect(page.get_by_text(f"{table}, edition {LAST}: {rule} fails at").first).to_be_visible(timeout=30_000)
    desk.take_screenshot("older_edition")
    fingerprint = desk.fingerprint(table, LAST)
    desk.launch(
        about="failed_check", edition=LAST, table=table, rule=rule, seen=f'"{fingerprint}"', person="A. Steward",
        reason="The list gets the codes next year.", expires_on='"2099-06-01"',
    )  # fmt: skip
    decisions_file = desk.home / "store" / "quality" / "decisions" / f"{LAST}.parquet"

    def is_in_force() -> bool:
        rows = duckdb.execute(f"SELECT status FROM '{decisions_file}' WHERE rule = '{rule}'").fetchall()
        return rows == [("in_force",)]

    wait_until(is_in_force)
    page = desk.check(table, rule)
    expect(page.get_by_text(f"Waived until 2099-06-01 in edition {LAST} by decision").first).to_be_visible(
        timeout=60_000
    )
    desk.take_screenshot("waived")


def test_a_rejected_row_is_dropped(desk: Desk) -> None:
    rejected = desk.home / "store" / "quality" / "rejected_rows" / f"{LAST}.parquet"
    file, row = duckdb.execute(
        f"SELECT file, min(row) FROM '{rejected}' WHERE file LIKE '%anmeldelser_{LAST}%' GROUP BY file"
    ).fetchall()[0]
    desk.launch(
        about="rejected_row", edition=LAST, file=file, row=row, action="drop", person="A. Steward",
        reason="The police do not know the report.",
    )  # fmt: skip
    counts = desk.home / "store" / "quality" / "row_counts" / f"{LAST}.parquet"

    def dropped() -> list[tuple[int]]:
        return duckdb.execute(f"SELECT rows_dropped FROM '{counts}' WHERE file = '{file}'").fetchall()

    wait_until(lambda: dropped() == [(1,)])
    assert dropped() == [(1,)]


def police_file(desk: Desk, **codes: int) -> Path:
    """Deliver 300 reports of the newest edition, and return the path of the file.

    Each keyword is an offence code, with or without the prefix `of_`. Its value is the number of reports with that code.
    """
    lines = reports(300, Gerningsdato="02-03-2025", Anmeldelsesdato="03-03-2025", Udtræksdato="15-02-2026")
    others = (code for code, times in codes.items() for _ in range(times))
    for line, code in zip(lines, others, strict=False):
        line["Gern.kode"] = code.removeprefix("of_")
    return deliver(desk.home, NEWEST, f"synthetic_anmeldelser_{NEWEST}.csv", lines)


def test_a_code_that_nobody_mapped_gets_a_type_and_another_one_is_red_again(desk: Desk) -> None:
    table, rule = CODES
    police_file(desk, of_00001=1)
    assert desk.run().code == 0  # the check only warns
    page = desk.check(table, rule)
    message = f"{table}, edition {NEWEST}: {rule} fails at"
    expect(page.get_by_text(message).first).to_be_visible(timeout=30_000)
    desk.launch(
        about="unmapped_code", edition=NEWEST, offence_code='"00001"', crime_type="threats", person="A. Steward",
        reason="The police say that it is a threat.",
    )  # fmt: skip
    query = "SELECT edition, action, crime_type, status FROM quality.decisions WHERE about = 'unmapped_code'"
    wait_until(lambda: desk.published(query))
    assert desk.published(query) == [(NEWEST, "correct", "threats", "in_force")]
    # The check has one result for all editions, and earlier editions have codes that nobody mapped.
    page = desk.check(table, rule)
    expect(page.get_by_text("failing editions").first).to_be_visible(timeout=60_000)
    expect(page.get_by_text(message)).to_have_count(0, timeout=60_000)
    desk.take_screenshot("code_green")
    police_file(desk, of_00001=1, of_00002=1)
    assert desk.run().code == 0
    page = desk.check(table, rule)
    expect(page.get_by_text(message).first).to_be_visible(timeout=30_000)


def test_a_share_of_rows_is_accepted_and_stops_the_run_again_when_the_file_changes(desk: Desk) -> None:
    file = police_file(desk, x=6)
    stopped = desk.run()
    desk.page.goto(f"{desk.url}/runs")
    expect(desk.page.get_by_text("Failure").first).to_be_visible(timeout=30_000)
    desk.page.locator("a[href^='/runs/']").first.click()
    message = "6 of 300 rows are rejected"
    expect(desk.page.get_by_text(message).first).to_be_visible(timeout=60_000)
    desk.take_screenshot("share_red")
    match = re.search(rf"{message}.*--seen ([0-9a-f]{{12}})", stopped.err)
    assert match, stopped.err
    desk.launch(
        about="rejected_share", edition=NEWEST, file=file.name, seen=f'"{match[1]}"', person="A. Steward",
        reason="The police cannot say what they were.",
    )  # fmt: skip
    query = "SELECT edition, file, status FROM quality.decisions WHERE about = 'rejected_share'"
    wait_until(lambda: desk.published(query))
    assert desk.published(query) == [(NEWEST, file.name, "in_force")]
    assert desk.published(f"SELECT rows_rejected FROM quality.row_counts WHERE file = '{file.name}'") == [(6,)]
    police_file(desk, x=7)
    rerun = desk.run()
    assert (rerun.code != 0, "7 of 300 rows are rejected" in rerun.err) == (True, True)


def test_the_whole_way_fits_on_one_screen(desk: Desk) -> None:
    desk.page.goto(f"{desk.url}/asset-groups")
    for group in ("reference", "extracts", "survey", "police", "safety", "crime", "targets", "published"):
        expect(desk.page.get_by_text(group, exact=True).last).to_be_visible(timeout=30_000)
    desk.take_screenshot("lineage")
