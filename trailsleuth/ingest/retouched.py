"""What an editor, a viewer or a word processor put into JSON on its way: numbers before the lines, typographic quotes, blanks that no parser knows."""

from __future__ import annotations

import re

from trailsleuth.patterns import late

_NUMBER = late(r"[ \t]{0,8}(\d{1,7})(?:\t|: ?|[ |] ?)(?=[ \t]*(?:[\"{}\[\]]|$))")
_INDENT = late(r"^[ \t\u00a0\u2007\u202f]+", re.MULTILINE)
_TYPED_NAME = late(r"[“”„][\w.@-]{1,60}[“”]\s{0,4}:")
_QUOTES = str.maketrans(dict.fromkeys("“”„", '"'))
_FEWEST = 3  # lines whose numbers follow one another


def is_retouched(start: str) -> bool:
    """Seen at the start of a text."""
    return ("\u00a0" in start and _blanks(start)) or ("“" in start and _typed(start)) or (start[:1].isdigit() and _numbered(start))


def untouched(text: str) -> str:
    """The text as it was before; what stands inside a string stays, but for its quotes."""
    if _typed(text):
        text = text.translate(_QUOTES)
    if _blanks(text):
        text = _INDENT.sub(lambda found: " " * len(found.group()), text)
    return _without_numbers(text) if _numbered(text) else text


def _blanks(text: str) -> bool:
    return any("\u00a0" in found.group() for found in _INDENT.finditer(text))


def _typed(text: str) -> bool:
    return _TYPED_NAME.search(text) is not None and '":' not in text


def _numbered(text: str) -> bool:
    """Each of the first lines has the number that follows the one above."""
    first = [_NUMBER.match(line) for line in text.lstrip("\n").split("\n", _FEWEST)[:_FEWEST]]
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
