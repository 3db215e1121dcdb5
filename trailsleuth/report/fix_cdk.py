"""Deltas as AWS CDK code: https://docs.aws.amazon.com/cdk/api/v2/docs/aws-cdk-lib.aws_iam-readme.html"""

from __future__ import annotations

import json

from trailsleuth.report.context import Document
from trailsleuth.report.fix_parts import NOTHING, Fix, escaped, fixes_of, hint, placeholders_of, render_value, snake, split_placeholders


def render_cdk_typescript(deltas: list[Document]) -> str:
    """TypeScript for a stack's constructor."""
    fixes = fixes_of(deltas)
    if not fixes:
        return f"// {NOTHING}\n"
    names = placeholders_of(fixes)
    lines = ["import * as iam from 'aws-cdk-lib/aws-iam';", "", "// inside the constructor of a stack in the account of the role:"]
    lines += [f"const {_camel(name)} = 'FILL_IN'; // {hint(p)}" for name, p in names.items()]
    for fix in fixes:
        lines += ["", f"// {fix.place}"]
        text = _typescript(fix.statements, names)
        if fix.mergeable:
            kind = "Role" if fix.role is not None else "User"
            variable = f"{kind.lower()}{fix.number}"
            arn = json.dumps(fix.delta["attach_to"])
            lines.append(f"const {variable} = iam.{kind}.from{kind}Arn(this, 'Trailsleuth{fix.number}', {arn});")
            lines += _typescript_managed(fix, variable, text) if fix.managed else _typescript_added(variable, text)
        elif fix.statements:
            lines += ["// add these statements to the document that is there:", f"const statements{fix.number} = {text};"]
        if fix.delta["remove"]:
            lines += ["// take out, or narrow:", f"const remove{fix.number} = {_typescript(fix.delta['remove'], names)};"]
    return "\n".join(lines) + "\n"


def _typescript_added(variable: str, text: str) -> list[str]:
    return [f"for (const statement of {text}) {{", f"  {variable}.addToPrincipalPolicy(iam.PolicyStatement.fromJson(statement));", "}"]


def _typescript_managed(fix: Fix, variable: str, text: str) -> list[str]:
    """A managed policy for the role or user; a boundary is set where the role is made."""
    owner = "roles" if fix.role is not None else "users"
    attached = "" if fix.is_boundary else f" {owner}: [{variable}],"
    after = [f"// where {variable} is made: permissionsBoundary: policy{fix.number}"] if fix.is_boundary else []
    return [
        f"const policy{fix.number} = new iam.ManagedPolicy(this, 'TrailsleuthPolicy{fix.number}', {{",
        f"  managedPolicyName: {_typescript_text(fix.policy_name, {})},{attached}",
        f"  statements: {text}.map((statement) => iam.PolicyStatement.fromJson(statement)),",
        "});",
        *after,
    ]


def render_cdk_python(deltas: list[Document]) -> str:
    """Python for a stack's constructor."""
    fixes = fixes_of(deltas)
    if not fixes:
        return f"# {NOTHING}\n"
    names = placeholders_of(fixes)
    lines = ["from aws_cdk import aws_iam as iam", "", "# inside the constructor of a stack in the account of the role:"]
    lines += [f'{snake(name)} = "FILL_IN"  # {hint(p)}' for name, p in names.items()]
    for fix in fixes:
        lines += ["", f"# {fix.place}", *_python_block(fix, names)]
    return "\n".join(lines) + "\n"


def _python_block(fix: Fix, names: dict[str, Document]) -> list[str]:
    text = _python(fix.statements, names)
    lines = []
    if fix.mergeable:
        kind = "Role" if fix.role is not None else "User"
        variable = f"{kind.lower()}_{fix.number}"
        arn = _python_string(fix.delta["attach_to"])
        lines.append(f'{variable} = iam.{kind}.from_{kind.lower()}_arn(self, "Trailsleuth{fix.number}", {arn})')
        added = [f"for statement in {text}:", f"    {variable}.add_to_principal_policy(iam.PolicyStatement.from_json(statement))"]
        lines += _python_managed(fix, variable, text) if fix.managed else added
    elif fix.statements:
        lines += ["# add these statements to the document that is there:", f"statements_{fix.number} = {text}"]
    if fix.delta["remove"]:
        lines += ["# take out, or narrow:", f"remove_{fix.number} = {_python(fix.delta['remove'], names)}"]
    return lines


def _python_managed(fix: Fix, variable: str, text: str) -> list[str]:
    owner = "roles" if fix.role is not None else "users"
    attached = "" if fix.is_boundary else f" {owner}=[{variable}],"
    after = [f"# where {variable} is made: permissions_boundary=policy_{fix.number}"] if fix.is_boundary else []
    return [
        f'policy_{fix.number} = iam.ManagedPolicy(self, "TrailsleuthPolicy{fix.number}",',
        f"    managed_policy_name={_python_text(fix.policy_name, {})},{attached}",
        f"    statements=[iam.PolicyStatement.from_json(statement) for statement in {text}],",
        ")",
        *after,
    ]


def _typescript(value: object, names: dict[str, Document]) -> str:
    return render_value(value, 0, text=lambda text: _typescript_text(text, names), key=json.dumps, separator=": ", comma=",")


def _python(value: object, names: dict[str, Document]) -> str:
    return render_value(value, 0, text=lambda text: _python_text(text, names), key=_python_string, separator=": ", comma=",")


def _typescript_text(text: str, names: dict[str, Document]) -> str:
    """A string; with placeholders a sum of strings and variables. JSON's strings are TypeScript's."""
    return " + ".join(_camel(piece) if is_name else json.dumps(piece) for is_name, piece in split_placeholders(text, names))


def _python_text(text: str, names: dict[str, Document]) -> str:
    return " + ".join(snake(piece) if is_name else _python_string(piece) for is_name, piece in split_placeholders(text, names))


def _python_string(text: str) -> str:
    return f'"{escaped(text)}"'


def _camel(name: str) -> str:
    first, *rest = snake(name).split("_")
    return first + "".join(part.capitalize() for part in rest)
