"""The table: what a person reads in a terminal. Verdict, change and next step stand on the first screen, what they rest on after them."""

from __future__ import annotations

from trailsleuth.report import words
from trailsleuth.report.context import Document, RenderContext
from trailsleuth.report.layout import command_lines, hanging, table_lines
from trailsleuth.report.page import MARGIN, STYLES, Page
from trailsleuth.report.sanitize import for_terminal
from trailsleuth.report.to_do import advised_of, patches, to_do

_MAX_RECORDS = 12
_MAX_NAMED = 8
_WIDE = 130
_MANY_RANKS = 3  # from here on as a span


def render_text(document: Document, context: RenderContext) -> str:
    """The report for a terminal of the context's width; only JSON and commands, which are there to be copied, may be wider."""
    page = Page(context)
    open_ = document["outcome"] == "inconclusive"  # then what is asked for is the answer
    _verdict(page, document)
    if open_:
        _questions(page, document)
    to_do(page, document)
    patches(page)
    _findings(page, document)
    _other_chains(page, document)
    _failure(page, document)
    _chains(page, document)
    _evidence(page, document)
    if not open_:
        _questions(page, document)
    _coverage(page, document)
    return "\n".join(line.rstrip() for line in page.lines) + "\n"


def _verdict(page: Page, document: Document) -> None:
    outcome = document["outcome"]
    page.lines.append(page.styled(words.VERDICT.get(outcome, page.safe(outcome).upper()), outcome if outcome in STYLES else "head"))
    page.say(document["summary"])


def _failure(page: Page, document: Document) -> None:
    execution = document["execution"]
    if execution is None:
        return
    page.heading("FAILED ACTION")
    page.say(words.execution_line(execution))
    said = ": ".join(part for part in (execution["error_code"], execution["error_message"]) if part)
    if said:
        page.field("message", said, indent=MARGIN)
    if execution["started"] or execution["ended"]:
        page.field("when", words.span(execution["started"], execution["ended"]), indent=MARGIN)


def _findings(page: Page, document: Document) -> None:
    advised = {finding["advice"] for finding in page.first(advised_of(document))}
    standings = (*words.SHOWN_STANDINGS, *(("background",) if page.context.everything else ()))
    for standing in standings:
        found = words.standing_findings(document, standing, everything=page.context.everything)
        if not found:
            continue
        page.heading(f"{words.STANDING[standing].upper()} ({words.STANDING_NOTE[standing]})")
        short = standing in {"recovered", "background"}
        shown = found[:_MAX_NAMED] if short else page.first(found)
        for finding in shown:
            _finding(page, finding, short=short, advised=finding["advice"] in advised)
        if short and len(found) > len(shown):
            page.say(f"and {len(found) - len(shown)} more: see --output json")
        elif not short:
            page.rest(found, shown)


def _other_chains(page: Page, document: Document) -> None:
    """One line each."""
    chains = [] if page.context.everything else words.other_chains(document)
    if chains:
        page.heading(f"{words.OTHERS.upper()} ({words.OTHERS_NOTE})")
    for finding in chains[:_MAX_NAMED]:
        page.lines += hanging(f"{finding['group']:>2}.  ", page.safe(words.chain_line(finding)), width=page.width)
    page.rest(chains, chains[:_MAX_NAMED])


def _finding(page: Page, finding: Document, *, short: bool, advised: bool) -> None:
    rank = f"{finding['rank']:>2}."
    page.lines += hanging(f"{rank:<4} ", page.safe(words.headline(finding)), width=page.width)
    page.field("principal", finding["principal"] or "unknown")
    if words.resource(finding):
        page.field("resource", words.resource(finding))
    if short:
        page.field("when", f"{words.span(finding['first_seen'], finding['last_seen'])}, {words.plural(finding['count'], 'time')}")
        return
    for line in words.condition_lines(finding["conditions"]):
        page.field("condition", line)
    if finding["policy_types"]:
        page.field("change", words.policy_types(finding))
    if finding["policy_arn"]:
        page.field("denied by", finding["policy_arn"])
    page.field("known", words.known(finding))
    if finding["count"]:
        page.field("seen", f"{words.plural(finding['count'], 'time')}, {words.span(finding['first_seen'], finding['last_seen'])}")
    page.field("why", finding["explanation"])
    if finding["advice"] and not advised:
        page.field("do", finding["advice"])


def _chains(page: Page, document: Document) -> None:
    chains = [chain for chain in document["chains"] if chain["hops"]]
    if not chains:
        return
    page.heading("ROLE CHAIN" if len(chains) == 1 else "ROLE CHAINS")
    shown = page.first(chains)
    for number, chain in enumerate(shown):
        if number:
            page.lines.append("")
        _chain(page, chain)
    page.rest(chains, shown)


def _chain(page: Page, chain: Document) -> None:
    corner, rest = page.sign("└─ ", "`- "), "   "
    page.say(words.caller_of(chain["hops"][0]))
    depth = 0
    for depth, hop in enumerate(chain["hops"]):
        indent = MARGIN + len(rest) * depth
        account = f"  (account {hop['account']})" if hop["account"] else ""
        page.lines += hanging(corner, page.safe(f"{words.name_of(hop['role'])}{account}"), width=page.width, indent=indent)
        session = ", ".join(
            part
            for part in (f"session {hop['session_name']}" if hop["session_name"] else "", f"key {hop['access_key_id']}" if hop["access_key_id"] else "")
            if part
        )
        if session:
            page.say(session, indent=indent + len(corner))
    tally = f"{words.plural(chain['calls'], 'call')}, {chain['denied']:,} denied"
    mark = page.sign("✗ ", "x ") if chain["denied"] else page.sign("✓ ", "")
    page.say(f"{mark}{tally}", indent=MARGIN + len(rest) * (depth + 1))


def _evidence(page: Page, document: Document) -> None:
    cited = [
        (finding["rank"], record)
        for finding in words.shown_findings(document, everything=page.context.everything)
        if finding["standing"] != "recovered" or page.context.everything
        for record in finding["evidence"]
    ]
    rows = _once(cited)
    if not rows:
        return
    page.heading("EVIDENCE")
    wide = page.width >= _WIDE
    headers = ("#", "time (UTC)", "account", "region", "call", "event id") if wide else ("#", "time (UTC)", "account", "call, region, event id")
    widths = (3, 20, 12, 15, page.width - 105, 36) if wide else (3, 20, 12, max(page.width - 44, 16))
    cells = [_evidence_cells(ranks, record, wide=wide) for ranks, record in rows[:_MAX_RECORDS]]
    page.lines += table_lines(headers, cells, widths=widths, indent=MARGIN)
    if len(rows) > _MAX_RECORDS:
        page.say(f"and {words.plural(len(rows) - _MAX_RECORDS, 'record')} more: see --output json")


def _once(cited: list[tuple[int, Document]]) -> list[tuple[str, Document]]:
    """Each record once, with the ranks of all findings that cite it."""
    ranks: dict[tuple[str, str | None], list[int]] = {}
    for rank, record in cited:
        ranks.setdefault((record["event_id"], record["account"]), []).append(rank)
    records = {(record["event_id"], record["account"]): record for _, record in reversed(cited)}
    return [(_ranks(found), records[key]) for key, found in ranks.items()]


def _ranks(ranks: list[int]) -> str:
    shown = sorted(set(ranks))
    return ",".join(map(str, shown)) if len(shown) < _MANY_RANKS else f"{shown[0]}-{shown[-1]}"


def _evidence_cells(ranks: str, record: Document, *, wide: bool) -> list[str]:
    # Identifiers only: anything beyond ASCII in them is spelled out, so that a look-alike letter shows.
    moment, account, region, called, event_id = (
        for_terminal(text, unicode=False)
        for text in (words.spoken(record["event_time"]), record["account"] or "-", record["region"], words.call(record), record["event_id"])
    )
    return [ranks, moment, account, region, called, event_id] if wide else [ranks, moment, account, f"{called}\n{region}\n{event_id}"]


def _questions(page: Page, document: Document) -> None:
    if not document["questions"]:
        return
    page.heading("WHAT WOULD SETTLE IT" if document["outcome"] == "inconclusive" else "STILL OPEN")
    shown = page.first(document["questions"])
    for number, question in enumerate(shown, 1):
        page.lines += hanging(f"{number:>2}.  ", page.safe(f"{words.wanted(question)}: {question['because']}"), width=page.width)
        if question["command"]:
            page.lines += command_lines(page.safe(question["command"]), width=page.width, indent=5)
    page.rest(document["questions"], shown)


def _coverage(page: Page, document: Document) -> None:
    coverage = document["coverage"]
    page.heading("COVERAGE")
    page.say(words.coverage_line(coverage))
    for seen in coverage["accounts"]:
        regions = ", ".join(seen["regions"]) or "no region"
        page.say(f"{seen['account']}: {words.plural(seen['records'], 'record')}, {words.span(seen['first_event'], seen['last_event'])}, {regions}")
    for gap in coverage["gaps"]:
        page.say(f"gap: {': '.join(words.gap_parts(gap))}")
    for skipped in coverage["skipped"][:_MAX_NAMED]:
        page.say(f"skipped: {skipped['source']}: {skipped['reason']}")
    if len(coverage["skipped"]) > _MAX_NAMED:
        page.say(f"skipped: {len(coverage['skipped']) - _MAX_NAMED} more, see --output json")
    if not page.context.everything and words.background_line(document):
        page.say(words.background_line(document))
    if words.knowledge_line(document):
        page.say(words.knowledge_line(document))
