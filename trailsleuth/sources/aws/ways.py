"""By which profiles and roles accounts are asked: all that a run over files needs to know of live mode."""

from __future__ import annotations

from msgspec import Struct


class Ways(Struct, frozen=True, kw_only=True):
    """How to get in: profiles (one an account; none: the default chain), further roles to assume, regions to look in besides the chain's."""

    profiles: tuple[str, ...] = ()
    assume_roles: tuple[str, ...] = ()
    regions: tuple[str, ...] = ()
