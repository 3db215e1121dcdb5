"""What the selection must bring, worked out slowly and by other means: plain `json`, the reader of refusals itself, sets."""

from __future__ import annotations

import bz2
import gzip
import json
from collections import defaultdict
from datetime import datetime, timedelta
from pathlib import Path

from trailsleuth.catalog.action_kinds import policy_changes
from trailsleuth.catalog.issuing import ISSUING
from trailsleuth.ingest.denials import read_denial

OPENERS = {".gz": gzip.open, ".bz2": bz2.open}


def records_in(folder: Path) -> list[dict]:
    """Every record of every log file."""
    found = []
    for path in sorted(folder.rglob("*.json*")):
        with OPENERS.get(path.suffix, open)(path, "rb") as file:
            found += json.loads(file.read()).get("Records", [])
    return found


def texts(value):
    return None if value is None else value if isinstance(value, str) else json.dumps(value)


class Reader:
    """Selects as the definition says: `docs/how-to/past-one-machine.md`."""

    def __init__(self, records, *, since=None, until=None, accounts=(), regions=()):
        start = since - timedelta(hours=12) if since else datetime.min.replace(tzinfo=until.tzinfo if until else None)
        self.records = [
            record
            for record in records
            if (since is None or datetime.fromisoformat(record["eventTime"]) >= start)
            and (until is None or datetime.fromisoformat(record["eventTime"]) <= until)
            and (not accounts or record["recipientAccountId"] in accounts)
            and (not regions or record["awsRegion"] in regions)
        ]

    @staticmethod
    def is_refused(record) -> bool:
        code, message = texts(record.get("errorCode")), texts(record.get("errorMessage"))
        return read_denial(code, message, event_source=record["eventSource"], event_name=record["eventName"], of_record=True) is not None

    @staticmethod
    def is_issuing(record) -> bool:
        failed = record.get("errorCode") is not None or record.get("errorMessage") is not None
        return record["eventSource"] == "sts.amazonaws.com" and record["eventName"] in ISSUING and not failed

    @staticmethod
    def session_of(record):
        who = record.get("userIdentity") or {}
        return who.get("accessKeyId") or who.get("principalId")

    @staticmethod
    def attempt_of(record):
        who = record.get("userIdentity") or {}
        writes = record.get("readOnly") in (False, "false") and record["eventSource"] != "s3.amazonaws.com"
        issuer = ((who.get("sessionContext") or {}).get("sessionIssuer") or {}).get("arn")
        request = record.get("requestParameters") or {}
        if record["eventSource"] == "s3.amazonaws.com" and request.get("bucketName") is not None and request.get("key") is not None:
            return f"{texts(request['bucketName'])}/{texts(request['key'])}"
        place = record.get("recipientAccountId") if writes else issuer or who.get("arn")
        return None if place is None else (place, record["eventSource"], record["eventName"])

    def request_of(self, record):
        attempt = self.attempt_of(record)
        return None if attempt is None else (attempt, json.dumps(record.get("requestParameters")))

    def near_refusals(self, key_of) -> set[str]:
        """The ids of the five records before and after each refusal, among those with the same key."""
        groups = defaultdict(list)
        for record in self.records:
            groups[key_of(record)].append(record)
        groups.pop(None, None)
        found = set()
        for group in groups.values():
            group.sort(key=lambda record: (record["eventTime"][:19], record["eventID"]))
            for place, record in enumerate(group):
                if self.is_refused(record):
                    found |= {other["eventID"] for other in group[max(0, place - 5) : place + 6]}
        return found

    def ids(self, asked=None) -> set[str]:
        """The ids of the selected records; `asked(record)`: whose calls are wanted, else of every refused session."""
        asked = asked or self.is_refused
        sessions = {self.session_of(record) for record in self.records if asked(record)} - {None}
        near = self.near_refusals(self.attempt_of) | self.near_refusals(self.request_of)
        named = policy_changes() | {"StartPipelineExecution"}
        return {
            record["eventID"]
            for record in self.records
            if self.is_refused(record)
            or self.is_issuing(record)
            or record["eventName"] in named
            or asked(record)
            or self.session_of(record) in sessions
            or record["eventID"] in near
        }
