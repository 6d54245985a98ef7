"""Tests of the comparison of two published files, with files of a few rows."""

from pathlib import Path

import duckdb
import pytest

from benchmarks import same_figures
from benchmarks.same_figures import GONE, ONLY_IN_NEW, ONLY_IN_OLD, Rename, compared, main

SHARES = """CREATE SCHEMA safety;
CREATE TABLE safety.yearly_shares (edition BIGINT, area_id VARCHAR, share DOUBLE, status VARCHAR);
COMMENT ON TABLE safety.yearly_shares IS 'Shares. Grain: one row. Key: edition, area_id.';
INSERT INTO safety.yearly_shares VALUES (2020, 'north', 12.5, 'normal'), (2020, NULL, NULL, 'missing'),
    (2021, 'north', 'Infinity'::DOUBLE, 'normal');
"""


def published(path: Path, *statements: str) -> Path:
    with duckdb.connect(str(path)) as connection:
        for statement in statements:
            connection.execute(statement)
    return path


@pytest.fixture
def old(tmp_path: Path) -> Path:
    return published(tmp_path / "it's old.duckdb", SHARES)


def counted(old: Path, new: Path) -> dict[tuple[str, str], int]:
    return {(difference.table, difference.column): difference.count for difference in compared(old, new).differences}


def test_equal_files_have_no_difference(old, tmp_path, capsys):
    # a float that differs by less than 1e-9 of itself is the same
    new = published(tmp_path / "new.duckdb", SHARES, "UPDATE safety.yearly_shares SET share = share * (1 + 1e-11)")
    comparison = compared(old, new)
    assert comparison.differences == []
    assert comparison.rows == {"safety.yearly_shares": 3}
    assert main([str(old), str(new)]) == 0
    assert "3 rows of 1 tables were compared." in capsys.readouterr().out


@pytest.mark.parametrize(
    "change", ["share = 12.50000002", "share = NULL", "share = 'Infinity'::DOUBLE", "share = 'NaN'::DOUBLE"]
)
def test_a_changed_float_is_a_difference_with_its_key_and_both_values(old, tmp_path, capsys, change):
    new = published(
        tmp_path / "new.duckdb",
        SHARES,
        f"UPDATE safety.yearly_shares SET {change} WHERE edition = 2020 AND area_id = 'north'",
    )
    (difference,) = compared(old, new).differences
    assert (difference.table, difference.column, difference.count) == ("safety.yearly_shares", "share", 1)
    assert difference.examples[0].key == "edition=2020, area_id=north"
    assert difference.examples[0].old == "12.5"
    assert main([str(old), str(new)]) == 1
    assert "edition=2020, area_id=north: 12.5 -> " in capsys.readouterr().out


@pytest.mark.parametrize("value", ["5.0", "NULL", "'-Infinity'::DOUBLE"])
def test_an_infinite_value_is_like_no_other(old, tmp_path, value):
    new = published(
        tmp_path / "new.duckdb", SHARES, f"UPDATE safety.yearly_shares SET share = {value} WHERE edition = 2021"
    )
    assert counted(old, new) == {("safety.yearly_shares", "share"): 1}


def test_a_word_is_the_same_or_it_differs(old, tmp_path):
    new = published(
        tmp_path / "new.duckdb", SHARES, "UPDATE safety.yearly_shares SET status = 'Normal' WHERE share = 12.5"
    )
    assert counted(old, new) == {("safety.yearly_shares", "status"): 1}


def test_rows_of_one_file_alone(old, tmp_path):
    fewer = published(tmp_path / "fewer.duckdb", SHARES, "DELETE FROM safety.yearly_shares WHERE area_id IS NULL")
    assert counted(old, fewer) == {("safety.yearly_shares", ONLY_IN_OLD): 1}
    assert counted(fewer, old) == {("safety.yearly_shares", ONLY_IN_NEW): 1}
    assert compared(old, fewer).differences[0].examples[0].key == "edition=2020, area_id=None"
    twice = published(
        tmp_path / "twice.duckdb", SHARES, "INSERT INTO safety.yearly_shares VALUES (2020, 'north', 12.5, 'normal')"
    )
    assert counted(old, twice) == {("safety.yearly_shares", ONLY_IN_NEW): 1}


def test_tables_and_columns_that_are_gone_are_differences_and_new_ones_are_listed(old, tmp_path, capsys):
    new = published(
        tmp_path / "new.duckdb",
        SHARES,
        "ALTER TABLE safety.yearly_shares ADD COLUMN unit VARCHAR",
        "CREATE TABLE safety.more (a INT)",
    )
    assert main([str(old), str(new)]) == 0
    out = capsys.readouterr().out
    assert "safety.yearly_shares has new columns: unit" in out
    assert "New tables: safety.more" in out
    assert counted(new, old) == {
        ("safety.more", GONE): 1,
        ("safety.yearly_shares", "unit (gone)"): 1,
    }
    assert main([str(new), str(old)]) == 1


CHANGES = """CREATE SCHEMA safety;
CREATE TABLE safety.yearly_changes (edition BIGINT, measure VARCHAR, compared_with VARCHAR, change DOUBLE);
COMMENT ON TABLE safety.yearly_changes IS 'Changes. Key: edition, measure, compared_with.';
INSERT INTO safety.yearly_changes VALUES (2020, 'asked', 'copenhagen', 1.5), (2020, 'asked', 'edition_before', -1);
"""
COMPARISONS = """CREATE SCHEMA indicators; CREATE SCHEMA reference;
CREATE TABLE reference.measures AS SELECT * FROM (VALUES ('asked', 'answers'), ('counted', 'reports')) m(measure, made_of);
CREATE TABLE indicators.comparisons AS SELECT 2020 edition, * FROM (VALUES
    ('asked', 'municipality', 1.5, 'points'), ('asked', 'edition_before', -1, 'points'), ('asked', 'mean', 3, 'points'),
    ('counted', 'edition_before', 7, 'percent')) c(measure, compared_with, change, unit);
"""


def test_what_the_issue_renamed_is_no_difference(tmp_path):
    old, new = published(tmp_path / "old.duckdb", CHANGES), published(tmp_path / "new.duckdb", COMPARISONS)
    comparison = compared(old, new)
    assert comparison.differences == []
    assert comparison.rows == {"indicators.comparisons": 2}
    assert comparison.new_columns == {"indicators.comparisons": ["unit"]}
    assert comparison.new_tables == ["reference.measures"]
    published(new, "UPDATE indicators.comparisons SET change = 2 WHERE compared_with = 'municipality'")
    assert counted(old, new) == {("indicators.comparisons", "change"): 1}


READINGS = """CREATE SCHEMA targets; CREATE SCHEMA safety;
CREATE TABLE targets.readings AS SELECT 2020 edition, 'against_copenhagens_change' reading, 1.5::DOUBLE ratio;
COMMENT ON TABLE targets.readings IS 'Readings. Key: edition, reading.';
CREATE TABLE safety.unsafe_bydele AS SELECT 2020 edition, 3 bydele_above_10_percent;
COMMENT ON TABLE safety.unsafe_bydele IS 'Bydele. Key: edition.';
"""


@pytest.mark.parametrize(
    "renamed",
    [
        ["UPDATE targets.readings SET reading = 'against_municipalitys_change'"],
        ["ALTER TABLE safety.unsafe_bydele RENAME bydele_above_10_percent TO bydele_above"],
        [],
    ],
    ids=["a word", "a column", "not yet"],
)
def test_a_rename_is_no_difference_before_it_and_after_it(tmp_path, renamed):
    old, new = published(tmp_path / "old.duckdb", READINGS), published(tmp_path / "new.duckdb", READINGS, *renamed)
    comparison = compared(old, new)
    assert (comparison.differences, comparison.new_columns) == ([], {})
    published(new, "UPDATE targets.readings SET ratio = 2")
    assert counted(old, new) == {("targets.readings", "ratio"): 1}


def test_renamed_columns_meet_also_in_the_key(old, tmp_path, monkeypatch):
    new = published(
        tmp_path / "new.duckdb",
        SHARES,
        "ALTER TABLE safety.yearly_shares RENAME area_id TO area",
        "ALTER TABLE safety.yearly_shares RENAME share TO value",
        "UPDATE safety.yearly_shares SET value = 13 WHERE value = 12.5",
    )
    with pytest.raises(ValueError, match=r"safety\.yearly_shares: not both files have area_id of the key"):
        compared(old, new)
    renamed = Rename("safety.yearly_shares", "safety.yearly_shares", {"area_id": "area", "share": "value"})
    monkeypatch.setattr(same_figures, "RENAMES", (renamed,))
    assert counted(old, new) == {("safety.yearly_shares", "value"): 1}


def test_a_table_without_a_key_is_refused(old, tmp_path):
    new = published(tmp_path / "new.duckdb", SHARES)
    published(old, "COMMENT ON TABLE safety.yearly_shares IS 'Shares.'")
    with pytest.raises(
        ValueError, match=r"safety\.yearly_shares: the table's comment in the old file does not end in its key"
    ):
        compared(old, new)


@pytest.mark.parametrize(
    ("lines", "code"),
    [
        ("safety.yearly_shares,share,a residents' version,1\n", 0),
        ("safety.yearly_shares,share,a residents' version,2\n", 1),
        ("safety.yearly_shares,share,a residents' version,1\nsafety.yearly_shares,status,too,1\n", 1),
        ("", 1),
    ],
    ids=["expected", "fewer rows than expected", "another expected one is absent", "not expected"],
)
def test_only_what_is_expected_may_differ(old, tmp_path, capsys, lines, code):
    new = published(tmp_path / "new.duckdb", SHARES, "UPDATE safety.yearly_shares SET share = 13 WHERE share = 12.5")
    expected = tmp_path / "expected.csv"
    expected.write_text("table,column,reason,count\n" + lines, encoding="utf-8")
    assert main([str(old), str(new), "--expected", str(expected)]) == code
    assert ("Nothing differs except what was expected to." in capsys.readouterr().out) == (code == 0)


@pytest.mark.parametrize(
    "text", ["table,column,count\n", "table,column,reason,count\na,b,,1\n", "table,column,reason,count\na,b,c,x\n"]
)
def test_a_list_of_expected_differences_that_cannot_be_read_is_refused(tmp_path, text):
    path = tmp_path / "expected.csv"
    path.write_text(text, encoding="utf-8")
    with pytest.raises(ValueError, match=r"expected\.csv"):
        same_figures.expected_counts(path)


def test_neither_file_is_written_to(old, tmp_path):
    new = published(tmp_path / "new.duckdb", SHARES)
    before = [path.read_bytes() for path in (old, new)]
    for path in (old, new):
        path.chmod(0o444)
    compared(old, new)
    assert [path.read_bytes() for path in (old, new)] == before
