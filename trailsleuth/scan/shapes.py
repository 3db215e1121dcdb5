"""The parts of a CloudTrail log file that a scan looks at, as typed shapes: the decoder checks all of the JSON and builds nothing else.

A file of any other shape (other members, a missing or odd field, no eventVersion) does not decode, and is read the careful way.
"""

from __future__ import annotations

from typing import Literal

import msgspec

_NULL = msgspec.Raw(b"null")
Absent = Literal[""]  # a member that no plain record has: where it stands, the file does not decode


class Brief(msgspec.Struct, gc=False):
    """What is needed of every record, to see whether it was refused or handed out credentials."""

    eventID: str
    eventSource: str
    eventName: str
    errorCode: str | None = None
    errorMessage: str | None = None
    eventType: str | None = None
    insightDetails: Absent = ""
    acsRegion: Absent = ""
    addendum: Absent = ""

    @property
    def failed(self) -> bool:
        return bool(self.errorCode or self.errorMessage)


class Glance(Brief, gc=False, kw_only=True):
    """What is needed besides, to count a record and to see whether it matters to a question."""

    eventVersion: str
    eventTime: str
    awsRegion: str | None = None
    recipientAccountId: str | None = None
    userIdentity: msgspec.Raw = _NULL
    requestParameters: msgspec.Raw = _NULL
    responseElements: msgspec.Raw = _NULL
    eventCategory: str | None = None
    vpcEndpointId: str | None = None
    sharedEventID: str | None = None
    resources: msgspec.Raw = _NULL


class Line(Glance, gc=False, kw_only=True):
    """What a row shows of a record."""

    sourceIPAddress: str | None = None
    userAgent: str | None = None
    readOnly: bool | None = None
    requestID: str | None = None


class CallerIssuer(msgspec.Struct, gc=False):
    arn: str | None = None


class CallerContext(msgspec.Struct, gc=False):
    sessionIssuer: CallerIssuer | None = None


class Caller(msgspec.Struct, gc=False):
    """Of `userIdentity`, what tells sessions apart."""

    type: str | None = None
    principalId: str | None = None
    arn: str | None = None
    accountId: str | None = None
    accessKeyId: str | None = None
    sessionContext: CallerContext | None = None


class Credentials(msgspec.Struct, gc=False):
    accessKeyId: str | None = None


class AssumedUser(msgspec.Struct, gc=False):
    assumedRoleId: str | None = None
    federatedUserId: str | None = None
    arn: str | None = None


class Issued(msgspec.Struct, gc=False):
    """The answer of a call that hands out credentials."""

    credentials: Credentials | None = None
    assumedRoleUser: AssumedUser | None = None
    federatedUser: AssumedUser | None = None


class Picked(Brief, gc=False, kw_only=True):
    """Of a record that is picked, what ties it to others."""

    eventTime: str
    recipientAccountId: str | None = None
    userIdentity: Caller | None = None
    responseElements: Issued | None = None


class Asked(msgspec.Struct, gc=False):
    """The request of a call that hands out credentials."""

    roleArn: str | None = None
    roleSessionName: str | None = None


decode_asked = msgspec.json.Decoder(Asked | None).decode
decode_brief_records = msgspec.json.Decoder(list[Brief]).decode
decode_lines = msgspec.json.Decoder(list[Line]).decode
decode_records = msgspec.json.Decoder(list[Glance]).decode
decode_raws = msgspec.json.Decoder(list[msgspec.Raw]).decode
decode_brief = msgspec.json.Decoder(Brief).decode
decode_picked = msgspec.json.Decoder(Picked).decode
decode_caller = msgspec.json.Decoder(Caller).decode
decode_issued = msgspec.json.Decoder(Issued | None).decode
NotThisShape = (msgspec.MsgspecError, UnicodeError, RecursionError)
