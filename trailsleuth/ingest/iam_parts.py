"""A snapshot in pieces: what `get-role`, `get-role-policy`, `list-attached-role-policies`, `get-policy-version` and AWS Config say of single principals; and
inventories (Steampipe, ScoutSuite), which spell IAM's names in their own way.

Each answer becomes an entry as `get-account-authorization-details` has it, marked as partial. Two of the answers do not say whose they are: they are taken
for the only principal, or policy, among the pieces that they can belong to, and named where there are several.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from msgspec import Struct, field

from trailsleuth.ingest.fields import list_of, map_of, text_of
from trailsleuth.model import Skipped

JsonObject = Mapping[str, Any]
UNKNOWN = "Unknown"  # of an entry: policies that it surely or perhaps has, and that are not in the evidence

# The kind of principal: its list in a snapshot, its name, its inline policies, the answer that lists one, the answer that lists many.
_KINDS = {"Role": ("RoleDetailList", "RolePolicyList"), "User": ("UserDetailList", "UserPolicyList")}
_DELETED = ("ResourceDeleted", "ResourceDeletedNotRecorded", "ResourceNotRecorded")


# What inventories call the members of a principal, in small letters: https://hub.steampipe.io/plugins/turbot/aws/tables/aws_iam_role
_OTHER_NAMES = {
    "assume_role_policy": "AssumeRolePolicyDocument", "assume_role_policy_document": "AssumeRolePolicyDocument", "path": "Path",
    "role_id": "RoleId", "user_id": "UserId", "create_date": "CreateDate",
}  # fmt: skip
_INLINE, _ATTACHED, _BOUNDARY = "inline_policies", "attached_policy_arns", "permissions_boundary_arn"


def of_inventory(row: JsonObject) -> JsonObject | None:
    """The principal that a row of an inventory is about, under IAM's names; None for anything else."""
    arn = text_of(row.get("arn"))
    kind = {"role": "Role", "user": "User"}.get(str(arn).rpartition(":")[2].partition("/")[0])
    if arn is None or kind is None or not arn.startswith("arn:aws") or ":iam::" not in arn or row.keys().isdisjoint({"assume_role_policy", _INLINE}):
        return None
    entry: dict[str, Any] = {"Arn": arn, f"{kind}Name": arn.rpartition("/")[2]}
    entry |= {own: row[name] for name, own in _OTHER_NAMES.items() if row.get(name)}
    if wrapped := map_of(map_of(entry.get("AssumeRolePolicyDocument")).get("PolicyDocument")):
        entry["AssumeRolePolicyDocument"] = wrapped
    if _INLINE in row:
        listed = list_of(row[_INLINE]) or list(map_of(row[_INLINE]).values())
        entry[_KINDS[kind][1]] = [{"PolicyName": one.get("name"), **one} for one in map(map_of, listed)]
    if _ATTACHED in row:
        entry["AttachedManagedPolicies"] = [{"PolicyArn": one} for one in list_of(row[_ATTACHED])]
    if boundary := text_of(row.get(_BOUNDARY)):
        entry["PermissionsBoundary"] = {"PermissionsBoundaryArn": boundary}
    return entry


class IamParts(Struct):
    """The pieces so far."""

    notes: list[Skipped] = field(default_factory=list)
    principals: dict[tuple[str, str], dict[str, Any]] = field(default_factory=dict)  # by kind and ARN
    _when: dict[tuple[str, str], str] = field(default_factory=dict)
    _inline: list[tuple[str, JsonObject, str]] = field(default_factory=list)
    _attached: list[tuple[JsonObject, str]] = field(default_factory=list)
    _policies: dict[str, JsonObject] = field(default_factory=dict)
    _sources: dict[str, str] = field(default_factory=dict)  # the first one of each principal and policy
    _versions: list[tuple[JsonObject, str]] = field(default_factory=list)

    def add(self, answer: JsonObject, source: str) -> None:
        """Takes an answer in."""
        if "configuration" in answer:
            self._add_config(answer, source)
        for kind, (_, inline) in _KINDS.items():
            found = [map_of(answer.get(kind)), *map(map_of, list_of(answer.get(f"{kind}s")))]
            whole = f"{kind}Name" in answer and "Arn" in answer
            for entry in [*filter(None, found), *([answer] if whole else [])]:
                self._add_principal(kind, {**entry, "_whole": inline in entry}, source)
            if f"{kind}Name" in answer and "PolicyDocument" in answer:
                self._inline.append((kind, answer, source))
        if "AttachedPolicies" in answer:
            self._attached.append((answer, source))
        if policy := map_of(answer.get("Policy")) or (answer if "PolicyVersionList" in answer else {}):
            self._add_policy(policy, source)
        if version := map_of(answer.get("PolicyVersion")):
            self._versions.append((version, source))

    def arns(self) -> Iterator[str]:
        """Whom and what the pieces are about."""
        yield from (arn for _, arn in self.principals)
        yield from self._policies

    def _add_principal(self, kind: str, entry: dict[str, Any], source: str, when: str = "") -> None:
        arn = text_of(entry.get("Arn"))
        if arn is None:
            self.notes.append(Skipped(source=source, reason=f"an answer about a {kind.lower()} without Arn"))
        elif when >= self._when.get((kind, arn), ""):
            self._when[kind, arn] = when
            self._sources[arn] = min(self._sources.get(arn, source), source)
            self.principals[kind, arn] = {**self.principals.get((kind, arn), {}), **entry}

    def _add_config(self, item: JsonObject, source: str) -> None:
        """An item of AWS Config: the newest one of a principal stands."""
        if text_of(item.get("configurationItemStatus")) in _DELETED:
            self.notes.append(Skipped(source=source, reason="an item of AWS Config about something deleted or not recorded", lost=False))
            return
        entry = _capitals(map_of(item.get("configuration")))
        when = text_of(item.get("configurationItemCaptureTime")) or ""
        for kind, (_, inline) in _KINDS.items():
            if f"{kind}Name" in entry:
                self._add_principal(kind, {**entry, "_whole": inline in entry}, source, when)
        if "PolicyVersionList" in entry:
            self._add_policy(entry, source)

    def _add_policy(self, policy: JsonObject, source: str) -> None:
        if arn := text_of(policy.get("Arn")):
            self._policies[arn] = max(self._policies.get(arn, policy), policy, key=lambda one: ("PolicyVersionList" in one, repr(one)))
            self._sources[arn] = min(self._sources.get(arn, source), source)

    def pages(self) -> Iterator[tuple[dict[str, Any], str]]:
        """The pieces as partial pages of a snapshot, each with where it was found. What belongs to nobody is noted."""
        self._join_inline()
        self._join_attached()
        for arn, policy in self._with_versions():
            yield {"Policies": [policy], "Partial": True}, self._sources[arn]
        for (kind, arn), entry in sorted(self.principals.items()):
            name, inline = _KINDS[kind]
            yield {name: [_entry(entry, kind, inline)], "Partial": True}, self._sources[arn]

    def _join_inline(self) -> None:
        for kind, answer, source in self._inline:
            name = text_of(answer.get(f"{kind}Name"))
            owners = [entry for (known, _), entry in self.principals.items() if known == kind and entry.get(f"{kind}Name") == name]
            if len(owners) == 1:
                inline = _KINDS[kind][1]
                owners[0][inline] = [*list_of(owners[0].get(inline)), answer]
            else:
                self._nobody(f"the inline policy {answer.get('PolicyName')} of {kind.lower()} {name}", f"aws iam get-{kind.lower()}", source)

    def _join_attached(self) -> None:
        for answer, source in self._attached:
            open_ones = [(kind, entry) for (kind, _), entry in self.principals.items() if "AttachedManagedPolicies" not in entry]
            owners = [entry for kind, entry in open_ones if answer.get(f"{kind}Name") in (None, entry.get(f"{kind}Name"))]
            if len(owners) == 1:
                owners[0]["AttachedManagedPolicies"] = list_of(answer["AttachedPolicies"])
            else:
                self._nobody("a list of attached policies", 'the name: {"RoleName": NAME, "AttachedPolicies": […]}', source)

    def _with_versions(self) -> Iterator[tuple[str, JsonObject]]:
        bare = [policy for policy in self._policies.values() if "PolicyVersionList" not in policy]
        for arn, policy in sorted(self._policies.items()):
            default = policy.get("DefaultVersionId")
            fits = [version for version, _ in self._versions if version.get("VersionId") == default]
            wanting = [one for one in bare if one.get("DefaultVersionId") == default]
            if "PolicyVersionList" in policy:
                yield arn, policy
            elif not fits:
                self.notes.append(Skipped(source=self._sources[arn], reason=f"{arn[:200]} without its document: add aws iam get-policy-version", lost=False))
            elif len(fits) == len(wanting) == 1:
                yield arn, {**policy, "PolicyVersionList": [{**fits[0], "IsDefaultVersion": True}]}
        if self._versions and not bare:
            self._nobody("the version of a managed policy", "aws iam get-policy", self._versions[0][1])
        elif len(self._versions) > 1:
            self._nobody(f"{len(self._versions)} versions of managed policies", "aws iam get-account-authorization-details", self._versions[0][1])

    def _nobody(self, what: str, lacking: str, source: str) -> None:
        self.notes.append(Skipped(source=source, reason=f"{what}: whose it is does not stand in it; add {lacking}"))


def _entry(entry: Mapping[str, Any], kind: str, inline: str) -> dict[str, Any]:
    """The entry with what is not known of it by name: no answer shows that there is nothing else."""
    name = entry.get(f"{kind}Name")
    lacking = [f"other inline policies of {name}"] if not entry.get("_whole") else []
    lacking += [f"the attached policies of {name}"] if "AttachedManagedPolicies" not in entry else []
    kept = {key: value for key, value in entry.items() if key != "_whole"}
    return {**kept, inline: list_of(entry.get(inline)), UNKNOWN: lacking}


def _capitals(members: JsonObject, depth: int = 0) -> dict[str, Any]:
    """Config's names with the capitals of IAM's own answers."""
    return {str(name)[:1].upper() + str(name)[1:]: _capital_members(member, depth) for name, member in members.items()}


def _capital_members(value: object, depth: int) -> object:
    if depth > 8:
        return value
    if isinstance(value, list):
        return [_capital_members(member, depth + 1) for member in value]
    return _capitals(value, depth + 1) if isinstance(value, dict) else value
