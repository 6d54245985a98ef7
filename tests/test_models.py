"""Tests of the SQL models: each is a list of named steps that ends in the last step, and is read from top to bottom."""

import re
from pathlib import Path

import pytest

from assets.sql_tables import MODELS
from warehouse.home import PROJECT

ASSETS = PROJECT / "assets"
MODEL_FILES = sorted(
    {ASSETS / f"{model.file}.sql" for model in MODELS.values()}
    | set((ASSETS / "extracts" / "rows").glob("*.sql"))
    | {ASSETS / "targets" / "figures_to_fix.sql"}
)


@pytest.mark.parametrize("path", MODEL_FILES, ids=lambda path: str(path.relative_to(ASSETS)))
def test_a_model_ends_in_its_last_step(path: Path) -> None:
    text = path.read_text(encoding="utf-8")
    steps = re.findall(
        r"^(?:WITH |WITH RECURSIVE |\), )?(\w+)(?:\([\w, ]+\))? AS (?:MATERIALIZED )?\($", text, flags=re.MULTILINE
    )
    last = re.fullmatch(r"SELECT \* FROM (\w+)( ORDER BY [\w, ]+)?", text.strip().splitlines()[-1])
    assert last, "a model ends in SELECT * FROM its last step"
    assert last[1] == steps[-1]
