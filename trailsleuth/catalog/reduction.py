"""What a trail cannot show of a role's use, what needs no permission, and ARNs that a policy should not name by their last id."""

from __future__ import annotations

import re
from dataclasses import dataclass
from functools import cache

from trailsleuth.catalog.arns import Place
from trailsleuth.catalog.load import rows_of
from trailsleuth.catalog.short_lived import widened

_PART = re.compile(r"\$\{([^}]+)\}")


@dataclass(frozen=True, slots=True, kw_only=True)
class NoRecord:
    """Calls of one service that are data events, or leave no event at all; `actions` are IAM patterns."""

    id: str
    what: str
    event_source: str
    actions: tuple[str, ...]


@cache
def unrecorded() -> tuple[NoRecord, ...]:
    """Every kind of call that a trail of management events does not show."""
    return tuple(
        NoRecord(id=row["id"], what=row["what"], event_source=row["event_source"], actions=tuple(row["actions"])) for row in rows_of("reduction", "no_record")
    )


@cache
def needs_no_permission(action: str) -> bool:
    """The call is allowed to whoever has credentials."""
    return any(action.lower() in (a.lower() for a in row["actions"]) for row in rows_of("reduction", "no_permission"))


@cache
def also_checked(action: str) -> tuple[str, ...]:
    """The kinds of resources that the action is checked on even where its request names none of them."""
    return tuple(kind for row in rows_of("reduction", "also_checked") if action in row["actions"] for kind in row["kinds"])


def any_of_form(arn_format: str, place: Place) -> str:
    """Anything of an ARN format in one place: `${Partition}`, `${Region}` and `${Account}` filled in, every other part a star."""
    values = {"Partition": place["partition"], "Region": place["region"], "Account": place["account"]}
    return _PART.sub(lambda match: values.get(match.group(1), "*"), arn_format)


@cache
def _one_run() -> tuple[tuple[re.Pattern[str], str], ...]:
    return tuple((re.compile(row["pattern"]), row["widened"]) for row in rows_of("reduction", "one_run"))


def beyond_one_run(arn: str) -> str:
    """The ARN with what lives for one run only as `*`; any other comes back as it is."""
    for pattern, form in _one_run():
        match = pattern.fullmatch(arn)
        if match is not None:
            return match.expand(form)
    return widened(arn)
