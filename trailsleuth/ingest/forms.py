"""What a JSON value is: a record, a wrapper around records, an answer of AWS, or nothing that a diagnosis uses.

Told by the members it has. Wrappers are opened until what they hold is known.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from enum import Enum, auto
from typing import Any

from trailsleuth.ingest.documents import document_in
from trailsleuth.ingest.record import MAX_DEPTH, nested_deeper
from trailsleuth.ingest.rows import is_row, record_of_row, row_of_cells, rows_of_result_set

GAP_SCHEMA = "trailsleuth.gap/1"  # docs/reference/live.md
MAX_WRAPPERS = 10  # wrappers inside each other; a record in a notification in a queue message has four


class Form(Enum):
    """The kinds of pieces that evidence falls into."""

    RECORD = auto()
    BROKEN = auto()  # a record that was there and cannot be read
    FOREIGN = auto()  # a record of something else than CloudTrail's API calls
    UNKNOWN = auto()  # nothing that is known here
    CUT = auto()  # a part that may hold records and was not read
    NOTE = auto()  # something to be said about the input
    PIPELINE = auto()
    RUNS = auto()
    ACTIONS = auto()
    STATE = auto()
    SNAPSHOT = auto()
    RESOURCE_POLICY = auto()
    ORG_POLICY = auto()
    DECODED = auto()
    GAP = auto()  # what a fetch could not get


@dataclass(frozen=True, slots=True)
class Piece:
    """A part of an input with its form: the value, or the reason why it is not used."""

    form: Form
    value: Any = None
    reason: str = ""


# Members that only a CloudTrail record has (or one that poses as such).
_RECORD_MARKS = frozenset({"eventVersion", "eventName", "eventSource", "eventID"})

# (members that must be there, the form); names are those of the API's answers. One file may hold several answers, merged.
_ANSWERS: tuple[tuple[frozenset[str], Form], ...] = (
    (frozenset({"pipelineExecutionSummaries"}), Form.RUNS),
    (frozenset({"pipelineExecution"}), Form.RUNS),
    (frozenset({"actionExecutionDetails"}), Form.ACTIONS),
    (frozenset({"actionExecutionId", "actionName"}), Form.ACTIONS),
    (frozenset({"stageStates"}), Form.STATE),
    (frozenset({"name", "roleArn", "stages"}), Form.PIPELINE),
    (frozenset({"RoleDetailList"}), Form.SNAPSHOT),
    (frozenset({"UserDetailList"}), Form.SNAPSHOT),
    (frozenset({"GroupDetailList"}), Form.SNAPSHOT),
    (frozenset({"ResourceArn", "Policy"}), Form.RESOURCE_POLICY),
    (frozenset({"DecodedMessage"}), Form.DECODED),
    (frozenset({"explicitDeny", "context"}), Form.DECODED),
    (frozenset({"evaluations", "requestContext"}), Form.DECODED),
)

# (members that must be there, why it is no evidence)
_FOREIGN: tuple[tuple[frozenset[str], str], ...] = (
    (frozenset({"digestStartTime", "digestS3Object"}), "a CloudTrail digest file: it proves log files and holds no records"),
    (frozenset({"insightDetails"}), "a CloudTrail Insights record: it counts calls and shows none"),
    (frozenset({"class_uid", "metadata"}), "an OCSF record (Security Lake): export the CloudTrail records themselves"),
)

# Members that hold records or further wrappers; see docs/reference/evidence.md for who writes which. All lists of an object are read; of the
# others the first one, the most telling: they hold the same record in several forms.
_LISTS = ("Records", "Events", "QueryResultRows", "logEvents", "events")
_WRAPPERS = (
    "CloudTrailEvent", "eventJson", "eventjson", "detail", "hits", "_source", "_raw", "event.original", "original", "@message", "Sns", "Messages", "Message",
    "Body", "body", "aws", "data", "result", "results", "event", "message", "fields",
)  # fmt: skip


def pieces(value: object, depth: int = 0) -> Iterator[Piece]:
    """The parts of a JSON value, each with its form: nothing in it is left out."""
    if depth > MAX_WRAPPERS:
        yield Piece(Form.CUT, reason=f"wrapped more than {MAX_WRAPPERS} times")
        return
    match value:
        case dict():
            yield from _of_map(value, depth)
        case list():
            yield from _of_list(value, depth)
        case str():
            yield from _of_text(value, depth)
        case _:
            yield Piece(Form.BROKEN, reason=f"{_kind(value)} in place of a record")


def _of_list(members: list[Any], depth: int) -> Iterator[Piece]:
    row = row_of_cells(members)
    if row is not None:
        yield from _of_map(row, depth + 1)
        return
    for member in members:
        if member.__class__ is dict and "eventVersion" in member:
            yield record_piece(member)
        else:
            yield from pieces(member, depth + 1)


def _of_text(text: str, depth: int) -> Iterator[Piece]:
    """JSON inside a text, also behind what a log shipper wrote before it."""
    start = text.find("{")
    if start < 0:
        yield Piece(Form.UNKNOWN, reason="text without a record")
        return
    found = document_in(text if text.lstrip()[:1] in ("{", "[") else text[start:])
    if found is None:
        yield Piece(Form.BROKEN, reason="the record inside a text is no whole JSON")
        return
    for note in found.notes:
        yield Piece(Form.NOTE, reason=note)
    yield from pieces(found.value, depth + 1)


def _of_map(members: dict[str, Any], depth: int) -> Iterator[Piece]:
    keys = members.keys()
    if not _RECORD_MARKS.isdisjoint(keys):
        yield record_piece(members)
    elif is_row(members):
        yield record_piece(record_of_row(members))
    elif foreign := next((reason for marks, reason in _FOREIGN if marks <= keys), None):
        yield Piece(Form.FOREIGN, reason=foreign)
    elif forms := answer_forms(members):
        too_deep = nested_deeper(members, MAX_DEPTH)
        yield from [Piece(Form.CUT, reason=f"nested deeper than {MAX_DEPTH} levels")] if too_deep else [Piece(form, members) for form in forms]
    elif "ResultSet" in keys:
        for row in rows_of_result_set(members["ResultSet"]):
            yield from _of_map(row, depth + 1)
    else:
        yield from _of_wrapper(members, depth)


def answer_forms(members: dict[str, Any]) -> list[Form]:
    """The answers of AWS that an object is; most often none or one."""
    if members.get("schema") == GAP_SCHEMA:
        return [Form.GAP]
    forms = {form: None for marks, form in _ANSWERS if marks <= members.keys()}
    if isinstance(declared := members.get("pipeline"), dict) and "name" in declared:
        forms[Form.PIPELINE] = None
    if isinstance(policy := members.get("Policy"), dict) and "PolicySummary" in policy:
        forms[Form.ORG_POLICY] = None
    policies = members.get("Policies")
    if isinstance(policies, list) and any(isinstance(policy, dict) and "PolicyVersionList" in policy for policy in policies):
        forms[Form.SNAPSHOT] = None
    return list(forms)


def _of_wrapper(members: dict[str, Any], depth: int) -> Iterator[Piece]:
    lists = [name for name in _LISTS if isinstance(members.get(name), list)]
    for name in lists:
        yield from _of_records(members[name], depth + 1) if name == "Records" else pieces(members[name], depth + 1)
    if lists:
        return
    for name in _WRAPPERS:
        if isinstance(held := members.get(name), dict | list | str):
            yield from pieces(held, depth + 1)
            return
    named = ", ".join(sorted(str(key)[:40] for key in members)[:6])
    yield Piece(Form.UNKNOWN, reason=f"not recognised: an object with the members {named}" if named else "not recognised: an empty object")


def _of_records(records: list[Any], depth: int) -> Iterator[Piece]:
    """The members of `Records`: what stands there claims to be a record."""
    for member in records:
        if member.__class__ is dict and "eventVersion" in member:
            yield record_piece(member)
        elif isinstance(member, dict) and _RECORD_MARKS.isdisjoint(member) and not _is_wrapped(member):
            yield Piece(Form.RECORD, member)
        elif isinstance(member, list):
            yield Piece(Form.BROKEN, reason="a list in place of a record")
        else:
            yield from pieces(member, depth + 1)


def _is_wrapped(member: dict[str, Any]) -> bool:
    return is_row(member) or any(marks <= member.keys() for marks, _ in _FOREIGN) or any(name in member for name in (*_LISTS, *_WRAPPERS))


def record_piece(record: dict[str, Any]) -> Piece:
    """The record, or what else it is: not all `Records` are CloudTrail's."""
    source = record.get("eventSource")
    if isinstance(source, str) and source.startswith("aws:"):
        return Piece(Form.FOREIGN, reason=f"an event notification ({source[:20]}), no CloudTrail record")
    if "insightDetails" in record or record.get("eventType") == "AwsCloudTrailInsight":
        return Piece(Form.FOREIGN, reason="a CloudTrail Insights record: it counts calls and shows none")
    if "acsRegion" in record:
        return Piece(Form.FOREIGN, reason="a record of Alibaba Cloud's ActionTrail")
    return Piece(Form.RECORD, record)


def _kind(value: object) -> str:
    return "null" if value is None else "a truth value" if isinstance(value, bool) else "a number"
