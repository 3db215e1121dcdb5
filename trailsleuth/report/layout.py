"""Text laid out for a terminal: nothing wider than it, unless it is there to be copied."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Sequence
from itertools import zip_longest

from trailsleuth.patterns import late

_AFTER_HEADER = 2  # columns: short headers do not run into each other
_WORD = late(r"\S+")
_SHELL_WORD = late(r"""(?:<[^<>\n]{1,200}>|[^\s'"\\]|\\.|'[^']*'|"(?:[^"\\]|\\.)*"|['"\\])+""", re.S)


def width_of(text: str) -> int:
    """The columns that a terminal needs for it."""
    if text.isascii():
        return len(text)
    return sum(_sign_width(sign) for sign in text)


def _sign_width(sign: str) -> int:
    if sign.isascii():
        return 1
    if unicodedata.category(sign) in {"Mn", "Me"}:
        return 0
    return 2 if unicodedata.east_asian_width(sign) in {"W", "F"} else 1


def wrapped(text: str, width: int) -> list[str]:
    """Lines of at most `width` columns, broken at blanks alone: an ARN that is wider stays whole, so that it can be copied and searched for."""
    lines: list[str] = []
    line = ""
    for word in _WORD.findall(text):
        joined = f"{line} {word}" if line else word
        if width_of(joined) <= width:
            line = joined
            continue
        if line:
            lines.append(line)
        line = word
    return [*lines, line] if line else lines or [""]


def hanging(label: str, text: str, *, width: int, indent: int = 0) -> list[str]:
    """The text after its label, further lines below its own beginning."""
    room = max(width - indent - width_of(label), 16)
    first, *rest = wrapped(text, room)
    return [f"{' ' * indent}{label}{first}".rstrip(), *(f"{' ' * (indent + width_of(label))}{line}" for line in rest)]


def paragraph(text: str, *, width: int, indent: int = 0) -> list[str]:
    """Running text, indented."""
    return [f"{' ' * indent}{line}" for line in wrapped(text, max(width - indent, 16))]


def command_lines(command: str, *, width: int, indent: int) -> list[str]:
    r"""A shell command over several lines, joined by ` \`, so that it can be copied as it stands."""
    lines: list[str] = []
    line = ""
    for word in _options_with_values(_SHELL_WORD.findall(command)):
        joined = f"{line} {word}" if line else word
        if line and width_of(joined) > width - indent - 4:
            lines.append(line)
            line = f"  {word}"
        else:
            line = joined
    lines.append(line)
    return [*(f"{' ' * indent}{part} \\" for part in lines[:-1]), f"{' ' * indent}{lines[-1]}"]


def _options_with_values(words: Sequence[str]) -> list[str]:
    together: list[str] = []
    for word in words:
        if together and re.fullmatch(r"--?[\w-]+|>", together[-1]) and not word.startswith("-"):
            together[-1] += f" {word}"
        else:
            together.append(word)
    return together


def table_lines(headers: Sequence[str], rows: Sequence[Sequence[str]], *, widths: Sequence[int], indent: int = 0) -> list[str]:
    """Columns of at most the given widths; long cells go on in the next line."""
    cells = [[[line for part in cell.split("\n") for line in wrapped(part, width)] for cell, width in zip(row, widths, strict=True)] for row in rows]
    grid = [[[header] for header in headers], *cells]
    wide = [max(width_of(header) + _AFTER_HEADER, *(width_of(line) for row in grid for line in row[column])) for column, header in enumerate(headers)]
    lines = [line for row in grid for line in zip_longest(*row, fillvalue="")]
    return [(" " * indent + "  ".join(_padded(text, width) for text, width in zip(line, wide, strict=True))).rstrip() for line in lines]


def _padded(text: str, width: int) -> str:
    return text + " " * (width - width_of(text))
