"""Records fetched from the log files that an index was made from: by their offset, and known again by the id that they show."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import NamedTuple

from msgspec import Struct

from trailsleuth.errors import EvidenceUnreadable
from trailsleuth.scan.identity import Identities
from trailsleuth.scan.parts import wrapped
from trailsleuth.scan.quick import read_parts, read_quickly
from trailsleuth.scan.second_look import LightCall, Look, Ranked, Selected
from trailsleuth.scan.selection import Selection
from trailsleuth.scan.shapes import NotThisShape, decode_brief
from trailsleuth.scan.units import LIMITS, STREAMED, Unit, units_of
from trailsleuth.sources.files.archives import label


class Place(NamedTuple):
    """Where a record stands in its file, unpacked, and its id."""

    position: int
    offset: int
    length: int
    event_id: str


class Fetched(Struct):
    """What was found in a file: its path, and there the records that are wanted whole, and what the second look chose."""

    path: str
    whole: list[tuple[int, bytes]]
    selected: Selected


def fetch(chunk: list[Unit], places: Mapping[str, Sequence[Place]], selection: Selection) -> list[Fetched]:
    """The records at the places of some files, looked at for the selection; those of an empty one are all wanted."""
    look = Look(selection, Identities())
    return [_fetched(unit.path, sorted(places[unit.path]), look) for unit in chunk]


def _fetched(path: str, places: Sequence[Place], look: Look) -> Fetched:
    try:
        raws = [bytes(raw) for raw in _raws(path, places)]
        same = [decode_brief(raw).eventID == place.event_id for raw, place in zip(raws, places, strict=True)]
        found = look.at(wrapped(b",".join(raws))) if all(same) else None
    except (OSError, ValueError, *NotThisShape):
        found = None
    if found is None:
        raise EvidenceUnreadable(f"{label(path)} has changed", why="a record is not where it was when the index was made", next_step="build the index again")
    if look.selection == Selection():
        return Fetched(path, [(place.position, raw) for place, raw in zip(places, raws, strict=True)], Selected())
    return Fetched(path, [], _placed(found, places))


def _raws(path: str, places: Sequence[Place]) -> Iterator[bytes | bytearray | memoryview]:
    unit = units_of(path, Path(path).stat().st_size)[0]
    if unit.end == 0:
        data = memoryview(read_quickly(path, LIMITS) or b"")
        yield from (data[place.offset : place.offset + place.length] for place in places)
    elif unit.end == STREAMED:
        yield from _streamed(read_parts(path, LIMITS), places)
    else:
        with Path(path).open("rb") as file:
            for place in places:
                file.seek(place.offset)
                yield file.read(place.length)


def _streamed(parts: Iterator[bytes], places: Sequence[Place]) -> Iterator[bytes]:
    """Out of a file that is too large to be unpacked in one piece: places come in order."""
    held, start = b"", 0
    for place in places:
        while start + len(held) < place.offset + place.length:
            cut = max(0, min(len(held), place.offset - start))
            held, start = held[cut:] + next(parts, b""), start + cut
            if not held:
                break
        yield held[place.offset - start : place.offset - start + place.length]


def _placed(found: Selected, places: Sequence[Place]) -> Selected:
    """With the positions in the file instead of those among the records looked at."""

    def light(call: LightCall) -> LightCall:
        return call._replace(position=places[call.position].position)

    def ranked(one: Ranked) -> Ranked:
        return one._replace(position=places[one.position].position, light=light(one.light) if one.light is not None else None)

    return Selected(
        whole=[(places[at].position, raw) for at, raw in found.whole],
        light=list(map(light, found.light)),
        firsts=list(map(ranked, found.firsts)),
        lasts=list(map(ranked, found.lasts)),
    )
