"""A CloudTrail event that somebody cut out and pasted: inside prose, quoted, as YAML or a Python dict, without its beginning or its end.

The words are read one after the other, a missing bracket is forgiven; what the brackets of a sound event say is read as JSON elsewhere.
"""

from __future__ import annotations

import html
import re
from collections.abc import Iterator
from typing import Any

from trailsleuth.ingest.logical_lines import unprefixed
from trailsleuth.ingest.record import parse_record
from trailsleuth.model import Origin, Record
from trailsleuth.patterns import late

_MARKS = ("eventName", "EventName", "Event name", "eventSource")
_CODES = ("errorCode", "errorMessage", "Error code")
_AROUND = 12_000  # signs before and behind the name of a call that may belong to its event
_DEEPEST, _MOST = 24, 200
_SIGNS = {0x00A0: " ", 0x201C: '"', 0x201D: '"', 0x2018: "'", 0x2019: "'"}
_TOKEN = late(r'"(?:[^"\\]|\\.){0,20000}"|\'(?:[^\'\\]|\\.){0,20000}\'|[{}\[\]:=,()]|[^\s{}\[\]:=,"\'()]{1,400}|\n')
_QUOTED = late(r"eventName(?:\\{0,8}[\"']| =)")
_WORDS: dict[str, Any] = {"null": None, "None": None, "true": True, "True": True, "false": False, "False": False}
_MEMBER = late(r"^(?P<indent>[ ]*)(?P<item>-[ ]+)?(?P<key>[A-Za-z_][\w.]{1,60}):(?:[ ]+(?P<value>.*))?$")
_IDENTITY = frozenset({"sessionContext", "sessionIssuer", "principalId", "arn", "accessKeyId", "attributes", "accountId"})
_RECORD = frozenset({"eventName", "eventSource", "eventTime", "errorCode", "eventID"})
# The console's page of an event: https://docs.aws.amazon.com/awscloudtrail/latest/userguide/view-cloudtrail-events-console.html
_LABELS = {
    "event name": "eventName",
    "event source": "eventSource",
    "event time": "eventTime",
    "error code": "errorCode",
    "error message": "errorMessage",
    "event id": "eventID",
    "aws region": "awsRegion",
    "request id": "requestID",
}
_LABEL = late(rf"^\s*({'|'.join(_LABELS)})\s*(?:[:\t|]\s*|$)(.*)$", re.IGNORECASE)


def records_in(text: str) -> list[Record]:
    """The events in a pasted text that name a call and an error, in order."""
    found = []
    for part in _parts(text):
        clean = "\n".join(unprefixed(line) for line in _plain_signs(part).split("\n"))
        for payload in (*_bracketed(clean), *_indented(clean), *_labelled(clean)):
            if payload.get("eventName") and (payload.get("errorCode") or payload.get("errorMessage")):
                record = parse_record({"eventTime": "1970-01-01T00:00:00Z", **payload}, Origin(source="text"))
                found += [record] if isinstance(record, Record) else []
    return list({record.event_id: record for record in reversed(found)}.values())[::-1]


def _plain_signs(text: str) -> str:
    """Without entities, and with the quotes and blanks that a word processor or a page has changed put right."""
    text = html.unescape(text) if "&quot;" in text or "&gt;" in text or "&#" in text else text
    return text if text.isascii() else text.translate(_SIGNS)


def _parts(text: str) -> Iterator[str]:
    """The surroundings of every name of a call, where errors stand in the text at all."""
    if not any(code in text for code in _CODES):
        return
    end = 0
    for found in re.finditer("|".join(_MARKS), text):
        if found.start() >= end:
            start, end = max(end, found.start() - _AROUND), found.start() + _AROUND
            yield text[start:end]


def _bracketed(text: str) -> Iterator[dict[str, Any]]:
    """Events as JSON or a dict of Python, whole or cut."""
    if not _QUOTED.search(text):
        return
    reader = _Loose(text)
    yield from reader.records()


class _Loose:
    """Members of objects, read word by word."""

    def __init__(self, text: str) -> None:
        self._words: list[str] = [word for word in _TOKEN.findall(text) if word != "\n" and word not in "()"]
        self._at = 0

    def records(self) -> Iterator[dict[str, Any]]:
        """Each object that names a call; members without an opening bracket belong to the event whose beginning is missing."""
        loose: dict[str, Any] = {}
        while self._at < len(self._words):
            word = self._next()
            if word == "{":
                found = self._object(1)
                yield from _events(found)
                if not _IDENTITY.isdisjoint(found) and "eventName" not in found:
                    loose["userIdentity"] = found
            elif word == "}":
                loose = _enclosed(loose)
            elif self._peek() in (":", "=") and word not in ",[]":
                self._at += 1
                key = str(_plain(word))
                if key == "eventVersion" and "eventName" in loose:
                    yield loose
                    loose = {}
                value = self._value(1)
                yield from _events(value)
                loose[key] = value
        yield from _events(loose)

    def _next(self) -> str:
        self._at += 1
        return self._words[self._at - 1]

    def _peek(self) -> str:
        return self._words[self._at] if self._at < len(self._words) else ""

    def _object(self, depth: int) -> dict[str, Any]:
        """The members up to the closing bracket, or to the end of the text."""
        found: dict[str, Any] = {}
        while self._at < len(self._words):
            word = self._next()
            if word == "}":
                break
            if self._peek() in (":", "=") and word not in ",[]{":
                self._at += 1
                value = self._value(depth)
                if len(found) < _MOST:
                    found[str(_plain(word))] = value
        return found

    def _value(self, depth: int) -> object:
        word = self._peek()
        if word in ("", "}", "]", ","):
            return None
        self._at += 1
        if word == "{":
            return self._object(depth + 1) if depth < _DEEPEST else None
        if word == "[":
            return self._list(depth + 1)
        value = _plain(word)
        while isinstance(value, str) and word[:1] in "\"'" and self._peek()[:1] in ('"', "'") and self._peek() and self._colon_after_next() is False:
            value += str(_plain(self._next()))  # pprint writes a long text as several
        return value

    def _colon_after_next(self) -> bool:
        return self._at + 1 < len(self._words) and self._words[self._at + 1] in (":", "=")

    def _list(self, depth: int) -> list[Any]:
        found: list[Any] = []
        while self._at < len(self._words) and self._peek() != "]":
            if self._peek() in (",", ":", "}", "="):
                self._at += 1
                continue
            found.append(self._value(depth) if depth < _DEEPEST else self._next())
        self._at += 1
        return found[:_MOST]


def _enclosed(loose: dict[str, Any]) -> dict[str, Any]:
    """Members in front of a closing bracket that nothing opened: they stood in the event's first object, which says who called."""
    if not _RECORD.isdisjoint(loose):
        return loose
    return {"userIdentity": loose.get("userIdentity") or loose} if "userIdentity" in loose or not _IDENTITY.isdisjoint(loose) else {}


def _events(value: object, depth: int = 0) -> Iterator[dict[str, Any]]:
    """The events in a value: itself, one inside it, or the JSON text of one."""
    if isinstance(value, dict):
        if "eventName" in value:
            yield value
            return
        value = list(value.values())
    if isinstance(value, str) and "eventName" in value[:_AROUND] and "{" in value:
        yield from _Loose(value).records()
    elif isinstance(value, list) and depth < _DEEPEST:
        for one in value:
            yield from _events(one, depth + 1)


def _plain(word: str) -> object:
    """A word of the text as a value: without quotes and escapes."""
    if word[:1] in ('"', "'") and len(word) > 1:
        return re.sub(r"\\(.)", lambda found: {"n": "\n", "t": "\t"}.get(found[1], found[1]), word[1:-1])
    return _WORDS.get(word, word)


def _indented(text: str) -> Iterator[dict[str, Any]]:
    """Events as YAML: members by their indentation."""
    if not re.search(r"^[ ]*(?:-[ ]+)?eventName:", text, re.MULTILINE):
        return
    root: dict[str, Any] = {}
    levels: list[tuple[int, dict[str, Any]]] = [(-1, root)]
    last: tuple[dict[str, Any], str] | None = None
    for line in text.split("\n"):
        member = _MEMBER.match(line.rstrip())
        if member is None:
            if last is not None and len(line) - len(line.lstrip()) > levels[-1][0] + 1 and isinstance(last[0].get(last[1]), str):
                last[0][last[1]] += " " + line.strip().strip("\"'")
            continue
        indent = len(member["indent"]) + len(member["item"] or "")
        if member["key"] in root and (member["item"] or member["key"] == "eventVersion") and "eventName" in root:
            yield root
            root, last = {}, None
            levels = [(-1, root)]
        while levels[-1][0] >= indent:
            levels.pop()
        holder = levels[-1][1]
        value = (member["value"] or "").strip()
        if value in ("", "|", ">", ">-", "|-"):
            child: dict[str, Any] = {}
            holder[member["key"]] = child if not value else ""
            if not value and len(levels) < _DEEPEST:
                levels.append((indent, child))
        else:
            holder[member["key"]] = value[1:-1] if value[:1] == value[-1:] and value[:1] in "\"'" and len(value) > 1 else _WORDS.get(value, value)
        last = (holder, member["key"])
    if "eventName" in root:
        yield root


def _labelled(text: str) -> Iterator[dict[str, Any]]:
    """The console's page: labels, each with its value behind it or on the next line."""
    found: dict[str, Any] = {}
    label = ""
    for line in text.split("\n"):
        match = _LABEL.match(line)
        if match is None:
            if label and line.strip():
                found.setdefault(label, line.strip())
                label = ""
            continue
        label = _LABELS[match[1].lower()]
        if label == "eventName" and label in found:
            yield found
            found = {}
        if match[2].strip():
            found.setdefault(label, match[2].strip())
            label = ""
    if "eventName" in found:
        found.pop("eventTime", None)  # written for people, in the zone of the reader
        yield found
