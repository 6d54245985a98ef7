-- Macros that use the lookup tables: they find an area by a producer's code, a version by a day, and partners in a list of names.

-- The area that a producer's code stands for. Upper and lower case make no difference, nor do blanks around the code.
CREATE OR REPLACE MACRO area_of(system, written) AS (
    SELECT k.area_id FROM known_codes k WHERE k.code_system = system AND k.code = lower(trim(written))
);

-- The version of an area that is valid on a day.
CREATE OR REPLACE MACRO version_on(area, on_day) AS (
    SELECT max(v.area_version) FROM area_versions v
    WHERE v.area_id = area AND on_day BETWEEN v.valid_from AND v.valid_to
);

-- The partners of an activity, from a text in which semicolons separate them. Each name occurs once, without blanks around it.
CREATE OR REPLACE MACRO partner_names(written) AS list_distinct(
    list_filter(list_transform(string_split(coalesce(written, ''), ';'), lambda name: trim(name)), lambda name: name <> '')
);
