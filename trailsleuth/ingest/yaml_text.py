"""YAML as the AWS CLI prints it (`--output yaml`, `yaml-stream`) and as people write policies: read event by event, so that no depth is too much.

Only null and truth values are told apart; every other plain value stays text: account ids keep their zeros, times stay times. Aliases are not followed.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from trailsleuth.patterns import late

MAX_DEPTH = 128
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
    build = _Build()
    try:
        for event in yaml.parse(text, Loader=loader):
            if isinstance(event, yaml.AliasEvent):
                raise NotYaml("an alias")
            if isinstance(event, yaml.MappingStartEvent | yaml.SequenceStartEvent):
                build.begin({} if isinstance(event, yaml.MappingStartEvent) else [])
            elif isinstance(event, yaml.MappingEndEvent | yaml.SequenceEndEvent):
                build.end()
            elif isinstance(event, yaml.ScalarEvent):
                build.put(_WORDS.get(event.value, event.value) if event.style is None else event.value)
            elif isinstance(event, yaml.DocumentEndEvent):
                yield build.take()
    except (yaml.YAMLError, RecursionError, UnicodeError) as error:
        raise NotYaml(" ".join(str(error).split())[:200]) from error


class _Build:
    """One document while its parts arrive."""

    def __init__(self) -> None:
        self._open: list[tuple[Any, list[str]]] = []  # what is being filled, and the key that waits for its value
        self._whole: object = None

    def begin(self, part: object) -> None:
        if len(self._open) >= MAX_DEPTH:
            raise NotYaml(f"nested deeper than {MAX_DEPTH} levels")
        self._open.append((part, []))

    def end(self) -> None:
        part, _ = self._open.pop()
        self.put(part)

    def put(self, value: object) -> None:
        if not self._open:
            self._whole = value
            return
        part, waiting = self._open[-1]
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
        return whole
