"""What the present policies grant and nobody was seen to use, and what of that this trail cannot show."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping

from trailsleuth.catalog.actions import actions_of
from trailsleuth.catalog.pipeline_actions import needs_of_action
from trailsleuth.catalog.reduction import NoRecord, unrecorded
from trailsleuth.iam.match import action_matches
from trailsleuth.model import ActionRun, Evidence, Statement, same_role
from trailsleuth.model.reduction import Beyond, UnusedGrant
from trailsleuth.remedy.reduce.present import Present, as_written, covers_action, policy_label

TOO_MANY = 100  # unused actions of one pattern; beyond that the pattern itself is shown
NEVER_RECORDED = ("logs:PutLogEvents",)
Place = tuple[str, int]


def find_unused(present: Present, used_by: Mapping[Place, set[str]], unseen: Iterable[NoRecord]) -> tuple[UnusedGrant, ...]:
    """Statement by statement the actions that no call used by it; wildcards as the actions that they mean."""
    kinds = tuple(unseen)
    found = []
    for policy, statement in present.allows:
        used = {a.lower() for a in used_by.get((policy_label(policy), statement.index), ())}
        actions = tuple(_unused_of(statement, used))
        if actions:
            untold = tuple(a for a in actions if "*" not in a and any(_means(kind, a) for kind in kinds))
            found.append(UnusedGrant(policy=policy_label(policy), statement=statement.label, iam_actions=actions, cannot_tell=untold))
    return tuple(found)


def _unused_of(statement: Statement, used: set[str]) -> list[str]:
    if statement.not_actions:
        return [f"everything but {', '.join(statement.not_actions)}"]
    found: dict[str, str] = {}
    for pattern in statement.actions:
        meant = [a for a in expand(pattern) if a.lower() not in used]
        for action in [pattern] if len(meant) > TOO_MANY else meant:
            found.setdefault(action.lower(), action)
    return sorted(found.values())


def expand(pattern: str) -> tuple[str, ...]:
    """The actions that a pattern means; itself where it is none, means none, or goes across services."""
    prefix = pattern.partition(":")[0]
    if not any(sign in pattern for sign in "*?") or any(sign in prefix for sign in "*?"):
        return (pattern,)
    return tuple(a for a in actions_of(prefix) if action_matches(pattern, a)) or (pattern,)


def unseen_kinds(evidence: Evidence) -> tuple[NoRecord, ...]:
    """The kinds of calls of which this evidence holds no data event."""
    sources = {r.event_source for r in evidence.records if r.category == "Data"}
    return tuple(kind for kind in unrecorded() if kind.event_source not in sources or set(kind.actions) & set(NEVER_RECORDED))


def _means(kind: NoRecord, action: str) -> bool:
    return any(action_matches(pattern, action) for pattern in kind.actions)


def granted_unseen(kind: NoRecord, present: Present, used: set[str]) -> Iterator[tuple[str, Statement, tuple[str, ...]]]:
    """The statements that grant calls of this kind by name or by service, with the actions as they name them."""
    for policy, statement in present.allows:
        actions = {name for pattern in statement.actions for name in _shared(pattern, kind, used)}
        if actions:
            yield policy_label(policy), statement, tuple(sorted(actions))


def _shared(granted: str, kind: NoRecord, used: set[str]) -> list[str]:
    """What a granted pattern and a kind of calls have in common: either one's pattern where it lies within the other's, else the actions."""
    meant = expand(granted)
    left = {a for a in meant if _means(kind, a) and a.lower() not in used}
    if left and left == set(meant):
        return [granted]
    whole = [pattern for pattern in kind.actions if set(expand(pattern)) <= left]
    return [*whole, *(a for a in left if not any(action_matches(pattern, a) for pattern in whole))]


def grants_everything(present: Present) -> bool:
    """A statement grants calls of all services at once, or all but some."""
    return any(s.not_actions or any("*" in a.partition(":")[0] for a in s.actions) for _, s in present.allows)


def beyond_trail(evidence: Evidence, present: Present, *, role: str, used: set[str], kinds: Iterable[NoRecord]) -> tuple[Beyond, ...]:
    """Grants of today to keep beside the document until a trail can tell: calls without a record, and what a broken-off pipeline action never reached."""
    found = [
        Beyond(why=f"{kind.what} are data events and not in this evidence", statement=as_written(statement, actions))
        for kind in kinds
        for _, statement, actions in granted_unseen(kind, present, used)
    ]
    for run, wanted in never_reached(evidence, present, role=role, used=used, kinds=kinds):
        for _, statement in present.allows:
            actions = tuple(a for a in wanted if covers_action(statement, a))
            if actions:
                why = f"the {run.provider} action {run.action} broke off before it could use them"
                found.append(Beyond(why=why, statement=as_written(statement, actions)))
    return tuple({repr(b): b for b in found}.values())


def never_reached(evidence: Evidence, present: Present, *, role: str, used: set[str], kinds: Iterable[NoRecord]) -> Iterator[tuple[ActionRun, tuple[str, ...]]]:
    """The failed pipeline actions that ran with the role, with what they are documented to need, are granted and did not come to use."""
    unseen = [pattern for kind in kinds for pattern in kind.actions]
    for run in _broken_off(evidence, role):
        needed = sorted({n.iam_action for n in needs_of_action(run.provider or "", run.category or "") if n.principal == "action"})
        left = [a for a in needed if a.lower() not in used and not any(action_matches(pattern, a) for pattern in unseen)]
        granted = tuple(a for a in left if any(covers_action(s, a) for _, s in present.allows))
        if granted:
            yield run, granted


def _broken_off(evidence: Evidence, role: str) -> list[ActionRun]:
    """One failed run of each action that ran with the role."""
    failed = [run for run in evidence.actions if run.failed and run.role_arn and same_role(run.role_arn, role)]
    return [run for _, run in sorted({(run.provider or "", run.action): run for run in failed}.items())]
