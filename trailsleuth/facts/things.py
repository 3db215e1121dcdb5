"""Which things a record is about: what it worked on, and what it made."""

from __future__ import annotations

from collections.abc import Iterator
from functools import lru_cache

from trailsleuth.catalog.arns import Place, arns_by_kind
from trailsleuth.catalog.keys import KEY_ARN
from trailsleuth.catalog.operations import plain_event_name, primary_action
from trailsleuth.catalog.services import prefix_of
from trailsleuth.catalog.things import whole_of
from trailsleuth.model import Record, parse_arn
from trailsleuth.model.names import role_of
from trailsleuth.model.texts import texts_in
from trailsleuth.patterns import late

_ID = late(r"(?:vol|snap|i|fs|db|ami)-[0-9a-zA-Z]{8,40}")


def place_of(record: Record) -> Place:
    """Partition, Region and account that the call was made in."""
    arn = parse_arn(role_of(record))
    return {"partition": arn.partition if arn else "aws", "region": record.region, "account": record.account or ""}


def worked_on(record: Record) -> tuple[tuple[str, str], ...]:
    """(kind, ARN) of what the call's request names for the call's own action; no patterns."""
    action = primary_action(record.event_source, record.event_name, record.request)
    if action is None:
        return ()
    found = arns_by_kind(plain_event_name(record.event_name), action, record.request, place_of(record))
    return tuple((kind, arn) for kind, arn in found if kind and "*" not in arn)


def made_by(record: Record) -> frozenset[str]:
    """What a successful write made or changed: the ARNs and ids of its answer, what its request names, and for those inside another thing not that one."""
    prefix = prefix_of(record.event_source)
    told = [text for text in texts_in(dict(record.response)) if _ID.fullmatch(text) or (_is_of(text, prefix) and not KEY_ARN.fullmatch(text))]
    return frozenset({*told, *(arn for _, arn in worked_on(record))})


@lru_cache(maxsize=4096)
def _is_of(text: str, prefix: str) -> bool:
    arn = parse_arn(text)
    return arn is not None and arn.service == prefix


def names_of(arn: str) -> Iterator[str]:
    """The words by which records may know a thing, the surest first: its ARN, the ARN without a secret's suffix, what it is part of, an id."""
    yield arn
    whole = whole_of(arn)
    if whole is not None:
        yield whole
    last = arn.rpartition("/")[2]
    if _ID.fullmatch(last):
        yield last
