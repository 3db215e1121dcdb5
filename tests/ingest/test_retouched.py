"""JSON that an editor, a word processor or another language has changed on its way is read as what it was."""

from __future__ import annotations

import html
import json
import re
from typing import Any

import pytest

from tests.ingest.build import a_denial, a_record, ids, read

RECORDS = [a_record(1), a_denial(2)]
PRETTY = json.dumps({"Records": RECORDS}, indent=2)
LINES = PRETTY.split("\n")


def numbered(form: str) -> str:
    return "".join(form.format(number, line) for number, line in enumerate(LINES, 1))


RETOUCHED = {
    "cat -n": numbered("{:6d}\t{}\n"),
    "an editor": numbered("{:3d} {}\n"),
    "grep -n": numbered("{}:{}\n"),
    "numbered, one after another": numbered("{:3d} {}\n") * 2,
    "typographic quotes": re.sub(r'"([^"\\]*)"', "“\\1”", PRETTY),
    "no-break spaces": PRETTY.replace("  ", "\u00a0\u00a0"),
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


def test_quotes_that_belong_to_a_value_stay() -> None:
    (event,) = read(json.dumps({"Records": [a_denial(1) | {"errorMessage": "the “stage”: no"}]}, ensure_ascii=False)).records
    assert event.error_message == "the “stage”: no"
