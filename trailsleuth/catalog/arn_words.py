"""The words that every ARN of a kind has in common (`deploymentstrategy` in `arn:…:deploymentstrategy/${DeploymentStrategyId}`), and those of messages."""

from __future__ import annotations

from collections.abc import Iterable
from functools import cache
from importlib.resources import files

from trailsleuth.catalog.actions import actions_of, entry
from trailsleuth.patterns import late

_PART = late(r"\$\{[^}]*\}")
_WORD = late(r"[A-Za-z][A-Za-z0-9-]+")
_JOINED = late(r"(?<![\w.-])[A-Za-z]+(?:[-_][A-Za-z]+)+(?![\w.-])")
_LETTERS = late(r"[A-Za-z]{2,}")
_MESSAGES = ("denial_messages.toml", "client_words.toml", "opaque_errors.toml", "denial_advice.toml")
_TALKED_ABOUT = ("asides.toml", "denied_codes.toml", "demands.toml", "keys.toml", "no_iam_action.toml", "things.toml", "evaluation.toml")


@cache
def prose_words() -> frozenset[str]:
    """Words with a hyphen or an underscore that stand in the known messages: `identity-based`, `x-amz-acl`."""
    data = files("trailsleuth.catalog") / "data"
    return frozenset(word for name in _MESSAGES for word in _JOINED.findall((data / name).read_text(encoding="utf-8")))


def plain_words(services: Iterable[str]) -> frozenset[str]:
    """Every word of the known messages, and the calls of these services, in lower case: what else stands in a message says something of its owner."""
    data = files("trailsleuth.catalog") / "data"
    words = (word for name in (*_MESSAGES, *_TALKED_ABOUT) for word in _LETTERS.findall((data / name).read_text(encoding="utf-8")))
    calls = (action.partition(":")[2] for prefix in services for action in actions_of(prefix))
    return frozenset(word.lower() for word in (*words, *calls))


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
