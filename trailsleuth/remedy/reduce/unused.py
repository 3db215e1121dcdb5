"""What the present policies grant and nobody was seen to use, and what of that this trail cannot show."""

from __future__ import annotations

from collections.abc import Iterator, Mapping

from trailsleuth.catalog.actions import actions_of, resource_types
from trailsleuth.catalog.arns import fits
from trailsleuth.catalog.pipeline_actions import needs_of_action
from trailsleuth.catalog.reduction import NoRecord, unrecorded
from trailsleuth.iam.match import action_matches
from trailsleuth.model import ActionRun, Evidence, Statement, same_role
from trailsleuth.model.pattern import is_wide
from trailsleuth.model.reduction import Beyond, UnusedGrant
from trailsleuth.remedy.reduce.present import Present, as_written, covers_action, policy_label
from trailsleuth.remedy.reduce.recorded import Recorded

TOO_MANY = 100  # unused actions of one pattern; beyond that the pattern itself is shown
Place = tuple[str, int]


def find_unused(present: Present, used_by: Mapping[Place, set[str]], recorded: Recorded) -> tuple[UnusedGrant, ...]:
    """Statement by statement the actions that no call used by it; wildcards as the actions that they mean."""
    found = []
    for policy, statement in present.allows:
        used = {a.lower() for a in used_by.get((policy_label(policy), statement.index), ())}
        actions = tuple(_unused_of(statement, used))
        if actions:
            untold = tuple(a for a in actions if "*" not in a and any(_means(kind, a) and _hidden(kind, a, statement, recorded) for kind in unrecorded()))
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


def _means(kind: NoRecord, action: str) -> bool:
    return any(action_matches(pattern, action) for pattern in kind.actions)


def _hidden(kind: NoRecord, action: str, statement: Statement, recorded: Recorded) -> tuple[str, ...]:
    """The statement's resources on which the trail would not show a call of the action."""
    return tuple(r for r in statement.resources or ("*",) if _of_kind(action, r) and not recorded.would_show(kind, action, r))


def _of_kind(action: str, resource: str) -> bool:
    """The resource is one that the action may work on: not the bucket where the action is on objects."""
    forms = [form for one in resource_types(action) for form in one.arn_formats]
    return resource == "*" or is_wide(resource) or not forms or any(fits(resource, form) for form in forms)


def granted_unseen(kind: NoRecord, present: Present, recorded: Recorded) -> Iterator[tuple[str, Statement, tuple[str, ...], tuple[str, ...]]]:
    """The statements that grant calls of this kind which the trail would not show: with the actions as they name them, and the resources."""
    for policy, statement in present.allows:
        by_resources: dict[tuple[str, ...], set[str]] = {}
        for pattern in statement.actions:
            for action in _shared(pattern, kind):
                if hidden := _hidden(kind, action, statement, recorded):
                    by_resources.setdefault(hidden, set()).add(action)
        for resources, actions in sorted(by_resources.items()):
            yield policy_label(policy), statement, tuple(sorted(actions)), resources


def _shared(granted: str, kind: NoRecord) -> list[str]:
    """What a granted pattern and a kind of calls have in common: either one's pattern where it lies within the other's, else the actions."""
    meant = expand(granted)
    left = {a for a in meant if _means(kind, a)}
    if left and left == set(meant):
        return [granted]
    whole = [pattern for pattern in kind.actions if set(expand(pattern)) <= left]
    return [*whole, *(a for a in left if not any(action_matches(pattern, a) for pattern in whole))]


def grants_everything(present: Present) -> bool:
    """A statement grants calls of all services at once, or all but some."""
    return any(s.not_actions or any("*" in a.partition(":")[0] for a in s.actions) for _, s in present.allows)


def beyond_trail(evidence: Evidence, present: Present, recorded: Recorded, *, role: str, used: set[str]) -> tuple[Beyond, ...]:
    """Grants of today to keep beside the document until a trail can tell: calls without a record, and what a broken-off pipeline action never reached."""
    found = [
        Beyond(
            why=f"{kind.what} are data events, and this evidence does not hold those of all that is granted",
            statement=as_written(statement, actions, resources),
        )
        for kind in unrecorded()
        if not kind.never
        for _, statement, actions, resources in granted_unseen(kind, present, recorded)
    ]
    for run, wanted in never_reached(evidence, present, role=role, used=used):
        for _, statement in present.allows:
            actions = tuple(a for a in wanted if covers_action(statement, a))
            if actions:
                why = f"the {run.provider} action {run.action} failed before it could use them"
                found.append(Beyond(why=why, statement=as_written(statement, actions)))
    return tuple({repr(b): b for b in found}.values())


def never_reached(evidence: Evidence, present: Present, *, role: str, used: set[str]) -> Iterator[tuple[ActionRun, tuple[str, ...]]]:
    """The failed pipeline actions that ran with the role, with what they are documented to need, are granted and did not come to use."""
    unseen = [pattern for kind in unrecorded() for pattern in kind.actions]
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
