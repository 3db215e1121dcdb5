"""Which services act with their own roles on behalf of a CodePipeline action."""

from __future__ import annotations

import tomllib
from functools import cache
from importlib.resources import files


@cache
def _services() -> dict[str, tuple[str, ...]]:
    table = tomllib.loads((files("trailsleuth.catalog") / "data" / "provider_services.toml").read_text(encoding="utf-8"))
    return {provider: tuple(row["services"]) for row in table["provider"] for provider in row["providers"]}


def acting_services(provider: str | None) -> tuple[str, ...]:
    """Service principals whose role sessions belong to an action of this provider; () for one that acts with the action role alone."""
    return _services().get(provider or "", ())
