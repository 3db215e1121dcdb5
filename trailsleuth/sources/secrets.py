"""Secrets are taken out of what AWS sends before it is kept, read or counted: what is never held can't be written."""

from __future__ import annotations

import json
import re
import tomllib
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache
from importlib.resources import files
from typing import Any, NamedTuple

REMOVED = "REMOVED_BY_TRAILSLEUTH"
_SECURE = "SecureString"  # of a parameter of Systems Manager
DEEPEST = 100  # records are some ten levels deep; what goes deeper is not walked through, so it is not kept


class SecretShape(NamedTuple):
    """A shape of a secret: a text that matches the pattern has, case folded, one of the signs in it."""

    id: str
    pattern: re.Pattern[str]
    signs: tuple[str, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class SecretTable:
    """data/secrets.toml: names, endings of names, names that only look so, and shapes of values."""

    names: frozenset[str]
    endings: tuple[str, ...]
    harmless: frozenset[str]
    values: tuple[SecretShape, ...]


@cache
def secret_table() -> SecretTable:
    """The table, its patterns compiled."""
    table = tomllib.loads(files("trailsleuth.sources").joinpath("data/secrets.toml").read_text(encoding="utf-8"))
    return SecretTable(
        names=frozenset(table["names"]),
        endings=tuple(table["endings"]),
        harmless=frozenset(table["harmless"]),
        values=tuple(SecretShape(row["id"], re.compile(row["pattern"]), tuple(row["signs"])) for row in table["value"]),
    )


def without_secrets(value: object, depth: int = 0) -> object:
    """The same JSON value with every secret replaced by a fixed word. `sessionToken` of issued credentials is dropped outright."""
    match value:
        case Mapping() | list() | tuple() if depth > DEEPEST:
            return REMOVED
        case Mapping():
            paired = _name_of_pair(value)
            return {key: _member(str(key), item, paired, depth) for key, item in value.items() if not _issued_token(value, key)}
        case list() | tuple():
            return [without_secrets(item, depth + 1) for item in value]
        case str():
            return clean_text(value)
        case _:
            return value


_SIGNS = re.compile(
    "pass(?:word|wd|phrase)|secret|token|api[_-]?key|private[_-]?key|keymaterial|plaintext|connectionstring|authorization|cookie|userdata|credential|securestring"
)


def clean_lines(text: str) -> str:
    """JSON lines without secrets; a line that holds none comes back as it is, and most are seen to hold none without being read."""
    folded = text.casefold()
    if _SIGNS.search(folded) is None and not any(sign in folded for shape in secret_table().values for sign in shape.signs):
        return text
    return "".join(_clean_line(line) for line in text.splitlines(keepends=True))


def _clean_line(line: str) -> str:
    try:
        value = json.loads(line)
    except ValueError:
        return clean_text(line)
    cleaned = without_secrets(value)
    return line if cleaned == value else json.dumps(cleaned, separators=(",", ":")) + line[len(line.rstrip("\r\n")) :]


def clean_text(text: str) -> str:
    """A text with every part that looks like a secret replaced."""
    folded = text.casefold()
    for shape in secret_table().values:
        for sign in shape.signs:  # a hundred times as fast as the pattern
            if sign in folded:
                text = shape.pattern.sub(REMOVED, text)
                break
    return text


def _member(key: str, item: object, paired: str | None, depth: int) -> object:
    if isinstance(item, str) and (_is_secret_name(key) or (key.lower() == "value" and paired is not None and (paired == _SECURE or _is_secret_name(paired)))):
        return REMOVED if item else item
    return without_secrets(item, depth + 1)


def _issued_token(value: Mapping[str, Any], key: str) -> bool:
    return key in ("sessionToken", "SessionToken") and ("accessKeyId" in value or "AccessKeyId" in value)


def _name_of_pair(value: Mapping[str, Any]) -> str | None:
    """The name in `{"name": "DB_PASSWORD", "value": "…"}`, the shape of environment variables and parameters; of a SecureString its type."""
    if "value" not in value and "Value" not in value:
        return None
    if _SECURE in (value.get("type"), value.get("Type")):
        return _SECURE
    for key in ("name", "Name", "key", "Key", "parameterKey", "ParameterKey"):
        if isinstance(value.get(key), str):
            return str(value[key])
    return None


def _is_secret_name(name: str) -> bool:
    plain = name.lower().replace("_", "").replace("-", "")
    table = secret_table()
    if plain in table.harmless:
        return False
    return plain in table.names or plain.endswith(table.endings)
