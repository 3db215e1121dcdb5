"""An error message made plain: JSON and HTML wrapping undone, white space evened, and whether CloudTrail cut it off."""

from __future__ import annotations

import html
import json

from msgspec import Struct

from trailsleuth.patterns import late

# CloudTrail keeps at most 1 KB of errorMessage; what is longer is cut without a sign.
# https://docs.aws.amazon.com/awscloudtrail/latest/userguide/cloudtrail-event-reference-record-contents.html
_CUT_FROM, _CUT_TO = 1000, 1030
_LIMIT = 120_000
CUT_SIGNS = ("...", "…", "[truncated]", "(truncated)", "<truncated>", "[...]", "[…]")
_WHOLE = (" action", " action.")  # how the usual sentence ends
_QUOTES = {ord("’"): "'", ord("‘"): "'", ord("“"): '"', ord("”"): '"', 0: " "}
_ASCII_LOWER = {upper: upper + 32 for upper in range(ord("A"), ord("Z") + 1)}
_MESSAGE_KEYS = ("message", "errormessage", "error_message", "detail", "error", "cause", "err", "msg", "reason")
_TELLING = ("authorized to", "denied", "permission", "forbidden")  # of several members, the one that tells of a denial is the message
_CODE_KEYS = ("code", "__type", "errorcode", "error_code", "errortype", "type")
_XML_CODE = late(r"<Code>([\w.]{1,100})</Code>")


class MessageText(Struct, frozen=True, kw_only=True):
    """`text` with its ASCII lower-case twin of the same length; `code` is an error code that the wrapping carried; `cut`: the end is missing."""

    text: str
    lower: str
    code: str | None
    cut: bool


def plain_message(message: str) -> MessageText:
    """The message without its wrapping. Never raises."""
    cut = _CUT_FROM <= len(message.encode("utf-8", "replace")) <= _CUT_TO
    text, code = _unwrapped(message[:_LIMIT].strip())
    if "&" in text:
        text = html.unescape(text)
    xml = _XML_CODE.search(text[:4000])
    code = code or (xml.group(1) if xml else None)
    text = " ".join(text.replace('\\"', '"').translate(_QUOTES).split())
    while text.endswith(CUT_SIGNS):
        text, cut = text.removesuffix(next(sign for sign in CUT_SIGNS if text.endswith(sign))).rstrip(), True
    cut = cut and not text.endswith(_WHOLE)
    lower = text.lower() if text.isascii() else text.translate(_ASCII_LOWER)
    return MessageText(text=text, lower=lower, code=code, cut=cut)


def _unwrapped(text: str) -> tuple[str, str | None]:
    """A message that is JSON text, as AppSync and some SDKs give it, and the code that stood beside it."""
    code: str | None = None
    for _ in range(3):
        if not text.startswith("{"):
            break
        try:
            value = json.loads(text)
        except (ValueError, RecursionError):
            break
        if not isinstance(value, dict):
            break
        inner, code = _inner(value, code)
        if inner is None:
            break
        text = inner.strip()
    return text, code


def _inner(value: dict[str, object], code: str | None) -> tuple[str | None, str | None]:
    fields = {str(key).lower(): item for key, item in value.items()}
    said = [item for key in _MESSAGE_KEYS if isinstance(item := fields.get(key), str)]
    found = next((item for item in said if any(word in item.lower() for word in _TELLING)), next(iter(said), None))
    named = next((item for key in _CODE_KEYS if isinstance(item := fields.get(key), str)), None)
    nested = fields.get("error")
    if found is None and isinstance(nested, dict):
        return _inner(nested, named or code)
    return found, (named.rpartition("#")[2] if named else code)
