"""The words that every ARN of a kind has in common: `deploymentstrategy` in `arn:…:deploymentstrategy/${DeploymentStrategyId}`."""

from __future__ import annotations

import re
from collections.abc import Iterable

from trailsleuth.catalog.actions import actions_of, entry

_PART = re.compile(r"\$\{[^}]*\}")
_WORD = re.compile(r"[A-Za-z][A-Za-z0-9-]+")


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
