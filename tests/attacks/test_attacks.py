"""No content of a log becomes a grant: each attack of the table, with and without a snapshot, in every form of a change."""

from __future__ import annotations

import re
import tomllib
from collections.abc import Iterator
from functools import cache
from pathlib import Path
from typing import Any

import pytest

from tests.trail import B, allow, call, diagnose, resource_policy, role, session, snapshot, trusts
from trailsleuth.model import CaseFile
from trailsleuth.report.document import case_document
from trailsleuth.report.fix import FIXES, render_fix

TABLE = tomllib.loads((Path(__file__).parent / "attacks.toml").read_text(encoding="utf-8"))
DEPLOY, TARGET = role("deploy/Deploy"), role("ops/Target")
PROVIDER = f"arn:aws:iam::{B}:oidc-provider/token.actions.githubusercontent.com"
OURS = {"*", "?", "$"}
PATTERN_OPERATORS = re.compile("like|arnequals", re.IGNORECASE)
Json = dict[str, Any]


def filled(value: Any, payload: str) -> Any:
    """The value with the payload in its place, however deep."""
    if isinstance(value, str):
        return value.replace("‹payload›", payload)
    if isinstance(value, dict):
        return {key: filled(member, payload) for key, member in value.items()}
    return [filled(member, payload) for member in value] if isinstance(value, list) else value


def attacked(field: Json, payload: str) -> Json:
    """The record of a field with the payload in it."""
    row = filled(field, payload)
    who = session(DEPLOY, name=re.sub(r"[^\w+=,.@-]", "", row.get("session", "run"))[:64] or "run")  # what STS takes for a session's name
    if "subject" in row:
        who = {
            "type": "WebIdentityUser",
            "principalId": f"{PROVIDER}:sts.amazonaws.com:{row['subject']}",
            "userName": row["subject"],
            "identityProvider": PROVIDER,
        }
    kind = {"resource": "resource-based", "trust": "role trust"}.get(row.get("kind", ""), "identity-based")
    text = row.get("message") or (
        f"User: {who['arn']} is not authorized to perform: {row['action']} on resource: {row.get('resource', '*')}"
        f" because no {kind} policy allows the {row['action']} action"
    )
    return call(
        who,
        row["source"],
        row["event"],
        request=row.get("request"),
        errorCode="AccessDenied",
        errorMessage=text,
        userAgent=row.get("agent", "cli"),
        account=B,
    )


SNAPSHOTS: dict[str, list[Json]] = {
    "without a snapshot": [],
    "with a snapshot": [
        snapshot((DEPLOY, [allow("ecs:DescribeClusters")], []), (TARGET, [allow("ecs:DescribeClusters")], [trusts({"Service": "ec2.amazonaws.com"})])),
        resource_policy("arn:aws:s3:::reports-of-b", {"Effect": "Allow", "Principal": {"AWS": TARGET}, "Action": "s3:GetObject", "Resource": "*"}),
    ],
}


def statements(case: CaseFile) -> Iterator[Json]:
    for delta in case.deltas:
        for statement in delta.statements:
            yield dict(statement)


def listed(value: Any) -> list[str]:
    return [value] if isinstance(value, str) else list(value or [])


def variables(text: str) -> list[str]:
    return re.findall(r"\$\{([^}]*)\}", text)


def assert_nothing_granted_beyond(case: CaseFile, may: set[str], *, stars: int = 0) -> None:
    """`stars` are those that a table of ours puts into the resource.

    The change holds these actions alone, for the caller alone, with no wildcard and no variable out of the record."""
    names = {p.name for delta in case.deltas for p in delta.placeholders}
    for statement in statements(case):
        assert set(listed(statement["Action"])) <= may
        principals = [who for value in statement.get("Principal", {}).values() for who in listed(value)]
        assert set(principals) <= {DEPLOY, PROVIDER}, principals
        for resource in listed(statement.get("Resource")):
            assert set(variables(resource)) <= OURS | names, resource
            bare = re.sub(r"\$\{[^}]*\}", "", resource)
            assert bare == "*" or len(re.findall(r"[*?]", bare)) <= stars, resource
        for operator, keys in statement.get("Condition", {}).items():
            for value in (one for values in keys.values() for one in listed(values)):
                assert set(variables(value)) <= OURS | names
                assert re.search(r"[*?]", re.sub(r"\$\{[^}]*\}", "", value)) is None
                assert not (PATTERN_OPERATORS.search(operator) and variables(value))
    for delta in case.deltas:
        assert delta.attach_to is None or re.search(r"[*?${}\s'\"]", delta.attach_to) is None
        assert delta.attach_to == DEPLOY or "admin" not in str(delta.attach_to)


def assert_every_form_is_data(case: CaseFile) -> None:
    document = case_document(case)
    for form in FIXES:
        text = render_fix(document, form)
        assert form != "cloudformation" or "{{resolve:" not in text
        assert form != "terraform" or re.search(r"(?<!\$)\$\{(?!var\.)", re.sub(r"^#.*$", "", text, flags=re.MULTILINE)) is None


PRODUCT = [(payload["id"], field["id"]) for payload in TABLE["payload"] for field in TABLE["field"]]


def row_of(kind: str, name: str) -> Json:
    return next(row for row in TABLE[kind] if row["id"] == name)


@pytest.mark.parametrize("known", SNAPSHOTS)
@pytest.mark.parametrize(("payload", "field"), PRODUCT)
def test_a_payload_in_a_field_grants_nothing(payload: str, field: str, known: str) -> None:
    row = row_of("field", field)
    case = diagnose([attacked(row, row_of("payload", payload)["text"])], *SNAPSHOTS[known])
    assert_nothing_granted_beyond(case, {row["action"], *row.get("more", [])}, stars=row.get("stars", 0))
    assert_every_form_is_data(case)


@cache
def plain_actions(field: str) -> set[str]:
    """Without a snapshot, or with one where nothing is said without it."""
    cases = (diagnose([attacked(row_of("field", field), "plain")], *known) for known in SNAPSHOTS.values())
    return {action for case in cases for statement in statements(case) for action in listed(statement["Action"])}


@pytest.mark.parametrize("field", [row["id"] for row in TABLE["field"]])
def test_a_harmless_name_in_the_field_is_granted(field: str) -> None:
    """Without this the attacks would prove nothing."""
    row = row_of("field", field)
    assert row["action"] in plain_actions(field) or (field == "secret" and plain_actions(field))


@pytest.mark.parametrize("known", SNAPSHOTS)
@pytest.mark.parametrize("name", [row["id"] for row in TABLE["text"]])
def test_a_text_is_a_denial_only_where_the_record_says_so(name: str, known: str) -> None:
    row = row_of("text", name)
    fields = {"errorCode": row["code"]} if "code" in row else {}
    record = call(session(DEPLOY), "ecs", "ListServices", errorMessage=row["text"], **fields)
    case = diagnose([record], *SNAPSHOTS[known])
    assert [(f.principal, f.iam_action) for f in case.findings] == ([(DEPLOY, row["own"])] if "own" in row else [])
    assert_nothing_granted_beyond(case, {row["own"]} if "own" in row else set())


def test_a_mismatch_is_said() -> None:
    row = row_of("text", "another-principal")
    case = diagnose([call(session(DEPLOY), "ecs", "ListServices", errorCode=row["code"], errorMessage=row["text"])])
    assert "speaks of user mallory (account 430000000009), which is not its caller" in case.findings[0].explanation
