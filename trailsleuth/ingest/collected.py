"""A tree of iam-collect: the files of one folder are about the one thing that its metadata.json names.

Layout: https://github.com/cloud-copilot/iam-collect/blob/main/docs/Storage.md. Folder names are in lower case, so that the ARN comes from the file; an
empty list has no file.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from trailsleuth.ingest.decode import NotJson, decode
from trailsleuth.ingest.fields import list_of, map_of, text_of
from trailsleuth.ingest.pieces import Form, Piece
from trailsleuth.model import RawInput, parse_arn
from trailsleuth.patterns import late

JsonObject = Mapping[str, Any]

_PLACE = late(
    r"(?:.*?[/!])??(?P<folder>accounts/\d{12}/(?!ram/)[^!]+|iam/(?:role|user|group|policy)/[^/!]+)/(?P<name>[a-z-]{1,40})\.json"
)  # the second where the folder of the account, or one below it, was given
_PRINCIPALS = {"role": ("Role", "RoleDetailList"), "user": ("User", "UserDetailList"), "group": ("Group", "GroupDetailList")}


class CollectedTree:
    """The files so far, by folder."""

    def __init__(self) -> None:
        self._folders: dict[str, dict[str, RawInput]] = {}

    def take(self, item: RawInput) -> bool:
        """Keeps the file where it lies in such a tree; false for any other."""
        place = _PLACE.fullmatch(_slashed(item))
        if place is None:
            return False
        folder = _slashed(item)[: place.end("folder")]
        self._folders.setdefault(folder, {})[place["name"]] = item
        return True

    def take_out(self) -> Iterator[tuple[str, list[Piece]] | RawInput]:
        """What each folder tells, with its name; of a folder that does not say what it is about the files as they are."""
        folders, self._folders = self._folders, {}
        for folder, files in sorted(folders.items()):
            told = _told(files)
            if told is None:
                yield from (item for _, item in sorted(files.items()))
            else:
                yield folder, told


def path_in_tree(item: RawInput) -> str | None:
    """Where the file lies in such a tree, which tells what it is about; none for any other file."""
    place = _PLACE.fullmatch(_slashed(item))
    return _slashed(item)[place.start("folder") :] if place and ".." not in place["folder"].split("/") else None


def _slashed(item: RawInput) -> str:
    return item.source.replace("\\", "/")


def _told(files: Mapping[str, RawInput]) -> list[Piece] | None:
    try:
        held = {name: decode(item.data) for name, item in files.items()}
    except NotJson:
        return None
    about = map_of(held.get("metadata"))
    arn = parse_arn(text_of(about.get("arn")))
    if arn is None:
        return None
    kind = arn.resource.partition("/")[0]
    if arn.service != "iam":
        return [Piece(Form.RESOURCE_POLICY, {"ResourceArn": about["arn"], "Policy": held["policy"]})] if map_of(held.get("policy")) else []
    if kind in _PRINCIPALS:
        return [_page(_PRINCIPALS[kind][1], _principal(_PRINCIPALS[kind][0], about, held))]
    return [_page("Policies", _policy(about, held["current-policy"]))] if kind == "policy" and map_of(held.get("current-policy")) else []


def _page(name: str, entry: JsonObject) -> Piece:
    return Piece(Form.SNAPSHOT, {name: [entry], "Partial": True})


def _principal(kind: str, about: JsonObject, held: JsonObject) -> dict[str, Any]:
    attached = [arn for arn in map(text_of, list_of(held.get("managed-policies"))) if arn]
    boundary = text_of(about.get("permissionBoundary"))
    return {
        "Arn": about["arn"], f"{kind}Name": about.get("name"), f"{kind}Id": about.get("id"), "Path": about.get("path"),
        "CreateDate": about.get("created"), "Tags": [{"Key": key, "Value": value} for key, value in map_of(held.get("tags")).items()],
        "InstanceProfileList": [{"Arn": arn} for arn in list_of(held.get("instance-profiles"))],
        **({"AssumeRolePolicyDocument": held["trust-policy"]} if "trust-policy" in held else {}),
        f"{kind}PolicyList": list_of(held.get("inline-policies")),
        "AttachedManagedPolicies": [{"PolicyArn": arn, "PolicyName": arn.rpartition("/")[2]} for arn in attached],
        **({"GroupList": [arn.rpartition("/")[2] for arn in map(text_of, list_of(held.get("groups"))) if arn]} if kind == "User" else {}),
        **({"PermissionsBoundary": {"PermissionsBoundaryArn": boundary}} if boundary else {}),
    }  # fmt: skip


def _policy(about: JsonObject, document: object) -> dict[str, Any]:
    version = text_of(about.get("defaultVersionId")) or "v1"
    return {
        "Arn": about["arn"], "PolicyName": about.get("name"), "DefaultVersionId": version,
        "PolicyVersionList": [{"VersionId": version, "IsDefaultVersion": True, "Document": document}],
    }  # fmt: skip
