"""Roles and sessions by every form in which people name them."""

from __future__ import annotations

import pytest

from trailsleuth.model import is_of_role

ROLE = "arn:aws:iam::222233334444:role/delivery/BlueGreen"


@pytest.mark.parametrize(
    "asked",
    [
        ROLE,
        "arn:aws:iam::222233334444:role/BlueGreen",
        "arn:aws:sts::222233334444:assumed-role/BlueGreen/1772614900000",
        "BlueGreen",
        "delivery/BlueGreen",
        "Blue*",
        "arn:aws:iam::*:role/delivery/Blue*",
    ],
)
def test_a_role_is_meant_by_its_arn_its_session_its_name_and_a_pattern(asked: str) -> None:
    assert is_of_role(ROLE, asked)


@pytest.mark.parametrize(
    "asked", ["arn:aws:iam::555566667777:role/BlueGreen", "arn:aws:sts::222233334444:assumed-role/Blue/1772614900000", "Green", "bluegreen", "Red*"]
)
def test_another_role_is_not_meant(asked: str) -> None:
    assert not is_of_role(ROLE, asked)


def test_nobody_is_meant_where_the_caller_is_unknown() -> None:
    assert not is_of_role(None, "*")
