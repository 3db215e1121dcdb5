"""Error messages by the grammar of the real ones, with what an attacker may put into their names."""

from __future__ import annotations

from fuzz.choices import Choices, chance, pick
from fuzz.values import damaged, text

PRINCIPALS = (
    "arn:aws:sts::222222222222:assumed-role/ActionRole/s1",
    "arn:aws:iam::111111111111:user/ann",
    "arn:aws:iam::222222222222:root",
    "anonymous",
    "codepipeline.amazonaws.com",
)
ACTIONS = ("ecs:RegisterTaskDefinition", "iam:PassRole", "sts:AssumeRole", "s3:GetObject", "kms:Decrypt", "no:Such", "S3:getobject", "*")
RESOURCES = ("*", "arn:aws:iam::222222222222:role/TaskRole", '"arn:aws:s3:::plans/a b"', "arn:aws:kms:eu-west-1:333333333333:key/k", "")
KINDS = (
    "identity-based policy",
    "resource-based policy",
    "permissions boundary",
    "session policy",
    "service control policy",
    "VPC endpoint policy",
    "x policy",
)
TAILS = (
    " because no {kind} allows the {action} action",
    " with an explicit deny in a {kind}",
    " with an explicit deny in a {kind}: arn:aws:organizations::111111111111:policy/o-1/service_control_policy/p-1",
    "",
    ". Encoded authorization failure message: {blob}",
    " (Service: Ecs, Status Code: 400, Request ID: r)",
)
FORMS = (
    "User: {principal} is not authorized to perform: {action} on resource: {resource}{tail}",
    "User: {principal} is not authorized to perform: {action}{tail}",
    "You are not authorized to perform this operation. User: {principal} is not authorized to perform: {action}{tail}",
    "An error occurred (AccessDenied) when calling the {call} operation: User: {principal} is not authorized to perform: {action}{tail}",
    "The provided role does not have the {action} permission{tail}",
    "Role {resource} is not authorized{tail}",
    "Access Denied",
    "Insufficient permissions: {principal} {action}",
    "The service role is invalid or cannot be assumed: {resource}",
)


def message(choose: Choices) -> str:
    """One message, whole or cut, or something made to look like one."""
    parts = {
        "principal": _name(choose, PRINCIPALS),
        "action": _name(choose, ACTIONS),
        "resource": _name(choose, RESOURCES),
        "kind": _name(choose, KINDS),
        "call": _name(choose, ("UpdateService", "AssumeRole")),
        "blob": "A" * choose.number(0, 1200),
    }
    tail = pick(choose, TAILS).format(**parts)
    told = pick(choose, FORMS).format(**parts, tail=tail)
    for _ in range(choose.number(0, 2) if chance(choose, 30) else 0):
        told = told + pick(choose, ("\n", " ", "; ", "caused by: ")) + told[: choose.number(0, 400)]
    if chance(choose, 20):
        told = damaged(choose, told.encode("utf-8", "surrogatepass")).decode("utf-8", "replace")
    return told[: choose.number(0, 1100)] if chance(choose, 10) else told


def _name(choose: Choices, sound: tuple[str, ...]) -> str:
    return pick(choose, sound) if chance(choose, 80) else text(choose)
