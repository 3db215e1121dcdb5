/* What a diagnosis needs of a trail, whatever runs it: refused calls, issued credentials, changes of policies, the calls of the sessions in
   question, and further tries of what was refused. `trail` has one row a record, in the columns of the sources beside this file. */
WITH marked AS (
  SELECT
    trail.*,
    COALESCE(access_key, principal_id) AS session,
    CASE WHEN read_only = 'false' AND event_source <> 's3.amazonaws.com' THEN account ELSE COALESCE(issuer_arn, principal_arn) END
      || ' ' || event_source || ' ' || event_name AS attempt,
    COALESCE(REGEXP_LIKE(error_code, :codes), FALSE) OR COALESCE(REGEXP_LIKE(error_message, :messages), FALSE) AS refused,
    event_source = :sts AND :issuing AND error_code IS NULL AND error_message IS NULL AS issued
  FROM trail
)
SELECT event_time, event_id
FROM marked
WHERE refused
  OR issued
  OR :changes
  OR :subject
  OR session IN (SELECT session FROM marked WHERE (:subject) AND session IS NOT NULL)
  OR attempt IN (SELECT attempt FROM marked WHERE refused AND attempt IS NOT NULL)
ORDER BY event_time, event_id
