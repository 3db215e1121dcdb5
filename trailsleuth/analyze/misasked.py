"""Questions about something that the evidence does not hold.

Sees:  the names of the question, and what the evidence names of their kind.
Why:   a mistyped name is no finding: nothing was denied to a role that does not exist. What there is, and the nearest name, are the answer.
Sure:  only where the evidence names others of the kind, or holds records at all; a chain that leads into a missing account is another question.
"""

from __future__ import annotations

import shlex
from collections.abc import Iterable, Iterator
from datetime import datetime
from difflib import get_close_matches
from itertools import islice

from msgspec import Struct

from trailsleuth.model import THINGS, Evidence, Inquiry, Question, Record, Scope, account_of, is_of_role, role_of_session

# The answer of AWS that shows a failed thing.
_ANSWERS = {
    "failed stack": "aws cloudformation describe-stack-events --stack-name {name} --output json > stack-events.json",
    "failed build": "aws codebuild batch-get-builds --ids {name} --output json > build.json",
    "failed deployment": "aws deploy get-deployment --deployment-id {name} --output json > deployment.json",
    "failed task": "aws ecs describe-tasks --cluster CLUSTER --tasks {name} --output json > task.json",
    "failed service": "aws ecs describe-services --cluster CLUSTER --services {name} --output json > service.json",
    "function": "aws lambda get-function-configuration --function-name {name} --output json > function.json",
    "failed state machine": "aws stepfunctions describe-execution --execution-arn ARN --output json > execution.json",
}
_LOOKED_THROUGH = 2000
_THERE = {"record": ("denied ones are", "none of its records was denied")}
SHOWN = 5  # names of what there is instead


class _Missed(Struct, frozen=True, kw_only=True):
    """One name that the evidence lacks: its kind, the name, what there is of the kind, and the option that takes such a name."""

    kind: str
    name: str
    there: tuple[str, ...]
    option: str


def misasked(evidence: Evidence, scope: Scope, inquiry: Inquiry) -> tuple[Question, ...]:
    """One question for each name, or for the window, that the evidence does not hold; () where it holds what is asked about."""
    return (*_window(evidence, inquiry), *map(_question, _missed(evidence, scope, inquiry)), *_contradicted(scope, inquiry))


def _contradicted(scope: Scope, inquiry: Inquiry) -> Iterator[Question]:
    """A role, and a narrower entry that is of another: one of the two is not meant."""
    narrower = (("record", "--event-id", inquiry.event_id), ("access key", "--access-key", inquiry.access_key), ("session", "--session", inquiry.session))
    kind, option, name = next((one for one in narrower if one[2]), ("", "", None))
    told = {role_of_session(r.denial.principal) or r.denial.principal for r in scope.asked if r.denial is not None}
    known = sorted(filter(None, {s.principal for s in scope.sessions if s.id in scope.focus} or told))
    if name is None or inquiry.role is None or not known or any(is_of_role(owner, inquiry.role) for owner in known):
        return
    because = f"{kind} {name} is not of role {inquiry.role}: it is of {', '.join(known[:SHOWN])}"
    yield Question(account=None, wanted="records", because=because, command=f"trailsleuth diagnose <evidence> {option} {shlex.quote(name)}")


def _question(missed: _Missed) -> Question:
    near = get_close_matches(missed.name, missed.there, n=1, cutoff=0.6)
    shown = sorted(near) + [name for name in missed.there if name not in near]
    more = f" and {len(shown) - SHOWN} more" if len(shown) > SHOWN else ""
    word, none = _THERE.get(missed.kind, ("there is", f"it names no {missed.kind}"))
    there = f"{word} {', '.join(shown[:SHOWN])}{more}" if shown else none
    nearest = f"; the nearest is {near[0]}" if near else ""
    because = f"no {missed.kind} {missed.name} is in the evidence: {there}{nearest}"
    if missed.kind in _ANSWERS and not missed.there:
        command = _ANSWERS[missed.kind].format(name=shlex.quote(missed.name))
        return Question(account=None, wanted="execution", because=because, command=command)
    command = f"trailsleuth diagnose <evidence> {missed.option} {near[0] if near else '<name>'}"
    return Question(account=None, wanted="execution" if missed.kind in ("pipeline", "execution", *_ANSWERS) else "records", because=because, command=command)


def _missed(evidence: Evidence, scope: Scope, inquiry: Inquiry) -> Iterator[_Missed]:
    if inquiry.event_id and not any(r.event_id == inquiry.event_id for r in evidence.records):
        yield _Missed(kind="record", name=inquiry.event_id, there=_denied_ids(evidence), option="--event-id")
    pipelines, executions = _pipelines(evidence), _executions(evidence)
    if inquiry.pipeline and pipelines and inquiry.pipeline not in pipelines:
        yield _Missed(kind="pipeline", name=inquiry.pipeline, there=pipelines, option="--pipeline")
    if inquiry.execution_id and executions and inquiry.execution_id not in executions:
        yield _Missed(kind="execution", name=inquiry.execution_id, there=executions, option="--execution-id")
    if inquiry.thing and scope.execution is not None and scope.execution.attempt is None:
        kind, name = inquiry.thing
        there = _listed(run.action for run in evidence.actions if run.kind and run.provider == THINGS[kind])
        word = kind if kind == "function" else f"failed {kind.replace('_', ' ')}"
        yield _Missed(kind=word, name=name, there=there, option=f"--{kind.replace('_', '-')}")
    if scope.focus or scope.asked or not evidence.records:
        return
    if inquiry.access_key:
        yield _Missed(kind="access key", name=inquiry.access_key, there=_listed(s.access_key_id for s in scope.sessions), option="--access-key")
    if inquiry.session:
        yield _Missed(kind="session", name=inquiry.session, there=_listed(s.session_name for s in scope.sessions), option="--session")
    roles = _listed((*(s.principal for s in scope.sessions), *(p.arn for p in evidence.policies.principals)))
    covered = {seen.account for seen in evidence.coverage.accounts}
    if inquiry.role and inquiry.role not in roles and account_of(inquiry.role) in (None, *covered):
        there = roles if inquiry.role.startswith("arn:") else _listed(_short(role) for role in roles)
        yield _Missed(kind="role", name=inquiry.role, there=there, option="--role")


def _denied_ids(evidence: Evidence) -> tuple[str, ...]:
    """The ids of denied records, of which one was meant: the others are too many to be looked through."""
    return _listed(islice((r.event_id for r in evidence.records if r.denial is not None), _LOOKED_THROUGH))


def _listed(names: Iterable[str | None]) -> tuple[str, ...]:
    return tuple(sorted({name for name in names if name}))


def _short(arn: str) -> str:
    return arn.rpartition("/")[2]


def _pipelines(evidence: Evidence) -> tuple[str, ...]:
    runs = (*(run.pipeline for run in evidence.actions), *(run.pipeline for run in evidence.runs))
    return _listed((*(p.name for p in evidence.pipelines), *runs, *(_text(r.request.get("name")) for r in _starts(evidence))))


def _executions(evidence: Evidence) -> tuple[str, ...]:
    runs = (*(run.execution_id for run in evidence.actions if not run.kind), *(run.execution_id for run in evidence.runs))
    return _listed((*runs, *(_text(r.response.get("pipelineExecutionId")) for r in _starts(evidence))))


def _starts(evidence: Evidence) -> Iterator[Record]:
    return (r for r in evidence.records if r.call == "codepipeline.amazonaws.com:StartPipelineExecution" and not r.failed)


def _text(value: object) -> str | None:
    return value if isinstance(value, str) else None


def _iso(moment: datetime) -> str:
    return moment.strftime("%Y-%m-%dT%H:%M:%SZ")


def outside_window(evidence: Evidence, scope: Scope, inquiry: Inquiry) -> Iterator[Question]:
    """The denial nearest to the window that is asked about, where none lies in it: it may have been cut too short."""
    since, until = inquiry.since, inquiry.until
    named = inquiry.names_more_than_the_error
    early = [r for r in evidence.records if r.denial and since and r.event_time < since and (not named or _in_focus(r, scope))]
    late = [r for r in evidence.records if r.denial and until and r.event_time > until and (not named or _in_focus(r, scope))]
    for denied, where in ((late[:1], "after"), (early[-1:], "before")):
        for record in denied:
            because = f"{record.event_name} was denied at {_iso(record.event_time)}, {where} the window that is asked about"
            yield Question(account=record.account, wanted="records", because=because, command=f"trailsleuth diagnose <evidence> --event-id {record.event_id}")


def _in_focus(record: Record, scope: Scope) -> bool:
    return scope.session_of.get((record.event_id, record.account)) in scope.focus


def _window(evidence: Evidence, inquiry: Inquiry) -> Iterator[Question]:
    """The time asked about, where no record lies in it."""
    since, until = inquiry.since, inquiry.until
    if (since is None and until is None) or not evidence.records:
        return
    if any((since is None or r.event_time >= since) and (until is None or r.event_time <= until) for r in evidence.records):
        return
    first, last = evidence.records[0].event_time, evidence.records[-1].event_time
    because = f"no record lies in the window that is asked about: the evidence spans {_iso(first)} to {_iso(last)}"
    command = f"trailsleuth diagnose <evidence> --since {_iso(first)} --until {_iso(last)}"
    yield Question(account=None, wanted="records", because=because, command=command)
