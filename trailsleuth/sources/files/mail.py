"""A saved mail (.eml): its bodies and attachments, unpacked from base64 and quoted-printable. https://www.rfc-editor.org/rfc/rfc2045"""

from __future__ import annotations

import re
from collections.abc import Iterator

from trailsleuth.patterns import late

_HEADERS = late(rb"(?:[A-Za-z][A-Za-z0-9-]{0,60}:[^\n]*\n(?:[ \t]+\S[^\n]*\n)*){3,}\r?\n")
_MIME = late(rb"^(?:MIME-Version|Content-Transfer-Encoding):", re.MULTILINE | re.IGNORECASE)
_LOOK = 64 * 1024


def is_mail(data: bytes) -> bool:
    """The bytes begin with the header of a mail that says how its parts are encoded."""
    if not data[:1].isalpha():
        return False
    header = _HEADERS.match(data[:_LOOK])
    return header is not None and _MIME.search(header.group()) is not None


def parts_of(data: bytes) -> Iterator[tuple[str, bytes]]:
    """Each part with its name; of two bodies that say the same the plain one."""
    from email import message_from_bytes
    from email.message import Message

    message: Message[str, str] = message_from_bytes(data)
    parts = [part for part in message.walk() if not part.is_multipart()]
    plain = any(part.get_content_type() == "text/plain" and part.get_filename() is None for part in parts)
    for number, part in enumerate(parts, start=1):
        content = part.get_payload(decode=True)
        body = part.get_filename() is None
        if isinstance(content, bytes) and content.strip() and not (body and plain and part.get_content_type() == "text/html"):
            yield str(part.get_filename() or f"part {number}"), content
