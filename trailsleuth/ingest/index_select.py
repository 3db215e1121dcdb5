"""Which rows of an index a selection may want: told from the caller and the columns, before any record is looked at. The second look then decides."""

from __future__ import annotations

from collections import defaultdict
from dataclasses import dataclass

from trailsleuth.ingest.scan_identity import Who
from trailsleuth.ingest.scan_select import Call, Selection
from trailsleuth.model.index import Run

Placed = tuple[str, str, str | None]  # event source, event name, region
_NO_CALLS: frozenset[Placed] = frozenset()


@dataclass(frozen=True, slots=True, kw_only=True)
class RunWish:
    """What may be wanted of a caller's rows: `mine`, all of them (in short); `whole`, all of them in full; `calls`, those of these operations and regions."""

    mine: bool
    whole: bool
    calls: frozenset[Placed]


class Wishes:
    """A selection, asked for a caller at a time."""

    def __init__(self, selection: Selection) -> None:
        self.selection = selection
        self.anywhere: set[Call] = set()
        self.read: set[Call] = set()
        by_role: dict[int, set[Placed]] = defaultdict(set)
        for call, wanted in selection.calls.items():
            if wanted.templates or wanted.uploads or wanted.things:
                self.anywhere.add(call)
            if wanted.templates or wanted.things:
                self.read.add(call)
            for role, region in wanted.successes:
                by_role[role].add((*call, region))
                if not region:
                    by_role[role].add((*call, None))
        self._by_role = {role: frozenset(calls) for role, calls in by_role.items()}

    def of(self, run: Run) -> RunWish | None:
        """What may be wanted of the run; None where nothing is, unless its calls are wanted whoever makes them."""
        who = Who(run.key, run.owner, run.role, run.session)
        mine = self.selection.of_session(who)
        calls = self._by_role.get(run.role, _NO_CALLS)
        if not mine and not calls and not self.anywhere:
            return None
        return RunWish(mine=mine, whole=mine and not self.selection.whole.isdisjoint((who.key, who.owner)), calls=calls)

    def is_looked_at(self, wish: RunWish, source: str, name: str, region: str | None) -> bool:
        """The record itself has to be looked at."""
        call = (source, name)
        return wish.whole or call in self.anywhere or (source, name, region) in wish.calls or (wish.mine and call in self.read)
