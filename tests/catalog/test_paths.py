"""Places in requests, as CloudTrail spells them."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from trailsleuth.catalog.paths import find_values, first_text, holds, unwrapped

JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.text(max_size=5),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=5), inner, max_size=3),
)


def test_lists_and_their_wrappers_are_walked_through():
    request = {"tagSpecificationSet": {"items": [{"resourceType": "instance"}, {"resourceType": "volume"}]}}
    assert find_values(request, "tagSpecificationSet.resourceType") == (
        ("tagSpecificationSet.items[0].resourceType", "instance"),
        ("tagSpecificationSet.items[1].resourceType", "volume"),
    )


def test_names_are_compared_without_case_and_separators():
    assert first_text({"X-Amz-Acl": "private"}, ["xAmzAcl"]) == "private"
    assert first_text({"kMSKeyArn": "k"}, ["kmsKeyArn"]) == "k"


def test_a_star_stands_for_any_name():
    assert [value for _, value in find_values({"actions": {"START": [{"roleArn": "r"}]}}, "actions.*.roleArn")] == ["r"]


def test_a_request_wrapped_in_its_own_name_is_unwrapped():
    assert unwrapped("CreateFlowLogs", {"CreateFlowLogsRequest": {"ResourceId": "vpc-1"}}) == {"ResourceId": "vpc-1"}
    assert unwrapped("CreateFlowLogs", {"OtherRequest": {"a": 1}}) == {"OtherRequest": {"a": 1}}


def test_conditions_on_a_request():
    request = {"type": "SecureString", "withDecryption": True, "off": False, "tags": [], "keyId": "arn:aws:kms:x"}
    assert holds(request, ["type=SecureString", "withDecryption=true", "keyId~^arn:"])
    assert holds(request, ["!versionId", "!tags", "!off"])
    assert holds(request, ["versionId|keyId"])
    assert not holds(request, ["type=String"])
    assert not holds(request, ["tags"])


@given(JSON, st.sampled_from(["a", "a.b", "*", "a.*.b", "*.*"]))
def test_no_request_is_too_odd(request, path):
    assert isinstance(find_values(request, path), tuple)
    assert isinstance(holds(request, [path, f"!{path}", f"{path}=x"]), bool)


def test_a_very_deep_request_ends():
    deep: object = "end"
    for _ in range(500):
        deep = [deep]
    assert find_values({"a": deep}, "a") == ()
