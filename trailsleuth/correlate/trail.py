"""The trail as correlate looks at it: sessions, denied records, and who made and opened what."""

from __future__ import annotations

from bisect import bisect_left
from collections import defaultdict
from collections.abc import Callable, Hashable, Iterable, Iterator
from datetime import datetime, timedelta
from functools import cached_property
from itertools import islice

from trailsleuth.facts.handed import Handed
from trailsleuth.model import Evidence, Record, Session
from trailsleuth.model.names import RoleNames

WRAPPED = timedelta(seconds=10)  # a wrapper and the call that it reports
HANDFUL = 3  # calls that any session may still make after what ended it

Key = tuple[str, str | None]  # of a record: its event id and the account whose trail it stands in


def key_of(record: Record) -> Key:
    """What tells one copy of a record from every other."""
    return record.event_id, record.account


def in_order(records: Iterable[Record]) -> tuple[Record, ...]:
    """Each once, in time order."""
    unique = {key_of(r): r for r in records}
    return tuple(sorted(unique.values(), key=lambda r: (r.event_time, r.event_id, r.account or "")))


class Trail:
    """Sessions and refused records with the look-ups that choosing a focus needs."""

    def __init__(self, evidence: Evidence, sessions: tuple[Session, ...], refused: tuple[Record, ...], names: RoleNames) -> None:
        self.evidence = evidence
        self.names = names
        self.sessions = sessions
        self.refused = refused
        self.session_of = {key_of(r): s.id for s in sessions for r in s.calls if r.failed}
        self._by_id = {s.id: s for s in sessions}
        self._children: dict[str, list[Session]] = {}
        for session in sessions:
            if session.parent:
                self._children.setdefault(session.parent, []).append(session)

    @cached_property
    def handed(self) -> Handed:
        """The roles that calls handed to services."""
        return Handed(self.evidence.records, self.names)

    @cached_property
    def went_on(self) -> frozenset[Key]:
        """Denied records after which their session made more than a handful of other calls that succeeded."""
        last_but = {s.id: _last_but(s) for s in self.sessions}
        homes = ((record, last_but.get(self.home(record) or "")) for record in self.refused)
        return frozenset(key_of(record) for record, last in homes if last is not None and last > record.event_time)

    def home(self, record: Record) -> str | None:
        """The session that made a refused call."""
        return self.session_of.get(key_of(record))

    def session(self, record: Record) -> Session | None:
        """The session of a denied call."""
        return self._by_id.get(self.home(record) or "")

    def with_descendants(self, roots: Iterable[Session]) -> list[Session]:
        """The sessions and all that were opened out of them, however deep the role chain."""
        found: dict[str, Session] = {}
        queue = list(roots)
        while queue:
            session = queue.pop()
            if session.id not in found:
                found[session.id] = session
                queue += self._children.get(session.id, [])
        return list(found.values())

    def refused_in(self, sessions: Iterable[Session], keep: Callable[[Record], bool] = lambda _: True) -> tuple[Record, ...]:
        ids = {s.id for s in sessions}
        return tuple(r for r in self.refused if self.home(r) in ids and keep(r))


class Moments:
    """Records by what they belong to, in time order; they are added in order."""

    def __init__(self) -> None:
        self._times: dict[Hashable, list[datetime]] = defaultdict(list)
        self._records: dict[Hashable, list[Record]] = defaultdict(list)

    def add(self, key: Hashable, record: Record) -> None:
        self._times[key].append(record.event_time)
        self._records[key].append(record)

    def near(self, key: Hashable, record: Record, span: timedelta) -> Iterator[Record]:
        """The nearest before and after that lie no further from the record than the span."""
        times = self._times.get(key, [])
        at = bisect_left(times, record.event_time)
        for place in (at - 1, at):
            if 0 <= place < len(times) and abs(times[place] - record.event_time) <= span:
                yield self._records[key][place]


def _last_but(session: Session) -> datetime | None:
    """The time of the session's last success but `HANDFUL`; None where it has no more than that."""
    succeeded = (call for call in reversed(session.calls) if not call.failed)
    return next((call.event_time for call in islice(succeeded, HANDFUL, None)), None)
