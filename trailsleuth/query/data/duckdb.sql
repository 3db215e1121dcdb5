/* A trail's log files, each {"Records": [...]}, plain or gzip: every record stays JSON, so that no schema has to be guessed.
   https://duckdb.org/docs/stable/data/json/loading_json */
SELECT
  e.record ->> '$.eventID' AS event_id,
  SUBSTR(e.record ->> '$.eventTime', 1, 19) AS event_time,
  e.record ->> '$.eventSource' AS event_source,
  e.record ->> '$.eventName' AS event_name,
  e.record ->> '$.recipientAccountId' AS account,
  e.record ->> '$.userIdentity.accessKeyId' AS access_key,
  e.record ->> '$.userIdentity.principalId' AS principal_id,
  e.record ->> '$.userIdentity.arn' AS principal_arn,
  e.record ->> '$.userIdentity.sessionContext.sessionIssuer.arn' AS issuer_arn,
  e.record ->> '$.errorCode' AS error_code,
  e.record ->> '$.errorMessage' AS error_message,
  e.record ->> '$.readOnly' AS read_only,
  (e.record ->> '$.requestParameters.bucketName') || '/' || (e.record ->> '$.requestParameters.key') AS object,
  e.record ->> '$.requestParameters' AS request,
  e.record ->> '$.awsRegion' AS region,
  e.record AS eventjson
FROM (SELECT UNNEST(f.json -> '$.Records[*]') AS record FROM READ_JSON_OBJECTS(:files, maximum_object_size = 268435456) AS f) AS e
