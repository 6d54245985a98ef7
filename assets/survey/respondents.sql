-- Every respondent of an edition: the stratum and the weight, the areas in which the answers are counted, the measures whose
-- question the respondent answered, and the measures for which the answer counts as a yes.
WITH asked AS (
    SELECT * FROM survey.answers WHERE edition = {edition}
),
-- The areas that a row names. Position 1 is the bydel or a small unit. Position 1 has priority over position 2, the partnership
-- area.
places AS (
    SELECT file, row, answered_on, 1 AS position, area_id FROM asked WHERE area_id IS NOT NULL
    UNION ALL
    SELECT file, row, answered_on, 2, partnership_area_id FROM asked WHERE partnership_area_id IS NOT NULL
),
-- Areas are taken as they are defined on the day of the answer. If the day is not known, or the area was not defined yet on that
-- day, 1 January is used.
dated AS (
    SELECT * EXCLUDE (answered_on),
           CASE WHEN version_on(area_id, answered_on) IS NULL THEN make_date({edition}, 1, 1) ELSE answered_on END AS on_day
    FROM places
),
-- Each area that a row names, and every area that it lies in.
within AS (
    SELECT d.file, d.row, d.position, d.area_id, l.whole_id, l.level,
           bool_or(l.whole_id = d.area_id AND l.level = 'rode') OVER (PARTITION BY d.file, d.row, d.position) AS by_small_unit
    FROM dated d
    JOIN lies_in l ON l.area_id = d.area_id AND d.on_day BETWEEN l.valid_from AND l.valid_to
),
municipalities AS (
    SELECT file, row, position, min(whole_id) AS municipality_id
    FROM within WHERE level = 'municipality' GROUP BY file, row, position
),
municipality_of_row AS (
    SELECT file, row, arg_min(municipality_id, position) AS municipality_id FROM municipalities GROUP BY file, row
),
-- A respondent without a known area is counted in the municipality that has most of the same producer's respondents.
usual_municipality AS (
    SELECT extract, municipality_id FROM asked JOIN municipality_of_row USING (file, row)
    GROUP BY extract, municipality_id
    QUALIFY row_number() OVER (PARTITION BY extract ORDER BY count(*) DESC, municipality_id) = 1
),
-- A respondent is counted in the areas that the row names. A small unit is too small to publish. If the row names one, the
-- respondent is counted in all areas that the unit lies in. If the two named areas lie in different municipalities, the second
-- is ignored.
areas_of_row AS (
    SELECT w.file, w.row, list(DISTINCT w.whole_id) AS areas
    FROM within w
    JOIN municipalities m USING (file, row, position)
    JOIN municipality_of_row o USING (file, row, municipality_id)
    WHERE w.level NOT IN ('rode', 'municipality') AND (w.whole_id = w.area_id OR w.by_small_unit)
    GROUP BY w.file, w.row
),
-- The reply to each question, with the name of the column that has it. Columns that are not text have no replies.
replies AS (
    UNPIVOT (
        SELECT * EXCLUDE (edition, answered_on, weight, stratum_population_residents, stratum_invited,
                          partnership_area_version, rule_version)
        FROM asked
    ) ON COLUMNS(* EXCLUDE (file, row)) INTO NAME asked_as VALUE reply
),
answered AS (
    SELECT file, row, list(measure) AS answered, list(measure) FILTER (reply = answer) AS answered_so
    FROM replies JOIN reference.measures USING (asked_as)
    WHERE made_of = 'answers' AND reply NOT IN ('left_out', 'dont_know', 'no_answer') -- such replies are not in the denominator
    GROUP BY file, row
),
respondents AS (
    SELECT a.edition, a.extract, a.stratum, a.stratum_population_residents, a.weight, a.rule_version, a.provenance,
           coalesce(o.municipality_id, u.municipality_id) AS municipality_id, c.areas, q.answered, q.answered_so
    FROM asked a
    LEFT JOIN municipality_of_row o USING (file, row)
    LEFT JOIN usual_municipality u USING (extract)
    LEFT JOIN areas_of_row c USING (file, row)
    LEFT JOIN answered q USING (file, row)
    ORDER BY a.file, a.row
)
SELECT * FROM respondents
