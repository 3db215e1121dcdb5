"""What pasted messages and single records say, without any other evidence."""

from __future__ import annotations

from collections.abc import Mapping

from msgspec import Struct, field

from trailsleuth.model.denial import Cause, Effect, EncodedMessage, PolicyType

EXPLANATION_SCHEMA = "trailsleuth.explanation/1"


class ExplainedDenial(Struct, frozen=True, kw_only=True):
    """One denial: who, what, where, which layer, and what to do next. None: the text (or record) does not say.

    `count` is how often the input says it; `known_from` says of each known field where it comes from: message, request, event_name, record or catalog.
    """

    principal: str | None
    iam_action: str | None
    resource: str | None
    effect: Effect
    policy_type: PolicyType | None
    policy_arn: str | None
    authorization_id: str | None
    encoded_message: EncodedMessage | None
    cause: Cause
    known_from: Mapping[str, str] = field(default_factory=dict)
    event_id: str | None = None
    advice: str = ""
    count: int = 1


class Explanation(Struct, frozen=True, kw_only=True):
    """Every denial that was read, in the order of the input, and how much of it was something else."""

    denials: tuple[ExplainedDenial, ...] = ()
    not_denials: int = 0
    unreadable: int = 0
