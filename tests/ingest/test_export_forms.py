"""Exports of products and tools: each gives the records that CloudTrail wrote, or says in one line what it lacks."""

from __future__ import annotations

import base64
import csv
import gzip
import html
import io
import json
import pprint
import sys
from collections.abc import Iterable
from typing import Any

import pytest
import yaml

from tests.ingest.build import ROLE, SESSION, a_denial, a_record, ids, read, reasons

RECORDS = [a_record(1), a_denial(2, requestParameters={"family": "shop", "tags": [{"key": "a.b", "value": "x, y=z"}]})]
TEXTS = [json.dumps(record) for record in RECORDS]


def flat(value: dict[str, Any], join: str, above: str = "") -> dict[str, Any]:
    """The members by their paths, lists as they are."""
    found: dict[str, Any] = {}
    for name, member in value.items():
        path = f"{above}{join}{name}" if above else name
        found |= flat(member, join, path) if isinstance(member, dict) else {path: member}
    return found


def table(rows: list[dict[str, Any]], delimiter: str = ",") -> str:
    columns = list(dict.fromkeys(name for row in rows for name in row))
    out = io.StringIO()
    writer = csv.writer(out, delimiter=delimiter)
    writer.writerow(columns)
    writer.writerows([["" if row.get(name) is None else row[name] for name in columns] for row in rows])
    return out.getvalue()


def snake(value: object, *, deep: bool = True) -> object:
    if not isinstance(value, dict):
        return value
    named = {
        "".join(f"_{sign.lower()}" if sign.isupper() else sign for sign in name).replace("i_d", "id").replace("_i_p_", "_ip_"): v for name, v in value.items()
    }
    free = ("request_parameters", "response_elements")
    return {name: member if name in free or not deep else snake(member) for name, member in named.items()}


def shell(value: object) -> str:
    if isinstance(value, dict):
        return "@{" + "; ".join(f"{name}={shell(member)}" for name, member in value.items()) + "}"
    return "System.Object[]" if isinstance(value, list) else "" if value is None else str(value)


def printed(record: dict[str, Any]) -> dict[str, Any]:
    """A record as PowerShell cuts it at the depth that it has unless it is told otherwise."""
    return {name: shell(member) if isinstance(member, dict) else member for name, member in record.items()}


def duck(value: object) -> str:
    if isinstance(value, dict):
        return "{" + ", ".join(f"'{name}': {duck(member)}" for name, member in value.items()) + "}"
    if isinstance(value, list):
        return "[" + ", ".join(map(duck, value)) + "]"
    return "NULL" if value is None else f"'{value}'" if any(sign in str(value) for sign in ":,= ") else str(value)


def sentinel(record: dict[str, Any]) -> dict[str, Any]:
    who = record["userIdentity"]
    issuer = who["sessionContext"]["sessionIssuer"]
    return {
        "TimeGenerated": record["eventTime"], "AwsEventId": record["eventID"], "EventVersion": record["eventVersion"], "EventSource": record["eventSource"],
        "EventName": record["eventName"], "UserIdentityType": who["type"], "UserIdentityPrincipalid": who["principalId"], "UserIdentityArn": who["arn"],
        "UserIdentityAccountId": who["accountId"], "UserIdentityAccessKeyId": who["accessKeyId"], "SessionIssuerArn": issuer["arn"],
        "SessionIssuerType": "Role", "AWSRegion": record["awsRegion"], "ErrorCode": record.get("errorCode", ""), "ErrorMessage": record.get("errorMessage", ""),
        "RequestParameters": json.dumps(record["requestParameters"]), "RecipientAccountId": record["recipientAccountId"], "Type": "AWSCloudTrail",
    }  # fmt: skip


def elastic(record: dict[str, Any]) -> dict[str, Any]:
    who = record["userIdentity"]
    trail = {
        "event_version": record["eventVersion"], "recipient_account_id": record["recipientAccountId"],
        "user_identity": {"type": who["type"], "arn": who["arn"], "access_key_id": who["accessKeyId"], "session_context": {"session_issuer": {"arn": ROLE}}},
        "flattened": {"request_parameters": record["requestParameters"]}, "request_parameters": "{family=…}",
    }  # fmt: skip
    trail |= {"error_code": record["errorCode"], "error_message": record["errorMessage"]} if "errorCode" in record else {}
    event = {"action": record["eventName"], "provider": record["eventSource"], "id": record["eventID"], "type": ["info"], "outcome": "failure"}
    return {
        "@timestamp": record["eventTime"],
        "aws": {"cloudtrail": trail},
        "cloud": {"region": "eu-west-1"},
        "event": event,
        "user": {"id": who["principalId"]},
    }


def ocsf(record: dict[str, Any]) -> dict[str, Any]:
    who = record["userIdentity"]
    failed = "errorCode" in record
    return {
        "metadata": {"uid": record["eventID"], "product": {"name": "CloudTrail"}, "event_code": "AwsApiCall"},
        "time": 1772614800000 + 1000 * int(record["eventID"][-1]),
        "cloud": {"region": "eu-west-1"}, "class_uid": 6003, "unmapped": {"recipientAccountId": record["recipientAccountId"]},
        "api": {
            "operation": record["eventName"], "service": {"name": record["eventSource"]},
            "request": {"data": json.dumps(record["requestParameters"]), "uid": "r"},
            "response": {"error": record["errorCode"] if failed else None, "message": record["errorMessage"] if failed else None},
        },
        "actor": {
            "user": {"type": who["type"], "uid": who["arn"], "uid_alt": who["principalId"],
                     "account": {"uid": who["accountId"]}, "credential_uid": who["accessKeyId"]},
            "session": {"issuer": ROLE, "is_mfa": False},
        },
    }  # fmt: skip


def columns_of(row: dict[str, Any]) -> list[dict[str, str]]:
    return [{"name": name, "type": "string"} for name in row]


def packed(text: str, *, zipped: bool = True) -> str:
    return base64.b64encode(gzip.compress(text.encode()) if zipped else text.encode()).decode()


def cells(record: dict[str, Any], how: Any) -> dict[str, Any]:
    return {name: how(member) if isinstance(member, dict | list) else member for name, member in record.items()}


SUBSCRIPTION = json.dumps({"messageType": "DATA_MESSAGE", "logEvents": [{"id": "1", "message": text} for text in TEXTS]})
SENTINEL = [sentinel(record) for record in RECORDS]
SDK_EVENT = "{{'EventTime': datetime.datetime(2026, 3, 4, 9, tzinfo=tzlocal()), 'CloudTrailEvent': {text}}}"
BOTH = [elastic(record) | {"event": {"original": text}} for record, text in zip(RECORDS, TEXTS, strict=True)]
WHOLE_FRAME = [{name: record.get(name) for name in RECORDS[1]} for record in RECORDS]

FORMS: dict[str, str] = {
    "strings": json.dumps(TEXTS, indent=2),
    "strings a line": "\n".join(map(json.dumps, TEXTS)),
    "strings in strings": json.dumps([json.dumps(text) for text in TEXTS]),
    "text output": "".join(f"EVENTS\tASIAEXAMPLE\t{text}\te\tDescribeServices\t1772614801\nRESOURCES\tweb\tcluster\n" for text in TEXTS),
    "yaml": yaml.safe_dump({"Events": [{"EventId": "x", "CloudTrailEvent": text} for text in TEXTS]}, width=80),
    "yaml stream": yaml.safe_dump([{"Events": [{"CloudTrailEvent": text}]} for text in TEXTS], width=60),
    "yaml records": yaml.safe_dump({"Records": RECORDS}, width=100),
    "yaml documents": yaml.safe_dump_all(RECORDS),
    "repr": repr({"Records": RECORDS}),
    "repr a line": "\n".join(map(repr, RECORDS)),
    "pprint": pprint.pformat(RECORDS, width=60),
    "repr of an SDK's answer": "{'Events': [" + ", ".join(SDK_EVENT.format(text=repr(text)) for text in TEXTS) + "]}",
    "escaped text": "\n".join(json.dumps({"log": json.dumps(text)[1:-1]}) for text in TEXTS),
    "members of known names": json.dumps({"data": {"row": RECORDS[0]}, "results": [RECORDS[1]]}),
    "queue": json.dumps({"Records": [{"messageId": "m", "eventSource": "aws:sqs", "body": json.dumps({"detail": record})} for record in RECORDS]}),
    "stream": json.dumps({"Records": [{"eventSource": "aws:kinesis", "eventID": "s:1", "eventVersion": "1.0", "kinesis": {"data": packed(SUBSCRIPTION)}}]}),
    "delivery stream": json.dumps({"invocationId": "i", "records": [{"recordId": str(n), "data": packed(text, zipped=False)} for n, text in enumerate(TEXTS)]}),
    "log subscription of a function": json.dumps({"awslogs": {"data": packed(SUBSCRIPTION)}}),
    "any name": "\n".join(json.dumps({"when": 1, "whatever_they_call_it": text, "host": "h"}) for text in TEXTS),
    "any list": json.dumps({"meta": {"took": 3}, "stuff": {"items_found": [{"payload": {"inner": record}} for record in RECORDS]}}),
    "empty data beside": json.dumps({"data": [], "message": "", "events": [], "hits": {}, "pages": RECORDS}),
    "streams of Loki": json.dumps({"data": {"result": [{"stream": {"job": "x"}, "values": [["1", text] for text in TEXTS]}]}}),
    "Datadog": json.dumps({"data": [{"id": "A", "type": "log", "attributes": {"tags": ["a"], "attributes": record}} for record in RECORDS]}),
    "Graylog": "\n".join(json.dumps({"version": "1.1", "short_message": "x", "full_message": text}) for text in TEXTS),
    "a column of any name": table([{"Date": "d", "Content": text} for text in TEXTS]),
    "PowerShell's type line": "#TYPE Amazon.CloudTrail.Model.Event\n" + table([{"EventName": "x", "CloudTrailEvent": text} for text in TEXTS]),
    "semicolons": table([cells(record, json.dumps) for record in RECORDS], ";"),
    "tabs": table([cells(record, json.dumps) for record in RECORDS], "\t"),
    "upper case": table([{name.upper(): value for name, value in cells(record, json.dumps).items()} for record in RECORDS]),
    "dotted": table([flat(record, ".") for record in RECORDS]),
    "dotted with an index": table([{"": str(n), **flat(record, ".")} for n, record in enumerate(RECORDS)]),
    "dotted JSON": json.dumps([flat(record, ".") for record in RECORDS]),
    "dotted JSON lines": "\n".join(json.dumps(flat(record, ".")) for record in RECORDS),
    "underscores": table([flat(record, "_") for record in RECORDS]),
    "under a prefix": table([{f"data.aws.{name}": value for name, value in flat(record, ".").items()} | {"rule.id": "1"} for record in RECORDS]),
    "Snowflake's paths": table([{f"RAW:{name}": value for name, value in flat(record, ".").items()} for record in RECORDS]),
    "snake case": json.dumps({"rows": [snake(record) for record in RECORDS]}),
    "Python structs in cells": table([cells(record, repr) for record in RECORDS]),
    "DuckDB's structs": table([cells(record, duck) for record in RECORDS]),
    "PowerShell's structs": json.dumps({"Records": [printed(record) for record in RECORDS]}),
    "records as cells": table([{"Records": repr(record)} for record in RECORDS]),
    "frame by column": json.dumps({name: {str(n): row[name] for n, row in enumerate(WHOLE_FRAME)} for name in WHOLE_FRAME[0]}),
    "frame by index": json.dumps({str(n): row for n, row in enumerate(WHOLE_FRAME)}),
    "dotted frame by index": json.dumps({str(n): flat(record, ".") for n, record in enumerate(RECORDS)}),
    "OCSF by index": json.dumps({str(n): ocsf(record) for n, record in enumerate(RECORDS)}),
    "frame split": json.dumps({"columns": list(WHOLE_FRAME[0]), "index": [0, 1], "data": [list(row.values()) for row in WHOLE_FRAME]}),
    "frame as table": json.dumps({"schema": {"fields": [{"name": name} for name in WHOLE_FRAME[0]]}, "data": WHOLE_FRAME}),
    "frame of Records": json.dumps({"Records": {str(n): record for n, record in enumerate(RECORDS)}}),
    "Splunk's rows": json.dumps({"fields": ["_time", "_raw"], "rows": [["t", text] for text in TEXTS]}),
    "BigQuery": json.dumps({"schema": {"fields": columns_of({"raw": 1})}, "rows": [{"f": [{"v": text}]} for text in TEXTS]}),
    "warehouse": json.dumps({"resultSetMetaData": {"rowType": columns_of(SENTINEL[0])}, "data": [list(row.values()) for row in SENTINEL]}),
    "Sentinel": json.dumps(SENTINEL),
    "Sentinel's tables": json.dumps({"tables": [{"name": "x", "columns": columns_of(SENTINEL[0]), "rows": [list(row.values()) for row in SENTINEL]}]}),
    "Sentinel's CSV": table(SENTINEL),
    "Elastic with the original": json.dumps({"hits": {"hits": [{"_source": document} for document in BOTH]}}),
    "Elastic without it": json.dumps({"hits": {"hits": [{"_source": elastic(record)} for record in RECORDS]}}),
    "Kibana": table([flat(elastic(record), ".") for record in RECORDS]),
    "OCSF": "\n".join(json.dumps(ocsf(record)) for record in RECORDS),
    "OCSF flat": table([flat(ocsf(record), ".") for record in RECORDS]),
    "OCSF with structs as JSON": table([cells(ocsf(record), json.dumps) for record in RECORDS]),
}  # fmt: skip


def dynamo(value: object) -> dict[str, Any]:
    match value:
        case None:
            return {"NULL": True}
        case bool():
            return {"BOOL": value}
        case str():
            return {"S": value}
        case list():
            return {"L": [dynamo(one) for one in value]}
        case dict():
            return {"M": {name: dynamo(one) for name, one in value.items()}}
        case _:
            return {"N": str(value)}


def sql(value: object) -> str:
    return "NULL" if value is None else "'" + str(value).replace("'", "''") + "'"


WHOLE = [cells(record, json.dumps) for record in RECORDS]
NAMES = list(dict.fromkeys(name for row in WHOLE for name in row))
CELLS = [[row.get(name) for name in NAMES] for row in WHOLE]


def plain(cell: object) -> str:
    return "" if cell is None else str(cell)


def listed(members: dict[str, Any]) -> dict[str, Any]:
    return {name: held if isinstance(held, list) else [held] for name, held in members.items()}


def leaves(value: object, path: tuple[str | int, ...] = ()) -> list[tuple[tuple[str | int, ...], object]]:
    held = list(value.items() if isinstance(value, dict) else enumerate(value)) if isinstance(value, dict | list) else []
    return [leaf for part, member in held for leaf in leaves(member, (*path, part))] if held else [(path, value)]


def written(value: object, pair: str, holders: tuple[str, str, str, str] = ("{", "}", "[", "]"), none: str = "nil", text: str = "{}") -> str:
    """The value as a language has it: how a member, the brackets, nothing and a text are written."""
    below = [written(one, pair, holders, none, text) for one in (value.values() if isinstance(value, dict) else value if isinstance(value, list) else [])]
    if isinstance(value, dict):
        return holders[0] + ", ".join(pair.format(name, member) for name, member in zip(value, below, strict=True)) + holders[1]
    if isinstance(value, list):
        return holders[2] + ", ".join(below) + holders[3]
    return none if value is None else text.format(json.dumps(value)) if isinstance(value, str) else json.dumps(value)


def lined(form: str, rows: Iterable[Any]) -> str:
    return "".join(form.format(*([row] if isinstance(row, str) else row)) + "\n" for row in rows)


QUOTED, RUST = '"{}": {}', ("Object {", "}", "Array [", "]")
GO = ("map[string]interface {}{", "}", "[]interface {}{", "}")
ENTRY = {"request": {"url": "u"}, "response": {"status": 200, "content": {"text": json.dumps({"Events": [{"CloudTrailEvent": text} for text in TEXTS]})}}}
GRON = [("json" + "".join(f"[{part}]" if isinstance(part, int) else f".{part}" for part in path), held) for path, held in leaves({"Records": RECORDS})]
PAIRS = [[(".".join(map(str, path)), plain(held)) for path, held in leaves(record) if held is not None] for record in RECORDS]
SHOWN = json.dumps({"Records": RECORDS}, indent=1)
MARKED = "".join(f"<div><span class='n'>{html.escape(line)}</span></div>" for line in SHOWN.split("\n"))
BARS = [[plain(cell).replace("\\", "\\\\") for cell in row] for row in CELLS]

FORMS |= {
    "a browser's log": {"log": {"version": "1.2", "entries": [ENTRY]}},
    "a page": f"<!DOCTYPE html><html><head><style>p {{}}</style></head><body>{MARKED}</body></html>",
    "gron": "json = {};\njson.Records = [];\n" + lined("{} = {};", ((path, json.dumps(held)) for path, held in GRON)),
    "jq --stream": "\n".join(json.dumps(leaf) for leaf in leaves({"Records": RECORDS})) + '\n[["Records"]]\n',
    "yq's properties": "".join(lined(f"Records.{n}.{{}} = {{}}", pairs) for n, pairs in enumerate(PAIRS)),
    "flattened objects": {"_".join(map(str, ("Records", *path))): held for path, held in leaves(RECORDS)},
    "TOML": "".join("[[Records]]\n" + lined("{} = {}", ((name, written(held, "{} = {}")) for name, held in r.items() if held is not None)) for r in RECORDS),
    "JSON with comments": "// of the hour\n" + SHOWN.replace('"eventVersion"', '/* first */ "eventVersion"').replace("\n ]", ",\n ]"),
    "Go": written({"Records": RECORDS}, '"{}":{}', GO, "interface {}(nil)"),
    "Rust, behind a time": "".join(f"10:05 got {written(r, QUOTED, RUST, 'Null', 'String({})')}\n" for r in RECORDS),
    "Elixir": written(RECORDS, '"{}" => {}', ("%{", "}", "[", "]")),
    "Ruby's symbols": written(RECORDS, ":{}=>{}"),
    "PHP": "<?php return " + written({"Records": RECORDS}, "'{}' =>\n{}", ("array (\n", ")", "array (\n", ")"), "NULL") + ";",
    "Java's maps": "".join("INFO event " + written(r, "{}={}", none="null").replace('"', "") + "\n" for r in RECORDS),
    "logfmt": lined("level=info {}", (" ".join(f"{name}={json.dumps(held)}" for name, held in pairs) for pairs in PAIRS)),
    "CEF": lined("CEF:0|A|CloudTrail|1|x|x|5|{}", (" ".join(name + "=" + held.replace("=", "\\=") for name, held in pairs) for pairs in PAIRS)),
    "LEEF": lined("LEEF:2.0|A|CloudTrail|1|x|^|{}", ("^".join(f"{name}={held}" for name, held in pairs) for pairs in PAIRS)),
    "pg_dump": f"--\nCOPY public.ct ({', '.join(NAMES)}) FROM stdin;\n" + lined("{}", ("\t".join(held or "\\N" for held in row) for row in BARS)) + "\\.\n",
    "SQLite's dump": f"CREATE TABLE ct ([{'], ['.join(NAMES)}]);\n" + lined("INSERT INTO ct VALUES({});", (",".join(map(sql, row)) for row in CELLS)),
    "MySQL's dump": f"-- MySQL\nCREATE TABLE `ct` (\n`{'` text, `'.join(NAMES)}` text,\n  PRIMARY KEY (`eventID`)\n) ENGINE=InnoDB;\nINSERT INTO `ct` VALUES "
    + ",".join("('" + "','".join(cell.replace("'", "\\'").replace('"', '\\"') for cell in row) + "')" for row in BARS) + ";\n",
    "YAML with aliases": yaml.dump({"Records": [record | {"userIdentity": RECORDS[1]["userIdentity"]} for record in RECORDS]}),
    "journald's bytes": "\n".join(json.dumps({"MESSAGE": list(text.encode()), "_HOSTNAME": "h"}) for text in TEXTS),
    "a recording of a terminal": '{"version": 2, "width": 80, "height": 24}\n'
    + lined("{}", (json.dumps([0.1, "o", SHOWN[at : at + 50]]) for at in range(0, len(SHOWN), 50))),
    "DynamoDB": {"Items": [dynamo(record)["M"] for record in RECORDS], "Count": 2},
    "DynamoDB's export": "\n".join(json.dumps({"Item": dynamo(record)["M"]}) for record in RECORDS),
    "MongoDB": "\n".join(json.dumps({"_id": {"$oid": "65"}, **record, "eventTime": {"$date": record["eventTime"]}}) for record in RECORDS),
    "Elastic's fields": {"hits": {"hits": [{"fields": listed(flat(elastic(record), "."))} for record in RECORDS]}},
    "Kibana's documents": table([{"@timestamp": "Mar 4, 2026 @ 09:00:01.000", "_source": json.dumps(elastic(one))} for one in RECORDS]),
    "Kusto": {"Tables": [{"Columns": [{"ColumnName": name} for name in NAMES], "Rows": CELLS}]},
    "ES|QL by column": {"columns": columns_of(dict.fromkeys(NAMES)), "values": [[row.get(name) for row in WHOLE] for name in NAMES]},
    "ClickHouse's compact rows": "\n".join(map(json.dumps, [NAMES, *CELLS])),
    "pandas' dict": repr({name: {n: record.get(name) for n, record in enumerate(RECORDS)} for name in NAMES}),
    "pandas' dict with times": repr([one | {"eventTime": 0} for one in RECORDS]).replace(": 0}", ": Timestamp('2026-03-04 09:00:01+0000', tz='UTC')}"),
    "Spark's rows": "[" + ", ".join("Row(" + ", ".join(f"{name}={row.get(name)!r}" for name in NAMES) + ")" for row in WHOLE) + "]",
    "carets": table(WHOLE, "^"),
    "a CSV turned": table([{"": name, "0": WHOLE[0].get(name), "1": WHOLE[1].get(name)} for name in NAMES]),
    "a CSV without names": "".join('"' + text.replace('"', '""') + '"\n' for text in TEXTS),
    "a CSV in SQL's quotes": "\n".join(",".join(map(sql, row)) for row in [NAMES, *CELLS]),
    "Spark's CSV": "\n".join(",".join('"' + plain(cell).replace('"', '\\"') + '"' for cell in row) for row in [NAMES, *CELLS]),
    "texts of JSON": table([{"event_time": one["eventTime"], "cloud_trail_event": json.dumps(text)} for one, text in zip(RECORDS, TEXTS, strict=True)]),
    "columns of JSON": table([{name: json.dumps(held) for name, held in record.items()} for record in RECORDS]),
    "casts": table([{f"RAW:{name.upper()}::STRING": held for name, held in row.items()} for row in WHOLE]),
    "paths with slashes": json.dumps([flat(record, "/") for record in RECORDS]),
    "Jira": "||" + "||".join(NAMES) + "||\n" + "".join(f"| {' | '.join(map(plain, row))} |\n" for row in CELLS),
    "SQL": "".join(f"INSERT INTO ct({','.join(NAMES)}) VALUES({','.join(map(sql, row))});\n" for row in CELLS),
    "units and records": "\x1e".join("\x1f".join(map(plain, row)) for row in [NAMES, *CELLS]) + "\x1e",
    "OCSF with what came": "\n".join(json.dumps({"class_uid": 6003, "metadata": {}, "raw_data": text}) for text in TEXTS),
}  # fmt: skip


@pytest.mark.parametrize("form", FORMS)
def test_every_export_gives_the_denial_its_caller_and_its_request(form: str) -> None:
    evidence = read(FORMS[form])
    assert ids(evidence) == ["e-0001", "e-0002"]
    first, denied = evidence.records
    assert first.denial is None
    assert denied.denial is not None
    assert denied.denial.iam_action == "ecs:RegisterTaskDefinition"
    for record in evidence.records:
        assert (record.identity.arn, record.recipient_account) == (SESSION, "222222222222")
        assert record.identity.issuer is not None
        assert record.identity.issuer.arn == ROLE
    assert denied.request["family"] == "shop"
    assert evidence.coverage.unreadable == 0


CHOSEN = {
    "eventTime": "2026-03-04T09:00:02Z",
    "eventName": "GetObject",
    "eventSource": "s3.amazonaws.com",
    "errorCode": "AccessDenied",
    "errorMessage": "Access Denied",
}
REST = {"arn": SESSION, "eventID": "e", "requestParameters": "{}", "region": "x", "recipientAccount": "1"}
CONSOLE = "User name,AWS access key,Event time,Event source,Event name,Error code\nu,A,2026-03-04T09:00:02Z,s3.amazonaws.com,GetObject,AccessDenied\n"
FEW = ("eventTime", "eventName", "eventSource", "eventID", "errorCode", "recipientAccountId")
NO_ERROR = {"eventTime": CHOSEN["eventTime"], "eventName": "GetObject", "userIdentity.arn": SESSION}
POOR = {
    "no caller": (table([CHOSEN]), 1, "without the columns userIdentity"),
    "a caller's ARN alone": (table([CHOSEN | REST]), 1, "without its path"),
    "no error": (table([NO_ERROR]), 0, "without errorCode and errorMessage"),
    "the console, now": (CONSOLE, 0, "as JSON"),
    "a box": ("┌──────┬──────┐\n│ eventName │ errorCode │\n└──────┴──────┘\n", 0, "--output json"),
    "Go's %v": ("map[eventName:GetObject eventSource:s3.amazonaws.com]\n", 0, "json.Marshal"),
    "the CLI's text": ("ROLEDETAILLIST\tarn:aws:iam::222222222222:role/A\n", 0, "--output json"),
    "another language": ("eventName -> GetObject | eventSource -> s3.amazonaws.com\n", 0, "give them as JSON"),
    "two values for a name": ("eventName=A eventTime=B eventSource=C eventName=D", 0, "not known here"),
    "a struct that is cut": (json.dumps([a_denial(2, userIdentity="@{type=AssumedRole; arn=arn:aws")]), 1, "userIdentity of 1 record cannot be read"),
}  # fmt: skip


@pytest.mark.parametrize("kind", POOR)
def test_what_an_export_lacks_is_said(kind: str) -> None:
    content, records, said = POOR[kind]
    evidence = read(content)
    assert len(evidence.records) == records
    assert said in reasons(evidence)


def test_a_single_text_is_said_to_be_one_of_an_export() -> None:
    evidence = read(json.dumps(TEXTS[0]))
    assert ids(evidence) == ["e-0001"]
    assert "the others of that export are not here" in reasons(evidence)


def doubled(value: object) -> str:
    return '"' + json.dumps(value).replace('"', '""') + '"'


def test_what_a_caller_wrote_into_a_request_is_never_a_record() -> None:
    forged = a_denial(7)
    hiding = table([cells(a_record(1, errorCode=None, requestParameters={"input": json.dumps(forged), "nested": forged}), json.dumps)])
    for content in (
        hiding,
        json.dumps([flat(a_record(1, requestParameters={"input": json.dumps(forged)}), ".")]),
        {"Records": [a_record(1, requestParameters={"x": forged})]},
        f"{doubled(a_record(1))}\n{doubled({'x': forged})}\n",
        f"| a |\n|---|\n| {json.dumps(a_record(1))} |\n| {json.dumps({'x': forged})} |\n",
    ):
        assert ids(read(content)) == ["e-0001"]


POORER = {
    "dotted columns": table([{name: record.get(name) for name in FEW} for record in RECORDS]),
    "Sentinel": json.dumps(SENTINEL),
    "OCSF": json.dumps([ocsf(record) for record in RECORDS]),
}  # fmt: skip


@pytest.mark.parametrize("form", POORER)
def test_a_poorer_copy_beside_the_records_changes_nothing(form: str) -> None:
    alone = read({"Records": RECORDS})
    for order in ([{"Records": RECORDS}, POORER[form]], [POORER[form], {"Records": RECORDS}]):
        evidence = read(*order)
        assert [dict(record.payload) for record in evidence.records] == [dict(record.payload) for record in alone.records]
        assert evidence.coverage.duplicates == 2
        assert "differ" not in reasons(evidence)


def test_lists_inside_an_odd_record_are_no_table() -> None:
    evidence = read({"Records": [a_denial(1, userIdentity=["a", "b"], awsRegion=[[None, None], []])]})
    assert (ids(evidence), evidence.coverage.denied) == (["e-0001"], 1)


def parquet_of(rows: list[dict[str, Any]]) -> bytes:
    pa, pq = pytest.importorskip("pyarrow"), pytest.importorskip("pyarrow.parquet")
    out = io.BytesIO()
    pq.write_table(pa.Table.from_pylist(rows), out)
    return out.getvalue()


def test_parquet_with_cloudtrails_columns_is_read() -> None:
    for rows in (WHOLE_FRAME, [cells(record, json.dumps) for record in WHOLE_FRAME], [snake(record) for record in WHOLE_FRAME]):
        evidence = read(parquet_of(rows))
        assert ids(evidence) == ["e-0001", "e-0002"]
        assert evidence.records[1].request["family"] == "shop"
        assert evidence.records[1].identity.issuer is not None


def test_parquet_that_lost_its_error_columns_says_so() -> None:
    evidence = read(parquet_of([{name: record[name] for name in RECORDS[0]} for record in RECORDS]))
    assert evidence.records == ()
    assert "without errorCode and errorMessage" in reasons(evidence)


def test_parquet_without_its_reader_names_the_command(monkeypatch: pytest.MonkeyPatch) -> None:
    data = parquet_of(WHOLE_FRAME)
    monkeypatch.setitem(sys.modules, "pyarrow.parquet", None)
    assert "pip install 'trailsleuth[parquet]'" in reasons(read(data))


def test_parquet_that_is_broken_is_named() -> None:
    data = parquet_of(WHOLE_FRAME)
    assert "cannot be read" in reasons(read(data[:40] + b"x" * 40 + data[80:]))


def test_a_payload_that_unpacks_to_too_much_is_not_read() -> None:
    bomb = packed("{" + " " * 70_000_000 + "}")
    evidence = read({"awslogs": {"data": bomb}}, [{"data": bomb}])
    assert evidence.records == ()
    assert reasons(evidence)


@pytest.mark.parametrize(
    "text",
    [
        "a:\n" * 5000,
        "- " * 100_000,
        "a: &x [*x]\n",
        "a: " + "[" * 100_000,
        "{'a': " * 100_000,
        "@{a=" * 100_000,
        "[{'a':[" * 50_000,
        "a: &a [x]\n" + "".join(f"b{n}: &b{n} [{', '.join([f'*b{n - 1}' if n else '*a'] * 50)}]\n" for n in range(9)),
        "json = {};\n" + "json" + ".a" * 99_999 + " = 1;\n" * 9,
        "{|\n! eventName\n" * 5_000,
        "<div>" * 100_000,
        "CREATE TABLE a (" * 50_000 + "INSERT INTO a VALUES (1)",
        'a="' * 100_000 + " eventName=",
    ],
)
def test_absurd_texts_end_quickly_and_are_named(text: str) -> None:
    evidence = read(text)
    assert evidence.records == ()
    assert reasons(evidence)
