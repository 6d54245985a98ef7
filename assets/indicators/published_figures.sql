-- One figure for each edition, area and measure, if a figure was published for these three. If a person chose a source, the
-- figure has the value of that source. Otherwise it is the value with the most decimals, if all lines of published_figures.csv
-- agree with that value within rounding. If they do not agree, the figure has no value.
CREATE OR REPLACE VIEW published_figure AS
WITH lines AS (
    SELECT f.*,
           round(f.value - 0.5 * pow(10, -f.decimals), 9) AS low,
           round(f.value + 0.5 * pow(10, -f.decimals), 9) AS high,
           coalesce(f.source_id = c.source_id, false) AS chosen
    FROM reference.published_figures f
    LEFT JOIN reference.published_choices c USING (edition, area_id, measure)
),
ranked AS (
    SELECT *,
           bool_or(chosen) OVER figure AS has_choice,
           row_number() OVER (figure ORDER BY chosen DESC, decimals DESC, answers IS NOT NULL DESC, source_id) = 1 AS best
    FROM lines
    WINDOW figure AS (PARTITION BY edition, area_id, measure)
),
-- The lines to use: those of the chosen source, or all lines if nobody chose a source.
used_lines AS (
    SELECT *, max(low) FILTER (best) OVER figure AS best_low, max(high) FILTER (best) OVER figure AS best_high
    FROM ranked
    WHERE chosen OR NOT has_choice
    WINDOW figure AS (PARTITION BY edition, area_id, measure)
),
judged AS (
    SELECT edition, area_id, measure,
           bool_and(low < best_high AND best_low < high) AS agree,
           CASE WHEN agree THEN max(value) FILTER (best) END AS value,
           CASE WHEN agree THEN max(best_low) ELSE min(low) END AS low,
           CASE WHEN agree THEN max(best_high) ELSE max(high) END AS high,
           bool_and(approximate) AS approximate,
           min(answers) AS answers
    FROM used_lines GROUP BY edition, area_id, measure
),
printed AS (
    SELECT edition, area_id, measure, string_agg(file_line, ' ' ORDER BY source_id) AS lines, min(file_line) AS first_line
    FROM lines GROUP BY edition, area_id, measure
),
figures AS (
    SELECT j.* EXCLUDE (agree), p.lines, p.first_line
    FROM judged j JOIN printed p USING (edition, area_id, measure)
)
SELECT * FROM figures
