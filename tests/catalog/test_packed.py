"""Tables that a script wrote: what they are of, that no row names what the catalogue lacks, and that every row can fire."""

from __future__ import annotations

from typing import Any

import pytest

from bench.dependents import is_role, role_taking
from trailsleuth.catalog.actions import dependent_actions, entry, spelling
from trailsleuth.catalog.load import DATA
from trailsleuth.catalog.packed import packed_head, packed_keys, packed_rows
from trailsleuth.catalog.passed_roles import passed_roles

TABLES = sorted(path.name.partition(".")[0] for path in (DATA / "packed").glob("*.txt*"))
ROLE = "arn:aws:iam::111122223333:role/Passed"


@pytest.mark.parametrize("name", TABLES)
def test_a_table_says_its_sources_with_licence_and_version(name: str) -> None:
    sources = packed_head(name)["sources"]
    assert sources
    assert all(one["licence"] in ("MIT", "MIT-0", "Apache-2.0") and one["version"] for one in sources.values())


def test_every_dependent_action_is_a_real_one_of_a_real_action() -> None:
    named = {f"{prefix}:{name}" for prefix in packed_keys("dependent_actions") for name in packed_rows("dependent_actions", prefix)}
    assert [action for action in named if spelling(action) != action] == []
    assert [one for action in named for one in dependent_actions(action) if spelling(one) != one] == []


def test_what_an_action_depends_on_is_known_in_any_letter_case() -> None:
    assert "iam:PassRole" in dependent_actions("lambda:createfunction")
    assert dependent_actions("sts:GetCallerIdentity") == ()
    assert dependent_actions("nosuchservice:DoThis") == ()


def placed(path: str, value: str) -> dict[str, Any]:
    """A request with the value at a place."""
    name, _, rest = path.partition(".")
    return {"any" if name == "*" else name: placed(rest, value) if rest else value}


@pytest.mark.parametrize(("prefix", "name"), [(prefix, name) for prefix in packed_keys("role_places") for name in packed_rows("role_places", prefix)])
def test_every_place_of_a_role_is_found_in_a_request(prefix: str, name: str) -> None:
    for place in packed_rows("role_places", prefix)[name]:
        found = passed_roles(f"{prefix}.amazonaws.com", name, placed(place, ROLE))
        assert [role.role for role in found] == [ROLE]
        assert found[0].service is None
    assert passed_roles(f"{prefix}.amazonaws.com", name, {}) == ()


def test_every_action_that_depends_on_passing_a_role_is_known_to() -> None:
    passing = [f"{p}:{n}" for p in packed_keys("dependent_actions") for n, held in packed_rows("dependent_actions", p).items() if "iam:PassRole" in held]
    assert len(passing) >= 250
    assert all(entry(action) is not None for action in passing)


def test_what_takes_the_arn_of_a_role_is_known_to_pass_it() -> None:
    """`python -m bench.dependents` names the others: they keep the role with the caller, another account or a person."""
    taking = role_taking()
    assert len(taking) >= 740
    assert sum(taking.values()) >= 718
    assert sum(taking.values()) / len(taking) >= 0.965


@pytest.mark.parametrize(
    ("member", "said", "taken"),
    [
        ("executionRoleArn", "The ARN of the IAM role that the service assumes.", True),
        ("roleArn", "", True),
        ("role", "The IAM role that the job uses.", True),
        ("role", "Whether the instance is a reader or a writer.", False),
        ("roleArn", "The ARN of the IAM role that the principal can assume.", False),
        ("roleSessionArn", "The ARN of a role session.", False),
        ("roleName", "The name of the IAM role to change.", False),
    ],
)
def test_a_role_is_handed_over_where_the_model_says_that_a_service_takes_it(member: str, said: str, taken: bool) -> None:
    assert is_role(member, said, listed=False, taken=True) is taken
    assert not is_role(member, said, listed=False, taken=False)
