"""Markdown that GitHub and Python-Markdown show alike."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from html import escape

_SPECIAL = {ord(sign): f"&#{ord(sign)};" for sign in "|*_[]\\`~$"}


def code(text: object) -> str:
    """Text as code; signs that would break a table cell, a code span or a reader of HTML are spelled as entities."""
    shown = " ".join(str(text).split())
    if "|" in shown or "`" in shown or "<" in shown or not shown:
        return f"<code>{escape(shown, quote=False).translate(_SPECIAL)}</code>"
    return f"`{shown}`"


def codes(texts: Iterable[object]) -> str:
    """Several, one after another."""
    return ", ".join(code(text) for text in texts)


def prose(text: object) -> str:
    """Text in a cell: nothing in it is markup."""
    shown = " ".join(str(text).split())
    return escape(shown, quote=False).translate(_SPECIAL)


def marked(text: str | None) -> str:
    """A docstring in a cell: its code spans stay."""
    return " ".join((text or "").split()).replace("|", "&#124;")


def source(address: str) -> str:
    """A link to where a fact comes from."""
    return f"[source]({address})" if address.startswith("http") else prose(address)


def table(heads: Sequence[str], rows: Iterable[Sequence[str]]) -> list[str]:
    """A table with a blank line after it."""
    lines = [f"| {' | '.join(heads)} |", f"|{'---|' * len(heads)}"]
    return [*lines, *(f"| {' | '.join(row)} |" for row in rows), ""]


def anchor(row: str, *, place: str = "") -> str:
    """A row's id, to be linked to; `place` tells tables of one page apart."""
    return f'<a id="{escape(place + row)}"></a>{code(row)}'


def whole(title: str, intro: str, *parts: Iterable[str]) -> str:
    """A whole page."""
    return "\n".join([f"# {title}", "", intro.strip("\n"), "", *(line for part in parts for line in part)])
