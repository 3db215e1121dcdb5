"""The case and its records as pandas DataFrames: CloudTrail's names for what CloudTrail says, times in UTC, as texts."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import TYPE_CHECKING, Any

from trailsleuth.model import CaseFile, Identity, Record
from trailsleuth.report.accessor import register_accessor
from trailsleuth.report.document import case_document, utc

if TYPE_CHECKING:
    import pandas as pd

FINDING_COLUMNS = [
    "rank",
    "group",
    "standing",
    "basis",
    "cause",
    "policy_types",
    "policy_arn",
    "principal",
    "principal_account",
    "iam_action",
    "resource",
    "resource_account",
    "conditions",
    "explanation",
    "advice",
    "first_seen",
    "last_seen",
    "count",
    "event_ids",
    "id",
]
DELTA_COLUMNS = [
    "policy_type",
    "account",
    "attach_to",
    "document",
    "remove",
    "finding_ids",
    "placeholders",
    "warnings",
    "sufficient",
    "minimal",
    "harmless",
    "undecided",
]
BACKGROUND_COLUMNS = ["principal", "call", "error_code", "count", "first_seen", "last_seen"]
CHAIN_COLUMNS = ["chain", "hop", "role", "session_name", "access_key_id", "assumed_by", "event_id", "account", "calls", "denied"]
RECORD_COLUMNS = [
    "eventTime",
    "eventSource",
    "eventName",
    "awsRegion",
    "recipientAccountId",
    "userIdentityType",
    "userIdentityArn",
    "principalId",
    "accessKeyId",
    "sessionIssuerArn",
    "invokedBy",
    "errorCode",
    "errorMessage",
    "denied",
    "sourceIPAddress",
    "userAgent",
    "readOnly",
    "sharedEventID",
    "requestID",
    "eventID",
    "requestParameters",
    "responseElements",
    "source",
]
_SHARED = frozenset(RECORD_COLUMNS) - {
    "eventTime", "denied", "readOnly", "sharedEventID", "requestID", "eventID", "requestParameters", "responseElements", "source",
}  # fmt: skip
RecordRow = tuple[Any, ...]  # a cell for each of RECORD_COLUMNS


def findings_frame(case: CaseFile) -> pd.DataFrame:
    """One row a finding, the likeliest cause first; `event_ids` cites its records."""
    rows = [{**finding, "event_ids": [record["event_id"] for record in finding["evidence"]]} for finding in case_document(case)["findings"]]
    return made_frame(rows, FINDING_COLUMNS)


def background_frame(case: CaseFile) -> pd.DataFrame:
    """One row a group of denied calls that were not asked about: who, which call, how often, from when to when."""
    return made_frame(case_document(case)["background"], BACKGROUND_COLUMNS)


def deltas_frame(case: CaseFile) -> pd.DataFrame:
    """One row an attachment point; `document` is the policy to add, as plain values."""
    rows = [{**delta, **(delta["proof"] or {})} for delta in case_document(case)["deltas"]]
    return made_frame(rows, DELTA_COLUMNS)


def chains_frame(case: CaseFile) -> pd.DataFrame:
    """One row a hop; `chain` and `hop` count from 1, `calls` and `denied` are those of the whole chain."""
    rows = [
        {**hop, "chain": number, "hop": place, "calls": chain["calls"], "denied": chain["denied"]}
        for number, chain in enumerate(case_document(case)["chains"], 1)
        for place, hop in enumerate(chain["hops"], 1)
    ]
    return made_frame(rows, CHAIN_COLUMNS)


def records_frame(rows: Iterable[RecordRow]) -> pd.DataFrame:
    """One row a record, in the order given; request and response stay nested, everything else is flat. `denied` is our reading of the error.

    Text that many records share is held once, as a category.
    """
    import pandas as pd

    register_accessor()
    columns = dict(zip(RECORD_COLUMNS, zip(*rows, strict=True), strict=False)) or dict.fromkeys(RECORD_COLUMNS, ())
    return pd.DataFrame({name: pd.Categorical(values) if name in _SHARED else list(values) for name, values in columns.items()})


def record_row(record: Record) -> RecordRow:
    """The record's cells."""
    identity = record.identity
    return (
        utc(record.event_time),
        record.event_source,
        record.event_name,
        record.region,
        record.recipient_account,
        *caller_cells(identity),
        record.error_code,
        record.error_message,
        record.denial is not None,
        record.source_ip,
        record.user_agent,
        record.read_only,
        record.shared_event_id,
        record.request_id,
        record.event_id,
        record.request,
        record.response,
        f"{record.origin.source}#{record.origin.position}",
    )


def caller_cells(who: Identity) -> tuple[str | None, ...]:
    """The cells that tell who called."""
    return who.type, who.arn, who.principal_id, who.access_key_id, who.issuer.arn if who.issuer is not None else None, who.invoked_by


def made_frame(rows: Iterable[Mapping[str, object]], columns: Sequence[str]) -> pd.DataFrame:
    """The rows as a table; times are texts, as in the documents: `2026-03-04T09:00:00Z` sorts and groups as it stands."""
    import pandas as pd

    register_accessor()
    return pd.DataFrame(list(rows), columns=list(columns))
