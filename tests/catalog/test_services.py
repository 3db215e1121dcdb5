"""Names of services."""

from __future__ import annotations

import pytest

from trailsleuth.catalog.services import prefix_of, service_linked_role, service_linked_role_arn, service_principal


@pytest.mark.parametrize(
    ("source", "prefix"),
    [
        ("ecs.amazonaws.com", "ecs"),
        ("monitoring.amazonaws.com", "cloudwatch"),
        ("email.amazonaws.com", "ses"),
        ("models.lex.amazonaws.com", "lex"),
        ("tagging.amazonaws.com", "tag"),
        ("cloudcontrolapi.amazonaws.com", "cloudformation"),
        ("codestar-connections.amazonaws.com", "codestar-connections"),
        ("codeconnections.amazonaws.com", "codeconnections"),
        ("iam-toolbox.amazonaws.com", "iam"),
        ("s3.amazonaws.com.cn", "s3"),
        ("MONITORING.amazonaws.com", "cloudwatch"),
        ("unheard-of.amazonaws.com", "unheard-of"),
        ("", ""),
    ],
)
def test_an_event_source_yields_its_prefix(source, prefix):
    assert prefix_of(source) == prefix


def test_a_prefix_yields_its_principal():
    assert service_principal("lambda") == "lambda.amazonaws.com"
    assert service_principal("nosuch") is None


def test_a_linked_role_has_a_path_of_its_own():
    assert service_linked_role("rds.amazonaws.com") == "AWSServiceRoleForRDS"
    assert service_linked_role_arn("rds.amazonaws.com", partition="aws", account="111122223333") == (
        "arn:aws:iam::111122223333:role/aws-service-role/rds.amazonaws.com/AWSServiceRoleForRDS"
    )
    assert service_linked_role_arn("nosuch.amazonaws.com", partition="aws", account="111122223333") is None
