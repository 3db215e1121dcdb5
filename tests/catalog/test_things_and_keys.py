"""The rows of things and keys: each says what its example says, and nothing of its counter-example."""

from __future__ import annotations

import pytest

from trailsleuth.catalog.actions import spelling
from trailsleuth.catalog.keys import key_use, keys_named
from trailsleuth.catalog.load import rows_of
from trailsleuth.catalog.things import missing_noun, says_missing, unfilled_name, whole_of

PLACE = {"region": "eu-west-1", "account": "111122223333"}
KEY = "arn:aws:kms:eu-west-1:111122223333:key/1234abcd-12ab-34cd-56ef-1234567890ab"


def rows(table, heading):
    return [pytest.param(row, id=row["id"]) for row in rows_of(table, heading)]


@pytest.mark.parametrize("row", rows("things", "absent"))
def test_an_error_says_what_is_missing(row):
    told, other = row["example"], row["counter_example"]
    assert missing_noun(told["code"], told.get("text", "")) == told["noun"]
    assert missing_noun(other["code"], other.get("text", "")) is None


@pytest.mark.parametrize("row", rows("things", "called"))
def test_a_kind_has_other_names(row):
    for noun, expected in ((row["example"]["noun"], True), (row["counter_example"]["noun"], False)):
        told = row["example"] if expected else row["counter_example"]
        assert says_missing(noun, "", service=row["service"], kind=told["kind"]) is expected


def test_a_word_that_says_nothing_needs_the_text():
    assert says_missing("Resource", "Secrets Manager can't find the specified secret.", service="secretsmanager", kind="Secret")
    assert says_missing("Entity", "The role with name X cannot be found.", service="iam", kind="role")
    assert not says_missing("Entity", "The role policy with name X cannot be found.", service="iam", kind="role")
    assert not says_missing("Resource", "The resource you requested does not exist.", service="lambda", kind="function")


@pytest.mark.parametrize("row", rows("things", "part"))
def test_a_part_names_its_whole(row):
    assert whole_of(row["example"]["part"]) == row["example"]["whole"]
    assert whole_of(row["counter_example"]) is None


@pytest.mark.parametrize("row", rows("things", "unfilled"))
def test_a_name_that_was_not_filled_in_is_none(row):
    left = unfilled_name(row["example"])
    assert left is not None
    assert row["example"].endswith(left)
    assert unfilled_name(row["counter_example"]) is None


@pytest.mark.parametrize(
    "arn",
    [
        "arn:aws:s3:::templates/{{cookiecutter.name}}/README.md",
        "arn:aws:s3:::media/undefined",
        "arn:aws:iot:eu-west-1:111122223333:topic/$aws/things/null",
        "arn:aws:execute-api:eu-west-1:111122223333:a1b2c3/prod/GET/null",
        "arn:aws:apigateway:eu-west-1::/apis/a1b2c3/stages/$default",
        "arn:aws:ssm:eu-west-1:111122223333:parameter/shop/null/url",
        "*",
    ],
)
def test_what_callers_call_so_and_a_folder_on_the_way_is_a_name(arn):
    assert unfilled_name(arn) is None


@pytest.mark.parametrize("row", rows("keys", "use"))
def test_the_use_of_a_thing_needs_its_key(row):
    event = row["events"][0] if "events" in row else "Any"
    found = key_use(row["example"], event)
    assert found is not None
    assert (found.source_id, found.needs) == (row["id"], tuple(row["needs"]))
    assert row["counter_example"] not in row["actions"]
    for action in (*row["actions"], *row["needs"], row["counter_example"]):
        assert spelling(action) == action


@pytest.mark.parametrize(
    ("request_", "expected"),
    [
        ({"kmsKeyId": KEY}, {KEY}),
        ({"kmsKeyId": KEY.partition("key/")[2]}, {KEY}),
        ({"attributes": {"KmsMasterKeyId": KEY.partition("key/")[2]}}, {KEY}),
        ({"attributeName": "KmsMasterKeyId", "attributeValue": KEY.partition("key/")[2]}, {KEY}),
        ({"kmsKeyId": "alias/shop"}, set()),
        ({"clientToken": KEY.partition("key/")[2]}, set()),
        ({"description": f"see {KEY}"}, set()),
    ],
)
def test_a_request_names_its_keys(request_, expected):
    assert keys_named(request_, **PLACE) == expected


@pytest.mark.parametrize(("table", "heading"), [("things", name) for name in ("absent", "vague", "called", "part", "unfilled")] + [("keys", "use")])
def test_every_row_has_an_id_of_its_own_a_source_an_example_and_a_counter_example(table, heading):
    found = rows_of(table, heading)
    assert len({row["id"] for row in found}) == len(found) > 0
    for row in found:
        assert row["source"].startswith("https://")
        assert row["example"]
        assert row["counter_example"]
