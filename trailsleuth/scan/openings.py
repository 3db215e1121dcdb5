"""The sessions in question, by the checksums of the first pass: those refused or asked about, who opened them, and what they opened."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Set

from msgspec import Struct, field

from trailsleuth.scan.first_look import Glimpse, unpacked_openings
from trailsleuth.scan.identity import Who, unpacked


class Questioned(Struct, kw_only=True):
    """Access keys and principal ids of sessions, as checksums; `opened`: of credentials whose issue is wanted. See `Selection`."""

    keys: set[int] = field(default_factory=set)
    owners: set[int] = field(default_factory=set)
    opened: set[int] = field(default_factory=set)
    keyless: set[int] = field(default_factory=set)

    @property
    def any(self) -> bool:
        """Somebody is asked about."""
        return bool(self.keys or self.owners)

    def add(self, who: Who) -> None:
        """A session by its key, else by its principal id."""
        if who.key:
            self.keys.add(who.key)
        elif who.owner:
            self.owners.add(who.owner)

    def has(self, who: Who) -> bool:
        return who.key in self.keys or (who.key == 0 and who.owner in self.owners)


class Openings:
    """Who opened what, over all files; gone through once for each hop of the longest role chain, since tables of it would fill the memory."""

    def __init__(self, parts: Iterable[Glimpse]) -> None:
        self._callers = {part.callers: None for part in parts}
        self._rows = [part.openings for part in parts]

    def callers(self) -> Iterator[Who]:
        """Everybody who called, some of them several times."""
        return (who for packed in self._callers for who in unpacked(packed))

    def everybody(self) -> Iterator[Who]:
        """Those who called, and those who were opened."""
        yield from self.callers()
        yield from (Who(*opening[:4]) for opening in self._openings())

    def _openings(self) -> Iterator[tuple[int, ...]]:
        return (opening for packed in self._rows for opening in unpacked_openings(packed))

    def _owners_of(self, keys: Set[int]) -> Iterator[tuple[int, int]]:
        return ((who.key, who.owner) for who in self.callers() if who.key in keys)

    def with_descendants(self, asked: Questioned) -> None:
        """Adds what the sessions opened, however deep the role chain."""
        keys, owners = set(asked.keys), set(asked.owners)
        while keys or owners:
            owners |= {owner for _, owner in self._owners_of(keys)} - {0}
            found = [(key, owner) for key, owner, _, _, by_key, by_owner in self._openings() if (by_key in keys if by_key else by_owner in owners)]
            keys = {key for key, _ in found if key} - asked.keys
            bare = {owner for key, owner in found if not key and owner} - asked.owners
            owners = bare | {owner for key, owner in found if key in keys and owner}
            asked.keys |= keys
            asked.owners |= bare

    def with_ancestors(self, asked: Questioned) -> None:
        """Adds the sessions that opened them, and what must be at hand to tell which opening belongs to which session."""
        queue = {*((key, 0) for key in asked.keys), *self._owners_of(asked.keys), *((0, owner) for owner in asked.owners)}
        while queue:
            keys, owners = {key for key, _ in queue if key}, {owner for _, owner in queue if owner}
            bare = {owner for key, owner in queue if not key}
            asked.keyless |= owners
            asked.opened |= keys | bare
            found: set[tuple[int, int]] = set()
            for key, owner, _, _, by_key, by_owner in self._openings():
                if key == 0 and owner in owners:  # an opening that does not tell its key: any session of that name may be meant
                    asked.opened.add(owner)
                    asked.owners.add(owner)
                    found.add((by_key, by_owner))
                elif key in keys or owner in bare:
                    found.add((by_key, by_owner))
            queue = {(key, owner) for key, owner in found if (key not in asked.keys if key else owner and owner not in asked.owners)}
            asked.keys |= {key for key, _ in queue if key}
            asked.owners |= {owner for key, owner in queue if not key}
        asked.keyless -= {0}
        asked.opened -= {0}
        asked.owners |= {who.owner for who in self.callers() if who.key == 0 and who.owner in asked.keyless}
