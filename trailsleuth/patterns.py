"""Patterns that are compiled when they are first used: of all that stand in its modules and tables, a run uses a third."""

from __future__ import annotations

import re
from typing import AnyStr, Generic, cast

_MEMBERS = ("search", "match", "fullmatch", "findall", "finditer", "split", "sub", "subn", "pattern", "flags", "groups", "groupindex")


class _Late(Generic[AnyStr]):
    """Stands for a compiled pattern, whose members it takes over with the first that is asked for: after that it costs nothing."""

    def __init__(self, text: AnyStr, flags: int) -> None:
        self._text: AnyStr = text
        self._flags = flags

    def __getattr__(self, name: str) -> object:
        compiled = re.compile(self._text, self._flags)
        self.__dict__.update({member: getattr(compiled, member) for member in _MEMBERS})
        return getattr(compiled, name)


def late(pattern: AnyStr, flags: int = 0) -> re.Pattern[AnyStr]:
    """As `re.compile`."""
    return cast("re.Pattern[AnyStr]", _Late(pattern, flags))
