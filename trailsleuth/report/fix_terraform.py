"""Deltas as Terraform HCL: https://developer.hashicorp.com/terraform/language/syntax/configuration"""

from __future__ import annotations

from trailsleuth.report.context import Document
from trailsleuth.report.fix_parts import NOTHING, Fix, escaped, fixes_of, hint, placeholders_of, render_value, snake, split_placeholders


def render_terraform(deltas: list[Document]) -> str:
    """One aws_iam_role_policy or aws_iam_user_policy a delta; what must be merged by hand is a local value to concat."""
    fixes = fixes_of(deltas)
    if not fixes:
        return f"# {NOTHING}\n"
    names = placeholders_of(fixes)
    blocks = [f'variable "{snake(name)}" {{\n  type        = string\n  description = {hcl_text(hint(p), {})}\n}}' for name, p in names.items()]
    return "\n\n".join([*blocks, *(_block(fix, names) for fix in fixes)]) + "\n"


def _block(fix: Fix, names: dict[str, Document]) -> str:
    comments = [f"# {fix.place}"]
    if fix.delta["remove"]:
        comments.append("# take out, or narrow: see local trailsleuth_remove_" + str(fix.number))
    body: list[str] = []
    if fix.mergeable and fix.managed:
        body += _managed(fix, names)
    elif fix.mergeable:
        kind, owner = ("role", fix.role) if fix.role is not None else ("user", fix.user)
        policy = hcl_value(fix.delta["document"], 1, names)
        body.append(
            f'resource "aws_iam_{kind}_policy" "trailsleuth_{fix.number}" {{\n  name = "{fix.policy_name}"\n  {kind} = {hcl_text(owner or "", names)}\n'
            f"  policy = jsonencode({policy})\n}}"
        )
    elif fix.statements:
        comments.append("# add these statements to the document that is there, e.g. with concat()")
        body.append(f"locals {{\n  trailsleuth_statements_{fix.number} = {hcl_value(fix.statements, 1, names)}\n}}")
    if fix.delta["remove"]:
        body.append(f"locals {{\n  trailsleuth_remove_{fix.number} = {hcl_value(fix.delta['remove'], 1, names)}\n}}")
    return "\n".join(comments) + "\n" + "\n\n".join(body)


def _managed(fix: Fix, names: dict[str, Document]) -> list[str]:
    """A managed policy, and its attachment where it is no boundary."""
    kind, owner = ("role", fix.role) if fix.role is not None else ("user", fix.user)
    policy = hcl_value(fix.delta["document"], 1, names)
    made = f'resource "aws_iam_policy" "trailsleuth_{fix.number}" {{\n  name = {hcl_text(fix.policy_name, {})}\n  policy = jsonencode({policy})\n}}'
    arn = f"aws_iam_policy.trailsleuth_{fix.number}.arn"
    if fix.is_boundary:
        return [made, f"# in the resource of the {kind}: permissions_boundary = {arn}"]
    block = f'resource "aws_iam_{kind}_policy_attachment" "trailsleuth_{fix.number}"'
    return [made, f"{block} {{\n  {kind} = {hcl_text(owner or '', names)}\n  policy_arn = {arn}\n}}"]


def hcl_value(value: object, depth: int, names: dict[str, Document]) -> str:
    """A policy as an HCL expression."""
    return render_value(value, depth, text=lambda text: hcl_text(text, names), key=lambda name: hcl_text(name, {}), separator=" = ", comma="")


def hcl_text(text: str, names: dict[str, Document]) -> str:
    """A quoted template: placeholders as variables, every other `${` and `%{` spelled so that it stays text."""
    pieces = (f"${{var.{snake(piece)}}}" if is_name else _literal(piece) for is_name, piece in split_placeholders(text, names))
    return f'"{"".join(pieces)}"'


def _literal(text: str) -> str:
    return escaped(text).replace("${", "$${").replace("%{", "%%{")
