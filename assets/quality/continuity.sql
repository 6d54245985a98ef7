-- Figures of each edition paired with those of the edition before. The figures describe surveys, counts of reports, draws and
-- every delivered table. continuity.py makes the table `deliveries`, which has the row counts of delivered tables, and gives
-- each figure its limits. Below, `n` stands for the edition (new) and `o` for the one before (old). `n_all` and `o_all` stand
-- for all rows of the same table or column.
WITH strata AS (
    SELECT edition, extract, stratum, max(stratum_invited) AS invited FROM survey.answers GROUP BY ALL
),
invited AS (
    SELECT edition, extract, sum(invited) AS invited FROM strata GROUP BY ALL
),
surveys AS (
    SELECT edition, extract, max(provenance) AS provenance, count(*) AS answers, avg(weight) AS mean_weight,
           stddev_pop(weight) / avg(weight) AS spread_of_weights
    FROM survey.answers GROUP BY ALL
),
-- One row for each figure. A response rate that is not known has no row.
survey_figures AS (
    UNPIVOT (
        SELECT edition, extract, provenance, answers::DOUBLE AS answers, mean_weight, spread_of_weights,
               100.0 * answers / invited AS response_rate_percent
        FROM surveys JOIN invited USING (edition, extract)
    ) ON answers, mean_weight, spread_of_weights, response_rate_percent INTO NAME subject VALUE figure
),
of_surveys AS (
    SELECT n.edition, n.subject, n.extract AS about, n.figure AS value, o.figure AS value_before,
           greatest(n.provenance, o.provenance) AS provenance -- 'synthetic' if either of the two is
    FROM survey_figures n JOIN survey_figures o ON o.edition = n.edition - 1 AND o.extract = n.extract AND o.subject = n.subject
),
-- Reports of each crime type and area, and the residents if they are known. If a type or area is gone, its count is 0.
newest_counts AS (
    FROM crime.counted WHERE crime_year = edition - 1
),
of_counts AS (
    SELECT o.edition + 1 AS edition, 'reports' AS subject, concat_ws(' ', o.extract, o.area_id, o.crime_type) AS about,
           coalesce(n.reports, 0) AS value, o.reports AS value_before,
           n.population_residents AS out_of, o.population_residents AS out_of_before, coalesce(n.provenance, o.provenance) AS provenance
    FROM newest_counts o
    LEFT JOIN newest_counts n ON n.edition = o.edition + 1 AND n.extract = o.extract AND n.area_id = o.area_id AND n.crime_type = o.crime_type
    WHERE (o.edition + 1, o.extract) IN (SELECT (edition, extract) FROM newest_counts)
      AND (n.area_version IS NULL OR n.area_version IS NOT DISTINCT FROM o.area_version)  -- two versions of an area are not compared
),
-- Reports without a crime type, reports without a known place, and all reports of the draw.
draw_figures AS (
    UNPIVOT (
        SELECT edition, extract, provenance, reports, reports_unmapped,
               reports_place_unknown + reports_place_less_exact AS reports_without_place
        FROM police.draws WHERE counts AND crime_year = edition - 1
    ) ON reports_unmapped, reports_without_place INTO NAME subject VALUE figure
),
of_draws AS (
    SELECT n.edition, n.subject, n.extract AS about, n.figure AS value, o.figure AS value_before,
           n.reports AS out_of, o.reports AS out_of_before, n.provenance
    FROM draw_figures n JOIN draw_figures o ON o.edition = n.edition - 1 AND o.extract = n.extract AND o.subject = n.subject
),
-- The number of rows that each producer of a table delivered, if any producer delivered rows of the table.
producers AS (
    SELECT table_name, edition, extract, sum(rows) AS rows FROM deliveries GROUP BY ALL
),
tables AS (
    SELECT table_name, edition, max(provenance) AS provenance FROM deliveries GROUP BY ALL
),
of_producers AS (
    SELECT n_all.edition, 'rows_of_producer' AS subject, o.extract AS about, coalesce(n.rows, 0) AS value, o.rows AS value_before,
           greatest(n_all.provenance, o_all.provenance) AS provenance
    FROM producers o
    JOIN tables o_all ON o_all.edition = o.edition AND o_all.table_name = o.table_name
    JOIN tables n_all ON n_all.edition = o.edition + 1 AND n_all.table_name = o.table_name
    LEFT JOIN producers n ON n.edition = n_all.edition AND n.table_name = o.table_name AND n.extract = o.extract
),
-- The number of filled cells in each producer's columns. Columns that were empty in the edition before are left out.
cells AS (
    SELECT table_name, edition, extract, filled.key AS column_name, sum(filled.value) AS cells, max(provenance) AS provenance
    FROM deliveries, unnest(map_entries(filled_cells)) AS columns(filled) GROUP BY ALL
),
of_columns AS (
    SELECT n.edition, 'filled_cells' AS subject, concat_ws(' ', n.extract, n.column_name) AS about, n.cells AS value, o.cells AS value_before,
           n.provenance
    FROM cells n
    JOIN cells o ON o.edition = n.edition - 1 AND o.table_name = n.table_name AND o.extract = n.extract AND o.column_name = n.column_name
    WHERE o.cells > 0
),
-- The number of rows that have each category of a producer's column.
category_rows AS (
    SELECT table_name, edition, extract, provenance, of_column.key AS column_name, unnest(map_entries(of_column.value), recursive := true)
    FROM (SELECT *, unnest(map_entries(categories)) AS of_column FROM deliveries)
),
categories AS (
    SELECT table_name, edition, extract, column_name, key AS category, sum(value) AS rows FROM category_rows GROUP BY ALL
),
filled_columns AS (
    SELECT table_name, edition, extract, column_name, sum(value) AS rows,
           max(max(provenance)) OVER (PARTITION BY table_name, edition, column_name) AS provenance
    FROM category_rows GROUP BY table_name, edition, extract, column_name
),
-- A category is compared only if, by its share in the edition before, at least ten rows of it are expected. If none of ten is left,
-- chance does not explain it. The number ten is a convention of this project.
of_categories AS (
    SELECT n_all.edition, 'rows_of_category' AS subject, concat_ws(' ', o.extract, o.column_name, o.category) AS about,
           coalesce(n.rows, 0) AS value, o.rows AS value_before, greatest(n_all.provenance, o_all.provenance) AS provenance
    FROM categories o
    JOIN filled_columns o_all USING (table_name, edition, extract, column_name)
    JOIN filled_columns n_all ON n_all.edition = o.edition + 1 AND n_all.table_name = o.table_name AND n_all.extract = o.extract AND n_all.column_name = o.column_name
    LEFT JOIN categories n ON n.edition = n_all.edition AND n.table_name = o.table_name AND n.extract = o.extract
                          AND n.column_name = o.column_name AND n.category = o.category
    WHERE o.rows / o_all.rows * n_all.rows >= 10
),
compared AS (
    FROM of_surveys
    UNION ALL BY NAME FROM of_counts
    UNION ALL BY NAME FROM of_draws
    UNION ALL BY NAME FROM of_producers
    UNION ALL BY NAME FROM of_columns
    UNION ALL BY NAME FROM of_categories
),
figures AS (
    SELECT * REPLACE (value::DOUBLE AS value, value_before::DOUBLE AS value_before, out_of::DOUBLE AS out_of, out_of_before::DOUBLE AS out_of_before)
    FROM compared
)
SELECT * FROM figures ORDER BY edition, subject, about
