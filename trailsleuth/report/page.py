"""A page for a terminal: lines as they are written, and how to write the next ones."""

from __future__ import annotations

from collections.abc import Sequence

from trailsleuth.report.context import Document, RenderContext
from trailsleuth.report.layout import hanging, paragraph
from trailsleuth.report.sanitize import for_terminal

MARGIN = 2
MOST = 25  # causes, changes, chains or questions that a person still goes through; the answer about a whole trail may hold thousands
STYLES = {"cause_found": "1;31", "no_denial_found": "1;32", "inconclusive": "1;33", "head": "1"}


class Page:
    """The lines written so far, and how to write the next ones."""

    def __init__(self, context: RenderContext) -> None:
        self.context = context
        self.width = max(context.width, 40)
        self.lines: list[str] = []

    def safe(self, text: object) -> str:
        return for_terminal(str(text), unicode=self.context.unicode)

    def sign(self, fancy: str, simple: str) -> str:
        return fancy if self.context.unicode else simple

    def styled(self, text: str, style: str) -> str:
        return f"\x1b[{STYLES[style]}m{text}\x1b[0m" if self.context.color else text

    def heading(self, text: str) -> None:
        self.lines += ["", self.styled(text, "head")]

    def field(self, label: str, text: object, *, indent: int = 5) -> None:
        self.lines += hanging(f"{label:<11}", self.safe(text), width=self.width, indent=indent)

    def say(self, text: object, *, indent: int = MARGIN) -> None:
        self.lines += paragraph(self.safe(text), width=self.width, indent=indent)

    def first(self, found: Sequence[Document], most: int = MOST) -> Sequence[Document]:
        """As many as a person goes through, all of them where everything is asked for."""
        return found if self.context.everything else found[:most]

    def rest(self, found: Sequence[Document], shown: Sequence[Document]) -> None:
        if len(found) > len(shown):
            self.say(f"and {len(found) - len(shown):,} more: --all shows them, --output json holds them")
