"""Which rows of an index a selection may want: told from the caller, the columns and the bytes, before any record is read. The second look then decides."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Mapping

from msgspec import Struct

from trailsleuth.scan.identity import Who
from trailsleuth.scan.index_shapes import Run
from trailsleuth.scan.selection import Call, Pursuit, Selection

Placed = tuple[str, str, str | None]  # event source, event name, region
_NO_CALLS: Mapping[Placed, Pursuit] = {}


class RunWish(Struct, frozen=True, kw_only=True):
    """What may be wanted of a caller's rows: `mine`, all of them (in short); `whole`, all of them in full; `calls`, the cures among these."""

    mine: bool
    whole: bool
    calls: Mapping[Placed, Pursuit]


class Wishes:
    """A selection, asked for a caller at a time."""

    def __init__(self, selection: Selection) -> None:
        self.selection = selection
        self.anywhere: set[Call] = set()
        self._read: set[Call] = set()
        by_role: dict[int, dict[Placed, Pursuit]] = defaultdict(dict)
        for call, wanted in selection.calls.items():
            if wanted.templates or wanted.uploads or wanted.things or wanted.named or wanted.anybody:
                self.anywhere.add(call)
            if wanted.reads_request:
                self._read.add(call)
            for (role, region), pursuit in wanted.successes.items():
                by_role[role][*call, region] = pursuit
                if not region:
                    by_role[role][*call, None] = pursuit
        self._by_role = dict(by_role)

    def of(self, run: Run) -> RunWish | None:
        """What may be wanted of the run; None where nothing is."""
        mine = self.selection.of_session(Who(*run[3:]))
        calls = self._by_role.get(run.role)
        if not mine and calls is None and not self.anywhere:
            return None
        whole = mine and not self.selection.whole.isdisjoint((run.key, run.owner))
        return RunWish(mine=mine, whole=whole, calls=calls or _NO_CALLS)

    def is_read(self, wish: RunWish, call: Call) -> bool:
        """The record has to be looked at, whatever it holds."""
        return wish.whole or call in self.anywhere or (wish.mine and call in self._read)


def may_cure(pursuit: Pursuit, raw: bytes) -> bool:
    """The record holds what a success that cures the refusal must hold: in its request or its resources, so not before the first of their keys."""
    request, resources = raw.find(b'"requestParameters"'), raw.find(b'"resources"')
    told = raw if request < 0 or b"\\u" in raw else raw[min(request, resources) if resources >= 0 else request :]
    return (pursuit.role and b":role/" in told) or pursuit.stands_in(told)
