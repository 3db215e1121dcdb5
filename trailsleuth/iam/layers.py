"""What each layer of policies says by itself."""

from __future__ import annotations

from collections.abc import Iterable

from msgspec import Struct, field
from msgspec.structs import replace

from trailsleuth.catalog.evaluation import gateway_endpoint_services
from trailsleuth.iam.conditions import Tri, all_of, any_of
from trailsleuth.iam.principals import Grant
from trailsleuth.iam.statements import Ask, Judgement, judge
from trailsleuth.model import LayerDecision, NearMiss, Policy, PolicyLevel, PolicyType, Statement, StatementRef, Verdict


class Layer(Struct):
    """One layer's outcome. `deny` and `allow` are three-valued; `grants` says the same of Allows that name the caller at least so strongly."""

    kind: PolicyType
    deny: Tri = False
    allow: Tri = False
    grants: dict[Grant, Tri] = field(default_factory=dict)
    denied_by: list[StatementRef] = field(default_factory=list)
    doubted: list[StatementRef] = field(default_factory=list)
    allowed_by: list[StatementRef] = field(default_factory=list)
    near: list[NearMiss] = field(default_factory=list)
    missing: list[str] = field(default_factory=list)
    hangs_on: list[str] = field(default_factory=list)

    @property
    def verdict(self) -> Verdict:
        if self.deny:
            return Verdict.EXPLICITLY_DENIED
        if self.allow is False:
            return Verdict.IMPLICITLY_DENIED
        return Verdict.ALLOWED if self.allow and self.deny is False else Verdict.UNDECIDED

    def decision(self) -> LayerDecision:
        """The layer's outcome as the model has it."""
        return LayerDecision(
            layer=self.kind,
            verdict=self.verdict,
            matched=tuple(self.denied_by or self.allowed_by),
            near_misses=tuple(self.near),
            missing_context=tuple(sorted(set(self.missing))),
            doubted=tuple(self.doubted),
            hangs_on=tuple(sorted(set(self.hangs_on))),
        )


def read_layer(
    kind: PolicyType,
    policies: Iterable[Policy],
    ask: Ask,
    *,
    names_principals: bool = False,
    unknown: bool = False,
    newest: tuple[Policy, ...] = (),
) -> Layer:
    """All policies of a layer as one set; `unknown`: more of them exist than the evidence shows, so an Allow may be among those.

    `newest` is what some of these said on another day: an Allow of theirs counts, a Deny is a doubt.
    """
    layer = Layer(kind=kind)
    allows: list[tuple[Tri, Grant]] = []
    denies: list[Tri] = []
    for policy in policies:
        version = policy.document.version
        for statement in policy.document.statements:
            found = judge(statement, ask, version=version, names_principals=names_principals)
            if found.applies is False:
                if found.mismatches:
                    layer.near.append(NearMiss(statement=_ref(kind, policy, statement), effect=statement.effect, mismatches=found.mismatches))
                continue
            if kind is PolicyType.VPC_ENDPOINT and _root_alone(found, ask):
                found = replace(found, applies=None)
            _keep(layer, policy, statement, found)
            if statement.effect == "Allow":
                allows.append((found.applies, found.grant))
            else:
                denies.append(found.applies)
    if unknown:
        allows.append((None, Grant.DIRECT))
    if newest:
        said = read_layer(kind, newest, ask, names_principals=names_principals)
        allows.append((said.allow or None, Grant.DIRECT))
        denies.append(False if said.deny is False else None)
        layer.allowed_by += said.allowed_by
        layer.doubted += [*said.denied_by, *said.doubted]
    layer.deny = any_of(denies)
    layer.grants = {grant: any_of(applies for applies, given in allows if given >= grant) for grant in (Grant.ACCOUNT, Grant.ROLE, Grant.DIRECT)}
    layer.allow = layer.grants[Grant.ACCOUNT]
    return layer


def read_levels(kind: PolicyType, levels: Iterable[PolicyLevel], ask: Ask) -> Layer:
    """SCPs or RCPs along the organization: a Deny at any level denies, and every level must allow.

    Source: https://docs.aws.amazon.com/organizations/latest/userguide/orgs_manage_policies_scps_evaluation.html
    """
    whole = Layer(kind=kind)
    read = [read_layer(kind, level.policies, ask, names_principals=kind is PolicyType.RCP) for level in levels]
    whole.deny = any_of(level.deny for level in read)
    whole.allow = all_of(level.allow for level in read)
    for level in read:
        whole.denied_by += level.denied_by
        whole.doubted += level.doubted
        whole.allowed_by += level.allowed_by
        whole.near += level.near
        whole.missing += level.missing
        whole.hangs_on += level.hangs_on
    return whole


def _root_alone(found: Judgement, ask: Ask) -> bool:
    """At a gateway endpoint an account as principal means its root user alone, at an interface endpoint all in it. The request doesn't say which it is."""
    return found.grant is Grant.ACCOUNT and ask.caller.kind != "root" and ask.prefix in gateway_endpoint_services()


def _keep(layer: Layer, policy: Policy, statement: Statement, found: Judgement) -> None:
    layer.missing += found.missing
    if found.applies:
        (layer.allowed_by if statement.effect == "Allow" else layer.denied_by).append(_ref(layer.kind, policy, statement))
    elif statement.effect != "Allow":
        layer.doubted.append(_ref(layer.kind, policy, statement))
    else:
        layer.hangs_on += found.missing


def _ref(kind: PolicyType, policy: Policy, statement: Statement) -> StatementRef:
    return StatementRef(layer=kind, policy=policy.name, statement=statement.label, policy_arn=policy.arn, index=statement.index)
