"""What the test server knows: accounts with roles, pipelines, buckets, keys, records; and what the collector may do in them."""

from __future__ import annotations

import fnmatch
import json
from collections import defaultdict
from dataclasses import dataclass, field
from datetime import datetime

PAGE = 50
IAM_ACTION = {
    "s3:ListObjectsV2": "s3:ListBucket",
    "iam-toolbox:GetRequestAuthorizationDetails": "iam:GetRequestAuthorizationDetails",
    "iam-toolbox:GetRequestAuthorizationPolicy": "iam:GetRequestAuthorizationPolicy",
    "sts:GetCallerIdentity": None,
    **{f"stepfunctions:{name}": f"states:{name}" for name in ("ListExecutions", "DescribeExecution", "DescribeStateMachine")},
}


class Refused(Exception):
    def __init__(self, code: str, message: str = "", status: int = 400) -> None:
        super().__init__(code)
        self.code, self.message, self.status = code, message or code, status


@dataclass
class History:
    """The event history of one account and region, with an index over the lookup attributes."""

    index: dict = field(default_factory=lambda: defaultdict(list))
    events: list = field(default_factory=list)
    sorted: bool = True

    def add(self, record: dict) -> None:
        event = event_of(record)
        self.events.append(event)
        self.sorted = False
        for attribute in ("EventId", "EventName", "EventSource", "AccessKeyId", "Username"):
            if event.get(attribute):
                self.index[attribute, event[attribute]].append(event)

    def lookup(self, asked: dict) -> dict:
        if not self.sorted:
            for events in [self.events, *self.index.values()]:
                events.sort(key=lambda event: (event["EventTime"], event["EventId"]), reverse=True)
            self.sorted = True
        attributes = asked.get("LookupAttributes", [])
        if len(attributes) > 1:
            raise Refused("InvalidLookupAttributesException")
        found = self.index[attributes[0]["AttributeKey"], attributes[0]["AttributeValue"]] if attributes else self.events
        start, end = asked.get("StartTime", 0), asked.get("EndTime", float("inf"))
        found = [event for event in found if start <= event["EventTime"] <= end]
        at = int(asked.get("NextToken", "mark-0").removeprefix("mark-"))
        size = min(asked.get("MaxResults", PAGE), PAGE)
        page = {"Events": found[at : at + size]}
        if at + size < len(found):
            page["NextToken"] = f"mark-{at + size}"
        return page


@dataclass
class Queries:
    """Athena and Lake: what was asked, the states that a query goes through, and its rows."""

    states: list = field(default_factory=list)  # (state, reason)
    columns: tuple = ("eventjson",)
    rows: list = field(default_factory=list)
    page: int = 2
    scanned: int = 3_000_000_000
    asked: list = field(default_factory=list)
    stopped: list = field(default_factory=list)

    def state(self) -> tuple[str, str]:
        return self.states.pop(0) if len(self.states) > 1 else self.states[0]

    def part(self, token: str | None) -> tuple[list, dict]:
        at = int((token or "mark-0").removeprefix("mark-"))
        more = {"NextToken": f"mark-{at + self.page}"} if at + self.page < len(self.rows) else {}
        return self.rows[at : at + self.page], more


def event_of(record: dict) -> dict:
    identity = record.get("userIdentity", {})
    arn = identity.get("arn", "")
    name = arn.split("/", 2)[2] if ":assumed-role/" in arn else identity.get("userName")
    event = {
        "EventId": record["eventID"],
        "EventName": record["eventName"],
        "ReadOnly": "true",
        "EventTime": datetime.fromisoformat(record["eventTime"]).timestamp(),
        "EventSource": record["eventSource"],
        "Username": name,
        "AccessKeyId": identity.get("accessKeyId"),
        "Resources": [],
        "CloudTrailEvent": json.dumps(record),
    }
    return {key: value for key, value in event.items() if value is not None}


@dataclass
class AccountState:
    id: str
    histories: dict = field(default_factory=lambda: defaultdict(History))
    pipelines: dict = field(default_factory=dict)  # (region, name) -> {"definitions": {version: ...}, "runs": [...], "actions": [...]}
    deployments: dict = field(default_factory=dict)
    groups: dict = field(default_factory=dict)  # deployment groups by their name
    things: dict = field(default_factory=lambda: defaultdict(dict))  # (service, region) -> {kind: {name: answer}}
    users: dict = field(default_factory=dict)
    iam_groups: dict = field(default_factory=dict)
    roles: dict = field(default_factory=dict)  # name -> {"role":…, "inline": {name: doc}, "attached": [(name, arn)]}
    managed: dict = field(default_factory=dict)  # arn -> document
    buckets: dict = field(default_factory=dict)  # name -> policy or None
    objects: dict = field(default_factory=dict)  # bucket -> {key: bytes}
    keys: dict = field(default_factory=dict)  # key arn -> policy
    aliases: dict = field(default_factory=dict)
    decoded: dict = field(default_factory=dict)  # encoded message -> text
    details: dict = field(default_factory=dict)  # authorization id -> answer
    evaluated: dict = field(default_factory=dict)  # (authorization id, URI) -> document
    organization: dict | None = None  # {"parents": {child: (id, type)}, "attached": {target: [policy]}, "policies": {id: {...}}}
    simulated: list = field(default_factory=list)  # what the policy simulator was asked
    log_groups: dict = field(default_factory=dict)  # name or ARN -> LogGroup
    endpoints: dict = field(default_factory=dict)  # VPC endpoint id -> its description
    trails: list = field(default_factory=list)
    queries: Queries = field(default_factory=lambda: Queries())
    policy: dict | None = None  # what the collector may do; None: everything
    disabled_regions: set = field(default_factory=set)
    expired: bool = False

    def allows(self, operation: str) -> bool:
        action = IAM_ACTION.get(operation, operation)
        if self.policy is None or action is None:
            return True
        allowed = [pattern for statement in self.policy["Statement"] for pattern in statement["Action"]]
        return any(fnmatch.fnmatchcase(action.lower(), pattern.lower()) for pattern in allowed)


@dataclass
class LogGroup:
    """A log group: its events, and what Logs Insights is to say of its queries instead of Complete."""

    events: list = field(default_factory=list)  # (milliseconds, message)
    states: list = field(default_factory=list)
    page: int = 3
    queries: dict = field(default_factory=dict)
    stopped: list = field(default_factory=list)
    limit: int | None = None  # rows of one query, however many are asked for
