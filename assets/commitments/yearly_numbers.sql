-- The numbers that the partnership counts itself, from its plan, its calendar, its accounts and the state's list. If no file
-- was delivered for an area, the area has no row. If the delivered file has nothing of one kind, the number of that kind is 0.
-- reference.measures says what each measure counts. Each focus area, each occasion and each purpose has a measure of its own.
WITH plan AS (
    SELECT area_id, count(*) FILTER (partners_named >= 2) AS counted, count(*) AS out_of, max(provenance) AS provenance
    FROM activities.activities
    WHERE activity_status <> 'cancelled' -- cancelled activities are not counted
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
-- The newest of the state's lists that were published in the year.
newest_list AS (
    SELECT * FROM commitments.listed_areas
    WHERE year(listed_on) = {edition}
    QUALIFY listed_on = max(listed_on) OVER ()
),
-- For each municipality, the number of its areas that are on that list. The number may be 0. Prevention areas are left out: the
-- state added that list later, and the agreement does not mention it.
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
                ELSE 'provisional' END AS maturity, -- the number may still rise until the year is over
           'full_count/1' AS method
    FROM numbers n JOIN reference.measures m USING (measure)
    WHERE n.area_id IS NOT NULL -- a decision may have kept a row whose area is not known
    ORDER BY area_id, measure
)
SELECT * FROM finished
