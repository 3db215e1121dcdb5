"""A case inside another page, such as a notebook's: neither its styles nor log text can reach what stands around it."""

from __future__ import annotations

from trailsleuth.model import Coverage
from trailsleuth.report import words
from trailsleuth.report.document import utc
from trailsleuth.report.sanitize import for_html

_HEIGHT = 640


def embedded_report(page: str) -> str:
    """An HTML report in a sandboxed frame of its own."""
    for sign, entity in (("&", "&amp;"), ('"', "&quot;"), ("<", "&lt;"), (">", "&gt;")):
        page = page.replace(sign, entity)
    style = f"width:100%;height:{_HEIGHT}px;border:1px solid #8888;border-radius:4px"
    return f'<iframe sandbox="" style="{style}" title="trailsleuth diagnosis" srcdoc="{page}"></iframe>'


def embedded_coverage(coverage: Coverage) -> str:
    """What loaded evidence covers: accounts, regions, span, and how much was skipped."""
    rows = [(seen.account, ", ".join(seen.regions), f"{seen.records:,}", words.span(utc(seen.first_event), utc(seen.last_event))) for seen in coverage.accounts]
    body = "".join(f"<tr>{''.join(f'<td>{for_html(cell)}</td>' for cell in row)}</tr>" for row in rows)
    head = "<tr><th>Account</th><th>Regions</th><th>Records</th><th>Span (UTC)</th></tr>"
    skipped = f", {len(coverage.skipped):,} skipped" if coverage.skipped else ""
    return f"<p><b>{words.plural(coverage.records_read, 'record')}</b>, {coverage.denied:,} denied{skipped}</p><table>{head}{body}</table>"
