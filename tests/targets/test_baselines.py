"""A baseline is fixed by an act of somebody, and stays until another act replaces it with a reason."""

from datetime import date
from pathlib import Path
from typing import Any

import dagster as dg
import pytest

from assets.targets.fixing import fix_baselines
from pipelines.definitions import defs
from tests.conftest import tryghed
from tests.delivering import open_home
from tests.scenarios import TH, count
from tests.scenarios import make as judge
from warehouse import store
from warehouse.contracts import contracts, records
from warehouse.errors import InputError
from warehouse.reference_files import load_reference

AGREEMENT = "tingbjerg_husum_2021_2024"
TODAY = date(2022, 6, 1)
KINDS = {"citizen_facing": 229, "burglary": 20, "theft_robbery": 100, "violence_weapons": 3}


@pytest.fixture
def place(tmp_path: Path, reference: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A home whose store holds the figures of crime year 2020, and reference files of its own."""
    home = open_home(tmp_path / "home", monkeypatch, reference)
    hold(KINDS)
    return home


def hold(kinds: dict[str, int], **changes: Any) -> None:
    """Put counts of 2020 into the store, and what is made of them; violence is a small count and so hidden."""
    rows = [count(number, 2021, crime_type=kind, **changes) for kind, number in kinds.items()]
    tables = judge([], lambda tables: tables.update(counted=contracts()["crime.counted"].frame(rows)))
    for name in ("crime.counted", "crime.yearly_types", "crime.monitoring"):
        frame = tables[name.split(".")[1]]
        store.write(contracts()[name], frame[frame["edition"] == 2021], 2021)
    file = {
        "edition": 2021, "file": "antal_2021.csv", "file_sha256": "0123456789abcdef", "bytes": 1, "format": "csv", "extract": "police",
        "table_name": "police.counts", "rows_delivered": 1, "tolerated_percent": 0.0, "provenance": "extract",
    }  # fmt: skip
    store.write(contracts()["quality.files"], contracts()["quality.files"].frame([file]), 2021)


def hold_shares(area: float, whole: float) -> None:
    """Put shares of 2020 that were estimated from answers into the store, and the file that they came in."""
    shares = [
        {
            "edition": 2020, "area_id": area_id, "measure": "unsafe", "share_percent": share, "status": "normal",
            "provenance": "extract", "maturity": "final", "method": "made up",
        }
        for area_id, share in ((TH, area), ("copenhagen", whole))
    ]  # fmt: skip
    store.write(contracts()["safety.yearly_shares"], contracts()["safety.yearly_shares"].frame(shares), 2020)
    file = {
        "edition": 2020, "file": "svar_2020.sav", "file_sha256": "fedcba9876543210", "bytes": 1, "format": "sav", "extract": "survey",
        "table_name": "survey.answers", "rows_delivered": 1, "tolerated_percent": 0.0, "provenance": "extract",
    }  # fmt: skip
    store.write(contracts()["quality.files"], contracts()["quality.files"].frame([file]), 2020)


def lines() -> dict[tuple[str, int], Any]:
    rows = records(load_reference()["reference.fixed_baselines"])
    return {(row["measure"], row["act"]): row for row in rows}


def test_an_act_names_who_when_from_which_files_and_which_figures(place: Path) -> None:
    act = fix_baselines(AGREEMENT, " A. Steward ", None, TODAY)
    assert (len(act.written), act.stood) == (3, [])
    assert sum("violence" in one for one in act.missing) == 1  # 3 reports are confidential, and not written down
    rate = lines()["citizen_facing_reports_per_1000", 1]
    assert (rate["reports"], rate["population_residents"]) == (229, 11000)
    assert rate["rate_per_1000"] == pytest.approx(229 / 11, abs=1e-9)
    said = ("area_id", "edition", "fixed_by", "fixed_on", "made_from", "reason", "provenance")
    assert [rate[name] for name in said] == [
        TH, 2021, "A. Steward", TODAY, "antal_2021.csv (0123456789ab)", "First fixing.", "extract",
    ]  # fmt: skip
    assert ("violence_weapons_reports", 1) not in lines()


def test_a_share_is_fixed_with_the_one_that_it_is_compared_with(place: Path) -> None:
    hold_shares(16.4, 9.2)
    act = fix_baselines(AGREEMENT, "A. Steward", None, TODAY)
    line = lines()["unsafe", 1]
    assert (line["share_percent"], line["comparison_percent"], line["reports"]) == (16.4, 9.2, None)
    assert (line["made_from"], line["provenance"]) == ("svar_2020.sav (fedcba987654)", "extract")
    assert {one["target_id"] for one in act.written} == {"1a", "1b", "2a", "2b"}
    hold_shares(15.1, 9.2)
    with pytest.raises(InputError, match=r"target 1a \(unsafe\), target 1b \(unsafe\): fixed at another figure"):
        fix_baselines(AGREEMENT, "A. Steward", None, TODAY)


def test_the_same_figures_are_not_fixed_twice(place: Path, reference: Path) -> None:
    fix_baselines(AGREEMENT, "A. Steward", None, TODAY)
    before = (reference / "fixed_baselines.csv").read_bytes()
    act = fix_baselines(AGREEMENT, "B. Steward", None, TODAY)
    assert (act.written, len(act.stood)) == ([], 3)
    assert (reference / "fixed_baselines.csv").read_bytes() == before


def test_a_link_to_the_fixed_baselines_stays_one_and_their_rights_as_they_were(
    place: Path, reference: Path, tmp_path: Path
) -> None:
    path, kept = reference / "fixed_baselines.csv", tmp_path / "kept.csv"
    path.rename(kept)
    kept.chmod(0o664)
    path.symlink_to(kept)
    fix_baselines(AGREEMENT, "A. Steward", None, TODAY)
    assert path.is_symlink()
    assert kept.stat().st_mode & 0o777 == 0o664
    assert "A. Steward" in kept.read_text(encoding="utf-8")


def test_another_figure_replaces_a_fixed_one_only_with_a_reason_and_the_old_line_stays(
    place: Path, reference: Path
) -> None:
    fix_baselines(AGREEMENT, "A. Steward", None, TODAY)
    before = (reference / "fixed_baselines.csv").read_text(encoding="utf-8")
    hold(KINDS | {"burglary": 22})
    for reason in (None, " "):
        with pytest.raises(
            InputError, match=r"target 2b \(burglary_reports\): fixed at another figure on 2022-06-01.* --reason"
        ):
            fix_baselines(AGREEMENT, "A. Steward", reason, date(2023, 6, 1))
    assert (reference / "fixed_baselines.csv").read_text(encoding="utf-8") == before
    act = fix_baselines(AGREEMENT, "B. Steward", "The police corrected the draw.", date(2023, 6, 1))
    assert [(line["measure"], line["act"], line["reports"]) for line in act.written] == [("burglary_reports", 2, 22)]
    assert (reference / "fixed_baselines.csv").read_text(encoding="utf-8").startswith(before)
    assert lines()["burglary_reports", 2]["reason"] == "The police corrected the draw."


def test_what_has_no_figure_is_named_and_nothing_is_fixed_at_nothing(place: Path) -> None:
    hold({"burglary": 20})
    act = fix_baselines(AGREEMENT, "A. Steward", None, TODAY)
    assert [line["measure"] for line in act.written] == ["burglary_reports"]
    assert len([one for one in act.missing if "reports" in one]) == 3
    hold({"harassment": 20})
    with pytest.raises(InputError, match="holds none of the figures"):
        fix_baselines(AGREEMENT, "A. Steward", None, TODAY)


@pytest.mark.parametrize(
    ("agreement", "person", "said"),
    [("folehaven", "A", "has no target"), ("x", "A", AGREEMENT), (AGREEMENT, " ", "name of the person")],
)
def test_an_act_that_cannot_be_meant_is_one_sentence(place: Path, agreement: str, person: str, said: str) -> None:
    with pytest.raises(InputError, match=said):
        fix_baselines(agreement, person, None, TODAY)


def test_the_command_says_what_it_fixed_and_what_to_do_next(place: Path, reference: Path) -> None:
    done = tryghed(place, "baseline", "fix", AGREEMENT, "--person", "A. Steward", reference=reference)
    assert done.code == 0, done.err
    for said in ("burglary_reports", "2020", "229", "20.8", "fixed", "Next: tryghed run 2021"):
        assert said in done.out
    refused = tryghed(place, "baseline", "fix", "nowhere", "--person", "A. Steward", reference=reference)
    assert (refused.code, "Traceback" in refused.err) == (2, False)


def test_the_job_in_dagster_does_the_same(place: Path) -> None:
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
