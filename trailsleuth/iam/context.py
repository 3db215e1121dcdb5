"""The condition keys that a CloudTrail record tells, and those that it shows to have been absent.

Sources: https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_policies_condition-keys.html (when each key is there)
         https://docs.aws.amazon.com/awscloudtrail/latest/userguide/cloudtrail-event-reference-record-contents.html
"""

from __future__ import annotations

from collections.abc import Mapping
from datetime import UTC, datetime
from ipaddress import ip_address
from typing import Any

from trailsleuth.catalog.agents import is_mcp_server
from trailsleuth.iam.enriched import enriched_keys
from trailsleuth.iam.request_keys import keys_of_request
from trailsleuth.model import Record, parse_arn, role_of_session

Known = dict[str, tuple[str, ...]]

_PRINCIPAL_TYPES = {"Root": "Account", "IAMUser": "User", "AssumedRole": "AssumedRole", "Role": "AssumedRole", "FederatedUser": "FederatedUser"}
_SOURCE_KEYS = ("aws:SourceArn", "aws:SourceAccount", "aws:SourceOrgID", "aws:SourceOrgPaths", "aws:PrincipalServiceName", "aws:PrincipalServiceNamesList")
_NOT_OF_SERVICES = frozenset({"aws:PrincipalArn", "aws:PrincipalAccount", "aws:username", "aws:SourceIdentity", "aws:PrincipalOrgID", "aws:PrincipalOrgPaths"})
_VPCE_KEYS = ("aws:VpceAccount", "aws:VpceOrgID", "aws:VpceOrgPaths", "aws:SourceVpcArn")
_LONGEST_USER_AGENT = 1000


def request_context(record: Record, *, iam_action: str) -> tuple[Known, frozenset[str]]:
    """(keys with their values, keys known to be absent). A key in neither is one that the record can't tell.

    `iam:PassedToService`, tags of principals and resources and the organization's ids stand in enriched records alone. Where enrichment and the record's own
    fields differ, the fields stand.
    """
    own, absent = _own_keys(record, iam_action)
    told, untold = enriched_keys(record) if "eventContext" in record.payload else ({}, set())
    names = {key.lower() for key in own}
    known = {key: values for key, values in told.items() if key.lower() not in names} | own
    names |= {key.lower() for key in told}
    return known, frozenset(key for key in absent | untold if key.lower() not in names)


def context_of_other(principal: str, record: Record, *, iam_action: str) -> tuple[Known, frozenset[str]]:
    """The same of somebody else than the caller, who acts because of the record's call: a service by itself, or as the role it was handed.

    Who it is and in which Region is known; the caller's parameters, network, session and MFA are not its own, and stay untold.
    """
    arn = parse_arn(principal)
    where: Known = {"aws:RequestedRegion": (record.region,)} if record.region else {}
    where["aws:SecureTransport"] = ("true",)  # services speak to each other over TLS alone
    if arn is None:
        return {**where, "aws:PrincipalIsAWSService": ("true",), "aws:PrincipalServiceName": (principal,)}, _NOT_OF_SERVICES
    known: Known = {**where, "aws:PrincipalArn": (principal,), "aws:PrincipalAccount": (arn.account,), "aws:PrincipalIsAWSService": ("false",)}
    return known | ({"kms:CallerAccount": (arn.account,)} if iam_action.lower().startswith("kms:") else {}), frozenset(_SOURCE_KEYS)


def contradictions(record: Record, *, iam_action: str) -> dict[str, tuple[tuple[str, ...], tuple[str, ...]]]:
    """The keys of which the enrichment of the record tells another value than its own fields do: (the fields' values, the enrichment's)."""
    if "eventContext" not in record.payload:
        return {}
    own = {key.lower(): values for key, values in _own_keys(record, iam_action)[0].items()}
    told = enriched_keys(record)[0]
    return {key: (own[key.lower()], values) for key, values in told.items() if key.lower() in own and not _same(own[key.lower()], values)}


def _same(ours: tuple[str, ...], told: tuple[str, ...]) -> bool:
    """Times are told to the second here and to the thousandth there."""
    return sorted(ours) == sorted(told) or all(a.rstrip("Z")[:16] == b.rstrip("Z")[:16] and "T" in a for a, b in zip(ours, told, strict=False))


def _own_keys(record: Record, iam_action: str) -> tuple[Known, set[str]]:
    known: Known = {}
    absent: set[str] = set()
    for part in (_caller(record), _session(record), _network(record), _made_by(record), _kms(record, iam_action), keys_of_request(record, iam_action)):
        found, missing = part
        known |= {key: (value,) if isinstance(value, str) else tuple(value) for key, value in found.items() if value is not None}
        absent |= missing
    return known, absent


_Part = tuple[Mapping[str, Any], set[str]]


def _caller(record: Record) -> _Part:
    who = record.identity
    if who.type == "AWSService":
        scope = _mapping(who.raw.get("inScopeOf"))
        found = {
            "aws:PrincipalIsAWSService": "true",
            "aws:PrincipalServiceName": who.invoked_by,
            "aws:SourceArn": _text(scope.get("sourceArn")),
            "aws:SourceAccount": _text(scope.get("sourceAccount")),
        }
        return found, set(_NOT_OF_SERVICES)
    arn = (who.issuer.arn if who.issuer and who.type == "AssumedRole" else None) or role_of_session(who.arn) or who.arn
    own = {account for ref in record.resources if (account := ref.account)}
    found = {
        "aws:PrincipalArn": arn,
        "aws:PrincipalAccount": who.account,
        "aws:PrincipalType": _PRINCIPAL_TYPES.get(who.type or ""),
        "aws:userid": who.principal_id,
        "aws:username": who.user_name if who.type == "IAMUser" else None,
        "aws:PrincipalIsAWSService": "false" if who.type in _PRINCIPAL_TYPES else None,
        "aws:ResourceAccount": own.pop() if len(own) == 1 else None,
        "aws:FederatedProvider": who.federated_provider,
        "identitystore:UserId": _text(_mapping(who.raw.get("onBehalfOf")).get("userId")),
    } | _of_session_context(_mapping(who.raw.get("sessionContext")))
    missing = set(_SOURCE_KEYS) if who.type in _PRINCIPAL_TYPES else set()
    return found, missing | ({"aws:username"} if who.type in ("AssumedRole", "Root", "Role") else set())


def _of_session_context(told: Mapping[str, Any]) -> dict[str, str | None]:
    """What the session was opened for: a member account's root by the organization, `aws login`, a role of an EC2 instance.

    Source: https://docs.aws.amazon.com/awscloudtrail/latest/userguide/cloudtrail-event-reference-user-identity.html
    """
    assumed, delivery = told.get("assumedRoot"), _text(told.get("ec2RoleDelivery"))
    return {
        "aws:AssumedRoot": str(assumed).lower() if isinstance(assumed, bool | str) else None,
        "aws:SignInSessionArn": _text(told.get("signInSessionArn")),
        "ec2:RoleDelivery": delivery if delivery in ("1.0", "2.0") else None,
    }


def _session(record: Record) -> _Part:
    """Long-term keys carry neither an issue time nor MFA: https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_policies_condition-keys.html#condition-keys-multifactorauthpresent"""
    who = record.identity
    if (who.access_key_id or "").startswith("AKIA"):
        return {}, {"aws:TokenIssueTime", "aws:MultiFactorAuthPresent", "aws:MultiFactorAuthAge", "aws:SourceIdentity", "aws:FederatedProvider"}
    found: dict[str, str | None] = {"aws:MultiFactorAuthPresent": who.mfa, "aws:SourceIdentity": who.source_identity}
    missing = {"aws:MultiFactorAuthAge"} if who.mfa == "false" else set()
    if who.created is not None:
        found["aws:TokenIssueTime"] = _iso(who.created)
        if who.mfa == "true":
            found["aws:MultiFactorAuthAge"] = str(int((record.event_time - who.created).total_seconds()))
    if who.type == "AssumedRole" and who.source_identity is None and who.created is not None:
        missing.add("aws:SourceIdentity")
    return found, missing


def _network(record: Record) -> _Part:
    agent = record.user_agent
    found: dict[str, str | None] = {
        "aws:RequestedRegion": record.region or None,
        "aws:CurrentTime": _iso(record.event_time),
        "aws:EpochTime": str(int(record.event_time.timestamp())),
        "aws:UserAgent": agent if agent and len(agent) < _LONGEST_USER_AGENT else None,
        "aws:SecureTransport": "true" if _is_over_tls(record) else None,
    }
    address = _address(record.source_ip)
    if record.vpc_endpoint_id:
        found |= {"aws:SourceVpce": record.vpc_endpoint_id, "aws:VpcSourceIp": address, "aws:VpceAccount": record.vpc_endpoint_account}
        return found, {"aws:SourceIp"}
    if is_mcp_server(record.source_ip):  # the agent's own address is in the record of its tool call alone
        return found, {"aws:SourceIp", "aws:VpcSourceIp"}
    if address is None:  # a service's name: the call came from inside AWS, and the record doesn't tell how
        return found, set()
    return {**found, "aws:SourceIp": address}, {"aws:SourceVpce", "aws:SourceVpc", "aws:VpcSourceIp", *_VPCE_KEYS}


def _is_over_tls(record: Record) -> bool:
    """As the record shows it: S3 writes the cipher beside the call. Services speak over TLS alone."""
    shown = _mapping(record.payload.get("tlsDetails")).get("tlsVersion") or record.additional.get("CipherSuite")
    return bool(shown) or record.identity.type == "AWSService"


def _made_by(record: Record) -> _Part:
    """A service that calls with its caller's credentials is the last one in `aws:CalledVia`; the ones before it aren't recorded.

    An MCP server of AWS says so in keys of its own; whether it counts as a service that calls on somebody's behalf is said nowhere, so that stays open.
    Source: https://docs.aws.amazon.com/agent-toolkit/latest/userguide/security_iam_troubleshoot.html
    """
    service = record.identity.invoked_by
    if record.identity.type == "AWSService" or service is None:
        found = {"aws:ViaAWSService": "false", "aws:ViaAWSMCPService": "false"}
        return found, {"aws:CalledVia", "aws:CalledViaFirst", "aws:CalledViaLast", "aws:CalledViaAWSMCP"}
    if is_mcp_server(service):
        return {"aws:ViaAWSMCPService": "true", "aws:CalledViaAWSMCP": service}, set()
    if not service.endswith(".amazonaws.com"):
        return {}, set()
    return {"aws:ViaAWSService": "true", "aws:CalledViaLast": service}, set()


def _kms(record: Record, iam_action: str) -> _Part:
    if not iam_action.lower().startswith("kms:"):
        return {}, set()
    service = record.identity.invoked_by
    named = service and service.endswith(".amazonaws.com") and not is_mcp_server(service)
    via = f"{service.split('.')[0]}.{record.region}.amazonaws.com" if service and named else None
    found: dict[str, Any] = {"kms:CallerAccount": record.identity.account, "kms:ViaService": via}
    pairs = {str(k): str(v) for k, v in _mapping(record.request.get("encryptionContext")).items()}
    found |= {f"kms:EncryptionContext:{key}": value for key, value in pairs.items()}
    missing = {"kms:ViaService"} if service is None and record.identity.type != "AWSService" else set()
    if pairs:
        found["kms:EncryptionContextKeys"] = tuple(sorted(pairs))
    return found, missing


def _address(text: str | None) -> str | None:
    try:
        return str(ip_address(text or ""))
    except ValueError:
        return None


def _iso(moment: datetime) -> str:
    return moment.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%SZ")


def _mapping(value: object) -> Mapping[str, Any]:
    return value if isinstance(value, Mapping) else {}


def _text(value: object) -> str | None:
    return value if isinstance(value, str) and value else None
