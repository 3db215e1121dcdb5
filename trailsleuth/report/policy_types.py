"""A policy's source file, and what a change does to it."""

from __future__ import annotations

import difflib
import json
from typing import Any

from msgspec import Struct

from trailsleuth.report.sanitize import visible

_TRUST_ACTION = "sts:assumerole"


class Span(Struct, frozen=True, kw_only=True):
    """A value in the text: where it starts and ends, and what it is."""

    start: int
    end: int
    value: Any


class PolicySource(Struct, frozen=True, kw_only=True):
    """A policy document as its file holds it. `statements` are its statements with their places, `whole` the value of `Statement`.

    `form` is json, yaml, hcl (an object of jsonencode), blocks (of aws_iam_policy_document), typescript or python; `holders` are patterns of the names of the
    roles that have the policy, where the file tells, and `of_trust` then says that it is their trust policy.
    `frame`: what stands before a statement in a program, the name of its class there, and what stands behind it.
    `shared`: others have it, too, and a statement added for one would be theirs.
    """

    path: str
    text: str
    whole: Span
    statements: tuple[Span, ...]
    form: str = "json"
    holders: tuple[str, ...] = ()
    of_trust: bool = False
    shared: bool = False
    frame: tuple[str, str, str] = ("", "", "")

    @property
    def has_principals(self) -> bool:
        """Whether it is a trust or a resource policy."""
        return any(isinstance(one.value, dict) and {"Principal", "NotPrincipal"} & one.value.keys() for one in self.statements)

    @property
    def is_trust(self) -> bool:
        """Whether it says who may assume a role."""
        return self.of_trust or (self.has_principals and _TRUST_ACTION in json.dumps([one.value for one in self.statements]).lower())


class Edit(Struct, frozen=True, kw_only=True):
    """What a delta does to a source: the signs from `start` to `end` become `text`. `finding_ids` are those that it cures."""

    start: int
    end: int
    text: str
    finding_ids: tuple[str, ...]


class Patch(Struct, frozen=True, kw_only=True):
    """The edits to a source, in its order, and what of the delta has no place in it."""

    source: PolicySource
    edits: tuple[Edit, ...]
    missing: tuple[str, ...] = ()

    @property
    def text(self) -> str:
        """The patched file."""
        out, end = [], 0
        for edit in self.edits:
            out += [self.source.text[end : edit.start], edit.text]
            end = edit.end
        return "".join([*out, self.source.text[end:]])

    @property
    def diff(self) -> str:
        """As a unified diff that `patch` and `git apply` take."""
        name = self.source.path.lstrip("/")
        lines = difflib.unified_diff(_lines(self.source.text), _lines(self.text), f"a/{name}", f"b/{name}")
        return "".join(line if line.endswith("\n") else f"{line}\n\\ No newline at end of file\n" for line in lines)

    def shown_diff(self) -> list[str]:
        """The diff's lines, harmless on any screen."""
        return [visible(line) for line in self.diff.splitlines()]


def _lines(text: str) -> list[str]:
    return text.splitlines(keepends=True)
