"""What a refusal says, as far as its text tells."""

from __future__ import annotations

from enum import StrEnum

from msgspec import Struct, field


class PolicyType(StrEnum):
    """Where a policy decision falls; the contract's words."""

    IDENTITY = "identity"
    RESOURCE = "resource"
    TRUST = "trust"
    BOUNDARY = "boundary"
    SESSION = "session"
    SCP = "scp"
    RCP = "rcp"
    VPC_ENDPOINT = "vpc_endpoint"
    LAKE_FORMATION = "lake_formation"
    OTHER = "other"


class Effect(StrEnum):
    """No Allow was found (implicit), or a Deny decided (explicit)."""

    IMPLICIT = "implicit"
    EXPLICIT = "explicit"
    UNKNOWN = "unknown"


class Cause(StrEnum):
    """Why a call fails; the contract's words."""

    MISSING_ALLOW = "missing_allow"
    EXPLICIT_DENY = "explicit_deny"
    CONDITION_MISMATCH = "condition_mismatch"
    SCOPE_MISMATCH = "scope_mismatch"
    UNTRUSTED_PRINCIPAL = "untrusted_principal"
    STALE_PRINCIPAL = "stale_principal"
    NO_POLICY_FIX = "no_policy_fix"
    NOT_A_PERMISSION = "not_a_permission"
    UNKNOWN = "unknown"


class EncodedMessage(StrEnum):
    """EC2's encoded authorization failure message: whole, or cut by CloudTrail's 1 KB limit."""

    COMPLETE = "complete"
    TRUNCATED = "truncated"


class Denial(Struct, frozen=True, kw_only=True):
    """One refusal as its error code and text tell it. None in a field: the text does not say.

    `iam_action` has the spelling of the Service Authorization Reference where the catalogue knows it. `resource` is an ARN, `*`, or None;
    `resource_text` keeps what stood there (`role NAME`, a plain name). `principal` is as printed: a session ARN for a role.
    `cause` is set where the wording alone decides (a cross-account PassRole, an invalid stack role); else it is worked out later.
    `wraps` is true where the text reports another call's refusal (Lambda saying that EC2 refused), which has, or may have, its own record.
    `by_passed_role`: not the caller was refused but the role that it handed to the service (a function's execution role, a build's service role).
    `other_actions`: further actions that the text names, or that AWS documents for this text, as needed beside `iam_action`.
    `at_target`: the policy of what the request names as a target (a queue, topic, function) does not admit the service that is to deliver to it.
    `unverified_action`: the Service Authorization Reference does not know the action. `path_unknown`: `resource` is an IAM ARN that was made from
    a bare name and lacks its path. `truncated`: the text is cut off at its end.
    `beside`: the principal that the text names though the record's caller is another one; nothing else of the text was taken.
    `unless_lacking`: the wording's cause holds only where the caller's own policies, as far as they are known, allow the action.
    `demand`: no text says it; why another than the caller needs it.
    `layer_presumed`: `policy_type` is that of the wording's usual case; the text names none.
    `open`: the text speaks of access in words that no row reads: nothing of it is taken, and the policies have to tell what the call lacked.
    """

    pattern_id: str
    iam_action: str | None = None
    resource: str | None = None
    resource_text: str | None = None
    principal: str | None = None
    effect: Effect = Effect.UNKNOWN
    policy_type: PolicyType | None = None
    policy_arn: str | None = None
    authorization_id: str | None = None
    encoded: EncodedMessage | None = None
    encoded_text: str | None = None
    cause: Cause | None = None
    wraps: bool = False
    advice: str = ""
    known_from: dict[str, str] = field(default_factory=dict)
    by_passed_role: bool = False
    at_target: bool = False
    other_actions: tuple[str, ...] = ()
    unverified_action: bool = False
    path_unknown: bool = False
    truncated: bool = False
    beside: str = ""
    unless_lacking: bool = False
    demand: str = ""
    open: bool = False
    layer_presumed: bool = False

    @property
    def of_the_call(self) -> bool:
        """True where the caller was refused; false where the call failed because a service could not take the role that it was handed."""
        return self.cause is not Cause.UNTRUSTED_PRINCIPAL
