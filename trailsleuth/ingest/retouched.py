"""What an editor, a viewer, a terminal or a container's log put into records on their way: numbers before the lines, colours, typographic quotes, blanks that
no parser knows, lines cut into parts, values that go on below themselves, the escapes of an address.
"""

from __future__ import annotations

import html
import re
from itertools import pairwise
from urllib.parse import unquote

from trailsleuth.patterns import late

_NUMBER = late(r"[ \t]{0,8}(?:[\w./-]{1,200}?[:-](?=\d+[:-]))?(\d{1,7})(?:\t|: ?|-|[ |] ?| {0,4}│ ?)(?=[ \t]*(?:[\"{}\[\]]|$))")
_COLOUR = late(r"\x1b(?:\[[0-?]{0,40}[ -/]{0,4}[@-~]|\][^\x07\x1b\n]{0,400}(?:\x07|\x1b\\)|[@-Z_])")
_CONTAINER = late(r"^\d{4}-\d\d-\d\dT[\d:.]{8,18}(?:Z|[+-]\d\d:\d\d) std(?:out|err) ([PF]) ", re.MULTILINE)  # CRI: part or full line
_BREAK = late(r"[{\[,]<br ?/?>", re.IGNORECASE)
_ANY_BREAK = late(r"<br ?/?>", re.IGNORECASE)
_ENDED = late(r"(?:\^M)?\$$", re.MULTILINE)  # `cat -A`, `:set list`
_LISTED = late(r"[A-Za-z_]\w{0,60}\s* : (?=\S)")
_ENCODED = "%7B%22"  # `{"` in an address
_INDENT = late(r"^[ \t\u00a0\u2007\u202f]+", re.MULTILINE)
_TYPED_NAME = late(r"[“”„][\w.@-]{1,60}[“”]\s{0,4}:")
_QUOTES = str.maketrans(dict.fromkeys("“”„", '"'))
_FEWEST = 3  # lines whose numbers follow one another


def is_retouched(start: str) -> bool:
    """Seen at the start of a text."""
    return (
        "\x1b" in start
        or ("\u00a0" in start and _blanks(start))
        or ("“" in start and _typed(start))
        or _encoded(start)
        or _BREAK.search(start) is not None
        or _ends_shown(start)
        or _CONTAINER.match(start) is not None
        or _hangs(start)
        or _numbered(start)
    )


def untouched(text: str) -> str:
    """The text as it was before; what stands inside a string stays, but for its quotes."""
    if "\x1b" in text:
        text = _COLOUR.sub("", text)
    if _encoded(text):
        text = unquote(text if "%20" in text else text.replace("+", " "))
    if _BREAK.search(text):
        text = html.unescape(_ANY_BREAK.sub("\n", text))
    if _ends_shown(text):
        text = _ENDED.sub("", text)
    if _CONTAINER.match(text):
        text = _whole_lines(text)
    if _hangs(text):
        text = _put_together(text)
    if _typed(text):
        text = text.translate(_QUOTES)
    if _blanks(text):
        text = _INDENT.sub(lambda found: " " * len(found.group()), text)
    return _without_numbers(text) if _numbered(text) else text


def _encoded(text: str) -> bool:
    """The objects are encoded all: not a policy alone, inside an answer of IAM."""
    return _ENCODED in text and '{"' not in text and "{\n" not in text


def _ends_shown(text: str) -> bool:
    """Each of the first lines ends with the sign for its end."""
    lines = text.split("\n", _FEWEST)
    return len(lines) > _FEWEST and all(line.endswith("$") for line in lines[:_FEWEST])


def _whole_lines(text: str) -> str:
    """The lines as they were logged: a part is followed by the rest."""
    parts = _CONTAINER.split(text)
    return "".join(part.removesuffix("\n") if kind == "P" else part for kind, part in zip(parts[1::2], parts[2::2], strict=True))


def _hangs(text: str) -> bool:
    """The value of the first member goes on below itself, as PowerShell's Format-List has it."""
    pairs = ((_LISTED.match(line), below) for line, below in pairwise(text.split("\n", 40)))
    return any(found is not None and below.startswith(" " * found.end()) and below.strip() != "" for found, below in pairs)


def _put_together(text: str) -> str:
    """Each member on one line: it was cut at the edge of the window, or behind a hyphen; elsewhere a blank stood."""
    lines = text.replace("\r", "").split("\n")
    width, joined, column, last = max(map(len, lines)), [""], 0, ""
    for line in lines:
        if found := _LISTED.match(line):
            column = found.end()
        if not found and column and line.startswith(" " * column) and line.strip():
            joined[-1] += ("" if len(last) == width or last.endswith((" ", "-")) else " ") + line[column:]
        else:
            column = column if found else 0
            joined.append(line)
        last = line
    return "\n".join(joined[1:])


def _blanks(text: str) -> bool:
    return any("\u00a0" in found.group() for found in _INDENT.finditer(text))


def _typed(text: str) -> bool:
    return _TYPED_NAME.search(text) is not None and '":' not in text


def _numbered(text: str) -> bool:
    """Each of the first lines has the number that follows the one above."""
    first = [_NUMBER.match(line) for line in text.lstrip("\n").split("\n", 2 * _FEWEST)[: 2 * _FEWEST]]
    first = first[next((at for at, found in enumerate(first) if found), 0) :][:_FEWEST]
    numbers = [int(found.group(1)) for found in first if found]
    return len(numbers) == _FEWEST and numbers == list(range(numbers[0], numbers[0] + _FEWEST))


def _without_numbers(text: str) -> str:
    """As long as they follow one another: a file behind another begins anew."""
    lines, last = [], None
    for line in text.split("\n"):
        found = _NUMBER.match(line)
        follows = found is not None and (last is None or int(found.group(1)) in (last + 1, 1))
        last = int(found.group(1)) if found and follows else last
        lines.append(line[found.end() :] if found and follows else line)
    return "\n".join(lines)
