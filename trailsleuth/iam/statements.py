"""Whether one statement applies to one request, and if not, on which parts it failed."""

from __future__ import annotations

from functools import lru_cache

from msgspec import Struct

from trailsleuth.catalog.evaluation import checked_on
from trailsleuth.iam.conditions import Tri, all_of, any_of, check
from trailsleuth.iam.keys import RequestKeys
from trailsleuth.iam.match import action_matches, patterns_overlap, resource_matches
from trailsleuth.iam.principals import IAM_KINDS, Caller, Grant, excepted, named_by, unreadable_kinds
from trailsleuth.iam.variables import expand
from trailsleuth.model import Mismatch, Statement


class Ask(Struct, frozen=True, kw_only=True):
    """A request made ready: its keys in any case, its caller read. `bounded`: a permissions boundary is set; `patterned`: its resource is a pattern."""

    action: str
    resource: str
    caller: Caller
    keys: RequestKeys
    bounded: bool = False
    patterned: bool = False

    @property
    def prefix(self) -> str:
        return self.action.partition(":")[0].lower()


class Judgement(Struct, frozen=True, kw_only=True):
    """`applies` with its `grant` (how it names the caller); `mismatches` is filled for a statement that fails but is worth showing."""

    applies: Tri
    grant: Grant = Grant.DIRECT
    mismatches: tuple[Mismatch, ...] = ()
    missing: tuple[str, ...] = ()


_ELSEWHERE = Judgement(applies=False)


class _Tally(Struct):
    parts: list[Tri]
    mismatches: list[Mismatch]
    missing: list[str]
    grant: Grant = Grant.DIRECT


def judge(statement: Statement, ask: Ask, *, version: str, names_principals: bool) -> Judgement:
    """The statement against the request. `names_principals`: it stands in a policy that must say whom it means (all but identity policies and SCPs)."""
    tally = _Tally(parts=[], mismatches=[], missing=[])
    action = None if "action" in statement.unreadable else _action(statement, ask)
    if action is False:
        if not _same_service(statement, ask):
            return _ELSEWHERE
        tally.mismatches.append(Mismatch(part="action", wanted=statement.actions or statement.not_actions, given=(ask.action,)))
    tally.parts.append(action)
    _principal(statement, ask, names_principals, tally)
    _resource(statement, ask, version, names_principals, tally)
    _conditions(statement, ask, version, tally)
    if "effect" in statement.unreadable:
        tally.parts.append(None)
    applies = all_of(tally.parts)
    if applies is False:
        near = action is not False or len(tally.mismatches) == 1
        return Judgement(applies=False, mismatches=tuple(tally.mismatches) if near else (), missing=())
    return Judgement(applies=applies, grant=tally.grant, missing=tuple(dict.fromkeys(tally.missing)))


def _action(statement: Statement, ask: Ask) -> bool:
    if statement.not_actions:
        return not _any_action(statement.not_actions, ask.action)
    return _any_action(statement.actions, ask.action)


@lru_cache(maxsize=16384)
def _any_action(patterns: tuple[str, ...], action: str) -> bool:
    return any(action_matches(pattern, action) for pattern in patterns)


def _same_service(statement: Statement, ask: Ask) -> bool:
    return ask.prefix in _services(statement.actions or statement.not_actions)


@lru_cache(maxsize=4096)
def _services(patterns: tuple[str, ...]) -> frozenset[str]:
    return frozenset(pattern.partition(":")[0].lower() for pattern in patterns)


def _principal(statement: Statement, ask: Ask, names_principals: bool, tally: _Tally) -> None:
    outcome, grant = _whom(statement, ask, names_principals)
    tally.grant = grant
    tally.parts.append(outcome)
    if outcome is False:
        wanted = tuple(value for _, value in statement.principals.entries) if statement.principals else ()
        tally.mismatches.append(Mismatch(part="principal", wanted=wanted, given=(ask.caller.text,)))


def _whom(statement: Statement, ask: Ask, names_principals: bool) -> tuple[Tri, Grant]:
    deny, principals = statement.effect == "Deny", statement.principals
    if "principal" in statement.unreadable:
        return None, Grant.DIRECT
    if not names_principals:
        if principals is None:
            return True, Grant.DIRECT
        return (None if deny else False), Grant.DIRECT
    if principals is None:
        return deny, Grant.DIRECT
    if principals.negated:
        if not deny:  # "Using it with Effect: Allow is not supported"
            return False, Grant.NONE
        # "will always deny any IAM principal that has a permissions boundary policy attached"
        always = ask.bounded and ask.caller.kind in IAM_KINDS
        return always or not excepted(principals, ask.caller), Grant.DIRECT
    grant = named_by(principals, ask.caller)
    if grant is Grant.NONE and deny and unreadable_kinds(principals):
        return None, Grant.NONE
    return grant is not Grant.NONE, grant


def _resource(statement: Statement, ask: Ask, version: str, names_principals: bool, tally: _Tally) -> None:
    outcome = None if "resource" in statement.unreadable else _what(statement, ask, version, names_principals, tally)
    tally.parts.append(outcome)
    if outcome is False:
        patterns = statement.resources or statement.not_resources
        tally.mismatches.append(Mismatch(part="resource", wanted=patterns, given=(ask.resource,)))


def _what(statement: Statement, ask: Ask, version: str, names_principals: bool, tally: _Tally) -> Tri:
    deny = statement.effect == "Deny"
    if statement.not_resources:
        hits = [_covers(pattern, ask, version, tally, deny=deny) for pattern in statement.not_resources]
        if not deny and None not in hits and any(hit == "unresolved" for hit in hits):
            return False
        covered = any_of(hit is True if hit is not None else None for hit in hits)
        return None if covered is None else not covered
    if not statement.resources:
        # A policy on a resource speaks of that resource (trust and repository policies have no Resource); an identity policy must say it.
        if names_principals and "Resource" not in statement.raw:
            return True
        return None if deny and "Resource" not in statement.raw else False
    return any_of(None if hit is None else hit is True for hit in (_covers(p, ask, version, tally, deny=deny) for p in statement.resources))


def _covers(pattern: str, ask: Ask, version: str, tally: _Tally, *, deny: bool) -> bool | str | None:
    if not deny and _variable_too_early(pattern):
        return "unresolved"
    expanded = expand(pattern, ask.keys, version)
    if expanded.text is not None:
        return _fits(expanded.text, ask, deny=deny)
    if expanded.missing:
        tally.missing.append(expanded.missing)
        return None
    return "unresolved"


def _fits(pattern: str, ask: Ask, *, deny: bool) -> bool | None:
    """A request on a pattern (`logs/AWSLogs/*`) comes under a policy's pattern that holds it whole; where they share a part, a Deny decides and an Allow is
    undecided. What takes no resource is checked on a pattern of its own."""
    if resource_matches(pattern, ask.resource):
        return True
    if ask.resource == "*":
        partition = pattern.split(":")[1] if ":" in pattern else ""
        return pattern == (checked_on(ask.action) or "").replace("${Partition}", partition)
    shares = ask.patterned and patterns_overlap(pattern, ask.resource)
    return (True if deny else None) if shares else False


def _variable_too_early(pattern: str) -> bool:
    """ "You can't use a variable to replace parts of the ARN before the fifth colon"; should a service fill it in nevertheless, only a Deny counts.

    Source: https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_policies_variables.html#policy-vars-wheretouse
    """
    before, found, _ = pattern.partition("${")
    return bool(found) and before.startswith("arn:") and before.count(":") < 5


def _conditions(statement: Statement, ask: Ask, version: str, tally: _Tally) -> None:
    if "condition" in statement.unreadable:
        tally.parts.append(None)
    for condition in statement.conditions:
        outcome = check(condition, ask.keys, effect=statement.effect, version=version)
        tally.parts.append(outcome.holds)
        tally.missing += outcome.missing
        if outcome.holds is False:
            tally.mismatches.append(Mismatch(part="condition", operator=condition.operator, key=condition.key, wanted=outcome.wanted, given=outcome.given))
