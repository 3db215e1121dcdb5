"""Policy changes, and the proof that they cure."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from msgspec import Struct

from trailsleuth.model.denial import PolicyType


class Placeholder(Struct, frozen=True, kw_only=True):
    """A `${Name}` in a delta that the trail cannot fill."""

    name: str
    why: str
    how_to_find: str


class Proof(Struct, frozen=True, kw_only=True):
    """None: it could not be decided. `undecided` names what is missing for it; `harmless`: neighbouring calls that were denied stay denied."""

    sufficient: bool | None
    minimal: bool | None
    harmless: bool | None = None
    undecided: tuple[str, ...] = ()


class Simulation(Struct, frozen=True, kw_only=True):
    """One call behind a change, as AWS's own engine is asked about it: the parameters of SimulateCustomPolicy with the changed policies.

    `left_out` is what that engine is not given, `decision` its word (allowed, explicitDeny, implicitDeny), `missing` the condition keys that it had no value
    for; None: it was not asked, and `why` says for what reason where one was tried.
    """

    parameters: Mapping[str, Any]
    left_out: tuple[str, ...] = ()
    decision: str | None = None
    missing: tuple[str, ...] = ()
    why: str = ""


class Maker(Struct, frozen=True, kw_only=True):
    """A tool or service that writes a role anew, and what to run or to change in place of an edit by hand; `editable`: an edit stays."""

    name: str
    instead: str
    editable: bool = False


class Delta(Struct, frozen=True, kw_only=True):
    """What to change at one attachment point. `statements` are added; `remove` are statements or principals to take out or to narrow.

    `warnings`: what the one who applies it must know, such as an outside account that it lets in. `maker`: who writes it anew, where that is known.
    """

    policy_type: PolicyType
    account: str | None
    attach_to: str | None
    statements: tuple[Mapping[str, Any], ...]
    remove: tuple[Mapping[str, Any], ...] = ()
    finding_ids: tuple[str, ...] = ()
    placeholders: tuple[Placeholder, ...] = ()
    warnings: tuple[str, ...] = ()
    maker: Maker | None = None
    proof: Proof | None = None
    second_opinion: tuple[Simulation, ...] = ()
