-- One number for each promise of the partnership's own: from its plan, its calendar, its accounts and the state's list. An
-- area of which nothing was delivered has no line; nothing of one kind among what was delivered is none.
WITH plan AS (
    SELECT area_id, 'activities_with_two_or_more_partners' AS measure,
           100.0 * count(*) FILTER (partners_named >= 2) / count(*) AS value,
           count(*) FILTER (partners_named >= 2) AS counted, count(*) AS out_of, 0 AS not_known, max(provenance) AS provenance
    FROM activities.activities
    WHERE activity_status <> 'cancelled' -- an activity that was given up is none
    GROUP BY area_id
),
goals AS (
    SELECT area_id, 'goals_kept_' || focus_area AS measure, count(*) FILTER (kept = 'kept') AS value,
           count(*) FILTER (kept = 'kept') AS counted, count(*) AS out_of,
           count(*) FILTER (kept = 'not_known') AS not_known, max(provenance) AS provenance
    FROM activities.goals GROUP BY area_id, focus_area
),
met AS (SELECT area_id, occasion, provenance FROM commitments.meetings WHERE year(held_on) = {edition}),
calendar AS (
    SELECT area_id, measure, count(m.occasion) AS value, count(m.occasion) AS counted, NULL AS out_of, 0 AS not_known, provenance
    FROM (SELECT area_id, max(provenance) AS provenance FROM met GROUP BY area_id)
    CROSS JOIN (VALUES ('steering_group', 'steering_group_meetings'), ('working_group', 'working_group_meetings'),
                       ('plan_update', 'tryghedsplan_updates'), ('committee_report', 'status_reports_to_committee')) k(occasion, measure)
    LEFT JOIN (SELECT area_id, occasion FROM met) m USING (area_id, occasion)
    GROUP BY area_id, measure, provenance
),
accounts AS (
    SELECT area_id, CASE purpose WHEN 'activities' THEN 'activity_funding' ELSE 'project_management_funding' END AS measure,
           sum(budget_dkk) / 1000000 AS value, NULL AS counted, NULL AS out_of, 0 AS not_known, max(provenance) AS provenance
    FROM commitments.accounts WHERE account_year = {edition} GROUP BY area_id, purpose
),
-- The lists that the agreement names; that of prevention areas came later. A municipality may have none on a list that came.
list AS (
    SELECT a.area_id, 'areas_on_the_states_list' AS measure,
           count(DISTINCT lower(trim(residential_area))) FILTER (l.municipality_code = a.code AND list_kind <> 'prevention_area') AS value,
           value AS counted, NULL AS out_of, 0 AS not_known, max(l.provenance) AS provenance
    FROM commitments.listed_areas l, reference.areas a
    WHERE a.level = 'municipality' AND year(l.listed_on) = {edition}
      AND l.listed_on = (SELECT max(listed_on) FROM commitments.listed_areas WHERE year(listed_on) = {edition})
    GROUP BY a.area_id
),
numbers AS (
    FROM plan UNION ALL FROM goals UNION ALL FROM calendar UNION ALL FROM accounts UNION ALL FROM list
)
SELECT {edition} AS edition, *, 'normal' AS status,
       CASE WHEN measure IN ('areas_on_the_states_list', 'activity_funding', 'project_management_funding') THEN 'final'
            ELSE 'provisional' END AS maturity, -- until the year is over another meeting may come
       'full_count/1' AS method
FROM numbers WHERE area_id IS NOT NULL -- a decision may let a row stand whose area nobody knows
ORDER BY area_id, measure
