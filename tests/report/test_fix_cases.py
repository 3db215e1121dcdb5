"""The change of every case, read back from every language it is written in: it says what the delta says."""

from __future__ import annotations

import ast
import json
import re
import shutil
import subprocess
from functools import cache

import pytest

from tests.test_cases import CASES, diagnosed
from trailsleuth.report.fix import render_fix
from trailsleuth.report.fix_parts import fixes_of

TOKENS = re.compile(r'"(?:[^"\\]|\\.)*"|[{}\[\],=:]|[^\s{}\[\],=:"]+')
LITERAL = {"terraform": r"jsonencode\(|_\d+ = (?=[\[{])", "cdk": r"of (?=\[)|\d = (?=\[)"}


@cache
def cases():
    """Every case that has a change without a place to fill in, by name."""
    found = {folder.name: diagnosed(folder) for folder in sorted(CASES.iterdir())}
    return {name: answer for name, answer in found.items() if answer["deltas"] and not any(delta["placeholders"] for delta in answer["deltas"])}


def policies(document):
    """What has to be found in any language: the statements of what stands by itself, and of what is to be merged, and removals."""
    fixes = fixes_of(document["deltas"])
    alone = [fix.delta["document"] for fix in fixes if fix.mergeable]
    merged = [fix.statements for fix in fixes if fix.statements and not fix.mergeable]
    return alone, merged, [fix.delta["remove"] for fix in fixes if fix.delta["remove"]]


def literal_at(text, start):
    """The braces-and-brackets literal that starts there, as JSON: HCL and TypeScript write members on lines of their own, with commas at their ends."""
    tokens, depth, out = TOKENS.finditer(text, start), 0, []
    for token in tokens:
        sign = token.group()
        depth += sign in "{[" and len(sign) == 1
        depth -= sign in "}]" and len(sign) == 1
        closing = sign in {"}", "]"}
        if sign == ",":
            continue
        if out and not closing and out[-1] not in {"{", "[", ":"} and sign not in {"=", ":"}:
            out.append(",")
        out.append(":" if sign == "=" else sign)
        if depth == 0:
            break
    return json.loads("".join(out).replace("$${", "${").replace("%%{", "%{"))


def literals(form, text):
    return [literal_at(text, found.end()) for found in re.finditer(LITERAL[form], text)]


def listed(*values):
    return sorted(json.dumps(value, sort_keys=True) for group in values for value in group)


def test_nearly_all_cases_are_looked_at():
    assert len(cases()) > 100


def test_terraform_says_what_the_deltas_say():
    for name, document in cases().items():
        assert listed(literals("terraform", render_fix(document, "terraform"))) == listed(*policies(document)), name


def test_terraform_is_hcl():
    hcl2 = pytest.importorskip("hcl2")
    for document in cases().values():
        hcl2.loads(render_fix(document, "terraform"))


def test_cdk_says_what_the_deltas_say():
    for name, document in cases().items():
        alone, merged, removed = policies(document)
        statements = [policy["Statement"] for policy in alone]
        assert listed(literals("cdk", render_fix(document, "cdk"))) == listed(statements, merged, removed), name
        tree = ast.parse(render_fix(document, "cdk-python"))
        loops = [ast.literal_eval(node.iter) for node in ast.walk(tree) if isinstance(node, ast.For)]
        values = [node.value for node in tree.body if isinstance(node, ast.Assign)]
        assigned = [ast.literal_eval(value) for value in values if isinstance(value, ast.List)]
        assert listed(loops, assigned) == listed(statements, merged, removed), name


def plain(value):
    """A CloudFormation value with Fn::Sub undone."""
    if isinstance(value, dict):
        return value["Fn::Sub"].replace("${!", "${") if set(value) == {"Fn::Sub"} else {key: plain(member) for key, member in value.items()}
    return [plain(member) for member in value] if isinstance(value, list) else value


def test_cloudformation_says_what_the_deltas_say():
    yaml = pytest.importorskip("yaml")
    for name, document in cases().items():
        alone, merged, removed = policies(document)
        template = yaml.safe_load(render_fix(document, "cloudformation"))
        resources = template["Resources"].values()
        by_hand = template.get("Metadata", {}).get("Trailsleuth", {}).values()
        assert listed(plain(one["Properties"]["PolicyDocument"]) for one in resources if "Properties" in one) == listed(alone), name
        assert listed(one["AddStatements"] for one in by_hand if "AddStatements" in one) == listed(merged), name
        assert listed(one["TakeOutOrNarrow"] for one in by_hand if "TakeOutOrNarrow" in one) == listed(removed), name


@pytest.mark.skipif(shutil.which("bash") is None, reason="needs a shell")
def test_the_shell_commands_put_what_the_deltas_say(tmp_path):
    aws = 'aws() { printf \'%s\\n\' "${@: -1}" > "alone-$RANDOM$RANDOM.json"; }\n'
    for name, document in cases().items():
        folder = tmp_path / name
        folder.mkdir()
        subprocess.run(["bash", "-euc", aws + render_fix(document, "cli")], check=True, cwd=folder, capture_output=True)
        alone, merged, _ = policies(document)
        assert listed(json.loads(path.read_text()) for path in folder.glob("alone-*.json")) == listed(alone), name
        assert listed(json.loads(path.read_text()) for path in folder.glob("trailsleuth-*.json")) == listed(merged), name
