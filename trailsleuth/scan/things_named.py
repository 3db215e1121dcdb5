"""The things that denied calls are about, found in what other calls tell by the words of their names, and over all files by checksums of these."""

from __future__ import annotations

import re
from array import array
from collections import defaultdict
from collections.abc import Iterable, Sequence, Set
from functools import lru_cache
from itertools import compress, repeat
from operator import attrgetter
from zlib import crc32

import msgspec
from msgspec import Struct

from trailsleuth.catalog.things import changes_tags, is_making
from trailsleuth.facts.owners import is_owners
from trailsleuth.facts.presence import last_name, tells_absence
from trailsleuth.model.texts import texts_in
from trailsleuth.patterns import late
from trailsleuth.scan.shapes import Glance

KMS = "kms.amazonaws.com"
Call = tuple[str, str]
_WORD = late(rb"[0-9A-Za-z]+")
_SIGN = late(rb"\\.|%[0-9a-fA-F]{2}", re.DOTALL)
_WHOLE = late(rb'"((?:arn:|vol-)[^"]*)"')
_ANY = b"\\"  # no word
_request, _response = attrgetter("requestParameters"), attrgetter("responseElements")


class Named(Struct, frozen=True, kw_only=True):
    """A thing that denied calls are about: its ARN, when it was denied, and the event sources of the calls that tell of it. `absent`: some call may have
    been told that there is none; then the calls that make it matter, whatever they say."""

    thing: str
    times: tuple[str, ...]
    sources: frozenset[str]
    absent: bool = False

    def is_among(self, marks: Set[int]) -> bool:
        """A call may tell of it, by the marks of what calls tell."""
        return any(any(own <= marks for own in _marks_of(self.thing, source)) for source in self.sources)


class Things:
    """All of them. A record tells of one whose last name's words are all in it."""

    def __init__(self, named: Iterable[Named]) -> None:
        self._by_word: dict[bytes, list[tuple[Named, Set[bytes]]]] = defaultdict(list)
        self._whole: dict[bytes, list[Named]] = defaultdict(list)
        for thing in named:
            words = words_in_name(thing.thing)
            self._by_word[max(words, key=lambda word: (not word.isdigit(), len(word), word), default=b"")].append((thing, words))
            for name in {thing.thing, last_name(thing.thing)}:
                self._whole[name.encode()].append(thing)
        self.absent = frozenset(source for thing in named if thing.absent for source in thing.sources)

    def told(self, call: Call, record: Glance) -> list[Named]:
        """Those of which a call may tell the key, the tags or the owner, or that it made one which somebody was told is not there."""
        request, response = bytes(record.requestParameters), bytes(record.responseElements)
        if call[0] == KMS:
            return [thing for name in _whole_in((request,)) for thing in self._whole.get(name, ()) if KMS in thing.sources]
        if tells(call, request, response):
            return self._by_words(call[0], request, response)
        return self.missing(call[0], record) if call[0] in self.absent else []

    def missing(self, source: str, record: Glance) -> list[Named]:
        """Those that the call is about of which somebody may have been told that there is none."""
        return [thing for thing in self._by_words(source, bytes(record.requestParameters), bytes(record.responseElements)) if thing.absent]

    def _by_words(self, source: str, *told: bytes) -> list[Named]:
        words = {b"", *(word for raw in told for word in words_of(raw))}
        known = (one for word in self._by_word.keys() & words for one in self._by_word[word])
        return [thing for thing, own in known if own <= words and source in thing.sources]


def may_tell(call: Call) -> bool:
    """By its name a successful call may tell the key, the tags or the owner of a thing."""
    return call[0] == KMS or is_making(call[1]) or changes_tags(call[1]) or is_owners(call)


def tells(call: Call, request: bytes, response: bytes) -> bool:
    """Such a call may, by what it says."""
    lower = request.lower()
    return b"kms" in lower or b"tag" in lower or call[0] == KMS or changes_tags(call[1]) or is_owners(call) or b"kms" in response.lower()


def words_in_name(thing: str) -> Set[bytes]:
    """The words of its last name."""
    return words_of(msgspec.json.encode(last_name(thing)))


def words_of(told: bytes) -> set[bytes]:
    """The words of a JSON value, where they may be escaped in one way or the other."""
    if b"\\u" in told:
        told = msgspec.json.encode(_read(told))
    return set(_WORD.findall(_SIGN.sub(b" ", told) if b"\\" in told or b"%" in told else told))


def _read(told: bytes) -> object:
    """A JSON value whose texts may hold bytes that are no UTF-8."""
    return msgspec.json.decode(told.decode(errors="replace"))


def _whole_in(told: Sequence[bytes]) -> set[bytes]:
    """The ARNs and ids of volumes that are texts of their own in JSON values."""
    joined = b"\n".join(told)
    if b"\\" not in joined:
        return set(_WHOLE.findall(joined))
    return {text.encode() for raw in told for text in texts_in(_read(raw))}


def marks_of(source: str, *told: bytes) -> Set[int]:
    """Checksums of what calls tell: of the whole names in KMS's requests, of the words in others."""
    begun = crc32(source.encode())
    names = _whole_in(told) if source == KMS else {word for raw in told for word in words_of(raw)}
    return {begun, *map(crc32, names, repeat(begun))}


def mark_of_all(source: str) -> int:
    """The one that stands for whatever calls of a source may tell."""
    return crc32(_ANY, crc32(source.encode()))


@lru_cache(maxsize=4096)
def _marks_of(thing: str, source: str) -> tuple[Set[int], ...]:
    """Those that are all there where a call tells of the thing."""
    begun, last = crc32(source.encode()), last_name(thing)
    named = ({crc32(name.encode(), begun)} for name in (thing, last)) if source == KMS else [{crc32(word, begun) for word in words_in_name(thing)}]
    return ({mark_of_all(source)}, *({begun, *marks} for marks in named))


def told_marks(calls: Sequence[Call], records: Sequence[Glance]) -> bytes:
    """What they tell of keys and tags."""
    marks: set[int] = set()
    for call in filter(may_tell, {*calls}):
        of_call = list(compress(records, map(call.__eq__, calls)))
        requests = list(map(bytes, map(_request, of_call)))
        if call[0] == KMS:
            marks |= marks_of(KMS, *requests)
            continue
        responses = list(map(bytes, map(_response, of_call)))
        if tells(call, b"".join(requests), b"".join(responses)):
            for told in zip(requests, responses, strict=True):
                marks |= marks_of(call[0], *told) if tells(call, *told) else set()
    return packed_marks(marks)


def absent_marks(failed: Iterable[Glance]) -> bytes:
    """Of calls that failed, what they asked for that is not there."""
    marks: set[int] = set()
    for record in failed:
        if tells_absence(record.eventSource, record.eventName, record.errorCode or "", record.errorMessage or ""):
            marks |= marks_of(record.eventSource, bytes(record.requestParameters))
    return packed_marks(marks)


def packed_marks(marks: Set[int]) -> bytes:
    """As bytes."""
    return array("I", sorted(marks)).tobytes()


def unpacked_marks(packed: bytes) -> array[int]:
    """What `packed_marks` was given."""
    return array("I", packed)
