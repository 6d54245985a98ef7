-- Conditions and texts that comparisons and baselines need in several places.

-- Whether a version that begins between two figures has not been allowed by a break that is only noted. False where one of the
-- two versions is not known.
CREATE OR REPLACE MACRO undecided(version, other_version, allowed) AS
    coalesce(version <> other_version
             AND NOT list_has_all(coalesce(allowed, []), range(least(version, other_version) + 1, greatest(version, other_version) + 1)), false);

-- Line numbers of published_figures.csv, each once and in order; NULL where there are none.
CREATE OR REPLACE MACRO lines_of(written) AS
    nullif(array_to_string(list_sort(list_distinct(
        list_transform(list_filter(string_split(written, ' '), lambda line: line <> ''), lambda line: line::BIGINT))), ' '), '');

-- Whether a number equals one that was written into a file with 9 decimals.
CREATE OR REPLACE MACRO same_number(number, other_number) AS
    number IS NOT DISTINCT FROM other_number OR coalesce(abs(number - other_number) < 1e-6, false);
