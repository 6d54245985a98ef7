-- Answers are classified as safe, unsafe or neither, according to the newest version of the rule that is valid for the edition.
WITH rule AS (
    SELECT answer, answer_class, rule_version FROM reference.answer_classes
    WHERE rule_version = (
        SELECT max(rule_version) FROM reference.answer_classes WHERE valid_from_edition <= (SELECT any_value(edition) FROM {typed})
    )
),
answers AS (
    SELECT t.*,
           area_of(t.area_code_system, t.area_code) AS area_id,
           area_of(t.area_code_system, t.partnership_code) AS partnership_area_id,
           version_on(area_of(t.area_code_system, t.partnership_code), coalesce(t.answered_on, make_date(t.edition::INTEGER, 1, 1))) AS partnership_area_version,
           day.answer_class AS safety,
           evening.answer_class AS safety_evening,
           (SELECT any_value(rule_version) FROM rule) AS rule_version
    FROM {typed} t
    LEFT JOIN rule day ON day.answer = t.safety_answer
    LEFT JOIN rule evening ON evening.answer = t.safety_evening_answer
)
SELECT * FROM answers
