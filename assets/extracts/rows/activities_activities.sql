-- Each partner is counted once. Partners are told apart by their id if the partner register has the name, otherwise by the name.
WITH partners AS (
    SELECT file, row, unnest(partner_names(partners)) AS partner_name FROM {typed}
), counted AS (
    SELECT p.file, p.row, count(DISTINCT coalesce(k.partner_id, lower(p.partner_name))) AS partners_named
    FROM partners p LEFT JOIN known_partners k ON k.named = lower(p.partner_name) GROUP BY ALL
), activities AS (
    SELECT t.*,
           area_of(t.area_code_system, t.partnership_code) AS area_id,
           coalesce(c.partners_named, 0) AS partners_named
    FROM {typed} t LEFT JOIN counted c USING (file, row)
)
SELECT * FROM activities
