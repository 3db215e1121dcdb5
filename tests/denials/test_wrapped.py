"""One message in all that is put around it: it is read as if it stood alone, and no second denial comes out of the wrapper."""

from __future__ import annotations

import html
import json
import random
import textwrap
import time
import tomllib
from pathlib import Path
from urllib.parse import quote

import pytest

from trailsleuth import api

WRAPPERS = tomllib.loads((Path(__file__).parent / "wrappers.toml").read_text(encoding="utf-8"))["wrapper"]
SESSION = "arn:aws:sts::210987654321:assumed-role/orders-deployer/build-0042"
ROLE = "arn:aws:iam::210987654321:role/orders-deployer"
STREAM = "arn:aws:kinesis:eu-north-1:210987654321:stream/orders-events"
POLICY = "arn:aws:organizations::109876543210:policy/o-zz11yy22xx/service_control_policy/p-11aa22bb"
PART = "arn:aws:s3:::orders-archive/2026/03/part-0001.parquet"
OTHER = "arn:aws:iam::321098765432:role/deploy/CrossDeploy"
BOT = "arn:aws:iam::210987654321:user/release-bot"
DENIED = f"User: {SESSION} is not authorized to perform:"
MESSAGES = {
    "identity": (
        f"{DENIED} kinesis:PutRecord on resource: {STREAM} because no identity-based policy allows the kinesis:PutRecord action",
        (ROLE, "kinesis:PutRecord", STREAM, "implicit", "identity"),
    ),
    "quoted, explicit, with a policy": (
        f'{DENIED} s3:PutObject on resource: "{PART}" with an explicit deny in a service control policy: {POLICY}',
        (ROLE, "s3:PutObject", PART, "explicit", "scp"),
    ),
    "old form": (f"User: {BOT} is not authorized to perform: sts:AssumeRole on resource: {OTHER}", (BOT, "sts:AssumeRole", OTHER, "unknown", None)),
    "no resource": (
        f"{DENIED} ecs:ListClusters because no permissions boundary allows the ecs:ListClusters action",
        (ROLE, "ecs:ListClusters", "*", "implicit", "boundary"),
    ),
    "a name": (
        f"{DENIED} iam:GetRole on resource: role orders-task because no session policy allows the iam:GetRole action",
        (ROLE, "iam:GetRole", "arn:aws:iam::210987654321:role/orders-task", "implicit", "session"),
    ),
}
KINDS = {
    "": str,
    "json": lambda text: json.dumps(text)[1:-1],
    "json3": lambda text: json.dumps(json.dumps(json.dumps(text)[1:-1])[1:-1])[1:-1],
    "python": repr,
    "html": html.escape,
    "html2": lambda text: html.escape(html.escape(text)),
    "xml": lambda text: html.escape(text, quote=False),
    "url": lambda text: quote(text, safe=""),
    "plus": lambda text: quote(text, safe="").replace("%20", "+"),
    "csv": lambda text: text.replace('"', '""'),
    "quotes": lambda text: text.replace('"', '\\"'),
    "quot": lambda text: text.replace('"', "&quot;"),
    "zero-width": lambda text: text.replace("/", "/\u200b"),
    "no-break": lambda text: text.replace(" ", "\u00a0"),
    "fold80": str,
}


def fold(text, width):
    return "\n".join(line[at : at + width] for line in text.split("\n") for at in range(0, max(1, len(line)), width))


def wrapped(row, message):
    if "wrap" in row:
        prefix = row.get("prefix", "")
        message = "\n".join(prefix + line for line in textwrap.wrap(row.get("lead", "") + message, row["wrap"]))
    text = row["text"].replace("@M@", KINDS[row.get("kind", "")](message))
    return fold(text, 80) if row.get("kind") == "fold80" else text


def told(text):
    found = api.explain("-", stdin=text.encode("utf-8")).denials
    return [(one.principal, one.iam_action, one.resource, one.effect.value, one.policy_type and one.policy_type.value) for one in found]


@pytest.mark.parametrize("row", WRAPPERS, ids=lambda row: row["id"])
@pytest.mark.parametrize("name", MESSAGES)
def test_a_message_is_read_through_its_wrapper(row, name):
    message, expected = MESSAGES[name]
    assert told(wrapped(row, message)) == [expected]


def noise(lines):
    chance = random.Random(7)
    words = [
        "starting",
        "worker",
        "fetched",
        "artifact",
        "compiled",
        "module",
        "uploading",
        "cache",
        "step",
        "finished",
        "in",
        "seconds",
        "retry",
        "connection",
        "pool",
        "opened",
        "closed",
        "flushed",
        "200",
        "OK",
    ]
    return [
        f"2026-03-03T10:{number // 60 % 60:02}:{number % 60:02}Z INFO " + " ".join(chance.choices(words, k=chance.randint(3, 14))) for number in range(lines)
    ]


FORMS = {
    "one line": lambda message: [f"2026-03-03T11:00:00Z ERROR AccessDeniedException: {message}"],
    "boxed": lambda message: ["╷", *("│ " + line for line in textwrap.wrap(f"Error: creating Thing: api error AccessDeniedException: {message}", 76)), "╵"],
    "pretty-printed": lambda message: json.dumps({"level": "error", "detail": {"cause": message, "status": 403}}, indent=2).split("\n"),
    "as JSON": lambda message: [json.dumps({"level": "error", "err": message})],
    "wrapped at words": lambda message: textwrap.wrap(f"2026-03-03T11:00:00Z ERROR {message}", 80),
}


def log(lines, form):
    text = noise(lines)
    for number, (message, _) in enumerate(MESSAGES.values()):
        at = (number + 1) * len(text) // 6
        text[at:at] = FORMS[form](message)
    return "\n".join(text)


@pytest.mark.parametrize("width", [0, 80])
@pytest.mark.parametrize("form", FORMS)
@pytest.mark.parametrize("lines", [300, 20_000])
def test_five_denials_in_a_long_log_are_five(lines, form, width):
    text = log(lines, form)
    assert told(fold(text, width) if width else text) == [expected for _, expected in MESSAGES.values()]


def test_a_hundred_thousand_lines_take_seconds():
    text = log(100_000, "one line").encode()
    start = time.process_time()
    found = api.explain("-", stdin=text).denials
    assert len(found) == 5
    assert time.process_time() - start < 8  # five on an idle machine
