"""Failures that explain the error text and are no refusals: a quota, a missing project, a bad parameter.

Sees:  a failed call of the sessions asked about whose message stands in the text that the user saw; without a text, one that ended the session's work
       because something is not there.
Why:   wrapper texts speak of permissions for failures that are none; where the record shows the real one, that is the answer.
       Source: https://docs.aws.amazon.com/codepipeline/latest/userguide/troubleshooting.html
Sure:  observed: the record and the text say the same.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence

from msgspec.structs import replace

from trailsleuth.analyze.excuses import CLEANUP
from trailsleuth.analyze.findings import cite
from trailsleuth.analyze.untied import DENIAL_WORDS
from trailsleuth.catalog.advice import finding_advice
from trailsleuth.catalog.messages import code_row, opaque_error
from trailsleuth.catalog.things import READS
from trailsleuth.model import Basis, Cause, Finding, Inquiry, Record, Scope, Standing, account_of
from trailsleuth.model.names import role_of
from trailsleuth.model.texts import TELLING, repeats, said_by, texts_in
from trailsleuth.patterns import late

MISSING = late(r"NoSuch|NotFound|DoesNotExist|ResourceNotFound")
_ABSENT = late(
    rf"{MISSING.pattern}|\b(?:does not|doesn't|do not|don't) exist|\b(?:not|cannot|can't|could not) be found|\bnot found\b|\bno such\b", re.IGNORECASE
)
_NO_WRITES = (*READS, "AssumeRole")
NAMING = 5  # a name shorter than this stands in texts by chance


def explaining_failures(scope: Scope, inquiry: Inquiry, records: tuple[Record, ...]) -> tuple[Finding, ...]:
    """One finding for each kind of failure in focus that the error text repeats; () where the text repeats none."""
    own = _own_words(scope)
    if own is not None:
        return (own,)
    by_kind: dict[tuple[str, str | None, str], list[Record]] = {}
    for call in explaining_calls(scope, inquiry, records):
        by_kind.setdefault((call.call, call.error_code, said_by(call)), []).append(call)
    return tuple(_finding(records) for records in by_kind.values())


def explaining_calls(scope: Scope, inquiry: Inquiry, records: tuple[Record, ...]) -> tuple[Record, ...]:
    """The failed calls in focus, no denials by their text, that the error text repeats."""
    text = scope.said.text if scope.said else ""
    if not text:
        return tuple(_ended_by_absence(scope)) if inquiry.names_more_than_the_error and scope.execution is None else ()
    focus = [call for s in scope.sessions if s.id in scope.focus for call in s.calls] or list(records if inquiry.error else ())
    calls = [call for call in focus if call.failed and call.denial is None]
    return tuple(call for call in calls if repeats(text, call) or _misses_what_is_named(call, text) or _code_in(call, inquiry.error or ""))


def _ended_by_absence(scope: Scope) -> Iterator[Record]:
    """The failed calls after which a session asked about did nothing more, and which say that something is not there and nothing of permissions.

    A read that finds nothing is how tools look; it counts where the session asked for it again and again, and did nothing else any more.
    """
    for session in scope.sessions:
        done = session.calls if session.id in scope.focus else ()
        writes = [call for call in done if not call.event_name.startswith(_NO_WRITES)]
        yield from (call for call in _after_success(writes) or _all_absent(_after_success(done)) if _says_absent(call))


def _after_success(calls: Sequence[Record]) -> Sequence[Record]:
    last = max((n for n, call in enumerate(calls) if not call.failed), default=-1)
    return calls[last + 1 :]


def _all_absent(calls: Sequence[Record]) -> Sequence[Record]:
    again = len(calls) > 1 and len({(call.call, said_by(call)) for call in calls}) == 1
    return calls if again and all(_says_absent(call) and not call.event_name.startswith("AssumeRole") for call in calls) else ()


def _says_absent(call: Record) -> bool:
    words = f"{call.error_code} {call.error_message}"
    return call.denial is None and _ABSENT.search(words) is not None and not DENIAL_WORDS.search(words) and not call.event_name.startswith(CLEANUP)


def _own_words(scope: Scope) -> Finding | None:
    """The action's own error where its text says a reason that is no permission: a token, a file, a quota."""
    shown = scope.execution.shown if scope.execution and scope.execution.error_message else None
    opaque = opaque_error(shown.error_message or "") if shown is not None else None
    if shown is None or opaque is None or not opaque.explains:
        return None
    finding = _finding([shown])
    return replace(finding, explanation=f"{shown.error_message} {opaque.meaning}", advice=_advice(shown, opaque.look_at))


def _code_in(call: Record, text: str) -> bool:
    """The text that the user saw names the call's error code as a word of its own."""
    code = call.error_code or ""
    return len(code) >= TELLING - 4 and re.search(rf"(?<![\w.]){re.escape(code)}(?![\w.])", text) is not None


def _misses_what_is_named(call: Record, text: str) -> bool:
    """A call that found nothing there, on the very thing that the text names: the artifact's key, the project, the branch."""
    named = {value for value in texts_in(dict(call.request)) if len(value) >= NAMING}
    return MISSING.search(call.error_code or "") is not None and any(value in text for value in named)


def _finding(records: list[Record]) -> Finding:
    first = records[0]
    principal = role_of(first)
    return Finding(
        standing=Standing.CAUSE,
        basis=Basis.OBSERVED,
        cause=Cause.NOT_A_PERMISSION,
        policy_types=(),
        principal=principal,
        principal_account=account_of(principal),
        iam_action=None,
        resource=None,
        resource_account=None,
        advice=_advice(first, ""),
        explanation=f"{first.event_name} failed with {first.error_code}: {first.error_message} No policy denied anything.",
        first_seen=first.event_time,
        last_seen=records[-1].event_time,
        count=len(records),
        evidence=tuple(cite(r) for r in records),
    )


def _advice(call: Record, look_at: str) -> str:
    """What the table says about the error code or the text; else to follow the error itself."""
    row = code_row(call.error_code or "")
    return finding_advice(policy=None, own=look_at, rule=row.id if row else "", cause=Cause.NOT_A_PERMISSION.value, call=call.event_name)
