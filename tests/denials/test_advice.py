"""What to do, by the layer that decided and by its effect."""

from __future__ import annotations

import pytest

from trailsleuth import api

LAYERS = [
    "an identity-based policy",
    "a resource-based policy",
    "a service control policy",
    "a resource control policy",
    "a permissions boundary",
    "a session policy",
    "a VPC endpoint policy",
    "a role trust policy",
]
WHO = "User: arn:aws:sts::210987654321:assumed-role/orders-deployer/build-0042 is not authorized to perform: sqs:SendMessage"
HERE, THERE = (f"arn:aws:sqs:eu-north-1:{account}:orders" for account in ("210987654321", "321098765432"))


def advice(text):
    (denial,) = api.explain("-", stdin=text.encode()).denials
    return denial.advice


@pytest.mark.parametrize("layer", LAYERS)
def test_an_explicit_deny_asks_for_a_deny_to_go_and_for_no_allow(layer):
    text = advice(f"{WHO} on resource: {HERE} with an explicit deny in {layer}")
    assert "Deny" in text
    assert "Allow" not in text
    assert "request" in text or "call meets" in text


@pytest.mark.parametrize("layer", LAYERS)
def test_an_implicit_deny_asks_for_an_allow(layer):
    text = advice(f"{WHO} on resource: {HERE} because no {layer.partition(' ')[2]} allows the sqs:SendMessage action")
    assert "Deny" not in text
    assert "Allow" in text or "Add it to what opens the session" in text


@pytest.mark.parametrize("layer", ["identity-based policy", "resource-based policy"])
def test_another_account_is_spoken_of_only_where_there_is_one(layer):
    because = f"because no {layer} allows the sqs:SendMessage action"
    assert "nother account" not in advice(f"{WHO} on resource: {HERE} {because}")
    assert "nother account" in advice(f"{WHO} on resource: {THERE} {because}")
