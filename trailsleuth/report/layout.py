"""Text laid out for a terminal: nothing wider than it, unless it is there to be copied."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterable, Sequence

_WORD = re.compile(r"\S+")
_SHELL_WORD = re.compile(r"""(?:<[^<>\n]{1,200}>|[^\s'"\\]|\\.|'[^']*'|"(?:[^"\\]|\\.)*"|['"\\])+""", re.S)


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
    """Lines of at most `width` columns: broken at blanks, and within a word only where it is too long by itself."""
    lines: list[str] = []
    line = ""
    for word in (piece for found in _WORD.findall(text) for piece in _pieces(found, max(width, 2))):
        joined = f"{line} {word}" if line else word
        if width_of(joined) <= width:
            line = joined
            continue
        if line:
            lines.append(line)
        line = word
    return [*lines, line] if line else lines or [""]


def _pieces(word: str, width: int) -> Iterable[str]:
    """A long word in pieces, broken after a sign that parts an ARN or a path where one stands in the last half of the line."""
    start = 0
    while True:
        end = _fitting(word, start, width)
        if end == len(word):
            yield word[start:]
            return
        near = max(word.rfind(sign, (start + end) // 2, end) for sign in "/:") + 1
        end = near or end
        yield word[start:end]
        start = end


def _fitting(word: str, start: int, width: int) -> int:
    """Where the piece that starts there has to end."""
    if word.isascii():
        return min(len(word), start + width)
    end, used = start, 0
    while end < len(word) and used + _sign_width(word[end]) <= width:
        used += _sign_width(word[end])
        end += 1
    return end


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
    from tabulate import tabulate

    cells = [["\n".join(line for part in cell.split("\n") for line in wrapped(part, width)) for cell, width in zip(row, widths, strict=True)] for row in rows]
    grid = tabulate(cells, headers=list(headers), tablefmt="plain", disable_numparse=True, stralign="left")
    return [f"{' ' * indent}{line}".rstrip() for line in grid.splitlines()]
