"""What to do after a refusal, as rows: who changes what, where, and what a text alone cannot tell."""

from __future__ import annotations

from collections.abc import Mapping
from functools import cache
from typing import Any

from trailsleuth.catalog.actions import unlisted
from trailsleuth.catalog.load import rows_of
from trailsleuth.model import Denial, account_of
from trailsleuth.patterns import late

_PLACE = late(r"\{(\w+)\}")


@cache
def _rows() -> tuple[Mapping[str, Any], ...]:
    return rows_of("denial_advice", "advice")


@cache
def _finding_rows() -> tuple[Mapping[str, Any], ...]:
    return rows_of("denial_advice", "finding")


def advice_for(denial: Denial, *, principal: str | None, iam_action: str | None, resource: str | None) -> str:
    """Plain words on the next step: what the wording of the refusal itself says, else the row of the layer that decided."""
    told = [denial.advice] if denial.advice else [_row_text(denial, principal, iam_action, resource)]
    if denial.encoded is not None and denial.policy_type is None:
        told.append(str(next(row["text"] for row in _rows() if row.get("encoded") == denial.encoded.value)))
    if denial.authorization_id:
        told.append(
            "GetRequestAuthorizationDetails with the authorization id gives the policies that were evaluated, for about a day, "
            f"in the Region of the call: {denial.authorization_id}."
        )
    if denial.unverified_action:
        told.append(f"The Service Authorization Reference knows no action {iam_action}.")
    elif denial.iam_action is None and (found := unlisted(iam_action)) is not None:
        told.append(found.why)
    if denial.path_unknown:
        told.append("The text gives a name without its path: check the ARN's path.")
    if denial.truncated:
        told.append("The text is cut off at its end.")
    return " ".join(dict.fromkeys(told))


def _row_text(denial: Denial, principal: str | None, iam_action: str | None, resource: str | None) -> str:
    row = next(row for row in _rows() if _fits(row, denial, iam_action))
    whole: str = row["text"]
    if "other_account" in row and not _of_one_account(principal, resource):
        whole = f"{whole} {row['other_account']}"
    policy = f" ({denial.policy_arn})" if denial.policy_arn else ""
    values = {"principal": principal or "the caller", "action": iam_action or "the call", "resource": resource or denial.resource_text or "what it asked for"}
    for name, value in {**values, "policy": policy}.items():
        whole = whole.replace(f"{{{name}}}", value)
    return whole


def _of_one_account(principal: str | None, resource: str | None) -> bool:
    """Both are known to be of one account."""
    return account_of(principal) is not None and account_of(principal) == account_of(resource)


def _fits(row: Mapping[str, Any], denial: Denial, iam_action: str | None) -> bool:
    wanted = (
        (row.get("policy_type"), denial.policy_type.value if denial.policy_type else None),
        (row.get("effect"), denial.effect.value),
        (row.get("action"), iam_action),
        (row.get("encoded"), denial.encoded.value if denial.encoded else None),
        (row.get("known"), iam_action is not None),
    )
    return all(want is None or want == given for want, given in wanted)


def finding_advice(*, policy: str | None, own: str, **facts: str | bool | None) -> str:
    """What to do about a finding, by the first row of the table that fits: `rule` settled it, `layer` decided, `key` was not met.

    `policy` is the ARN of the policy that decides, `own` the advice of the message itself; the other facts fill the text.
    """
    asked = {**facts, "policy": policy, "own": own}
    row = next(row for row in _finding_rows() if _is_about(row, asked))
    said = f" ({policy})" if policy else ""
    words = {"principal": "the caller", "resource": "the resource", "action": "the call", "call": "the call"}
    values = {name: str(facts.get(name) or words.get(name, "")) for name in ("principal", "resource", "action", "call", "wanted", "sent", "good", "unless")}
    values |= {"policy": policy or "the policy", "policy_said": said, "own": own}
    return _PLACE.sub(lambda place: values[place.group(1)], row["text"])


def _is_about(row: Mapping[str, Any], asked: Mapping[str, str | bool | None]) -> bool:
    exact = all(row[name] == asked.get(name) for name in ("rule", "cause", "layer", "absent", "already", "known") if name in row)
    begins = all(str(asked.get(name) or "").lower().startswith(row[name].lower()) for name in ("key", "action") if name in row)
    return exact and begins and row.get("policy", "") in str(asked["policy"] or "") and (not row.get("own") or bool(asked["own"]))
