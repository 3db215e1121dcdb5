"""The things that denied calls are about, found in what other calls tell by the words of their names."""

from __future__ import annotations

import re
from array import array
from collections import defaultdict
from collections.abc import Iterable, Set
from zlib import crc32

import msgspec
from msgspec import Struct

from trailsleuth.facts.presence import last_name
from trailsleuth.model.texts import texts_in
from trailsleuth.patterns import late

_WORD = late(rb"[0-9A-Za-z]+")
_SIGN = late(rb"\\.|%[0-9a-fA-F]{2}", re.DOTALL)
_WHOLE = late(rb'"((?:arn:|vol-)[^"]*)"')
_ANY = b"\\"  # no word


class Named(Struct, frozen=True, kw_only=True):
    """A thing that denied calls are about: its ARN, when it was denied, and the event sources of the calls that tell of it. `absent`: some call may have
    been told that there is none; then the calls that make it matter, whatever they say."""

    thing: str
    times: tuple[str, ...]
    sources: frozenset[str]
    absent: bool


class Things:
    """All of them. A record tells of one whose last name's words are all in it."""

    def __init__(self, named: Iterable[Named]) -> None:
        self._by_word: dict[bytes, list[tuple[Named, Set[bytes]]]] = defaultdict(list)
        self._whole: dict[str, list[Named]] = defaultdict(list)
        for thing in named:
            words = words_in_name(thing.thing)
            self._by_word[max(words, key=lambda word: (not word.isdigit(), len(word), word), default=b"")].append((thing, words))
            for name in {thing.thing, last_name(thing.thing)}:
                self._whole[name].append(thing)
        self.absent = frozenset(source for thing in named if thing.absent for source in thing.sources)

    def told(self, source: str, *told: bytes) -> list[Named]:
        """Those of which JSON values tell that a call of the event source has."""
        words = {b"", *(word for raw in told for word in words_of(raw))}
        known = (one for word in self._by_word.keys() & words for one in self._by_word[word])
        return [thing for thing, own in known if own <= words and source in thing.sources]

    def absent_of(self, source: str, *told: bytes) -> list[Named]:
        """Of these those of which somebody may have been told that there is none."""
        return [thing for thing in self.told(source, *told) if thing.absent]

    def whole(self, source: str, told: bytes) -> list[Named]:
        """Those whose whole ARN, or a volume's id, is a text in a JSON value."""
        texts = texts_in(msgspec.json.decode(told)) if b"\\" in told else (text.decode() for text in _WHOLE.findall(told))
        return [thing for text in texts for thing in self._whole.get(text, ()) if source in thing.sources]


def words_in_name(thing: str) -> Set[bytes]:
    """The words of its last name."""
    return words_of(msgspec.json.encode(last_name(thing)))


def words_of(told: bytes) -> set[bytes]:
    """The words of a JSON value, where they may be escaped in one way or the other."""
    if b"\\u" in told:
        told = msgspec.json.encode(msgspec.json.decode(told))
    return set(_WORD.findall(_SIGN.sub(b" ", told) if b"\\" in told or b"%" in told else told))


def absence_marks(source: str, *told: bytes) -> set[int]:
    """Checksums of what a call asked for that was told that there is none; of everything that one of its source may ask for where that is not known."""
    begun = crc32(source.encode())
    return {begun, *(crc32(word, begun) for raw in told for word in words_of(raw))} if told else {crc32(_ANY, begun)}


def is_absent(thing: str, sources: Iterable[str], marks: Set[int]) -> bool:
    """A call of one of the sources may have been told that there is no such thing."""
    begun = [crc32(source.encode()) for source in sources]
    return any(crc32(_ANY, one) in marks or (one in marks and all(crc32(word, one) in marks for word in words_in_name(thing))) for one in begun)


def packed_marks(marks: Set[int]) -> bytes:
    """As bytes."""
    return array("I", sorted(marks)).tobytes()


def unpacked_marks(packed: bytes) -> array[int]:
    """What `packed_marks` was given."""
    return array("I", packed)
