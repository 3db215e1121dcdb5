"""Records of a scan in less room: nothing that they say is lost."""

from __future__ import annotations

from typing import Any

from hypothesis import given
from hypothesis import strategies as st
from msgspec.structs import fields

from tests.trail import B, call, role, session
from trailsleuth.ingest.record import parse_record
from trailsleuth.model import Origin, Record
from trailsleuth.scan.callers import Callers
from trailsleuth.scan.packed import packed

Json = dict[str, Any]
values = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False, allow_infinity=False) | st.text(st.characters(exclude_categories=("Cs",))),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(st.characters(exclude_categories=("Cs",))), inner, max_size=3),
    max_leaves=8,
)
maps = st.dictionaries(st.sampled_from(["name", "addendum", "é", "credentials"]), values, max_size=3)


def a_record(**more: Json) -> tuple[Record, Json]:
    payload = call(session(role("Deploy")), "ecs", "RunTask", **more)
    record = parse_record(payload, Origin(source="a.json"))
    assert isinstance(record, Record)
    return record, payload


@given(maps, maps)
def test_a_packed_record_says_what_it_said(request: Json, response: Json) -> None:
    record, payload = a_record(request=request, response=response)
    less = parse_record(dict(payload), Origin(source="a.json"), hold=packed)
    assert isinstance(less, Record)
    assert all(getattr(less, part.name) == getattr(record, part.name) for part in fields(Record) if part.name not in ("payload", "response"))
    assert dict(less.payload) == payload
    assert dict(less.response) == dict(record.response)
    assert [less.payload.get(name) for name in ("eventName", "addendum")] == [payload.get(name) for name in ("eventName", "addendum")]
    assert ("eventName" in less.payload, "addendum" in less.payload) == (True, "addendum" in payload)
    assert len(less.payload) == len(payload)
    assert repr(less) == repr(record)


def test_what_json_bytes_cannot_carry_stays_as_it_is() -> None:
    record, payload = a_record(request={"name": "half a pair: \ud800"})
    assert packed(payload, record.response) == (payload, record.response)


def test_equal_callers_are_one_value_whichever_way_they_come() -> None:
    callers = Callers()
    raw = b'{"type":"AssumedRole","principalId":"AROA:run","accountId":"%s"}' % B.encode()
    first = callers.of_bytes(raw)
    assert first.account == B
    assert callers.of({"type": "AssumedRole", "principalId": "AROA:run", "accountId": B}) is first
    assert callers.of({"type": "AssumedRole", "userName": "half a pair: \ud800"}).user_name == "half a pair: \ud800"
    assert callers.of(None) == callers.of({})
