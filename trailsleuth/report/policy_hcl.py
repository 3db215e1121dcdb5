"""Policies in Terraform files: whose they are, and where their statements stand in the text.

Read are jsonencode() and aws_iam_policy_document, of roles that the same folder names.
Source: https://registry.terraform.io/providers/hashicorp/aws/latest/docs/data-sources/iam_policy_document
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Sequence

from msgspec import Struct
from msgspec.structs import replace

from trailsleuth.patterns import late
from trailsleuth.report.hcl_blocks import Block, end_of_expression, read_blocks, signs_of
from trailsleuth.report.policy_types import PolicySource, Span

_STRING = late(r'"((?:[^"\\]|\\.)*)"')
_TEMPLATE = late(r"\$\{[^}]*\}")
_ENCODED = late(r"jsonencode\(\s*(?=\{)")
_DOCUMENT = late(r"data\.aws_iam_policy_document\.([\w-]+)\.json")
_ROLE = late(r"(?:\$\{)?aws_iam_role\.([\w-]+)\.(?:id|name|arn)\}?")
_POLICY = late(r"aws_iam_policy\.([\w-]+)\.arn")


class File(Struct, frozen=True, kw_only=True, eq=False):
    """A file and its blocks."""

    path: str
    text: str
    blocks: Sequence[Block]

    def attribute(self, block: Block, name: str) -> str:
        start, end = block.attributes.get(name, (0, 0))
        return self.text[start:end]


def read_terraform(text: str, path: str) -> File:
    """ValueError where the file is not HCL as we know it."""
    return File(path=path, text=text, blocks=read_blocks(text))


def terraform_sources(files: Sequence[File]) -> Iterator[PolicySource]:
    """Every policy of a role in one folder: Terraform reads its files as one."""
    blocks = [(file, block) for file in files for block in file.blocks if len(block.labels) == 2]
    found = {(block.kind, *block.labels): (file, block) for file, block in blocks}
    roles = {label: _names_of(file, block) for (kind, sort, label), (file, block) in found.items() if (kind, sort) == ("resource", "aws_iam_role")}
    for (kind, sort, label), (file, block) in found.items():
        if (kind, sort) == ("resource", "aws_iam_role"):
            yield from _sources(file, block, "assume_role_policy", roles[label], found, of_trust=True)
            for inline in block.blocks:
                if inline.kind == "inline_policy":
                    yield from _sources(file, inline, "policy", roles[label], found)
        elif (kind, sort) == ("resource", "aws_iam_role_policy"):
            yield from _sources(file, block, "policy", _referred(file.attribute(block, "role"), roles), found)
        elif (kind, sort) == ("resource", "aws_iam_policy"):
            holders = _attached(label, blocks, roles)
            for source in _sources(file, block, "policy", holders, found):
                yield replace(source, shared=source.shared or len(holders) > 1 or _uses(files, f"aws_iam_policy.{label}.arn") > 1)


def _names_of(file: File, block: Block) -> tuple[str, ...]:
    for name, rest in (("name", ""), ("name_prefix", ".*")):
        said = _STRING.fullmatch(file.attribute(block, name))
        if said is not None:
            return (".*".join(re.escape(part) for part in _TEMPLATE.split(said[1])) + rest,)
    return ()


def _referred(expression: str, roles: dict[str, tuple[str, ...]]) -> tuple[str, ...]:
    labels = _ROLE.findall(expression)
    if labels:
        return tuple(name for label in labels for name in roles.get(label, ()))
    return tuple(re.escape(said) for said in _STRING.findall(expression) if "${" not in said)


def _attached(label: str, blocks: Sequence[tuple[File, Block]], roles: dict[str, tuple[str, ...]]) -> tuple[str, ...]:
    names: list[str] = []
    for file, block in blocks:
        if block.labels[0] in ("aws_iam_role_policy_attachment", "aws_iam_policy_attachment"):
            policy = _POLICY.search(file.attribute(block, "policy_arn"))
            if policy is not None and policy[1] == label:
                names += _referred(file.attribute(block, "role") or file.attribute(block, "roles"), roles)
    return tuple(names)


Found = dict[tuple[str, ...], tuple[File, Block]]


def _sources(file: File, block: Block, name: str, holders: tuple[str, ...], found: Found, *, of_trust: bool = False) -> Iterator[PolicySource]:
    start, end = block.attributes.get(name, (0, 0))
    expression = file.text[start:end]
    document = _DOCUMENT.fullmatch(expression)
    if document is not None and ("data", "aws_iam_policy_document", document[1]) in found:
        there, data = found["data", "aws_iam_policy_document", document[1]]
        statements = tuple(Span(start=one.start, end=one.end, value=None) for one in data.blocks if one.kind == "statement")
        if statements:
            whole, shared = Span(start=statements[0].start, end=statements[-1].end, value=[]), _uses({one for one, _ in found.values()}, document[0]) > 1
            made = PolicySource(path=there.path, text=there.text, whole=whole, statements=statements, form="blocks", holders=holders)
            yield replace(made, of_trust=of_trust, shared=shared)
    elif (encoded := _ENCODED.match(expression)) is not None:
        whole_span = _statement(file.text, start + encoded.end())
        if whole_span is not None:
            items = tuple(_items(file.text, whole_span[0]))
            if not items or file.text.startswith("for ", items[0].start):  # a list that is worked out
                return
            whole = Span(start=whole_span[0], end=whole_span[1], value=[])
            yield PolicySource(path=file.path, text=file.text, whole=whole, statements=items, form="hcl", holders=holders, of_trust=of_trust)


def _uses(files: Iterable[File], reference: str) -> int:
    return sum(len(re.findall(rf"\b{re.escape(reference)}\b", file.text)) for file in files)


def _statement(text: str, at: int) -> tuple[int, int] | None:
    """The list of statements in the object that starts there; None where there is none, or it is worked out."""
    depth, before = 0, ""
    for place, sign in signs_of(text, at):
        if depth == 1 and sign in ("=", ":") and before.strip('"') == "Statement":
            start = place + 1
            while text[start : start + 1].isspace():
                start += 1
            end = end_of_expression(text, start, stops="\n,")
            return (start, end) if text[start : start + 1] == "[" and end == _closing(text, start) else None
        depth += (sign in "([{") - (sign in ")]}")
        if depth <= 0:
            return None
        before = before + sign if sign.isalnum() and before.isalnum() else sign if not sign.isspace() else before
    return None


def _closing(text: str, at: int) -> int:
    """Behind the bracket that closes the one there."""
    depth = 0
    for place, sign in signs_of(text, at):
        depth += (sign in "([{") - (sign in ")]}")
        if depth == 0:
            return place + 1
    return -1


def _items(text: str, at: int) -> Iterator[Span]:
    """The objects of the list that starts there."""
    at += 1
    while True:
        start = next((place for place, sign in signs_of(text, at) if not sign.isspace() and sign != ","), -1)
        if start < 0 or text[start] == "]":
            return
        at = end_of_expression(text, start, stops=",")
        yield Span(start=start, end=at, value=None)
