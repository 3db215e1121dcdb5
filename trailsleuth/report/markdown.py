"""The case for a ticket or a pull request: the verdict first, the rest in the order in which it is asked for."""

from __future__ import annotations

from collections.abc import Sequence

from trailsleuth.report import steps, words
from trailsleuth.report.context import Document, RenderContext
from trailsleuth.report.diagram import render_mermaid
from trailsleuth.report.json import policy_json
from trailsleuth.report.sanitize import code_block, code_span, for_markdown

_MAX_RECORDS = 50


def render_markdown(document: Document, context: RenderContext) -> str:
    """GitHub-flavoured Markdown; log text in it can neither format, link, mention nor embed."""
    everything = context.everything
    first = document["outcome"] == "inconclusive"  # then what is asked for is the answer
    blocks = [
        *_verdict(document),
        *_findings(document, everything=everything),
        *(_questions(document) if first else ()),
        *_deltas(document),
        *_next(document),
        *(block for made in context.patches for block in (f"### Patched {code_span(made.source.path)}", code_block(made.diff, "diff"))),
        *(() if everything else _other_chains(document)),
        *_chain(document),
        *_evidence(document, everything=everything),
        *(() if first else _questions(document)),
        *_coverage(document),
    ]
    return "\n\n".join(blocks) + "\n"


def _verdict(document: Document) -> list[str]:
    blocks = [f"# {for_markdown(str(words.VERDICT.get(document['outcome'], document['outcome'])).capitalize())}", f"**{for_markdown(document['summary'])}**"]
    execution = document["execution"]
    if execution is None:
        return blocks
    lines = [f"- Failed: {for_markdown(words.execution_line(execution))}"]
    said = ": ".join(part for part in (execution["error_code"], execution["error_message"]) if part)
    if said:
        lines.append(f"- Error: {code_span(said)}")
    lines.append(f"- When: {for_markdown(words.span(execution['started'], execution['ended']))}")
    return [*blocks, "\n".join(lines)]


def _findings(document: Document, *, everything: bool) -> list[str]:
    blocks = []
    for standing in (*words.SHOWN_STANDINGS, *(("background",) if everything else ())):
        found = words.standing_findings(document, standing, everything=everything)
        if found:
            blocks.append(f"## {words.STANDING[standing]} ({words.STANDING_NOTE[standing]})")
            blocks += [_finding(finding) for finding in found]
    return blocks


def _finding(finding: Document) -> str:
    lines = [f"{finding['rank']}. **{for_markdown(words.headline(finding))}**"]
    fields = [
        ("Principal", code_span(finding["principal"] or "unknown")),
        *([("Resource", code_span(words.resource(finding)))] if words.resource(finding) else []),
        *(("Condition", code_span(line)) for line in words.condition_lines(finding["conditions"])),
        *([("Change", for_markdown(words.policy_types(finding)))] if finding["policy_types"] and finding["standing"] in {"cause", "also_needed"} else []),
        *([("Denied by", code_span(finding["policy_arn"]))] if finding["policy_arn"] else []),
        ("Known", for_markdown(words.known(finding))),
        ("Why", for_markdown(finding["explanation"])),
        *([("Do", for_markdown(finding["advice"]))] if finding["advice"] else []),
    ]
    return "\n".join([*lines, *(f"   - {label}: {text}" for label, text in fields)])


def _other_chains(document: Document) -> list[str]:
    lines = [f"- {for_markdown(words.chain_line(finding))}" for finding in words.other_chains(document)]
    return [f"## {words.OTHERS} ({words.OTHERS_NOTE})", "\n".join(lines)] if lines else []


def _chain(document: Document) -> list[str]:
    if not any(chain["hops"] for chain in document["chains"]):
        return []
    return ["## Role chain", code_block(render_mermaid(document).rstrip(), "mermaid")]


def _deltas(document: Document) -> list[str]:
    blocks = ["## What to change"] if document["deltas"] else []
    for delta in document["deltas"]:
        blocks.append(f"### {for_markdown(_capital(steps.kind_of(delta)))} of {code_span(delta['attach_to'] or 'unknown')}")
        blocks.append(f"By {for_markdown(steps.owner_of(delta))}.")
        blocks += [for_markdown(steps.by_its_maker(delta))] if steps.by_its_maker(delta) else []
        if delta["document"]["Statement"]:
            blocks.append(code_block(policy_json(delta["document"]), "json"))
        for sentence, value in (part for entry in delta["remove"] for part in steps.removal_parts(entry)):
            blocks += [for_markdown(_capital(sentence)), *([code_block(policy_json(value), "json")] if value is not None else [])]
        notes = [f"- **Warning**: {for_markdown(warning)}" for warning in delta["warnings"]]
        notes += [f"- Fill in {code_span(p['name'])}: {for_markdown(p['why'])}. {for_markdown(p['how_to_find'])}" for p in delta["placeholders"]]
        notes.append(f"- Proof: {for_markdown(words.proof_text(delta['proof']))}")
        notes += [f"- AWS says: {for_markdown(opinion)}"] if (opinion := words.opinion_text(delta)) else []
        blocks.append("\n".join(notes))
        if command := words.opinion_command(delta):
            blocks.append(code_block(command, "sh"))
    return blocks


def _next(document: Document) -> list[str]:
    blocks = [(for_markdown(_capital(sentence)), command) for sentence, command in steps.next_steps(document)]
    return ["## Next", *(text for sentence, command in blocks for text in (sentence, *([code_block(command, "sh")] if command else [])))] if blocks else []


def _capital(text: str) -> str:
    return text[:1].upper() + text[1:]


def _evidence(document: Document, *, everything: bool) -> list[str]:
    records = [(finding["rank"], record) for finding in words.shown_findings(document, everything=everything) for record in finding["evidence"]]
    if not records:
        return []
    rows = [
        [f"{rank}.", words.spoken(r["event_time"]), r["account"] or "-", r["region"], words.call(r), r["error_code"] or "-", r["event_id"], r["source"]]
        for rank, r in records[:_MAX_RECORDS]
    ]
    blocks = ["## Evidence", _table(("No", "Time (UTC)", "Account", "Region", "Call", "Error", "Event id", "Source"), rows)]
    if len(records) > _MAX_RECORDS:
        blocks.append(f"and {words.plural(len(records) - _MAX_RECORDS, 'record')} more in the JSON document.")
    return blocks


def _table(headers: Sequence[str], rows: Sequence[Sequence[str]]) -> str:
    lines = [" | ".join(headers), " | ".join("---" for _ in headers)]
    lines += [" | ".join(code_span(cell) if number else cell for number, cell in enumerate(row)) for row in rows]
    return "\n".join(f"| {line} |" for line in lines)


def _questions(document: Document) -> list[str]:
    title = "## What would settle it" if document["outcome"] == "inconclusive" else "## Still open"
    blocks = [title] if document["questions"] else []
    for question in document["questions"]:
        blocks.append(for_markdown(f"{words.wanted(question)}: {question['because']}"))
        if question["command"]:
            blocks.append(code_block(question["command"], "sh"))
    return blocks


def _coverage(document: Document) -> list[str]:
    coverage = document["coverage"]
    lines = [f"- {for_markdown(words.coverage_line(coverage))}"]
    lines += [f"- Gap: {': '.join(map(for_markdown, words.gap_parts(gap)))}" for gap in coverage["gaps"]]
    lines += [f"- Skipped: {code_span(skipped['source'])}: {for_markdown(skipped['reason'])}" for skipped in coverage["skipped"]]
    lines += [f"- {for_markdown(more)}" for more in (words.background_line(document), words.knowledge_line(document)) if more]
    return ["## What was covered, and what was not", "\n".join(lines)]
