"""The engines: how each spells SQL, where its records stand, and what comes back."""

from __future__ import annotations

from enum import StrEnum

from msgspec import Struct

_ROW = (
    "eventversion", "useridentity", "eventtime", "eventsource", "eventname", "awsregion", "sourceipaddress", "useragent", "errorcode", "errormessage",
    "requestparameters", "responseelements", "additionaleventdata", "requestid", "eventid", "readonly", "resources", "eventtype", "apiversion",
    "recipientaccountid", "serviceeventdetails", "sharedeventid", "vpcendpointid", "vpcendpointaccountid", "eventcategory", "addendum",
)  # fmt: skip


class Engine(StrEnum):
    """What runs the selection."""

    ATHENA = "athena"
    LAKE = "lake"
    SPARK = "spark"
    DUCKDB = "duckdb"


class Manner(Struct, frozen=True, kw_only=True):
    """One engine. `alias` is the relation that account, region and time stand in, under the names given; `columns` come back.

    `days`: the column of the partition a day, where there is one. `longest`: signs that a statement may have. `billed`: reading costs by the byte.
    """

    dialect: str
    alias: str
    account: str
    region: str
    columns: tuple[str, ...] = ("eventjson",)
    days: str | None = None
    longest: int | None = None
    billed: bool = False


# Lengths: https://docs.aws.amazon.com/athena/latest/APIReference/API_StartQueryExecution.html (QueryString, 262144) and
# https://docs.aws.amazon.com/awscloudtrail/latest/APIReference/API_StartQuery.html (QueryStatement, 10000)
MANNERS = {
    Engine.ATHENA: Manner(dialect="athena", alias="t", account="account", region="region", columns=_ROW, days="timestamp", longest=262_144, billed=True),
    Engine.LAKE: Manner(dialect="trino", alias="t", account="recipientaccountid", region="awsregion", longest=10_000, billed=True),
    Engine.SPARK: Manner(dialect="spark", alias="trail", account="account", region="region"),
    Engine.DUCKDB: Manner(dialect="duckdb", alias="trail", account="account", region="region"),
}
