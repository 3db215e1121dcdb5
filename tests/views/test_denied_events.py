"""`events --denied` reads no more of a plain log file than the denied records, and gives what reading everything gives."""

from __future__ import annotations

import gzip
import json

import pytest

from bench.generate import START, Maker, file_records
from tests.scan.test_equal_to_reading_everything import compact, escaped, shuffled
from trailsleuth.api import views
from trailsleuth.api.views import Where, events


def indented(records):
    return json.dumps({"Records": records}, indent=1).encode()


def mixed(records):
    import random

    return json.dumps({"Records": shuffled(records, random.Random(5))}).encode()


def nested(records):
    """A request that holds records of its own."""
    held = {"eventVersion": "1.08", "errorCode": "AccessDenied"}
    return compact([{**record, "requestParameters": {"of": held, "list": [held, held]}} if at % 7 == 3 else record for at, record in enumerate(records)])


def cut(records):
    return compact(records)[:-400]


ASKED = {"all": Where(denied=True), "call": Where(denied=True, call="s3:*"), "account": Where(denied=True, account="111122223333")}


@pytest.mark.parametrize("write", [compact, indented, mixed, escaped, nested, cut], ids=lambda write: write.__name__)
@pytest.mark.parametrize(
    "where", [Where(denied=True), Where(denied=True, call="s3:*"), Where(denied=True, account="111122223333")], ids=["all", "call", "account"]
)
def test_the_denied_records_are_those_of_reading_everything(write, where, tmp_path, monkeypatch):
    make = Maker("denied")
    for number in range(2):
        records = file_records(make, START, 30, 120, "us-east-1")
        (tmp_path / f"{number}.json.gz").write_bytes(gzip.compress(write(records)))
        (tmp_path / f"copy-{number}.json.gz").write_bytes(gzip.compress(write(records)))
    quick = events(tmp_path, where)
    found = list(quick)
    monkeypatch.setattr(views, "denied_in", lambda data: None)
    whole = events(tmp_path, where)
    assert found == list(whole)
    assert quick.unreadable == whole.unreadable
    assert quick.read >= whole.read
    assert where != Where(denied=True) or found
