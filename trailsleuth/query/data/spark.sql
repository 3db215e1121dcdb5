/* The same log files as the view `trail_files`, one row a file (`--ddl` prints the view). A file that is no JSON ends the query.
   https://spark.apache.org/docs/latest/sql-data-sources-text.html */
SELECT
  GET_JSON_OBJECT(e.record, '$.eventID') AS event_id,
  SUBSTR(GET_JSON_OBJECT(e.record, '$.eventTime'), 1, 19) AS event_time,
  GET_JSON_OBJECT(e.record, '$.eventSource') AS event_source,
  GET_JSON_OBJECT(e.record, '$.eventName') AS event_name,
  GET_JSON_OBJECT(e.record, '$.recipientAccountId') AS account,
  GET_JSON_OBJECT(e.record, '$.userIdentity.accessKeyId') AS access_key,
  GET_JSON_OBJECT(e.record, '$.userIdentity.principalId') AS principal_id,
  GET_JSON_OBJECT(e.record, '$.userIdentity.arn') AS principal_arn,
  GET_JSON_OBJECT(e.record, '$.userIdentity.sessionContext.sessionIssuer.arn') AS issuer_arn,
  GET_JSON_OBJECT(e.record, '$.errorCode') AS error_code,
  GET_JSON_OBJECT(e.record, '$.errorMessage') AS error_message,
  GET_JSON_OBJECT(e.record, '$.readOnly') AS read_only,
  GET_JSON_OBJECT(e.record, '$.requestParameters.bucketName') || '/' || GET_JSON_OBJECT(e.record, '$.requestParameters.key') AS object,
  GET_JSON_OBJECT(e.record, '$.requestParameters') AS request,
  GET_JSON_OBJECT(e.record, '$.awsRegion') AS region,
  e.record AS eventjson
FROM (
  SELECT EXPLODE(FROM_JSON(f.value, 'struct<Records:array<string>>', MAP('mode', 'FAILFAST')).Records) AS record FROM trail_files AS f
) AS e
