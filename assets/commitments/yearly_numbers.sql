-- The numbers that the partnership counts itself, from its plan, its calendar, its accounts and the state's list. An area
-- without a delivered file has no row. Where a file was delivered but holds nothing of one kind, that number is 0. Which
-- measure counts what is in reference.measures, which has a measure for every focus area, occasion and purpose.
WITH plan AS (
    SELECT area_id, count(*) FILTER (partners_named >= 2) AS counted, count(*) AS out_of, max(provenance) AS provenance
    FROM activities.activities
    WHERE activity_status <> 'cancelled' -- a cancelled activity does not count
    GROUP BY area_id
),
activities AS (
    SELECT area_id, measure, 100.0 * counted / out_of AS value, counted, out_of, 0 AS not_known, provenance
    FROM plan CROSS JOIN reference.measures WHERE made_of = 'activities'
),
goals AS (
    SELECT area_id, measure, count(*) FILTER (kept = 'kept') AS value, value AS counted, count(*) AS out_of,
           count(*) FILTER (kept = 'not_known') AS not_known, max(provenance) AS provenance
    FROM activities.goals g JOIN reference.measures m ON m.made_of = 'goals' AND m.made_of_word = g.focus_area
    GROUP BY area_id, measure
),
meetings_of_year AS (
    SELECT area_id, occasion, provenance FROM commitments.meetings WHERE year(held_on) = {edition}
),
calendars AS (
    SELECT area_id, max(provenance) AS provenance FROM meetings_of_year GROUP BY area_id
),
meetings AS (
    SELECT c.area_id, m.measure, count(y.occasion) AS value, value AS counted, NULL AS out_of, 0 AS not_known, c.provenance
    FROM calendars c CROSS JOIN reference.measures m
    LEFT JOIN meetings_of_year y ON y.area_id = c.area_id AND y.occasion = m.made_of_word
    WHERE m.made_of = 'meetings'
    GROUP BY c.area_id, m.measure, c.provenance
),
accounts AS (
    SELECT area_id, measure, sum(budget_dkk) / 1000000 AS value, NULL AS counted, NULL AS out_of, 0 AS not_known,
           max(provenance) AS provenance
    FROM commitments.accounts a JOIN reference.measures m ON m.made_of = 'accounts' AND m.made_of_word = a.purpose
    WHERE account_year = {edition}
    GROUP BY area_id, measure
),
-- The newest list of the year.
newest_list AS (
    SELECT * FROM commitments.listed_areas
    WHERE year(listed_on) = {edition}
    QUALIFY listed_on = max(listed_on) OVER ()
),
-- Areas of each municipality on that list, which may be 0. Prevention areas are a later kind of list, which the agreement does
-- not name.
listed_areas AS (
    SELECT a.area_id, m.measure,
           count(DISTINCT lower(trim(residential_area))) FILTER (l.municipality_code = a.code AND list_kind <> 'prevention_area') AS value,
           value AS counted, NULL AS out_of, 0 AS not_known, max(l.provenance) AS provenance
    FROM newest_list l CROSS JOIN reference.areas a CROSS JOIN reference.measures m
    WHERE a.level = 'municipality' AND m.made_of = 'listed_areas'
    GROUP BY a.area_id, m.measure
),
numbers AS (
    FROM activities UNION ALL FROM goals UNION ALL FROM meetings UNION ALL FROM accounts UNION ALL FROM listed_areas
),
finished AS (
    SELECT {edition} AS edition, n.*, 'normal' AS status,
           CASE WHEN m.made_of IN ('listed_areas', 'accounts') THEN 'final'
                ELSE 'provisional' END AS maturity, -- more may follow until the year is over
           'full_count/1' AS method
    FROM numbers n JOIN reference.measures m USING (measure)
    WHERE n.area_id IS NOT NULL -- a decision may keep a row whose area is not known
    ORDER BY area_id, measure
)
SELECT * FROM finished
