"""Records that travel as base64, with or without gzip: Kinesis, Firehose, the events that CloudWatch Logs sends to a function."""

from __future__ import annotations

import base64
import binascii
import zlib

from trailsleuth.patterns import late

MOST = 64 * 1024 * 1024  # one payload unpacked; Kinesis carries 10 MB, Lambda 6 MB
_BASE64 = late(r"(?:H4sI|eyJ|ewo|ewog|W3s|WyJ)[A-Za-z0-9+/_=\s-]{20,}")  # gzip, or JSON that opens an object or a list


class TooLarge(ValueError):
    """The payload unpacks to more than is read."""


def payload_text(text: str) -> str | None:
    """The text that the payload carries; None where it is no payload."""
    if not _BASE64.fullmatch(text):
        return None
    try:
        packed = base64.b64decode(text.translate({ord("-"): "+", ord("_"): "/"}), validate=False)
        data = _unzipped(packed) if packed[:2] == b"\x1f\x8b" else packed
    except (binascii.Error, zlib.error, ValueError) as error:
        if isinstance(error, TooLarge):
            raise
        return None
    return data.decode("utf-8", "replace")


def _unzipped(packed: bytes) -> bytes:
    unpacker = zlib.decompressobj(wbits=31)
    data = unpacker.decompress(packed, MOST)
    if unpacker.unconsumed_tail:
        raise TooLarge(f"a payload that unpacks to more than {MOST} bytes")
    return data
