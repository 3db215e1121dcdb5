"""The smallest policy of a role, by what it was seen to do."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from typing import Any

from msgspec import Struct

from trailsleuth.model.decision import AccessRequest
from trailsleuth.model.delta import Placeholder, Proof


class Use(Struct, frozen=True, kw_only=True):
    """One IAM action on one resource that the role was seen to use; `resource` None: the trail does not tell.

    `requests` are the requests behind it, one for each set of condition keys that its policies look at. `implied`: checked besides a call's own
    action (tags, keys, passed roles); `failed`: all its calls failed after IAM had allowed them; `days`: on how many days it was seen; `calls` are the
    names of the calls; `made`: a call of the role made the resource. A resource that is an `ArnPattern` means any of its kind.
    """

    iam_action: str
    resource: str | None
    count: int
    first_seen: datetime
    last_seen: datetime
    requests: tuple[AccessRequest, ...]
    implied: bool
    calls: tuple[str, ...]
    days: int = 1
    failed: bool = False
    made: bool = False


class UnusedGrant(Struct, frozen=True, kw_only=True):
    """What a statement grants and nobody was seen to use; of it, `cannot_tell` leaves no record in this evidence."""

    policy: str
    statement: str
    iam_actions: tuple[str, ...]
    cannot_tell: tuple[str, ...] = ()


class Beyond(Struct, frozen=True, kw_only=True):
    """A grant of today that the document leaves out although the trail cannot tell whether it is needed, and why not."""

    why: str
    statement: Mapping[str, Any]


class NamedDocument(Struct, frozen=True, kw_only=True):
    """One policy of a reduction that AWS takes as it is; `size` in characters without blanks."""

    name: str
    statements: tuple[Mapping[str, Any], ...]
    size: int


class Reduction(Struct, frozen=True, kw_only=True):
    """The answer of `trailsleuth reduce`: `statements` make the document; `documents` are the same within AWS's limits; `gaps` say what this trail
    cannot tell. `boundary`: it is meant as a permissions boundary. `roles`: those that it was made of, where that is more than one."""

    role: str
    statements: tuple[Mapping[str, Any], ...]
    used: tuple[Use, ...]
    unused: tuple[UnusedGrant, ...]
    proof: Proof
    beyond_trail: tuple[Beyond, ...]
    gaps: tuple[str, ...]
    documents: tuple[NamedDocument, ...] = ()
    boundary: bool = False
    roles: tuple[str, ...] = ()
    placeholders: tuple[Placeholder, ...] = ()


class Reductions(Struct, frozen=True, kw_only=True):
    """The reduction of every role and user that made calls; `silent`: those that a snapshot knows and nobody saw make any."""

    reductions: tuple[Reduction, ...]
    silent: tuple[str, ...] = ()
