"""A policy's source file, patched by a delta: only the statements that change are touched, every other sign stays where it was."""

from __future__ import annotations

import json
from typing import Any

from trailsleuth.errors import EvidenceUnreadable, UsageError
from trailsleuth.report.policy_layouts import hcl_objects, hcl_statements, program_statements, yaml_items
from trailsleuth.report.policy_types import Edit, Patch, PolicySource, Span

Json = dict[str, Any]
_BLANKS = " \t\n\r"
_LAYOUTS = {"yaml": yaml_items, "hcl": hcl_objects, "blocks": hcl_statements}
_BETWEEN = {"yaml": "\n", "hcl": ",\n", "blocks": "\n\n"}


def read_policy_source(text: str, *, path: str) -> PolicySource:
    """The policy document in a file; EvidenceUnreadable where it is none."""
    try:
        document, _ = json.JSONDecoder().raw_decode(text, _skip(text, 0))
        members = _members(text, _skip(text, 0)) if isinstance(document, dict) else {}
    except (ValueError, RecursionError) as cause:
        raise EvidenceUnreadable(f"{path} is not a policy document", why=f"it is not JSON: {cause}", next_step="give the policy's own JSON file") from cause
    whole = members.get("Statement")
    if whole is None:
        raise EvidenceUnreadable(f"{path} is not a policy document", why="it has no Statement", next_step="give the policy's own JSON file")
    statements = tuple(_items(text, whole.start)) if isinstance(whole.value, list) else (whole,)
    return PolicySource(path=path, text=text, whole=whole, statements=statements)


def _skip(text: str, at: int) -> int:
    while at < len(text) and (text[at] in _BLANKS or text[at] == "\ufeff"):
        at += 1
    return at


def _members(text: str, at: int) -> dict[str, Span]:
    """The members of the object that starts there."""
    found: dict[str, Span] = {}
    decoder = json.JSONDecoder()
    at = _skip(text, at + 1)
    while text[at : at + 1] == '"':
        name, at = decoder.raw_decode(text, at)
        start = _skip(text, _skip(text, at) + 1)  # behind the colon
        value, end = decoder.raw_decode(text, start)
        found[name] = Span(start=start, end=end, value=value)
        at = _skip(text, end)
        at = _skip(text, at + 1) if text[at : at + 1] == "," else at
    return found


def _items(text: str, at: int) -> list[Span]:
    """The members of the list that starts there."""
    found: list[Span] = []
    decoder = json.JSONDecoder()
    at = _skip(text, at + 1)
    while text[at : at + 1] not in {"]", ""}:
        value, end = decoder.raw_decode(text, at)
        found.append(Span(start=at, end=end, value=value))
        at = _skip(text, end)
        at = _skip(text, at + 1) if text[at : at + 1] == "," else at
    return found


def delta_for(source: PolicySource, document: Json, *, holder: str | None = None) -> Json:
    """The delta of the case that belongs into the file: by `holder` (what the policy is attached to), else the only one of its kind."""
    deltas = [delta for delta in document["deltas"] if holder in (None, delta["attach_to"])]
    kind = "trust" if source.is_trust else "resource" if source.has_principals else ""
    by_removal = [delta for delta in deltas if any(_place_of(source, entry) for entry in delta["remove"])]
    with_principals = {"trust", "resource", "rcp", "vpc_endpoint"}
    like = [delta for delta in deltas if delta["policy_type"] == kind] if kind else [d for d in deltas if d["policy_type"] not in with_principals]
    found = by_removal if len(by_removal) == 1 else like or (deltas if holder else [])
    if len(found) == 1:
        return dict(found[0])
    if not document["deltas"]:
        raise UsageError(f"no policy change fixes this case: {source.path} stays as it is")
    known = "; ".join(f"{delta['policy_type']} of {delta['attach_to']}" for delta in document["deltas"])
    raise UsageError(
        f"which change belongs into {source.path}?", why=f"the case has: {known}", next_step="name what the policy is attached to with --attached-to"
    )


def patch(source: PolicySource, delta: Json) -> Patch:
    """The source with the delta's statements added (but for those it has) and its removals made."""
    ids = tuple(delta["finding_ids"])
    edits, missing = [], []
    for entry in delta["remove"]:
        place = _place_of(source, entry)
        if place is None:
            found = "is not in" if source.form == "json" else "was not recognised in"
            missing.append(f"the statement {json.dumps(entry.get('statement'))} of policy {entry.get('policy')} {found} {source.path}")
        else:
            edits.append(_changed(source, place, entry, ids))
    held = [one.value for one in source.statements]
    added = [one for one in delta["document"]["Statement"] if one not in held and (source.form == "json" or _laid_out(source, [one]) not in source.text)]
    if added:
        edits.append(_added(source, added, ids))
    return Patch(source=source, edits=tuple(sorted(edits, key=lambda edit: edit.start)), missing=tuple(missing))


def _place_of(source: PolicySource, entry: Json) -> Span | None:
    return next((one for one in source.statements if one.value == entry.get("statement")), None)


def _changed(source: PolicySource, place: Span, entry: Json, ids: tuple[str, ...]) -> Edit:
    instead: Any = entry.get("instead") or without_principals(entry)
    if instead is not None:
        return Edit(start=place.start, end=place.end, text=_laid_out(source, instead if isinstance(instead, list) else [instead]), finding_ids=ids)
    number = source.statements.index(place)
    start, end = place.start, place.end
    if number + 1 < len(source.statements):
        end = source.statements[number + 1].start
    elif number:
        start = source.statements[number - 1].end
    return Edit(start=start, end=end, text="" if isinstance(source.whole.value, list) else "[]", finding_ids=ids)


def without_principals(entry: Json) -> Json | None:
    """The statement without its stale principals; None where nobody is left."""
    gone = set(entry.get("principals") or ())
    statement = entry.get("statement")
    if not gone or not isinstance(statement, dict) or not isinstance(statement.get("Principal"), dict):
        return None
    named = statement["Principal"].get("AWS", [])
    left = [one for one in (named if isinstance(named, list) else [named]) if one not in gone]
    others = {kind: who for kind, who in statement["Principal"].items() if kind != "AWS"}
    principal = {**others, **({"AWS": left if len(left) > 1 else left[0]} if left else {})}
    return {**statement, "Principal": principal} if principal else None


def _added(source: PolicySource, statements: list[Json], ids: tuple[str, ...]) -> Edit:
    text = _laid_out(source, statements)
    if source.form != "json":
        last = source.statements[-1].end
        return Edit(start=last, end=last, text=f"{between_statements(source)}{_margin(source)}{text}", finding_ids=ids)
    between = f",\n{_margin(source)}" if "\n" in source.text else ", "
    if not isinstance(source.whole.value, list):
        held = source.text[source.whole.start : source.whole.end]
        return Edit(start=source.whole.start, end=source.whole.end, text=f"[{held}{between}{text}]", finding_ids=ids)
    if not source.statements:
        return Edit(start=source.whole.start, end=source.whole.end, text=f"[{text}]", finding_ids=ids)
    last = source.statements[-1].end
    return Edit(start=last, end=last, text=f"{between}{text}", finding_ids=ids)


def between_statements(source: PolicySource) -> str:
    """What parts a statement from the one before: calls of a program stand on lines of their own, members of a list behind a comma."""
    return _BETWEEN.get(source.form, "\n" if source.frame[0] else ",\n")


def _laid_out(source: PolicySource, statements: list[Json]) -> str:
    """The statements as the file lays out its own: its indent, or all on one line."""
    if source.frame[1]:
        return program_statements(statements, _margin(source), source.frame, python=source.form == "python")
    if source.form != "json":
        return _LAYOUTS[source.form](statements, _margin(source))
    if "\n" not in source.text:
        return ", ".join(json.dumps(statement) for statement in statements)
    margin = _margin(source)
    return f",\n{margin}".join(json.dumps(statement, indent=_indent(source)).replace("\n", f"\n{margin}") for statement in statements)


def _margin(source: PolicySource) -> str:
    """The blanks before a statement."""
    at = source.statements[0].start if source.statements else source.whole.start
    line = source.text[source.text.rfind("\n", 0, at) + 1 : at]
    return line[: len(line) - len(line.lstrip())]


def _indent(source: PolicySource) -> int | str:
    first = next((line for line in source.text.splitlines() if line[:1] in {" ", "\t"}), "  ")
    blanks = first[: len(first) - len(first.lstrip())]
    return blanks if "\t" in blanks else len(blanks)


def place_in(text: str, at: int) -> tuple[int, int]:
    """Line and column, counted from 1."""
    return text.count("\n", 0, at) + 1, at - text.rfind("\n", 0, at)
