"""Compares three ways to read a CSV file of police reports: Tryghed, plain DuckDB, and pandas.

Tryghed reads the file in windows-1252, and makes a checked table with types, crime types and areas.

Plain DuckDB is the yardstick. Its function `read_csv` reads the same rows in UTF-8, keeps all columns as text, and
checks nothing.

pandas, with its C engine, does the same work as Tryghed. It represents the pandas scripts that Tryghed replaces.

The reports are made up. The ways take turns, and each run has a new process. The benchmark measures the run time in
seconds, with a clock. The benchmark also measures the highest memory use of the process, as the operating system
reports it.

The run time does not include the time to load the libraries, which `imports.py` measures. It also does not include the
time of `prove_route`, which tries out Great Expectations once in each process.

`make bench` runs this benchmark. To run it alone:

    python -m benchmarks.police_csv            1 and 10 million rows
    python -m benchmarks.police_csv 1 10 30    1, 10 and 30 million rows, to show how the memory use grows
"""

import hashlib
import os
import shutil
import subprocess
import sys
import tempfile
from pathlib import Path
from typing import TYPE_CHECKING

import duckdb

from benchmarks.measuring import Run, clocked, in_turn, median_of, ran_on

if TYPE_CHECKING:
    import pandas as pd

EDITION, CRIME_YEAR = 2023, 2022
RUNS = 3
MILLION = 1_000_000
NAME = "synthetic_anmeldelser.csv"

COLUMNS = {
    "Journalnummer": "journal_number",
    "Gern.kode": "offence_code",
    "Gerningsdato": "offence_on",
    "Anmeldelsesdato": "reported_on",
    "Udtræksdato": "drawn_on",
    "Bydel": "area_code",
    "Rode": "rode_code",
    "ETRS89 Øst": "coordinate_x",
    "ETRS89 Nord": "coordinate_y",
}

REPORTS = """
COPY (
    SELECT printf('0100-%s-%08d-22', code, i) AS Journalnummer, code AS "Gern.kode",
           strftime(reported - (i % 23)::INTEGER, '%d-%m-%Y') AS Gerningsdato,
           strftime(reported, '%d-%m-%Y') AS Anmeldelsesdato, '15-02-2023' AS "Udtræksdato",
           ['Indre By', 'Østerbro', 'Nørrebro', 'Vanløse', 'Brønshøj-Husum', 'Amager Øst'][1 + i % 6] AS Bydel,
           CASE WHEN i % 3 > 0 THEN (1 + i % 390)::VARCHAR END AS Rode,
           CASE WHEN i % 20 = 0 THEN printf('72%04d,5', address % 9973) END AS "ETRS89 Øst",
           CASE WHEN i % 20 = 0 THEN printf('617%04d,5', address % 9241) END AS "ETRS89 Nord",
           'Anmeldelse på åben gade' AS Gerning
    FROM (
        SELECT i, codes[1 + (hash(i) % len(codes))::INTEGER] AS code, (hash(i + 2) % 100000)::INTEGER AS address,
               DATE '2022-01-24' + (hash(i + 1) % 341)::INTEGER AS reported
        FROM range($rows) r(i), (SELECT list(lpad(first_code::VARCHAR, 5, '0') ORDER BY first_code) AS codes FROM read_csv($codes, all_varchar = true))
    ) ORDER BY i
) TO $path (HEADER, DELIMITER ';')
"""


def write_reports(folder: Path, rows: int) -> tuple[Path, Path]:
    """Write the same made-up reports to two CSV files, and return the paths of both files.

    The first file is in UTF-8, and the second file is in windows-1252.
    """
    from warehouse.home import reference_folder

    plain, delivered = folder / "utf8.csv", folder / NAME
    codes = reference_folder() / "offence_codes.csv"
    query = REPORTS.replace("$rows", str(rows)).replace("$codes", f"'{codes}'").replace("$path", f"'{plain}'")
    duckdb.execute(query)
    with plain.open("rb") as read, delivered.open("wb") as write:
        tail = b""
        while chunk := read.read(1 << 24):
            cut = (block := tail + chunk).rfind(b"\n") + 1
            write.write(block[:cut].decode().encode("cp1252"))
            tail = block[cut:]
    return plain, delivered


def bare_duckdb(folder: Path) -> None:
    """Read the UTF-8 file with DuckDB alone, and store every column as text. This way is the yardstick."""
    with duckdb.connect(str(folder / "bare.duckdb")) as connection:
        connection.execute(
            f"CREATE TABLE reports AS FROM read_csv('{folder / 'utf8.csv'}', delim = ';', header = true, all_varchar = true)"
        )


def tryghed(folder: Path) -> None:
    """Read the windows-1252 file with Tryghed.

    Tryghed inspects the file, stores its rows as delivered, and rejects bad rows. For the other rows, Tryghed converts
    the cells to their types, and adds the crime types and areas. Then Tryghed checks the table.
    """
    from assets.extracts.file_trial import REPORTS as TABLE
    from assets.extracts.file_trial import into_store
    from assets.extracts.landing import look_into
    from assets.extracts.layouts import load_specifications
    from checks.expectations import validate_table
    from checks.table_rules import rules

    into_store(look_into(folder / NAME, EDITION, load_specifications()))
    for outcome in validate_table(TABLE, rules().get(TABLE.name, ())):
        assert not outcome.failing, outcome.rule.name


def with_pandas(folder: Path) -> None:
    """Do the same work as Tryghed, with pandas.

    Each step works on a frame of all rows, as in the scripts that Tryghed replaces.
    """
    import pandas as pd

    from warehouse.reference_files import load_reference

    reference = load_reference()
    digest = hashlib.file_digest((folder / NAME).open("rb"), "sha256").hexdigest()
    rows = pd.read_csv(folder / NAME, sep=";", encoding="cp1252", dtype=str, engine="c")
    _refuse_odd_cells(rows)
    rows = rows.drop(columns="Gerning").assign(file=NAME, file_sha256=digest, row=range(2, len(rows) + 2))
    rows.to_parquet(folder / "pandas_extract.parquet", index=False)
    typed = _typed_frame(rows)
    bad = _bad_rows(typed)
    typed[bad].to_parquet(folder / "pandas_rejected.parquet", index=False)
    mapped = _mapped_frame(typed[~bad], reference)
    assert not mapped.duplicated(["file", "row"]).any()
    assert mapped[["file", "row", "offence_code", "reported_on", "drawn_on"]].notna().all(axis=None)
    assert len(mapped) + bad.sum() == len(rows)
    mapped.to_parquet(folder / "pandas.parquet", index=False)


def _refuse_odd_cells(rows: "pd.DataFrame") -> None:
    """Raise AssertionError if a cell contains something that Tryghed refuses.

    Tryghed refuses control characters, mojibake, cells that are too long, and personal data in free text.
    """
    from assets.extracts.formats.cells import LONGEST_CELL, MOJIBAKE
    from warehouse.personal import kind_by_values

    for name in COLUMNS:
        assert not rows[name].str.contains(rf"[\x00-\x08\x0b\x0c\x0e-\x1f\x7f]|{MOJIBAKE}").any()
        assert not rows[name].str.len().max() > LONGEST_CELL
    for name in ("Bydel", "Rode"):
        assert kind_by_values(rows[name].array.__arrow_array__()) is None


def _typed_frame(rows: "pd.DataFrame") -> "pd.DataFrame":
    import pandas as pd

    typed = rows.rename(columns=COLUMNS)
    for name in COLUMNS.values():
        typed[name] = typed[name].str.strip()
    for name in ("offence_on", "reported_on", "drawn_on"):
        typed[name] = pd.to_datetime(typed[name], format="%d-%m-%Y", errors="coerce")
    for name in ("coordinate_x", "coordinate_y"):
        typed[name] = pd.to_numeric(typed[name].str.replace(",", "."), errors="coerce")
    return typed


def _bad_rows(typed: "pd.DataFrame") -> "pd.Series[bool]":
    """Return a series of booleans: for each row, whether a row rule rejects the row."""
    reported, drawn = typed["reported_on"], typed["drawn_on"]
    bad = typed[["journal_number", "offence_code", "reported_on", "drawn_on"]].isna().any(axis=1)
    for name in ("journal_number", "area_code", "rode_code"):
        bad |= typed[name].str.startswith(("=", "@")).fillna(value=False)
    bad |= typed.duplicated(["journal_number", "drawn_on"]) | (reported > drawn) | (typed["offence_on"] > reported)
    bad |= (reported.dt.year != reported.dt.year.mode()[0]) | (reported.dt.year >= EDITION)
    bad |= (drawn.dt.year != EDITION) | (drawn != drawn.mode()[0])
    wrong: pd.Series[bool] = bad | ~typed["offence_code"].str.fullmatch(r"\d{5}").astype(bool)
    return wrong


def _mapped_frame(kept: "pd.DataFrame", reference: dict[str, "pd.DataFrame"]) -> "pd.DataFrame":
    """Add four columns to the reports: the crime type, the area, the area's bydel and the area's partnership area.

    The crime type comes from the offence code. The area comes from the rode code, or else from the coordinates, or else
    from the area code.
    """
    kept = kept.assign(crime_type=_crime_types(kept, reference["reference.offence_codes"]))
    areas = reference["reference.areas"]
    rodes = areas[areas["level"] == "rode"].set_index("code")["area_id"]
    names = reference["reference.area_codes"].query("code_system == 'municipality'")
    by_code = names.assign(code=names["code"].str.lower()).drop_duplicates("code").set_index("code")["area_id"]
    by_rode, by_area = kept["rode_code"].map(rodes), kept["area_code"].str.lower().map(by_code)
    kept = kept.assign(area_id=by_rode.fillna(_located(kept, reference)).fillna(by_area))
    members = reference["reference.area_members"].merge(
        areas[["area_id", "area_version", "level", "valid_from", "valid_to"]]
    )
    for level in ("bydel", "partnership_area"):
        members_of_level = members[members["level"] == level].set_index("member_area_id")
        kept[level] = _holding_then(kept["area_id"], kept["reported_on"], members_of_level, "area_id")
    return kept


def _crime_types(kept: "pd.DataFrame", codes: "pd.DataFrame") -> "pd.Series[str]":
    """Return the crime type of each report.

    The crime type comes from the newest mapping of offence codes. A line of this mapping is used if it contains the
    report's offence code and is valid on the day of the report.
    """
    import pandas as pd

    codes = codes[codes["mapping_version"] == codes["mapping_version"].max()]
    spans = zip(codes["first_code"].astype(int), codes["last_code"].astype(int), strict=True)
    code_lists = [[f"{code:05d}" for code in range(first, last + 1)] for first, last in spans]
    lines = codes.assign(offence_code=pd.Series(code_lists, index=codes.index)).explode("offence_code")
    return _holding_then(kept["offence_code"], kept["reported_on"], lines.set_index("offence_code"), "crime_type")


def _holding_then(
    names: "pd.Series[str]", days: "pd.Series[pd.Timestamp]", lines: "pd.DataFrame", wanted: str
) -> "pd.Series[str]":
    """Look up each name in `lines`, and return the values of the column `wanted`.

    `lines` is indexed by name, and can have several lines for a name. Only a line that is valid on the name's day in
    `days` is used. If there is no such line, the value is missing.
    """
    import pandas as pd

    meanings = pd.Series(pd.NA, index=names.index, dtype="str")
    for _, nth_lines in lines.groupby(lines.groupby(level=0).cumcount()):
        first = pd.to_datetime(nth_lines["valid_from"]).fillna(pd.Timestamp("1900-01-01"))
        last = pd.to_datetime(nth_lines["valid_to"]).fillna(pd.Timestamp("2200-01-01"))
        holds = (names.map(first) <= days) & (days <= names.map(last))
        meanings = meanings.where(meanings.notna() | ~holds, names.map(nth_lines[wanted]))
    return meanings


def _located(kept: "pd.DataFrame", reference: dict[str, "pd.DataFrame"]) -> "pd.Series[str]":
    """Return the area that contains the coordinates of each report.

    The area is missing if the report has no coordinates, or if no area contains the coordinates.
    """
    import pandas as pd
    import shapely
    from pyproj import Transformer

    boundaries = reference["reference.area_boundaries"]
    points = kept[["coordinate_x", "coordinate_y"]].dropna().drop_duplicates()
    change = Transformer.from_crs("EPSG:25832", boundaries["coordinate_system"].iloc[0], always_xy=True)
    tree = shapely.STRtree(shapely.from_wkt(boundaries["boundary"].to_numpy()))
    x, y = change.transform(points["coordinate_x"].to_numpy(), points["coordinate_y"].to_numpy())
    point_numbers, area_numbers = tree.query(shapely.points(x, y), predicate="intersects")
    area_of_point = points.iloc[point_numbers].assign(located=boundaries["area_id"].to_numpy()[area_numbers])
    area_of_point = area_of_point.drop_duplicates(["coordinate_x", "coordinate_y"])
    located: pd.Series[str] = kept.merge(area_of_point, "left", on=["coordinate_x", "coordinate_y"])["located"]
    return located.set_axis(kept.index)


WAYS = {"bare DuckDB": bare_duckdb, "Tryghed": tryghed, "pandas, C engine": with_pandas}


def timed(way: str, folder: Path) -> float:
    """Run one way in this process, and return its run time in seconds.

    Before the time is measured, earlier results are deleted and the libraries of the way are loaded.
    """
    shutil.rmtree(folder / "home", ignore_errors=True)
    for file_name in ("bare.duckdb", "pandas.parquet", "pandas_extract.parquet", "pandas_rejected.parquet"):
        (folder / file_name).unlink(missing_ok=True)
    os.environ["TRYGHED_HOME"] = str(folder / "home")
    if way == "Tryghed":
        from checks.expectations import prove_route

        prove_route()
    if way.startswith("pandas"):
        import pyarrow as pa
        import shapely  # noqa: F401

        import warehouse.personal
        import warehouse.reference_files  # noqa: F401

        pa.set_memory_pool(pa.mimalloc_memory_pool())  # pyarrow's default, which importing `warehouse` changes
    return clocked(WAYS[way], folder)


def row_of(millions: int, folder: Path) -> dict[str, Run]:
    """Run the ways on files with `millions` million rows. Return each way's median run time and highest memory use.

    If there are more than 10 million rows, pandas does not run, and the other ways run only once.
    """
    subprocess.run([sys.executable, "-m", "benchmarks.police_csv", "--write", str(folder), str(millions)], check=True)
    ways = [way for way in WAYS if millions <= 10 or way != "pandas, C engine"]
    runs_by_way = in_turn("benchmarks.police_csv", ways, folder, RUNS if millions <= 10 else 1)
    return {way: median_of(runs) for way, runs in runs_by_way.items()}


def main(sizes: list[int]) -> None:
    """Run the benchmark, and print a table of its results."""
    print(ran_on("duckdb", "pandas", "pyarrow"))
    print(
        "| million rows | way | seconds | peak MB | time against bare DuckDB | against pandas: times faster | memory of pandas' |"
    )
    print("|---|---|---|---|---|---|---|")
    for millions in sizes:
        with tempfile.TemporaryDirectory(prefix="tryghed-bench-") as folder:
            medians = row_of(millions, Path(folder))
        bare, pandas = medians["bare DuckDB"], medians.get("pandas, C engine")
        for way, (seconds, peak) in medians.items():
            against = (f"{pandas.seconds / seconds:.1f}", f"{100 * peak / pandas.peak:.0f} %") if pandas else ("-", "-")
            print(
                f"| {millions} | {way} | {seconds:.1f} | {peak:.0f} | {seconds / bare.seconds:.2f} | {' | '.join(against)} |",
                flush=True,
            )


if __name__ == "__main__":
    if sys.argv[1:2] == ["--way"]:
        print(timed(sys.argv[2], Path(sys.argv[3])))
    elif sys.argv[1:2] == ["--write"]:
        write_reports(Path(sys.argv[2]), int(sys.argv[3]) * MILLION)
    else:
        main([int(size) for size in sys.argv[1:]] or [1, 10])
