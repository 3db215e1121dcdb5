"""YAML as the AWS CLI prints it (`--output yaml`, `yaml-stream`) and as people write policies: read event by event, so that no depth is too much.

Only null and truth values are told apart; every other plain value stays text: account ids keep their zeros, times stay times. What an alias stands for is
written out, as far as the whole stays within a few times the length of the text.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from trailsleuth.patterns import late

MAX_DEPTH = 128
_MOST_PARTS, _PARTS_A_SIGN = 100_000, 4  # of all that aliases stand for
_START = late(r"(?:---\s*\n|#[^\n]*\n|\s*\n)*(?:- )*(?:- |[\"']?[A-Za-z@_][\w.@/:-]{0,127}[\"']?:(?:[ \t]*\n|[ \t]+\S))")
_WORDS = {"null": None, "~": None, "": None, "true": True, "True": True, "false": False, "False": False}


class NotYaml(ValueError):
    """The text is no YAML that is read here."""


def may_be_yaml(text: str) -> bool:
    """The text begins with a name and a colon, or with a list of such."""
    return _START.match(text) is not None


def yaml_documents(text: str) -> Iterator[object]:
    """Each document of the text; NotYaml where it has another form."""
    import yaml

    loader = getattr(yaml, "CBaseLoader", yaml.BaseLoader)
    build = _Build(_MOST_PARTS + _PARTS_A_SIGN * len(text))
    try:
        for event in yaml.parse(text, Loader=loader):
            if isinstance(event, yaml.AliasEvent):
                build.put(build.named(str(event.anchor)))
            elif isinstance(event, yaml.MappingStartEvent | yaml.SequenceStartEvent):
                build.begin({} if isinstance(event, yaml.MappingStartEvent) else [], event.anchor)
            elif isinstance(event, yaml.MappingEndEvent | yaml.SequenceEndEvent):
                build.end()
            elif isinstance(event, yaml.ScalarEvent):
                build.put(_WORDS.get(event.value, event.value) if event.style is None else event.value, event.anchor)
            elif isinstance(event, yaml.DocumentEndEvent):
                yield build.take()
    except (yaml.YAMLError, RecursionError, UnicodeError) as error:
        raise NotYaml(" ".join(str(error).split())[:200]) from error


class _Build:
    """One document while its parts arrive."""

    def __init__(self, most: int) -> None:
        self._open: list[tuple[Any, list[str], str | None]] = []  # what is being filled, the key that waits for its value, and its anchor
        self._whole: object = None
        self._named: dict[str, object] = {}
        self._left = most

    def begin(self, part: object, anchor: str | None) -> None:
        if len(self._open) >= MAX_DEPTH:
            raise NotYaml(f"nested deeper than {MAX_DEPTH} levels")
        self._open.append((part, [], anchor))

    def end(self) -> None:
        part, _, anchor = self._open.pop()
        self.put(part, anchor)

    def named(self, anchor: str) -> object:
        """A copy of what the anchor names, part by part, so that no alias makes more of a text than is allowed."""
        if anchor not in self._named:
            raise NotYaml("an alias of nothing, or of what it stands in")
        return self._copy(self._named[anchor], len(self._open))

    def _copy(self, value: object, depth: int) -> object:
        self._left -= 1
        if self._left < 0 or depth > MAX_DEPTH:
            raise NotYaml("its aliases stand for too much")
        if isinstance(value, dict):
            return {name: self._copy(member, depth + 1) for name, member in value.items()}
        return [self._copy(member, depth + 1) for member in value] if isinstance(value, list) else value

    def put(self, value: object, anchor: str | None = None) -> None:
        if anchor is not None:
            self._named[anchor] = value
        if not self._open:
            self._whole = value
            return
        part, waiting, _ = self._open[-1]
        if isinstance(part, list):
            part.append(value)
        elif waiting:
            if waiting[-1] in part:
                raise NotYaml("a key stands twice: read as YAML, the first value would be lost")
            part[waiting.pop()] = value
        else:
            waiting.append("null" if value is None else str(value))

    def take(self) -> object:
        whole, self._whole = self._whole, None
        self._named.clear()
        return whole
