"""What to do with an answer: who can make each change, what becomes of a denying statement, and the next commands."""

from __future__ import annotations

import shlex
from collections.abc import Iterator

from trailsleuth.model import parse_arn
from trailsleuth.report.context import Document
from trailsleuth.report.sanitize import one_line
from trailsleuth.report.words import POLICY_TYPE, name_of, plural

_RESOURCE_POLICIES = {"s3": "bucket policy", "kms": "key policy", "sqs": "queue policy", "sns": "topic policy", "ecr": "repository policy"}
_ORGANIZATION = "the organization's management account, or its delegated administrator for policies"
_OWNERS = {
    "identity": "whoever manages IAM{where}",
    "trust": "whoever manages IAM{where}",
    "boundary": "whoever owns the boundary{where}; the role's own administrators often may not",
    "resource": "the owner of the resource{where}",
    "scp": _ORGANIZATION,
    "rcp": _ORGANIZATION,
    "vpc_endpoint": "the owner of the VPC endpoint{where}",
    "session": "whoever assumes the role{where}: the policy is passed along with the call",
}
_MOST = 5
FIX_FORMS = "terraform, cloudformation, cdk, cdk-python, cli or json"


def kind_of(delta: Document) -> str:
    """`key policy` rather than `resource policy`, where the resource tells."""
    arn = parse_arn(delta["attach_to"])
    if delta["policy_type"] == "resource" and arn is not None:
        return _RESOURCE_POLICIES.get(arn.service, "resource policy")
    return POLICY_TYPE.get(delta["policy_type"], str(delta["policy_type"]))


def change_line(delta: Document) -> str:
    """The change in one line: `identity policy of Deploy: add ecs:RunTask`."""
    named = [action for statement in delta["document"]["Statement"] for action in listed(statement.get("Action") or statement.get("NotAction"))]
    actions = list(dict.fromkeys(named))
    more = f" and {len(actions) - _MOST} more" if len(actions) > _MOST else ""
    parts = [f"add {', '.join(actions[:_MOST])}{more}"] if actions else []
    if delta["remove"]:
        parts.append(f"narrow or take out {plural(len(delta['remove']), 'statement')}")
    return f"{kind_of(delta)} of {name_of(delta['attach_to'])}: {'; '.join(parts)}"


def listed(value: object) -> list[str]:
    """One or many, as a list."""
    return [str(one) for one in value] if isinstance(value, list) else [str(value)] if value else []


def owner_of(delta: Document) -> str:
    """Who can make the change, and in which account."""
    if "/aws-reserved/sso.amazonaws.com/" in (delta["attach_to"] or ""):
        return "whoever manages permission sets in IAM Identity Center: the role itself cannot be changed"
    if "maker" in delta:
        return f"{delta['maker']['name']}, which makes this role, and not an edit by hand"
    where = f" in account {delta['account']}" if delta["account"] else ""
    return _OWNERS.get(delta["policy_type"], "its owner{where}").format(where=where)


def title_of(delta: Document) -> str:
    """What the change is, in a line: `add to the key policy`, or who makes the role that must change."""
    if "maker" in delta:
        return f"by {delta['maker']['name']}, not by hand: the {kind_of(delta)}"
    return f"{'add to' if delta['document']['Statement'] else 'change'} the {kind_of(delta)}"


def by_its_maker(delta: Document) -> str:
    """What to run or to change in place of an edit by hand, where a tool makes the role; the document says what that has to allow."""
    then = "What it has to allow then:" if delta["document"]["Statement"] else "What has to change then:"
    return f"{delta['maker']['instead']} {then}" if "maker" in delta else ""


def removal_parts(entry: Document) -> list[tuple[str, object | None]]:
    """What becomes of a statement, as sentences, each with the JSON that belongs to it."""
    statement = entry.get("statement")
    sid = statement.get("Sid") if isinstance(statement, dict) else None
    named = f"statement {sid}" if sid else "this statement"
    where = f"{named} of policy {entry.get('policy') or 'unknown'}"
    parts: list[tuple[str, object | None]] = []
    if entry.get("request_change"):
        parts.append((f"either {entry['request_change']}", None))
    start = "or " if parts else ""
    if entry.get("instead") is not None:
        return [*parts, (f"{start}narrow {where} to:", entry["instead"])]
    if entry.get("principals"):
        return [*parts, (f"{start}take {', '.join(map(str, entry['principals']))} out of {where}:", statement)]
    return [*parts, (f"{start}take out {where}:", statement if statement is not None else entry)]


def next_steps(document: Document) -> list[tuple[str, str]]:
    """What to do now, in order: a sentence, and the command for it ("" where the sentence says it all)."""
    return list(_steps(document))


def _steps(document: Document) -> Iterator[tuple[str, str]]:
    deltas = document["deltas"]
    for name in dict.fromkeys(delta["maker"]["name"] for delta in deltas if "maker" in delta):
        yield f"change it through {name}, as said with the change: an edit by hand is undone", ""
    if by_hand := [delta for delta in deltas if "maker" not in delta]:
        accounts = list(dict.fromkeys(delta["account"] or "an unknown account" for delta in by_hand))
        yield f"make the change in {' and '.join(accounts)}: the same command with --fix prints it as {FIX_FORMS}", ""
    execution = document["execution"]
    if execution is None:
        return
    if deltas and execution["pipeline"] and execution["stage"] and execution["execution_id"]:
        names = {"--pipeline-name": "pipeline", "--stage-name": "stage", "--pipeline-execution-id": "execution_id"}
        told = " ".join(f"{option} {shlex.quote(one_line(execution[key]))}" for option, key in names.items())
        yield "then retry the stage", f"aws codepipeline retry-stage-execution {told} --retry-mode FAILED_ACTIONS"
    if document["outcome"] == "no_denial_found" and execution["error_message"]:
        yield "see what else this error can mean", f"trailsleuth explain {shlex.quote(one_line(execution['error_message']))}"
