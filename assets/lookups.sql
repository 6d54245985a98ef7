-- Lookup tables for all queries. They find an area by a producer's code, a version by a day, and a crime type by an offence code.

CREATE OR REPLACE TABLE known_codes AS
SELECT code_system, lower(trim(code)) AS code, any_value(area_id) AS area_id
FROM reference.area_codes GROUP BY ALL;

CREATE OR REPLACE TABLE area_versions AS
SELECT area_id, area_version, level, code,
       coalesce(valid_from, DATE '0001-01-01') AS valid_from, coalesce(valid_to, DATE '9999-12-31') AS valid_to
FROM reference.areas;

-- Levels of areas, the smallest first. If several areas are known that a place lies in, the smallest one says most about it.
CREATE OR REPLACE TABLE levels AS
FROM (VALUES ('rode', 1), ('partnership_area', 2), ('bydel', 3), ('survey_bydel', 4), ('municipality', 5)) v(level, size);

CREATE OR REPLACE TABLE area_sizes AS
SELECT area_id, arg_max(size, area_version) AS size FROM area_versions JOIN levels USING (level) GROUP BY area_id;

-- Every offence code of the newest mapping, with the first and last day on which its line is valid.
CREATE OR REPLACE TABLE mapped_codes AS
SELECT lpad(code::VARCHAR, 5, '0') AS offence_code, crime_type, mapping_version, valid_from,
       coalesce(valid_to, DATE '9999-12-31') AS valid_to
FROM reference.offence_codes, unnest(range(first_code::INTEGER, last_code::INTEGER + 1)) AS codes(code)
WHERE mapping_version = (SELECT max(mapping_version) FROM reference.offence_codes);

-- The codes of areas, with the first and the last year in which the area is defined on at least one day.
CREATE OR REPLACE TABLE dated_codes AS
SELECT k.code_system, k.code, k.area_id, year(min(v.valid_from)) AS first_year, year(max(v.valid_to)) AS last_year
FROM known_codes k JOIN area_versions v USING (area_id) GROUP BY ALL;

-- For each area, the area itself and every larger area that it lies in, directly or through other areas, with the days on which
-- this is true. An area may lie in a larger one through several others. Then the days are merged, so that there is only one row
-- for the two areas on any day.
CREATE OR REPLACE TABLE lies_in AS
WITH RECURSIVE up AS (
    SELECT m.member_area_id AS area_id, v.area_id AS whole_id, v.area_version AS whole_version, v.level, v.valid_from, v.valid_to
    FROM reference.area_members m JOIN area_versions v USING (area_id, area_version)
    UNION
    SELECT up.area_id, v.area_id, v.area_version, v.level, greatest(up.valid_from, v.valid_from), least(up.valid_to, v.valid_to)
    FROM up JOIN reference.area_members m ON m.member_area_id = up.whole_id
    JOIN area_versions v ON v.area_id = m.area_id AND v.area_version = m.area_version
    WHERE greatest(up.valid_from, v.valid_from) <= least(up.valid_to, v.valid_to)
),
ways AS (
    FROM up
    UNION
    SELECT area_id, area_id, area_version, level, valid_from, valid_to FROM area_versions
),
followed AS (
    SELECT *, max(valid_to) OVER (PARTITION BY area_id, whole_id, whole_version ORDER BY valid_from, valid_to
                                  ROWS BETWEEN UNBOUNDED PRECEDING AND 1 PRECEDING) AS held_until
    FROM ways
),
spans AS (
    SELECT *, count(*) FILTER (held_until IS NULL OR held_until < valid_from - 1)
                  OVER (PARTITION BY area_id, whole_id, whole_version ORDER BY valid_from, valid_to) AS span
    FROM followed
)
SELECT area_id, whole_id, whole_version, level, min(valid_from) AS valid_from, max(valid_to) AS valid_to
FROM spans GROUP BY area_id, whole_id, whole_version, level, span;

CREATE OR REPLACE TABLE municipality_of AS
SELECT area_id, whole_id AS municipality_id, valid_from, valid_to FROM lies_in WHERE level = 'municipality';

-- The smallest count of reports that may be shown for an area. An area that is, or lies in, the area of exactly one agreement
-- has that agreement's limit. Every other area has the largest limit of all agreements: one that lies in the areas of several
-- agreements or of none, and one that has the area of an agreement inside it.
CREATE OR REPLACE TABLE fewest_reports_shown AS
WITH agreed AS (
    SELECT area_id, max(fewest_reports_shown) AS fewest FROM reference.agreements GROUP BY area_id
), around AS (
    SELECT DISTINCT l.area_id, a.area_id AS agreed_id, a.fewest FROM lies_in l JOIN agreed a ON a.area_id = l.whole_id
), holding AS (
    SELECT DISTINCT l.whole_id AS area_id FROM lies_in l JOIN agreed a USING (area_id) WHERE l.whole_id <> l.area_id
), own AS (
    SELECT area_id, any_value(fewest) AS fewest FROM around ANTI JOIN holding USING (area_id) GROUP BY area_id HAVING count(*) = 1
)
SELECT area_id, coalesce(o.fewest, (SELECT max(fewest) FROM agreed)) AS fewest_reports_shown
FROM (SELECT DISTINCT area_id FROM area_versions) LEFT JOIN own o USING (area_id);

CREATE OR REPLACE TABLE bydel_of AS
SELECT area_id, whole_id AS bydel_id, valid_from, valid_to FROM lies_in WHERE level = 'bydel';

CREATE OR REPLACE TABLE partnership_of AS
SELECT area_id, whole_id AS partnership_area_id, whole_version AS area_version, valid_from, valid_to
FROM lies_in WHERE level = 'partnership_area';

CREATE OR REPLACE TABLE known_partners AS
SELECT lower(trim(alias)) AS named, any_value(partner_id) AS partner_id FROM reference.partner_aliases GROUP BY ALL;
