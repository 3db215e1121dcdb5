"""Policies and tags of resources as the AWS CLI and AWS Config print them, where the answer names its own resource.

A queue and a topic have `QueueArn` and `TopicArn` among their attributes, a secret `ARN`, a repository its registry and name, a VPC endpoint its id; the
statements of a function's policy name the function. The answers for buckets and keys name nothing: they need the wrapper.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from trailsleuth.ingest.decode import NotJson, decode
from trailsleuth.ingest.fields import list_of, map_of, text_of
from trailsleuth.model import parse_arn
from trailsleuth.model.tags import ThingTags, tags_in
from trailsleuth.patterns import late

NO_OWNER = (
    "a resource policy that does not name its resource, as aws s3api get-bucket-policy and aws kms get-key-policy print it: "
    'save it as {"ResourceArn": ARN, "Policy": the answer\'s Policy}'
)
_POLICY = ("Policy", "policy", "policyText", "PolicyDocument", "ResourcePolicy", "resourcePolicy", "AccessPolicies", "BucketPolicy", "repositoryPolicyText")
_DEEPER = ("Attributes", "attributes", "configuration", "supplementaryConfiguration", "DomainStatus", "policy")
NO_THING = 'tags that do not name their resource: save them as {"ResourceArn": ARN, "Tags": the answer\'s}, or export resourcegroupstaggingapi get-resources'
_TAGS = ("Tags", "tags", "TagList", "tagList", "TagSet", "tagSet")
_OF_THING = ("ResourceARN", "ResourceArn", "resourceArn", "ARN", "Arn", "arn")
_EC2_ID = late(r"[a-z]{1,24}-[0-9a-f]{8,17}")
REGION_UNKNOWN = "arn:aws:ecr:?:"


def resource_policies_in(members: Mapping[str, Any]) -> Iterator[dict[str, Any]]:
    """`{"ResourceArn", "Policy"}` of each policy whose resource is known."""
    for endpoint in list_of(members.get("VpcEndpoints")):
        yield from _endpoint(map_of(endpoint))
    if "VpcEndpoints" in members:
        return
    if members.keys() >= {"VpcEndpointId", "PolicyDocument"}:
        yield from _endpoint(members)
    elif (document := _document(members)) is not None and (arn := _own_arn(members) or _repository(members) or _named_in(members, document)):
        yield {"ResourceArn": arn, "Policy": document}


def _endpoint(endpoint: Mapping[str, Any]) -> Iterator[dict[str, Any]]:
    service = (text_of(endpoint.get("ServiceName")) or "").split(".")
    owner, name = text_of(endpoint.get("OwnerId")), text_of(endpoint.get("VpcEndpointId"))
    if len(service) > 3 and owner and name and endpoint.get("PolicyDocument"):
        yield {"ResourceArn": f"arn:aws:ec2:{service[2]}:{owner}:vpc-endpoint/{name}", "Policy": endpoint["PolicyDocument"]}


def _document(members: Mapping[str, Any], *, deep: bool = True) -> object:
    for name in _POLICY:
        held = members.get(name)
        policy = map_of(held)
        if "Statement" in policy:
            return held
        if isinstance(text := policy.get("policyText"), str) and "Statement" in map_of(text):
            return text
    for name in _DEEPER if deep else ():
        held = map_of(members.get(name))
        if held and (found := _document(held, deep=False)) is not None:
            return found
    return None


def _own_arn(members: Mapping[str, Any]) -> str | None:
    """The ARN of the resource: the one member of the answer that ends in `arn` and holds no ARN of IAM."""
    places = [members, *(map_of(members.get(name)) for name in _DEEPER)]
    for place in places:
        found = [text for name, value in place.items() if name.lower().endswith("arn") and (text := text_of(value)) and _of_a_resource(text)]
        if len(set(found)) == 1:
            return found[0]
    return None


def _of_a_resource(text: str) -> bool:
    arn = parse_arn(text)
    return arn is not None and arn.service not in ("iam", "sts")


def _repository(members: Mapping[str, Any]) -> str | None:
    """The answer of ECR tells no region: `?` stands for it until the evidence shows where the account works."""
    registry, name = text_of(members.get("registryId")), text_of(members.get("repositoryName"))
    return f"{REGION_UNKNOWN}{registry}:repository/{name}" if registry and name else None


def _named_in(members: Mapping[str, Any], document: object) -> str | None:
    """The function or table that all statements name; only of answers that carry a revision, since a bucket's or key's may name anything."""
    if "RevisionId" not in members:
        return None
    try:
        policy = decode(document) if isinstance(document, str) else document
    except NotJson:
        return None
    named = {text_of(map_of(statement).get("Resource")) for statement in list_of(map_of(policy).get("Statement"))}
    only = named.pop() if len(named) == 1 else None
    return only if only and parse_arn(only) is not None and "*" not in only else None


def tags_told(members: Mapping[str, Any]) -> list[dict[str, Any]]:
    """`{"ResourceArn", "Tags"}` of the one thing that the answer is about; EC2's are known by an id alone."""
    if members.keys() >= {"Key", "Value", "ResourceId"}:
        return [{"ResourceArn": name, "Tags": [members]} for name in (text_of(members["ResourceId"]),) if name and _EC2_ID.fullmatch(name)]
    held = next((members[name] for name in _TAGS if isinstance(members.get(name), list | dict) and members[name]), None)
    return [{"ResourceArn": thing, "Tags": held}] if held is not None and (thing := _thing(members)) and any(tags_in({"Tags": held})) else []


def _thing(members: Mapping[str, Any]) -> str | None:
    named = [text for name in _OF_THING if (text := text_of(members.get(name))) and _of_a_resource(text)]
    function = text_of(map_of(members.get("Configuration")).get("FunctionArn"))
    instance = text_of(members.get("InstanceId"))
    return next(iter(named), None) or _own_arn(members) or function or (instance if instance and _EC2_ID.fullmatch(instance) else None)


def parse_tags(value: Mapping[str, Any], source: str) -> ThingTags:
    """What `tags_told` found, as evidence."""
    return ThingTags(thing=str(value["ResourceArn"]), tags=tuple(sorted(set(tags_in({"Tags": value["Tags"]})))), source=source)


def is_tags_alone(members: Mapping[str, Any]) -> bool:
    """An answer that holds tags and does not say whose."""
    held = [members[name] for name in _TAGS if name in members]
    items = [map_of(item).keys() for one in held for item in list_of(one)]
    return len(held) == 1 and len(members.keys() - {"ResponseMetadata", "NextToken"}) == 1 and all(len(keys) == 2 for keys in items)
