"""JSON on one line that a terminal or a mail folded at a width, put together again: a fold stands inside a value as often as between two."""

from __future__ import annotations

from collections.abc import Iterator

from trailsleuth.ingest.decode import PLAIN

_NARROWEST, _WIDEST = 40, 400


def unfolded(text: str) -> str:
    """The text with each folded object on one line; all else as it is. An object counts as folded where it is whole without the folds."""
    return "\n".join(_lines(text.split("\n"))) if '{"' in text else text


def _lines(lines: list[str]) -> Iterator[str]:
    at = 0
    while at < len(lines):
        end = _end_of_run(lines, at)
        for last in (end, end + 1):  # what is left at the end is shorter, or fills its line
            joined = "".join(line.ljust(len(lines[at])) for line in lines[at : last - 1]) + "".join(lines[last - 1 : last])
            if last > at + 1 and _spans(joined, len(lines[at])):
                yield joined
                at = last
                break
        else:
            yield from lines[at:end]
            at = end


def _end_of_run(lines: list[str], at: int) -> int:
    """Behind the lines of one width from here on. A blank at a fold gets lost."""
    width, end = len(lines[at]), at + 1
    if '{"' not in lines[at] or not _NARROWEST <= width <= _WIDEST:
        return end
    while end < len(lines) and width - 1 <= len(lines[end]) <= width:
        end += 1
    return end


def _spans(joined: str, width: int) -> bool:
    """An object that begins in the first line ends in a later one."""
    if len(joined) <= width or '{"' not in joined[:width]:
        return False
    try:
        return PLAIN.raw_decode(joined, joined.index('{"'))[1] > width
    except (ValueError, RecursionError):
        return False
