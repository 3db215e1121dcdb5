"""The key behind a thing: what its use needs of it, and which of that the policies do not allow.

Sees:  what was denied, made or copied, the key that the evidence shows for it, the caller's policies and the key's.
Why:   the service calls KMS with the caller's credentials after the thing's own policy has allowed; the denial follows once that one is cured, stands in the
       key owner's account alone, or comes as a thing that vanishes again.
       Source: https://docs.aws.amazon.com/kms/latest/developerguide/policy-evaluation.html
Sure:  inferred, and only where identity and key policy in the evidence deny it; predicted where the key's policy is unknown and the caller's own lacks it.
"""

from __future__ import annotations

from collections.abc import Iterator

from msgspec import Struct
from msgspec.structs import replace

from trailsleuth.analyze.refusal import Refusal
from trailsleuth.analyze.requests import access_request
from trailsleuth.catalog.actions import entry
from trailsleuth.catalog.keys import KEY_ARN, KeyUse, is_managed_by_aws, key_use, keys_named
from trailsleuth.catalog.operations import primary_action
from trailsleuth.catalog.things import is_making
from trailsleuth.facts import Fact, Facts, Kind
from trailsleuth.facts.things import made_by, place_of, worked_on
from trailsleuth.iam.applies import policies_for
from trailsleuth.iam.evaluate import decide
from trailsleuth.model import Basis, Denial, Effect, PolicyEvidence, PolicyType, Record, Verdict, account_of
from trailsleuth.model.names import role_of

DENIED = (Verdict.IMPLICITLY_DENIED, Verdict.EXPLICITLY_DENIED)


class KeyNeed(Struct, frozen=True, kw_only=True):
    """An action on a key that the policies do not allow to who uses the thing, and what shows the key. `settled` false: the evidence lacks the policies."""

    refusal: Refusal
    basis: Basis
    because: str
    shown: Fact
    settled: bool = True


def denied_next(refusal: Refusal, facts: Facts, policies: PolicyEvidence) -> Iterator[KeyNeed]:
    """What a denied use of an encrypted thing would be denied next."""
    use = key_use(refusal.iam_action or "", refusal.first.event_name)
    key = facts.key_of(refusal.resource, refusal.first.event_time) if use is not None else None
    if use is not None and key is not None:
        yield from _denied(refusal, use, key, policies)


def denied_of_call(refusal: Refusal, facts: Facts) -> Iterator[KeyNeed]:
    """What a call is denied that fails with words about a key, without the action: of all that it needs of the key, what the policies do not allow. Of a
    service that could not deliver to a target whose own policy admits it, and of a call denied without a reason though the policies admit it, the same of the
    key of what they work on: that denial shows in the same words.

    Source: https://docs.aws.amazon.com/AmazonS3/latest/userguide/troubleshoot-403-errors.html
    """
    policies = facts.evidence.policies
    if refusal.denial.at_target or is_bare(refusal):
        needs = denied_next(refusal, facts, policies) if is_admitted(refusal, policies, open_too=not refusal.denial.at_target) else ()
        yield from (need for need in needs if need.basis is Basis.INFERRED)
        return
    record = refusal.first
    use = key_use(primary_action(record.event_source, record.event_name, record.request) or "", record.event_name)
    shown = _key_meant(refusal, facts) if refusal.denial.wraps and (refusal.iam_action or "").startswith("kms:") and use is not None else None
    if shown is not None and use is not None:
        yield from [need for need in _denied(refusal, use, shown, policies) if need.basis is Basis.INFERRED] or _one_of_several(refusal, use, shown, policies)


def denied_of_named_key(refusal: Refusal, facts: Facts) -> Iterator[KeyNeed]:
    """What the call needs of the only key that its request names, and the policies do not allow."""
    record = refusal.first
    use = key_use(primary_action(record.event_source, record.event_name, record.request) or "", record.event_name)
    keys = keys_named(dict(record.request), **place_of(record))
    if use is None or len(keys) != 1:
        return
    for key in keys:
        shown = Fact(kind=Kind.ENCRYPTED_BY, thing=key, value=key, at=record.event_time, record=record)
        yield from (need for need in _denied(refusal, use, shown, facts.evidence.policies) if need.basis is Basis.INFERRED)


def is_bare(refusal: Refusal) -> bool:
    """AWS said neither which action it denied nor which policy decided."""
    denial = refusal.denial
    return not denial.wraps and "iam_action" not in denial.known_from and denial.policy_type is None and denial.effect is not Effect.EXPLICIT


def is_admitted(refusal: Refusal, policies: PolicyEvidence, *, open_too: bool) -> bool:
    """The policies allow it; or, where AWS gives no reason, nothing speaks against it but a condition whose value the record does not show."""
    if refusal.request is None:
        return False
    decision = decide(refusal.request, policies_for(refusal.request, policies))
    near = open_too and decision.verdict is Verdict.UNDECIDED and any(layer.hangs_on for layer in decision.layers)
    return decision.verdict is Verdict.ALLOWED or (near and not any(layer.verdict in DENIED or layer.doubted for layer in decision.layers))


def _key_meant(refusal: Refusal, facts: Facts) -> Fact | None:
    """The key that the text or the request names; where they name none, the one that the evidence shows for the only thing that the call works on."""
    record = refusal.first
    keys = {refusal.resource} if KEY_ARN.fullmatch(refusal.resource or "") else keys_named(dict(record.request), **place_of(record))
    if len(keys) == 1:
        return Fact(kind=Kind.ENCRYPTED_BY, thing=next(iter(keys)) or "", value=next(iter(keys)), at=record.event_time, record=record)
    found = [fact for _, thing in worked_on(record) if (fact := facts.key_of(thing, record.event_time)) is not None] if not keys else []
    return found[0] if len({fact.value for fact in found}) == 1 else None


def denied_in_silence(record: Record, facts: Facts, policies: PolicyEvidence) -> Iterator[KeyNeed]:
    """What a successful write lacked whose thing was not there afterwards: the service uses the key later, and takes the thing away without a word."""
    if record.failed or not is_making(record.event_name):
        return
    use = key_use(primary_action(record.event_source, record.event_name, record.request) or "", record.event_name)
    keys = keys_named(dict(record.request), **place_of(record)) if use is not None else frozenset()
    gone = next((fact for thing in sorted(made_by(record)) if (fact := facts.vanished(thing, record)) is not None), None) if len(keys) == 1 else None
    if use is None or gone is None:
        return
    shown = Fact(kind=Kind.ENCRYPTED_BY, thing=gone.thing, value=next(iter(keys)), at=record.event_time, record=record)
    needs = list(_denied(_as_if_denied(record, facts), use, shown, policies))
    sure = [need for need in needs if need.basis is Basis.INFERRED]
    for need in sure or needs or _one_of_several(_as_if_denied(record, facts), use, shown, policies):
        yield replace(need, because=f"{need.because}; {gone.thing} was not there afterwards ({gone.source})")


def _one_of_several(refusal: Refusal, use: KeyUse, shown: Fact, policies: PolicyEvidence) -> Iterator[KeyNeed]:
    """One open need where the call has several, the words name none of them, and nothing in the evidence tells which of them is not allowed."""
    needs = [_need(refusal, use, action, shown.value or "") for action in use.needs]
    open_ = [n for n in needs if n.request is not None and decide(n.request, policies_for(n.request, policies)).verdict is Verdict.UNDECIDED]
    if len(open_) > 1 and not refusal.named_by_aws:
        because = f"{use.why} ({shown.value}), and it may as well lack {', '.join(str(n.iam_action) for n in open_[1:])}: no policy in the evidence tells which"
        yield KeyNeed(refusal=open_[0], basis=Basis.PREDICTED, because=because, shown=shown, settled=False)


def _as_if_denied(record: Record, facts: Facts) -> Refusal:
    principal = facts.names.full(role_of(record))
    return Refusal(
        records=(record,),
        denial=Denial(pattern_id="key-need"),
        principal=principal,
        principal_account=account_of(principal),
        iam_action=None,
        resource=None,
        resource_account=None,
        passed_to=None,
        request=None,
    )


def _denied(refusal: Refusal, use: KeyUse, key: Fact, policies: PolicyEvidence) -> Iterator[KeyNeed]:
    if is_managed_by_aws(key.value) and (refusal.principal or "arn:").startswith("arn:") and not refusal.cross_account:
        return  # the key is there for them
    for action in use.needs[:1] if is_managed_by_aws(key.value) else use.needs:
        need = _need(refusal, use, action, key.value or "")
        basis = Basis.INFERRED if is_managed_by_aws(key.value) else _basis(need, policies)
        if basis is not None:
            because = f"{use.why}, and {key.source} shows that {key.thing} is under {key.value}" if key.thing != key.value else use.why
            yield KeyNeed(refusal=need, basis=basis, because=because, shown=key)


def _need(refusal: Refusal, use: KeyUse, action: str, key: str) -> Refusal:
    denial = Denial(pattern_id="key-need", iam_action=action, resource=key)
    need = replace(refusal, denial=denial, iam_action=action, resource=key, resource_account=account_of(key), passed_to=None, request=None)
    request = access_request(need)
    via = {"kms:ViaService": (f"{use.via}.{refusal.first.region}.amazonaws.com",)}
    if action == "kms:CreateGrant":
        via["kms:GrantIsForAWSResource"] = ("true",)
    return replace(need, request=replace(request, context={**request.context, **via}) if request else None)


def _basis(need: Refusal, policies: PolicyEvidence) -> Basis | None:
    """Inferred where the policies deny it as a whole, predicted where the caller's own lack it and the key's is unknown; None else."""
    if need.request is None or entry(need.iam_action or "") is None:
        return None
    held = policies_for(need.request, policies)
    decision = decide(need.request, held)
    if decision.verdict in DENIED:
        return Basis.INFERRED if held.resource is not None or need.cross_account else None
    own = decision.layer(PolicyType.IDENTITY)
    unknown = held.resource is None and own is not None and own.verdict is Verdict.IMPLICITLY_DENIED
    return Basis.PREDICTED if unknown and decision.verdict is Verdict.UNDECIDED else None
