"""Engines as evidence: how they are named, and what they are asked.

athena://DATABASE/TABLE            the documented table over a trail's bucket
lake://EVENT_DATA_STORE_ID         CloudTrail Lake
spark://HOST:PORT/PATH             log files read by a Spark master; spark://local/PATH: on this machine
logs://LOG_GROUP                   a log group of CloudWatch Logs that a trail, or a telemetry rule, delivers to; its name or its ARN
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Mapping, Sequence
from datetime import datetime
from typing import Any

from msgspec import Struct

from trailsleuth.errors import UsageError
from trailsleuth.patterns import late

SCHEMES = ("athena://", "lake://", "spark://", "logs://")
# https://docs.aws.amazon.com/athena/latest/ug/tables-databases-columns-names.html
_NAME = late(r"[A-Za-z0-9_-]{1,255}", re.ASCII)
_STORE = late(r"[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}", re.ASCII)
_HOST = late(r"local|[A-Za-z0-9.-]{1,253}:\d{1,5}", re.ASCII)
# https://docs.aws.amazon.com/AmazonCloudWatchLogs/latest/APIReference/API_CreateLogGroup.html
_GROUP = late(r"(?:arn:[\w-]+:logs:[\w-]+:\d{12}:log-group:)?[.\-_/#A-Za-z0-9]{1,512}", re.ASCII)

FetchedRecord = Mapping[str, Any]


class EngineUrl(Struct, frozen=True, kw_only=True):
    """A piece of evidence that an engine holds. `host` is Athena's database, Lake's event data store, Spark's master or a log group; `rest` the table or the
    path."""

    engine: str
    host: str
    rest: str = ""


class Statement(Struct, frozen=True, kw_only=True):
    """What an engine is to run, written by `trailsleuth.query`: `first` makes the files known (Spark), `announced` is said before."""

    sql: str
    first: str = ""
    announced: str = ""


class LogSearch(Struct, frozen=True, kw_only=True):
    """One condition on the records of a log group, in both of its languages: for Logs Insights, and as filter patterns that together say the same.

    `early`: it is asked of the time before the window as well, in which a session may have been opened.
    """

    query: str
    patterns: tuple[str, ...]
    what: str
    early: bool = False


class LogQuestion(Struct, frozen=True, kw_only=True):
    """What is asked of a log group: the searches that come first, and those for the credentials of the records that are the question's."""

    since: datetime
    until: datetime | None
    early: datetime
    first: tuple[LogSearch, ...]
    follow: Callable[[Sequence[str]], Iterable[LogSearch]]
    is_subject: Callable[[FetchedRecord], bool]


class Settings(Struct, frozen=True, kw_only=True):
    """Where Athena writes its results and by which workgroup's rules; empty: what the workgroup says, the account's primary one."""

    output: str = ""
    workgroup: str = ""


def is_engine(path: str) -> bool:
    """Whether a piece of evidence is named as an engine's."""
    return path.startswith(SCHEMES)


def engine_url(path: str) -> EngineUrl:
    """The parts of the name. UsageError where it has another form."""
    engine, _, rest = path.partition("://")
    host, _, tail = rest.partition("/")
    if engine == "athena" and _NAME.fullmatch(host) and _NAME.fullmatch(tail):
        return EngineUrl(engine=engine, host=host, rest=tail)
    if engine == "lake" and _STORE.fullmatch(host.lower()) and not tail:
        return EngineUrl(engine=engine, host=host.lower())
    if engine == "spark" and _HOST.fullmatch(host) and tail:
        return EngineUrl(engine=engine, host=host, rest=tail if "://" in tail else f"/{tail}")
    if engine == "logs" and _GROUP.fullmatch(rest):
        return EngineUrl(engine=engine, host=rest)
    forms = {
        "athena": "athena://DATABASE/TABLE",
        "lake": "lake://EVENT_DATA_STORE_ID (the last part of its ARN)",
        "logs": "logs://LOG_GROUP, by its name (logs:///aws/cloudtrail/org where it begins with a slash) or its ARN",
        "spark": "spark://HOST:PORT/PATH or spark://local/PATH",
    }
    raise UsageError(f"{path} names nothing that {engine} can read", next_step=f"give {forms.get(engine, 'a known form')}")
