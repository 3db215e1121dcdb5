"""Secrets are taken out of what AWS sends before it is kept, read or counted: what is never held can't be written."""

from __future__ import annotations

import contextlib
import json
import re
from collections.abc import Mapping, Sequence
from functools import cache, lru_cache
from typing import Any, NamedTuple

import msgspec
from msgspec import Struct

from trailsleuth.patterns import late
from trailsleuth.sources.base import DATA
from trailsleuth.tables import read_toml

REMOVED = "REMOVED_BY_TRAILSLEUTH"
_SECURE = "SecureString"  # of a parameter of Systems Manager
DEEPEST = 100  # records are some ten levels deep; what goes deeper is not walked through, so it is not kept


class SecretShape(NamedTuple):
    """A shape of a secret: a text that matches the pattern has, case folded, one of the signs in it."""

    id: str
    pattern: re.Pattern[str]
    signs: tuple[str, ...]


class SecretTable(Struct, frozen=True, kw_only=True):
    """data/secrets.toml: names, endings of names, names that only look so, and shapes of values."""

    names: frozenset[str]
    endings: tuple[str, ...]
    harmless: frozenset[str]
    values: tuple[SecretShape, ...]


@cache
def secret_table() -> SecretTable:
    """The table, its patterns compiled."""
    table = read_toml(DATA / "secrets.toml")
    return SecretTable(
        names=frozenset(table["names"]),
        endings=tuple(table["endings"]),
        harmless=frozenset(table["harmless"]),
        values=tuple(SecretShape(row["id"], late(row["pattern"]), tuple(row["signs"])) for row in table["value"]),
    )


def without_secrets(value: object, depth: int = 0) -> object:
    """The same JSON value with every secret replaced by a fixed word. `sessionToken` of issued credentials is dropped outright."""
    if isinstance(value, str):
        return clean_text(value)
    if isinstance(value, dict | list | tuple | Mapping):
        if depth > DEEPEST:
            return REMOVED
        if isinstance(value, list | tuple):
            return [without_secrets(item, depth + 1) for item in value]
        paired = _name_of_pair(value)
        return {key: _member(str(key), item, paired, depth) for key, item in value.items() if not _issued_token(value, key)}
    return value


_MOST = 100_000  # parts known to be clean, of at most so many bytes each
_LARGE = 4096
_CLEAN: set[bytes] = set()


def record_members(value: Mapping[str, Any]) -> Mapping[str, Any]:
    """What `without_secrets` gives of a record or a part of one; the same object where it holds none. Callers, requests and answers that came before are
    known by their bytes, so each is walked through once."""
    if (paired := _name_of_pair(value)) is not None:
        return _as_mapping(without_secrets(value), value)
    changed: dict[str, Any] = {}
    for key, item in value.items():
        if item.__class__ is str:
            if _HARMLESS.fullmatch(item) and not _is_secret_name(key):
                continue
            cleaned = _member(key, item, paired, 0)
        elif item is None or item is True or item is False or _is_known(item):
            continue
        else:
            cleaned = _walked(key, item)
        if cleaned is not item and cleaned != item:
            changed[key] = cleaned
    if not changed and not ("sessionToken" in value or "SessionToken" in value):
        return value
    return {key: changed.get(key, item) for key, item in value.items() if not _issued_token(value, key)}


def _is_known(item: object) -> bool:
    try:
        return msgspec.json.encode(item) in _CLEAN
    except (msgspec.MsgspecError, TypeError, ValueError, RecursionError):
        return False  # it is walked through each time


def _walked(key: str, item: object) -> object:
    cleaned = _member(key, item, None, 0)
    if cleaned != item:
        return cleaned
    with contextlib.suppress(msgspec.MsgspecError, TypeError, ValueError, RecursionError):
        if len(raw := msgspec.json.encode(item)) <= _LARGE:
            if len(_CLEAN) >= _MOST:
                _CLEAN.clear()
            _CLEAN.add(raw)
    return item


def _as_mapping(cleaned: object, value: Mapping[str, Any]) -> Mapping[str, Any]:
    return cleaned if isinstance(cleaned, Mapping) else value


_SIGNS = late(
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


_HARMLESS = late(r"[0-9a-f-]*|[0-9TZ:.-]*")  # ids, numbers and times: none of the signs is made of these alone (a test)
_OFTEN = 256  # characters up to which a text is likely to come again


def clean_text(text: str) -> str:
    """A text with every part that looks like a secret replaced."""
    if _HARMLESS.fullmatch(text):
        return text
    return _known_clean(text) if len(text) <= _OFTEN else _clean(text)


@lru_cache(maxsize=65_536)
def _known_clean(text: str) -> str:
    """Names, ARNs, agents and the like stand in many records: each is looked at once."""
    return _clean(text)


def _clean(text: str) -> str:
    if '"' not in text and "'" not in text and _any_sign().search(_folded(text)) is None:
        return text
    folded = text.casefold()
    for shape in secret_table().values:
        for sign in shape.signs:  # a hundred times as fast as the pattern
            if sign in folded:
                text = shape.pattern.sub(REMOVED, text)
                break
    return text


def may_hold_secrets(raws: Sequence[bytes]) -> set[int]:
    """The places of those JSON values in which there can be a secret: most are seen to hold none without being walked through."""
    joined, found = b"\0".join(raws), set[int]()
    if not joined.isascii() or b"\\" in joined or b"'" in joined:  # what may spell a name otherwise, or hold JSON in a text
        found.update(at for at, raw in enumerate(raws) if not raw.isascii() or b"\\" in raw or b"'" in raw)
    text = _folded(joined.decode("ascii", "replace"))
    place = start = 0
    for sign in _any_sign().finditer(text):
        place += text.count("\0", start, sign.start())
        start = sign.start()
        found.add(place)
    return found


def _folded(text: str) -> str:
    return text.casefold().replace("_", "").replace("-", "")


_RARE = ":eatrinsocdlmupg/vfhbwykx.zjq"  # the rarer in records the later


@cache
def _any_sign() -> re.Pattern[str]:
    """What every secret outside of JSON in a text has one of, but for `_` and `-`: a sign of its shape, or the end of its name and a quote.

    The search stops at the rarest letter of each alone, which is several times as fast as looking for one after another.
    """
    table = secret_table()
    signs = {sign.replace("_", "").replace("-", "") for shape in table.values if not shape.id.endswith("in-json-text") for sign in shape.signs}
    words = signs | {f'{name}"' for name in (*table.names, *table.endings, _SECURE.lower())}
    rarest: dict[str, list[str]] = {}
    for word in sorted(word for word in words if not any(other in word for other in words - {word})):
        at = max(range(len(word)), key=lambda at: _RARE.find(word[at]))
        rarest.setdefault(word[at], []).append(f"(?<={re.escape(word[: at + 1])}){re.escape(word[at + 1 :])}")
    return re.compile("|".join(f"{re.escape(letter)}(?:{'|'.join(found)})" for letter, found in rarest.items()))


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


@lru_cache(maxsize=16_384)
def _is_secret_name(name: str) -> bool:
    plain = name.lower().replace("_", "").replace("-", "")
    table = secret_table()
    if plain in table.harmless:
        return False
    return plain in table.names or plain.endswith(table.endings)
