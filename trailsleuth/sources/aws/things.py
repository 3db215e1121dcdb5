"""The answers about a stack, a build, a deployment, a task, a service, a function or a state machine that failed, as their saved answers are.

What is read of which thing is a table, data/entries.toml. Nothing in an answer is understood here but what the next call asks by.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from fnmatch import fnmatchcase
from functools import cache, partial
from typing import Any

from msgspec import Struct, field

from trailsleuth.errors import AccountUnreachable, UsageError
from trailsleuth.model import parse_arn
from trailsleuth.patterns import late
from trailsleuth.sources.aws.calls import Answer, Refusal, Why
from trailsleuth.sources.aws.gaps import NamedGap, gap_of, keep_gap
from trailsleuth.sources.aws.sessions import Account
from trailsleuth.sources.aws.store import Provenance, Store, piece_name, remembered
from trailsleuth.sources.base import DATA
from trailsleuth.tables import read_toml

PAGES, CALLS, LISTED = 20, 4, 20  # pages of one answer, calls for the values of one placeholder, values in one list
_PLACE = late(r"\{(\w+)\}")
_CAPITAL = late(r"(?<=[a-z])(?=[A-Z])")

Values = Mapping[str, Sequence[str]]


class Read(Struct, frozen=True, kw_only=True):
    """One call of a row."""

    operation: str
    asks: Mapping[str, Any]
    lost: str
    holds: str = ""
    pages: str = ""
    last: Mapping[str, str] = field(default_factory=dict)
    only: str = ""
    tells: Mapping[str, str] = field(default_factory=dict)
    telling: Mapping[str, str] = field(default_factory=dict)
    drops: tuple[str, ...] = ()
    keeps: bool = True


class Entry(Struct, frozen=True, kw_only=True):
    """One row of the table."""

    thing: str
    service: str
    takes: str
    example: str
    started: tuple[str, ...]
    absent: tuple[str, ...]
    reads: tuple[Read, ...]

    @property
    def spoken(self) -> str:
        """The thing in words."""
        return self.thing.replace("_", " ")


class Found(Struct, frozen=True, kw_only=True):
    """Where the thing was found."""

    entry: Entry
    name: str
    account: Account
    region: str


@cache
def entries() -> Mapping[str, Entry]:
    """data/entries.toml by the thing."""
    table = read_toml(DATA / "entries.toml")
    return {row["thing"]: _entry(row) for row in table["entry"]}


def find_thing(kind: str, name: str, accounts: Mapping[str, Account], regions: Sequence[str], store: Store) -> Found:
    """Read what AWS tells of the thing, in the first account and region that has it. Raises UsageError where none has."""
    entry = entries()[kind]
    given = re.fullmatch(entry.takes, name)
    if given is None:
        raise UsageError(f"--{kind.replace('_', '-')} {name!r} names no {entry.spoken}", next_step=f"give it like {entry.example}")
    refused: list[Refusal] = []
    places = list(_places(name, accounts, regions))
    for account, region in places:
        reader = _Reader(Found(entry=entry, name=name, account=account, region=region), store, given.groupdict())
        outcome = reader.begin()
        if outcome is None:
            account.around.progress.say(f"{entry.spoken} {name} is in account {account.id}, {region}")
            reader.go_on()
            return reader.found
        if outcome.why is not Why.ABSENT:
            refused.append(outcome)
    raise _unreadable(entry, name, refused[0]) if refused else _unknown(entry, name, places)


class _Reader:
    """Makes the calls of one row in one place; `values` are what they are asked by."""

    def __init__(self, found: Found, store: Store, given: Mapping[str, str | None]) -> None:
        self.found, self.store = found, store
        self.values: dict[str, list[str]] = {name: [value] for name, value in given.items() if value}
        told = {name for read in found.entry.reads for name in read.tells}
        self.left_out = {name for name, value in given.items() if not value} - told
        self.reads = [read for read in found.entry.reads if not read.only or read.only in self.values]

    def begin(self) -> Refusal | None:
        """The first call; why it tells of no such thing, None where it does."""
        read, told = self.reads[0], False
        for answer in self._answers(read):
            if isinstance(answer, Refusal) and told:
                self._lost(read, answer)
            elif isinstance(answer, Refusal):
                return self._absent(answer) if answer.code in self.found.entry.absent else answer
            elif read.holds and not answer.get(read.holds) and not told:
                return self._absent()
            told = True
        return None

    def go_on(self) -> None:
        """The other calls; one that is refused leaves a gap."""
        for read in self.reads[1:]:
            for answer in self._answers(read):
                if isinstance(answer, Refusal):
                    self._lost(read, answer)

    def _lost(self, read: Read, refusal: Refusal) -> None:
        keep_gap(self.store, gap_of(refusal, lost=f"{read.lost} ({self.found.entry.spoken} {self.found.name})", wanted="execution"))

    def _absent(self, refusal: Refusal | None = None) -> Refusal:
        place = self.found
        code = refusal.code if refusal is not None else ""
        return Refusal(account=place.account.id, region=place.region, service=place.entry.service, operation=self.reads[0].operation, why=Why.ABSENT, code=code)

    def _answers(self, read: Read) -> Iterator[Answer | Refusal]:
        for number, asked in enumerate(_parameters(read, self.values, self.left_out)):
            for answer in self._pages(read, asked, number):
                if not isinstance(answer, Refusal):
                    for name, path in read.tells.items():
                        known = self.values.setdefault(name, [])
                        known += [value for value in _at(_telling(answer, read), path.split(".")) if value not in known]
                yield answer

    def _pages(self, read: Read, asked: Mapping[str, Any], number: int) -> Iterator[Answer | Refusal]:
        place, token = self.found, ""
        about = Provenance(call=f"{place.entry.service}:{read.operation}", account=place.account.id, region=place.region)
        for page in range(1, PAGES + 1):
            more = {read.pages: token} if token else {}
            answer = self._answer(read, {**asked, **more}, about, f"{place.name}-{number + 1:02d}-{page:03d}")
            yield answer
            token = "" if isinstance(answer, Refusal) or not read.pages or _holds_last(answer, read) else str(answer.get(read.pages) or "")
            if not token:
                return
        why = f"{read.operation} of {place.entry.spoken} {place.name}: only the newest {PAGES} pages were fetched"
        keep_gap(self.store, NamedGap(account=place.account.id, region=place.region, why=why, wanted="execution"))

    def _answer(self, read: Read, asked: Mapping[str, Any], about: Provenance, which: str) -> Answer | Refusal:
        place = self.found
        ask = partial(place.account.ask, place.entry.service, read.operation, place.region, **asked)
        if not read.keeps:
            return ask()
        spoken = _CAPITAL.sub("-", read.operation).lower()
        name = piece_name(place.entry.service, place.account.id, place.region, f"{spoken}-{which}")

        def without() -> Answer | Refusal:
            answer = ask()
            return answer if isinstance(answer, Refusal) else _without(answer, [path.split(".") for path in read.drops])

        return remembered(self.store, name, about, without)


def _parameters(read: Read, values: Values, left_out: set[str]) -> Iterator[dict[str, Any]]:
    """The parameters of each call, also for values that its own answers tell; none where a value that an earlier answer should tell is not known."""
    single = {name for template in read.asks.values() if isinstance(template, str) for name in _PLACE.findall(template)}
    listed = {name for template in read.asks.values() if isinstance(template, list) for name in _PLACE.findall(" ".join(template))}
    if any(not values.get(name) for name in (single | listed) - left_out):
        return
    known = {name: values[name] for name in single & values.keys()}
    for number in range(CALLS):
        if number >= max(map(len, known.values()), default=1):
            return
        chosen = {name: found[min(number, len(found) - 1)] for name, found in known.items()}
        yield {name: filled for name, template in read.asks.items() if (filled := _filled(template, chosen, values)) is not None}


def _filled(template: object, chosen: Mapping[str, str], values: Values) -> object:
    """The parameter; None where it is left out."""
    if isinstance(template, list):
        return [value for name in _PLACE.findall(" ".join(template)) for value in values[name]][:LISTED]
    names = _PLACE.findall(template) if isinstance(template, str) else []
    if not isinstance(template, str) or not names:
        return template
    return _PLACE.sub(lambda place: chosen[place[1]], template) if all(name in chosen for name in names) else None


def _at(value: object, path: Sequence[str]) -> Iterator[str]:
    """The texts at a path, through lists."""
    if isinstance(value, list):
        for item in value:
            yield from _at(item, path)
    elif not path:
        if isinstance(value, str) and value:
            yield value
    elif isinstance(value, Mapping):
        yield from _at(value.get(path[0]), path[1:])


def _without(value: Any, paths: Sequence[Sequence[str]]) -> Any:  # noqa: ANN401 (any JSON)
    """The answer without what lies at the paths, through lists."""
    if isinstance(value, list):
        return [_without(item, paths) for item in value]
    if not isinstance(value, Mapping):
        return value
    gone = {path[0] for path in paths if len(path) == 1}
    return {name: _without(item, [path[1:] for path in paths if path[0] == name and len(path) > 1]) for name, item in value.items() if name not in gone}


def _telling(answer: Answer, read: Read) -> Answer:
    """The answer with those of its items alone that tell values: no older ones than the last, and those that fit (`!Member`: another value than its)."""
    if not read.telling:
        return answer
    items = [item for item in answer.get(read.holds) or () if isinstance(item, Mapping)]
    last = next((at for at, item in enumerate(items) if read.last and _has(item, read.last)), len(items))
    return {read.holds: [item for item in items[:last] if _has(item, read.telling)]}


def _has(item: Mapping[str, Any], wanted: Mapping[str, str]) -> bool:
    """Each member is the text, fits the pattern, or differs from the member that the text names."""
    return all(item.get(name) != item.get(text[1:]) if text.startswith("!") else fnmatchcase(str(item.get(name) or ""), text) for name, text in wanted.items())


def _holds_last(answer: Answer, read: Read) -> bool:
    items = answer.get(read.holds) if read.last else None
    return any(_has(item, read.last) for item in items or () if isinstance(item, Mapping))


def _places(name: str, accounts: Mapping[str, Account], regions: Sequence[str]) -> Iterator[tuple[Account, str]]:
    """Where to look: an ARN says it itself."""
    arn = parse_arn(name)
    for account in accounts.values():
        if arn is None or arn.account in (None, "", account.id):
            yield from ((account, region) for region in ([arn.region] if arn is not None and arn.region else regions))


def _unreadable(entry: Entry, name: str, refusal: Refusal) -> AccountUnreachable:
    return AccountUnreachable(
        f"cannot read {entry.spoken} {name} in account {refusal.account}, {refusal.region}",
        why=f"AWS answered {refusal.code} to {refusal.call}",
        next_step="allow the collector what `trailsleuth permissions --account target` lists, or run `trailsleuth doctor`",
    )


def _unknown(entry: Entry, name: str, places: Sequence[tuple[Account, str]]) -> UsageError:
    looked = ", ".join(f"{account.id} {region}" for account, region in places)
    where = f"in {looked}" if looked else "in any account that was opened"
    return UsageError(f"there is no {entry.spoken} {name} {where}", next_step="check the name, or give --region and --profile")


def _entry(row: Mapping[str, Any]) -> Entry:
    reads = tuple(Read(**{**read, "drops": tuple(read.get("drops", ()))}) for read in row["read"])
    known = {name: row[name] for name in ("thing", "service", "takes", "example")}
    return Entry(**known, started=tuple(row["started"]), absent=tuple(row.get("absent", ())), reads=reads)
