"""The drawings of an answer by themselves, for a notebook."""

from __future__ import annotations

import base64

from msgspec import Struct

from trailsleuth.report.context import Document
from trailsleuth.report.html_style import STYLE
from trailsleuth.report.svg import chain_svg, timeline_svg

_NOTHING = '<svg viewBox="0 0 400 30" role="img" aria-label="{0}"><text x="4" y="20">{0}</text></svg>'


class Picture(Struct, frozen=True):
    """A drawing as SVG. A notebook shows it as an image: neither its styles nor log text reach the page around it."""

    svg: str
    name: str

    def __repr__(self) -> str:
        return f"Picture({self.name})"

    def _repr_html_(self) -> str:
        data = base64.b64encode(self.svg.encode()).decode()
        return f'<img alt="{self.name}" style="max-width:44rem;width:100%" src="data:image/svg+xml;base64,{data}">'


def chain_picture(document: Document) -> Picture:
    """The role chain, a box around each account."""
    return _alone(chain_svg(document) or _NOTHING.format("no role chain in this answer"), "role chain")


def timeline_picture(document: Document) -> Picture:
    """The denied calls in the order of time, and what would be denied in the next try."""
    return _alone(timeline_svg(document) or _NOTHING.format("no denied call in this answer"), "timeline of denied calls")


def _alone(drawing: str, name: str) -> Picture:
    """The drawing with the styles that it has in the report."""
    head, _, rest = drawing.partition(">")
    return Picture(f'{head} xmlns="http://www.w3.org/2000/svg"><style>{STYLE.replace("&", "&amp;").replace("<", "&lt;")}</style>{rest}', name)
