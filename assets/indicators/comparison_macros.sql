-- Macros that the queries of comparisons and baselines use in several places.

-- True if two figures belong to different versions (of an area, or of the rule for answers) and nobody has decided that they
-- may be compared. `allowed` lists the versions whose beginning is only noted as a break, so that figures before and after it
-- may be compared. If one of the two versions is not known, the result is false.
CREATE OR REPLACE MACRO undecided(version, other_version, allowed) AS
    coalesce(version <> other_version
             AND NOT list_has_all(coalesce(allowed, []), range(least(version, other_version) + 1, greatest(version, other_version) + 1)), false);

-- The line numbers of published_figures.csv that a text contains: each once, in order. NULL if there are none.
CREATE OR REPLACE MACRO lines_of(written) AS
    nullif(array_to_string(list_sort(list_distinct(
        list_transform(list_filter(string_split(written, ' '), lambda line: line <> ''), lambda line: line::BIGINT))), ' '), '');

-- Whether two numbers are equal, if one of them was written into a file with 9 decimals.
CREATE OR REPLACE MACRO same_number(number, other_number) AS
    number IS NOT DISTINCT FROM other_number OR coalesce(abs(number - other_number) < 1e-6, false);
