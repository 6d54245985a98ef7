"""Tests that the examples in the documents work. The program itself reads the specifications and decisions in them."""

import re
from datetime import date
from pathlib import Path

import pytest
import yaml

from assets.extracts.layouts import load_specifications
from checks.checks_page import PAGE, anchor, render
from checks.table_rules import rules
from tests.delivering import deliver, make, open_home, reports, rows
from warehouse.contracts import contracts
from warehouse.decision_file import load_decisions
from warehouse.home import PROJECT

EXTRACTS = (PROJECT / "docs" / "EXTRACTS.md").read_text(encoding="utf-8")


def example(word: str) -> str:
    """Return the first YAML block of docs/EXTRACTS.md that begins with `word`."""
    blocks = [block.split("```")[0] for block in EXTRACTS.split("```yaml\n")[1:]]
    return next(block for block in blocks if block.startswith(word))


def test_the_specification_of_the_document_reads_a_file(
    tmp_path: Path, reference: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    for path in (reference / "extracts").iterdir():
        path.unlink()
    (reference / "extracts" / "example_police.yml").write_text(example("extract:"), encoding="utf-8")
    assert set(load_specifications(reference / "extracts")) == {"example_police"}
    home = open_home(tmp_path / "home", monkeypatch, reference)
    unknown = ("Gerningsdato", "Rode")
    names = {"ETRS89 Øst": "X", "ETRS89 Nord": "Y"}
    lines = [{names.get(name, name): cell for name, cell in line.items() if name not in unknown} for line in reports(3)]
    deliver(home, 2023, "anmeldelser_2023.csv", [line | {"Gerning": "x"} for line in lines])
    make(2023)
    assert [row["crime_type"] for row in rows("police.reports", 2023)] == ["burglary"] * 3


def test_the_decisions_of_the_document_are_read(reference: Path) -> None:
    text = example("decisions:").replace("2026-05-02", "2026-01-02")
    (reference / "decisions.yml").write_text(text, encoding="utf-8")
    decided = load_decisions(reference).decisions
    assert [decision.about for decision in decided] == [
        "rejected_row",
        "unmapped_code",
        "rejected_share",
        "failed_check",
    ]
    assert {decision.decided_on for decision in decided} == {date(2026, 1, 2)}


def test_the_example_in_the_decisions_file_is_read(reference: Path) -> None:
    path = reference / "decisions.yml"
    lines = [line.removeprefix("# ") for line in path.read_text(encoding="utf-8").splitlines() if line.startswith("# ")]
    start = next(index for index, line in enumerate(lines) if line.startswith("- decision_id"))
    entries = yaml.safe_load("\n".join(lines[start:]))
    path.write_text(yaml.safe_dump({"decisions": entries}), encoding="utf-8")
    assert [decision.action for decision in load_decisions(reference).decisions] == ["correct", "correct", "waive"]


def test_the_page_of_checks_says_what_the_rules_say() -> None:
    assert PAGE.read_text(encoding="utf-8") == render(), "make dictionary writes it again"
    headings = {line.removeprefix("## ") for line in render().splitlines() if line.startswith("## ")}
    for rule in (rule for of_table in rules().values() for rule in of_table):
        assert f"{rule.table} {rule.name}" in headings
        assert anchor(rule) == f"{rule.table} {rule.name}".replace(".", "").replace(" ", "-")


@pytest.mark.parametrize(
    "name",
    ["README.md", "CONTRIBUTING.md", "docs/HOUSE.md", "docs/EXTRACTS.md", "docs/steward.md", "docs/ACCESS.md"],
)
def test_what_a_document_points_to_is_there(name: str) -> None:
    path = PROJECT / name
    links = [part.split(")")[0] for part in path.read_text(encoding="utf-8").split("](")[1:]]
    assert links
    for link in links:
        file, _, heading = link.partition("#")
        assert (path.parent / file).exists(), link
        assert not heading or heading in anchors(path.parent / file), link


def anchors(page: Path) -> set[str]:
    """Return the anchors that GitHub makes for the headings of a page."""
    headings = re.findall(r"^#+ (.+)$", page.read_text(encoding="utf-8"), re.MULTILINE)
    return {re.sub(r"[^\w -]", "", heading.lower()).replace(" ", "-") for heading in headings}


@pytest.mark.parametrize("name", ["README.md", "CONTRIBUTING.md", "docs/HOUSE.md", "docs/steward.md", "docs/ACCESS.md"])
def test_a_make_command_of_a_document_is_one_of_the_makefile(name: str) -> None:
    targets = set(re.findall(r"^([a-z-]+):", (PROJECT / "Makefile").read_text(encoding="utf-8"), re.MULTILINE))
    text = (PROJECT / name).read_text(encoding="utf-8")
    assert set(re.findall(r"(?:^|`)make ([a-z-]+)", text, re.MULTILINE)) <= targets


def test_the_page_for_contributors_is_one_page() -> None:
    assert len((PROJECT / "CONTRIBUTING.md").read_text(encoding="utf-8").splitlines()) <= 70


@pytest.mark.parametrize(
    "name",
    ["README.md", "CONTRIBUTING.md", "docs/METHODS.md", "docs/EXTRACTS.md", "docs/steward.md", "docs/ACCESS.md"],
)
def test_a_table_or_file_that_a_document_names_is_there(name: str) -> None:
    schemas = {table.schema_name for table in contracts().values()}
    rooms = ("pipelines", "assets", "checks", "warehouse", "tests", "benchmarks", "docs", "deploy")
    for word in re.findall(r"`([^`\s]+)`", (PROJECT / name).read_text(encoding="utf-8")):
        table = re.fullmatch(r"([a-z]+)\.([a-z_]+)(\.([a-z_0-9]+))?", word)
        if table and table[1] in schemas:
            assert f"{table[1]}.{table[2]}" in contracts(), f"{name} names {word}"
            assert table[4] is None or table[4] in contracts()[f"{table[1]}.{table[2]}"].columns, f"{name} names {word}"
        elif word.startswith(tuple(f"{room}/" for room in rooms)):
            assert list(PROJECT.glob(word.rstrip("/"))), f"{name} names {word}"


DOCUMENTS = ["README.md", "CONTRIBUTING.md", *(f"docs/{path.name}" for path in sorted((PROJECT / "docs").glob("*.md")))]


def read(name: str) -> str:
    return (PROJECT / name).read_text(encoding="utf-8")


def test_the_readme_is_one_screen() -> None:
    assert len(read("README.md").splitlines()) <= 50


@pytest.mark.parametrize("name", DOCUMENTS)
def test_commands_of_a_document_are_there(name: str) -> None:
    """A document names only `make` targets and `tryghed` commands that exist, and only options that they have."""
    from pipelines.cli import tryghed

    targets = set(re.findall(r"^([a-z-]+):", read("Makefile"), re.MULTILINE))
    assert set(re.findall(r"\bmake ([a-z-]+)`?", code_of(read(name)))) <= targets
    for words in re.findall(r"\btryghed((?: [a-z][a-z-]*)+)", code_of(read(name))):
        command = tryghed
        for word in words.split():
            if not hasattr(command, "commands"):
                break  # an argument
            assert word in command.commands, f"{name}: tryghed{words}"
            command = command.commands[word]


def code_of(markdown: str) -> str:
    """Return the text of a document's shell blocks, and all text that is between single backticks."""
    blocks = re.findall(r"```sh\n(.*?)```", markdown, re.DOTALL)
    return "\n".join([*blocks, *re.findall(r"`([^`\n]+)`", re.sub(r"```.*?```", "", markdown, flags=re.DOTALL))])


def test_the_exit_codes_and_variables_of_the_operators_page_are_those_of_the_code() -> None:
    from pipelines import cli

    page = read("docs/operator.md")
    codes = {int(code) for code in re.findall(r"^\| (\d+) \|", page, re.MULTILINE)}
    assert codes == {cli.DONE, cli.BLOCKED, cli.WRONG, cli.BUG}
    variables = set(re.findall(r"^\| `(TRYGHED_\w+)` \|", page, re.MULTILINE))
    code = "\n".join(
        path.read_text(encoding="utf-8")
        for room in ("warehouse", "pipelines")
        for path in (PROJECT / room).glob("*.py")
    )
    assert variables == set(re.findall(r'"(TRYGHED_[A-Z]+)"', code))


@pytest.mark.slow
@pytest.mark.parametrize(
    ("run", "picture"), [("sample_run", "verdicts_sample.svg"), ("first_run", "verdicts_published.svg")]
)
def test_a_committed_picture_is_the_one_that_is_drawn_now(
    run: str, picture: str, request: pytest.FixtureRequest, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    from docs.draw_verdicts import FOLDER, draw
    from warehouse.publishing import open_published

    home, _ = request.getfixturevalue(run)
    monkeypatch.setenv("TRYGHED_HOME", str(home))
    monkeypatch.setenv("TRYGHED_LANGUAGE", "da")  # drawn in English whatever the reader's language is
    drawn = draw(open_published(), tmp_path)
    assert drawn.name == picture
    assert drawn.read_bytes() == (FOLDER / picture).read_bytes(), "make picture draws it again"
