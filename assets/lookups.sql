-- What every model may look up: areas by a producer's code, versions by a day, crime types by an offence code.

CREATE TABLE known_codes AS
SELECT code_system, lower(trim(code)) AS code, any_value(area_id) AS area_id
FROM reference.area_codes GROUP BY ALL;

-- The area that a producer's code means; blanks around it and the case of its letters do not matter.
CREATE MACRO area_of(system, written) AS (
    SELECT k.area_id FROM known_codes k WHERE k.code_system = system AND k.code = lower(trim(written))
);

CREATE TABLE area_versions AS
SELECT area_id, area_version, level, code,
       coalesce(valid_from, DATE '0001-01-01') AS valid_from, coalesce(valid_to, DATE '9999-12-31') AS valid_to
FROM reference.areas;

-- The version of an area on a day.
CREATE MACRO version_on(area, on_day) AS (
    SELECT max(v.area_version) FROM area_versions v
    WHERE v.area_id = area AND on_day BETWEEN v.valid_from AND v.valid_to
);

-- Every code of the newest mapping, with the days between which its line holds.
CREATE TABLE mapped_codes AS
SELECT lpad(code::VARCHAR, 5, '0') AS offence_code, crime_type, mapping_version, valid_from,
       coalesce(valid_to, DATE '9999-12-31') AS valid_to
FROM reference.offence_codes, unnest(range(first_code::INTEGER, last_code::INTEGER + 1)) AS codes(code)
WHERE mapping_version = (SELECT max(mapping_version) FROM reference.offence_codes);

-- The same with the days on which the area is defined so.
CREATE TABLE dated_codes AS
SELECT k.code_system, k.code, k.area_id, v.valid_from, v.valid_to FROM known_codes k JOIN area_versions v USING (area_id);

-- Every area that an area lies in, or is, through as many areas between them as there are, on the days on which all hold.
CREATE TABLE lies_in AS
WITH RECURSIVE up AS (
    SELECT m.member_area_id AS area_id, v.area_id AS whole_id, v.area_version AS whole_version, v.level, v.valid_from, v.valid_to
    FROM reference.area_members m JOIN area_versions v USING (area_id, area_version)
    UNION
    SELECT up.area_id, v.area_id, v.area_version, v.level, greatest(up.valid_from, v.valid_from), least(up.valid_to, v.valid_to)
    FROM up JOIN reference.area_members m ON m.member_area_id = up.whole_id
    JOIN area_versions v ON v.area_id = m.area_id AND v.area_version = m.area_version
    WHERE greatest(up.valid_from, v.valid_from) <= least(up.valid_to, v.valid_to)
)
FROM up
UNION
SELECT area_id, area_id, area_version, level, valid_from, valid_to FROM area_versions;

CREATE TABLE bydel_of AS
SELECT area_id, whole_id AS bydel_id, valid_from, valid_to FROM lies_in WHERE level = 'bydel';

CREATE TABLE partnership_of AS
SELECT area_id, whole_id AS partnership_area_id, whole_version AS area_version, valid_from, valid_to
FROM lies_in WHERE level = 'partnership_area';

-- The partners that a plan names for an activity, divided by semicolons, each once and without blanks around it.
CREATE MACRO partner_names(written) AS list_distinct(
    list_filter(list_transform(string_split(coalesce(written, ''), ';'), lambda named: trim(named)), lambda named: named <> '')
);

CREATE TABLE known_partners AS
SELECT lower(trim(alias)) AS named, any_value(partner_id) AS partner_id FROM reference.partner_aliases GROUP BY ALL;
