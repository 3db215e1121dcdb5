"""When policies were changed, and of what: every write of a policy is a change with a time."""

from __future__ import annotations

from bisect import bisect_left, bisect_right
from collections import defaultdict
from collections.abc import Iterable
from datetime import datetime

from trailsleuth.catalog.action_kinds import policy_changes
from trailsleuth.model import Record, parse_arn
from trailsleuth.model.texts import texts_in


class Changes:
    """Successful changes of policies, by what they name. The records come in time order."""

    def __init__(self, records: Iterable[Record]) -> None:
        self._changing = [r for r in records if r.event_name in policy_changes() and not r.failed]
        self._by_name: dict[str, list[int]] = defaultdict(list)
        for at, record in enumerate(self._changing):
            for name in _named(record):
                self._by_name[name].append(at)

    def last(self, things: Iterable[str | None], moment: datetime) -> Record | None:
        """The last change by then that names one of the principals or resources."""
        end = bisect_right(self._changing, moment, key=lambda record: record.event_time)
        before = [places[count - 1] for places in self._places(things) if (count := bisect_left(places, end))]
        return self._changing[max(before)] if before else None

    def next(self, things: Iterable[str | None], moment: datetime) -> Record | None:
        """The first change after it that names one of them."""
        end = bisect_right(self._changing, moment, key=lambda record: record.event_time)
        after = [places[at] for places in self._places(things) if (at := bisect_left(places, end)) < len(places)]
        return self._changing[min(after)] if after else None

    def _places(self, things: Iterable[str | None]) -> list[list[int]]:
        return [self._by_name[name] for thing in things if (name := _name(thing)) and name in self._by_name]


def _name(arn: str | None) -> str:
    parsed = parse_arn(arn)
    return parsed.name if parsed else ""


def _named(record: Record) -> set[str]:
    return {part for text in texts_in(record.request) for part in (text, text.rpartition("/")[2], text.rpartition(":")[2])}
