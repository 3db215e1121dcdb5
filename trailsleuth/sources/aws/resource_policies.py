"""Policies of buckets and keys, each as `{"ResourceArn": …, "Policy": …}`. A bucket without a policy is told by an empty one."""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any

from trailsleuth.model import parse_arn
from trailsleuth.sources.aws.calls import Refusal, Why
from trailsleuth.sources.aws.codepipeline import Place
from trailsleuth.sources.aws.gaps import gap_of, keep_gap
from trailsleuth.sources.aws.sessions import Account
from trailsleuth.sources.aws.store import Provenance, Store, encoded, piece_name

NONE: Mapping[str, Any] = {"Version": "2012-10-17", "Statement": []}
AWS_OWN_KEY = "alias/aws/"


def fetch_artifact_policies(place: Place, store: Store) -> None:
    """The policies of the pipeline's artifact buckets and keys."""
    for region, artifacts in place.artifact_stores:
        if artifacts.get("location"):
            arn = f"arn:{place.account.partition}:s3:::{artifacts['location']}"
            fetch_resource_policy(arn, place.account, store, region=region)
        key = (artifacts.get("encryptionKey") or {}).get("id")
        if key:
            fetch_resource_policy(_key_arn(str(key), place.account, region), place.account, store, region=region)


def fetch_resource_policy(resource: str, account: Account, store: Store, *, region: str | None = None) -> bool:
    """Fetch the policy of a bucket or key that the account owns; whether it is there now. Other resources are not asked about."""
    arn = parse_arn(resource)
    if arn is None or arn.service not in ("s3", "kms"):
        return False
    where = arn.region or region or account.region or "us-east-1"
    if arn.service == "s3":
        bucket = f"arn:{arn.partition}:s3:::{arn.resource.partition('/')[0]}"
        return _kept(bucket, account, store) or _bucket(bucket, account, where, store)
    return _kept(resource, account, store) or _key(resource, account, where, store)


def _bucket(arn: str, account: Account, region: str, store: Store) -> bool:
    answer = account.ask("s3", "GetBucketPolicy", region, Bucket=arn.rpartition(":")[2])
    if isinstance(answer, Refusal):
        if answer.code == "NoSuchBucketPolicy":
            return _keep(arn, NONE, account, store)
        keep_gap(store, gap_of(answer, lost=f"the policy of {arn}"))
        return False
    return _keep(arn, _document(answer["Policy"]), account, store)


def _key(resource: str, account: Account, region: str, store: Store) -> bool:
    """A key policy; an alias is resolved first, for policies name keys."""
    name = resource.split(":", 5)[5]
    if name.startswith(AWS_OWN_KEY):
        return False
    arn = resource
    if not name.startswith("key/"):
        described = account.ask("kms", "DescribeKey", region, KeyId=resource)
        if isinstance(described, Refusal):
            keep_gap(store, gap_of(described, lost=f"the key behind {resource}"))
            return False
        arn = str(described["KeyMetadata"]["Arn"])
        if _kept(arn, account, store):
            return True
    answer = account.ask("kms", "GetKeyPolicy", region, KeyId=arn, PolicyName="default")
    if isinstance(answer, Refusal):
        if answer.why is not Why.ABSENT or account.id == arn.split(":")[4]:
            keep_gap(store, gap_of(answer, lost=f"the policy of {arn}"))
        return False
    return _keep(arn, _document(answer["Policy"]), account, store)


def _key_arn(key: str, account: Account, region: str) -> str:
    if key.startswith("arn:"):
        return key
    name = key if key.startswith("alias/") else f"key/{key}"
    return f"arn:{account.partition}:kms:{region}:{account.id}:{name}"


def _piece(arn: str, account: Account) -> str:
    return piece_name("resource-policies", account.id, arn)


def _kept(arn: str, account: Account, store: Store) -> bool:
    return store.kept(_piece(arn, account)) is not None


def _document(text: str) -> object:
    """The policy as JSON; as text where it is none, for the reader to say so."""
    try:
        return json.loads(text)
    except ValueError:
        return text


def _keep(arn: str, policy: object, account: Account, store: Store) -> bool:
    call = "s3:GetBucketPolicy" if ":s3:" in arn else "kms:GetKeyPolicy"
    store.keep(_piece(arn, account), encoded({"ResourceArn": arn, "Policy": policy}), Provenance(call=call, account=account.id))
    return True
