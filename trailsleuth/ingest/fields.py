"""Single values out of JSON that may hold anything anywhere."""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any

from trailsleuth.ingest.decode import NotJson, decode

# How CloudTrail, and those who publish trails, blank a value. A blanked key joins nothing.
_MASKS = ("hidden_due_to_security_reasons", "***", "<sensitivedataremoved>", "redacted", "<redacted>")
_LONGEST_MASK = max(map(len, _MASKS))


def text_of(value: object) -> str | None:
    """The text; a number as its digits; None for null, "" and anything else."""
    if value is None:
        return None
    if isinstance(value, str):
        return value or None
    if isinstance(value, bool) or not isinstance(value, int | float):
        return None
    return str(value)


def unmasked(value: object) -> str | None:
    """Like `text_of`, None also for a value that was blanked."""
    text = text_of(value)
    return None if text is None or is_blanked(text) else text


def is_blanked(text: str) -> bool:
    """Something stands there in place of the value."""
    return len(text) <= _LONGEST_MASK and text.lower() in _MASKS


def account_id(value: object) -> str | None:
    """An account id; one that lost its leading zeros as a number has them again. None for what a spreadsheet left of it: `2.22222E+11`."""
    if isinstance(value, int) and not isinstance(value, bool):
        return f"{value:012d}"
    text = text_of(value)
    return None if text is not None and "E+" in text else text


def map_of(value: object) -> Mapping[str, Any]:
    """The map; also one written as JSON text; {} for anything else."""
    if isinstance(value, dict):
        return value
    if isinstance(value, str) and value.lstrip()[:1] == "{":
        try:
            read = decode(value)
        except NotJson:
            return {}
        return read if isinstance(read, dict) else {}
    return {}


def list_of(value: object) -> list[Any]:
    """The list, or [] for anything else."""
    return value if isinstance(value, list) else []


def flag_of(value: object) -> bool | None:
    """True or false, also as the text that `lookup-events` and Athena write."""
    if isinstance(value, bool):
        return value
    return {"true": True, "false": False}.get(value.lower()) if isinstance(value, str) else None


def any_text(value: object) -> str | None:
    """Text of whatever stands there, so that an error of a wrong type is still an error; None for null, false and what is empty."""
    if isinstance(value, str):
        return value or None
    if not value:
        return None
    try:
        return json.dumps(value, sort_keys=True, ensure_ascii=False)
    except (TypeError, ValueError, RecursionError):
        return str(type(value).__name__)
