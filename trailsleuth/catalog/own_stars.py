"""Which stars of an ARN are the catalogue's (an id that the service makes) and which came with a name that somebody chose.

A star is ours only where a form of the tables puts one for this action: `log-group:${G}:*`, `stack/${N}/*`, a short-lived id; or where the action takes no
resource, so that nobody named one. All else stands for itself.
Source: https://docs.aws.amazon.com/service-authorization/latest/reference/reference_policies_actions-resources-contextkeys.html
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from functools import cache

from trailsleuth.catalog.actions import resource_types, takes_resource
from trailsleuth.catalog.load import resource_rows
from trailsleuth.catalog.pipeline_actions import needed_forms
from trailsleuth.catalog.short_lived import short_lived_parts, widened_already
from trailsleuth.catalog.things import before_id
from trailsleuth.model.arn import inner_arn
from trailsleuth.model.pattern import ArnPattern
from trailsleuth.model.written import Literal, Part, Pattern, holds_signs
from trailsleuth.patterns import late

_PART = late(r"\$\{[^}]+\}")
_STARS = late(r"\*(?:[/:]\*)*")
_PLACE = 5  # parts of an ARN before the name: nobody but us may leave them open


def parts_of(arn: str, action: str, *, event_name: str = "", chosen: Iterable[str] = (), planned: bool = False) -> tuple[Part, ...]:
    """The ARN as policy text: literals, and patterns where its stars are ours.

    `chosen` are the caller's own words, () where the record holds none: a star that stands in one of them is the caller's. `planned`: the ARN comes
    from the table of what a pipeline action goes on to need, not from a call.
    """
    if arn == "*" or isinstance(arn, ArnPattern):
        return (Pattern(arn),)
    words = tuple(chosen)
    if not holds_signs(arn) or any(holds_signs(text) and text in arn for text in words):
        return short_lived_parts(arn)
    forms = [*(needed_forms(action) if planned else ()), *_own_forms(action, event_name, told=bool(words))]
    by_form = next((parts for form in forms if (parts := _by_form(arn, form))), None)
    return by_form or widened_already(arn) or _unnamed(arn, action, event_name) or short_lived_parts(arn)


def _unnamed(arn: str, action: str, event_name: str) -> tuple[Part, ...]:
    """`cluster/*` and `schedule/*/*` of an action that takes no resource: the request has no name to put there, so the stars are the service's. So it is in the
    place of an id that AWS gives to what the call makes. () for any other."""
    head, stars = arn[: arn.find("*")], arn[arn.find("*") :]
    if _STARS.fullmatch(stars) is None or not head.endswith(("/", ":")) or head.count(":") < _PLACE or holds_signs(head):
        return ()
    made = stars == "*" and any(head.endswith(form.rpartition("}")[2]) for _, form in before_id(event_name, action))
    return (Literal(head), Pattern(stars)) if made or takes_resource(action) is False else ()


def _own_forms(action: str, event_name: str, *, told: bool) -> Iterator[str]:
    """The forms of the table's rows for this action in which a star stands. `told`: the request is there, so what it leaves out has the row's default."""
    for row in resource_rows(action.partition(":")[0]):
        if "events" in row and event_name and re.fullmatch(row["events"], event_name) is None:
            continue
        defaults = {name for name, paths in row.get("parts", {}).items() if "=*" in paths and (told or len(paths) == 1)}
        kinds = [form for kind in resource_types(action) if kind.name == row.get("type") for form in kind.arn_formats]
        for kept in [str(row["format"])] if "format" in row else kinds:
            form = kept
            for name in defaults:
                form = form.replace("${" + name + "}", "*")
            if holds_signs(_PART.sub("", form)):
                yield form


def _by_form(arn: str, form: str) -> tuple[Part, ...] | None:
    """The ARN taken apart by a form; None where it has another one."""
    match = _compiled(form).fullmatch(arn)
    if match is None:
        return None
    ours = _PART.split(form)
    pieces: list[Part] = [Pattern(ours[0])]
    for said, text in zip(match.groups(), ours[1:], strict=True):
        pieces += [Literal(said), Pattern(text)]
    return tuple(pieces)


@cache
def _compiled(form: str) -> re.Pattern[str]:
    return re.compile("(.*)".join(re.escape(piece) for piece in _PART.split(form)), re.DOTALL)


def writable(parts: Iterable[Part]) -> bool:
    """Whether IAM takes the text: one ARN with none inside it (an object's key may be anything), and no literal sign before its name, where
    policy variables mean nothing.

    Source: https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_policies_variables.html#policy-vars-wheretouse
    """
    parts = tuple(parts)
    whole = "".join(part.text for part in parts if isinstance(part, Literal | Pattern))
    if inner_arn(whole) is not None:
        return False
    colons = 0
    for part in parts:
        text = part.text if isinstance(part, Literal | Pattern) else ""
        if isinstance(part, Literal) and holds_signs(":".join(text.split(":")[: max(0, _PLACE - colons)])):
            return False
        colons += text.count(":")
    return True
