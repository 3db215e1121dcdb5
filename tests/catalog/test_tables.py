"""Every row of every table of this room: its id, its source, its example and its counter-example, and no action that IAM does not know."""

from __future__ import annotations

import re
import tomllib

import pytest

from trailsleuth.catalog.action_kinds import is_beside_the_work
from trailsleuth.catalog.actions import prefixes, spelling, takes_resource
from trailsleuth.catalog.arns import resource_arns
from trailsleuth.catalog.load import DATA, read_table, resource_rows, rows_of
from trailsleuth.catalog.operations import needs, primary_action
from trailsleuth.catalog.passed_roles import passed_roles
from trailsleuth.catalog.pipeline_actions import needs_of_action
from trailsleuth.catalog.services import prefix_of, service_linked_role, service_principal
from trailsleuth.catalog.unlisted import Ground, decided_without_iam, unlisted_action

PLACE = {"partition": "aws", "region": "eu-west-1", "account": "111122223333"}
TABLES = [
    ("services", "service"),
    ("services", "principal"),
    ("service_linked_roles", "role"),
    ("overrides", "action"),
    ("operation_rules", "rule"),
    ("pipeline_actions", "action"),
    ("unlisted_actions", "documented"),
    ("unlisted_actions", "retired"),
    ("no_iam_action", "not_iam"),
    ("side_calls", "side_call"),
    ("no_authorization_id", "no_id"),
    ("enrichment", "enriched"),
    ("operations/logs", "delivery"),
]
BY_SERVICE = [("operations", "operation"), ("operations", "need"), ("resources", "resource")]
TABLES += [(f"{kind}/{path.stem}", heading) for kind, heading in BY_SERVICE for path in sorted((DATA / kind).glob("*.toml"))]
WITH_RESOURCES = sorted({*read_table("resources"), *(path.stem for path in (DATA / "resources").glob("*.toml"))})
TABLES += [(table, prefix) for table in ("passed_roles", "resources") for prefix in read_table(table)]


def rows(kind, heading):
    return [
        pytest.param(name, row, id=f"{name}:{row['id']}")
        for name, head in TABLES
        if name.startswith(kind) and head == heading
        for row in rows_of(name, heading)
    ]


def source_of(prefix):
    return f"{prefix}.amazonaws.com"


@pytest.mark.parametrize(("name", "heading"), TABLES)
def test_every_row_has_an_id_of_its_own_a_source_an_example_and_a_counter_example(name, heading):
    ids = [row["id"] for row in rows_of(name, heading)]
    assert len(ids) == len(set(ids))
    for row in rows_of(name, heading):
        assert re.fullmatch(r"[a-z0-9-]+", row["id"]), row["id"]
        assert row["source"].startswith("https://"), row["id"]
        assert row["example"], row["id"]
        assert row["counter_example"], row["id"]


def test_no_file_of_the_service_folders_is_left_out():
    for kind, _ in BY_SERVICE:
        for path in (DATA / kind).glob("*.toml"):
            assert any(rows_of(f"{kind}/{path.stem}", heading) for _, heading in BY_SERVICE), path
            assert path.stem in prefixes(), path


@pytest.mark.parametrize(("name", "row"), rows("operations/", "operation") + rows("operations/", "need"))
def test_every_action_of_an_operation_is_a_real_one_spelt_right(name, row):
    assert spelling(row["action"]) == row["action"]


@pytest.mark.parametrize(("name", "row"), rows("pipeline_actions", "action"))
def test_every_action_that_a_pipeline_action_needs_is_a_real_one(name, row):
    for need in row["needs"]:
        assert all(spelling(action) == action for action in need["actions"])
        assert need["resource"] != "*" or not any(takes_resource(action) for action in need["actions"])


@pytest.mark.parametrize(("name", "row"), rows("services", "service"))
def test_every_event_source_yields_its_prefix(name, row):
    assert row["prefix"] in prefixes()
    assert all(prefix_of(f"{one}.amazonaws.com") == row["prefix"] for one in row["sources"])
    assert prefix_of(row["example"]) == row["prefix"]
    assert prefix_of(row["counter_example"]) != row["prefix"]


@pytest.mark.parametrize(("name", "row"), rows("services", "principal"))
def test_every_principal_is_the_one_of_its_prefix(name, row):
    assert service_principal(row["example"]) == (row["principal"] or None)
    assert service_principal(row["counter_example"]) != row["principal"]


@pytest.mark.parametrize(("name", "row"), rows("service_linked_roles", "role"))
def test_every_linked_role_is_named_for_its_service(name, row):
    assert service_linked_role(row["example"]) == row["name"]
    assert service_linked_role(row["counter_example"]) is None


@pytest.mark.parametrize(("name", "row"), rows("overrides", "action"))
def test_every_override_changes_what_the_catalogue_says(name, row):
    assert takes_resource(row["example"]) is row["takes_resource"]
    assert takes_resource(row["counter_example"]) is not row["takes_resource"]


@pytest.mark.parametrize(("name", "row"), rows("unlisted_actions", "documented") + rows("unlisted_actions", "retired"))
def test_every_unlisted_action_is_known_by_its_row(name, row):
    prefix, _, example = row["example"].partition(":")
    assert row["why"] in unlisted_action(prefix, example).why
    assert unlisted_action(prefix, example).ground in (Ground.DOCUMENTED, Ground.RETIRED)
    assert unlisted_action(prefix, row["counter_example"].partition(":")[2]) is None


@pytest.mark.parametrize(("name", "row"), rows("no_iam_action", "not_iam"))
def test_every_operation_that_iam_does_not_decide_on_is_told_by_its_row(name, row):
    assert row["why"] in decided_without_iam(*row["example"].split(":"))
    assert decided_without_iam(*row["counter_example"].split(":")) is None
    assert all(primary_action(source_of(row["prefix"]), event, {}) is None for event in row["events"])


@pytest.mark.parametrize(("name", "row"), rows("operation_rules", "rule"))
def test_every_naming_rule_finds_the_action_it_is_named_after(name, row):
    assert primary_action(row["example"]["event_source"], row["example"]["event"], {}) == row["example"]["action"]
    assert primary_action(row["counter_example"]["event_source"], row["counter_example"]["event"], {}) is None


@pytest.mark.parametrize(("name", "row"), rows("operations/", "operation"))
def test_every_operation_is_checked_for_the_action_of_its_row(name, row):
    source = source_of(name.partition("/")[2])
    example, counter = row["example"], row["counter_example"]
    assert primary_action(source, example["event"], example.get("request", {})) == row["action"]
    assert primary_action(source, counter["event"], counter.get("request", {})) != row["action"]


@pytest.mark.parametrize(("name", "row"), rows("operations/", "need"))
def test_every_need_shows_where_the_request_has_its_cause_and_nowhere_else(name, row):
    source = source_of(name.partition("/")[2])
    example, counter = row["example"], row["counter_example"]
    assert row["action"] in {need.iam_action for need in needs(source, example["event"], example["request"], **PLACE)}
    assert row["id"] not in {need.source_id for need in needs(source, counter["event"], counter["request"], **PLACE)}


@pytest.mark.parametrize(("name", "row"), rows("operations/logs", "delivery"))
def test_every_call_that_sets_up_a_delivery_of_logs_needs_to_create_it(name, row):
    for case, needed in ((row["example"], True), (row["counter_example"], False)):
        prefix, _, event = case["event"].partition(":")
        found = needs(source_of(prefix), event, case["request"], **PLACE)
        assert any((need.iam_action, need.resource, need.source_id) == ("logs:CreateLogDelivery", "*", row["id"]) for need in found) is needed
    assert all(primary_action(source_of(call.partition(":")[0]), call.partition(":")[2], {}) for call in row["calls"])


@pytest.mark.parametrize(
    ("prefix", "row"),
    [
        (prefix, row)
        for prefix in sorted({*read_table("resources"), *(path.stem for path in (DATA / "resources").glob("*.toml"))})
        for row in resource_rows(prefix)
    ],
)
def test_every_resource_row_builds_the_arn_of_its_example(prefix, row):
    example, counter = row["example"], row["counter_example"]
    wanted = example["resource"] if isinstance(example["resource"], list) else [example["resource"]]
    assert list(resource_arns(example["event"], example["iam_action"], example["request"], PLACE)) == wanted
    assert list(resource_arns(counter["event"], counter["iam_action"], counter["request"], PLACE)) != wanted


@pytest.mark.parametrize(("prefix", "row"), [(prefix, row) for prefix, rows in read_table("passed_roles").items() for row in rows])
def test_every_passed_role_is_found_in_its_example_and_not_where_none_is_passed(prefix, row):
    source = source_of(prefix)
    for event in row["events"]:
        found = [role for role in passed_roles(source, event, row["example"]["request"]) if role.source_id == row["id"]]
        assert [role.role for role in found] == [row["example"]["role"]]
        assert found[0].service == row.get("service")
        assert not passed_roles(source, event, row["counter_example"]["request"])


@pytest.mark.parametrize(("name", "row"), rows("pipeline_actions", "action"))
def test_every_pipeline_action_row_is_found_by_its_provider(name, row):
    example, counter = row["example"], row["counter_example"]
    assert example["iam_action"] in {need.iam_action for need in needs_of_action(example["provider"], example["category"])}
    assert row["id"] not in {need.source_id for need in needs_of_action(counter["provider"], counter["category"])}


@pytest.mark.parametrize(("name", "row"), rows("side_calls", "side_call"))
def test_a_call_beside_the_work_is_a_real_action_and_its_neighbour_is_none(name, row):
    assert all(spelling(action) == action and is_beside_the_work(action) for action in row["actions"])
    assert row["example"] in row["actions"]
    assert spelling(row["counter_example"]) == row["counter_example"]
    assert not is_beside_the_work(row["counter_example"])


@pytest.mark.parametrize(
    ("action", "event"),
    [("ec2:RunInstances", "RunInstances"), ("rds:DescribeDBInstances", "DescribeDBInstances"), ("cloudwatch:DescribeAlarms", "DescribeAlarms")],
)
def test_a_request_that_was_not_recorded_names_no_resource(action, event):
    assert resource_arns(event, action, {}, PLACE) == ()


def test_what_is_made_new_is_checked_under_a_star_whatever_the_request():
    assert resource_arns("CreateVpc", "ec2:CreateVpc", {}, PLACE) == ("arn:aws:ec2:eu-west-1:111122223333:vpc/*",)


def named_actions(value):
    """Every IAM action under `action`, `actions` or `iam_action`, however deep in a table; patterns and operations of other spelling are none."""
    for key, held in value.items() if isinstance(value, dict) else ():
        if key in ("action", "actions", "iam_action"):
            texts = held if isinstance(held, list) else [held]
            yield from (text for text in texts if isinstance(text, str) and re.fullmatch(r"[a-z0-9-]+:[A-Z]\w+", text))
        yield from named_actions(held)
    for one in value if isinstance(value, list) else ():
        yield from named_actions(one)


@pytest.mark.parametrize("path", sorted(DATA.rglob("*.toml")), ids=lambda path: path.relative_to(DATA).as_posix())
def test_no_table_names_an_action_that_the_catalogue_lacks(path):
    named = set(named_actions(tomllib.loads(path.read_text(encoding="utf-8"))))
    assert sorted(action for action in named if spelling(action) != action) == []
