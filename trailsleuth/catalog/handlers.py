"""What CloudFormation's handlers call, by resource type; `bench/handlers.py` writes the table out of AWS's provider schemas.

Source: https://docs.aws.amazon.com/cloudformation-cli/latest/userguide/resource-type-schema.html
"""

from __future__ import annotations

from functools import cache

from trailsleuth.catalog.packed import packed_keys, packed_rows

_VERBS = (("Create", "c"), ("Delete", "d"), ("Describe", "r"), ("Get", "r"), ("List", "r"))


def handler_of(iam_action: str) -> str:
    """The handler in which a call of this name stands first, as its letter: c, d or r; else u."""
    name = iam_action.partition(":")[2]
    return next((letter for verb, letter in _VERBS if name.startswith(verb)), "u")


@cache
def actions_of_handler(resource_type: str, letter: str) -> tuple[str, ...]:
    """The IAM actions that a handler of the type calls, in order; () for a type that the table does not know."""
    rows = packed_rows("handlers", resource_type)
    return tuple(sorted(f"{p}:{name}" for p, held in rows.items() for called, names in held.items() if letter in called for name in names.split(",")))


@cache
def type_called_by(iam_action: str) -> str | None:
    """The one resource type whose own handler makes this call: of its service, named like what the action is about; None where several may be meant."""
    prefix, _, name = iam_action.partition(":")
    letter = handler_of(iam_action)
    candidates = [t for t in packed_keys("handlers") if _noun(t) in name.lower() and prefix in packed_rows("handlers", t)]
    calling = [t for t in candidates if iam_action in actions_of_handler(t, letter) or (letter == "u" and iam_action in actions_of_handler(t, "c"))]
    longest = max((len(_noun(t)) for t in calling), default=0)
    best = [t for t in calling if len(_noun(t)) == longest]
    return best[0] if len(best) == 1 else None


def _noun(resource_type: str) -> str:
    return resource_type.rpartition("::")[2].lower()
