"""What a trail cannot show of a role's use, what needs no permission, and ARNs that a policy should not name by their last id."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping
from datetime import UTC, date, datetime, timedelta
from functools import cache, lru_cache
from typing import Any

from msgspec import Struct

from trailsleuth.catalog.arns import Place
from trailsleuth.catalog.load import rows_of
from trailsleuth.catalog.paths import holds, plain_name
from trailsleuth.catalog.short_lived import widening
from trailsleuth.model.pattern import ArnPattern, escaped
from trailsleuth.patterns import late

_PART = late(r"\$\{([^}]+)\}")
_NEAR = timedelta(days=62)  # jobs name the day before, the month, or catch up
_STEM = 3  # what names of one series have in common at the least


class NoRecord(Struct, frozen=True, kw_only=True):
    """Calls of one service that are data events, or (`never`) leave no event at all; `actions` are IAM patterns.

    `follows`: the recorded action on the same resource that tells of them.
    """

    id: str
    what: str
    event_source: str
    actions: tuple[str, ...]
    never: bool = False
    follows: str | None = None


@cache
def unrecorded() -> tuple[NoRecord, ...]:
    """Every kind of call that a trail of management events does not show."""
    return tuple(
        NoRecord(
            id=row["id"],
            what=row["what"],
            event_source=row["event_source"],
            actions=tuple(row["actions"]),
            never=row.get("never", False),
            follows=row.get("follows"),
        )
        for row in rows_of("reduction", "no_record")
    )


@cache
def needs_no_permission(action: str) -> bool:
    """The call is allowed to whoever has credentials."""
    return any(action.lower() in (a.lower() for a in row["actions"]) for row in rows_of("reduction", "no_permission"))


@cache
def was_authorized(error_code: str) -> bool:
    """Whether the error is one of those that a service gives only once IAM has allowed the call; codes of bad input and of throttling are not."""
    return any(re.search(row["pattern"], error_code) for row in rows_of("reduction", "authorized"))


@cache
def makes_kind(action: str, kind: str) -> bool:
    """Whether a call of the action makes a thing of the kind: a snapshot of `CreateDBSnapshot`, not the database that it is taken from."""
    return makes(action) and plain_name(action.partition(":")[2]).rstrip("s").endswith(plain_name(kind).rstrip("s"))


@cache
def makes(action: str) -> bool:
    """Whether a call of the action makes what it names or answers with: the next run of the same job will make another."""
    return any(re.search(row["pattern"], action) for row in rows_of("reduction", "makes"))


def on_star(action: str, request: Mapping[str, Any]) -> bool:
    """The call is checked on `*`, whatever kind of resource the reference lists."""
    return any(action in row["actions"] and not holds(request, row["unless"]) for row in rows_of("reduction", "on_star"))


@cache
def definition_makers() -> frozenset[tuple[str, str]]:
    """Event source and name of the calls that make definitions whose roles a later call passes."""
    return frozenset((row["event_source"], name) for row in rows_of("reduction", "through") for name in row["made_by"])


@cache
def also_checked(action: str) -> tuple[str, ...]:
    """The kinds of resources that the action is checked on even where its request names none of them."""
    return tuple(kind for row in rows_of("reduction", "also_checked") if action in row["actions"] for kind in row["kinds"])


def any_of_form(arn_format: str, place: Place) -> ArnPattern:
    """Anything of an ARN format in one place: `${Partition}`, `${Region}` and `${Account}` filled in, every other part a star."""
    values = {"Partition": place["partition"], "Region": place["region"], "Account": place["account"]}
    return ArnPattern(_PART.sub(lambda match: values.get(match.group(1), "*"), arn_format))


@cache
def _one_run() -> tuple[tuple[re.Pattern[str], str], ...]:
    return tuple((late(row["pattern"]), row["widened"]) for row in rows_of("reduction", "one_run"))


def beyond_one_run(arn: str) -> ArnPattern | None:
    """The ARN with what lives for one run only as `*`; None for any other."""
    for pattern, form in _one_run():
        match = pattern.fullmatch(arn)
        if match is not None:
            return _expanded(match, form)
    match, form = (None, "") if one_of_many(arn) else widening(arn) or (None, "")
    return _expanded(match, form) if match else None


def _expanded(match: re.Match[str], form: str) -> ArnPattern:
    """The form with the groups of the match as themselves."""
    return ArnPattern(re.sub(r"\\(\d)", lambda group: escaped(match.group(int(group.group(1)))), form))


@cache
def _many() -> tuple[tuple[re.Pattern[str], str], ...]:
    return tuple((late(row["pattern"]), row["widened"]) for row in rows_of("reduction", "one_of_many"))


def one_of_many(arn: str) -> ArnPattern | None:
    """Anything of the type of an ARN whose id AWS gave and which may live a minute or for years; None for other types."""
    found = next(((match, form) for pattern, form in _many() if (match := pattern.fullmatch(arn))), None)
    return _expanded(*found) if found else None


@cache
def _jobs() -> tuple[re.Pattern[str], ...]:
    return tuple(late(row["pattern"]) for row in rows_of("reduction", "job"))


def job_stem(arn: str, others: Iterable[str]) -> ArnPattern | None:
    """A job under a name that nobody can use twice: what the names of its like begin with, and a star. None for what is no job."""
    matches = {one: match for one in {arn, *others} for pattern in _jobs() if (match := pattern.fullmatch(one))}
    if arn not in matches:
        return None
    head = matches[arn].group(1)
    names = sorted(match.group(2) for match in matches.values() if match.group(1) == head)
    near = [name for name in names if name[:_STEM] == matches[arn].group(2)[:_STEM]]
    stem = next(near[0][:size] for size in range(len(near[0]), -1, -1) if all(name.startswith(near[0][:size]) for name in near))
    for part in generated_parts(arn):  # a date that all of them share today is another one tomorrow
        stem = stem[: matches[arn].group(2).find(part)] if part in matches[arn].group(2) else stem
    return ArnPattern(f"{escaped(head + stem)}*")


@cache
def _generated() -> tuple[tuple[re.Pattern[str], bool], ...]:
    return tuple((late(row["pattern"]), bool(row.get("date", False))) for row in rows_of("reduction", "varying"))


@lru_cache(maxsize=65536)
def generated_parts(arn: str) -> tuple[str, ...]:
    """The dates, times and generated ids in the resource part of an ARN, from left to right."""
    return tuple(text for text, _ in _parts(arn))


def has_generated_id(arn: str) -> bool:
    """A generated part that is no date or time."""
    return any(not dated for _, dated in _parts(arn))


def _parts(arn: str) -> list[tuple[str, bool]]:
    text = arn.split(":", 5)[-1]
    found: list[tuple[int, int, bool]] = []
    for pattern, dated in _generated():
        spans = (match.span() for match in pattern.finditer(text))
        found += [(start, end, dated) for start, end in spans if not any(start < last and first < end for first, last, _ in found)]
    return [(text[start:end], dated) for start, end, dated in sorted(found)]


def of_the_day(arn: str, first: datetime, last: datetime) -> bool:
    """Whether a date in the ARN is about that of the calls: such a name follows the calendar."""
    text = arn.split(":", 5)[-1]
    for pattern, dated in _generated():
        for match in pattern.finditer(text) if dated else ():
            when = _date(match.group())
            if when is not None and first.date() - _NEAR <= when <= last.date() + _NEAR:
                return True
    return False


def _date(text: str) -> date | None:
    digits = re.sub(r"\D", "", re.sub(r"[a-z]+=", "", text))
    if len(digits) in (10, 13) and digits.startswith("1"):
        return datetime.fromtimestamp(int(digits[:10]), UTC).date()
    return next(filter(None, (_made(*numbers) for numbers in _readings(text, digits))), None)


def _readings(text: str, digits: str) -> Iterator[tuple[int, int, int]]:
    """What a text may mean as year, month and day: the first day of a quarter or, near enough, of a week."""
    if "W" in text or "Q" in text.upper():
        yield int(digits[:4]), 1 + ((int(digits[4:]) - 1) * 7 // 31 if "W" in text else (int(digits[4:]) - 1) * 3), 1
    elif re.match(r"\d{2}\D", text):
        yield from ((int(digits[4:]), int(digits[2:4]), int(digits[:2])), (int(digits[4:]), int(digits[:2]), int(digits[2:4])))
    else:
        yield int(digits[:4]), int(digits[4:6]), int(digits[6:8] or 1)


def _made(year: int, month: int, day: int) -> date | None:
    try:
        return date(year, month, day)
    except ValueError:
        return None
