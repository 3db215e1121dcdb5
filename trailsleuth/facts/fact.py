"""A fact about one thing, and what shows it."""

from __future__ import annotations

from datetime import datetime
from enum import StrEnum

from msgspec import Struct

from trailsleuth.model import Record


class Kind(StrEnum):
    """What a fact says of its thing; `value` of the fact holds what the words in brackets name."""

    ABSENT = "absent"
    MADE = "made"  # (who)
    ENCRYPTED_BY = "encrypted by"  # (the key's ARN)
    UNIQUE_ID = "unique id"  # (the id)
    TAGGED = "tagged"  # (KEY=VALUE)


class Fact(Struct, frozen=True, kw_only=True):
    """One fact. `thing` is an ARN, or the id or name that the record has; `shown_by` says what shows it, `record` is that record where it is one."""

    kind: Kind
    thing: str
    value: str | None = None
    at: datetime | None = None
    record: Record | None = None
    shown_by: str = ""

    @property
    def source(self) -> str:
        """What shows it, in half a sentence."""
        return self.shown_by or (f"record {self.record.event_id}" if self.record is not None else "")


def last_before(facts: tuple[Fact, ...], moment: datetime) -> Fact | None:
    """The latest of facts in time order that was so by then."""
    return next((fact for fact in reversed(facts) if fact.at is not None and fact.at <= moment), None)
