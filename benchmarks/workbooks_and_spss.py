"""Compares how fast Tryghed and a plain library read an Excel file, and how fast they read an SPSS file.

    python -m benchmarks.workbooks_and_spss

The Excel file has police reports on one sheet. The SPSS file has survey answers with value labels. Both files are made
up, and each file has 100,000 rows. The ways take turns, and each run has a new process. The benchmark measures the run
time in seconds, without the time to load the libraries.

The yardstick is the library that Tryghed uses to read the cells: python-calamine for Excel, and pyreadstat for SPSS.
Alone, the library converts all cells to Python values, and checks nothing.

Tryghed inspects the whole file, finds its specification, and hashes the file. It converts every cell of the
specification's columns to text. This must take at most twice the time of the yardstick.

The benchmark also prints the time that Tryghed takes until the typed table is stored. This time has no limit.
"""

import os
import sys
import tempfile
from collections.abc import Callable
from dataclasses import replace
from functools import partial
from importlib import import_module
from pathlib import Path
from typing import TYPE_CHECKING

from benchmarks.measuring import clocked, in_a_process, in_turn, median_of, ran_on, ratio

if TYPE_CHECKING:
    from assets.extracts.sample.writing import Extract

ROWS, RUNS, SEED = 100_000, 7, 1
LIMIT = 2
EDITIONS = {"xlsx": 2023, "sav": 2017}
SHEET = "Anmeldelser"


def write_files(folder: Path) -> None:
    """Write the Excel file and the SPSS file. Both files repeat the rows of the made-up sample."""
    from assets.extracts.layouts import load_specifications
    from assets.extracts.sample.police_reports import first_draw
    from assets.extracts.sample.survey_answers import survey_extract
    from warehouse.reference_files import load_reference

    reference, specifications = load_reference(), load_specifications()
    draw = first_draw(EDITIONS["xlsx"], SEED, reference)
    reports = draw.extract(specifications["koebenhavns_politi_reports"].for_edition(EDITIONS["xlsx"]), "rows", "xlsx")
    write_often(replace(reports, rows=reports.rows[draw.rows["good"]], spoiled={}), "journal_number", folder)
    answers = survey_extract(specifications["sikker_by_survey"].for_edition(EDITIONS["sav"]), SEED, reference)
    strata = answers.rows[["stratum_population_residents", "stratum_invited"]] * (ROWS // len(answers.rows) + 1)
    write_often(replace(answers, rows=answers.rows.assign(**strata)), "respondent_number", folder)


def write_often(extract: "Extract", key: str, folder: Path) -> None:
    """Write a file of ROWS rows that repeats the rows of the extract, but gives each row its own key.

    `key` is the name of the column that contains the key.
    """
    from assets.extracts.sample.writing import write

    rows = extract.rows.iloc[[place % len(extract.rows) for place in range(ROWS)]].reset_index(drop=True)
    rows[key] = [f"{extract.layout.edition}-{place:08d}" for place in range(ROWS)]
    write(replace(extract, rows=rows), folder).rename(file_of(extract.format, folder))


def file_of(kind: str, folder: Path) -> Path:
    """Return the path of the benchmark's Excel file if `kind` is `xlsx`, or of its SPSS file if `kind` is `sav`."""
    return folder / f"synthetic_rows.{kind}"


def calamine_alone(folder: Path) -> None:
    """Read the Excel file with python-calamine alone. This way is the yardstick for Excel."""
    import python_calamine

    book = python_calamine.CalamineWorkbook.from_path(str(file_of("xlsx", folder)))
    assert len(book.get_sheet_by_name(SHEET).to_python()) == ROWS + 1


def pyreadstat_alone(folder: Path) -> None:
    """Read the SPSS file with pyreadstat alone. This way is the yardstick for SPSS."""
    import pyreadstat

    cells, _ = pyreadstat.read_sav(str(file_of("sav", folder)), output_format="dict")
    assert len(cells["resp_id"]) == ROWS


def as_delivered(kind: str, folder: Path) -> None:
    """Inspect the file with Tryghed, and read every row as it was delivered."""
    from assets.extracts.landing import look_into, rows_of
    from assets.extracts.layouts import load_specifications

    file = look_into(file_of(kind, folder), EDITIONS[kind], load_specifications())
    assert sum(batch.num_rows for batch in rows_of(file)) == ROWS


def typed_table(kind: str, folder: Path) -> None:
    """Do all of Tryghed's work on the file.

    Tryghed stores the rows as delivered, and rejects bad rows. For the other rows, Tryghed converts the cells to their
    types, looks up the meaning of codes, and stores the typed table.
    """
    from assets.extracts.file_trial import into_store
    from assets.extracts.landing import look_into
    from assets.extracts.layouts import load_specifications

    rejected = into_store(look_into(file_of(kind, folder), EDITIONS[kind], load_specifications()))
    assert len(rejected) < ROWS / 100


YARDSTICKS = {"xlsx": "python-calamine alone", "sav": "pyreadstat alone"}
OURS = {"rows as delivered": as_delivered, "typed table": typed_table}
WAYS: dict[str, Callable[[Path], object]] = {
    "files": write_files,
    YARDSTICKS["xlsx"]: calamine_alone,
    YARDSTICKS["sav"]: pyreadstat_alone,
    **{f"{kind}, {name}": partial(way, kind) for kind in YARDSTICKS for name, way in OURS.items()},
}


def timed(way: str, folder: Path) -> float:
    """Run one way in this process, and return its run time in seconds.

    The libraries are loaded before the time is measured.
    """
    libraries = ["pyreadstat", "python_calamine", "pyproj.crs"]
    libraries += ["assets.extracts.landing"] if way.endswith("rows as delivered") else []
    libraries += ["assets.extracts.file_trial"] if way.endswith("typed table") else []
    for library in libraries:
        import_module(library)
    with tempfile.TemporaryDirectory(dir=folder) as home:
        os.environ["TRYGHED_HOME"] = home
        return clocked(WAYS[way], folder)


def main() -> None:
    """Run the benchmark, and print a table of its results."""
    print(ran_on("python-calamine", "pyreadstat", "pyarrow", "duckdb"))
    print(f"| {ROWS:,} rows, median of {RUNS} runs | seconds | peak MB | time, pair by pair | limit |")
    print("|---|---|---|---|---|")
    with tempfile.TemporaryDirectory(prefix="tryghed-bench-") as name:
        folder = Path(name)
        in_a_process(__spec__.name, "files", folder)
        for kind, yardstick in YARDSTICKS.items():
            ways = [yardstick, *(f"{kind}, {step}" for step in OURS)]
            for way, runs in (runs_by_way := in_turn(__spec__.name, ways, folder, RUNS)).items():
                seconds, peak = median_of(runs)
                median_ratio = ratio([run.seconds for run in runs], [run.seconds for run in runs_by_way[yardstick]])
                limit = f"at most {LIMIT}" if way.endswith("rows as delivered") else ""
                print(f"| {way} | {seconds:.2f} | {peak:.0f} | {median_ratio:.2f} | {limit} |", flush=True)


if __name__ == "__main__":
    if sys.argv[1:2] == ["--way"]:
        print(timed(sys.argv[2], Path(sys.argv[3])))
    else:
        main()
