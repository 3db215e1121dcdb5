"""Pasted text as single messages: blank-line or line separated, wrapped by a terminal, or as strings inside JSON."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator

from trailsleuth.ingest.denials import code_in_text, read_denial
from trailsleuth.ingest.message_text import plain_message
from trailsleuth.model import Denial

_BLANK_LINE = re.compile(r"\n[ \t]*\n")
_OPERATION = re.compile(r"when calling the ([A-Za-z0-9]{2,80}) operation")
_CONTINUES = re.compile(r"[a-z(\"'*]")
_FIELD = re.compile(r'"\w{1,60}" ?:')  # lines out of the middle of a record belong together
_MAX_STRINGS = 20_000


def read_pasted(message: str) -> Denial | None:
    """The refusal in one pasted message, with the error code and operation that it names itself."""
    return read_denial(code_in_text(message), message, event_source="", event_name=operation_in(message) or "")


def operation_in(message: str) -> str | None:
    """The API operation of the CLI's and boto3's `An error occurred (CODE) when calling the OPERATION operation`."""
    match = _OPERATION.search(message[:20_000])
    return match.group(1) if match else None


def messages_in(text: str) -> Iterator[str]:
    """Every message of a pasted text, in order; of JSON that is no message itself, its strings that read as refusals."""
    text = text.replace("\r\n", "\n").strip()
    strings = _json_strings(text) if text[:1] in ("{", "[") else None
    if strings is not None:
        yield from strings
        return
    for block in _BLANK_LINE.split(text):
        yield from _block(block.strip())


def _json_strings(text: str) -> list[str] | None:
    """None: the text is no JSON, or is JSON that wraps one message."""
    if plain_message(text).text != " ".join(text.replace('\\"', '"').split()):
        return None
    try:
        value = json.loads(text)
    except (ValueError, RecursionError):
        return None
    if isinstance(value, list) and value and all(isinstance(item, str) for item in value):
        return list(value)
    return [string for string in _strings(value) if " " in string and read_pasted(string) is not None]


def _strings(value: object) -> Iterator[str]:
    """The strings of a JSON value in document order, without recursion: depth is the writer's choice."""
    stack = [value]
    for _ in range(_MAX_STRINGS):
        if not stack:
            return
        item = stack.pop()
        if isinstance(item, str):
            yield item
        elif isinstance(item, dict):
            stack.extend(reversed(list(item.values())))
        elif isinstance(item, list):
            stack.extend(reversed(item))


def _block(block: str) -> Iterator[str]:
    """One message, unless two lines or more read as refusals by themselves: then each line is one, with what a terminal wrapped."""
    lines = [line.strip() for line in block.split("\n") if line.strip()]
    if any(_FIELD.match(line) for line in lines) or sum(read_pasted(line) is not None for line in lines) < 2:
        if lines:
            yield " ".join(lines)
        return
    message = ""
    for line in lines:
        if message and _CONTINUES.match(line) and read_pasted(line) is None:
            message = f"{message} {line}"
            continue
        if message:
            yield message
        message = line
    yield message
