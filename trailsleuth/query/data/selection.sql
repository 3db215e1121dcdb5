/* What a diagnosis needs of a trail, whatever runs it: refused calls, issued credentials, changes of policies, the calls of the sessions in
   question, and what else was done to the same: further tries by the
   same role, writing calls of the same name in the account, all calls on the same object of S3. `trail` has one row a record, in the columns of the sources beside this file. */
WITH marked AS (
  SELECT
    trail.*,
    COALESCE(access_key, principal_id) AS session,
    CASE
      WHEN event_source = 's3.amazonaws.com' AND NOT object IS NULL THEN object
      WHEN read_only = 'false' AND event_source <> 's3.amazonaws.com' THEN account || ' ' || event_source || ' ' || event_name
      ELSE COALESCE(issuer_arn, principal_arn) || ' ' || event_source || ' ' || event_name
    END AS attempt,
    COALESCE(REGEXP_LIKE(error_code, :codes), FALSE) OR COALESCE(REGEXP_LIKE(error_message, :messages), FALSE) AS refused,
    event_source = :sts AND :issuing AND error_code IS NULL AND error_message IS NULL AS issued,
    :named AS named
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
