"""Tests of the project as a whole: imports between the rooms (top-level folders), names, and Dagster's definitions."""

import ast
import re
import subprocess
import sys
from collections import Counter
from pathlib import Path
from typing import Any

import dagster as dg
import pytest

from benchmarks.imports import ratio
from benchmarks.run_overhead import part_of
from checks.table_rules import rules
from pipelines.definitions import defs
from pipelines.jobs import JOB
from pipelines.schedules import spring
from warehouse.contracts import contracts
from warehouse.home import PROJECT

ROOMS = ("warehouse", "checks", "assets", "pipelines")
VAGUE = {
    "about",
    "asked",
    "beside",
    "done",
    "found",
    "given",
    "held",
    "known",
    "made",
    "mine",
    "named",
    "of",
    "one",
    "ones",
    "other",
    "ours",
    "rest",
    "said",
    "seen",
    "some",
    "theirs",
    "there",
    "told",
}


def imports(path: Path) -> set[str]:
    tree = ast.parse(path.read_text(encoding="utf-8"))
    named = {node.module for node in ast.walk(tree) if isinstance(node, ast.ImportFrom) and node.module}
    return named | {alias.name for node in ast.walk(tree) if isinstance(node, ast.Import) for alias in node.names}


@pytest.mark.parametrize("room", ROOMS)
def test_imports_run_downwards_only(room: str) -> None:
    above = ROOMS[ROOMS.index(room) + 1 :]
    for path in (PROJECT / room).rglob("*.py"):
        upwards = {
            name for name in imports(path) if name.split(".")[0] in above and not name.startswith("assets.methods")
        }
        assert not upwards, f"{path.name} imports {upwards}"


def test_methods_stand_on_nothing_of_the_project() -> None:
    for path in (PROJECT / "assets" / "methods").glob("*.py"):
        foreign = {
            name
            for name in imports(path)
            if name.split(".")[0] in {*ROOMS, "dagster", "duckdb"} and not name.startswith("assets.methods")
        }
        assert not foreign, f"{path.name} imports {foreign}"


def missing_modules(code: str) -> list[str]:
    """Return the modules of the project that a text in the code names, but that do not exist."""
    texts = [node.value for node in ast.walk(ast.parse(code)) if isinstance(node, ast.Constant)]
    name = re.compile(rf"({'|'.join(ROOMS)})(\.[a-z_0-9]+)+")
    named = [text for text in texts if isinstance(text, str) and name.fullmatch(text)]
    return [module for module in named if not list(PROJECT.glob(f"{module.replace('.', '/')}*"))]


def test_modules_that_are_named_in_texts_exist() -> None:
    assert missing_modules('import_module("assets.extracts.trial")') == ["assets.extracts.trial"]
    for room in (*ROOMS, "benchmarks"):
        for path in (PROJECT / room).rglob("*.py"):
            assert not missing_modules(path.read_text(encoding="utf-8")), path.name


def bound_names(code: str) -> list[str]:
    """Return the names that the code binds: all parameters and variables, also in loops and comprehensions."""
    nodes = list(ast.walk(ast.parse(code)))
    variables = [node.id for node in nodes if isinstance(node, ast.Name) and isinstance(node.ctx, ast.Store)]
    return variables + [node.arg for node in nodes if isinstance(node, ast.arg)]


def test_fewer_than_one_in_a_hundred_names_says_nothing_of_what_it_holds() -> None:
    assert VAGUE & set(bound_names("def rows(seen): return [found := one for one in seen]")) == {"seen", "found", "one"}
    files = [path for room in (*ROOMS, "benchmarks") for path in sorted((PROJECT / room).rglob("*.py"))]
    vague = {path.name: VAGUE & set(bound_names(path.read_text(encoding="utf-8"))) for path in files}
    names = [name for path in files for name in bound_names(path.read_text(encoding="utf-8"))]
    assert sum(name in VAGUE for name in names) < len(names) / 100, {
        file: vague_names for file, vague_names in vague.items() if vague_names
    }


def test_no_two_modules_have_one_name() -> None:
    files = [path for room in (*ROOMS, "benchmarks") for path in (PROJECT / room).rglob("*")]
    # A file of `rows/` is named by the table that its rows go to.
    files = [path for path in files if path.suffix in (".py", ".sql") and path.parent.name != "rows"]
    modules = {path.with_suffix("") for path in files if path.stem != "__init__"}  # a query lies beside its Python
    packages = {path.parent for path in files if path.name == "__init__.py"}
    names = Counter(path.name for path in modules | packages)
    assert [name for name, times in names.items() if times > 1] == []


def test_loading_the_definitions_imports_neither_great_expectations_nor_matplotlib() -> None:
    code = "import sys, pipelines.definitions; sys.exit(bool({'great_expectations', 'matplotlib'} & set(sys.modules)))"
    assert subprocess.run([sys.executable, "-c", code], cwd=PROJECT, check=False).returncode == 0


@pytest.mark.slow
def test_the_benchmark_measures() -> None:
    measured, yardstick, median_ratio = ratio(runs=1)
    assert measured > 0
    assert yardstick > 0
    assert median_ratio == pytest.approx(measured / yardstick)


def test_the_seconds_of_a_run_are_told_apart_by_the_innermost_part() -> None:
    def where(file: str) -> str:
        """Return the part of a run to which a function in `file` belongs, if a step of Dagster calls the function."""
        for path in (file, "site-packages/dagster/_core/execution/plan/execute_step.py"):
            names: dict[str, Any] = {"sys": sys, "inner": locals().get("outer")}
            exec(compile("def outer():\n    return inner() if inner else sys._getframe()", path, "exec"), names)
            outer = names["outer"]
        return part_of(outer())

    assert where("site-packages/dagster/_core/storage/event_log/sqlite.py") == "Dagster's storage"
    assert (
        where(f"{PROJECT}/checks/expectations.py")
        == where("site-packages/great_expectations/x.py")
        == "Great Expectations"
    )
    assert where(f"{PROJECT}/assets/published/charts.py") == "pictures"
    assert where(f"{PROJECT}/assets/targets/verdicts.py") == "Python"
    assert where("site-packages/duckdb_sqlalchemy/__init__.py") == "SQL"
    assert where("site-packages/sqlalchemy/engine/base.py") == "Dagster, the rest"


def test_every_table_is_an_asset_with_all_that_the_page_shows() -> None:
    specs = {spec.key: spec for spec in defs.resolve_all_asset_specs()}
    for table in contracts().values():
        spec = specs[dg.AssetKey(table.name.split("."))]
        assert spec.group_name == table.schema_name
        assert spec.owners
        assert spec.kinds
        assert spec.description
        assert [column.name for column in spec.metadata["dagster/column_schema"].columns] == list(table.columns)


def test_every_rule_is_a_check_and_errors_block() -> None:
    checks = {
        (spec.asset_key.to_user_string().replace("/", "."), spec.name): spec
        for definition in defs.assets or ()
        if isinstance(definition, dg.AssetsDefinition)
        for spec in definition.check_specs
    }
    assert {spec.partitions_def for spec in checks.values()} == {None}  # one result covers all editions
    for table, of_table in rules().items():
        for rule in of_table:
            assert checks[table, rule.name].blocking == (rule.severity == "error")
            assert "What to do" in (checks[table, rule.name].description or "")
    assert all(checks[name, "shape"].blocking for name in contracts())


def test_the_schedule_asks_for_this_springs_edition(stored: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    from datetime import datetime
    from zoneinfo import ZoneInfo

    monkeypatch.setenv("TRYGHED_HOME", str(stored))
    assert spring.execution_timezone == "Europe/Copenhagen"
    when = datetime(2026, 5, 4, 6, tzinfo=ZoneInfo("Europe/Copenhagen"))
    request = spring(dg.build_schedule_context(scheduled_execution_time=when))
    assert isinstance(request, dg.RunRequest)
    assert request.tags["dagster/asset_partition_range_start"] == "2026"
    assert spring.job_name == JOB
    skipped = spring(dg.build_schedule_context(scheduled_execution_time=when.replace(year=2031)))
    assert isinstance(skipped, dg.SkipReason)


def test_the_run_reports_rows_and_previews(stored: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("DAGSTER_HOME", str(stored / "dagster"))
    key = dg.AssetKey(["safety", "yearly_shares"])
    with dg.DagsterInstance.get() as instance:
        assert not instance.telemetry_enabled
        materializations = instance.fetch_materializations(
            dg.AssetRecordsFilter(asset_key=key, asset_partitions=["2020"]), limit=1
        )
    materialization = materializations.records[0].asset_materialization
    assert materialization is not None
    assert materialization.metadata["dagster/row_count"].value
    assert isinstance(materialization.metadata["preview"], dg.TableMetadataValue)
