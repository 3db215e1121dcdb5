"""What IAM says to a request: every layer by itself, then together.

Sources: https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_policies_evaluation-logic_policy-eval-denyallow.html
         https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_policies_evaluation-logic-cross-account.html
"""

from __future__ import annotations

from collections.abc import Iterable

from msgspec import Struct
from msgspec.structs import replace

from trailsleuth.catalog.evaluation import deciding_rows, needs_nothing, nobody_may_change, rcp_covers, root_may_call, works_across_accounts
from trailsleuth.iam.conditions import Tri, all_of, any_of
from trailsleuth.iam.keys import RequestKeys
from trailsleuth.iam.layers import Layer, read_layer, read_levels
from trailsleuth.iam.match import action_matches, resource_matches
from trailsleuth.iam.principals import IAM_KINDS, Caller, Grant, read_caller
from trailsleuth.iam.statements import Ask
from trailsleuth.model import AccessRequest, Decision, PolicyLevel, PolicySet, PolicyType, Verdict, account_of


class _Bench(Struct, frozen=True, kw_only=True):
    """The layers that take part. `decides`: the resource's own policy must allow; `across`: caller and resource are in two accounts."""

    caller: Caller
    action: str
    across: bool
    decides: bool
    identity: Layer | None
    boundary: Layer | None
    session: Layer | None
    resource: Layer | None
    guards: tuple[Layer, ...]

    def layers(self) -> tuple[Layer, ...]:
        found = (*self.guards, self.resource, self.identity, self.boundary, self.session)
        return tuple(layer for layer in found if layer is not None)


def decide(request: AccessRequest, policies: PolicySet) -> Decision:
    """The decision, the layers that block, the statements that matched or nearly did, and the keys on which it hangs."""
    bench = _seat(request, policies)
    layers = bench.layers()
    denied = any_of(layer.deny for layer in layers)
    allowed = _allowed(bench)
    settled = _settled(bench.caller, request)
    verdict = settled or _verdict(denied, allowed)
    blocking = _blocking(bench, verdict) if settled is None else []
    named = {layer.kind for layer in blocking}
    return Decision(
        verdict=verdict,
        blocked_by=tuple(dict.fromkeys(layer.kind for layer in blocking)) or _unlayered(bench, verdict),
        layers=tuple(layer.decision() for layer in layers),
        matched=() if settled else tuple(ref for layer in layers for ref in ((layer.denied_by or layer.allowed_by) if not denied else layer.denied_by)),
        near_misses=tuple(near for layer in layers if layer.kind in named for near in layer.near),
        missing_context=tuple(sorted({key for layer in blocking for key in layer.missing})) if verdict is Verdict.UNDECIDED else (),
    )


def _settled(caller: Caller, request: AccessRequest) -> Verdict | None:
    """What no policy decides: a call that needs nothing, and a change that AWS alone makes."""
    if caller.kind not in IAM_KINDS:
        return None
    if needs_nothing(request.action):
        return Verdict.ALLOWED
    return Verdict.IMPLICITLY_DENIED if nobody_may_change(request.action, request.resource) and not caller.service_linked else None


def _verdict(denied: Tri, allowed: Tri) -> Verdict:
    if denied:
        return Verdict.EXPLICITLY_DENIED
    if allowed is False:
        return Verdict.IMPLICITLY_DENIED
    return Verdict.ALLOWED if allowed and denied is False else Verdict.UNDECIDED


def _seat(request: AccessRequest, policies: PolicySet) -> _Bench:
    caller = read_caller(request.principal, _only(request, "aws:principalarn"))
    if caller.kind == "service":
        caller = replace(caller, region=_only(request, "aws:requestedregion"))
    resource_account = request.resource_account or account_of(request.resource)
    across = bool(resource_account and caller.account and resource_account != caller.account)
    keys = RequestKeys(request, caller, resource_account or (caller.account if request.complete else None))
    patterned = request.complete and "*" in request.resource
    ask = Ask(action=request.action, resource=request.resource, caller=caller, keys=keys, bounded=policies.boundaries is not None, patterned=patterned)
    kind = _deciding_layer(request)
    iam = caller.kind in IAM_KINDS
    return _Bench(
        caller=caller,
        action=request.action,
        across=across,
        decides=kind is not None,
        identity=_identity(ask, policies) if iam else None,
        boundary=_boundary(ask, policies) if policies.boundaries is not None and iam else None,
        session=_session(ask, policies) if iam else None,
        resource=_resource(ask, policies, kind or PolicyType.RESOURCE, needed=across or kind is not None or not iam),
        guards=tuple(_guards(ask, policies)),
    )


def _only(request: AccessRequest, wanted: str) -> str | None:
    """The one value of a context key. `aws:PrincipalArn` shows the path of a session's role, which the session's own ARN lacks."""
    for key, values in request.context.items():
        if key.lower() == wanted and len(values) == 1:
            return values[0]
    return None


def _deciding_layer(request: AccessRequest) -> PolicyType | None:
    for row in deciding_rows():
        if action_matches(row["actions"], request.action) and resource_matches(row["resource"], request.resource):
            return PolicyType(row["layer"])
    return None


def _identity(ask: Ask, policies: PolicySet) -> Layer:
    layer = read_layer(PolicyType.IDENTITY, policies.identity, ask, unknown=bool(policies.identity_incomplete), newest=policies.identity_newest)
    if ask.caller.kind == "root":
        layer.allow = root_may_call(ask.action)
    return layer


def _boundary(ask: Ask, policies: PolicySet) -> Layer:
    unknown = bool(policies.boundary_incomplete)
    return read_layer(PolicyType.BOUNDARY, policies.boundaries or (), ask, unknown=unknown, newest=policies.boundary_newest)


def _session(ask: Ask, policies: PolicySet) -> Layer | None:
    """The policies that a session was opened with are one set; each one that narrowed it since must allow as well.

    Source: https://docs.aws.amazon.com/STS/latest/APIReference/API_GetScopedCredentials.html
    """
    opened = () if policies.session is None else (PolicyLevel(name="session", policies=policies.session),)
    levels = (*opened, *(PolicyLevel(name=policy.name, policies=(policy,)) for policy in policies.scoped))
    return read_levels(PolicyType.SESSION, levels, ask) if levels else None


def _resource(ask: Ask, policies: PolicySet, kind: PolicyType, *, needed: bool) -> Layer | None:
    if policies.resource is None and not policies.resource_unknown and not needed:
        return None
    documents = () if policies.resource is None else (policies.resource,)
    return read_layer(kind, documents, ask, names_principals=True, unknown=policies.resource_unknown)


def _guards(ask: Ask, policies: PolicySet) -> Iterable[Layer]:
    """The layers that only restrict. Neither SCPs nor RCPs hold for service-linked roles; SCPs restrict IAM principals alone."""
    linked = ask.caller.service_linked
    if policies.rcps is not None and not linked and rcp_covers(ask.action):
        yield read_levels(PolicyType.RCP, policies.rcps, ask)
    if policies.scps is not None and not linked and ask.caller.kind not in ("service", "anonymous"):
        yield read_levels(PolicyType.SCP, policies.scps, ask)
    if policies.endpoint is not None:
        yield read_layer(PolicyType.VPC_ENDPOINT, policies.endpoint, ask, names_principals=True)


def _allowed(bench: _Bench) -> Tri:
    return all_of([*(guard.allow for guard in bench.guards), any_of(_ways(bench))])


def _ways(bench: _Bench) -> Iterable[Tri]:
    """The ways to an Allow. In one account: by identity, or by the resource's policy, which frees the caller it names from its own limits:
    a user, a session or everybody from all of them, a role from a missing identity Allow alone. Across accounts: both sides.
    """
    if bench.identity is None:
        yield _granted(bench, Grant.DIRECT)
        return
    limits = [layer.allow for layer in (bench.boundary, bench.session) if layer is not None]
    if bench.caller.kind == "federated_user" and bench.session is None:
        limits.append(False)  # GetFederationToken without a policy: "the resulting federated user session has no permissions"
    own = all_of([bench.identity.allow, *limits])
    if bench.across:
        yield all_of([works_across_accounts(bench.action), own, _granted(bench, Grant.ACCOUNT)])
        return
    yield _granted(bench, Grant.DIRECT)
    yield all_of([_granted(bench, Grant.ROLE), *limits])
    yield all_of([own, _granted(bench, Grant.ACCOUNT)]) if bench.decides else own


def _granted(bench: _Bench, grant: Grant) -> Tri:
    return False if bench.resource is None else bench.resource.grants[grant]


def _blocking(bench: _Bench, verdict: Verdict) -> list[Layer]:
    if verdict is Verdict.ALLOWED:
        return []
    layers = bench.layers()
    if verdict is Verdict.EXPLICITLY_DENIED:
        return [layer for layer in layers if layer.deny]
    if verdict is Verdict.UNDECIDED:
        needed = _taking_part(bench)
        return [layer for layer in layers if layer.deny is None or (layer in needed and (layer.allow is None or None in layer.grants.values()))]
    return [layer for layer in _taking_part(bench) if not layer.allow]


def _unlayered(bench: _Bench, verdict: Verdict) -> tuple[PolicyType, ...]:
    """A denial that no policy shown makes: a federated user without a session policy, or a call that never works across accounts."""
    if verdict is Verdict.ALLOWED:
        return ()
    return (PolicyType.SESSION,) if bench.caller.kind == "federated_user" else (PolicyType.OTHER,)


def _taking_part(bench: _Bench) -> list[Layer]:
    """The layers whose Allow is needed: a resource policy in one account is not, unless it decides; a role that it names needs no identity Allow."""
    resource_needed = bench.across or bench.decides or bench.identity is None or (bench.resource is not None and bench.resource.allow is not False)
    identity_free = not bench.across and _granted(bench, Grant.ROLE) is True
    own = [bench.boundary, bench.session] if identity_free else [bench.identity, bench.boundary, bench.session]
    found = [*bench.guards, bench.resource if resource_needed else None, *own]
    return [layer for layer in found if layer is not None]
