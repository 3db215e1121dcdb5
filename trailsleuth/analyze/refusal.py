"""The type of a refusal that was worked out."""

from __future__ import annotations

from msgspec import Struct

from trailsleuth.facts.fact import Fact
from trailsleuth.iam.applies import TRUST_ACTIONS
from trailsleuth.model import AccessRequest, DecodedAuthorization, Denial, Record
from trailsleuth.model.names import caller_of
from trailsleuth.patterns import late

NEEDED_NEXT = "needed-next"  # the `pattern_id` of what no record shows yet
BY_POLICIES = "policies"  # whence an action is known that no message names: the policies allow all others
BY_CODE = "bare"  # the `pattern_id` of what was read by its code alone
LONGEST, SHOWN = 2000, 160  # signs of a message that are looked at, and shown
_WORD = late(r"[^\W\d_]+")
_PLAIN = frozenset(
    [
        *("access", "accessdenied", "account", "action", "allowed", "api", "authorization", "authorized", "call", "caller", "denied", "deny", "error"),
        *("exception", "execute", "failed", "forbidden", "insufficient", "lack", "lacks", "make", "missing", "null", "operation", "perform", "permission"),
        *("permissions", "permitted", "privilege", "privileges", "reason", "rejected", "request", "requested", "required", "resource", "resources"),
        *("sufficient", "unauthorized", "user", "a", "an", "and", "are", "be", "because", "been", "can", "cannot", "do", "does", "doesn", "don", "for"),
        *("has", "have", "in", "is", "it", "no", "not", "of", "on", "or", "t", "that", "the", "this", "to", "was", "were", "you", "your"),
    ]
)


class Refusal(Struct, frozen=True, kw_only=True):
    """One refused record (later: all equal ones) with what was asked. `principal` is a role, user or service principal; None: not to be named.

    `answer` is AWS's own account of it. `wraps`: the record only reports a refusal that another call met. `first` is the earliest of `records`.
    """

    records: tuple[Record, ...]
    denial: Denial
    principal: str | None
    principal_account: str | None
    iam_action: str | None
    resource: str | None
    resource_account: str | None
    passed_to: str | None
    request: AccessRequest | None
    answer: DecodedAuthorization | None = None
    tags: tuple[Fact, ...] = ()

    @property
    def first(self) -> Record:
        return self.records[0]

    @property
    def last(self) -> Record:
        return self.records[-1]

    @property
    def caller(self) -> str | None:
        """The principal, or what else tells this caller from every other; None: unknown, and so not the same as anybody."""
        return self.principal or caller_of(self.first)

    @property
    def is_assume(self) -> bool:
        return (self.iam_action or "").lower().startswith(TRUST_ACTIONS)

    @property
    def named_by_aws(self) -> bool:
        """A message of the refused records has the action's own name in it."""
        action = (self.iam_action or "").lower()
        return bool(action) and any(action in (record.error_message or "").lower() for record in self.records)

    def is_by_caller_of(self, other: Refusal) -> bool:
        """One known principal was denied both, or one known credential made both calls."""
        own, its = self.first.identity.principal_id, other.first.identity.principal_id
        return (self.principal is not None and self.principal == other.principal) or (own is not None and own == its)

    @property
    def own_words(self) -> str:
        """What the message says, where the code alone was read as a denial and no row knows the words: another call than this one may have been denied.
        "" where they say no more than that it was denied."""
        text = " ".join((self.first.error_message or "")[:LONGEST].split())
        return text[:SHOWN] if self.denial.pattern_id == BY_CODE and not _PLAIN.issuperset(_WORD.findall(text.lower())) else ""

    @property
    def is_supposed(self) -> bool:
        """What some such call needs and the policies lack: whether this one needed it, and on what, neither its message nor its request tells."""
        return self.denial.known_from.get("iam_action") == BY_POLICIES and self.resource is None and not self.first.request

    @property
    def cross_account(self) -> bool:
        return bool(self.principal_account and self.resource_account and self.principal_account != self.resource_account)
