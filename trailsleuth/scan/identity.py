"""Who made a call, in four numbers: enough to say which calls belong to a session in question, and small enough to keep for every file.

The numbers are checksums. Two names with the same one only mean that a few records more are looked at.
"""

from __future__ import annotations

import struct
from collections.abc import Iterable, Iterator
from functools import lru_cache
from typing import NamedTuple
from zlib import crc32

import msgspec

from trailsleuth.ingest.fields import account_id, unmasked
from trailsleuth.ingest.identity import parse_identity
from trailsleuth.model import Identity, account_of, parse_arn, role_of_session, session_name_of
from trailsleuth.model.names import caller_of_identity
from trailsleuth.scan.shapes import NotThisShape, decode_caller

_PACKED = struct.Struct("<4I")
_CACHED = 2_000  # sessions called in files that lie near each other
_ROLE_SESSION = ":assumed-role/"
FOREIGN = ("AWSService", "AWSAccount")


class Who(NamedTuple):
    """Checksums of the access key, the principal id (or ARN), the role (account and name) and the session name; 0 where there is none."""

    key: int
    owner: int
    role: int
    session: int


def mark(text: str | None) -> int:
    """The checksum of a name; 0 only for none."""
    return (crc32(text.encode("utf-8", "surrogatepass")) or 1) if text else 0


def role_mark(arn: str | None) -> int:
    """The checksum of a role or user by account and name: paths are not everywhere shown. A session's ARN counts as its role's."""
    if arn is not None and _ROLE_SESSION in arn:
        arn = "/".join(arn.split("/", 2)[:2])  # each session's name is new, its role is not
    return _role_mark(arn)


@lru_cache(maxsize=4096)
def _role_mark(arn: str | None) -> int:
    parsed = parse_arn(role_of_session(arn) or arn)
    return mark(f"{parsed.account}:{parsed.name}") if parsed else mark(arn)


def who_of(identity: Identity) -> Who:
    """The marks of a caller. Another account's copy and a service have no session of their own: their key is 0, the owner is kept."""
    session = session_name_of(identity.arn) or (identity.principal_id or "").partition(":")[2]
    role = identity.issuer.arn if identity.issuer is not None and identity.issuer.arn else identity.arn
    key = None if identity.type in FOREIGN else identity.access_key_id
    return Who(mark(key), mark(identity.principal_id or identity.arn), role_mark(role), mark(session))


class Seen(NamedTuple):
    """A caller as the scan sees it: its marks, who it is (`caller_of`), and its account."""

    who: Who
    caller: str | None
    account: str | None


def seen_in(raw: bytes) -> Seen:
    """The caller that a `userIdentity` names; the same as from the whole of it, for a fifth of the time."""
    try:
        caller = decode_caller(raw)
    except NotThisShape:
        return _seen_slowly(raw)
    arn = unmasked(caller.arn)
    if arn is None:
        return _seen_slowly(raw)
    owner = unmasked(caller.principalId)
    issuer = unmasked(caller.sessionContext.sessionIssuer.arn) if caller.sessionContext and caller.sessionContext.sessionIssuer else None
    session = session_name_of(arn) or (owner or "").partition(":")[2]
    key = None if caller.type in FOREIGN else unmasked(caller.accessKeyId)
    return Seen(
        Who(mark(key), mark(owner or arn), role_mark(issuer or arn), mark(session)),
        issuer or role_of_session(arn) or arn,
        account_id(caller.accountId) or account_of(arn),
    )


def _seen_slowly(raw: bytes) -> Seen:
    identity = parse_identity(msgspec.json.decode(raw))
    return Seen(who_of(identity), caller_of_identity(identity), identity.account)


class Identities:
    """`userIdentity` as it stands in a file, read once for all records of a session."""

    def __init__(self) -> None:
        self._known: dict[bytes, Seen] = {}
        self._met: set[str] = set()

    def forget(self) -> None:
        """Nothing was met yet: another scan starts."""
        self._known.clear()
        self._met.clear()

    def is_new(self, thing: str) -> bool:
        """What a record shows is met for the first time: one that shows it is enough."""
        known = thing in self._met
        self._met.add(thing)
        return not known

    def has(self, thing: str) -> bool:
        """It was met before."""
        return thing in self._met

    def of(self, raw: bytes) -> Seen:
        found = self._known.get(raw)
        if found is None:
            if len(self._known) >= _CACHED:
                self._known.clear()
            found = self._known[raw] = seen_in(raw)
        return found


def packed(callers: Iterable[Who]) -> bytes:
    """Many callers as bytes, sixteen for each, in their order."""
    return b"".join(_PACKED.pack(*who) for who in callers)


def unpacked(data: bytes) -> Iterator[Who]:
    """What `packed` was given."""
    return (Who(*parts) for parts in _PACKED.iter_unpack(data))
