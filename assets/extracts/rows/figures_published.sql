WITH published AS (
    SELECT *, area_of(area_code_system, area_code) AS area_id,
           version_on(area_of(area_code_system, area_code), TRY(make_date(figure_edition, 1, 1))) AS area_version
    FROM {typed}
)
SELECT * FROM published
