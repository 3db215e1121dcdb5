"""Later successes of denied calls and earlier registrations, as the second look goes by them: by operation, principal and place."""

from __future__ import annotations

import re
from collections import defaultdict

from trailsleuth.facts.wants import Registered, Retried, Session, Want
from trailsleuth.model import Record
from trailsleuth.patterns import late
from trailsleuth.scan.identity import who_of
from trailsleuth.scan.selection import Place, Pursuit
from trailsleuth.scan.things_named import Call

SHORTEST = 3  # characters of a name that is worth looking for
_PLAIN = late(r"[\w+=,.@-]+", re.ASCII)


class Pursuits:
    """What is pursued of the denied calls. `whole`: sessions whose calls are wanted with all their members."""

    def __init__(self) -> None:
        self.whole: set[int] = set()
        self._times: dict[Call, dict[Place, set[str]]] = defaultdict(lambda: defaultdict(set))
        self._wants: dict[Call, dict[Place, list[Retried]]] = defaultdict(lambda: defaultdict(list))
        self._registered: dict[Call, dict[tuple[str | None, str | None], set[str]]] = defaultdict(lambda: defaultdict(set))

    def take(self, record: Record, want: Want) -> None:
        """One want of a denied call; those that are no matter of its own operation are left to others."""
        call, who, when = (record.event_source, record.event_name), who_of(record.identity), record.event_time.strftime("%Y-%m-%dT%H:%M:%SZ")
        match want:
            case Retried():
                self._times[call][who.role, record.region].add(when)
                self._wants[call][who.role, record.region].append(want)
            case Registered():
                self._registered[call][record.recipient_account, record.region].add(when)
            case Session():
                self.whole.add(who.key or who.owner)

    def successes(self, call: Call) -> dict[Place, Pursuit]:
        """By principal and Region."""
        return {place: _pursuit(self._times[call][place], wants) for place, wants in self._wants.get(call, {}).items()}

    def templates(self, call: Call) -> dict[tuple[str | None, str | None], tuple[str, ...]]:
        """Times of denials by account and Region."""
        return {place: tuple(sorted(times)) for place, times in self._registered.get(call, {}).items()}

    @property
    def calls(self) -> set[Call]:
        """The operations in question."""
        return {*self._wants, *self._registered}


def _pursuit(times: set[str], wants: list[Retried]) -> Pursuit:
    names = {mark_of(name) for want in wants for name in want.names}
    words = {mark_of(word) for want in wants for word in want.words if len(last_part(word)) >= SHORTEST}
    return Pursuit(
        times=tuple(sorted(times)),
        texts=tuple(sorted(names | words)),
        role=any(want.handing for want in wants),
        first=any(want.first for want in wants),
    )


def mark_of(text: str) -> bytes:
    """The last part as it stands in JSON; b"", which stands everywhere, where that cannot be said."""
    last = last_part(text)
    return last.encode() if len(last) >= SHORTEST and _PLAIN.fullmatch(last) else b""


def last_part(text: str) -> str:
    """The last part of an ARN, a path or a `family:revision`."""
    return re.split(r"[:/]", text)[-1]
