/* An event data store of CloudTrail Lake: https://docs.aws.amazon.com/awscloudtrail/latest/userguide/query-supported-event-schemas.html
   `eventjson` is the record as CloudTrail wrote it; `eventtime` is a timestamp. */
SELECT
  t.eventid AS event_id,
  DATE_FORMAT(t.eventtime, '%Y-%m-%dT%H:%i:%s') AS event_time,
  t.eventsource AS event_source,
  t.eventname AS event_name,
  t.recipientaccountid AS account,
  t.useridentity.accesskeyid AS access_key,
  t.useridentity.principalid AS principal_id,
  t.useridentity.arn AS principal_arn,
  t.useridentity.sessioncontext.sessionissuer.arn AS issuer_arn,
  t.errorcode AS error_code,
  t.errormessage AS error_message,
  LOWER(CAST(t.readonly AS VARCHAR)) AS read_only,
  ELEMENT_AT(t.requestparameters, 'bucketName') || '/' || ELEMENT_AT(t.requestparameters, 'key') AS object,
  JSON_FORMAT(CAST(t.requestparameters AS JSON)) AS request,
  t.eventjson
FROM event_records AS t
