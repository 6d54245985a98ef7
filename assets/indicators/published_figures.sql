-- One figure of each edition, area and measure that anything was published of: the most precisely printed value, if all agree
-- with it within rounding, or the one that somebody chose; without a value where its sources disagree.
CREATE VIEW published_figure AS
WITH lines AS (
    SELECT f.*, c.source_id AS chosen,
           round(f.value - 0.5 * pow(10, -decimals), 9) AS low, round(f.value + 0.5 * pow(10, -decimals), 9) AS high
    FROM reference.published_figures f LEFT JOIN reference.published_choices c USING (edition, area_id, measure)
),
counted AS (
    FROM lines QUALIFY source_id = chosen OR NOT coalesce(bool_or(source_id = chosen) OVER (PARTITION BY edition, area_id, measure), false)
),
best AS (
    FROM counted QUALIFY row_number() OVER (PARTITION BY edition, area_id, measure ORDER BY decimals DESC, answers IS NOT NULL DESC, source_id) = 1
),
printed AS (
    SELECT edition, area_id, measure, string_agg(file_line, ' ' ORDER BY source_id) AS lines, min(file_line) AS first_line
    FROM lines GROUP BY ALL
),
agreed AS (
    SELECT b.edition, b.area_id, b.measure, bool_and(c.low < b.high AND b.low < c.high) AS agree,
           CASE WHEN agree THEN any_value(b.value) END AS value,
           CASE WHEN agree THEN any_value(b.low) ELSE min(c.low) END AS low,
           CASE WHEN agree THEN any_value(b.high) ELSE max(c.high) END AS high,
           bool_and(c.approximate) AS approximate, min(c.answers) AS answers
    FROM best b JOIN counted c USING (edition, area_id, measure) GROUP BY ALL
)
SELECT a.* EXCLUDE (agree), p.lines, p.first_line FROM agreed a JOIN printed p USING (edition, area_id, measure);
