"""ARNs out of request parameters.

Three rules, strongest first: a parameter that holds an ARN of the right form wins; a row of `data/resources.toml` says which
parameter fills which part; else a parameter named like the part of the ARN format fills it. What the request does not tell stays untold.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from functools import cache
from typing import Any, TypedDict
from urllib.parse import unquote

from trailsleuth.catalog.actions import ActionEntry, ResourceType, arn_formats_of, entry, takes_resource
from trailsleuth.catalog.load import Row, resource_rows
from trailsleuth.catalog.paths import find_values, first_text, holds, plain_name, texts_in, unwrapped
from trailsleuth.model.pattern import ArnPattern, as_pattern, is_wide
from trailsleuth.patterns import late

_PART = late(r"\$\{([^}]+)\}")
_LITERAL = "="
_ENDING = late(r"(?:name|id|identifier)$")
_ENDINGS = ("", "name", "id", "identifier")
_LONGEST_NAME = 512


class Place(TypedDict):
    """Where a call was made: what fills `${Partition}`, `${Region}` and `${Account}`."""

    partition: str
    region: str
    account: str


@cache
def _form(arn_format: str) -> re.Pattern[str]:
    pieces = _PART.split(arn_format)
    return re.compile(
        "".join(
            re.escape(piece).replace(r"\*", ".+") if index % 2 == 0 else ".*" if piece in ("Region", "Account") else ".+" for index, piece in enumerate(pieces)
        )
    )


def fits(arn: str, arn_format: str) -> bool:
    """Whether an ARN has the form, `${…}` standing for anything."""
    return _form(arn_format).fullmatch(arn) is not None


def _place_values(place: Place) -> dict[str, str]:
    return {"Partition": place["partition"], "Region": place["region"], "Account": place["account"]}


def fill(arn_format: str, values: Mapping[str, str | None]) -> str | None:
    """The format with every part filled in; None where one is missing. An `ArnPattern` where the format or a part of it means more than one thing."""
    if any(not values.get(name) for name in _PART.findall(arn_format)):
        return None
    used = {name: str(values[name]) if not isinstance(values[name], ArnPattern) else values[name] for name in _PART.findall(arn_format)}
    wide = is_wide(_PART.sub("", arn_format)) or any(isinstance(value, ArnPattern) for value in used.values())
    if not wide:
        return _PART.sub(lambda match: str(used[match.group(1)]), arn_format)
    return ArnPattern(_PART.sub(lambda match: as_pattern(used[match.group(1)] or ""), arn_format))


def build(row: Row, request: Mapping[str, Any], arn_format: str, place: Place) -> str | None:
    """The ARN by a row: an ARN in one of its `arn_from` places wins, else its `parts` fill the format."""
    for path in row.get("arn_from", ()):
        for _, value in find_values(request, path):
            if isinstance(value, str) and value.startswith("arn:") and fits(value, row.get("arn_form", arn_format)):
                return value
    if "parts" not in row:
        return None
    values: dict[str, str | None] = dict(_place_values(place))
    patterns = row.get("patterns", {})
    for name, paths in row["parts"].items():
        found = _part(request, paths, patterns.get(name), blind=row.get("without_request", False))
        values[name] = (unquote(found) if found and name in row.get("url_encoded", ()) else found) or values.get(name)
    return fill(arn_format, values)


def build_each(row: Row, request: Mapping[str, Any], arn_format: str) -> tuple[str, ...]:
    """Every ARN of the form in the row's `arn_from` places."""
    form = str(row.get("arn_form", arn_format))
    values = (value for path in row.get("arn_from", ()) for _, value in find_values(request, path))
    return tuple(dict.fromkeys(value for value in values if isinstance(value, str) and value.startswith("arn:") and fits(value, form)))


def _part(request: Mapping[str, Any], paths: Sequence[str], pattern: str | None, *, blind: bool) -> str | None:
    """The part's value. A default stands for a setting left out, not for a request that was not recorded, unless the row says that it holds `blind`."""
    for path in paths:
        if path.startswith(_LITERAL):
            default = ArnPattern(path[1:]) if is_wide(path) else path[1:]
            return default if request or blind else None
        value = first_text(request, (path,))
        if value is None:
            continue
        if pattern is None:
            return value
        match = re.search(pattern, value)
        if match is not None:
            return match.group(1)
    return None


def _rows_for(found: ActionEntry, event_name: str, request: Mapping[str, Any]) -> Iterator[Row]:
    prefix, _, name = found.name.partition(":")
    kinds = {kind.name for kind in found.resource_types}
    for row in resource_rows(prefix):
        if "actions" in row and name not in row["actions"]:
            continue
        if "type" in row and row["type"] not in kinds:
            continue
        if "events" in row and re.fullmatch(row["events"], event_name) is None:
            continue
        if holds(request, row.get("when", ())):
            yield row


def _format_of(row: Row, found: ActionEntry) -> str:
    if "format" in row:
        return str(row["format"])
    return next((kind.arn_format for kind in found.resource_types if kind.name == row.get("type")), "")


def resource_arns(event_name: str, iam_action: str, request: Mapping[str, Any], place: Place) -> tuple[str, ...]:
    """The ARNs that the action is checked on, as far as the request tells; `("*",)` only where the action takes no resource."""
    return tuple(dict.fromkeys(arn for _, arn in arns_by_kind(event_name, iam_action, request, place)))


def arns_by_kind(event_name: str, iam_action: str, request: Mapping[str, Any], place: Place) -> tuple[tuple[str, str], ...]:
    """Kind and ARN of every resource that the action is checked on; `(("", "*"),)` where it takes none."""
    return arns_named(event_name, iam_action, request, place)[0]


_Kinds = tuple[tuple[str, str], ...]


def arns_named(event_name: str, iam_action: str, request: Mapping[str, Any], place: Place) -> tuple[_Kinds, _Kinds]:
    """The same, and apart from it the kinds that the action need not name and the request does (a key pair, a launch template)."""
    found = entry(iam_action)
    if found is None:
        return (), ()
    if takes_resource(iam_action) is False:
        return (("", "*"),), ()
    body = unwrapped(event_name, request)
    made: dict[str, str] = {}
    always: list[str] = []
    for row in _rows_for(found, event_name, body):
        kind = str(row.get("type", ""))
        arn = build(row, body, _format_of(row, found), place) if kind not in made else None
        if arn is not None and row.get("alone", False):
            return ((kind, arn),), ()
        if arn is not None:
            made[kind] = arn
            always += [kind] if row.get("always", False) else []
    ruled = _kinds_with_rows(found.name.partition(":")[0])
    generic = {kind.name: arn for kind in found.resource_types if kind.name not in made and (arn := _generic(kind, event_name, body, place, ruled))}
    chosen = _chosen(found, {**generic, **made}, list(made), always) or _named_whole(found, body)
    return chosen, tuple(_named_too(found, chosen, made, generic))


def _named_whole(found: ActionEntry, request: Mapping[str, Any]) -> tuple[tuple[str, str], ...]:
    """The thing that a call on any kind of resource names by its ARN, though the action lists other kinds (tags of a second generation)."""
    forms = arn_formats_of(found.name.partition(":")[0])
    values = (_only(value) for name, value in request.items() if plain_name(str(name)).rstrip("s") in ("resourcearn", "resource", "arn"))
    arn = next((v for v in values if isinstance(v, str) and v.startswith("arn:") and any(fits(v, form) for form in forms)), None)
    return (("", arn),) if arn else ()


def _named_too(found: ActionEntry, chosen: tuple[tuple[str, str], ...], made: Mapping[str, str], generic: Mapping[str, str]) -> Iterator[tuple[str, str]]:
    """The kinds beside the chosen ones that the request names: by a row, or by a name that no other kind has."""
    held = dict(chosen)
    forms = {kind.name: kind.arn_format for kind in found.resource_types}
    names = {arn.rpartition("/")[2].rpartition(":")[2] for arn in held.values()}
    within = tuple(held.values())
    for kind, arn in (*made.items(), *generic.items()):
        name = arn.rpartition("/")[2].rpartition(":")[2]
        if any(one.startswith(f"{arn}/") for one in within):
            continue  # what the thing lies in is named with it
        if kind not in held and not isinstance(arn, ArnPattern) and (kind in made or (name not in names and forms[kind].endswith("}"))):
            held[kind] = arn
            names.add(name)
            yield kind, arn


@cache
def _kinds_with_rows(prefix: str) -> frozenset[str]:
    return frozenset(str(row["type"]) for row in resource_rows(prefix) if "type" in row)


def _chosen(found: ActionEntry, arns: Mapping[str, str], preferred: Sequence[str], always: Sequence[str]) -> tuple[tuple[str, str], ...]:
    """One ARN for each kind that a policy must name; where there is none, the best one of the kinds that it may."""
    wanted = [kind.name for kind in found.resource_types if kind.required] + [kind for kind in preferred if kind == "" or kind in always]
    chosen = [(kind, arns[kind]) for kind in dict.fromkeys(wanted) if kind in arns]
    return tuple(chosen or [(kind, arns[kind]) for kind in (*preferred, *arns)][:1])


def _generic(kind: ResourceType, event_name: str, request: Mapping[str, Any], place: Place, ruled: frozenset[str]) -> str | None:
    for value in map(_only, request.values()):
        if isinstance(value, str) and value.startswith("arn:") and any(fits(value, form) for form in kind.arn_formats):
            return value
    if kind.name in ruled:
        request = {name: value for name, value in request.items() if isinstance(value, list | tuple)}  # rows know names, not lists of them
    for form in kind.arn_formats:
        values: dict[str, str | None] = dict(_place_values(place))
        parts = [name for name in _PART.findall(form) if name not in values]
        for name in parts:
            values[name] = _named_like(name, kind, event_name, request, strict=kind.name in ruled)
        arn = fill(form, values) if parts else None
        if arn is not None:
            return arn
    inner = (text for text in texts_in(request) if text.startswith("arn:"))
    return next((text for text in inner if any(fits(text, form) for form in kind.arn_formats)), None)


def _only(value: object) -> object:
    """The value, or the first of a list of values, which may be wrapped as query services do."""
    if isinstance(value, Mapping) and len(value) == 1:
        value = next((inner for name, inner in value.items() if name in ("items", "member")), value)
    return value[0] if isinstance(value, list | tuple) and value else value


def _named_like(part: str, kind: ResourceType, event_name: str, request: Mapping[str, Any], *, strict: bool) -> str | None:
    """The parameter that is called like the part (`FunctionName`: `functionName`, `functionNames`), like the kind (`workGroup`), like the part without
    Name, Id or Identifier (`modelIdentifier`), or plainly `name` where the call is about this kind. `strict`: like the part alone."""
    noun = plain_name(kind.name)
    about = _singular(plain_name(event_name)).endswith(_singular(noun))
    names = _names_of(part, noun, kind.name.rpartition("-")[2].lower(), about=about)[: 1 if strict else None]
    for wanted in names:
        for name, value in request.items():
            found = _only(value)
            if isinstance(found, str) and not found.startswith("arn:") and _singular(plain_name(str(name))) == wanted and _is_name(found):
                return _bare(found, noun)
    return None


@cache
def _names_of(part: str, noun: str, last: str, *, about: bool) -> tuple[str, ...]:
    """What a parameter with the part may be called, the surest first, in the singular."""
    wanted = plain_name(part)
    stem = _ENDING.sub("", wanted)
    alone = stem in ("", "resource", "resourcepath", noun, _singular(noun))  # the part is the kind's own name or id
    names = [wanted, *((stem + end for end in _ENDINGS) if stem and alone else (stem,))]
    names += [noun, *(noun + end for end in _ENDINGS)] if alone or wanted in (noun + "name", noun + "id") else []
    names += ["name", "id", "identifier", *(last + end for end in _ENDINGS[1:])] if about and (alone or stem in noun) else []
    return tuple(dict.fromkeys(_singular(name) for name in names if name))


def _singular(name: str) -> str:
    return name[:-3] + "y" if name.endswith("ies") else name.removesuffix("s")


def _is_name(value: str) -> bool:
    """A name or id, and no text: no blank, no JSON, no URL."""
    return 0 < len(value) <= _LONGEST_NAME and re.search(r"[\s{}<>\"]|://", value) is None


def _bare(value: str, noun: str) -> str:
    """An id without the kind that some services put before it: `/hostedzone/Z1`."""
    head, slash, rest = value.lstrip("/").partition("/")
    return rest if slash and value.startswith("/") and plain_name(head) == noun else value
