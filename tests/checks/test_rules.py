"""Tests of every rule: it finds rows with a planted fault, and finds nothing in the tables of a real run.

Each case plants a fault in a copy of the tables of a real run, and gives the keys of the rows that the rule must find.
The last test fails if a rule has no case.
"""

from collections.abc import Callable, Iterator
from datetime import date
from pathlib import Path
from typing import Any

import duckdb
import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from checks import expectations
from checks.expectations import CheckError, run_rules, validate_table
from checks.table_rules import Rule, rules, shape_expectations
from warehouse.contracts import contracts

Key = tuple[Any, ...]
CONFLICT = {
    (2019, "copenhagen", "unsafe_evening", "kk_2020_edition"),
    (2019, "copenhagen", "unsafe_evening", "politiken_art7242531"),
}
TH_2020 = "edition = 2020 AND area_id = 'tingbjerg_husum' AND measure = 'unsafe'"
TH_KEY = (2020, "tingbjerg_husum", "unsafe", "agreement_tingbjerg_husum")
FIGURE = "UPDATE reference.published_figures SET {} WHERE " + TH_2020
SHARE = f"UPDATE safety.yearly_shares SET {{}} WHERE {TH_2020}"
CPH_2018 = (
    "edition = 2018 AND area_id = 'copenhagen' AND measure = 'unsafe_evening' AND compared_with = 'edition_before'"
)
CHANGE = f"UPDATE indicators.comparisons SET {{}} WHERE {CPH_2018}"
CHANGE_KEY = (2018, "copenhagen", "unsafe_evening", "edition_before", None, 2017, "copenhagen", None)
FIGURE_2020 = f"UPDATE indicators.yearly SET {{}} WHERE {TH_2020}"
HUSUM = "broenshoej_husum", "unsafe"
RATE = "UPDATE crime.yearly_types SET {} WHERE edition = 2020 AND area_id = 'tingbjerg_husum'"
RATE_KEY = (2020, "tingbjerg_husum", "citizen_facing")
TARGET = "edition = 2021 AND agreement_id = 'tingbjerg_husum_2021_2024'"
VERDICT = f"UPDATE targets.verdicts SET {{}} WHERE {TARGET} AND target_id = "
SIKKER_BY = (2021, "tingbjerg_husum_2021_2024", "5", "bydele_above_10_percent_unsafe", "limit")
RATE_2A = (2021, "tingbjerg_husum_2021_2024", "2a", "citizen_facing_reports_per_1000", "baseline")

COUNTED = "INSERT INTO quality.row_counts VALUES (2022, 'good.csv', 'police.reports', 100, 99, 1, 0, 1.0, 1.0, NULL, 'extract'), {}"
DRAWN = "INSERT INTO police.draws VALUES (2022, 'a', 2020, DATE '2021-03-01', 2021, 1, false, 1000, 10, 10, 0, 0, 'extract'), {}"
ESTIMATED = """INSERT INTO safety.estimates BY NAME SELECT 2021 AS edition, area AS area_id, 'unsafe' AS measure, answers, share AS share_percent,
    1.0 AS standard_error_points, answers - 1 AS degrees_of_freedom, low AS korn_graubard_low_percent, high AS korn_graubard_high_percent,
    low AS logit_low_percent, high AS logit_high_percent, presentable, 1 AS rule_version, 'extract' AS provenance, 'made up' AS method
    FROM (VALUES ('whole', 1000, 10.0, 9.0, 11.0, true), ('part', {})) t(area, answers, share, low, high, presentable)"""
GAP = """; INSERT INTO safety.gaps BY NAME SELECT 2021 AS edition, 'part' AS area_id, 'unsafe' AS measure, 'whole' AS municipality_id,
    {} AS gap_points, 1.0 AS gap_standard_error_points, {} AS rest_answers, {} AS rest_share_percent, 1 AS rule_version,
    'extract' AS provenance, 'made up' AS method"""
PART = {(2021, "part", "unsafe")}
GOOD_PART = "100, 20.0, 15.0, 25.0, true"
COUNTED_HERE = """INSERT INTO crime.counted BY NAME SELECT 2022 AS edition, 2021 AS crime_year, 'copenhagen' AS area_id,
    'burglary' AS crime_type, 'police' AS extract, 'reports' AS counted_from, DATE '2022-03-01' AS drawn_on, {} AS reports, 'extract' AS provenance"""
BURGLARY = (2022, 2021, "copenhagen", "burglary", "police")
LATER = (2022, "a", 2020, date(2022, 3, 1), 2022)

# a table, a rule, the planted fault, and the keys of the rows that the rule must find
CASES: list[tuple[str, str, str, set[Key]]] = [
    (
        "reference.editions",
        "crime_year_is_the_year_before",
        "UPDATE reference.editions SET crime_year = 2012 WHERE edition = 2012",
        {(2012,)},
    ),
    ("reference.area_members", "one_area_of_a_level_at_a_time",
     "INSERT INTO reference.area_members SELECT m.* REPLACE (area AS area_id) FROM reference.area_members m, "
     "(VALUES ('bydel_valby'), ('valby')) t(area) WHERE area_id = 'bydel_vanloese' AND member_area_id = "
     "(SELECT min(member_area_id) FROM reference.area_members WHERE area_id = 'bydel_vanloese')",
     {("bydel_vanloese", 1, "rode_238"), ("bydel_valby", 1, "rode_238")}),
    ("reference.published_figures", "area_is_known", FIGURE.format("area_id = 'tingbjerg'"),
     {(2020, "tingbjerg", "unsafe", "agreement_tingbjerg_husum")}),
    ("reference.published_figures", "measure_is_known", FIGURE.format("measure = 'utryg'"),
     {(2020, "tingbjerg_husum", "utryg", "agreement_tingbjerg_husum")}),
    ("reference.published_figures", "source_is_known", FIGURE.format("source_id = 'hearsay'"),
     {(2020, "tingbjerg_husum", "unsafe", "hearsay")}),
    ("reference.published_figures", "share_between_0_and_100", FIGURE.format("value = 120"), {TH_KEY}),
    ("reference.published_figures", "count_is_whole_and_not_negative",
     "UPDATE reference.published_figures SET value = 229.5 WHERE measure = 'citizen_facing_reports' AND area_id = 'tingbjerg_husum'",
     {(2020, "tingbjerg_husum", "citizen_facing_reports", "agreement_tingbjerg_husum")}),
    ("reference.published_figures", "printed_with_its_decimals", FIGURE.format("value = 16.5"), {TH_KEY}),
    ("reference.published_figures", "answers_at_most_invited", FIGURE.format("answers = 300, invited = 200"), {TH_KEY}),
    ("reference.published_figures", "safe_neither_and_unsafe_about_100",
     "UPDATE reference.published_figures SET value = 77 WHERE edition = 2023 AND measure = 'safe' AND area_id = 'copenhagen'",
     {(2023, "copenhagen", measure, "kk_sikker_by_tryghedsundersoegelsen") for measure in ("safe", "neither", "unsafe")}),
    ("reference.published_figures", "safe_neither_and_unsafe_about_100",
     "UPDATE reference.published_figures SET value = 96 WHERE edition = 2022 AND measure = 'safe' AND area_id = 'copenhagen'",
     {(2022, "copenhagen", "safe", "oekonomiudvalget_2023_survey"),
      (2022, "copenhagen", "unsafe", "borgerrepraesentationen_2022")}),
    ("reference.published_figures", "count_over_population_is_rate",
     "UPDATE reference.published_figures SET value = 329 WHERE measure = 'citizen_facing_reports' AND edition = 2020",
     {(2020, "tingbjerg_husum", "citizen_facing_reports_per_1000", "agreement_tingbjerg_husum")}),
    ("reference.published_figures", "two_published_values",
     "INSERT INTO reference.published_figures SELECT * REPLACE ('kk_2021' AS source_id, 19 AS value) "
     f"FROM reference.published_figures WHERE {TH_2020}",
     {TH_KEY, (2020, "tingbjerg_husum", "unsafe", "kk_2021"), *CONFLICT}),
    ("reference.published_figures", "two_published_values",  # the bands touch at 20.45, but no value rounds to both figures
     "INSERT INTO reference.published_figures SELECT * REPLACE ('kk_2021' AS source_id, 20.5 AS value) "
     "FROM reference.published_figures WHERE measure = 'citizen_facing_reports_per_1000' AND edition = 2020 AND area_id = 'tingbjerg_husum'",
     {(2020, "tingbjerg_husum", "citizen_facing_reports_per_1000", source) for source in ("agreement_tingbjerg_husum", "kk_2021")}
     | CONFLICT),
    ("reference.populations", "residents_are_those_of_an_area",
     "UPDATE reference.populations SET population_residents = 0 WHERE area_id = 'amager_oest' AND on_date = DATE '2015-01-01'",
     {("amager_oest", 1, date(2015, 1, 1), "municipal_open_data_population")}),
    ("reference.published_figures", "two_numbers_of_answers",
     "UPDATE reference.published_figures SET answers = 900 WHERE edition = 2020 AND area_id = 'copenhagen' "
     "AND measure = 'unsafe' AND source_id = 'agreement_tingbjerg_husum'",
     {(2020, "copenhagen", "unsafe", source) for source in ("agreement_tingbjerg_husum", "kk_artikel_tryghedsundersoegelsen")}),
    ("reference.published_figures", "area_and_its_parts_can_be_true_together",
     "UPDATE reference.published_figures SET value = 60 "
     "WHERE edition = 2016 AND measure = 'unsafe' AND area_id = 'tingbjerg_husum'",
     {(2016, "broenshoej_husum", "unsafe", "tryghedsundersogelsen_kk_dk")}),
    ("safety.estimates", "share_between_0_and_100", ESTIMATED.format("100, 101.0, 15.0, 102.0, true"), PART),
    ("safety.estimates", "intervals_hold_the_share", ESTIMATED.format("100, 20.0, 21.0, 25.0, true"), PART),
    ("safety.estimates", "too_few_answers_are_not_presentable", ESTIMATED.format("29, 20.0, 15.0, 25.0, true"), PART),
    ("safety.estimates", "too_few_answers_are_not_presentable", ESTIMATED.format("100, 20.0, 5.0, 35.0, true"), PART),
    ("safety.gaps", "parts_have_no_more_answers_than_the_whole",
     ESTIMATED.format(GOOD_PART) + GAP.format(10.0, 901, 9.0), PART),
    ("safety.gaps", "gap_is_the_difference_of_the_estimates", ESTIMATED.format(GOOD_PART) + GAP.format(10.1, 900, 9.0), PART),
    ("safety.gaps", "gap_is_the_difference_of_the_estimates",
     (ESTIMATED.format(GOOD_PART) + GAP.format(10.0, 900, 9.0)).replace("'part' AS area_id", "'stranger' AS area_id"),
     {(2021, "stranger", "unsafe")}),
    ("safety.gaps", "municipality_lies_between_area_and_rest", ESTIMATED.format(GOOD_PART) + GAP.format(10.0, 900, 10.1), PART),
    ("safety.yearly_shares", "share_between_0_and_100", SHARE.format("share_percent = 101"),
     {(2020, "tingbjerg_husum", "unsafe")}),
    ("safety.yearly_shares", "interval_holds_the_share",
     SHARE.format("share_low_percent = 15.9, share_high_percent = 18"), {(2020, "tingbjerg_husum", "unsafe")}),
    ("safety.yearly_shares", "interval_holds_the_share", SHARE.format("share_low_percent = 10"),
     {(2020, "tingbjerg_husum", "unsafe")}),
    ("safety.yearly_shares", "share_empty_only_with_a_status", SHARE.format("share_percent = NULL"),
     {(2020, "tingbjerg_husum", "unsafe")}),
    ("safety.yearly_shares", "share_empty_only_with_a_status", SHARE.format("status = 'missing'"),
     {(2020, "tingbjerg_husum", "unsafe")}),
    ("safety.yearly_shares", "share_empty_only_with_a_status", SHARE.format("provenance = 'extract', answers = 29"),
     {(2020, "tingbjerg_husum", "unsafe")}),
    ("safety.yearly_shares", "every_published_share_is_there", f"DELETE FROM safety.yearly_shares WHERE {TH_2020}", {TH_KEY}),
    ("indicators.yearly", "every_figure_is_there", FIGURE_2020.format("value = 17"), {(2020, "tingbjerg_husum", "unsafe")}),
    ("indicators.yearly", "every_figure_is_there", f"DELETE FROM indicators.yearly WHERE {TH_2020}", {(2020, "tingbjerg_husum", "unsafe")}),
    ("indicators.yearly", "interval_holds_the_figure", FIGURE_2020.format("value_low = 16.5, value_high = 20"),
     {(2020, "tingbjerg_husum", "unsafe")}),
    ("indicators.yearly", "hidden_figures_stay_hidden", FIGURE_2020.format("confidentiality = 'confidential'"),
     {(2020, "tingbjerg_husum", "unsafe")}),
    ("indicators.yearly", "empty_only_with_a_status", FIGURE_2020.format("status = 'missing'"), {(2020, "tingbjerg_husum", "unsafe")}),
    ("indicators.comparisons", "change_follows_from_the_figures", CHANGE.format("change = -3"), {CHANGE_KEY}),
    ("indicators.comparisons", "change_follows_from_the_figures", CHANGE.format("forbidden_by = 'mine'"), {CHANGE_KEY}),
    ("indicators.comparisons", "both_figures_are_the_ones_in_yearly",
     "UPDATE indicators.yearly SET value = 23 WHERE edition = 2016 AND area_id = 'broenshoej_husum' AND measure = 'unsafe'",
     {(2016, *HUSUM, "edition_before", None, 2015, "broenshoej_husum", None), (2016, *HUSUM, "municipality", None, 2016, "copenhagen", None),
      (2017, *HUSUM, "edition_before", None, 2016, "broenshoej_husum", None)}),
    ("indicators.comparisons", "direction_follows_from_the_figures", CHANGE.format("statistical = 'fall'"), {CHANGE_KEY}),
    ("indicators.comparisons", "direction_follows_from_the_figures", CHANGE.format("literal = 'rise'"), {CHANGE_KEY}),
    ("indicators.comparisons", "empty_reading_has_a_reason", CHANGE.format("statistical = NULL"), {CHANGE_KEY}),
    ("indicators.comparisons", "empty_reading_has_a_reason", CHANGE.format("reason = 'conflict'"), {CHANGE_KEY}),
    ("indicators.comparisons", "hidden_figures_stay_hidden", CHANGE.format("confidentiality = 'confidential'"), {CHANGE_KEY}),
    ("safety.unsafe_bydele", "named_bydele_at_most_the_published_number",
     "UPDATE safety.unsafe_bydele SET bydele_above = 4 WHERE edition = 2017", {(2017, "copenhagen", "bydele_above_10_percent_unsafe")}),
    ("safety.unsafe_bydele", "surely_above_and_not_above_fit_the_number",
     "UPDATE safety.unsafe_bydele SET bydele_surely_above = 6, bydele_surely_not_above = 0, provenance = 'extract' WHERE edition = 2017",
     {(2017, "copenhagen", "bydele_above_10_percent_unsafe")}),
    ("safety.unsafe_bydele", "surely_above_and_not_above_fit_the_number",
     "UPDATE safety.unsafe_bydele SET bydele_surely_above = 0, bydele_surely_not_above = 9, provenance = 'extract' WHERE edition = 2017",
     {(2017, "copenhagen", "bydele_above_10_percent_unsafe")}),
    ("safety.unsafe_bydele", "surely_above_and_not_above_fit_the_number",
     "UPDATE safety.unsafe_bydele SET provenance = 'extract' WHERE edition = 2017", {(2017, "copenhagen", "bydele_above_10_percent_unsafe")}),
    ("commitments.yearly_numbers", "number_follows_from_its_counts",
     "INSERT INTO commitments.yearly_numbers SELECT 2022, area, measure, value, counted, out_of, not_known, 'normal', 'extract', 'final', 'made up' "
     "FROM (VALUES ('good', 'goals_kept_safer_city_life', 2, 2, 3, 1), ('many', 'goals_kept_safer_city_life', 2, 2, 3, 2), "
     "('money', 'activity_funding', 1.9, NULL, NULL, 0), ('other', 'steering_group_meetings', 2, 1, NULL, 0), "
     "('share', 'activities_with_two_or_more_partners', 70, 3, 4, 0)) t(area, measure, value, counted, out_of, not_known)",
     {(2022, "many", "goals_kept_safer_city_life"), (2022, "other", "steering_group_meetings"),
      (2022, "share", "activities_with_two_or_more_partners")}),
    ("activities.activities", "rows_are_not_those_of_the_edition_before",
     "INSERT INTO activities.activities BY NAME SELECT edition, 'plan.csv' AS file, row, 'plan' AS extract, 'extract' AS provenance, "
     "'A' || n AS activity_number, 'x' AS partnership_code, 'Titel' AS title, 'safer_city_life' AS focus_area, "
     "CASE WHEN edition = 2022 THEN 'planned' ELSE 'running' END AS activity_status, 2 AS partners_named, 'folehaven' AS area_id "
     "FROM (VALUES (2022, 1, 1), (2022, 2, 2), (2022, 3, 3), (2023, 1, 1), (2023, 2, 2), (2023, 3, 3), (2024, 1, 3), (2024, 2, 1), (2024, 3, 2)) t(edition, row, n)",
     {(2024, "plan.csv", 1), (2024, "plan.csv", 2), (2024, "plan.csv", 3)}),
    ("activities.goals", "rows_are_not_those_of_the_edition_before",
     "INSERT INTO activities.goals BY NAME SELECT edition, 'maal.csv' AS file, row, 'maal' AS extract, 'extract' AS provenance, "
     "'M' || n AS goal_number, 'x' AS partnership_code, 'Titel' AS title, 'safer_city_life' AS focus_area, 10 AS goal_value, "
     "CASE WHEN edition = 2022 THEN 8 ELSE 9 END AS reached_value, 'at_least' AS direction, 'not_kept' AS kept, 'folehaven' AS area_id "
     "FROM (VALUES (2022, 1, 1), (2022, 2, 2), (2022, 3, 3), (2023, 1, 1), (2023, 2, 2), (2023, 3, 3), (2024, 1, 3), (2024, 2, 1), (2024, 3, 2)) t(edition, row, n)",
     {(2024, "maal.csv", 1), (2024, "maal.csv", 2), (2024, "maal.csv", 3)}),
    ("commitments.yearly_numbers", "every_delivered_activity_is_counted",
     "INSERT INTO activities.activities BY NAME SELECT 2022 AS edition, 'plan.csv' AS file, row, 'plan' AS extract, 'extract' AS provenance, "
     "'A' AS activity_number, 'TH' AS partnership_code, 'made up' AS title, 'safer_city_life' AS focus_area, status AS activity_status, "
     "2 AS partners_named, 'tingbjerg_husum' AS area_id FROM (VALUES (2, 'running'), (3, 'cancelled')) t(row, status)",
     {(2022, "plan.csv", 2)}),
    ("crime.counted", "reports_not_negative", COUNTED_HERE.format("-1"), {BURGLARY}),
    ("crime.counted", "every_mapped_report_is_counted_once",
     COUNTED_HERE.format("988") + "; " + DRAWN.replace("2020", "2021").format(
         "(2022, 'police', 2021, DATE '2022-03-01', 2022, 1, true, 1000, 11, 0, 0, 0, 'extract')"),
     {(2022, "police", 2021, date(2022, 3, 1), 2022)}),
    ("crime.counted", "newest_draw_agrees_with_the_fixed_baseline",
     COUNTED_HERE.format("21") + """; INSERT INTO reference.fixed_baselines BY NAME SELECT 'a' AS agreement_id, '2b' AS target_id,
         'burglary_reports' AS measure, act, 2022 AS edition, 'copenhagen' AS area_id, 'burglary' AS crime_type, reports, 'extract' AS provenance,
         'made up' AS made_from, 'A. Steward' AS fixed_by, DATE '2022-06-01' AS fixed_on, 'why' AS reason
         FROM (VALUES (1, 21), (2, 20)) t(act, reports)""", {BURGLARY}),
    ("crime.yearly_types", "every_count_is_there", COUNTED_HERE.format("12"), {BURGLARY}),
    ("crime.yearly_types", "reports_not_negative", RATE.format("reports = -1"), {RATE_KEY}),
    ("crime.yearly_types", "crime_year_is_the_year_before_the_edition", RATE.format("crime_year = 2020"), {RATE_KEY}),
    ("crime.yearly_types", "interval_holds_the_rate", RATE.format("rate_low_per_1000 = 21"), {RATE_KEY}),
    ("crime.yearly_types", "rate_lies_within_the_population", RATE.format("reports = 240"), {RATE_KEY}),
    ("crime.yearly_types", "empty_only_with_a_status", RATE.format("status = 'missing'"), {RATE_KEY}),
    ("crime.yearly_types", "every_published_figure_is_there",
     "DELETE FROM crime.yearly_types WHERE edition = 2020 AND area_id = 'tingbjerg_husum'",
     {(2020, "tingbjerg_husum", measure, "agreement_tingbjerg_husum")
      for measure in ("citizen_facing_reports", "citizen_facing_reports_per_1000")}),
    ("crime.monitoring", "all_monitored_types_are_there",
     "DELETE FROM crime.monitoring WHERE edition = 2023 AND crime_type = 'threats'",
     {(2023, "tingbjerg_husum", kind) for kind in ("harassment", "narcotics", "vandalism")}),
    ("crime.monitoring", "empty_only_with_a_status",
     "UPDATE crime.monitoring SET status = 'normal' WHERE edition = 2023 AND crime_type = 'threats'",
     {(2023, "tingbjerg_husum", "threats")}),
    ("targets.baselines", "empty_baseline_has_a_reason",
     "UPDATE targets.baselines SET reason = NULL WHERE target_id = '2a'",
     {(2021, "tingbjerg_husum_2021_2024", "2a", "citizen_facing_reports_per_1000")}),
    ("targets.baselines", "baseline_is_the_share_of_its_edition",
     "UPDATE targets.baselines SET value = 20 WHERE target_id = '1a'",
     {(2020, "tingbjerg_husum_2021_2024", "1a", "unsafe")}),
    ("targets.verdicts", "every_target_in_every_edition",
     f"DELETE FROM targets.verdicts WHERE {TARGET} AND target_id = '7a'", {(2021,)}),
    ("targets.verdicts", "never_met_without_figures", VERDICT.format("literal = 'met'") + "'2a'", {RATE_2A}),
    ("targets.verdicts", "hidden_counts_stay_hidden",
     VERDICT.format("confidentiality = 'confidential', literal = 'met', statistical = 'met'") + "'2a'", {RATE_2A}),
    ("targets.verdicts", "hidden_counts_stay_hidden",
     VERDICT.format("confidentiality = 'confidential', reports = 3") + "'2a'", {RATE_2A}),
    ("crime.yearly_types", "no_small_count_is_shown", RATE.format("counted_from = 'counts', reports = 4"), {RATE_KEY}),
    ("crime.monitoring", "no_small_count_is_shown",
     "UPDATE crime.monitoring SET counted_from = 'counts', reports = 1 WHERE edition = 2023 AND crime_type = 'threats'",
     {(2023, "tingbjerg_husum", "threats")}),
    *((f"crime.{table}", "no_zero_in_doubt_is_shown",
       "INSERT INTO crime.counted BY NAME SELECT 2023 AS edition, 2022 AS crime_year, 'tingbjerg_husum' AS area_id, crime_type, 'police' AS extract, "
       "'reports' AS counted_from, DATE '2023-03-01' AS drawn_on, 0 AS reports, doubt AS zero_in_doubt, 'extract' AS provenance "
       f"FROM (VALUES ('{kind}', true), ('{sure}', false)) t(crime_type, doubt); "
       f"UPDATE crime.{table} SET counted_from = 'reports', drawn_on = DATE '2023-03-01', reports = 0 "
       f"WHERE edition = 2023 AND area_id = 'tingbjerg_husum' AND crime_type IN ('{kind}', '{sure}')",
       {(2023, "tingbjerg_husum", kind)})
      for table, kind, sure in (("yearly_types", "burglary", "theft_robbery"), ("monitoring", "threats", "narcotics"))),
    ("targets.readings", "reading_binds_nobody_and_follows_from_the_figures",
     "UPDATE targets.readings SET binding = true WHERE edition = 2022 AND target_id = '2a' AND reading = 'against_2019'",
     {(2022, "tingbjerg_husum_2021_2024", "2a", "citizen_facing_reports_per_1000", "against_2019")}),
    ("targets.readings", "reading_binds_nobody_and_follows_from_the_figures",
     "UPDATE targets.readings SET ratio = 1 WHERE edition = 2022 AND target_id = '2a' AND reading = 'against_2019'",
     {(2022, "tingbjerg_husum_2021_2024", "2a", "citizen_facing_reports_per_1000", "against_2019")}),
    ("targets.verdicts", "not_evaluable_has_a_reason", VERDICT.format("reason = NULL") + "'5'", {SIKKER_BY}),
    ("targets.verdicts", "statistical_reading_has_an_interval",
     VERDICT.format("statistical = 'uncertain'") + "'2a'", {RATE_2A}),
    ("targets.verdicts", "every_year_is_met_only_if_each_year_is",
     "UPDATE targets.verdicts SET literal = CASE WHEN compared_with = 'edition_before' AND edition = 2021 THEN 'not_met' ELSE 'met' END "
     "WHERE agreement_id = 'tingbjerg_husum_2021_2024' AND target_id = '1a' AND (edition = 2021 OR edition = 2022 AND compared_with = 'every_year')",
     {(edition, "tingbjerg_husum_2021_2024", "1a", "unsafe", "every_year") for edition in (2021, 2022)}),
    ("targets.verdicts", "crime_targets_over_their_crime_years", VERDICT.format("literal = 'not_met'") + "'2a'", {RATE_2A}),
    ("quality.row_counts", "delivered_is_kept_and_rejected",
     COUNTED.format("(2022, 'lost.csv', 'police.reports', 100, 98, 1, 0, 1.0, 1.0, NULL, 'extract')"), {(2022, "lost.csv")}),
    ("quality.row_counts", "no_more_rejected_than_tolerated",
     COUNTED.format("(2022, 'bad.csv', 'police.reports', 100, 98, 2, 0, 2.0, 1.0, NULL, 'extract'), "
                    "(2022, 'accepted.csv', 'police.reports', 100, 98, 2, 0, 2.0, 1.0, 'd1', 'extract')"), {(2022, "bad.csv")}),
    ("quality.row_counts", "some_rows_are_kept",
     COUNTED.format("(2022, 'none.csv', 'police.reports', 2, 0, 2, 0, 100.0, 100.0, NULL, 'extract')"), {(2022, "none.csv")}),
    ("quality.decisions", "decision_is_in_force",
     "INSERT INTO quality.decisions BY NAME SELECT 2022 AS edition, status AS decision_id, 'rejected_row' AS about, 'accept' AS action, "
     "'A' AS person, DATE '2022-05-01' AS decided_on, 'why' AS reason, status FROM (VALUES ('in_force'), ('lapsed'), ('expired')) t(status)",
     {(2022, "lapsed"), (2022, "expired")}),
    ("police.unmapped_codes", "code_is_mapped_or_accepted",
     "INSERT INTO police.unmapped_codes SELECT 2022, 'a.csv', 'extract', code, 3, DATE '2021-01-01', DATE '2021-02-01', "
     "'not_in_the_mapping', decision FROM (VALUES ('99999', NULL), ('99998', 'd1')) t(code, decision)",
     {(2022, "a.csv", "99999")}),
    ("police.draws", "few_reports_are_unmapped",
     DRAWN.format("(2022, 'a', 2020, DATE '2022-03-01', 2022, 1, true, 1000, 20, 11, 0, 0, 'extract')"), {LATER}),
    ("police.draws", "most_places_are_known",
     DRAWN.format("(2022, 'a', 2020, DATE '2022-03-01', 2022, 1, true, 1000, 0, 0, 501, 0, 'extract')"), {LATER}),
    ("police.draws", "one_draw_of_a_crime_year_in_an_edition",
     DRAWN.format("(2022, 'a', 2020, DATE '2022-03-01', 2022, 1, true, 1000, 0, 0, 0, 0, 'extract'), "
                  "(2022, 'a', 2020, DATE '2022-03-02', 2022, 1, true, 1000, 0, 0, 0, 0, 'extract'), "
                  "(2022, 'a', 2021, DATE '2022-03-02', 2022, 1, true, 1000, 0, 0, 0, 0, 'extract'), "
                  "(2022, 'b', 2020, DATE '2022-03-02', 2022, 1, true, 1000, 0, 0, 0, 0, 'extract')"),
     {LATER, (2022, "a", 2020, date(2022, 3, 2), 2022)}),
    ("police.draws", "newest_draw_is_whole",
     DRAWN.format("(2022, 'a', 2020, DATE '2022-03-01', 2022, 1, true, 799, 0, 0, 0, 0, 'extract'), "
                  "(2022, 'b', 2020, DATE '2022-03-01', 2022, 1, true, 10, 0, 0, 0, 0, 'extract'), "
                  "(2022, 'a', 2021, DATE '2022-03-01', 2022, 1, true, 10, 0, 0, 0, 0, 'extract')"), {LATER}),
    *(("quality.continuity", rule,
       "INSERT INTO quality.continuity SELECT 2022, subject, about, 1, 9, 5, 12, continues, 'extract' FROM (VALUES "
       + ", ".join(f"('{subject}', 'gone', false), ('{subject}', 'stays', true)" for subject in (*subjects, "filled_cells" if rule != "columns_stay_filled" else "answers"))
       + ") t(subject, about, continues)", {(2022, subject, "gone") for subject in subjects})
      for rule, subjects in (
          ("answers_continue", ("answers", "response_rate_percent")), ("weights_continue", ("mean_weight", "spread_of_weights")),
          ("reports_continue", ("reports",)), ("codes_and_places_continue", ("reports_unmapped", "reports_without_place")),
          ("producers_stay", ("rows_of_producer",)), ("columns_stay_filled", ("filled_cells",)), ("categories_stay", ("rows_of_category",)),
      )),
    ("quality.reconciliation", "figures_agree",
     "INSERT INTO quality.reconciliation SELECT 2022, 'two_police_sources', area, 'burglary', value, 100, 81.4, 121.6, agrees, area, 'burglary', 'extract' "
     "FROM (VALUES ('near', 120, true), ('far', 122, false)) t(area, value, agrees)", {(2022, "two_police_sources", "far", "burglary")}),
    ("police.draw_changes", "changes_add_up",
     "INSERT INTO police.draw_changes SELECT 2022, 'a', 2020, DATE '2022-03-01', DATE '2021-03-01', type, 100, reports, 5, 3, 2, 1, 'extract' "
     "FROM (VALUES ('burglary', 103), ('threats', 104)) t(type, reports)",
     {(2022, "a", 2020, date(2022, 3, 1), "threats")}),
]  # fmt: skip


@pytest.fixture
def tables(stored: Path) -> Iterator[duckdb.DuckDBPyConnection]:
    """Yield a DuckDB in memory with a copy of the tables of a real run. A test may change the copy."""
    with duckdb.connect() as connection:
        for table in contracts().values():
            connection.execute(f"CREATE SCHEMA IF NOT EXISTS {table.schema_name}")
            files = (
                stored / "store" / table.schema_name / f"{table.short_name}{'/*' if table.partitioned else ''}.parquet"
            )
            connection.execute(f"CREATE TABLE {table.name} AS SELECT * FROM read_parquet('{files}')")
        yield connection


def keys(connection: duckdb.DuckDBPyConnection, rule: Rule) -> set[Key]:
    return {tuple(key.values()) for key in run_rules(connection, [rule])[0].failing}


def rule_called(table: str, name: str) -> Rule:
    return next(rule for rule in rules()[table] if rule.name == name)


@pytest.mark.parametrize(
    ("table", "name", "fault", "expected_keys"), CASES, ids=[f"{case[0]}-{case[1]}" for case in CASES]
)
def test_rule_finds_the_planted_rows_and_only_them(
    tables: duckdb.DuckDBPyConnection, table: str, name: str, fault: str, expected_keys: set[Key]
) -> None:
    tables.execute(fault)
    assert keys(tables, rule_called(table, name)) == expected_keys


def test_no_rule_rejects_the_real_tables_but_for_the_published_conflict(tables: duckdb.DuckDBPyConnection) -> None:
    every = [rule for of_table in rules().values() for rule in of_table]
    failing = {rule.rule.name: {tuple(key.values()) for key in rule.failing} for rule in run_rules(tables, every)}
    assert {name: failing_keys for name, failing_keys in failing.items() if failing_keys} == {
        "two_published_values": CONFLICT
    }


def test_every_rule_has_a_case() -> None:
    assert {(case[0], case[1]) for case in CASES} == {
        (rule.table, rule.name) for of_table in rules().values() for rule in of_table
    }


@pytest.mark.parametrize(
    "rule", [rule for of_table in rules().values() for rule in of_table], ids=lambda rule: rule.name
)
def test_every_rule_says_why_and_what_to_do(rule: Rule) -> None:
    for text in (rule.why, rule.what_to_do):
        assert len(text) >= 20
        assert text.rstrip().endswith(".")


SHAPE_FAULTS = {
    "a value that is not allowed": ("UPDATE {t} SET status = 'fine' WHERE edition = 2020", {2020}),
    "a key twice": ("INSERT INTO {t} SELECT * FROM {t} WHERE edition = 2020", {2020}),
}


@pytest.mark.parametrize("fault", SHAPE_FAULTS)
def test_shape_finds_what_the_contract_forbids(tables: duckdb.DuckDBPyConnection, fault: str) -> None:
    statement, editions = SHAPE_FAULTS[fault]
    table = contracts()["crime.yearly_types"]
    tables.execute(statement.format(t=table.name))
    outcomes = run_rules(tables, shape_expectations(table))
    assert {key["edition"] for outcome in outcomes for key in outcome.failing} == editions


FILE_FAULTS: dict[str, Callable[[pa.Table], pa.Table]] = {
    "a missing column": lambda content: content.drop_columns(["reports"]),
    "another type": lambda content: content.set_column(0, "edition", content["edition"].cast("string")),
    "an empty required cell": lambda content: content.set_column(
        content.schema.get_field_index("status"), "status", pa.array([None] * len(content), pa.string())
    ),
}


@pytest.mark.parametrize("fault", FILE_FAULTS)
def test_shape_finds_a_file_of_another_shape_and_judges_nothing_else(
    home: Path, monkeypatch: pytest.MonkeyPatch, fault: str
) -> None:
    monkeypatch.setenv("TRYGHED_HOME", str(home))
    table = contracts()["crime.yearly_types"]
    path = home / "store" / "crime" / "yearly_types" / "2020.parquet"
    pq.write_table(FILE_FAULTS[fault](pq.read_table(path)), path)
    outcomes = validate_table(table, rules()[table.name])
    assert [(outcome.rule.name, outcome.failing) for outcome in outcomes] == [("shape", ({"edition": 2020},))]


def test_a_rule_that_cannot_be_run_is_an_error_and_no_failed_check(tables: duckdb.DuckDBPyConnection) -> None:
    broken = rule_called("crime.yearly_types", "interval_holds_the_rate").model_copy(
        update={"sql": "SELECT nothing FROM {batch}"}
    )
    with pytest.raises(CheckError, match="could not be run"):
        run_rules(tables, [broken])


def test_more_failing_rows_than_great_expectations_keeps_are_all_found(tables: duckdb.DuckDBPyConnection) -> None:
    tables.execute(
        "INSERT INTO crime.yearly_types SELECT t.* REPLACE ('area_' || n AS area_id, 1 AS crime_year) "
        "FROM crime.yearly_types t, range(300) r(n) WHERE t.edition = 2020 AND t.area_id = 'tingbjerg_husum'"
    )
    assert len(keys(tables, rule_called("crime.yearly_types", "crime_year_is_the_year_before_the_edition"))) == 300


def test_a_silent_canary_stops_everything(monkeypatch: pytest.MonkeyPatch) -> None:
    canaries = expectations._CANARIES | {"ExpectColumnValuesToBeUnique": ({"column": "amount"}, [3])}
    monkeypatch.setattr(expectations, "_CANARIES", canaries)
    expectations.prove_route.cache_clear()
    with pytest.raises(CheckError, match="failed its self-test"):
        expectations.prove_route()
    expectations.prove_route.cache_clear()


def test_every_kind_of_expectation_has_a_canary() -> None:
    used = {rule.expectation for of_table in rules().values() for rule in of_table if rule.expectation}
    shapes = [rule for table in contracts().values() for rule in shape_expectations(table)]
    used |= {rule.expectation for rule in shapes if rule.expectation}
    assert used | {"UnexpectedRowsExpectation"} <= set(expectations._CANARIES)
