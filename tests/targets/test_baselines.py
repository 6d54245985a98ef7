"""Tests of fixed baselines. A person fixes a baseline by an act.

Only another act, with a reason, replaces a fixed baseline.
"""

from dataclasses import fields
from datetime import date
from pathlib import Path
from typing import Any

import dagster as dg
import pandas as pd
import pytest

from assets.targets.fixing import FIXED, FixedBaseline, fix_baselines
from pipelines.definitions import defs
from tests.conftest import tryghed
from tests.delivering import open_home
from tests.scenarios import ESTIMATE, TH, count, made_up
from tests.scenarios import make as judge
from warehouse import store
from warehouse.contracts import contracts, records
from warehouse.errors import InputError
from warehouse.reference_files import load_reference

AGREEMENT = "tingbjerg_husum_2021_2024"
TODAY = date(2022, 6, 1)
KINDS = {"citizen_facing": 229, "burglary": 20, "theft_robbery": 100, "violence_weapons": 3}


@pytest.fixture
def own_home(tmp_path: Path, reference: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Return a home whose store holds the figures of crime year 2020. It uses a copy of the reference files."""
    home = open_home(tmp_path / "home", monkeypatch, reference)
    store_counts(KINDS)
    return home


def store_counts(kinds: dict[str, int], **changes: Any) -> None:
    """Store the figures that are made from counts of crime year 2020.

    The count of violence in KINDS is small. Its figure is therefore hidden.
    """
    rows = [count(number, 2021, crime_type=kind, **changes) for kind, number in kinds.items()]
    store_figures(2021, judge([], lambda tables: tables.update(counted=contracts()["crime.counted"].frame(rows))))
    store_files(2021, ("antal_2021.csv", "0123456789abcdef", "police.counts"))


def store_shares(area: float, whole: float) -> None:
    """Store shares of 2020 that were estimated from answers, and the record of the delivered file."""
    rows = [
        ESTIMATE | {"edition": 2020, "area_id": area_id, "share_percent": share, "rule_version": 1}
        for area_id, share in ((TH, area), ("copenhagen", whole))
    ]
    store_figures(2020, judge([], lambda tables: tables.update(estimates=contracts()["safety.estimates"].frame(rows))))
    store_files(2020, ("svar_2020.sav", "fedcba9876543210", "survey.answers"))


def store_published(*figures: tuple[str, float]) -> None:
    """Store the figures that are made from published figures of 2020. The store then records no delivered file."""
    published = [row for measure, value in figures for row in made_up(measure, {(2021, TH): (value, None)})]
    store_figures(2021, judge([row | {"file_line": line} for line, row in enumerate(published, 2)]))
    store_files(2021)


def store_figures(edition: int, tables: dict[str, pd.DataFrame]) -> None:
    frame = tables["yearly"]
    store.write(contracts()["indicators.yearly"], frame[frame["edition"] == edition], edition)


def store_files(edition: int, *files: tuple[str, str, str]) -> None:
    rows = [
        {
            "edition": edition, "file": name, "file_sha256": sha256, "bytes": 1, "format": "csv", "extract": "made up",
            "table_name": table, "rows_delivered": 1, "tolerated_percent": 0.0, "provenance": "extract",
        }
        for name, sha256, table in files
    ]  # fmt: skip
    store.write(contracts()["quality.files"], contracts()["quality.files"].frame(rows), edition)


def lines() -> dict[tuple[str, int], Any]:
    rows = records(load_reference()["reference.fixed_baselines"])
    return {(row["measure"], row["act"]): row for row in rows}


def test_an_act_names_who_when_from_which_files_and_which_figures(own_home: Path) -> None:
    act = fix_baselines(AGREEMENT, " A. Steward ", None, TODAY)
    assert (len(act.written), act.stood) == (3, [])
    # a count of 3 is confidential
    assert [target.target_id for target in act.missing if "violence" in target.measure] == ["2b"]
    rate = lines()["citizen_facing_reports_per_1000", 1]
    assert (rate["reports"], rate["population_residents"]) == (229, 11000)
    assert rate["rate_per_1000"] == pytest.approx(229 / 11, abs=1e-9)
    column_names = ("area_id", "edition", "fixed_by", "fixed_on", "made_from", "reason", "provenance")
    assert [rate[name] for name in column_names] == [
        TH, 2021, "A. Steward", TODAY, "antal_2021.csv (0123456789ab)", "First fixing.", "extract",
    ]  # fmt: skip
    assert ("violence_weapons_reports", 1) not in lines()


def test_a_share_is_fixed_with_the_one_that_it_is_compared_with(own_home: Path) -> None:
    store_shares(16.4, 9.2)
    act = fix_baselines(AGREEMENT, "A. Steward", None, TODAY)
    line = lines()["unsafe", 1]
    assert (line["share_percent"], line["comparison_percent"], line["reports"]) == (16.4, 9.2, None)
    assert (line["made_from"], line["provenance"]) == ("svar_2020.sav (fedcba987654)", "extract")
    assert {line.target_id for line in act.written} == {"1a", "1b", "2a", "2b"}
    store_shares(15.1, 9.2)
    with pytest.raises(
        InputError, match=r"target 1a \(unsafe\), target 1b \(unsafe\): the baseline was fixed at another figure"
    ):
        fix_baselines(AGREEMENT, "A. Steward", None, TODAY)


def test_the_lines_are_those_of_the_contract_byte_by_byte(own_home: Path, reference: Path) -> None:
    assert [field.name for field in fields(FixedBaseline)] == list(FIXED.columns)
    store_shares(16.4, 9.2)
    fix_baselines(AGREEMENT, "A. Steward", "Agreed, in the first report.", TODAY)
    assert (reference / "fixed_baselines.csv").read_text(encoding="utf-8").split("\n")[1:] == [
        f'{AGREEMENT},1a,unsafe,1,2020,{TH},,1,16.4,9.2,,,,,,,extract,svar_2020.sav (fedcba987654),A. Steward,2022-06-01,"Agreed, in the first report."',
        f'{AGREEMENT},1b,unsafe,1,2020,{TH},,1,16.4,9.2,,,,,,,extract,svar_2020.sav (fedcba987654),A. Steward,2022-06-01,"Agreed, in the first report."',
        f'{AGREEMENT},2a,citizen_facing_reports_per_1000,1,2021,{TH},citizen_facing,1,,,229,20.818181818,11000,,,2021-02-15,extract,antal_2021.csv (0123456789ab),A. Steward,2022-06-01,"Agreed, in the first report."',
        f'{AGREEMENT},2b,burglary_reports,1,2021,{TH},burglary,1,,,20,1.818181818,11000,,,2021-02-15,extract,antal_2021.csv (0123456789ab),A. Steward,2022-06-01,"Agreed, in the first report."',
        f'{AGREEMENT},2b,theft_robbery_reports,1,2021,{TH},theft_robbery,1,,,100,9.090909091,11000,,,2021-02-15,extract,antal_2021.csv (0123456789ab),A. Steward,2022-06-01,"Agreed, in the first report."',
        "",
    ]


def test_a_published_rate_is_fixed_with_the_residents_that_give_it(own_home: Path) -> None:
    store_published(
        ("citizen_facing_reports", 229), ("citizen_facing_reports_per_1000", 20.4), ("burglary_reports", 20)
    )
    fix_baselines(AGREEMENT, "A. Steward", None, TODAY)
    residents = ("population_residents", "population_low_residents", "population_high_residents")
    rate, burglaries = lines()["citizen_facing_reports_per_1000", 1], lines()["burglary_reports", 1]
    assert (rate["reports"], rate["rate_per_1000"]) == (229, 20.4)
    assert [rate[name] for name in residents] == [None, 11198, 11253]
    assert (rate["made_from"], rate["drawn_on"]) == ("published_figures.csv, lines 2 3", None)
    assert (burglaries["reports"], burglaries["made_from"]) == (20, "published_figures.csv, lines 4")


def test_two_files_of_one_figure_are_both_named(own_home: Path) -> None:
    count_files = [("antal_b.csv", "b" * 16, "police.counts"), ("antal_a.csv", "a" * 16, "police.counts")]
    store_files(2021, *count_files, ("befolkning.csv", "c" * 16, "population.residents"))
    fix_baselines(AGREEMENT, "A. Steward", None, TODAY)
    assert lines()["burglary_reports", 1]["made_from"] == "antal_a.csv (aaaaaaaaaaaa); antal_b.csv (bbbbbbbbbbbb)"


def test_a_figure_whose_files_nobody_can_name_is_none(own_home: Path) -> None:
    store_files(2021, ("svar_2021.sav", "d" * 16, "survey.answers"))
    with pytest.raises(InputError, match="has no figures for the agreement's baselines"):
        fix_baselines(AGREEMENT, "A. Steward", None, TODAY)


def test_a_store_without_the_baselines_edition_has_no_figure(own_home: Path) -> None:
    for name in ("indicators.yearly", "quality.files"):
        store.path_of(contracts()[name], 2021).unlink()
    with pytest.raises(InputError, match="has no figures for the agreement's baselines"):
        fix_baselines(AGREEMENT, "A. Steward", None, TODAY)
    store_shares(16.4, 9.2)
    act = fix_baselines(AGREEMENT, "A. Steward", None, TODAY)
    assert {line.target_id for line in act.written} == {"1a", "1b"}
    assert {target.target_id for target in act.missing} == {"1c", "1d", "2a", "2b"}


def test_the_same_figures_are_not_fixed_twice(own_home: Path, reference: Path) -> None:
    fix_baselines(AGREEMENT, "A. Steward", None, TODAY)
    before = (reference / "fixed_baselines.csv").read_bytes()
    act = fix_baselines(AGREEMENT, "B. Steward", None, TODAY)
    assert (act.written, len(act.stood)) == ([], 3)
    assert (reference / "fixed_baselines.csv").read_bytes() == before


def test_a_link_to_the_fixed_baselines_stays_one_and_their_rights_as_they_were(
    own_home: Path, reference: Path, tmp_path: Path
) -> None:
    path, linked_file = reference / "fixed_baselines.csv", tmp_path / "kept.csv"
    path.rename(linked_file)
    linked_file.chmod(0o664)
    path.symlink_to(linked_file)
    fix_baselines(AGREEMENT, "A. Steward", None, TODAY)
    assert path.is_symlink()
    assert linked_file.stat().st_mode & 0o777 == 0o664
    assert "A. Steward" in linked_file.read_text(encoding="utf-8")


def test_another_figure_replaces_a_fixed_one_only_with_a_reason_and_the_old_line_stays(
    own_home: Path, reference: Path
) -> None:
    fix_baselines(AGREEMENT, "A. Steward", None, TODAY)
    before = (reference / "fixed_baselines.csv").read_text(encoding="utf-8")
    store_counts(KINDS | {"burglary": 22})
    for reason in (None, " "):
        with pytest.raises(
            InputError,
            match=r"target 2b \(burglary_reports\): the baseline was fixed at another figure on 2022-06-01.* --reason",
        ):
            fix_baselines(AGREEMENT, "A. Steward", reason, date(2023, 6, 1))
    assert (reference / "fixed_baselines.csv").read_text(encoding="utf-8") == before
    act = fix_baselines(AGREEMENT, "B. Steward", "The police corrected the draw.", date(2023, 6, 1))
    assert [(line.measure, line.act, line.reports) for line in act.written] == [("burglary_reports", 2, 22)]
    assert (reference / "fixed_baselines.csv").read_text(encoding="utf-8").startswith(before)
    assert lines()["burglary_reports", 2]["reason"] == "The police corrected the draw."


def test_what_has_no_figure_is_named_and_nothing_is_fixed_at_nothing(own_home: Path) -> None:
    store_counts({"burglary": 20})
    act = fix_baselines(AGREEMENT, "A. Steward", None, TODAY)
    assert [line.measure for line in act.written] == ["burglary_reports"]
    assert len([target for target in act.missing if "reports" in target.measure]) == 3
    store_counts({"harassment": 20})
    with pytest.raises(InputError, match="has no figures for the agreement's baselines"):
        fix_baselines(AGREEMENT, "A. Steward", None, TODAY)


@pytest.mark.parametrize(
    ("agreement", "person", "phrase"),
    [("folehaven", "A", "has no target"), ("x", "A", AGREEMENT), (AGREEMENT, " ", "name of the person")],
)
def test_an_act_that_cannot_be_meant_is_one_sentence(own_home: Path, agreement: str, person: str, phrase: str) -> None:
    with pytest.raises(InputError, match=phrase):
        fix_baselines(agreement, person, None, TODAY)


def test_the_command_says_what_it_fixed_and_what_to_do_next(own_home: Path, reference: Path) -> None:
    command = tryghed(own_home, "baseline", "fix", AGREEMENT, "--person", "A. Steward", reference=reference)
    assert command.code == 0, command.err
    for phrase in ("Reports of burglary", "2020", "229", "20.8", "fixed", "Next: run 'tryghed run 2021'"):
        assert phrase in command.out
    refused = tryghed(own_home, "baseline", "fix", "nowhere", "--person", "A. Steward", reference=reference)
    assert (refused.code, "Traceback" in refused.err) == (2, False)


def test_the_job_in_dagster_does_the_same(own_home: Path) -> None:
    config = {"agreement_id": AGREEMENT, "person": "A. Steward"}
    job = defs.resolve_job_def("fix_baselines")
    with dg.DagsterInstance.ephemeral() as instance:
        assert job.execute_in_process({"ops": {"fix": {"config": config}}}, instance=instance).success
        refused = job.execute_in_process(
            {"ops": {"fix": {"config": config | {"agreement_id": "folehaven"}}}},
            instance=instance,
            raise_on_error=False,
        )
    assert not refused.success
    assert lines()["burglary_reports", 1]["reports"] == 20
