"""As much of CBOR (RFC 8949) as the rpc-v2-cbor protocol needs, for the test server."""

from __future__ import annotations

import struct
from datetime import UTC, datetime


def dumps(value) -> bytes:
    match value:
        case None:
            return b"\xf6"
        case bool():
            return b"\xf5" if value else b"\xf4"
        case int():
            return _head(0, value) if value >= 0 else _head(1, -1 - value)
        case float():
            return b"\xfb" + struct.pack(">d", value)
        case str():
            return _head(3, len(value.encode())) + value.encode()
        case bytes():
            return _head(2, len(value)) + value
        case datetime():
            return _head(6, 1) + dumps(value.timestamp())
        case dict():
            return _head(5, len(value)) + b"".join(dumps(k) + dumps(v) for k, v in value.items())
        case list() | tuple():
            return _head(4, len(value)) + b"".join(map(dumps, value))
    raise TypeError(type(value))


def loads(data: bytes):
    return _Reader(data).value() if data else {}


def _head(major: int, number: int) -> bytes:
    for extra, size, code in ((24, 1, ">B"), (25, 2, ">H"), (26, 4, ">I"), (27, 8, ">Q")):
        if number < 24:
            return bytes([major << 5 | number])
        if number < 1 << (8 * size):
            return bytes([major << 5 | extra]) + struct.pack(code, number)
    raise ValueError(number)


class _Reader:
    def __init__(self, data: bytes) -> None:
        self.data, self.at = data, 0

    def take(self, count: int) -> bytes:
        self.at += count
        return self.data[self.at - count : self.at]

    def value(self):
        first = self.take(1)[0]
        major, extra = first >> 5, first & 31
        if major == 7:
            return self.simple(extra)
        if extra == 31:
            return self.indefinite(major)
        number = extra if extra < 24 else int.from_bytes(self.take(1 << (extra - 24)), "big")
        match major:
            case 0:
                return number
            case 1:
                return -1 - number
            case 2:
                return self.take(number)
            case 3:
                return self.take(number).decode()
            case 4:
                return [self.value() for _ in range(number)]
            case 5:
                return {self.value(): self.value() for _ in range(number)}
        inner = self.value()
        return datetime.fromtimestamp(inner, UTC) if number == 1 else inner

    def simple(self, extra: int):
        match extra:
            case 20 | 21:
                return extra == 21
            case 22 | 23:
                return None
            case 26:
                return struct.unpack(">f", self.take(4))[0]
            case 27:
                return struct.unpack(">d", self.take(8))[0]
        raise ValueError(extra)

    def indefinite(self, major: int):
        items = []
        while self.data[self.at] != 0xFF:
            items.append(self.value())
        self.at += 1
        if major == 5:
            return dict(zip(items[::2], items[1::2], strict=True))
        return items if major == 4 else (b"" if major == 2 else "").join(items)
