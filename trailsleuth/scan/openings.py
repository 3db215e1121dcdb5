"""The sessions in question, by the checksums of the first pass: those refused or asked about, who opened them, and what they opened."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable

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
    """Who opened what, over all files."""

    def __init__(self, parts: Iterable[Glimpse]) -> None:
        self.callers: set[Who] = set()
        self.opened: set[Who] = set()
        self._by_caller: dict[int, list[tuple[int, int]]] = defaultdict(list)
        self._by_owner: dict[int, list[tuple[int, int]]] = defaultdict(list)
        self._by_key: dict[int, list[tuple[int, int]]] = defaultdict(list)
        self._named: dict[int, list[tuple[int, int]]] = defaultdict(list)
        self._keyless: dict[int, list[tuple[int, int]]] = defaultdict(list)
        seen: set[bytes] = set()
        for part in parts:
            if part.callers not in seen:
                seen.add(part.callers)
                self.callers.update(unpacked(part.callers))
            for key, owner, role, session, by_key, by_owner in unpacked_openings(part.openings):
                self.opened.add(Who(key, owner, role, session))
                (self._by_caller[by_key] if by_key else self._by_owner[by_owner]).append((key, owner))
                (self._by_key[key] if key else self._keyless[owner]).append((by_key, by_owner))
                self._named[owner].append((by_key, by_owner))
        self._owner_of = {who.key: who.owner for who in self.callers if who.key}

    def with_descendants(self, asked: Questioned) -> None:
        """Adds what the sessions opened, however deep the role chain."""
        queue = [(key, 0) for key in asked.keys] + [(0, owner) for owner in asked.owners]
        while queue:
            key, owner = queue.pop()
            owners = {owner, self._owner_of.get(key, 0)} - {0}
            opened = [*self._by_caller.get(key, ()), *(found for one in owners for found in self._by_owner.get(one, ()))]
            for new_key, new_owner in opened:
                if new_key and new_key not in asked.keys:
                    asked.keys.add(new_key)
                    queue.append((new_key, new_owner))
                elif not new_key and new_owner and new_owner not in asked.owners:
                    asked.owners.add(new_owner)
                    queue.append((0, new_owner))

    def with_ancestors(self, asked: Questioned) -> None:
        """Adds the sessions that opened them, and what must be at hand to tell which opening belongs to which session."""
        queue = [(key, self._owner_of.get(key, 0)) for key in asked.keys] + [(0, owner) for owner in asked.owners]
        while queue:
            key, owner = queue.pop()
            asked.keyless.add(owner)
            asked.opened.add(key or owner)
            by = list(self._by_key.get(key, ()) if key else self._named.get(owner, ()))
            if owner in self._keyless:  # an opening that does not tell its key: any session of that name may be meant
                asked.opened.add(owner)
                asked.owners.add(owner)
                by += self._keyless[owner]
            for by_key, by_owner in by:
                if by_key and by_key not in asked.keys:
                    asked.keys.add(by_key)
                    queue.append((by_key, by_owner))
                elif not by_key and by_owner and by_owner not in asked.owners:
                    asked.owners.add(by_owner)
                    queue.append((0, by_owner))
        asked.keyless -= {0}
        asked.opened -= {0}
        asked.owners |= {who.owner for who in self.callers if who.key == 0 and who.owner in asked.keyless}
