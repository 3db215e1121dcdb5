"""Amazon Resource Names, taken apart."""

from __future__ import annotations

from fnmatch import fnmatchcase
from functools import lru_cache

from msgspec import Struct

from trailsleuth.patterns import late

# Where a partition's global services answer, and write their records: https://docs.aws.amazon.com/general/latest/gr/iam-service.html
GLOBAL_REGIONS = {"aws": "us-east-1", "aws-cn": "cn-north-1", "aws-us-gov": "us-gov-west-1"}

_INNER = late(r"[:/](arn:aws.*)")


class Arn(Struct, frozen=True, kw_only=True):
    """`arn:partition:service:region:account:resource`; region and account may be empty."""

    partition: str
    service: str
    region: str
    account: str
    resource: str

    def __str__(self) -> str:
        return f"arn:{self.partition}:{self.service}:{self.region}:{self.account}:{self.resource}"

    @property
    def is_role(self) -> bool:
        return self.service == "iam" and self.resource.startswith("role/")

    @property
    def names_principal(self) -> bool:
        """A role or a user."""
        return self.service == "iam" and self.resource.startswith(("role/", "user/"))

    @property
    def is_federated_user(self) -> bool:
        """A session of GetFederationToken: it has the policies of the user who asked for it, cut down by what was passed along.

        Source: https://docs.aws.amazon.com/STS/latest/APIReference/API_GetFederationToken.html
        """
        return self.service == "sts" and self.resource.startswith("federated-user/")

    @property
    def name(self) -> str:
        """The last part of the resource: `role/path/Name` gives `Name`."""
        return self.resource.rpartition("/")[2]


@lru_cache(maxsize=8192)  # a trail names the same roles and resources again and again
def parse_arn(text: str | None) -> Arn | None:
    """The ARN that the text is, or None where it is not one."""
    if not text or not text.startswith("arn:"):
        return None
    parts = text.split(":", 5)
    if len(parts) < 6 or not parts[2] or not parts[5]:
        return None
    return Arn(partition=parts[1], service=parts[2], region=parts[3], account=parts[4], resource=parts[5])


def inner_arn(text: str | None) -> str | None:
    """The ARN that stands inside an ARN, where a service took a whole one for a name; None for any other. An object's key may be anything."""
    arn = parse_arn(text)
    found = _INNER.search(f":{arn.resource}") if arn is not None else None
    return None if found is None or (arn is not None and arn.service == "s3" and found.start()) else found.group(1)


def account_of(text: str | None) -> str | None:
    """The account field of an ARN; None where there is none (S3 buckets) or it says `aws` (what AWS itself owns lies in every account)."""
    arn = parse_arn(text)
    return arn.account if arn and arn.account not in ("", "aws") else None


def role_of_session(text: str | None) -> str | None:
    """The role ARN behind an assumed-role ARN, without the role's path, which that form does not carry.

    Source: https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_identifiers.html
    """
    arn = parse_arn(text)
    if arn is None or arn.service != "sts" or not arn.resource.startswith("assumed-role/"):
        return None
    parts = arn.resource.split("/")
    return f"arn:{arn.partition}:iam::{arn.account}:role/{parts[1]}" if len(parts) > 1 and parts[1] else None


def session_name_of(text: str | None) -> str | None:
    """The role session name in an assumed-role ARN."""
    parts = text.split(":", 5) if text and text.startswith("arn:") else ()
    if len(parts) < 6 or parts[2] != "sts" or not parts[5].startswith("assumed-role/"):
        return None
    named = parts[5].split("/", 2)
    return named[2] if len(named) == 3 else None


def same_role(one: str | None, other: str | None) -> bool:
    """Two role ARNs that name one role, where either may lack the path. Role names are unique in an account."""
    a, b = parse_arn(one), parse_arn(other)
    if a is None or b is None:
        return False
    return (a.account, a.service, a.name) == (b.account, b.service, b.name) and a.is_role and b.is_role


def _of_other_paths(one: str, other: str) -> bool:
    """Both say a path, and not the same."""
    paths = [one_of.partition("/")[2].rpartition("/")[0] for one_of in (one, other)]
    return all(paths) and paths[0] != paths[1]


def is_of_role(principal: str | None, asked: str) -> bool:
    """The role or user is the one asked for: by ARN, by its session's ARN, by name (in every account) or by a pattern of either."""
    if principal is None:
        return False
    wanted = role_of_session(asked) or asked
    if principal == wanted or (same_role(principal, wanted) and not _of_other_paths(principal, wanted)):
        return True
    arn = parse_arn(principal)
    if arn is None or not arn.names_principal:
        return False
    if wanted.startswith("arn:"):
        return "*" in wanted and fnmatchcase(principal, wanted)
    return fnmatchcase(arn.name, wanted) or fnmatchcase(arn.resource.partition("/")[2], wanted)
