"""CloudTrail records as typed values.

Field names follow the CloudTrail record contents page:
https://docs.aws.amazon.com/awscloudtrail/latest/userguide/cloudtrail-event-reference-record-contents.html
"""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from typing import Any

from msgspec import Struct, field

from trailsleuth.model.denial import Denial

JsonMap = Mapping[str, Any]


class Origin(Struct, frozen=True, kw_only=True):
    """Where a thing was found: the input (with its member, if an archive) and the position in it, counted from 0."""

    source: str
    position: int = 0


class RawInput(Struct, frozen=True, kw_only=True):
    """One input as the fetcher handed it over, unread: a file, an archive member or an answer of AWS.

    `path`, `sha256` and `size` are of the file it came from, as it lies on disk ("" and 0: `data` is the input itself); `data` is unpacked.
    """

    source: str
    data: bytes
    sha256: str = ""
    path: str = ""
    size: int = 0


class Unreadable(Struct, frozen=True, kw_only=True):
    """A record or an input that could not be read, with the reason."""

    origin: Origin
    reason: str


class SessionIssuer(Struct, frozen=True, kw_only=True):
    """`userIdentity.sessionContext.sessionIssuer`: the role (its ARN with the path) or user behind temporary credentials."""

    type: str | None = None
    arn: str | None = None
    principal_id: str | None = None
    account: str | None = None
    user_name: str | None = None


class Identity(Struct, frozen=True, kw_only=True):
    """`userIdentity`, every variant. None: the record does not tell."""

    type: str | None = None
    principal_id: str | None = None
    arn: str | None = None
    account: str | None = None
    access_key_id: str | None = None
    user_name: str | None = None
    invoked_by: str | None = None
    identity_provider: str | None = None
    issuer: SessionIssuer | None = None
    created: datetime | None = None
    mfa: str | None = None
    source_identity: str | None = None
    federated_provider: str | None = None
    raw: JsonMap = field(default_factory=dict)

    @property
    def is_told(self) -> bool:
        """Whether the record says anything about who called; an anonymous caller is told to be one."""
        return any((self.type, self.principal_id, self.arn, self.account, self.access_key_id, self.user_name, self.invoked_by, self.identity_provider))


class ResourceRef(Struct, frozen=True, kw_only=True):
    """One member of `resources[]`; the account is "" where CloudTrail blanked it."""

    arn: str | None = None
    account: str | None = None
    type: str | None = None


class IssuedSession(Struct, frozen=True, kw_only=True):
    """What a successful AssumeRole… (or GetSessionToken, GetFederationToken) handed out."""

    access_key_id: str | None
    assumed_role_arn: str | None
    assumed_role_id: str | None
    role_arn: str | None
    session_name: str | None


class Record(Struct, frozen=True, kw_only=True):
    """One CloudTrail record. `payload` is the record as it was read; nothing of it is lost.

    `counts_for`: of a large trail only the first and the last successes of a session are held, and one of them counts for all.
    """

    event_id: str
    event_time: datetime
    event_source: str
    event_name: str
    region: str
    identity: Identity
    origin: Origin
    recipient_account: str | None = None
    request: JsonMap = field(default_factory=dict)
    response: JsonMap = field(default_factory=dict)
    error_code: str | None = None
    error_message: str | None = None
    denial: Denial | None = None
    issued: IssuedSession | None = None
    resources: tuple[ResourceRef, ...] = ()
    shared_event_id: str | None = None
    request_id: str | None = None
    source_ip: str | None = None
    user_agent: str | None = None
    event_type: str | None = None
    category: str | None = None
    read_only: bool | None = None
    vpc_endpoint_id: str | None = None
    vpc_endpoint_account: str | None = None
    additional: JsonMap = field(default_factory=dict)
    payload: JsonMap = field(default_factory=dict)
    counts_for: int = 1

    @property
    def call(self) -> str:
        """`ecs.amazonaws.com:RegisterTaskDefinition`, the name of the call in the trail."""
        return f"{self.event_source}:{self.event_name}"

    @property
    def failed(self) -> bool:
        return self.error_code is not None or self.error_message is not None

    @property
    def account(self) -> str | None:
        """The account whose trail this copy stands in."""
        return self.recipient_account or self.identity.account


class Strangers(Struct, frozen=True, kw_only=True):
    """Denied calls of one caller, call (`s3.amazonaws.com:GetObject`) and error code that a question has nothing to do with: counted, not read."""

    principal: str | None
    call: str
    error_code: str | None
    times: tuple[datetime, ...]
