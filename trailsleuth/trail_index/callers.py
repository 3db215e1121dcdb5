"""Callers in little room: what `userIdentity` holds of one session alone stands apart from the form, which thousands of sessions share."""

from __future__ import annotations

from typing import Any

import msgspec

from trailsleuth.ingest.identity import parse_identity
from trailsleuth.model import session_name_of
from trailsleuth.scan.identity import seen_in

_SIGNS = (b"\x01", b"\x02", b"\x03")  # bytes that no JSON holds
Words = tuple[str | None, str | None, str | None]


def told_of(raw: bytes) -> tuple[Any, ...]:
    """The row of a caller: its marks; for people the account, the role or user, the session's name and the access key; when it was opened; and the form."""
    seen = seen_in(raw)
    identity = parse_identity(msgspec.json.decode(raw), bare=True)
    name = session_name_of(identity.arn) or (identity.principal_id or "").partition(":")[2] or None
    words = (name, identity.access_key_id, identity.created.strftime("%Y-%m-%dT%H:%M:%SZ") if identity.created else None)
    return (*seen.who, seen.account, seen.caller, *words, _form(raw, words))


def _form(raw: bytes, words: Words) -> bytes:
    form = raw
    for word, sign in zip(words, _SIGNS, strict=True):
        if word:
            form = form.replace(word.encode(), sign)
    return form if identity_of(form, *words) == raw else raw


def identity_of(form: bytes, *words: str | None) -> bytes:
    """`userIdentity` as it stood in the file."""
    for word, sign in zip(reversed(words), reversed(_SIGNS), strict=True):
        form = form.replace(sign, (word or "").encode())
    return form
