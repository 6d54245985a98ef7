"""Tests of docs/HOUSE.md: it answers each of five questions with one place, and has a line for every folder."""

import ast
import re
from collections.abc import Iterator
from pathlib import Path
from typing import get_args

import pytest
import yaml

from assets.targets.rules import RULES
from warehouse import reference_files
from warehouse.agreements import Rule
from warehouse.contracts import TABLES, contracts
from warehouse.decision_file import Decision
from warehouse.home import PROJECT

ROOMS = ("warehouse", "checks", "assets", "pipelines")
PAGE = (PROJECT / "docs" / "HOUSE.md").read_text(encoding="utf-8")
FORMULA, READING, CHECK, EFFECT, COLUMN = (
    "What is the formula of a verdict?",
    "Where is a delivered file read?",
    "How does a rule become a Dagster check?",
    "Where does a decision take effect?",
    "What does a column mean?",
)
READERS = {"pyreadstat", "python_calamine", "openpyxl", "pyarrow.csv", "pyarrow.parquet"}
READING_CALLS = {"read_csv", "read_excel", "read_spss", "read_sav", "read_parquet", "read_feather", "read_stata"}
MADE_UP = PROJECT / "assets" / "extracts" / "sample"  # this folder writes delivered files, but reads none


def lines_of(first: str) -> list[list[str]]:
    """Return the cells of each line below the heading of a table.

    The table is found by the first word of its heading.
    """
    table = PAGE.split(f"| {first} |")[1].split("\n\n")[0].splitlines()[2:]
    return [[cell.strip() for cell in line.strip("|").split(" | ")] for line in table]


def in_code(text: str) -> list[str]:
    """Return the pieces of a text that are between backticks."""
    return re.findall(r"`([^`]+)`", text)


PLACES = {question: in_code(place) for question, place, _ in lines_of("question")}


def place_of(question: str) -> tuple[Path, set[str]]:
    """Return the file or folder that docs/HOUSE.md gives for a question, and the set of names beside it."""
    path, *names = PLACES[question]
    return PROJECT / path, set(names)


def modules() -> Iterator[tuple[Path, ast.Module]]:
    """Yield the path and the syntax tree of every module of the four rooms."""
    for room in ROOMS:
        for path in sorted((PROJECT / room).rglob("*.py")):
            yield path, ast.parse(path.read_text(encoding="utf-8"))


def functions(path: Path) -> set[str]:
    tree = ast.parse(path.read_text(encoding="utf-8"))
    return {node.name for node in tree.body if isinstance(node, ast.FunctionDef)}


def imports(tree: ast.Module) -> set[str]:
    """Return the dotted names of all imports in a module, including imports in functions.

    `from a import b` gives a and a.b.
    """
    names: set[str] = set()
    for node in ast.walk(tree):
        if isinstance(node, ast.Import):
            names |= {alias.name for alias in node.names}
        elif isinstance(node, ast.ImportFrom) and node.module:
            names |= {node.module, *(f"{node.module}.{alias.name}" for alias in node.names)}
    return names


def calls(tree: ast.Module) -> set[str]:
    """Return the last name of everything that a module calls: for `a.b()`, it is b."""
    called = (node.func for node in ast.walk(tree) if isinstance(node, ast.Call))
    return {node.attr if isinstance(node, ast.Attribute) else ast.unparse(node) for node in called}


def words(tree: ast.Module) -> set[str]:
    """Return every string literal of a module as a whole."""
    return {node.value for node in ast.walk(tree) if isinstance(node, ast.Constant) and isinstance(node.value, str)}


def within(path: Path, folder: Path) -> bool:
    return folder in path.parents


def test_the_page_answers_five_questions() -> None:
    assert list(PLACES) == [FORMULA, READING, CHECK, EFFECT, COLUMN]


@pytest.mark.parametrize("question", [FORMULA, READING, CHECK, EFFECT])
def test_what_the_page_names_is_defined_there(question: str) -> None:
    path, names = place_of(question)
    assert names
    assert names <= functions(path), question


def test_a_verdicts_formula_is_nowhere_else() -> None:
    """Only the module of formulas has the literal "not_met".

    Rules pass figures to it, and the status counts its results.
    """
    formulas, _ = place_of(FORMULA)
    assets = PROJECT / "assets"
    judging = {path for path, tree in modules() if path.is_relative_to(assets) and "not_met" in words(tree)}
    assert judging == {formulas}
    queries = [path for path in assets.rglob("*.sql") if "not_met" in path.read_text(encoding="utf-8")]
    assert not queries


def test_the_page_names_every_formula_of_a_verdict() -> None:
    path, names = place_of(FORMULA)
    tree = ast.parse(path.read_text(encoding="utf-8"))
    judging = {
        node.name
        for node in tree.body
        if isinstance(node, ast.FunctionDef) and node.returns and ast.unparse(node.returns) == "Verdict"
    }
    assert names == judging - {"not_evaluable"}  # not a result of a formula: no verdict is possible


def test_every_rule_of_an_agreement_is_registered() -> None:
    assert set(RULES) == set(get_args(Rule))
    rules = functions(PROJECT / "assets" / "targets" / "rules.py")
    tree = ast.parse((PROJECT / "assets" / "targets" / "rules.py").read_text(encoding="utf-8"))
    table = next(node.value for node in tree.body if isinstance(node, ast.AnnAssign) and "RULES" in ast.unparse(node))
    assert isinstance(table, ast.Dict)
    judges = [
        node.body.func.id
        for node in ast.walk(table)
        if isinstance(node, ast.Lambda) and isinstance(node.body, ast.Call) and isinstance(node.body.func, ast.Name)
    ]
    assert len(judges) == sum(len(comparisons) for comparisons in RULES.values())
    assert set(judges) <= rules
    assert len(judges) == len(set(judges)), "one function for each"


def test_the_lists_that_the_page_names_for_a_rule_of_an_agreement_have_every_rule() -> None:
    steps = next(where for what, where, _ in lines_of("what") if what == "a rule of an agreement")
    assert {"Rule", "_NEEDED", "_JUDGED", "RULES"} <= set(in_code(steps))
    rules = set(get_args(Rule))
    assert set(reference_files._NEEDED) == rules
    assert set(reference_files._JUDGED) <= rules
    assert set(contracts()["reference.targets"].columns["rule"].allowed) == rules


def test_no_delivered_file_is_read_elsewhere() -> None:
    formats = place_of(READING)[0].parent
    store = PROJECT / "warehouse"  # the store reads its own Parquet files
    for path, tree in modules():
        if within(path, formats) or within(path, MADE_UP):
            continue
        read = {name for name in imports(tree) if name in READERS}
        assert not read - ({"pyarrow.parquet"} if within(path, store) else set()), path
        assert not calls(tree) & READING_CALLS, path


def test_no_check_becomes_dagsters_elsewhere() -> None:
    place, _ = place_of(CHECK)
    made = {"AssetCheckSpec", "AssetCheckEvaluation", "AssetCheckResult", "asset_check", "multi_asset_check"}
    assert {path for path, tree in modules() if calls(tree) & made} == {place}


def test_no_decision_takes_effect_elsewhere() -> None:
    """One module applies decisions on rows, cells, shares and checks.

    The query beside the module applies decisions on offence codes.
    """
    place, names = place_of(EFFECT)
    kinds = {get_args(kind.model_fields["about"].annotation)[0] for kind in flattened(Decision)}
    assert kinds == {"rejected_row", "rejected_share", "failed_check", "unmapped_code"}, "who takes the new one in?"
    assert names == {"on_row", "on_cells", "on_share", "on_check"}
    assert {path for path, tree in modules() if calls(tree) & {"Settled", "settles"}} == {place}
    assert {path for path, tree in modules() if names & functions(path)} == {place}
    queries = {path for path in (PROJECT / "assets").rglob("*.sql") if "unmapped_code'" in path.read_text("utf-8")}
    assert queries == {place.with_name("decided_codes.sql")}


def flattened(kind: object) -> Iterator[type]:
    """Yield the types of a union. If a member of the union is a union too, yield its types."""
    if isinstance(kind, type):
        yield kind
        return
    for inner in get_args(kind):
        if isinstance(inner, type) or get_args(inner):
            yield from flattened(inner)


def test_no_column_is_explained_elsewhere() -> None:
    place, _ = place_of(COLUMN)
    assert place == TABLES
    files = {path: yaml.safe_load(path.read_text(encoding="utf-8")) for path in sorted(place.glob("*.yml"))}
    derived = {name for name in contracts() if name.startswith("extracts.")}  # from the typed tables, in contracts.py
    assert {name for tables in files.values() for name in tables} == set(contracts()) - derived
    for path, tables in files.items():
        for name, table in tables.items():
            assert name.startswith(f"{path.stem}."), f"{name} stands in {path.name}"
            assert all(column["text"] for column in table["columns"].values()), name
    texts = {
        column.text for table in contracts().values() for column in table.columns.values() if len(column.text) > 40
    }
    explaining = {path for path, tree in modules() if words(tree) & texts}
    assert explaining <= {PROJECT / "warehouse" / "contracts.py"}, "which derives extracts.*"
    others = [*(PROJECT / "assets").rglob("*.sql"), *(PROJECT / "checks").rglob("*.yml")]
    for path in others:
        written = path.read_text(encoding="utf-8")
        assert not [text for text in texts if text in written], path


def test_every_folder_has_its_line_and_begins_with_files_that_are_there() -> None:
    named = {in_code(folder)[0].rstrip("/"): in_code(begin) for folder, _, begin in lines_of("folder")}
    subjects = {
        f"assets/{path.name}" for path in (PROJECT / "assets").iterdir() if path.is_dir() and path.name != "__pycache__"
    }
    assert set(named) == {*ROOMS, "tests", *subjects, "assets/extracts/sample"}
    for folder, files in named.items():
        assert files
        for file in files:
            assert (PROJECT / folder / file).exists(), f"{folder}/{file}"


def test_every_path_of_the_page_is_there() -> None:
    for path in in_code(PAGE):
        if path.startswith(tuple(f"{room}/" for room in (*ROOMS, "tests"))):
            assert list(PROJECT.glob(path.rstrip("/"))), path
