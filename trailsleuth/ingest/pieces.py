"""The parts that an input falls into."""

from __future__ import annotations

from enum import Enum, auto
from typing import Any

from msgspec import Struct


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
    FAILED = auto()  # a stack, build, deployment or task that may have failed
    NOTICE = auto()  # what EventBridge and SNS tell of a failed action
    SNAPSHOT = auto()
    IAM_PART = auto()  # one answer of IAM or Config about one principal or policy
    RESOURCE_POLICY = auto()
    ORG_POLICY = auto()
    DECODED = auto()
    EVALUATED = auto()  # the document of one policy as AWS evaluated it
    TAGS = auto()  # the tags of one thing
    GAP = auto()  # what a fetch could not get


COUNTED = (Form.RECORD, Form.BROKEN, Form.FOREIGN)  # what has a position in its input


class Piece(Struct, frozen=True):
    """A part of an input with its form: the value, or the reason why it is not used.

    `told`: of a record that was folded out of a row, the members for which there was a column, filled or not; None for a record as CloudTrail wrote it.
    """

    form: Form
    value: Any = None
    reason: str = ""
    told: frozenset[str] | None = None
