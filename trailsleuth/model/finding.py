"""Findings: claims with their grade and their evidence."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from enum import StrEnum

from msgspec import Struct, field

from trailsleuth.model.decision import AccessRequest, Mismatch, StatementRef
from trailsleuth.model.delta import Maker
from trailsleuth.model.denial import Cause, PolicyType
from trailsleuth.model.evaluated import Calibrated
from trailsleuth.model.policy import Statement
from trailsleuth.model.written import Part


class Standing(StrEnum):
    CAUSE = "cause"
    ALSO_NEEDED = "also_needed"
    RECOVERED = "recovered"
    BACKGROUND = "background"


class Basis(StrEnum):
    OBSERVED = "observed"
    INFERRED = "inferred"
    PREDICTED = "predicted"


class Evidenced(Struct, frozen=True, kw_only=True):
    """One record that a finding rests on, by the contract; `position` counts the records before it in its source.

    `verified` says whether the file is one that CloudTrail's digests prove; None: nobody asked.
    """

    event_id: str
    event_time: datetime
    account: str | None
    region: str
    event_source: str
    event_name: str
    error_code: str | None
    error_message: str | None
    source: str
    position: int = 0
    verified: bool | None = None


class Finding(Struct, frozen=True, kw_only=True):
    """One missing, refused or impossible permission. The fields up to `evidence` are the contract's.

    `requests` are the decisions that stand behind it (what must become allowed); `blocking` the statements that deny or misfit, `statements` they
    themselves; `mismatch` the part of the nearest statement that failed. `grantee` is the identity provider that a trust policy must name where
    there is no `principal`; `of_passed_role`: not the caller was denied it but a role that the caller handed to the service; `endpoint` the VPC endpoint
    (ARN) that the call went through; `session_caller` who assumed the session. `already` says that the policies in the evidence allow it, against what AWS
    said. `resource_parts` is the resource as policy text: names out of evidence are literals.
    `withheld`: no change is proposed before it is asked about by name.
    `calibration` compares AWS's own evaluation with ours. `outside` names a principal that shows in denied calls alone.
    """

    id: str = ""
    rank: int = 0
    group: int = 1
    standing: Standing
    basis: Basis
    cause: Cause
    policy_types: tuple[PolicyType, ...]
    policy_arn: str | None = None
    principal: str | None
    principal_account: str | None
    iam_action: str | None
    resource: str | None
    resource_account: str | None
    conditions: Mapping[str, Mapping[str, object]] = field(default_factory=dict)
    explanation: str
    advice: str | None = None
    first_seen: datetime | None = None
    last_seen: datetime | None = None
    count: int = 0
    evidence: tuple[Evidenced, ...] = ()
    requests: tuple[AccessRequest, ...] = ()
    blocking: tuple[StatementRef, ...] = ()
    statements: tuple[Statement, ...] = ()
    mismatch: Mismatch | None = None
    grantee: str | None = None
    of_passed_role: bool = False
    already: bool = False
    resource_parts: tuple[Part, ...] = ()
    outside: str = ""
    endpoint: str | None = None
    session_caller: str | None = None
    withheld: bool = False
    maker: Maker | None = None
    calibration: tuple[Calibrated, ...] = ()


class Background(Struct, frozen=True, kw_only=True):
    """Denials of others, counted: of one principal, call and error code, as the records say it."""

    principal: str | None
    call: str
    error_code: str | None
    count: int
    first_seen: datetime
    last_seen: datetime
