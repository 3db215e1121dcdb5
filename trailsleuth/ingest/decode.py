"""JSON out of bytes that may be anything: any Unicode encoding, numbers beyond every type, repeated keys.

The fast decoder (msgspec) goes first where its loading pays; what it refuses, the standard library's reads. Both give the same values.
"""

from __future__ import annotations

import json
import mmap
import re
import sys
from collections import Counter
from functools import partial
from math import isfinite
from typing import Any

from trailsleuth.patterns import late

_ASKED_FROM = 1 << 18
_DECODED_SHARE = 5  # a trail's values take three to five times the bytes of their JSON
_ENCODED_SHARE = 2
_SPARE = 1 << 23
FAST_FROM = 1_000_000  # bytes from which on loading msgspec (50 ms) costs less than it saves

# An escape at a time, so that the backslash of an escaped backslash starts none; group 1 is half a surrogate pair.
_ESCAPE = late(r"\\(?:u[dD][89abAB][0-9a-fA-F]{2}\\u[dD][c-fC-F][0-9a-fA-F]{2}|(u[dD][89a-fA-F][0-9a-fA-F]{2})|.)", re.DOTALL)
# Spellings of a key's end that no usual writer of JSON uses, and that would make the count of keys wrong.
_ODD_ENDS = ('" :', '"\t:', '"\n:', '"\r:', "\\u0022", "\\u003a", "\\u003A")
_ODD_ENDS_BYTES = tuple(end.encode() for end in _ODD_ENDS)


def _ensure_room(size: int) -> None:
    """MemoryError where so many bytes are not to be had, under `ulimit -v` or in the machine. They are asked for and given back untouched."""
    try:
        mmap.mmap(-1, size + _SPARE).close()
    except (OSError, OverflowError) as refused:
        raise MemoryError(f"no room for {size} bytes") from refused


class NotJson(ValueError):
    """The text is not JSON document, or one nested too deeply to be read."""


def to_text(data: bytes) -> str:
    """The text in the encoding that its first bytes show; what is no valid text becomes U+FFFD."""
    return data.decode(json.detect_encoding(data), "replace").removeprefix("\ufeff")


def decode(source: bytes | str) -> object:
    """The one JSON document that the source is; NotJson for anything else."""
    if len(source) >= FAST_FROM or "msgspec" in sys.modules:
        import msgspec

        if len(source) >= _ASKED_FROM:
            _ensure_room(_DECODED_SHARE * len(source))
        try:
            return msgspec.json.decode(source)
        except (msgspec.MsgspecError, UnicodeError, RecursionError):
            pass
    text = harmless(source if isinstance(source, str) else to_text(source))
    try:
        return PLAIN.decode(text)
    except (ValueError, RecursionError) as error:
        return _decode_long_numbers(text, error)


def _decode_long_numbers(text: str, error: Exception) -> object:
    """Once more with integers beyond Python's limit of digits as text; a clean failure where that was not the trouble."""
    if "integer string conversion" not in str(error):
        raise NotJson(_why(error)) from error
    try:
        return _LONG_NUMBERS.decode(text)
    except (ValueError, RecursionError) as second:
        raise NotJson(_why(second)) from second


def _why(error: Exception) -> str:
    return "nested too deeply" if isinstance(error, RecursionError) else str(error)


def harmless(text: str) -> str:
    """The JSON text with each half of a surrogate pair replaced: such a string could never be printed."""
    if "\\ud" not in text and "\\uD" not in text:
        return text
    return _ESCAPE.sub(lambda found: "\\ufffd" if found.group(1) else found.group(), text)


def _number(text: str) -> float | str:
    """A number beyond the range of a float stays text."""
    number = float(text)
    return number if isfinite(number) else text


def _integer(text: str) -> int | str:
    return int(text) if len(text) < 4000 else text


PLAIN = json.JSONDecoder(strict=False, parse_constant=str, parse_float=_number)
_LONG_NUMBERS = json.JSONDecoder(strict=False, parse_constant=str, parse_float=_number, parse_int=_integer)


def may_repeat_keys(source: bytes | str, value: object) -> bool:
    """Never false where a key stands twice in an object: the source then has more keys than the value that was read from it."""
    if isinstance(source, str):
        return any(end in source for end in _ODD_ENDS) or source.count('":') != _encoded(value).count(b'":')
    if len(source) >= _ASKED_FROM:
        _ensure_room(_ENCODED_SHARE * len(source))
    encoded = _encoded(value)
    if encoded == source:
        return False  # written as AWS writes it: the usual case, and the quickest to see
    return any(end in source for end in _ODD_ENDS_BYTES) or source.count(b'":') != encoded.count(b'":')


def _encoded(value: object) -> bytes:
    if "msgspec" in sys.modules:
        import msgspec

        try:
            return msgspec.json.encode(value)
        except (msgspec.MsgspecError, OverflowError, RecursionError, UnicodeError):
            pass  # an integer beyond 64 bits
    return json.dumps(value, ensure_ascii=False).encode("utf-8", "replace")


class CarefulDecoder:
    """Reads slowly, with a note for each object in which a key stands twice.

    Of a repeated errorCode or errorMessage the value that tells of a refusal stands, of any other key the last one, as all readers of JSON take it.
    """

    def __init__(self) -> None:
        self.notes: list[str] = []
        self._decoder = json.JSONDecoder(
            strict=False, parse_constant=str, parse_float=_number, parse_int=_integer, object_pairs_hook=partial(_build, self.notes)
        )

    def decode(self, text: str) -> object:
        try:
            return self._decoder.decode(harmless(text))
        except (ValueError, RecursionError) as error:
            raise NotJson(_why(error)) from error

    def value_at(self, text: str, position: int) -> tuple[object, int]:
        """The value that starts at the position of a harmless text, and its end."""
        try:
            return self._decoder.raw_decode(text, position)
        except (ValueError, RecursionError) as error:
            raise NotJson(_why(error)) from error


def _build(notes: list[str], pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    """The object of the pairs; a key that stands twice is noted."""
    built = dict(pairs)
    if len(built) == len(pairs):
        return built
    counts = Counter(key for key, _ in pairs)
    repeated = sorted(key for key, count in counts.items() if count > 1)
    for key in ("errorCode", "errorMessage"):
        if key in repeated:
            built[key] = _worst([value for name, value in pairs if name == key])
    where = f" of record {built['eventID']}" if isinstance(built.get("eventID"), str) else ""
    notes.append(f"repeated in one object{where}, which may hide something: {', '.join(repeated)[:200]}")
    return built


_REFUSAL = late(r"denied|unauthori[sz]ed|not authori[sz]ed|forbidden", re.IGNORECASE)


def _worst(values: list[object]) -> object:
    """The value that tells of a refusal, else of an error, else the last."""
    refused = [value for value in values if isinstance(value, str) and _REFUSAL.search(value)]
    said = [value for value in values if value]
    return (refused or said or values)[-1]
