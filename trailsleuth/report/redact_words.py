"""Pseudonyms that policies can still be compared by: a name keeps its separators, wildcards and capitals, a word is the same wherever it stands.

`web-artifacts` and the pattern `web-*` become `kan-lope` and `kan-*`: what matched before matches after. Addresses keep their common prefixes for the
same reason: those inside a CIDR block before are inside it afterwards.
"""

from __future__ import annotations

import hashlib
import hmac
import ipaddress
from collections.abc import Callable, Iterable

from trailsleuth.patterns import late

_CHUNK = late(r"[^\W_]+")
_PARTS = late(r"[A-Z]+(?![a-z])|[A-Z]?[a-z]+|\d+")
_BESIDE = late(r"([^\W_]+)[*?]|[*?]([^\W_]+)")
_SYLLABLES = tuple(c + v for c in "bdfgklmnprstvz" for v in "aeiou")
_ACCOUNT_DIGITS = 12
_KEPT_DIGITS = 3  # versions and counters; longer numbers may be account ids, times or the like


class Words:
    """The words given out so far. `kept` are words that say nothing of their owner (in lower case); `secret` makes addresses
    unguessable; `account` gives an account id's stand-in."""

    def __init__(self, kept: Iterable[str], *, secret: bytes, account: Callable[[str], str]) -> None:
        self._kept = frozenset(kept)
        self._secret = secret
        self._account = account
        self._words: dict[str, str] = {}
        self._numbers: dict[str, str] = {}
        self._cuts: tuple[str, ...] = ()  # the longest first
        self._made: set[str] = set()
        self._mixed: dict[str, str] = {}

    def cut_at(self, pattern: str) -> None:
        """Remembers the fragments beside a pattern's wildcards: words that begin or end so are made of two."""
        found = {part.lower() for beside in _BESIDE.findall(pattern) for part in beside if part} - set(self._cuts)
        if found:
            self._cuts = tuple(sorted({*self._cuts, *found}, key=lambda cut: (-len(cut), cut)))

    def name(self, text: str) -> str:
        """The name under other words."""
        return _CHUNK.sub(lambda found: self._chunk(found.group()), text)

    def _chunk(self, chunk: str) -> str:
        if chunk.lower() in self._kept:
            return chunk
        parts = _PARTS.findall(chunk)
        if "".join(parts) != chunk or any(len(part) < 2 and part.isalpha() for part in parts) or len(parts) > 6:
            return self._odd(chunk)
        return "".join(self._number(part) if part.isdigit() else self._word(part) for part in parts)

    def _odd(self, chunk: str) -> str:
        """Random ids and other scripts: a word of its own for the whole, or for what a pattern parts it into."""
        for cut in self._cuts:
            rest = chunk[len(cut) :]
            if rest and chunk.lower().startswith(cut):
                return self._chunk(chunk[: len(cut)]) + self._odd_word(rest)
            if rest and chunk.lower().endswith(cut):
                return self._odd_word(chunk[: -len(cut)]) + self._chunk(chunk[-len(cut) :])
        return self._odd_word(chunk)

    def _odd_word(self, chunk: str) -> str:
        if chunk.isascii() and len(chunk) < 2:
            return chunk
        return self._mixed.setdefault(chunk, f"{_spelled(len(self._mixed))}{len(self._mixed) % 10}x")

    def _word(self, part: str) -> str:
        low = part.lower()
        if low in self._kept:
            return part
        for cut in self._cuts:
            if cut != low and low.startswith(cut):
                return _styled(self._plain(cut), part[: len(cut)]) + _styled(self._plain(low[len(cut) :]), part[len(cut) :])
            if cut != low and low.endswith(cut):
                return _styled(self._plain(low[: -len(cut)]), part[: -len(cut)]) + _styled(self._plain(cut), part[-len(cut) :])
        return _styled(self._plain(low), part)

    def _plain(self, word: str) -> str:
        if word in self._kept or word.isdigit():
            return word
        if word not in self._words:
            number = len(self._words)
            while (made := _spelled(number)) in self._kept or made in self._made:
                number += 1
            self._words[word] = made
            self._made.add(made)
        return self._words[word]

    def _number(self, digits: str) -> str:
        if len(digits) <= _KEPT_DIGITS:
            return digits
        if len(digits) == _ACCOUNT_DIGITS:
            return self._account(digits)
        return self._numbers.setdefault(digits, f"{10 ** (len(digits) - 1) + len(self._numbers) + 1}")

    def address(self, text: str) -> str:
        """An IPv4 or IPv6 address, or a CIDR block, under another prefix of the same length; `0.0.0.0/0` and its like stay."""
        bare, slash, length = text.partition("/")
        address = ipaddress.ip_address(bare)
        size = address.max_prefixlen
        bits = f"{int(address):0{size}b}"
        shown = min(int(length), size) if slash else size
        out = "".join(str(int(bits[at]) ^ self._flip(f"{size}:{bits[:at]}")) for at in range(shown)) + "0" * (size - shown)
        made = ipaddress.IPv4Address(int(out, 2)) if size == 32 else ipaddress.IPv6Address(int(out, 2))
        return f"{made}{slash}{length}"

    def _flip(self, prefix: str) -> int:
        """https://en.wikipedia.org/wiki/Crypto-PAn: each bit is turned or not by what stands before it."""
        return hmac.new(self._secret, prefix.encode(), hashlib.sha256).digest()[0] & 1


def _spelled(number: int) -> str:
    """0 is `baba`: two syllables at least, so that no word is mistaken for one of a language's."""
    number += len(_SYLLABLES)
    out = ""
    while number:
        number, rest = divmod(number, len(_SYLLABLES))
        out = _SYLLABLES[rest] + out
    return out


def _styled(word: str, like: str) -> str:
    if like.isupper() and len(like) > 1:
        return word.upper()
    return word.capitalize() if like[:1].isupper() else word
