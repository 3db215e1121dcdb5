"""Log text made harmless, one sanitiser for each format, applied at that format's edge.

Everything that a trail says was chosen by whoever made the call: session names, user agents, request parameters, error texts.
"""

from __future__ import annotations

import re
import unicodedata

from trailsleuth.patterns import late

# Bidirectional and other format signs reorder or hide what a person reads: https://www.unicode.org/reports/tr36/
_HIDDEN_CATEGORIES = frozenset({"Cc", "Cf", "Cs", "Co", "Cn", "Zl", "Zp"})
_BLANKS = late(r"[\t\n\r\v\f\x1c-\x1f\x85\u2028\u2029]+")
_PLAIN = late(r"[\x20-\x7e]*")
_MAX_MARKS = 4  # combining marks in a row: more only smears over the neighbouring lines


def escape_sign(sign: str) -> str:
    r"""A sign as `\x1b`, `\u202e` or `\U000e0041`: visible, and without any effect."""
    code = ord(sign)
    if code < 0x100:
        return f"\\x{code:02x}"
    return f"\\u{code:04x}" if code < 0x10000 else f"\\U{code:08x}"


def visible(text: str) -> str:
    """The text with every control, bidi, invisible and unpaired sign spelled out; letters of all scripts stay."""
    if _PLAIN.fullmatch(text):
        return text
    out: list[str] = []
    marks = 0
    for sign in text:
        category = unicodedata.category(sign)
        marks = marks + 1 if category in {"Mn", "Me"} else 0
        out.append(escape_sign(sign) if category in _HIDDEN_CATEGORIES or marks > _MAX_MARKS else sign)
    return "".join(out)


def one_line(text: str) -> str:
    """`visible`, with line breaks and tabs as one blank: log text can't open a line of its own."""
    if text.isascii() and text.isprintable():  # nearly every text, at a tenth of the time
        return text.strip()
    return visible(_BLANKS.sub(" ", text).strip())


def for_terminal(text: str, *, unicode: bool = True) -> str:
    """One line for a terminal; where it can't show more than ASCII, the rest is spelled out."""
    line = one_line(text)
    if unicode or line.isascii():
        return line
    return "".join(sign if sign.isascii() else escape_sign(sign) for sign in line)


def for_html(text: str) -> str:
    """Text for an element or a quoted attribute of HTML or SVG."""
    line = one_line(text)
    for sign, entity in (("&", "&amp;"), ("<", "&lt;"), (">", "&gt;"), ('"', "&quot;"), ("'", "&#39;"), ("`", "&#96;")):
        line = line.replace(sign, entity)
    return line


_MARKDOWN = late(r"[\\`*_\[\]#!|<>~&$@]|:(?=//|[\w+-]+:)")  # a colon only where it makes a link or an emoji


def for_markdown(text: str) -> str:
    """Running text: everything that Markdown, GitHub's mentions, links and math, or HTML inside it could act on is an entity."""
    line = _MARKDOWN.sub(lambda m: f"&#{ord(m.group())};", one_line(text))
    line = re.sub(r"^([-=+])", lambda m: f"&#{ord(m.group())};", line)
    line = re.sub(r"^(\d+)\.", r"\1&#46;", line)
    return re.sub(r"(?i)www\.", "www&#46;", line)


def code_span(text: str) -> str:
    """A Markdown code span (also inside a table cell) that the text can't leave."""
    line = one_line(text).replace("|", "\u2502") or " "
    longest = max((len(run) for run in re.findall(r"`+", line)), default=0)
    fence = "`" * (longest + 1)
    pad = " " if line.startswith("`") or line.endswith("`") else ""
    return f"{fence}{pad}{line}{pad}{fence}"


def code_block(text: str, language: str) -> str:
    """A fenced Markdown block; its fence is longer than any run of backticks within."""
    longest = max((len(run) for run in re.findall(r"`+", text)), default=0)
    fence = "`" * max(3, longest + 1)
    lines = "\n".join(visible(line) for line in text.split("\n"))
    return f"{fence}{language}\n{lines}\n{fence}"


def for_mermaid(text: str) -> str:
    """A quoted mermaid label: mermaid's own `#code;` entities for all but plain letters, digits and a few signs.

    Source: https://mermaid.js.org/syntax/flowchart.html#special-characters-that-break-syntax
    """
    return re.sub(r"[^A-Za-z0-9 .,_/*=+-]", lambda m: f"#{ord(m.group())};", one_line(text))


def for_dot(text: str) -> str:
    """A double-quoted Graphviz string: https://graphviz.org/doc/info/lang.html"""
    return one_line(text).replace("\\", "\\\\").replace('"', '\\"')


def for_csv(text: str) -> str:
    """A cell that no spreadsheet takes for a formula: https://owasp.org/www-community/attacks/CSV_Injection"""
    line = one_line(text)
    return f"'{line}" if line[:1] in {"=", "+", "-", "@", "|", "%"} and line not in {"-", "*"} else line


def for_xml(text: str) -> str:
    """Text or a quoted attribute of XML 1.0: only signs that XML may hold remain, the others are spelled out."""
    line = one_line(text)
    for sign, entity in (("&", "&amp;"), ("<", "&lt;"), (">", "&gt;"), ('"', "&quot;"), ("'", "&apos;")):
        line = line.replace(sign, entity)
    return line
