"""Statements written into a policy's source, in its language and as it is laid out there."""

from __future__ import annotations

import json
from collections.abc import Iterator
from typing import Any

from trailsleuth.report.fix_aws import yaml_lines
from trailsleuth.report.fix_parts import escaped, render_value
from trailsleuth.report.fix_terraform import hcl_text, hcl_value

Json = dict[str, Any]


def yaml_items(statements: list[Json], margin: str) -> str:
    """Items of a block list; the first stands behind the margin that is there."""
    return f"\n{margin}".join(line for statement in statements for line in yaml_lines([statement], 0))


def hcl_objects(statements: list[Json], margin: str) -> str:
    """Objects of a list in jsonencode()."""
    return f",\n{margin}".join(hcl_value(statement, 0, {}).replace("\n", f"\n{margin}") for statement in statements)


def hcl_statements(statements: list[Json], margin: str) -> str:
    """`statement` blocks of aws_iam_policy_document: https://registry.terraform.io/providers/hashicorp/aws/latest/docs/data-sources/iam_policy_document"""
    blocks = ("\n".join(["statement {", *(f"  {line}" for line in _block(statement)), "}"]) for statement in statements)
    return f"\n\n{margin}".join(block.replace("\n", f"\n{margin}") for block in blocks)


_MEMBERS = {"Sid": "sid", "Effect": "effect", "Action": "actions", "NotAction": "not_actions", "Resource": "resources", "NotResource": "not_resources"}


def _block(statement: Json) -> Iterator[str]:
    for name, value in statement.items():
        if name in ("Sid", "Effect"):
            yield f"{_MEMBERS[name]} = {_text(value)}"
        elif name in _MEMBERS:
            yield f"{_MEMBERS[name]} = [{', '.join(map(_text, _listed(value)))}]"
        elif name in ("Principal", "NotPrincipal"):
            for kind, who in (value if isinstance(value, dict) else {"*": value}).items():
                head = "principals" if name == "Principal" else "not_principals"
                yield from (f"{head} {{", f"  type        = {_text(kind)}", f"  identifiers = [{', '.join(map(_text, _listed(who)))}]", "}")
        elif name == "Condition":
            for test, keys in value.items():
                for key, values in keys.items():
                    yield from ("condition {", f"  test     = {_text(test)}", f"  variable = {_text(key)}")
                    yield from (f"  values   = [{', '.join(map(_text, _listed(values)))}]", "}")


def _text(value: object) -> str:
    """A policy variable is written `&{…}` there, since `${…}` is Terraform's own."""
    text = value if isinstance(value, str) else json.dumps(value)
    return hcl_text(text.replace("${", "&{"), {})


def _listed(value: object) -> list[object]:
    return value if isinstance(value, list) else [value]


_PROGRAM = {"Sid": "sid", "Action": "actions", "Resource": "resources", "Condition": "conditions"}


def program_statements(statements: list[Json], margin: str, frame: tuple[str, str, str], *, python: bool) -> str:
    """Statements of a CDK program: https://docs.aws.amazon.com/cdk/api/v2/docs/aws-cdk-lib.aws_iam.PolicyStatementProps.html"""
    between = f"\n{margin}" if frame[0] else f",\n{margin}"
    return between.join(_in_program(statement, frame, python=python).replace("\n", f"\n{margin}") for statement in statements)


def _in_program(statement: Json, frame: tuple[str, str, str], *, python: bool) -> str:
    """By its members where those say it all, else the statement as IAM writes it."""
    before, name, after = frame
    if statement.get("Effect") != "Allow" or not statement.keys() <= {"Effect", *_PROGRAM}:
        return f"{before}{name}.{'from_json' if python else 'fromJson'}({_literal(statement, python=python)}){after}"
    listed = {_PROGRAM[key]: value if key in ("Sid", "Condition") else _listed(value) for key, value in statement.items() if key != "Effect"}
    pad, sign = ("    ", "=") if python else ("  ", ": ")
    lines = [f"{pad}{key}{sign}{_literal(value, python=python)},".replace("\n", f"\n{pad}") for key, value in listed.items()]
    inner = "\n".join(lines)
    return f"{before}{name}(\n{inner}\n){after}" if python else f"{before}new {name}({{\n{inner}\n}}){after}"


def _literal(value: object, *, python: bool) -> str:
    """A list of texts on one line where it is short."""
    quoted = (lambda text: f'"{escaped(text)}"') if python else json.dumps
    if isinstance(value, list) and sum(len(str(one)) + 4 for one in value) < 100:
        return f"[{', '.join(quoted(str(one)) for one in value)}]"
    return render_value(value, 0, text=quoted, key=quoted, separator=": ", comma=",")
