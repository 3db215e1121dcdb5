"""The error text that a user saw, read once."""

from __future__ import annotations

from collections.abc import Mapping
from enum import IntEnum

from msgspec import Struct, field

from trailsleuth.model.denial import Denial


class OpaqueError(Struct, frozen=True, kw_only=True):
    """A text that hides its cause: what it usually means, where the real record stands, and what else gives the same text.

    `permission` False: the text is no matter of permissions at all, although it reads so. `explains`: such a text of a failed action is a reason in
    itself, not one that only may be behind it. `reached` False: the call never came to AWS, and no trail holds it. `values` are the variable parts it showed.
    """

    id: str
    service: str
    text: str
    meaning: str
    sources: tuple[str, ...] = ()
    providers: tuple[str, ...] = ()
    look_at: str = ""
    other_causes: tuple[str, ...] = ()
    permission: bool = True
    explains: bool = False
    reached: bool = True
    values: Mapping[str, str] = field(default_factory=dict)


class ErrorText(Struct, frozen=True, kw_only=True):
    """`text` with its blanks folded, what it says where it reads as a denial, the opaque error that it is or holds, and its words.

    `operations` are (service prefix, operation) pairs that it names, None for what a client does not say; `types` the resource types of CloudFormation,
    as (service prefix, kind); `bucket` the bucket of an S3 call; `requests` the ids of the requests whose answers it prints.
    """

    text: str
    denial: Denial | None = None
    opaque: OpaqueError | None = None
    words: frozenset[str] = frozenset()
    operations: tuple[tuple[str | None, str | None], ...] = ()
    types: tuple[tuple[str, str], ...] = ()
    bucket: str | None = None
    requests: frozenset[str] = frozenset()


class Tie(IntEnum):
    """What a record has to do with the text: the kinds of ties, the strongest first; the first number wins."""

    EVENT_ID = 1
    REQUEST_ID = 2
    SAME_TEXT = 3
    ARN = 4
    NAME = 5
    OPERATION = 6
    DEMAND = 7
    SESSION = 8
    SAME_WORDS = 9
    SPEAKER = 10
    SERVICE = 11

    @property
    def is_strong(self) -> bool:
        """The record itself is meant; of a weaker one, only that it is likelier than others."""
        return self < Tie.SAME_WORDS
