"""What a question needs of a large trail, as data: what the plan says and the second look goes by. All numbers are checksums of `identity`."""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Mapping, Set

from msgspec import Struct, field

from trailsleuth.scan.identity import Who
from trailsleuth.scan.things_named import Call, Named

S3 = "s3.amazonaws.com"
Place = tuple[int, str]


class Pursuit(Struct, frozen=True, kw_only=True):
    """Refusals of one call by one principal in one region: when they were, and what a success that cures one of them must hold.

    `texts`: one of these stands in it. `role`: its request names a role. `first`: the first success after each refusal counts, whatever it holds.
    """

    times: tuple[str, ...]
    texts: tuple[bytes, ...] = ()
    role: bool = False
    first: bool = False

    def stands_in(self, told: bytes) -> bool:
        """One of the texts stands in what a record tells, or may: there is an escape in it."""
        if not self.texts:
            return False
        if b"\\" in told:
            return True
        for text in self.texts:  # noqa: SIM110 (half the time of `any`)
            if text in told:
                return True
        return False

    def slot(self, time: str) -> int:
        """How many of the refusals were before: after each, the first success counts."""
        return bisect_right(self.times, time)


class Wanted(Struct, frozen=True, kw_only=True):
    """What is looked for among the calls of one operation, successful ones all.

    `successes` by (principal, region); `templates` by (account, region): refusal times, of which the latest earlier call of each family is wanted;
    `uploads` are (bucket, key); `things` are names of functions, projects and the like, whose role an earlier call shows; `told`: the calls may tell of the
    things that were denied; `read`: calls of the sessions in question are wanted with all their members; `anybody`: those of all others, too.
    """

    successes: Mapping[Place, Pursuit] = field(default_factory=dict)
    templates: Mapping[tuple[str | None, str | None], tuple[str, ...]] = field(default_factory=dict)
    uploads: frozenset[tuple[str, str]] = frozenset()
    things: frozenset[str] = frozenset()
    told: bool = False
    read: bool = False
    anybody: bool = False

    def touches(self, roles: Set[int], regions: Set[str]) -> bool:
        """A call by one of these principals in one of the Regions, who need not be in question, may be wanted, whatever it tells of things."""
        return self.beside_things or any(role in roles and region in regions for role, region in self.successes)

    @property
    def of_anybody(self) -> bool:
        """The calls may be of principals that are not in question."""
        return self.told or self.beside_things

    @property
    def beside_things(self) -> bool:
        """The same, whatever they tell of things that were denied."""
        return bool(self.templates or self.uploads or self.things or self.anybody)

    @property
    def reads_request(self) -> bool:
        """The analysis may look at the request of any such call: a light one could mislead it."""
        return bool(self.templates or self.things or self.read or self.anybody)


class Selection(Struct, frozen=True, kw_only=True):
    """Which records a question needs beside the refused ones. All numbers are checksums of `scan_identity`.

    `keys`: access keys whose calls are counted; `owners`: principal ids, likewise, whatever the key; `keyless`: principal ids whose calls without a key
    belong to a session in question; `whole`: keys and ids of sessions whose calls are wanted with all their members; `opened`: issued keys and role ids.
    `edges`: the times of the first and the last record of all. `text`: the error text asked about, which a failed call may explain.
    `named`: the things that were denied; `missing`: the event sources of failed calls that may say that one of them is not there.
    `called_as`: unique ids of principals, of which one call each is wanted.
    """

    keys: frozenset[int] = frozenset()
    owners: frozenset[int] = frozenset()
    keyless: frozenset[int] = frozenset()
    whole: frozenset[int] = frozenset()
    opened: frozenset[int] = frozenset()
    calls: Mapping[Call, Wanted] = field(default_factory=dict)
    buckets: frozenset[str] = frozenset()
    edges: frozenset[str] = frozenset()
    text: str = ""
    named: tuple[Named, ...] = ()
    missing: frozenset[str] = frozenset()
    called_as: tuple[bytes, ...] = ()

    def of_session(self, who: Who) -> bool:
        """The caller is a session in question."""
        return who.key in self.keys or who.owner in self.owners or (who.key == 0 and who.owner in self.keyless)
