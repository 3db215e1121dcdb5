"""The sources of a case's policies in a folder of files: which file has the policy that a delta changes, and what cannot be patched."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from pathlib import PurePath

from msgspec import Struct
from msgspec.structs import replace

from trailsleuth.model import parse_arn
from trailsleuth.report import steps, words
from trailsleuth.report.context import Document
from trailsleuth.report.policy_hcl import File, read_terraform, terraform_sources
from trailsleuth.report.policy_programs import Maker, makers_of
from trailsleuth.report.policy_python import python_makers
from trailsleuth.report.policy_source import patch, read_policy_source
from trailsleuth.report.policy_types import Patch, PolicySource
from trailsleuth.report.policy_typescript import typescript_makers
from trailsleuth.report.policy_yaml import template_sources

SUFFIXES = (".tf", ".json", ".yaml", ".yml", ".template", ".ts", ".js", ".py")
_PROGRAMS = (".ts", ".js", ".py")
_NAMED_IN_PROGRAM = r"\b(?:roleName|role_name)\s*[:=]\s*[\"\']{}[\"\']"
_ROLE_IN_TERRAFORM = r"\bname\s*=\s*\"{}\""


class Folder(Struct, frozen=True, kw_only=True):
    """The policies that were found, the roles that programs make with theirs, the texts of all files by path, and what could not be read."""

    sources: tuple[PolicySource, ...]
    makers: tuple[Maker, ...]
    texts: dict[str, str]
    unread: tuple[str, ...]


def read_folder(texts: dict[str, str]) -> Folder:
    """The policies in files, by path; Terraform reads the files of one folder as one."""
    sources: list[PolicySource] = []
    unread: list[str] = []
    modules: dict[str, list[File]] = {}
    for path, text in texts.items():
        try:
            if path.endswith(".tf"):
                modules.setdefault(str(PurePath(path).parent), []).append(read_terraform(text, path))
            elif not path.endswith(_PROGRAMS):
                sources += _policies(text, path)
        except (ValueError, RecursionError) as cause:
            unread.append(f"{path} was not read: {cause}")
    for place, files in modules.items():
        try:
            sources += terraform_sources(files)
        except (ValueError, RecursionError) as cause:
            unread.append(f"{place} was not read: {cause}")
    return Folder(sources=tuple(sources), makers=tuple(_programs(texts)), texts=texts, unread=tuple(unread))


def _policies(text: str, path: str) -> Iterator[PolicySource]:
    """Those of a template; or the one document of a JSON file that bears the name of its role."""
    found = list(template_sources(text, path))
    if not found and path.endswith(".json") and '"Statement"' in text:
        whole = PurePath(path)
        found = [replace(read_policy_source(text, path=path), holders=(re.escape(whole.stem), re.escape(whole.parent.name)))]
    yield from found


def patches_in(folder: Folder, document: Document) -> tuple[tuple[Patch, ...], tuple[str, ...]]:
    """The files that change, each once; and each change that has no place in them, with the reason."""
    made: dict[str, Patch] = {}
    said: list[str] = []
    for delta in document["deltas"]:
        what = f"{steps.kind_of(delta)} of {words.name_of(delta['attach_to'])}"
        if delta["placeholders"]:
            said.append(f"{what}: fill in {', '.join(one['name'] for one in delta['placeholders'])} first; nothing is patched")
            continue
        source = _source_of(folder, delta)
        if source is None:
            said.append(f"{what}: {_why_not(folder, delta)}")
            continue
        one = patch(source, delta)
        if not one.edits:
            said.append(f"{what}: {source.path} has the change already")
        before = made.get(source.path)
        edits = tuple(sorted([*(before.edits if before else ()), *one.edits], key=lambda edit: edit.start))
        made[source.path] = Patch(source=source, edits=edits, missing=(*(before.missing if before else ()), *one.missing))
    return tuple(one for one in made.values() if one.edits), (*said, *(text for one in made.values() for text in one.missing), *folder.unread)


def _source_of(folder: Folder, delta: Document) -> PolicySource | None:
    """The role's policy that shares most services with the change, the first of equals."""
    if delta["policy_type"] not in ("identity", "trust") or (delta["remove"] and not delta["document"]["Statement"]):
        return next((one for one in folder.sources if any(span.value == entry.get("statement") for span in one.statements for entry in delta["remove"])), None)
    name = _role_of(delta)
    own = [one for one in _sources_of(folder, delta, name) if not one.shared and _can_say(one, str(delta["document"]["Statement"]))]
    services = {action.partition(":")[0] for statement in delta["document"]["Statement"] for action in steps.listed(statement.get("Action"))}
    return max(own, key=lambda one: sum(f"{service}:" in _text(one) for service in services), default=None)


def _can_say(source: PolicySource, statements: str) -> bool:
    """Serverless reads `${` in every string as its own, and CloudFormation replaces what a dynamic reference names; CDK reads its tokens."""
    if source.path.endswith(("serverless.yml", "serverless.yaml")):
        return "${" not in statements and "{{resolve:" not in statements
    return source.path.endswith(".tf") or ("{{resolve:" not in statements and not (source.frame[1] and "${Token[" in statements))


def _sources_of(folder: Folder, delta: Document, name: str) -> list[PolicySource]:
    """Those of the templates, and those of the one construct of a program that makes the role."""
    wanted = [one for one in folder.sources if one.is_trust == (delta["policy_type"] == "trust")]
    makers = makers_of(folder.makers, name)
    written = makers[0].sources if len(makers) == 1 and delta["policy_type"] == "identity" else ()
    return [*(one for one in wanted if name and any(re.fullmatch(holder, name) for holder in one.holders)), *written]


def _text(source: PolicySource) -> str:
    return source.text[source.whole.start : source.whole.end]


def _role_of(delta: Document) -> str:
    arn = parse_arn(delta["attach_to"])
    return arn.name if arn is not None and arn.is_role else ""


def _why_not(folder: Folder, delta: Document) -> str:
    name = _role_of(delta)
    shared = next((one for one in _sources_of(folder, delta, name) if one.shared), None)
    if shared is not None:
        return f"{shared.path} has it in a policy that others share, and would allow it to them; give the role one of its own"
    makers = makers_of(folder.makers, name)
    if len(makers) > 1:
        places = " and ".join(f"{one.path}:{one.line}" for one in makers[:3])
        return f"{places} each make a role of that name; which one is meant is not certain, and nothing is patched"
    for path, text in folder.texts.items():
        pattern = _NAMED_IN_PROGRAM if path.endswith(_PROGRAMS) else _ROLE_IN_TERRAFORM
        found = re.search(pattern.format(re.escape(name)), text) if name else None
        if found is not None:
            place = f"{path}:{text.count(chr(10), 0, found.start()) + 1}"
            form = {".ts": "cdk", ".js": "cdk", ".py": "cdk-python", ".tf": "terraform"}.get(PurePath(path).suffix, "json")
            return f"{place} makes the role, with no policy that can be patched safely; --fix {form} writes the change to paste there"
    return "no file has it"


def together(patches: Sequence[Patch]) -> str:
    """One diff for all files."""
    return "".join(one.diff for one in patches)


def _programs(texts: dict[str, str]) -> Iterator[Maker]:
    """The makers in all files; JavaScript that a compiler wrote beside its TypeScript is left out."""
    for path, text in texts.items():
        compiled = path.endswith(".js") and f"{path[:-3]}.ts" in texts
        if path.endswith((".ts", ".js", ".py")) and not compiled and not path.endswith(".d.ts"):
            yield from _read_program(text, path)


def _read_program(text: str, path: str) -> tuple[Maker, ...]:
    """The roles that a program makes; nothing of a program that is not read with certainty."""
    if "PolicyStatement" not in text:
        return ()
    try:
        return tuple((python_makers if path.endswith(".py") else typescript_makers)(text, path))
    except (ValueError, SyntaxError, RecursionError, MemoryError):
        return ()
