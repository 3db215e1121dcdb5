"""JSON values and JSON text as nobody should write them: the kinds of mistakes that a parsing test suite lists, made by a generator."""

from __future__ import annotations

import json
import math

from fuzz.choices import Choices, Json, chance, pick

TEXTS = (
    "",
    "x",
    "*",
    "\0",
    "\x1b[2J",
    "a\r\nb",
    "\u202eevil",
    "lone\ud800",
    "\udc00\ud800",
    "\ufeff",
    "=1+1",
    "</script><script>",
    "```",
    "| a | b |",
    "${x}",
    "$(id)",
    "%s%n",
    "../../etc/passwd",
    "\U0010ffff",
    "e" + "\u0301" * 30,
    "true",
    "null",
    "AccessDenied",
    "2026-03-04T09:00:00Z",
    "9999-12-31T23:59:59.999999999Z",
    "0000-00-00",
    "arn:aws:iam::222222222222:role/deploy/ActionRole",
    "arn:::::",
    "arn:aws:sts::222222222222:assumed-role/ActionRole/s",
    "222222222222",
    "ASIAEXAMPLEEXAMPLE22",
    '{"a": 1}',
    "[" * 200,
    "%7B%22a%22",
)
NUMBERS = (0, -1, 1, 2**31, 2**53 + 1, 2**63, 2**64, -(2**63) - 1, 10**400, 1.5, -0.0, 1e308, math.inf, -math.inf, math.nan)
ENCODINGS = ("utf-8", "utf-8-sig", "utf-16", "utf-16-le", "utf-16-be", "utf-32", "latin-1", "cp1252", "utf-7")
TOKENS = (
    "{",
    "}",
    "[",
    "]",
    ",",
    ":",
    '"',
    "\\",
    "\\u",
    "\\ud800",
    "0",
    "-",
    "1e",
    "1e999",
    ".5",
    "01",
    "+1",
    "NaN",
    "Infinity",
    "tru",
    "nul",
    "'a'",
    "//",
    "/**/",
)
BYTES = (
    b"\0",
    b"\xff",
    b"\xfe\xff",
    b"\xef\xbb\xbf",
    b"\xed\xa0\x80",
    b"\xc0\xaf",
    b"\x1f\x8b",
    b"PK\x03\x04",
    b"\r\n",
    b"\n",
    b"\t",
    b"\xf4\x90\x80\x80",
    b"\x80",
)


def text(choose: Choices) -> str:
    """Mostly a text that has hurt somebody, sometimes any characters, seldom a long one."""
    kind = choose.number(0, 19)
    if kind < 14:
        return pick(choose, TEXTS)
    if kind < 19:
        return choose.blob(24).decode("utf-8", "surrogatepass" if kind == 18 else "replace") if kind != 18 else choose.blob(24).decode("latin-1")
    return pick(choose, TEXTS) * choose.number(1, 300)


def value(choose: Choices, depth: int = 3) -> Json:
    """Any JSON value."""
    kind = choose.number(0, 9 if depth else 5)
    if kind == 0:
        return pick(choose, (None, True, False))
    if kind < 3:
        return pick(choose, NUMBERS)
    if kind < 6:
        return text(choose)
    if kind < 8:
        return [value(choose, depth - 1) for _ in range(choose.number(0, 3))]
    return {text(choose): value(choose, depth - 1) for _ in range(choose.number(0, 3))}


def written(choose: Choices, content: Json) -> bytes:
    """A value as JSON text; in one of three cases with mistakes in it."""
    indent = pick(choose, (None, None, 1))
    told = json.dumps(content, indent=indent, ensure_ascii=chance(choose, 50))
    if chance(choose, 20):
        told = told.replace("\n", "\r\n")
    if chance(choose, 15):
        data = told.encode("utf-8", "replace").decode().encode(pick(choose, ENCODINGS), "replace")
    else:
        data = told.encode("utf-8", "surrogatepass" if chance(choose, 30) else "replace")
    return damaged(choose, data) if chance(choose, 33) else data


def damaged(choose: Choices, data: bytes) -> bytes:
    """Up to four changes: something put in, cut out, overwritten, doubled, or the end cut off."""
    for _ in range(choose.number(1, 4)):
        at = choose.number(0, len(data))
        kind = choose.number(0, 5)
        if kind == 0:
            data = data[:at] + pick(choose, TOKENS).encode() + data[at:]
        elif kind == 1:
            data = data[:at] + pick(choose, BYTES) + data[at:]
        elif kind == 2:
            data = data[:at] + data[at + choose.number(1, 40) :]
        elif kind == 3:
            data = data[:at] + choose.blob(6) + data[at + 3 :]
        elif kind == 4:
            data = data[:at] + data[at : at + choose.number(1, 200)] + data[at:]
        else:
            data = data[:at]
    return data
