-- Partners are told apart by the register where it knows the name, and by the name itself where it does not.
WITH named AS (
    SELECT file, row, unnest(partner_names(partners)) AS named_as FROM {typed}
), counted AS (
    SELECT n.file, n.row, count(DISTINCT coalesce(k.partner_id, lower(n.named_as))) AS partners_named
    FROM named n LEFT JOIN known_partners k ON k.named = lower(n.named_as) GROUP BY ALL
), activities AS (
    SELECT t.*,
           area_of(t.area_code_system, t.partnership_code) AS area_id,
           coalesce(c.partners_named, 0) AS partners_named
    FROM {typed} t LEFT JOIN counted c USING (file, row)
)
SELECT * FROM activities
