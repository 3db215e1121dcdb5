"""Which member of a CloudTrail record a column or a path of another schema holds.

`userIdentity.arn`, `useridentity_arn`, `USERIDENTITY:arn`, `data.aws.userIdentity.arn`, `UserIdentityArn` and `user_identity.arn` are one. Names that differ
in more than spelling stand in catalog/data/evidence_columns.toml.
"""

from __future__ import annotations

from functools import cache, lru_cache

from trailsleuth.catalog.load import rows_of
from trailsleuth.patterns import late

Path = tuple[str, ...]

# https://docs.aws.amazon.com/awscloudtrail/latest/userguide/cloudtrail-event-reference-record-contents.html
NAMES = (
    "eventVersion", "userIdentity", "eventTime", "eventSource", "eventName", "awsRegion", "sourceIPAddress", "userAgent", "errorCode", "errorMessage",
    "requestParameters", "responseElements", "additionalEventData", "requestID", "eventID", "readOnly", "resources", "eventType", "apiVersion",
    "recipientAccountId", "serviceEventDetails", "sharedEventID", "vpcEndpointId", "vpcEndpointAccountId", "eventCategory", "addendum",
    "sessionCredentialFromConsole", "edgeDeviceDetails", "tlsDetails", "managementEvent", "insightDetails", "eventContext",
)  # fmt: skip
_MEMBER_NAMES = (
    "type", "principalId", "arn", "accountId", "invokedBy", "accessKeyId", "userName", "sessionContext", "attributes", "mfaAuthenticated", "creationDate",
    "sessionIssuer", "ec2RoleDelivery", "webIdFederationData", "federatedProvider", "sourceIdentity", "identityProvider", "credentialId", "onBehalfOf",
    "userId", "identityStoreArn", "inScopeOf", "sourceArn", "sourceAccount", "issuerType", "credentialsIssuedTo", "reason", "updatedFields",
    "originalRequestID", "originalEventID", "tlsVersion", "cipherSuite", "clientProvidedHostHeader", "assumedRoot", "ARNPrefix",
)  # fmt: skip
_SQUEEZED = str.maketrans("", "", " _-\ufeff\"'%")
_CAST = late(r"::[A-Za-z_]+(?:\(\d+\))?$")  # Snowflake's and PostgreSQL's
_PARTS = late(r"[./:]|\[(?=\d+\])|(?<=\d)\]")

# Members that CloudTrail names itself; the others hold what the service's API calls them.
STRUCTS = frozenset({"userIdentity", "resources", "addendum", "tlsDetails", "edgeDeviceDetails", "eventContext"})
FREE = frozenset({"requestParameters", "responseElements", "additionalEventData", "serviceEventDetails"})


def squeezed(text: str) -> str:
    """A name in the form that names are compared in."""
    return text.lower().removesuffix(" [utc]").translate(_SQUEEZED)


_TOP = {squeezed(name): name for name in NAMES}
MEMBERS = {squeezed(name): name for name in _MEMBER_NAMES}
_LONGEST_FIRST = sorted((squeezed(name), name) for name in FREE)


@cache
def _identity_paths() -> dict[str, Path]:
    """`useridentitysessioncontextsessionissuerarn` and the like, for names that were joined without a dot."""
    context, issuer = ("userIdentity", "sessionContext"), ("userIdentity", "sessionContext", "sessionIssuer")
    own = ("type", "principalId", "arn", "accountId", "invokedBy", "accessKeyId", "userName", "identityProvider")
    paths: list[Path] = [("userIdentity", name) for name in own]
    paths += [(*issuer, name) for name in ("type", "principalId", "arn", "accountId", "userName")]
    paths += [(*context, "attributes", name) for name in ("mfaAuthenticated", "creationDate")]
    paths += [(*context, "webIdFederationData", "federatedProvider"), (*context, "sourceIdentity"), (*context, "ec2RoleDelivery")]
    return {squeezed("".join(path)): path for path in paths}


@cache
def _aliases() -> dict[str, Path]:
    rows = [row["columns"] for row in rows_of("evidence_columns", "product")]
    return {name: tuple(str(path).split(".")) for columns in rows for name, path in columns.items()}


@lru_cache(maxsize=20_000)
def place_of(path: Path) -> tuple[int, Path] | None:
    """The member that the path holds, and how sure that is (0 by its own name, 1 by a joined one, 2 by another product's); None: of no member."""
    parts = [part for name in path for part in _PARTS.split(_CAST.sub("", name)) if part]
    names = [squeezed(part).lstrip("@") or squeezed(part) for part in parts]
    for start, name in enumerate(names):
        if own := _TOP.get(name):
            return 0, (own, *_below(own, parts[start + 1 :]))
        if free := next((known for spelled, known in _LONGEST_FIRST if name.startswith(spelled)), None):
            return 0, (free, *_joined_on(parts[start], free), *parts[start + 1 :])
    return _by_other_names(names, [squeezed(part) for part in parts])


def _below(own: str, parts: list[str]) -> list[str]:
    return [MEMBERS.get(squeezed(part), part) for part in parts] if own in STRUCTS else parts


def _joined_on(part: str, free: str) -> Path:
    """`bucketName` of `requestParameters_bucketName`."""
    left = len(free)
    for index, sign in enumerate(part):
        left -= sign.isalnum()
        if left == 0:
            rest = part[index + 1 :].strip("_-")
            return (rest,) if rest else ()
    return ()


def _by_other_names(names: list[str], raw: list[str]) -> tuple[int, Path] | None:
    for start in range(len(names)):
        joined = "".join(names[start:])
        if path := _identity_paths().get(joined) or ((own,) if (own := _TOP.get(joined)) else None):
            return 1, path
        if start + 1 < len(names) and (path := _aliases().get(".".join(names[start:]))):
            return 2, path
    single = _aliases().get(raw[0]) if len(raw) == 1 else None
    return (2, single) if single else None
