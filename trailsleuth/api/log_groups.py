"""The selection for a log group, in the two languages of CloudWatch Logs: which records a diagnosis needs, first by what was denied, then by credentials.

Logs Insights: https://docs.aws.amazon.com/AmazonCloudWatch/latest/logs/CWL_QuerySyntax-Filter.html (10,000 characters)
Filter patterns: https://docs.aws.amazon.com/AmazonCloudWatch/latest/logs/FilterAndPatternSyntax.html (1,024 characters)
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from typing import Any

from trailsleuth.catalog.action_kinds import policy_changes
from trailsleuth.catalog.issuing import LONGEST_SESSION
from trailsleuth.catalog.refusals import code_pattern, message_pattern
from trailsleuth.errors import UsageError
from trailsleuth.model import Inquiry, is_of_role, role_of_session
from trailsleuth.patterns import late
from trailsleuth.sources.engines.addresses import LogQuestion, LogSearch

LONGEST_PATTERN = 1_000
KEYS_AT_ONCE = 12
START = "StartPipelineExecution"
_QUERY = "fields @timestamp, @message | filter {condition}"
_KEY = late(r"[A-Z0-9]{16,128}", re.ASCII)
_CHANGES = tuple(sorted({*policy_changes(), START}))


def log_question(inquiry: Inquiry, roles: Iterable[str]) -> LogQuestion:
    """What is asked of a log group. UsageError where no start is given: nothing unbounded is asked."""
    if inquiry.since is None:
        raise UsageError(
            "a log group is asked without --since", why="Logs Insights bills for every byte that it reads", next_step="give --since (2026-03-04, 2d)"
        )
    named = tuple(_named(inquiry, roles))
    return LogQuestion(
        since=inquiry.since,
        until=inquiry.until,
        early=inquiry.since - LONGEST_SESSION,
        first=(_refusals(named), *_changes()),
        follow=_by_keys,
        is_subject=_subject(inquiry) if inquiry.role or inquiry.session or inquiry.access_key or inquiry.event_id else _failed,
    )


def _refusals(named: Sequence[tuple[str, str]]) -> LogSearch:
    """What was denied, and what is asked about by name."""
    wanted = [f"errorCode like {_regex(code_pattern())}", f"errorMessage like {_regex(message_pattern())}"]
    wanted += [f"{path} like {_regex(re.escape(value))}" for path, value in named]
    fields = ['($.errorCode = "*")', '($.errorMessage = "*")', *(f'($.{path} = "*{value}*")' for path, value in named)]
    return LogSearch(query=_QUERY.format(condition=" or ".join(wanted)), patterns=tuple(_patterns(fields)), what="the denied calls")


def _changes() -> Iterator[LogSearch]:
    listed = ", ".join(f'"{name}"' for name in _CHANGES)
    fields = [f'($.eventName = "{name}")' for name in _CHANGES]
    yield LogSearch(query=_QUERY.format(condition=f"eventName in [{listed}]"), patterns=tuple(_patterns(fields)), what="changes of policies", early=True)


def _by_keys(keys: Sequence[str]) -> Iterator[LogSearch]:
    """The calls made with credentials, and the calls that handed them out: each holds the access key id."""
    sound = [key for key in keys if _KEY.fullmatch(key)]
    for at in range(0, len(sound), KEYS_AT_ONCE):
        some = sound[at : at + KEYS_AT_ONCE]
        fields = [f'($.{path} = "{key}")' for key in some for path in ("userIdentity.accessKeyId", "responseElements.credentials.accessKeyId")]
        query = _QUERY.format(condition=f"@message like {_regex('|'.join(some))}")
        yield LogSearch(query=query, patterns=tuple(_patterns(fields)), what="the calls of the sessions", early=True)


def _patterns(fields: Iterable[str]) -> Iterator[str]:
    """The conditions, joined by "or" into as few filter patterns as their length allows."""
    held: list[str] = []
    for field in fields:
        if held and len(" || ".join([*held, field])) > LONGEST_PATTERN:
            yield f"{{ {' || '.join(held)} }}"
            held = []
        held.append(field)
    yield f"{{ {' || '.join(held)} }}"


def _named(inquiry: Inquiry, roles: Iterable[str]) -> Iterator[tuple[str, str]]:
    """What is asked about, as the member that holds it and the text in it."""
    for role in dict.fromkeys([*roles, *filter(None, [inquiry.role])]):
        name = (role_of_session(role) or role).rpartition("/")[2].partition("*")[0]
        if re.fullmatch(r"[\w+=,.@-]+", name):
            yield "userIdentity.arn", f":assumed-role/{name}"
    for path, value in (("eventID", inquiry.event_id), ("userIdentity.accessKeyId", inquiry.access_key), ("userIdentity.principalId", inquiry.session)):
        if value and re.fullmatch(r"[\w+=,.@:/-]+", value):
            yield path, value.rpartition("/")[2]


def _subject(inquiry: Inquiry) -> Callable[[Mapping[str, Any]], bool]:
    """Whether a record is of what is asked about: its session is followed."""

    def is_subject(record: Mapping[str, Any]) -> bool:
        identity = record.get("userIdentity")
        who: Mapping[str, Any] = identity if isinstance(identity, Mapping) else {}
        arn = who.get("arn") if isinstance(who.get("arn"), str) else None
        if inquiry.role and is_of_role(role_of_session(arn) or arn, role_of_session(inquiry.role) or inquiry.role):
            return True
        if inquiry.session and (arn or "").rpartition("/")[2] == inquiry.session.rpartition("/")[2]:
            return True
        return (inquiry.access_key or "-") == who.get("accessKeyId") or (inquiry.event_id or "-") == record.get("eventID")

    return is_subject


def _failed(record: Mapping[str, Any]) -> bool:
    return bool(record.get("errorCode") or record.get("errorMessage"))


def _regex(pattern: str) -> str:
    return "/" + pattern.replace("/", r"\/") + "/"
