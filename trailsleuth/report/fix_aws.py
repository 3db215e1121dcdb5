"""Deltas as a CloudFormation template, and as AWS CLI commands that are printed, never run."""

from __future__ import annotations

import json
import re
import shlex

from trailsleuth.report.context import Document
from trailsleuth.report.fix_parts import NOTHING, Fix, escaped, fixes_of, hint, placeholders_of, snake, split_placeholders
from trailsleuth.report.json import policy_json

_YAML_WORDS = frozenset({"null", "true", "false", "yes", "no", "on", "off", "y", "n"})
_RESOLVED = "a name in it holds {{ resolve:, which CloudFormation would replace by a value; make this change with another tool"
_FILLER = {"TrailsleuthNothingToAdd": {"Type": "AWS::CloudFormation::WaitConditionHandle"}}
_REPLACING_COMMANDS = {
    "trust": "aws iam update-assume-role-policy --role-name NAME --policy-document file://merged.json",
    "scp": "aws organizations update-policy --policy-id ID --content file://merged.json",
    "rcp": "aws organizations update-policy --policy-id ID --content file://merged.json",
    "vpc_endpoint": "aws ec2 modify-vpc-endpoint --vpc-endpoint-id ID --policy-document file://merged.json",
    "boundary": "aws iam create-policy-version --policy-arn ARN --set-as-default --policy-document file://merged.json",
    "resource": "the put-...-policy command of the resource's service",
}


def render_cloudformation(deltas: list[Document]) -> str:
    """A YAML template; statements that must be merged by hand stand in its Metadata."""
    all_fixes = fixes_of(deltas)
    fixes = [fix for fix in all_fixes if not _resolved_by_cloudformation(fix)]
    left_out = [f"# {fix.place.replace('{{', '{ {')}: {_RESOLVED}" for fix in all_fixes if fix not in fixes]
    if not fixes:
        return "\n".join(left_out or [f"# {NOTHING}"]) + "\n"
    names = placeholders_of(fixes)
    template: dict[str, object] = {"AWSTemplateFormatVersion": "2010-09-09"}
    by_hand = {f"Merge{fix.number}": _by_hand(fix) for fix in fixes if not fix.mergeable or fix.delta["remove"]}
    if by_hand:
        template["Metadata"] = {"Trailsleuth": by_hand}
    if names:
        template["Parameters"] = {_logical(name): {"Type": "String", "Description": hint(p)[:4000]} for name, p in names.items()}
    template["Resources"] = {f"Trailsleuth{fix.number}": _resource(fix, names) for fix in fixes if fix.mergeable} or _FILLER
    return "\n".join([*left_out, *yaml_lines(template, 0)]) + "\n"


def _resolved_by_cloudformation(fix: Fix) -> bool:
    """A text of the change would be a dynamic reference there, which no quoting keeps literal.

    Source: https://docs.aws.amazon.com/AWSCloudFormation/latest/UserGuide/dynamic-references.html
    """
    return "{{resolve:" in json.dumps(fix.delta, default=str)


def _by_hand(fix: Fix) -> dict[str, object]:
    add = {"AddStatements": fix.statements} if fix.statements and not fix.mergeable else {}
    return {"Into": fix.place, **add, **({"TakeOutOrNarrow": fix.delta["remove"]} if fix.delta["remove"] else {})}


def _resource(fix: Fix, names: dict[str, Document]) -> dict[str, object]:
    kind, owner = ("Role", fix.role) if fix.role is not None else ("User", fix.user)
    document = _substituted(fix.delta["document"], names)
    if fix.managed:
        attached = {} if fix.is_boundary else {f"{kind}s": [owner]}
        return {"Type": "AWS::IAM::ManagedPolicy", "Properties": {"ManagedPolicyName": fix.policy_name, **attached, "PolicyDocument": document}}
    properties = {"PolicyName": fix.policy_name, f"{kind}Name": owner, "PolicyDocument": document}
    return {"Type": f"AWS::IAM::{kind}Policy", "Properties": properties}


def _substituted(value: object, names: dict[str, Document]) -> object:
    """Strings with placeholders as Fn::Sub, in which `${!…}` keeps a policy variable literal."""
    if isinstance(value, dict):
        return {key: _substituted(member, names) for key, member in value.items()}
    if isinstance(value, list):
        return [_substituted(member, names) for member in value]
    if not isinstance(value, str):
        return value
    pieces = split_placeholders(value, names)
    if not any(is_name for is_name, _ in pieces):
        return value
    return {"Fn::Sub": "".join(f"${{{_logical(piece)}}}" if is_name else piece.replace("${", "${!") for is_name, piece in pieces)}


def _logical(name: str) -> str:
    return re.sub(r"[^A-Za-z0-9]", "", name) or "Value"


def yaml_lines(value: object, depth: int) -> list[str]:
    """Block style; every string, and every key that needs it, in double quotes: https://yaml.org/spec/1.2.2/#731-double-quoted-style"""
    pad = "  " * depth
    if isinstance(value, dict):
        return [line for key, member in value.items() for line in _yaml_member(f"{pad}{_yaml_key(key)}:", member, depth)]
    if isinstance(value, list):
        return [line for member in value for line in _yaml_item(pad, member, depth)]
    return [f"{pad}{_yaml_scalar(value)}"]


def _yaml_key(key: str) -> str:
    plain = re.fullmatch(r"[A-Za-z][A-Za-z0-9]*", key) and key.lower() not in _YAML_WORDS
    return key if plain else f'"{escaped(key)}"'


def _yaml_scalar(value: object) -> str:
    return f'"{escaped(value)}"' if isinstance(value, str) else json.dumps(value)


def _yaml_member(head: str, member: object, depth: int) -> list[str]:
    if isinstance(member, dict | list) and member:
        return [head, *yaml_lines(member, depth + 1)]
    return [f"{head} {_yaml_scalar(member)}"]


def _yaml_item(pad: str, member: object, depth: int) -> list[str]:
    if isinstance(member, dict | list) and member:
        first, *rest = yaml_lines(member, depth + 1)
        return [f"{pad}- {first[len(pad) + 2 :]}", *rest]
    return [f"{pad}- {_yaml_scalar(member)}"]


def render_cli(deltas: list[Document]) -> str:
    """A shell script of AWS CLI commands; placeholders are variables at its head."""
    fixes = fixes_of(deltas)
    if not fixes:
        return f"# {NOTHING}\n"
    names = placeholders_of(fixes)
    lines = [line for name, p in names.items() for line in (f"# {hint(p)}", f"{snake(name)}='FILL_IN'")]
    for fix in fixes:
        lines += ["", f"# {fix.place}"]
        if fix.delta["remove"]:
            lines += ["# take out, or narrow:", *(f"#   {line}" for line in policy_json(fix.delta["remove"]).splitlines())]
        if fix.mergeable:
            kind, owner = ("role", fix.role) if fix.role is not None else ("user", fix.user)
            policy = _shell_text(json.dumps(fix.delta["document"]), names)
            lines += _commands(fix, kind, shlex.quote(owner or ""), policy)
        elif fix.statements:
            file = f"trailsleuth-{fix.delta['policy_type']}-{fix.number}.json"
            lines += ["# add these statements to the document that is there, then put the whole back:"]
            lines += [f"#   {_REPLACING_COMMANDS.get(fix.delta['policy_type'], 'by hand')}"]
            lines.append(f"printf '%s\\n' {_shell_text(policy_json(fix.statements), names)} > {file}")
    return "\n".join(lines).lstrip("\n") + "\n"


def _commands(fix: Fix, kind: str, owner: str, policy: str) -> list[str]:
    """An inline policy is one command; a managed one is made, then attached or set as the boundary."""
    name, arn = shlex.quote(fix.policy_name), shlex.quote(fix.policy_arn)
    if not fix.managed:
        return [f"aws iam put-{kind}-policy --{kind}-name {owner} --policy-name {name} --policy-document {policy}"]
    then = f"put-{kind}-permissions-boundary --permissions-boundary" if fix.is_boundary else f"attach-{kind}-policy --policy-arn"
    return [f"aws iam create-policy --policy-name {name} --policy-document {policy}", f"aws iam {then} {arn} --{kind}-name {owner}"]


def _shell_text(text: str, names: dict[str, Document]) -> str:
    return "".join(f'"${snake(piece)}"' if is_name else shlex.quote(piece) for is_name, piece in split_placeholders(text, names))
