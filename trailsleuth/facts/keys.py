"""Under which key a thing is encrypted.

Sees:  successful writes that name one key, KMS calls whose encryption context names the thing, the artifact store of a pipeline.
Why:   a refused call says nothing of the key behind what it reads or writes, and the key is refused next.
       Source: https://docs.aws.amazon.com/kms/latest/developerguide/encrypt_context.html
Sure:  the last one before the moment asked about; of several in one record none.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator, Mapping

from trailsleuth.catalog.keys import KEY_ARN, keys_named, managed_keys_named
from trailsleuth.catalog.paths import plain_name
from trailsleuth.catalog.things import is_making
from trailsleuth.facts.fact import Fact, Kind
from trailsleuth.facts.things import made_by, place_of
from trailsleuth.model import Evidence, Pipeline, Record, parse_arn

KMS = "kms.amazonaws.com"


def key_facts(evidence: Evidence) -> Mapping[str, tuple[Fact, ...]]:
    """By thing, in time order; those of pipelines first."""
    found: dict[str, list[Fact]] = defaultdict(list)
    for pipeline in evidence.pipelines:
        for fact in _of_pipeline(pipeline):
            found[fact.thing].append(fact)
    for record in evidence.records:
        for fact in _of_record(record):
            found[fact.thing].append(fact)
    return {thing: tuple(facts) for thing, facts in found.items()}


def _of_pipeline(pipeline: Pipeline) -> Iterator[Fact]:
    """A pipeline with one store: its bucket's objects are under its key."""
    keys = {key for key in pipeline.artifact_keys if KEY_ARN.fullmatch(key)}
    arn = parse_arn(pipeline.arn) or parse_arn(pipeline.service_role)
    if len(keys) == 1 and len(set(pipeline.artifact_buckets)) == 1 and len(pipeline.artifact_keys) == len(pipeline.artifact_buckets):
        thing = f"arn:{arn.partition if arn else 'aws'}:s3:::{pipeline.artifact_buckets[0]}"
        yield Fact(kind=Kind.ENCRYPTED_BY, thing=thing, value=keys.pop(), shown_by=f"the artifact store of pipeline {pipeline.name}")


def _of_record(record: Record) -> Iterator[Fact]:
    if record.event_source == KMS:
        yield from _of_context(record)
    elif not record.failed and record.request and is_making(record.event_name) and (_may_name_keys(record.request) or _may_name_keys(record.response)):
        place = place_of(record)
        keys = keys_named(dict(record.request), **place) | keys_named(dict(record.response), **place) or managed_keys_named(dict(record.request), **place)
        if len(keys) == 1:
            for thing in made_by(record):
                yield Fact(kind=Kind.ENCRYPTED_BY, thing=thing, value=next(iter(keys)), at=record.event_time, record=record)


def _may_name_keys(value: Mapping[str, object]) -> bool:
    """A key's ARN and each field for keys has this word: most records are without it."""
    return "kms" in plain_name(repr(value))


def _of_context(record: Record) -> Iterator[Fact]:
    """What KMS was told of what it works for; a success shows that the key is that thing's, a refusal too: the service named both."""
    context = record.request.get("encryptionContext")
    shown = {ref.arn for ref in record.resources if ref.arn and KEY_ARN.fullmatch(ref.arn)} or {str(record.request.get("keyId"))}
    keys = {key for key in shown if KEY_ARN.fullmatch(key)}
    if isinstance(context, Mapping) and len(keys) == 1:
        for thing in filter(_names_a_thing, context.values()):
            yield Fact(kind=Kind.ENCRYPTED_BY, thing=thing, value=next(iter(keys)), at=record.event_time, record=record)


def _names_a_thing(value: object) -> bool:
    return isinstance(value, str) and (value.startswith("arn:") or value.startswith("vol-"))
