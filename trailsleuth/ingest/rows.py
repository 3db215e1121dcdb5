"""Records as table rows: Athena and CloudTrail Lake answers, whose columns are in lower case and whose structs may be Hive's text form.

Columns: https://docs.aws.amazon.com/athena/latest/ug/create-cloudtrail-table-understanding.html
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from trailsleuth.ingest.decode import NotJson, decode
from trailsleuth.ingest.hive import parse_hive

# CloudTrail's spelling of every column and of every member of its structs.
_NAMES = (
    "eventVersion", "userIdentity", "eventTime", "eventSource", "eventName", "awsRegion", "sourceIPAddress", "userAgent", "errorCode", "errorMessage",
    "requestParameters", "responseElements", "additionalEventData", "requestID", "eventID", "readOnly", "resources", "eventType", "apiVersion",
    "recipientAccountId", "serviceEventDetails", "sharedEventID", "vpcEndpointId", "vpcEndpointAccountId", "eventCategory", "addendum",
    "sessionCredentialFromConsole", "edgeDeviceDetails", "tlsDetails", "managementEvent", "insightDetails", "eventContext",
)  # fmt: skip
_STRUCT_NAMES = (
    "type", "principalId", "arn", "accountId", "invokedBy", "accessKeyId", "userName", "sessionContext", "attributes", "mfaAuthenticated", "creationDate",
    "sessionIssuer", "ec2RoleDelivery", "webIdFederationData", "federatedProvider", "sourceIdentity", "identityProvider", "credentialId", "onBehalfOf",
    "userId", "identityStoreArn", "inScopeOf", "sourceArn", "sourceAccount", "issuerType", "credentialsIssuedTo", "reason", "updatedFields",
    "originalRequestID", "originalEventID", "tlsVersion", "cipherSuite", "clientProvidedHostHeader", "assumedRoot", "ARNPrefix",
)  # fmt: skip
_COLUMNS = {name.lower(): name for name in _NAMES}
_MEMBERS = {name.lower(): name for name in _STRUCT_NAMES}

# Columns whose members CloudTrail names itself; the others hold what the service's API calls them.
_STRUCTS = frozenset({"userIdentity", "resources", "addendum", "tlsDetails", "edgeDeviceDetails", "eventContext"})
_NESTED = _STRUCTS | {"requestParameters", "responseElements", "additionalEventData", "serviceEventDetails"}
_ABSENT = frozenset({"", "null", "NULL", "-"})


def is_row(members: dict[str, Any]) -> bool:
    """A row of a CloudTrail table."""
    return "eventtime" in members and ("eventname" in members or "eventsource" in members)


def record_of_row(row: dict[str, Any]) -> dict[str, Any]:
    """The record in CloudTrail's spelling; empty cells are absent, unknown columns stay as they are."""
    record: dict[str, Any] = {}
    for column, cell in row.items():
        name = _COLUMNS.get(column, column)
        value = _nested(cell) if name in _NESTED else cell
        if not (value is None or (isinstance(value, str) and value in _ABSENT)):
            record[name] = _spelled(value) if name in _STRUCTS else value
    return record


def _nested(cell: object) -> object:
    """A struct or map that a cell holds as JSON or as Hive's text."""
    if not isinstance(cell, str) or cell[:1] not in ("{", "["):
        return cell
    try:
        return decode(cell)
    except NotJson:
        return parse_hive(cell)


def _spelled(value: object, depth: int = 0) -> object:
    """The struct with CloudTrail's names for its members, absent ones left out."""
    if depth > 12:
        return value
    if isinstance(value, list):
        return [_spelled(member, depth + 1) for member in value]
    if not isinstance(value, dict):
        return value
    spelled = {_MEMBERS.get(key, key): _spelled(member, depth + 1) for key, member in value.items()}
    return {key: member for key, member in spelled.items() if not (member is None or (isinstance(member, str) and member in _ABSENT))}


def row_of_cells(members: list[Any]) -> dict[str, Any] | None:
    """The row that a list of cells is: one-member maps (Lake), or field and value (CloudWatch Logs Insights); None for any other list."""
    if not members or not all(isinstance(cell, dict) for cell in members):
        return None
    if all(cell.keys() == {"field", "value"} for cell in members):
        return {str(cell["field"]): cell["value"] for cell in members}
    if not all(len(cell) == 1 for cell in members):
        return None
    row = {str(key).lower(): value for cell in members for key, value in cell.items()}
    return row if len(row) == len(members) and (len(row) > 1 or "eventjson" in row) else None


def rows_of_result_set(result: object) -> Iterator[dict[str, Any]]:
    """The rows of `aws athena get-query-results`; its first row is the header. A row of another form comes back as it is."""
    rows = result.get("Rows") if isinstance(result, dict) else None
    header: list[str] = []
    for row in rows if isinstance(rows, list) else [{"ResultSet without Rows": None}]:
        data = row.get("Data") if isinstance(row, dict) else None
        if not isinstance(data, list):
            yield row if isinstance(row, dict) else {"row": row}
            continue
        cells = [cell.get("VarCharValue") if isinstance(cell, dict) else None for cell in data]
        if header:
            yield dict(zip(header, cells, strict=False))
        else:
            header = [column_name(str(cell)) for cell in cells]


def column_name(text: str) -> str:
    """A header cell in the form that columns are known by: `Event time`, `event_time` and `eventTime` are one."""
    return "".join(sign for sign in text.lower() if sign not in " _-\ufeff")
