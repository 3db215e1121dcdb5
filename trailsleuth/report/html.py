"""The case as one HTML file: no script, no network, nothing outside itself, and a content security policy that holds it to that."""

from __future__ import annotations

import base64
import hashlib
from collections.abc import Iterable, Sequence

from trailsleuth.report import steps, words
from trailsleuth.report.changes import changed_lines
from trailsleuth.report.context import Document, RenderContext
from trailsleuth.report.fix import FIXES, render_fix
from trailsleuth.report.html_style import STYLE
from trailsleuth.report.json import policy_json
from trailsleuth.report.sanitize import for_html, visible
from trailsleuth.report.svg import chain_svg, timeline_svg

_FIX_NAMES = {
    "terraform": "Terraform",
    "cloudformation": "CloudFormation",
    "cdk": "CDK (TypeScript)",
    "cdk-python": "CDK (Python)",
    "cli": "AWS CLI",
}
_CHAIN_SIGNS = {
    "cause": "hexagon with a cross: the cause",
    "also_needed": "dashed with a triangle: also needed",
    "recovered": "dotted with a ring: recovered",
}
_TIMELINE_SIGNS = {"cause": "cross: cause", "also_needed": "triangle: also needed", "recovered": "ring: recovered", "background": "square: background"}
_MAX_RECORDS = 50
_MAX_MESSAGE = 480


def render_html(document: Document, context: RenderContext) -> str:
    """The page; the cause stands on its first screen."""
    verdict = words.VERDICT.get(document["outcome"], str(document["outcome"]))
    first = document["outcome"] == "inconclusive"  # then what is asked for is the answer
    sections = (
        _verdict(document, verdict, context.version),
        _drawings(document),
        _questions(document) if first else "",
        _deltas(document),
        _next(document),
        _findings(document, "cause", "also_needed"),
        _findings(document, "recovered"),
        _other_chains(document),
        _background(document),
        "" if first else _questions(document),
        _coverage(document),
    )
    return whole_page(verdict.capitalize(), "\n".join(section for section in sections if section))


def whole_page(title: str, body: str) -> str:
    """A page with its style sheet and nothing from outside; the title is unsafe text, the body is not."""
    digest = base64.b64encode(hashlib.sha256(STYLE.encode()).digest()).decode()
    policy = f"default-src 'none'; style-src 'sha256-{digest}'; base-uri 'none'; form-action 'none'"
    head = (
        '<!DOCTYPE html>\n<html lang="en"><head><meta charset="utf-8">'
        f'<meta http-equiv="Content-Security-Policy" content="{policy}"><meta name="viewport" content="width=device-width, initial-scale=1">'
        f'<meta name="referrer" content="no-referrer"><title>{for_html(title)} · trailsleuth</title><style>{STYLE}</style></head>'
    )
    return f"{head}\n<body><main>\n{body}\n</main></body></html>\n"


def _verdict(document: Document, verdict: str, version: str) -> str:
    outcome = document["outcome"] if document["outcome"] in words.VERDICT else "inconclusive"
    parts = [f'<header><span class="badge {outcome}">{for_html(verdict)}</span><h1>{for_html(document["summary"])}</h1>']
    fields = _to_do(document)
    execution = document["execution"]
    if execution is not None:
        said = ": ".join(part for part in (execution["error_code"], execution["error_message"]) if part)
        fields += [("Failed", _text(words.execution_line(execution))), *([("Error", _code(said))] if said else [])]
        fields.append(("When", _text(words.span(execution["started"], execution["ended"]))))
    return "".join([*parts, _fields([*fields, *_about(document, version)]), "</header>"])


def _to_do(document: Document) -> list[tuple[str, str]]:
    """Change and next step in a line each, or what to do where no policy change helps: both stand in full further down."""
    advice = list(dict.fromkeys(finding["advice"] for finding in words.standing_findings(document, "cause") if finding["advice"]))
    changes = [("Change", "<br>".join(_text(steps.change_line(delta)) for delta in document["deltas"]))] if document["deltas"] else []
    asked = [f"get the {words.wanted(question)}" for question in document["questions"][:1] if document["outcome"] == "inconclusive"]
    sentences = [*(sentence for sentence, _ in steps.next_steps(document)), *asked]
    return [
        *changes,
        *([("Do", "<br>".join(map(_text, advice)))] if advice and not changes else []),
        *([("Next", _text("; ".join(sentences)))] if sentences else []),
    ]


def _about(document: Document, version: str) -> list[tuple[str, str]]:
    """Who has to act, where, and what the answer rests on: the accounts, the time and the end of the evidence, and what read it."""
    coverage = document["coverage"]
    owners = list(dict.fromkeys(steps.owner_of(delta) for delta in document["deltas"]))
    accounts = [seen["account"] for seen in coverage["accounts"]]
    times = [moment for seen in coverage["accounts"] for moment in (seen["first_event"], seen["last_event"]) if moment]
    return [
        *([("Owner", _text("; ".join(owners)))] if owners else []),
        *([("Accounts", _text(", ".join(accounts)))] if accounts else []),
        *([("Evidence", _text(f"{words.span(min(times), max(times))}, {words.plural(coverage['records_read'], 'record')}"))] if times else []),
        ("Made by", _text("; ".join(filter(None, (f"trailsleuth {version}".rstrip() + f", as {document['schema']}", words.knowledge_line(document)))))),
    ]


def _text(text: object) -> str:
    return for_html(str(text))


def _code(text: object) -> str:
    return f"<code>{for_html(str(text))}</code>"


def _pre(text: str, kind: str = "copy") -> str:
    """A block to be copied: line by line, so that its own line breaks stay and nothing else does."""
    return f'<pre class="{kind}">' + "\n".join(_kept_blanks(line) for line in text.rstrip("\n").split("\n")) + "</pre>"


def _kept_blanks(line: str) -> str:
    indent = len(line) - len(line.lstrip(" "))
    return " " * indent + for_html(visible(line))


def _fields(fields: Iterable[tuple[str, str]]) -> str:
    return "<dl>" + "".join(f"<dt>{label}</dt><dd>{value}</dd>" for label, value in fields) + "</dl>"


def _findings(document: Document, *standings: str) -> str:
    parts = []
    for standing in standings:
        found = words.standing_findings(document, standing)
        if found:
            parts.append(f'<h2><span class="{standing}">{words.STANDING[standing]}</span> <small>{words.STANDING_NOTE[standing]}</small></h2>')
            parts += [_finding(finding) for finding in found]
    return f"<section>{''.join(parts)}</section>" if parts else ""


def _other_chains(document: Document) -> str:
    items = "".join(f"<li>{_text(words.chain_line(finding))}</li>" for finding in words.other_chains(document))
    return f"<section><h2>{words.OTHERS} <small>{words.OTHERS_NOTE}</small></h2><ul>{items}</ul></section>" if items else ""


def _background(document: Document) -> str:
    hidden = words.standing_findings(document, "background")
    if not hidden:
        left_out = words.background_line(document)
        return f"<section><p>{_text(left_out[:1].upper() + left_out[1:])}</p></section>" if left_out else ""
    summary = f"<summary>Background: {words.plural(len(hidden), 'finding')} of {words.STANDING_NOTE['background']}</summary>"
    return f"<section><details>{summary}{''.join(map(_finding, hidden))}</details></section>"


def _finding(finding: Document) -> str:
    fields = [
        ("Principal", _code(finding["principal"] or "unknown")),
        *([("Resource", _code(words.resource(finding)))] if words.resource(finding) else []),
        *(("Condition", _code(line)) for line in words.condition_lines(finding["conditions"])),
        *([("Change", _text(words.policy_types(finding)))] if finding["policy_types"] else []),
        *([("Denied by", _code(finding["policy_arn"]))] if finding["policy_arn"] else []),
        ("Known", _text(words.known(finding))),
        ("Why", _text(finding["explanation"])),
        *([("Do", _text(finding["advice"]))] if finding["advice"] else []),
    ]
    title = f"<h3>{finding['rank']}. {for_html(words.headline(finding))}</h3>"
    return f'<article class="card is-{for_html(finding["standing"])}">{title}{_fields(fields)}{_evidence(finding["evidence"])}</article>'


def _evidence(records: list[Document]) -> str:
    if not records:
        return ""
    rows = "".join(
        "<tr>"
        + "".join(f'<td class="time">{_text(cell)}</td>' for cell in (words.spoken(r["event_time"]), r["account"] or "-", r["region"]))
        + f"<td>{_text(words.call(r))}<br>{_code(r['error_code'] or '-')}</td><td>{_code(r['event_id'])}</td></tr>"
        + f'<tr><td colspan="5">{_code(_cut(r["error_message"])) + "<br>" if r["error_message"] else ""}<small>{_text(r["source"])}</small></td></tr>'
        for r in records[:_MAX_RECORDS]
    )
    more = f"<p>and {words.plural(len(records) - _MAX_RECORDS, 'record')} more in the JSON document</p>" if len(records) > _MAX_RECORDS else ""
    head = "<tr><th>Time (UTC)</th><th>Account</th><th>Region</th><th>Call, error</th><th>Event id</th></tr>"
    table = _scrolled("Records", f'<table class="records"><thead>{head}</thead><tbody>{rows}</tbody></table>')
    return f"<details><summary>Evidence: {words.plural(len(records), 'record')}</summary>{table}{more}</details>"


def _scrolled(label: str, table: str) -> str:
    """A table in a box of its own, which the keyboard reaches, since on a narrow screen it scrolls."""
    return f'<div class="scroll" tabindex="0" role="group" aria-label="{label}">{table}</div>'


def _cut(message: str) -> str:
    """An encoded message at its end is of use to programs alone: the JSON document has it whole."""
    return message if len(message) <= _MAX_MESSAGE else f"{message[:_MAX_MESSAGE]}… ({len(message):,} characters)"


def _drawings(document: Document) -> str:
    chain, timeline = chain_svg(document), timeline_svg(document)
    parts = []
    if chain:
        parts.append(f"<section><h2>Role chain</h2><figure>{chain}{_legend(document, _CHAIN_SIGNS)}</figure></section>")
    if timeline:
        parts.append(f"<section><h2>Timeline</h2><figure>{timeline}{_legend(document, _TIMELINE_SIGNS)}</figure></section>")
    return f'<div class="pictures">{"".join(parts)}</div>' if parts else ""


def _legend(document: Document, signs: dict[str, str]) -> str:
    used = [sign for standing, sign in signs.items() if words.standing_findings(document, standing)]
    return f"<figcaption>{'; '.join(used)}</figcaption>" if used else ""


def _deltas(document: Document) -> str:
    if not document["deltas"]:
        return ""
    parts = ["<h2>What to change</h2>"]
    for delta in document["deltas"]:
        title = steps.kind_of(delta)
        whose = [("Of", _code(delta["attach_to"] or "unknown")), ("By", _text(steps.owner_of(delta)))]
        parts.append(f'<article class="card"><h3>{for_html(title[:1].upper() + title[1:])}</h3>{_fields(whose)}')
        if steps.by_its_maker(delta):
            parts.append(f"<p>{_text(steps.by_its_maker(delta))}</p>")
        said = [sentence for entry in delta["remove"] for sentence, _ in steps.removal_parts(entry)]
        parts += [f"<p>{_text(sentence[:1].upper() + sentence[1:].rstrip(':'))}</p>" for sentence in said]
        parts.append(_diff(delta))
        if delta["document"]["Statement"]:
            parts.append(f"<details><summary>What is added, to copy</summary>{_pre(policy_json(delta['document']))}</details>")
        notes = [("Warning", _text(warning)) for warning in delta["warnings"]]
        notes += [(f"Fill in {_code(p['name'])}", _text(f"{p['why']}. {p['how_to_find']}")) for p in delta["placeholders"]]
        notes.append(("Proof", _text(words.proof_text(delta["proof"]))))
        notes += [("AWS says", _text(opinion))] if (opinion := words.opinion_text(delta)) else []
        command = words.opinion_command(delta)
        parts.append(f"{_fields(notes)}{_pre(command, kind='copy wrap') if command else ''}</article>")
    parts += [f"<details><summary>As {name}</summary>{_pre(render_fix(document, form))}</details>" for form, name in _FIX_NAMES.items() if form in FIXES]
    return f"<section>{''.join(parts)}</section>"


def _diff(delta: Document) -> str:
    """Each line with its sign, so that no colour is needed to read it."""
    tags = {"-": "del", "+": "ins", " ": "span"}
    lines = [f"<{tags[sign]}>{sign} {_kept_blanks(line)}</{tags[sign]}>" for sign, line in changed_lines(delta)]
    return f'<pre class="diff">{chr(10).join(lines)}</pre>' if lines else ""


def _next(document: Document) -> str:
    found = [(_text(sentence[:1].upper() + sentence[1:]), command) for sentence, command in steps.next_steps(document)]
    items = "".join(f"<li>{sentence}{_pre(command) if command else ''}</li>" for sentence, command in found)
    return f"<section><h2>Next</h2><ol>{items}</ol></section>" if items else ""


def _questions(document: Document) -> str:
    if not document["questions"]:
        return ""
    parts = [f"<h2>{'What would settle it' if document['outcome'] == 'inconclusive' else 'Still open'}</h2>"]
    for question in document["questions"]:
        parts.append(f"<p>{_text(words.wanted(question))}: {_text(question['because'])}</p>")
        if question["command"]:
            parts.append(_pre(question["command"]))
    return f"<section>{''.join(parts)}</section>"


def _coverage(document: Document) -> str:
    coverage = document["coverage"]
    rows = [
        (seen["account"], ", ".join(seen["regions"]), f"{seen['records']:,}", words.span(seen["first_event"], seen["last_event"]))
        for seen in coverage["accounts"]
    ]
    head = f"<h2>What was covered, and what was not</h2><p>{_text(words.coverage_line(coverage))}</p>"
    parts = []
    parts.append(_table(("Account", "Regions", "Records", "Span (UTC)"), rows))
    gaps = [(g["account"] or "-", g["region"] or "-", words.span(g["from"], g["to"]), words.gap_reason(g)) for g in coverage["gaps"]]
    parts.append(_table(("Gap in account", "Region", "Span (UTC)", "Why"), gaps))
    parts.append(_table(("Skipped", "Reason"), [(s["source"], s["reason"]) for s in coverage["skipped"]]))
    inputs = _table(("Input", "Bytes", "SHA-256"), [(i["path"], f"{i['bytes']:,}", i["sha256"]) for i in coverage["inputs"]])
    if inputs:
        parts.append(f"<details><summary>{words.plural(len(coverage['inputs']), 'input')} read</summary>{inputs}</details>")
    gone = [words.plural(len(coverage[kind]), noun) for kind, noun in (("gaps", "gap"), ("skipped", "skipped input")) if coverage[kind]]
    folded = f"<details><summary>{', '.join(['Accounts and inputs', *gone])}</summary>{''.join(parts)}</details>"
    return f"<section>{head}{folded}</section>"


def _table(headers: tuple[str, ...], rows: Iterable[tuple[str, ...]]) -> str:
    cells = [[f"<td>{_text(cell)}</td>" for cell in row] for row in rows]
    return scrolled_table(headers[0], headers, cells) if cells else ""


def scrolled_table(label: str, heads: Sequence[str], rows: Iterable[Sequence[str]]) -> str:
    """A table in a box of its own; the heads are unsafe text, the cells are elements."""
    head, body = "".join(f"<th>{_text(one)}</th>" for one in heads), "".join(f"<tr>{''.join(row)}</tr>" for row in rows)
    return _scrolled(label, f"<table><thead><tr>{head}</tr></thead><tbody>{body}</tbody></table>")
