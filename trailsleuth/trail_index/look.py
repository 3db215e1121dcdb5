"""The second look at the records of an index, in workers where there are many: they share nothing but the file."""

from __future__ import annotations

from bisect import bisect_right
from collections import defaultdict
from collections.abc import Iterable, Iterator, Sequence
from functools import partial
from itertools import accumulate

from msgspec import Struct, field

from trailsleuth.scan.identity import Identities
from trailsleuth.scan.index_shapes import Zone
from trailsleuth.scan.parts import wrapped
from trailsleuth.scan.pool import run
from trailsleuth.scan.second_look import LightCall, Ranked, Selected, select_from
from trailsleuth.scan.selection import Selection
from trailsleuth.scan.units import Unit
from trailsleuth.trail_index.read import IndexFile, sound
from trailsleuth.trail_index.rows_as_records import Found, Rows
from trailsleuth.trail_index.search import Search

TOGETHER = 2_000  # records that are looked at as one log file
ALONE = 24  # row groups that are gone through sooner than workers have started
AT_ONCE = 6  # row groups that a worker takes at a time
_OPEN: dict[str, IndexFile] = {}  # workers that are forked find the index open


class Sought(Struct):
    """What was found in some row groups, each with the name of its file: records in full, calls in short, and the first and last ones of their kind."""

    whole: list[Found] = field(default_factory=list)
    lights: list[tuple[str, LightCall]] = field(default_factory=list)
    firsts: list[tuple[str, Ranked]] = field(default_factory=list)
    lasts: list[tuple[str, Ranked]] = field(default_factory=list)


def seek(index: IndexFile, selection: Selection) -> Iterator[Sought]:
    """All that the selection names, from the row groups that can hold any."""
    units = [Unit(path=zone.value, start=group) for zone, group in Search(Rows(index), selection).places()]
    size = AT_ONCE if len(units) > ALONE else max(1, len(units))
    _OPEN.clear()
    _OPEN[index.path] = index
    work = partial(seek_in, path=index.path, selection=selection)
    yield from run(work, [units[start : start + size] for start in range(0, len(units), size)], _nothing)


def _nothing(_: int) -> None:
    """Nobody waits long enough to be told."""


def seek_in(chunk: list[Unit], path: str, selection: Selection) -> Sought:
    """The same for some row groups: units whose path is a zone and whose start is a group."""
    index = _OPEN.get(path) or _OPEN.setdefault(path, IndexFile(path))
    with sound(path):
        search, sought = Search(Rows(index), selection), Sought()
        for batch in search.records((Zone(unit.path), unit.start) for unit in chunk):
            for held, selected in _looked_at(index, batch, selection):
                _put(sought, held, selected)
        sought.lights += search.lights
        sought.firsts += search.firsts
        return sought


def _put(sought: Sought, held: Sequence[Found], selected: Selected) -> None:
    """With the places in the files instead of those among the records looked at."""
    sought.whole += (held[at] for at, _ in selected.whole)
    sought.lights += ((held[call.position].source, _moved(call, held)) for call in selected.light)
    sought.firsts += ((held[ranked.position].source, _ranked(ranked, held)) for ranked in selected.firsts)
    sought.lasts += ((held[ranked.position].source, _ranked(ranked, held)) for ranked in selected.lasts)


def _moved(call: LightCall, held: Sequence[Found]) -> LightCall:
    return call._replace(position=held[call.position].position)


def _ranked(found: Ranked, held: Sequence[Found]) -> Ranked:
    return found._replace(position=held[found.position].position, light=_moved(found.light, held) if found.light is not None else None)


def _looked_at(index: IndexFile, batch: Sequence[Found], selection: Selection) -> Iterator[tuple[Sequence[Found], Selected]]:
    """The second look at records, many together as if they were one log file. Where they do not pass for one, those of a file together, which do."""
    identities = Identities()
    for start in range(0, len(batch), TOGETHER):
        held = batch[start : start + TOGETHER]
        selected = _second_look(held, selection, identities)
        if selected is not None:
            yield held, selected
            continue
        for part in _by_part(index, held):
            selected = _second_look(part, selection, identities)
            if selected is None:
                raise ValueError(f"its records of {part[0].source} are not from a log file")
            yield part, selected


def _second_look(held: Sequence[Found], selection: Selection, identities: Identities) -> Selected | None:
    return select_from(wrapped(b",".join(found.raw for found in held)), selection, identities)


def _by_part(index: IndexFile, held: Iterable[Found]) -> Iterable[list[Found]]:
    """The records by the part of a file that was looked at as one when the index was made."""
    starts = {log.source: [0, *accumulate(part.records for part in log.parts)] for log in index.catalogue.logs}
    by_part: dict[tuple[str, int], list[Found]] = defaultdict(list)
    for found in sorted(held):
        by_part[found.source, bisect_right(starts[found.source], found.position)].append(found)
    return by_part.values()
