"""Terraform's blocks and attributes with their places in the text; what stands in an expression is not worked out.

Source: https://github.com/hashicorp/hcl/blob/main/hclsyntax/spec.md
"""

from __future__ import annotations

import re
from collections.abc import Iterator

from msgspec import Struct, field

from trailsleuth.patterns import late

_NAME = late(r"[A-Za-z_][\w-]*")
_BLANK = late(r"(?:[ \t\r\n]+|#[^\n]*|//[^\n]*|/\*.*?\*/)+", re.DOTALL)
_LABEL = late(r'[ \t]*(?:"((?:[^"\\]|\\.)*)"|([A-Za-z_][\w-]*))')
_HEREDOC = late(r"<<-?([A-Za-z_]\w*)\r?\n")
_OPEN, _CLOSE = "([{", ")]}"


class Block(Struct, kw_only=True):
    """`start` to `end` is the whole block, `attributes` the expressions by their names: where each starts and ends."""

    kind: str
    labels: tuple[str, ...]
    start: int
    end: int = 0
    attributes: dict[str, tuple[int, int]] = field(default_factory=dict)
    blocks: list[Block] = field(default_factory=list)


def read_blocks(text: str) -> list[Block]:
    """The blocks of a file; ValueError where it is not HCL as we know it."""
    root = Block(kind="", labels=(), start=0)
    end = _body(text, 0, root)
    if end < len(text):
        raise ValueError(f"a bracket is closed that was not opened, in line {text.count(chr(10), 0, end) + 1}")
    return root.blocks


def _body(text: str, at: int, into: Block) -> int:
    """Reads members until the block's end; the place behind the last of them."""
    while True:
        at = _past_blank(text, at)
        if at >= len(text) or text[at] == "}":
            return at
        name = _NAME.match(text, at)
        if name is None:
            raise ValueError(f"unexpected {text[at]!r} in line {text.count(chr(10), 0, at) + 1}")
        at = _member(text, name, into)


def _member(text: str, name: re.Match[str], into: Block) -> int:
    at = name.end()
    labels = []
    while (label := _LABEL.match(text, at)) is not None:
        labels.append(label[1] if label[1] is not None else label[2])
        at = label.end()
    at = _past_blank(text, at, lines=False)
    sign = text[at : at + 1]
    if sign == "{":
        block = Block(kind=name[0], labels=tuple(labels), start=name.start())
        end = _body(text, at + 1, block)
        if end >= len(text):
            raise ValueError(f"block {name[0]} is not closed")
        block.end = end + 1
        into.blocks.append(block)
        return block.end
    if sign == "=" and not labels:
        start = _past_blank(text, at + 1, lines=False)
        into.attributes[name[0]] = (start, end := end_of_expression(text, start))
        return end
    raise ValueError(f"{name[0]} is neither a block nor an attribute, in line {text.count(chr(10), 0, at) + 1}")


def _past_blank(text: str, at: int, *, lines: bool = True) -> int:
    if not lines:
        while text[at : at + 1] in (" ", "\t"):
            at += 1
        return at
    found = _BLANK.match(text, at)
    return found.end() if found else at


def end_of_expression(text: str, at: int, *, stops: str = "\n") -> int:
    """Where the expression ends: at a line's end, or one of `stops`, outside of all brackets and strings; without the blanks before it."""
    depth, end = 0, at
    for place, sign in signs_of(text, at):
        if depth == 0 and (sign in stops or sign in _CLOSE):
            return end
        depth += (sign in _OPEN) - (sign in _CLOSE)
        if not sign.isspace():
            end = place + len(sign)
    if depth:
        raise ValueError("a bracket is not closed")
    return end


def signs_of(text: str, at: int) -> Iterator[tuple[int, str]]:
    """The signs from there on, a string or heredoc as one, remarks left out."""
    while at < len(text):
        blank = _BLANK.match(text, at)
        if blank is not None:
            for number in range(blank.start(), blank.end()):
                if text[number] == "\n":
                    yield number, "\n"
            at = blank.end()
        elif text[at] == '"':
            end = _end_of_string(text, at)
            yield at, text[at:end]
            at = end
        elif (heredoc := _HEREDOC.match(text, at)) is not None:
            closing = re.compile(rf"^[ \t]*{heredoc[1]}[ \t]*$", re.MULTILINE).search(text, heredoc.end())
            if closing is None:
                raise ValueError(f"heredoc {heredoc[1]} is not closed")
            yield at, text[at : closing.end()]
            at = closing.end()
        else:
            yield at, text[at]
            at += 1


def _end_of_string(text: str, at: int) -> int:
    """Behind the closing quote; templates in it may hold strings of their own."""
    at += 1
    while at < len(text):
        if text[at] == "\\":
            at += 2
        elif text[at] == '"':
            return at + 1
        elif text[at : at + 2] in ("${", "%{") and text[at - 1] not in "$%":
            depth = 0
            for place, sign in signs_of(text, at + 1):
                depth += (sign == "{") - (sign == "}")
                if depth == 0:
                    at = place + 1
                    break
            else:
                break
        else:
            at += 1
    raise ValueError("a string is not closed")
