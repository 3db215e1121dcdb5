/* What a diagnosis needs of a trail, whatever runs it: refused calls, issued credentials, changes of policies, the calls of the sessions in
   question, and what was tried near a refusal: the five calls before and after it of the same name, by the same role (reading) or in the
   account (writing) or on the same object of S3, and as many with the very same request. `trail` has one row a record, in the columns of the
   sources beside this file. */
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
), tries AS (
  SELECT
    event_id,
    MAX(CASE WHEN refused THEN 1 ELSE 0 END) OVER (
      PARTITION BY attempt ORDER BY event_time, event_id ROWS BETWEEN 5 PRECEDING AND 5 FOLLOWING
    ) AS near,
    MAX(CASE WHEN refused THEN 1 ELSE 0 END) OVER (
      PARTITION BY attempt, request ORDER BY event_time, event_id ROWS BETWEEN 5 PRECEDING AND 5 FOLLOWING
    ) AS again
  FROM marked
  WHERE attempt IN (SELECT attempt FROM marked WHERE refused AND attempt IS NOT NULL)
)
SELECT event_time, event_id
FROM marked
WHERE refused
  OR issued
  OR :changes
  OR :subject
  OR session IN (SELECT session FROM marked WHERE (:subject) AND session IS NOT NULL)
  OR event_id IN (SELECT event_id FROM tries WHERE near = 1 OR again = 1)
ORDER BY event_time, event_id
