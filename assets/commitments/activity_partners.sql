-- One row for each partner that an activity names. The row has the partner's id if the name is in the register of partners.
WITH named_partners AS (
    SELECT edition, file, row, provenance, activity_number,
           unnest(partner_names(partners)) AS named_as,
           generate_subscripts(partner_names(partners), 1) AS position
    FROM activities.activities
),
activity_partners AS (
    SELECT n.*, k.partner_id
    FROM named_partners n LEFT JOIN known_partners k ON k.named = lower(n.named_as)
)
SELECT * FROM activity_partners ORDER BY edition, file, row, position
