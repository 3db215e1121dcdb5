"""Policies in CloudFormation, SAM and Serverless templates: whose they are, and where their statements stand in the text.

Sources: https://docs.aws.amazon.com/AWSCloudFormation/latest/TemplateReference/aws-resource-iam-role.html,
https://docs.aws.amazon.com/serverless-application-model/latest/developerguide/sam-resource-function.html, https://www.serverless.com/framework/docs/providers/aws/guide/iam
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import TYPE_CHECKING

from msgspec.structs import replace

from trailsleuth.patterns import late
from trailsleuth.report.policy_types import PolicySource, Span

if TYPE_CHECKING:
    from yaml.nodes import Node

_GENERATED = "[A-Za-z0-9]{8,}"  # what CloudFormation adds to a name of its own making
_SUBSTITUTED = late(r"\$\{[^}]*\}")
_ATTACHED = {"AWS::IAM::Policy": "Roles", "AWS::IAM::ManagedPolicy": "Roles", "AWS::IAM::RolePolicy": "RoleName"}


Held = tuple[tuple[str, ...], bool, "Node", bool]
"""Patterns of the role's name, whether the document is its trust policy, the document, and whether other roles have it, too."""


def template_sources(text: str, path: str) -> Iterator[PolicySource]:
    """Every policy of a role in the template; nothing where the text is no such template. ValueError where it cannot be read."""
    import yaml

    try:
        root = yaml.compose(text, Loader=yaml.SafeLoader)
    except yaml.YAMLError as cause:
        raise ValueError(str(cause).splitlines()[0]) from cause
    for holders, is_trust, document, shared in _documents(root):
        statement = _member(document, "Statement")
        if statement is not None and (statement.flow_style or _items(statement)):
            yield replace(_source(text, path, statement, holders), of_trust=is_trust, shared=shared)


def _documents(root: Node | None) -> Iterator[Held]:
    resources = dict(_pairs(_member(root, "Resources")))
    roles = {logical: _names_of(logical, _member(one, "Properties")) for logical, one in resources.items() if _text(_member(one, "Type")) == "AWS::IAM::Role"}
    referred = set(_references(root))
    for logical, one in resources.items():
        kind, properties = _text(_member(one, "Type")), _member(one, "Properties")
        if kind == "AWS::IAM::Role":
            if (trust := _member(properties, "AssumeRolePolicyDocument")) is not None:
                yield roles[logical], True, trust, False
            for policy in _items(_member(properties, "Policies")):
                if (document := _member(policy, "PolicyDocument")) is not None:
                    yield roles[logical], False, document, False
        elif kind in _ATTACHED:
            attached = _member(properties, _ATTACHED[kind])
            holders = tuple(name for one in (_items(attached) or [attached]) for name in _referred(one, roles))
            if (document := _member(properties, "PolicyDocument")) is not None:
                yield holders, False, document, len(_items(attached)) > 1 or logical in referred
        elif kind == "AWS::Serverless::Function":
            for policy in _items(_member(properties, "Policies")):
                yield (f".*-{re.escape(logical)}Role-{_GENERATED}",), False, policy, False
    yield from _serverless(root)


def _references(node: Node | None) -> Iterator[str]:
    """The logical ids that a Ref names."""
    if node is not None and node.tag == "!Ref":
        yield _text(node)
    for name, value in _pairs(node):
        yield from [_text(value)] if name == "Ref" else _references(value)
    for one in _items(node):
        yield from _references(one)


def _serverless(root: Node | None) -> Iterator[Held]:
    service, role = _text(_member(root, "service")), _member(_member(_member(root, "provider"), "iam"), "role")
    if service and role is not None and (statements := _member(role, "statements")) is not None:
        from yaml.nodes import MappingNode, ScalarNode

        document = MappingNode(tag="tag:yaml.org,2002:map", value=[(ScalarNode(tag="tag:yaml.org,2002:str", value="Statement"), statements)])
        yield (f"{re.escape(service)}-.*-lambdaRole",), False, document, False


def _names_of(logical: str, properties: Node | None) -> tuple[str, ...]:
    named = _member(properties, "RoleName")
    if named is None:
        return (f".*-{re.escape(logical)}-{_GENERATED}",)
    text = _text(named) or _text(_member(named, "Fn::Sub"))
    return (".*".join(re.escape(part) for part in _SUBSTITUTED.split(text)),) if text else ()


def _referred(node: Node | None, roles: dict[str, tuple[str, ...]]) -> tuple[str, ...]:
    """The role that is named: by its logical id, or by its name."""
    if node is None:
        return ()
    text = _text(node) or _text(_member(node, "Ref"))
    return roles.get(text, (re.escape(text),) if text and node.tag != "!Ref" else ())


def _pairs(node: Node | None) -> list[tuple[str, Node]]:
    return [(str(key.value), value) for key, value in node.value] if node is not None and node.id == "mapping" else []


def _member(node: Node | None, name: str) -> Node | None:
    return next((value for key, value in _pairs(node) if key == name), None)


def _items(node: Node | None) -> list[Node]:
    return list(node.value) if node is not None and node.id == "sequence" else []


def _text(node: Node | None) -> str:
    return str(node.value) if node is not None and node.id == "scalar" else ""


def _source(text: str, path: str, statement: Node, holders: tuple[str, ...]) -> PolicySource:
    many = statement.id == "sequence"
    spans = tuple(_span(text, node) for node in (_items(statement) if many else [statement]))
    whole = Span(start=statement.start_mark.index, end=_end(text, statement), value=[] if many else spans[0].value)
    form = "json" if statement.flow_style else "yaml"
    return PolicySource(path=path, text=text, whole=whole, statements=spans, form=form, holders=holders)


def _span(text: str, node: Node) -> Span:
    return Span(start=node.start_mark.index, end=_end(text, node), value=_value(node))


def _end(text: str, node: Node) -> int:
    """A block ends where the next one starts: without the blanks and remarks between them."""
    start, end = int(node.start_mark.index), int(node.end_mark.index)
    lines = text[start:end].splitlines(keepends=True)
    while len(lines) > 1 and (not lines[-1].strip() or lines[-1].lstrip().startswith("#")):
        lines.pop()
    return start + len("".join(lines).rstrip())


def _value(node: Node) -> object:
    """The value as JSON has it; None where a function of the template stands in it."""
    if not node.tag.startswith("tag:yaml.org"):
        return None
    if node.id == "mapping":
        members = {key: _value(value) for key, value in _pairs(node)}
        return None if None in members.values() else members
    if node.id == "sequence":
        items = [_value(one) for one in _items(node)]
        return None if None in items else items
    return str(node.value)
