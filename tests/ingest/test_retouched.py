"""JSON that an editor, a word processor or another language has changed on its way is read as what it was."""

from __future__ import annotations

import base64
import html
import json
import re
from typing import Any
from urllib.parse import quote

import pytest

from tests.ingest.build import a_denial, a_record, ids, read, reasons

RECORDS = [a_record(1), a_denial(2)]
PRETTY = json.dumps({"Records": RECORDS}, indent=2)
LINES = PRETTY.split("\n")


def numbered(form: str) -> str:
    return "".join(form.format(number, line) for number, line in enumerate(LINES, 1))


def hanging(text: str) -> str:
    """A value that goes on below itself, cut at a window of 100."""
    parts = [text[at : at + 82] for at in range(0, len(text), 82)]
    return "CloudTrailEvent : " + "\r\n                  ".join(parts) + "\r\nEventId         : e"


RETOUCHED = {
    "cat -n": numbered("{:6d}\t{}\n"),
    "an editor": numbered("{:3d} {}\n"),
    "grep -n": numbered("{}:{}\n"),
    "numbered, one after another": numbered("{:3d} {}\n") * 2,
    "typographic quotes": re.sub(r'"([^"\\]*)"', "“\\1”", PRETTY),
    "no-break spaces": PRETTY.replace("  ", "\u00a0\u00a0"),
    "grep -A": numbered("ct.json-{}-{}\n"),
    "bat": "───┬────\n   │ File: ct.json\n───┼────\n" + numbered("{:4d}   │ {}\n"),
    "ends of lines": "".join(f"{line}^M$\n" for line in LINES),
    "breaks of a page": "<p>see</p><code>" + "<br>".join(map(html.escape, LINES)) + "</code>",
    "behind a log's line": "".join(f"2026-03-04 09:05:00,123 INFO event:\n{json.dumps(record, indent=2)}\n" for record in RECORDS),
    "members with one key": "".join(f"EventId: x\nCloudTrailEvent: {json.dumps(record)}\n\n" for record in RECORDS),
    "colours": "".join(f"\x1b[1;39m{line}\x1b[0m\n" for line in LINES),
    "a terminal's record": "Script started\n\x1b[?2004h$ cat ct.json\r\n" + PRETTY.replace("\n", "\r\n") + "\x1b[?2004h\n",
    "parts of a container's lines": "".join(
        f"2026-03-04T09:05:00.123456789Z stdout {'P' if at + 90 < len(text) else 'F'} {text[at : at + 90]}\n"
        for text in map(json.dumps, RECORDS)
        for at in range(0, len(text), 90)
    ),
    "an address": "\n".join(f"payload={quote(json.dumps(record))}" for record in RECORDS),
    "PowerShell's Format-List": "\r\n\r\n".join(hanging(json.dumps(record, separators=(",", ":"))) for record in RECORDS),
    "texts of texts": "\n".join(json.dumps(json.dumps(json.dumps(record))) for record in RECORDS),
    "base64": base64.encodebytes(json.dumps(RECORDS).encode()).decode(),
    "base64, a line each": "\n".join(base64.b64encode(json.dumps(record).encode()).decode() for record in RECORDS),
    "fluent-bit": "".join(f'[0] ct: [[1772615100.1, {{}}], {{"log"=>"{json.dumps(record)}"}}]\n' for record in RECORDS),
    "logstash's rubydebug": "".join(f'{{\n  "message" => {json.dumps(json.dumps(record))},\n  "@version" => "1"\n}}\n' for record in RECORDS),
    "CEF": "".join("CEF:0|Amazon|CloudTrail|1|x|x|3|rawEvent=" + json.dumps(record | {"userAgent": "a=b"}).replace("=", "\\=") + "\n" for record in RECORDS),
    "a wiki": "{code:json}\n" + PRETTY + "\n{code}\n",
}


def node(value: object) -> str:
    if isinstance(value, dict):
        return "{ " + ",\n  ".join(f"{name if name.isidentifier() else repr(name)}: {node(held)}" for name, held in value.items()) + " }"
    if isinstance(value, list):
        return "[ " + ", ".join(map(node, value)) + " ]"
    return repr(value) if isinstance(value, str) else json.dumps(value)


def ruby(value: object, sign: str = "=>") -> str:
    if isinstance(value, dict):
        return "{" + ", ".join(f"{json.dumps(name)}{sign}{ruby(held, sign)}" for name, held in value.items()) + "}"
    if isinstance(value, list):
        return "[" + ", ".join(ruby(held, sign) for held in value) + "]"
    return "nil" if value is None else json.dumps(value)


def frame() -> dict[str, Any]:
    names = list(dict.fromkeys(name for record in RECORDS for name in record))
    cells = [[held if isinstance(held := record.get(name), str | None) else json.dumps(held) for record in RECORDS] for name in names]
    return {"results": {"A": {"frames": [{"schema": {"fields": [{"name": name, "type": "string"} for name in names]}, "data": {"values": cells}}]}}}


PRINTED = {
    "Node": node({"Records": RECORDS}),
    "Node, a list": node(RECORDS),
    "Ruby": ruby(RECORDS),
    "Ruby 3.4": ruby({"Records": RECORDS}, " => "),
    "botocore's debug log": "2026-03-04 09:05:00 - botocore.parsers - DEBUG - Response body:\n" + repr(json.dumps({"Records": RECORDS}).encode()) + "\n",
    "Grafana": json.dumps(frame()),
    "a page's entities in a member": json.dumps({"Events": [{"CloudTrailEvent": html.escape(json.dumps(record))} for record in RECORDS]}),
}


@pytest.mark.parametrize("name", [*RETOUCHED, *PRINTED])
def test_it_is_read(name: str) -> None:
    assert ids(read((RETOUCHED | PRINTED)[name])) == [record["eventID"] for record in RECORDS]


def test_what_node_hides_is_absent() -> None:
    (event,) = read(node(RECORDS[1:]).replace(node(RECORDS[1]["requestParameters"]), "[Object]")).records
    assert not event.request


def test_what_node_hides_is_said() -> None:
    assert "Node shows [Object]" in reasons(read(node(RECORDS).replace(node(RECORDS[1]["requestParameters"]), "[Object]")))


def test_a_policy_that_iam_encodes_stays() -> None:
    (event,) = read({"Records": [a_denial(1) | {"requestParameters": {"policyDocument": "%7B%22Version%22%3A%222012-10-17%22%7D"}}]}).records
    assert event.request["policyDocument"].startswith("%7B%22")


def test_a_part_inside_a_broken_record_is_none_of_its_own() -> None:
    """What a caller wrote into a request stands in the rest of a line that broke."""
    forged = json.dumps(a_denial(7))
    evidence = read('INFO {"eventVersion":"1.09","eventName":"RunTask","requestParameters":{"x":' + forged + ", oh no\n")
    assert "e-0007" not in ids(evidence)
    assert "no whole JSON" in reasons(evidence)


def test_quotes_that_belong_to_a_value_stay() -> None:
    (event,) = read(json.dumps({"Records": [a_denial(1) | {"errorMessage": "the “stage”: no"}]}, ensure_ascii=False)).records
    assert event.error_message == "the “stage”: no"
