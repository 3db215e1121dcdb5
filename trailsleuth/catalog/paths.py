"""Places in a request: `pipeline.stages.actions.roleArn`.

CloudTrail spells request parameters the way the service does: `roleArn`, `RoleArn`, `x-amz-acl`; query services wrap lists as
`tagSpecificationSet.items`, and newer EC2 calls wrap the whole request in `<EventName>Request`. So names are compared without case, `-` and
`_`; lists and their `items` or `member` wrappers are walked through; `*` stands for any one name.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from functools import cache
from typing import Any

_WRAPPERS = ("items", "member")
_DEEPEST = 40


@cache
def plain_name(name: str) -> str:
    """A parameter name without case, `-` and `_`."""
    return name.replace("-", "").replace("_", "").lower()


def unwrapped(event_name: str, request: Mapping[str, Any]) -> Mapping[str, Any]:
    """The request itself where it is wrapped: `CreateFlowLogsRequest`, API Gateway's `updateAccountInput`."""
    if len(request) == 1:
        name, inner = next(iter(request.items()))
        if isinstance(inner, Mapping) and plain_name(str(name)) in (plain_name(event_name) + "request", plain_name(event_name) + "input"):
            return inner
    return request


def find_values(request: object, path: str) -> tuple[tuple[str, Any], ...]:
    """Every value at the path, with the place where it stands (`stages[0].roleArn`); null and empty values are no values."""
    return tuple(_walk(request, tuple(path.split(".")), "", 0))


def first_text(request: object, paths: Sequence[str]) -> str | None:
    """The first text (or number, as text) at one of the paths."""
    for path in paths:
        for _, value in find_values(request, path):
            if isinstance(value, str | int) and not isinstance(value, bool):
                return str(value)
    return None


def texts_in(value: object, *, depth: int = 0) -> Iterator[str]:
    """Every text in a request, however deep (up to a limit), in its order."""
    if isinstance(value, str):
        yield value
    elif depth < _DEEPEST and isinstance(value, Mapping):
        for inner in value.values():
            yield from texts_in(inner, depth=depth + 1)
    elif depth < _DEEPEST and isinstance(value, list | tuple):
        for inner in value:
            yield from texts_in(inner, depth=depth + 1)


def _walk(value: object, names: tuple[str, ...], place: str, depth: int) -> Iterator[tuple[str, Any]]:
    if value is None or value == "" or depth > _DEEPEST:
        return
    if isinstance(value, list | tuple):
        for index, one in enumerate(value):
            yield from _walk(one, names, f"{place}[{index}]", depth + 1)
    elif isinstance(value, Mapping):
        yield from _walk_map(value, names, place, depth)
    elif not names:
        yield place, value


def _walk_map(value: Mapping[str, Any], names: tuple[str, ...], place: str, depth: int) -> Iterator[tuple[str, Any]]:
    for wrapper in _WRAPPERS:
        if wrapper in value and isinstance(value[wrapper], list):
            yield from _walk(value[wrapper], names, f"{place}.{wrapper}", depth + 1)
            return
    if not names:
        if "content" in value and "tag" in value:  # EC2's wrapped requests number their values: {"tag": 1, "content": "fl-…"}
            yield from _walk(value["content"], names, f"{place}.content", depth + 1)
        elif value:
            yield place, value
        return
    wanted = plain_name(names[0])
    for name, inner in value.items():
        if wanted in ("*", plain_name(str(name))):
            yield from _walk(inner, names[1:], f"{place}.{name}" if place else str(name), depth + 1)


def holds(request: object, conditions: Sequence[str]) -> bool:
    """Whether every condition holds: `tags` (there), `!versionId` (not there), `type=SecureString`, `keyId~^arn:` (some value
    fits), `statement|*.statement~^update` (at either place)."""
    return all(_one_holds(request, condition) for condition in conditions)


def _one_holds(request: object, condition: str) -> bool:
    if condition.startswith("!"):
        return not _one_holds(request, condition[1:])
    if "|" in condition and "~" not in condition:
        return any(_one_holds(request, part) for part in condition.split("|"))
    path, sign, wanted = re.split(r"([=~])", condition, maxsplit=1) if re.search(r"[=~]", condition) else (condition, "", "")
    values = [value for one in path.split("|") for _, value in find_values(request, one)]
    if not sign:
        return bool(values) and values != [False]
    texts = [str(value).lower() if isinstance(value, bool) else str(value) for value in values]
    return wanted in texts if sign == "=" else any(re.search(wanted, text) for text in texts)
