"""Tests that each sentence of an error or of a rule has a Danish translation."""

import ast
import re
from collections.abc import Iterator
from pathlib import Path

import pytest
import yaml

from assets.extracts.layouts import load_specifications
from checks.row_rules import row_rules
from checks.table_rules import rules, shape_rule
from pipelines.danish import PLACEHOLDER, in_danish, translations
from tests.help_texts import help_texts
from warehouse.contracts import contracts
from warehouse.home import PROJECT

SENTENCES = PROJECT / "pipelines" / "danish_sentences"
RAISED = ("InputError", "StoreError", "CheckError")


def sentences_of(path: Path) -> Iterator[tuple[int, str]]:
    """Yield the line number and the sentence of each expected error in a module. `{}` replaces each value."""
    for call in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
        if isinstance(call, ast.Call) and getattr(call.func, "id", None) in RAISED and call.args:
            sentence = template_of(call.args[0])
            if sentence is not None:
                yield call.lineno, sentence


def template_of(node: ast.expr) -> str | None:
    """Return a text or an f-string as a template. Return None for any other expression."""
    if isinstance(node, ast.Constant) and isinstance(node.value, str):
        return node.value
    if isinstance(node, ast.JoinedStr):
        return "".join(part.value if isinstance(part, ast.Constant) else "{}" for part in node.values)  # type: ignore[misc]
    return None


def without_names(template: str) -> str:
    return PLACEHOLDER.sub("{}", template)


FOLDERS = ("warehouse", "checks", "assets", "pipelines")
MODULES = [path for folder in FOLDERS for path in sorted((PROJECT / folder).rglob("*.py")) if list(sentences_of(path))]
KNOWN = {without_names(english) for english in translations()}


@pytest.mark.parametrize("path", MODULES, ids=lambda path: path.stem)
def test_every_error_has_its_danish(path: Path) -> None:
    missing = {line: sentence for line, sentence in sentences_of(path) if sentence not in KNOWN}
    assert not missing


def test_every_rule_says_in_danish_what_to_do() -> None:
    of_tables = [rule for of_table in rules().values() for rule in of_table]
    shapes = [shape_rule(table) for table in contracts().values()]
    assert {rule.what_to_do for rule in (*of_tables, *shapes)} - set(translations()) == set()


def test_every_reason_of_a_rejected_row_has_its_danish() -> None:
    reasons = {rule.reason for table in contracts().values() for rule in row_rules().get(table.name, ())}
    assert reasons
    assert reasons - set(translations()) == set()


@pytest.mark.parametrize("english", translations())
def test_a_translation_has_the_same_values_and_is_found_again(english: str) -> None:
    danish = translations()[english]
    assert set(PLACEHOLDER.findall(danish)) == set(PLACEHOLDER.findall(english))
    filled = {name: f"<{number}>" for number, name in enumerate(PLACEHOLDER.findall(english))}
    assert in_danish(PLACEHOLDER.sub(lambda match: filled[match[1]], english)) == PLACEHOLDER.sub(
        lambda match: filled[match[1]], danish
    )


def reasons_of_ignored_columns() -> set[str]:
    specifications = load_specifications(PROJECT / "warehouse" / "reference" / "extracts").values()
    layouts = [specification.for_edition(edition) for specification in specifications for edition in range(2017, 2027)]
    return {ignored.reason for layout in layouts for ignored in layout.ignored.values()}


def producers() -> set[str]:
    specifications = load_specifications(PROJECT / "warehouse" / "reference" / "extracts").values()
    return {specification.for_edition(2025).producer for specification in specifications}


def test_every_producer_has_a_danish_name() -> None:
    english = {producer for producer in producers() if not producer.startswith("Københavns")}
    assert len(english) == 4
    assert english - set(translations()) == set()


def test_every_reason_of_a_column_that_is_not_read_has_its_danish() -> None:
    assert reasons_of_ignored_columns()
    assert reasons_of_ignored_columns() - set(translations()) == set()


def test_no_translation_is_left_over() -> None:
    """Look for each English sentence in the code.

    If a sentence is put together from parts, look for each of its fixed parts.
    """
    used = {sentence for path in MODULES for _, sentence in sentences_of(path)}
    used |= {rule.what_to_do for of_table in rules().values() for rule in of_table}
    used |= {shape_rule(table).what_to_do for table in contracts().values()}
    used |= {rule.reason for table in contracts().values() for rule in row_rules().get(table.name, ())}
    used |= reasons_of_ignored_columns() | producers() | help_texts()
    code = "\n".join(
        path.read_text(encoding="utf-8") for folder in FOLDERS for path in (PROJECT / folder).rglob("*.py")
    )
    code += code.replace("_", " ")  # sentences contain column names as words
    left_over = {english for english in translations() if without_names(english) not in used} - set(
        sentences_of_libraries()
    )
    parts = {english: re.split(r"\{\w+\}|; ", english) for english in left_over}
    assert {english for english in left_over if not all(part.strip(" :;.") in code for part in parts[english])} == set()


def sentences_of_libraries() -> dict[str, str]:
    """Return the translations of sentences by pydantic and the operating system. Our code does not contain them."""
    sentences: dict[str, str] = yaml.safe_load((SENTENCES / "libraries.yml").read_text(encoding="utf-8"))
    return sentences
