"""The words that every ARN of a kind has in common (`deploymentstrategy` in `arn:…:deploymentstrategy/${DeploymentStrategyId}`), and those of messages."""

from __future__ import annotations

import re
from collections.abc import Iterable
from functools import cache
from importlib.resources import files

from trailsleuth.catalog.actions import actions_of, entry

_PART = re.compile(r"\$\{[^}]*\}")
_WORD = re.compile(r"[A-Za-z][A-Za-z0-9-]+")
_JOINED = re.compile(r"(?<![\w.-])[A-Za-z]+(?:[-_][A-Za-z]+)+(?![\w.-])")
_MESSAGES = ("denial_messages.toml", "client_words.toml", "opaque_errors.toml", "denial_advice.toml")


@cache
def prose_words() -> frozenset[str]:
    """Words with a hyphen or an underscore that stand in the known messages: `identity-based`, `x-amz-acl`."""
    data = files("trailsleuth.catalog") / "data"
    return frozenset(word for name in _MESSAGES for word in _JOINED.findall((data / name).read_text(encoding="utf-8")))


def arn_words(prefixes: Iterable[str]) -> frozenset[str]:
    """Those in the ARN formats of these services, after the account."""
    formats = {
        arn_format
        for prefix in prefixes
        for action in actions_of(prefix)
        if (found := entry(action)) is not None
        for kind in found.resource_types
        for arn_format in kind.arn_formats
    }
    resources = (arn_format.split(":", 5)[-1] for arn_format in formats)
    return frozenset(word for resource in resources for word in _WORD.findall(_PART.sub(" ", resource)))
