-- Every respondent of an edition: the design of the sample, the areas in which the answers count, the questions that were
-- answered, and those of them that were answered so that it is counted.
WITH asked AS (
    SELECT * FROM survey.answers WHERE edition = {edition}
),
-- The areas that a row names: the bydel or small unit goes before the partnership area.
places AS (
    SELECT file, row, answered_on, 1 AS position, area_id FROM asked WHERE area_id IS NOT NULL
    UNION ALL
    SELECT file, row, answered_on, 2, partnership_area_id FROM asked WHERE partnership_area_id IS NOT NULL
),
-- An area is taken as it was on the day of the answer; where it was not defined then, or there is no day, on 1 January.
dated AS (
    SELECT * EXCLUDE (answered_on),
           CASE WHEN version_on(area_id, answered_on) IS NULL THEN make_date({edition}, 1, 1) ELSE answered_on END AS on_day
    FROM places
),
-- Every area that such an area lies in, itself among them.
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
own AS (
    SELECT file, row, arg_min(municipality_id, position) AS municipality_id FROM municipalities GROUP BY file, row
),
-- Whose area nobody knows lives in the municipality of most of the producer's others.
usual AS (
    SELECT extract, municipality_id FROM asked JOIN own USING (file, row)
    GROUP BY extract, municipality_id
    QUALIFY row_number() OVER (PARTITION BY extract ORDER BY count(*) DESC, municipality_id) = 1
),
-- A respondent counts in the areas that the row names; a small unit is too small to be shown, and counts in all that it lies
-- in. Where the two names of a row lie in two municipalities, the second counts nowhere.
counted AS (
    SELECT w.file, w.row, list(DISTINCT w.whole_id) AS areas
    FROM within w
    JOIN municipalities m USING (file, row, position)
    JOIN own o USING (file, row, municipality_id)
    WHERE w.level NOT IN ('rode', 'municipality') AND (w.whole_id = w.area_id OR w.by_small_unit)
    GROUP BY w.file, w.row
),
-- What was replied to each question, by the column that holds it; columns that are no text hold none.
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
    WHERE made_of = 'answers' AND reply NOT IN ('left_out', 'dont_know', 'no_answer') -- these are no answer to a question
    GROUP BY file, row
),
respondents AS (
    SELECT a.edition, a.extract, a.stratum, a.stratum_population_residents, a.weight, a.rule_version, a.provenance,
           coalesce(o.municipality_id, u.municipality_id) AS municipality_id, c.areas, q.answered, q.answered_so
    FROM asked a
    LEFT JOIN own o USING (file, row)
    LEFT JOIN usual u USING (extract)
    LEFT JOIN counted c USING (file, row)
    LEFT JOIN answered q USING (file, row)
    ORDER BY a.file, a.row
)
SELECT * FROM respondents
