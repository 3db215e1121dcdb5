"""What a worker does in the two passes of a scan. Nothing here knows the question or the analysis."""

from __future__ import annotations

from collections.abc import Iterator

from msgspec import Struct, field

from trailsleuth.scan.first_look import Glimpse, glance_at
from trailsleuth.scan.identity import Identities
from trailsleuth.scan.quick import FileFacts, facts_of, read_quickly, read_whole
from trailsleuth.scan.second_look import Look, Selected, may_name
from trailsleuth.scan.selection import Selection
from trailsleuth.scan.units import LIMITS, STREAMED, Unit, parts_in

_IDENTITIES = Identities()


def forget() -> None:
    """Nobody was met yet: a scan starts."""
    _IDENTITIES.forget()


class Looked(Struct):
    """What the first look at a unit gave: nothing in `parts` where the file has to be read the careful way."""

    unit: Unit
    facts: FileFacts | None = None
    parts: list[Glimpse] = field(default_factory=list)


def first_look(chunk: list[Unit], ids: frozenset[str]) -> list[Looked]:
    """The first look at some units."""
    return [_first_look(unit, ids) for unit in chunk]


def _first_look(unit: Unit, ids: frozenset[str]) -> Looked:
    if unit.end == 0:
        read = read_whole(unit.path, LIMITS)
        if read is None:
            return Looked(unit)
        glimpse = glance_at(read[0], _IDENTITIES, ids)
        return Looked(unit, read[1], [glimpse] if glimpse is not None else [])
    try:
        parts = [glance_at(data, _IDENTITIES, ids) for data in parts_in(unit)]
        facts = facts_of(unit.path) if unit.end == STREAMED else None
    except (OSError, ValueError, MemoryError):
        return Looked(unit)
    return Looked(unit, facts, [part for part in parts if part is not None]) if None not in parts else Looked(unit)


def second_look(chunk: list[Unit], selection: Selection) -> list[tuple[Unit, list[Selected]]]:
    """The second look: each unit with what was found in its parts."""
    look = Look(selection, _IDENTITIES)
    return [(unit, list(_second_look(unit, look))) for unit in chunk]


def _second_look(unit: Unit, look: Look) -> Iterator[Selected]:
    before = 0
    contents = iter([read_quickly(unit.path, LIMITS)]) if unit.end == 0 else parts_in(unit)
    for data, part in zip(contents, unit.known, strict=True):
        wanted = frozenset(position - before for position in unit.positions if before <= position < before + part.records)
        if data is not None and unit.end == 0 and unit.for_owners and not may_name(data, look.selection.buckets):
            yield Selected()
            continue
        found = look.at(data, part, wanted) if data is not None else None
        if found is None:
            raise FileChanged(unit.path)
        before += part.records
        yield found


class FileChanged(Exception):
    """A file reads otherwise than at the first look."""
