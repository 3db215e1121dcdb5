"""Every attack string through every text field of a case, into every format, checked by a parser of that format."""

from __future__ import annotations

import ast
import csv
import io
import json
import re
import subprocess
import time
import unicodedata
import xml.etree.ElementTree as ET
from collections.abc import Mapping
from enum import Enum
from functools import cache
from html.parser import HTMLParser

import pytest
from msgspec import Struct
from msgspec.structs import fields, replace

from tests.report.attacks import ALL
from tests.report.build import DEPLOY_ROLE, SERVICE_ROLE, a_delta, the_founding_case
from trailsleuth.model import PolicyType
from trailsleuth.report.context import RenderContext
from trailsleuth.report.document import case_document
from trailsleuth.report.embedded import embedded_coverage, embedded_report
from trailsleuth.report.fix import FIXES, render_fix
from trailsleuth.report.formats import FORMS, render
from trailsleuth.report.redact import redact

HARMLESS = "harmless"
HIDDEN = {"Cc", "Cf", "Cs", "Co", "Zl", "Zp"}  # control, format, surrogate, private use, line and paragraph separators


def test_there_are_enough_attacks():
    assert len(ALL) >= 60


def infected(value, text):
    """The value with every text in it, keys included, replaced; enums and times stay."""
    if isinstance(value, Enum):
        return value
    if isinstance(value, str):
        return text
    if isinstance(value, Struct):
        return replace(value, **{field.name: infected(getattr(value, field.name), text) for field in fields(value)})
    if isinstance(value, Mapping):
        return {infected(key, text): infected(member, text) for key, member in value.items()}
    if isinstance(value, tuple | list):
        return type(value)(infected(member, text) for member in value)
    return value


def the_case():
    trust = a_delta(
        policy_type=PolicyType.TRUST, statements=({"Effect": "Allow", "Principal": {"AWS": SERVICE_ROLE}, "Action": "sts:AssumeRole"},), placeholders=()
    )
    removed = a_delta(remove=({"Sid": "Old", "Effect": "Deny"},))
    return replace(the_founding_case(), deltas=(a_delta(), trust, removed))


@cache
def infected_case(text):
    """Everything replaced; only the first delta keeps a real role, so that its statements reach every form of a fix."""
    case = infected(the_case(), text)
    first, second, third = case.deltas
    return replace(case, deltas=(replace(first, attach_to=DEPLOY_ROLE), second, replace(third, attach_to=f"arn:aws:iam::444455556666:role/{text}")))


@cache
def document_of(text):
    return case_document(infected_case(text))


@pytest.fixture(params=ALL, ids=lambda text: ascii(text)[:40])
def attack(request):
    return request.param


HARMFUL = re.compile("[" + "".join(re.escape(chr(code)) for code in range(0x11000) if code != 10 and unicodedata.category(chr(code)) in HIDDEN) + "]")


def assert_harmless_signs(text, form):
    assert HARMFUL.search(text) is None, form
    assert not any(sign >= "\U000e0000" for sign in text), form


def test_no_format_holds_a_control_bidi_or_unpaired_sign(attack):
    for form in FORMS:
        text = render(document_of(attack), form, RenderContext(everything=True)).replace("\r\n", "\n")
        assert_harmless_signs(text, form)
        text.encode()


def test_no_fix_holds_a_control_bidi_or_unpaired_sign(attack):
    for form in FIXES:
        text = render_fix(document_of(attack), form)
        assert_harmless_signs(text, form)
        text.encode()


def test_a_table_keeps_its_headings_and_its_width(attack):
    text = render(document_of(attack), "table", RenderContext(everything=True))
    plain = render(document_of(HARMLESS), "table", RenderContext(everything=True))
    heading = re.compile(r"^[A-Z][A-Z ]+(?: \(.*\))?$", re.M)
    assert heading.findall(text) == heading.findall(plain)


def test_json_and_json_lines_say_exactly_what_the_document_says(attack):
    document = document_of(attack)
    assert json.loads(render(document, "json", RenderContext())) == document
    rows = [json.loads(line) for line in render(document, "jsonl", RenderContext()).splitlines()]
    assert [row["type"] for row in rows] == ["case", "chain", *["finding"] * 4, *["delta"] * 3, "background", "question", "coverage"]


def test_csv_keeps_its_cells_and_none_is_a_formula(attack):
    rows = list(csv.reader(io.StringIO(render(document_of(attack), "csv", RenderContext()), newline="")))
    assert [len(row) for row in rows] == [20] * 5
    assert not [cell for row in rows for cell in row if cell[:1] in {"=", "+", "-", "@", "|", "%", "\t", "\r"}]


class Shape(HTMLParser):
    """The elements with their attributes, but for the values that carry text."""

    def __init__(self):
        super().__init__(convert_charrefs=True)
        self.seen = []

    def handle_starttag(self, tag, attrs):
        self.seen.append((tag, tuple((name, value if name in {"class", "http-equiv", "content"} else None) for name, value in attrs)))

    def handle_endtag(self, tag):
        self.seen.append(("/", tag))

    def handle_comment(self, data):
        self.seen.append(("comment", data))

    def handle_pi(self, data):
        self.seen.append(("pi", data))

    def unknown_decl(self, data):
        self.seen.append(("declaration", data))


def shape(html):
    parser = Shape()
    parser.feed(html)
    parser.close()
    return parser.seen


def test_html_keeps_its_elements(attack):
    assert shape(render(document_of(attack), "html", RenderContext())) == shape(render(document_of(HARMLESS), "html", RenderContext()))


def test_an_embedded_report_is_one_frame_whatever_is_in_it(attack):
    assert [tag for tag, *_ in shape(embedded_report(render(document_of(attack), "html", RenderContext())))] == ["iframe", "/"]
    assert shape(embedded_coverage(infected_case(attack).coverage)) == shape(embedded_coverage(infected_case(HARMLESS).coverage))


def markdown_shape(text):
    from markdown_it import MarkdownIt

    def walk(tokens):
        for token in tokens:
            if token.type not in {"text", "text_special", "softbreak"}:
                yield (
                    token.type,
                    token.tag,
                    token.info if token.type == "fence" else "",
                    token.markup if token.type != "code_inline" and token.type != "fence" else "",
                )
            yield from walk(token.children or [])

    return list(walk(MarkdownIt("commonmark").enable(["table", "strikethrough"]).parse(text)))


def test_markdown_keeps_its_structure(attack):
    pytest.importorskip("markdown_it")
    text = render(document_of(attack), "markdown", RenderContext(everything=True))
    assert markdown_shape(text) == markdown_shape(render(document_of(HARMLESS), "markdown", RenderContext(everything=True)))
    prose = re.sub(r"(`+)(?!`).*?(?<!`)\1(?!`)", "", text, flags=re.S)
    assert not re.search(r"https?://|www\.|(?<![\w;])@\w|:smile:|\$", prose), "what GitHub would link, mention or draw"


MERMAID_LABEL = r'"[A-Za-z0-9 .,_/*=+#;-]*(?:<br/>[A-Za-z0-9 .,_/*=+#;-]*)*"'
MERMAID_LINE = re.compile(
    rf"flowchart LR|  n\d+ --> n\d+"
    rf"|(?:  ){{1,2}}n\d+(?:\(\[{MERMAID_LABEL}\]\)|\[{MERMAID_LABEL}\]|\{{\{{{MERMAID_LABEL}\}}\}}|\[/{MERMAID_LABEL}/\]|\({MERMAID_LABEL}\))"
    r"|  classDef cause stroke:#b3261e,stroke-width:3px|  class n\d+(?:,n\d+)* cause"
    rf"|  subgraph a\d+\[{MERMAID_LABEL}\]|  end"
)


def test_mermaid_holds_nothing_but_nodes_with_quoted_labels_and_arrows(attack):
    lines = render(document_of(attack), "mermaid", RenderContext()).splitlines()
    assert [line for line in lines if not MERMAID_LINE.fullmatch(line)] == []
    assert len(lines) == len(render(document_of(HARMLESS), "mermaid", RenderContext()).splitlines())


DOT_LINE = re.compile(
    r'digraph trailsleuth \{|\}|  rankdir=LR;|  node \[fontname="sans-serif"\];|  n\d+ -> n\d+;|(?:  ){1,2}n\d+ \[shape=\w+, label="(?:[^"\\]|\\.)*"\];'
    r'|  subgraph cluster_\d+ \{|    label="account (?:[^"\\]|\\.)*";|  \}'
)


def test_dot_holds_nothing_but_nodes_with_quoted_labels_and_arrows(attack):
    assert [line for line in render(document_of(attack), "dot", RenderContext()).splitlines() if not DOT_LINE.fullmatch(line)] == []


def test_junit_is_well_formed_and_keeps_its_elements(attack):
    def tags(text):
        return [(element.tag, sorted(element.attrib)) for element in ET.fromstring(text).iter()]

    assert tags(render(document_of(attack), "junit", RenderContext())) == tags(render(document_of(HARMLESS), "junit", RenderContext()))


def outside_strings(text, *, comment):
    """The text with every quoted string as a tilde, without comments, and every name of a variable or key as N."""
    bare = re.sub(rf'"(?:[^"\\\n]|\\.)*"|{comment}[^\n]*', lambda m: "~" if m.group()[0] == '"' else "", text)
    return re.sub(r"[A-Za-z_][\w-]*", "N", bare).replace("~", "N")


def without_owners(text):
    """The document without the delta whose owner may or may not be a possible name."""
    document = document_of(text)
    return {**document, "deltas": document["deltas"][:2]}


@pytest.mark.parametrize(("form", "comment"), [("terraform", "#"), ("cdk", "//"), ("cdk-python", "#"), ("cloudformation", "#")])
def test_code_keeps_its_structure(form, comment, attack):
    if form == "cloudformation" and "{{resolve:" in attack:
        pytest.skip("left out of a template, see below")
    ours, plain = (outside_strings(render_fix(without_owners(text), form), comment=comment) for text in (attack, HARMLESS))
    assert ours == plain


def test_cloudformation_gets_nothing_that_it_would_look_up():
    text = render_fix(without_owners("{{resolve:ssm:/db/password}}"), "cloudformation")
    assert "{{resolve:" not in text
    assert "make this change with another tool" in text


def test_hcl_templates_interpolate_nothing_but_our_variables(attack):
    text = "\n".join(line for line in render_fix(document_of(attack), "terraform").splitlines() if not line.startswith("#"))
    assert re.findall(r"(?<!\$)(?:\$\$)*\$\{(?!var\.\w+\})", text.replace("$${", "")) == []
    assert "%{" not in text.replace("%%{", "")


def test_cdk_python_parses_and_holds_the_same_statements(attack):
    tree = ast.parse(render_fix(without_owners(attack), "cdk-python"))
    added = [ast.literal_eval(node.iter) for node in ast.walk(tree) if isinstance(node, ast.For)]
    by_hand = [ast.literal_eval(node.value) for node in tree.body if isinstance(node, ast.Assign) and isinstance(node.value, ast.List)]
    first, second = document_of(attack)["deltas"][:2]
    assert [*added, *by_hand] == [first["document"]["Statement"], second["document"]["Statement"]]


def test_shell_commands_run_nothing_but_what_they_show(attack, tmp_path):
    script = render_fix(without_owners(attack), "cli")
    fake = "aws() { printf '%s\\0' \"$@\"; }\n"
    ran = subprocess.run(["bash", "-u", "-c", fake + script], capture_output=True, cwd=tmp_path, env={}, check=False)
    assert (ran.returncode, ran.stderr) == (0, b"")
    first, second = document_of(attack)["deltas"][:2]
    words = ran.stdout.decode().split("\0")
    assert words[:-2] == ["iam", "put-role-policy", "--role-name", "CrossAccountDeploy", "--policy-name", "trailsleuth-1", "--policy-document"]
    assert json.loads(words[-2]) == first["document"]
    assert [path.name for path in tmp_path.iterdir()] == ["trailsleuth-trust-2.json"]
    assert json.loads((tmp_path / "trailsleuth-trust-2.json").read_text()) == second["document"]["Statement"]


def test_redaction_stands_any_text_and_keeps_the_form(attack):
    def form(value):
        if isinstance(value, dict):
            return [form(member) for member in value.values()]
        return [form(member) for member in value] if isinstance(value, list) else type(value).__name__

    assert form(redact(document_of(attack))) == form(document_of(attack))


@pytest.mark.parametrize("part", ["x", "a:", "1.2.3.", "arn:aws:", "-", "e\u0301", "`", "<"])
def test_long_text_takes_bounded_time_in_every_format(part):
    text = part * (30_000 // len(part))
    case = replace(the_case(), summary=text, findings=tuple(replace(finding, explanation=text) for finding in the_case().findings))
    document = case_document(case)
    start = time.process_time()
    for form in FORMS:
        render(document, form, RenderContext(everything=True))
    redact(document)
    assert time.process_time() - start < 5


def test_redaction_of_many_names_takes_bounded_time():
    one = the_case().findings[0]
    findings = tuple(replace(one, rank=n, principal=f"arn:aws:iam::444455556666:role/Role{n}", explanation=f"Role{n} " * 20) for n in range(500))
    document = case_document(replace(the_case(), findings=findings))
    start = time.process_time()
    redact(document)
    assert time.process_time() - start < 5
