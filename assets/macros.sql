-- What every query may ask of the lookups: areas by a producer's code, versions by a day, partners by a list of names.

-- The area that a producer's code means; blanks around it and the case of its letters do not matter.
CREATE OR REPLACE MACRO area_of(system, written) AS (
    SELECT k.area_id FROM known_codes k WHERE k.code_system = system AND k.code = lower(trim(written))
);

-- The version of an area on a day.
CREATE OR REPLACE MACRO version_on(area, on_day) AS (
    SELECT max(v.area_version) FROM area_versions v
    WHERE v.area_id = area AND on_day BETWEEN v.valid_from AND v.valid_to
);

-- The partners that a plan names for an activity, divided by semicolons, each once and without blanks around it.
CREATE OR REPLACE MACRO partner_names(written) AS list_distinct(
    list_filter(list_transform(string_split(coalesce(written, ''), ';'), lambda named: trim(named)), lambda named: named <> '')
);
