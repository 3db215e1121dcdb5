"""Every form in which CloudTrail records are exported gives the same records."""

from __future__ import annotations

import csv
import io
import json

import pytest

from tests.ingest.build import a_denial, a_record, ids, read, reasons

RECORDS = [a_record(1), a_denial(2)]


def lines(values: list[object]) -> str:
    return "\n".join(json.dumps(value) for value in values)


def looked_up(record: dict[str, object]) -> dict[str, object]:
    return {"EventId": record["eventID"], "EventTime": 1772614801.0, "ReadOnly": "true", "Username": "1700000000000", "CloudTrailEvent": json.dumps(record)}


def logged(record: dict[str, object]) -> dict[str, object]:
    return {"logStreamName": "s", "timestamp": 1, "message": json.dumps(record), "ingestionTime": 2, "eventId": "3"}


def lake_row(record: dict[str, object]) -> list[dict[str, object]]:
    return [{"eventID": record["eventID"]}, {"eventJson": json.dumps(record)}]


FORMS = {
    "Records": json.dumps({"Records": RECORDS}),
    "indented": json.dumps({"Records": RECORDS}, indent=4),
    "members in another order": json.dumps({"Records": [dict(reversed(record.items())) for record in RECORDS]}),
    "bare list": json.dumps(RECORDS),
    "JSON lines": lines(RECORDS),
    "JSON lines of Windows": lines(RECORDS).replace("\n", "\r\n") + "\r\n\r\n",
    "documents one after another": "\n".join(json.dumps(record, indent=2) for record in RECORDS),
    "Records a line": lines([{"Records": [record]} for record in RECORDS]),
    "lookup-events": json.dumps({"Events": [looked_up(record) for record in RECORDS]}, indent=4),
    "lookup-events without the envelope": json.dumps([looked_up(record) for record in RECORDS]),
    "lookup-events pages a line": lines([{"Events": [looked_up(record)], "NextToken": "x"} for record in RECORDS]),
    "Lake answer": json.dumps({"QueryStatus": "FINISHED", "QueryResultRows": [lake_row(record) for record in RECORDS]}),
    "Lake answer with one column": json.dumps({"QueryResultRows": [[{"eventJson": json.dumps(record)}] for record in RECORDS]}),
    "Lake rows alone": json.dumps([lake_row(record) for record in RECORDS]),
    "EventBridge": lines([{"version": "0", "detail-type": "AWS API Call via CloudTrail", "source": "aws.ecs", "detail": record} for record in RECORDS]),
    "one EventBridge list": json.dumps([{"version": "0", "detail-type": "x", "detail": record} for record in RECORDS]),
    "filter-log-events": json.dumps({"events": [logged(record) for record in RECORDS], "searchedLogStreams": []}),
    "log subscription": json.dumps({"messageType": "DATA_MESSAGE", "logEvents": [{"id": "1", "message": json.dumps(record)} for record in RECORDS]}),
    "Logs Insights": json.dumps({"results": [[{"field": "@timestamp", "value": "x"}, {"field": "@message", "value": json.dumps(r)}] for r in RECORDS]}),
    "aws logs tail": "\n".join(f"2026-03-04T09:00:00.123000+00:00 111111111111_CloudTrail_eu-west-1 {json.dumps(record)}" for record in RECORDS),
    "log export to S3": "\n".join(f"2026-03-04T09:00:00.123Z {json.dumps(record)}" for record in RECORDS),
    "log lines in brackets": "\n".join(f"[2026-03-04 09:00:00] {json.dumps(record)}" for record in RECORDS),
    "Splunk": lines([{"preview": False, "result": {"_raw": json.dumps(record), "host": "h"}} for record in RECORDS]),
    "Splunk collector": lines([{"sourcetype": "aws:cloudtrail", "event": record} for record in RECORDS]),
    "Elastic": json.dumps({"hits": {"hits": [{"_source": {"event": {"original": json.dumps(record)}}} for record in RECORDS]}}),
    "Elastic flat": lines([{"_source": {"event.original": json.dumps(record)}} for record in RECORDS]),
    "Wazuh": lines([{"integration": "aws", "aws": {"log_info": {"log_file": "x"}, **record}} for record in RECORDS]),
    "Wazuh alert": lines([{"rule": {"id": "80202"}, "data": {"integration": "aws", "aws": record}} for record in RECORDS]),
    "notification in a queue": json.dumps({"Messages": [{"Body": json.dumps({"Type": "Notification", "Message": json.dumps(r)})} for r in RECORDS]}),
    "UTF-8 with a mark": "\ufeff" + json.dumps({"Records": RECORDS}),
}


@pytest.mark.parametrize("form", FORMS)
def test_every_form_gives_the_same_records(form: str) -> None:
    evidence = read(FORMS[form])
    assert ids(evidence) == ["e-0001", "e-0002"]
    assert evidence.records[1].denial is not None
    assert evidence.records[1].denial.iam_action == "ecs:RegisterTaskDefinition"
    assert evidence.records[0].identity.issuer is not None
    assert (evidence.coverage.unreadable, evidence.coverage.denied, evidence.coverage.skipped) == (0, 1, ())


@pytest.mark.parametrize("encoding", ["utf-8-sig", "utf-16", "utf-16-le", "utf-16-be", "utf-32"])
def test_every_unicode_encoding_is_read(encoding: str) -> None:
    assert ids(read(json.dumps({"Records": RECORDS}).encode(encoding))) == ["e-0001", "e-0002"]


def test_one_object_is_a_record() -> None:
    assert ids(read(a_denial(2))) == ["e-0002"]


def test_an_empty_trail_is_read_without_complaint() -> None:
    evidence = read({"Records": []}, {"Events": []}, [])
    assert evidence.records == ()
    assert evidence.coverage.skipped == ()


HIVE_IDENTITY = (
    "{type=AssumedRole, principalid=AROAEXAMPLEEXAMPLE222:1700000000000, arn=arn:aws:sts::222222222222:assumed-role/ActionRole/1700000000000, "
    "accountid=222222222222, invokedby=null, accesskeyid=ASIAEXAMPLEEXAMPLE22, username=null, sessioncontext={attributes={mfaauthenticated=false, "
    "creationdate=2026-03-04T09:00:00Z}, sessionissuer={type=Role, principalid=AROAEXAMPLEEXAMPLE222, "
    "arn=arn:aws:iam::222222222222:role/deploy/ActionRole, accountid=222222222222, username=Action, Role}, ec2roledelivery=null}}"
)
ROW = {
    "eventversion": "1.11",
    "useridentity": HIVE_IDENTITY,
    "eventtime": "2026-03-04T09:00:02Z",
    "eventsource": "ecs.amazonaws.com",
    "eventname": "RegisterTaskDefinition",
    "awsregion": "eu-west-1",
    "errorcode": "AccessDenied",
    "errormessage": a_denial()["errorMessage"],
    "requestparameters": '{"family":"web","containers":[{"a":1}]}',
    "responseelements": "null",
    "eventid": "e-0002",
    "readonly": "false",
    "resources": "[{arn=arn:aws:ecs:eu-west-1:222222222222:cluster/web, accountid=222222222222, type=AWS::ECS::Cluster}]",
    "recipientaccountid": "222222222222",
    "sharedeventid": "",
}


def as_csv(*rows: dict[str, str]) -> str:
    out = io.StringIO()
    writer = csv.DictWriter(out, list(rows[0]), quoting=csv.QUOTE_ALL)
    writer.writeheader()
    writer.writerows(rows)
    return out.getvalue()


def result_set(*rows: dict[str, str]) -> dict[str, object]:
    table = [list(rows[0]), *(list(row.values()) for row in rows)]
    return {"ResultSet": {"Rows": [{"Data": [{"VarCharValue": cell} if cell else {} for cell in cells]} for cells in table]}}


@pytest.mark.parametrize("content", [as_csv(ROW), json.dumps(ROW), json.dumps([ROW]), json.dumps(result_set(ROW))], ids=["csv", "object", "list", "result set"])
def test_athena_rows_with_hive_structs_are_records(content: str) -> None:
    evidence = read(content)
    (record,) = evidence.records
    assert record.event_id == "e-0002"
    assert record.denial is not None
    assert record.identity.type == "AssumedRole"
    assert record.identity.access_key_id == "ASIAEXAMPLEEXAMPLE22"
    assert record.identity.invoked_by is None
    assert record.identity.issuer is not None
    assert record.identity.issuer.arn == "arn:aws:iam::222222222222:role/deploy/ActionRole"
    assert record.identity.issuer.user_name == "Action, Role"
    assert record.identity.created is not None
    assert record.request == {"family": "web", "containers": [{"a": 1}]}
    assert record.response == {}
    assert record.resources[0].arn == "arn:aws:ecs:eu-west-1:222222222222:cluster/web"
    assert (record.read_only, record.shared_event_id) == (False, None)


def test_a_lake_csv_with_the_whole_record_in_one_column_is_read() -> None:
    assert ids(read(as_csv({"eventJson": json.dumps(RECORDS[0])}, {"eventJson": json.dumps(RECORDS[1])}))) == ["e-0001", "e-0002"]


def test_a_table_row_and_the_record_itself_are_one_record() -> None:
    evidence = read(as_csv(ROW), [a_denial(2)])
    assert (ids(evidence), evidence.coverage.duplicates) == (["e-0002"], 1)
    assert "differ" not in reasons(evidence)


def test_a_cut_table_keeps_the_rows_before_the_break() -> None:
    whole = as_csv(ROW, ROW | {"eventid": "e-0003"}, ROW | {"eventid": "e-0004"})
    evidence = read(whole[: whole.index("e-0004") + 4])
    assert ids(evidence) == ["e-0002", "e-0003"]
    assert evidence.coverage.unreadable == 1


def test_the_consoles_csv_is_named_as_too_poor() -> None:
    evidence = read("Event name,Event time,User name,Event source,Resource type,Resource name,Error code\nA,2026-03-04T09:00:00Z,b,c,d,e,AccessDenied\n")
    assert evidence.records == ()
    assert "download the event history as JSON" in reasons(evidence)


NOT_CLOUDTRAIL = {
    "event notification": {
        "Records": [{"eventVersion": "2.1", "eventSource": "aws:s3", "eventName": "ObjectCreated:Put", "eventTime": "2026-03-04T09:00:00Z"}]
    },
    "Alibaba": [{"eventId": "1", "eventVersion": "1", "eventName": "x", "acsRegion": "cn-hangzhou", "userIdentity": {"type": "ram-user"}}],
    "digest": {"awsAccountId": "222222222222", "digestStartTime": "x", "digestS3Object": "y", "logFiles": []},
    "Insights": {"Records": [{"eventVersion": "1.07", "eventTime": "2026-03-04T09:00:00Z", "eventType": "AwsCloudTrailInsight", "insightDetails": {}}]},
    "aggregated": {"Records": [{"eventVersion": "1.0", "eventId": "x", "eventCategory": "Aggregated", "timeWindow": {"windowSize": "PT5M"}, "summary": {}}]},
    "OCSF": [{"class_uid": 6003, "category_uid": 6, "metadata": {"product": {"name": "CloudTrail"}}, "api": {"operation": "x"}}],
    "not recognised": {"some": "thing"},
    "binary": b"\x7fELF\x00\x00\x00",
    "text without a record": "hello\nworld",
    "white space": " \n ",
}


@pytest.mark.parametrize("kind", NOT_CLOUDTRAIL)
def test_what_is_no_trail_is_named_and_gives_no_record(kind: str) -> None:
    evidence = read(NOT_CLOUDTRAIL[kind])
    assert evidence.records == ()
    assert evidence.coverage.unreadable == 0
    assert kind.split()[0].lower() in reasons(evidence).lower()


def test_foreign_records_among_real_ones_are_counted_by_reason() -> None:
    notification = NOT_CLOUDTRAIL["event notification"]["Records"][0]
    evidence = read({"Records": [notification, a_record(1), notification, notification]})
    assert ids(evidence) == ["e-0001"]
    assert evidence.coverage.skipped[0].reason.endswith("(3 times)")


def test_a_result_set_of_another_form_is_named() -> None:
    for odd in ({"ResultSet": {"Ro": []}}, {"ResultSet": None}, {"ResultSet": {"Rows": [7, {"x": 1}]}}):
        evidence = read(odd)
        assert evidence.records == ()
        assert "not recognised" in reasons(evidence)
