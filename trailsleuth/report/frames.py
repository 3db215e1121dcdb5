"""The case and its records as pandas DataFrames: CloudTrail's names for what CloudTrail says, times in UTC, as texts."""

from __future__ import annotations

from array import array
from collections.abc import Iterable, Mapping, Sequence
from typing import TYPE_CHECKING, Any

from trailsleuth.model import CaseFile, Identity, Record
from trailsleuth.report.accessor import register_accessor
from trailsleuth.report.document import case_document, utc

if TYPE_CHECKING:
    import numpy as np
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
_CATEGORIES = frozenset(RECORD_COLUMNS) - {
    "eventTime", "denied", "readOnly", "sharedEventID", "requestID", "eventID", "requestParameters", "responseElements", "source",
}  # fmt: skip


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


def records_frame(records: Iterable[Record]) -> pd.DataFrame:
    """One row a record, in the order given; request and response stay nested, everything else is flat. `denied` is our reading of the error.

    Text that many records share is held once, as a category.
    """
    columns = RecordColumns()
    columns.add(record_columns(records))
    return columns.frame()


class RecordColumns:
    """The columns of a frame while they are being filled. Of a category each text is held once, and a number for each row."""

    def __init__(self) -> None:
        self._numbers = {name: _Numbers() for name in _CATEGORIES}
        self._cells: dict[str, Any] = {name: array("i") if name in _CATEGORIES else [] for name in RECORD_COLUMNS}

    def add(self, columns: Iterable[Sequence[object]]) -> None:
        """More rows: all columns, or none."""
        for (name, cells), values in zip(self._cells.items(), columns, strict=False):
            cells.extend(self._numbers[name].of(values) if name in self._numbers else values)

    def frame(self, order: Sequence[int] | None = None) -> pd.DataFrame:
        """The table, of the rows in this order; it is asked for once."""
        import numpy as np
        import pandas as pd

        register_accessor()
        columns: dict[str, object] = {}
        rows = slice(None) if order is None else np.array(order, dtype=np.intp)
        for name in RECORD_COLUMNS:
            cells = self._cells.pop(name)
            if name in _CATEGORIES:
                columns[name] = self._numbers[name].category(np.array(cells)[rows])
            else:
                columns[name] = cells if order is None else [cells[row] for row in order]
        return pd.DataFrame(columns)


class _Numbers(dict[str | None, int]):
    """Texts by the number that each is given when it is first met."""

    def __missing__(self, text: str | None) -> int:
        return self.setdefault(text, len(self))

    def of(self, texts: Sequence[Any]) -> Iterable[int]:
        """The number of each."""
        return map(self.__getitem__, texts)

    def category(self, numbers: np.ndarray[Any, Any]) -> pd.Categorical:
        """The texts of the numbers."""
        import numpy as np
        import pandas as pd

        texts = sorted(text for text in self if text is not None)
        codes = dict(zip(texts, range(len(texts)), strict=True))
        places = np.array([-1 if text is None else codes[text] for text in self], dtype=np.int32)
        return pd.Categorical.from_codes(places[numbers], categories=pd.Index(texts, dtype="str"))


def record_columns(records: Iterable[Record]) -> Iterable[Sequence[object]]:
    """Their cells, column by column; nothing where there are none."""
    return zip(*map(_record_row, records), strict=True)


def _record_row(record: Record) -> tuple[object, ...]:
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
