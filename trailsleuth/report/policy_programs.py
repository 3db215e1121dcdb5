"""Policies in AWS CDK programs: the statements that a program adds to a role, where it says beyond doubt which role.

Read are roles that a variable holds, with `addToPolicy(new iam.PolicyStatement(...))` and its kin in the same block, and `inlinePolicies` of a role.
A call inside a loop or a condition, a role that is named at run time, a construct that other classes use: none of them is touched.
Sources: https://docs.aws.amazon.com/cdk/api/v2/docs/aws-cdk-lib.aws_iam-readme.html,
https://docs.aws.amazon.com/cdk/v2/guide/identifiers.html (the logical id: the ids of the path, without `Resource`, and eight signs of a hash)
"""

from __future__ import annotations

import re
from collections.abc import Sequence

from msgspec import Struct

from trailsleuth.report.policy_types import PolicySource, Span

ROLE_OF = {"Role": "", "Project": "Role", "PipelineProject": "Role"} | dict.fromkeys(
    ("Function", "NodejsFunction", "PythonFunction", "DockerImageFunction", "GoFunction"), "ServiceRole"
)
"""Constructs and what stands in a logical id behind theirs: the role that they make, where they are given none."""
_HASH = "[0-9A-F]{4,8}"  # eight signs; a long name is cut
_GENERATED = "[A-Za-z0-9]{8,}"  # what CloudFormation adds to a name of its own making
_LEAST = 3  # signs of a name that are written out


class Maker(Struct, frozen=True, kw_only=True):
    """A construct that makes a role: its place, patterns of the role's name, and the policies that the program writes for it."""

    path: str
    line: int
    holders: tuple[str, ...]
    sources: tuple[PolicySource, ...]


class Frame(Struct, frozen=True, kw_only=True):
    """A statement in a program: what stands before and behind it, and the name of its class there."""

    before: str
    statement: str
    after: str


def named(parts: Sequence[str]) -> tuple[str, ...]:
    """The pattern of a name that is written out but for what stands between the parts."""
    return (".*".join(map(re.escape, parts)),) if sum(map(len, parts)) >= _LEAST else ()


def generated(identifier: str, construct: str) -> tuple[str, ...]:
    """The pattern of the name that CloudFormation makes for the role of a construct in a stack."""
    identifier = re.sub(r"[^A-Za-z0-9]", "", identifier)
    logical = identifier if identifier.endswith(ROLE_OF[construct]) else identifier + ROLE_OF[construct]
    return (f".*-{logical}{_HASH}-{_GENERATED}",) if logical else ()


def source_of(path: str, text: str, spans: Sequence[Span], holders: tuple[str, ...], frame: Frame) -> PolicySource:
    """The statements as a policy that one more can be put behind."""
    form = "python" if path.endswith(".py") else "typescript"
    whole = Span(start=spans[0].start, end=spans[-1].end, value=[])
    return PolicySource(
        path=path, text=text, whole=whole, statements=tuple(spans), form=form, holders=holders, frame=(frame.before, frame.statement, frame.after)
    )


def makers_of(makers: Sequence[Maker], name: str) -> list[Maker]:
    """The constructs that may make the role of that name."""
    return [one for one in makers if name and any(re.fullmatch(holder, name) for holder in one.holders)]
