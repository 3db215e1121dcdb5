"""Each row of the table of forms has an input, and is read or named as the row says."""

from __future__ import annotations

import json

import pytest

from tests.ingest.build import ROLE, a_denial, a_record, read, reasons
from tests.ingest.test_answers import ATTEMPT, NOTICE, PIPELINE
from tests.ingest.test_collected import ROLE_FILES, files
from tests.ingest.test_export_forms import CONSOLE, FORMS, NO_ERROR, WHOLE_FRAME, parquet_of, table
from tests.ingest.test_in_place_of import EXECUTED
from tests.ingest.test_printed import TABLES as PRINTED
from tests.ingest.test_retouched import RETOUCHED
from tests.sources.test_office import TEXTS, workbook
from trailsleuth.catalog.load import rows_of
from trailsleuth.ingest.evidence import read_evidence
from trailsleuth.model import Evidence
from trailsleuth.sources.files.exports import read_inputs

ROWS = {row["id"]: row for row in rows_of("evidence_forms", "form")}
DOCUMENT = {"Version": "2012-10-17", "Statement": [{"Effect": "Allow", "Principal": "*", "Action": "sqs:SendMessage", "Resource": "*"}]}
QUEUE = "arn:aws:sqs:eu-west-1:222222222222:orders"
BUILD = {"builds": [{"id": "jar:1", "projectName": "jar", "buildStatus": "FAILED", "phases": []}]}

DETAILS = {"requestContext": {}, "evaluations": [{"action": "sqs:SendMessage"}], "policies": [{"uri": "own", "type": "RESOURCE_BASED_POLICY"}]}
RECORDS: dict[str, object] = {
    "log-files": {"Records": [a_record(1), a_denial(2)]},
    "lookup-events": FORMS["yaml"],
    "query-strings": FORMS["strings"],
    "python-repr": FORMS["pprint"],
    "leaf-by-leaf": FORMS["gron"],
    "one-line": FORMS["logfmt"],
    "retouched": RETOUCHED["cat -n"],
    "cloudwatch-logs": {"events": [{"message": json.dumps(record)} for record in (a_record(1), a_denial(2))]},
    "lambda-events": FORMS["stream"],
    "eventbridge": [{"detail-type": "AWS API Call via CloudTrail", "detail": record} for record in (a_record(1), a_denial(2))],
    "any-envelope": FORMS["any list"],
    "tables": FORMS["DuckDB's structs"],
    "printed-tables": PRINTED["psql"],
    "own-tables": FORMS["dotted"],
    "snake-case": FORMS["snake case"],
    "sentinel": FORMS["Sentinel"],
    "elastic": FORMS["Elastic without it"],
    "ocsf": FORMS["OCSF"],
    "powershell-depth": FORMS["PowerShell's structs"],
    "parquet": parquet_of(WHOLE_FRAME),
}
ANSWERS: dict[str, tuple[object, str]] = {
    "codepipeline": ([PIPELINE, ATTEMPT], "actions"),
    "notices": (NOTICE, "actions"),
    "failed-things": (BUILD, "actions"),
    "acting-roles": ([EXECUTED, {"stateMachineArn": EXECUTED["stateMachineArn"], "roleArn": ROLE}], "actions"),
    "decoded": ({"explicitDeny": False, "context": {"action": "ec2:RunInstances"}}, "decoded"),
    "evaluated-policies": ([DETAILS, {"policyDocument": DOCUMENT}], "policies.evaluated"),
    "iam-snapshot": ({"RoleDetailList": [{"Arn": ROLE, "RoleName": "ActionRole"}]}, "policies.principals"),
    "iam-parts": ({"Role": {"Arn": ROLE, "RoleName": "ActionRole"}}, "policies.partial_accounts"),
    "resource-policies": ({"Attributes": {"QueueArn": QUEUE, "Policy": json.dumps(DOCUMENT)}}, "policies.resources"),
    "resource-tags": ({"ResourceTagMappingList": [{"ResourceARN": QUEUE, "Tags": [{"Key": "team", "Value": "press"}]}]}, "tags"),
    "organization-policies": ({"Policy": {"PolicySummary": {"Type": "SERVICE_CONTROL_POLICY"}, "Content": json.dumps(DOCUMENT)}}, "policies.organization"),
}
NAMED: dict[str, tuple[object, str]] = {
    "console-csv": (CONSOLE, "download the event history as JSON"),
    "cut-tables": ("+-----------+\n| eventName |\n+-----------+\n", "--output json"),
    "no-errors": (table([NO_ERROR]), "export whole records"),
    "bucket-and-key-policies": ({"Policy": json.dumps(DOCUMENT)}, '{"ResourceArn": ARN, "Policy"'),
    "written-not-deployed": ({"terraform_version": "1.9.0", "values": {}}, "aws iam get-account-authorization-details"),
    "policy-alone": ({"Version": "2012-10-17", "Statement": DOCUMENT["Statement"]}, "aws iam get-role-policy"),
    "findings": ({"schemaVersion": "2.0", "accountId": "1", "service": {}, "resource": {}}, "the trail of that account and hour"),
    "other-files": (b"SQLite format 3\0", "sqlite3 -json"),
    "digests-insights": ({"digestStartTime": "x", "digestS3Object": "y"}, "digest file"),
    "foreign-records": ({"Records": [{"eventSource": "aws:s3", "eventName": "ObjectCreated:Put", "eventVersion": "2.1"}]}, "event notification"),
}


def test_every_row_has_an_input_and_its_words() -> None:
    assert ROWS.keys() == RECORDS.keys() | ANSWERS.keys() | NAMED.keys() | {"excel", "iam-collect"}
    for row in ROWS.values():
        assert row["written_by"]
        assert row["recognised"]
        assert row["source"].startswith("https://")
        assert row.get("read") if row["group"] != "named" else row["better"]


@pytest.mark.parametrize("form", RECORDS)
def test_records_are_read(form: str) -> None:
    assert ROWS[form]["group"] in ("records", "rows")
    evidence = read(RECORDS[form])
    assert [record.event_id for record in evidence.records] == ["e-0001", "e-0002"]
    assert evidence.coverage.denied == 1


def held(evidence: Evidence, path: str) -> object:
    value: object = evidence
    for part in path.split("."):
        value = getattr(value, part)
    return value


@pytest.mark.parametrize("form", ANSWERS)
def test_answers_are_read(form: str) -> None:
    assert ROWS[form]["group"] in ("answers", "policies")
    content, place = ANSWERS[form]
    evidence = read(content)
    assert held(evidence, place)
    assert evidence.coverage.skipped == ()


@pytest.mark.parametrize("form", NAMED)
def test_what_is_not_used_is_named_with_the_better_export(form: str) -> None:
    assert ROWS[form]["group"] == "named"
    content, said = NAMED[form]
    evidence = read(content)
    assert (evidence.records, evidence.policies.resources) == ((), ())
    assert said in reasons(evidence)


def test_a_tree_is_read() -> None:
    assert read_evidence(files(ROLE_FILES)).policies.principals


def test_a_workbook_is_read() -> None:
    assert ROWS["excel"]["group"] == "rows"
    evidence = read_evidence(read_inputs(["-"], stdin=workbook(TEXTS, shared=True)))
    assert [record.event_id for record in evidence.records] == ["e-0001", "e-0002"]


def test_what_rows_lack_is_lost_only_where_no_fuller_copy_of_each_is_there() -> None:
    chosen = ("eventTime", "eventSource", "eventName", "errorCode", "eventID", "recipientAccountId")
    trail = {"Records": [a_record(1), a_denial(2)]}
    rows = [{name: record.get(name, "") for name in chosen} for record in (a_record(1), a_denial(2), a_denial(3))]
    copy, more = table(rows[:2]), table(rows)
    for given, lost in (([copy], True), ([copy, trail], False), ([trail, copy], False), ([trail, more], True), ([copy, copy], True)):
        told = [skipped for skipped in read(*given).coverage.skipped if "without the columns userIdentity" in skipped.reason]
        assert told
        assert any(skipped.lost for skipped in told) is lost
