"""The marks that terminals, web pages, logs and chats put around a message, taken off: what stays is what AWS wrote.

Every step goes once through the text, and is skipped where its mark does not stand in it.
"""

from __future__ import annotations

import html
import re
from urllib.parse import unquote, unquote_plus

from trailsleuth.patterns import late

_ANSI = late(
    r"(?:\x1b|\\u001b|\\x1b|\\033|\\e|\^\[|␛)(?:\[[0-?]{0,40}[ -/]{0,4}[@-~]|\][^\x07\x1b\n]{0,400}(?:\x07|\x1b\\|$))|\x1b[@-_]|\[\d{1,3}(?:;\d{1,3}){0,4}m",
    re.IGNORECASE | re.MULTILINE,
)
_UNSEEN = dict.fromkeys(map(ord, "\u200b\u200c\u200d\u200e\u200f\u2060\ufeff\u00ad\u2066\u2067\u2068\u2069"))
_SEEN = {0x00A0: " ", 0x202F: " ", 0x2028: "\n", 0x2029: "\n", 0x21B5: " ", 0x23CE: " ", 0x0C: "\n", 0x0B: "\n", 0: " "}
_MARKS = str.maketrans({**_UNSEEN, **_SEEN, ord("’"): "'", ord("‘"): "'", ord("“"): '"', ord("”"): '"'})
_ESCAPED = late(
    r"\\{1,8}(?:(?P<line>r?n(?![a-z]{1,12}[\\/])|r\\{1,8}n)|(?P<blank>[tr](?=[\W_A-Z0-9]|at |status|caused|$))|(?P<sign>[\"'/`])|u(?P<code>[0-9a-fA-F]{4}))"
)
_WORDS_OF_URL = late(r"[^\s\"'<>]{0,2000}(?:arn%(?:25)?3A|not(?:%(?:25)?20|\+)authori|access(?:%(?:25)?20|\+)denied)[^\s\"'<>]{0,6000}", re.IGNORECASE)
_LINK = late(r"<([^\s<>|]{1,600})\|[^\s<>|]{1,600}>")  # of a chat: what it leads to, and what is shown
_CODE = late(r"`([^\s`']{1,600})`")  # Markdown's; PHP's SDK ends its quote with another sign
_XML_ERROR = late(r"<Code>([\w.:]{1,100})</Code>\s{0,200}<Message>([^<]{0,4000})</Message>")
_XML_ASIDE = late(r"<(RequestI[dD]|HostId|Type|Expires|ServerTime|AWSAccessKeyId|RequestTime)>[^<]{0,600}</\1>")
_TAG_TEXT = (
    r"</?(?:p|br|b|i|u|em|strong|code|pre|span|div|li|ul|ol|td|tr|th|table|tbody|thead|a|h[1-6]|font|html|head|body|title|hr|blockquote|img|small|samp|tt|kbd|center"
    r"|Errors?|ErrorResponse|Response|Code|Message|Resource|BucketName|Key|Detail|RequestI[dD]|HostId|message|Body|Fault|\w{2,60}Exception)(?:[\s/][^<>]{0,400})?>"
)
_TAG = late(_TAG_TEXT)
_LINE_OF_TAGS = late(rf"^[ \t]*(?:{_TAG_TEXT}[ \t]*){{1,8}}\n", re.MULTILINE)  # leaves no blank line, which would part what belongs together
_DECLARATION = late(r"<\?xml[^<>]{0,200}\?>\s{0,8}|<!DOCTYPE[^<>]{0,200}>")


def without_marks(text: str) -> str:
    """The text as AWS wrote it, line breaks real: no colours, no tags, no entities, no escapes of strings inside strings, no URL-encoding."""
    if "\r" in text:
        text = text.replace("\r\n", "\n").replace("\r", "\n")
    if any(mark in text for mark in ("\x1b", "[", "^[")):
        text = _ANSI.sub("", text)
    if not text.isascii() or "\0" in text:
        text = text.translate(_MARKS)
    if "&" in text:
        text = _entities(text)
    if "%" in text or "+" in text:
        text = _WORDS_OF_URL.sub(_unquoted, text)
    if "\\" in text:
        text = _ESCAPED.sub(_unescaped, text)
    if "<" in text:
        text = _without_tags(_LINK.sub(r"\1", text))
    if "`" in text:
        text = _CODE.sub(r"\1", text)
    return text.replace('""', '"') if '""' in text else text


def _entities(text: str) -> str:
    """Entities once more as long as that changes something: chats escape what a page had escaped already."""
    for _ in range(3):
        plain = html.unescape(text)
        if plain == text:
            break
        text = plain
    return text


def _unquoted(found: re.Match[str]) -> str:
    """The parameters of an address, a line each."""
    words = found.group()
    for _ in range(2):
        words = unquote_plus(words) if "%20" not in words else unquote(words)
        if "%3A" not in words and "%3a" not in words:
            break
    return words.replace("&", "\n")


def _unescaped(found: re.Match[str]) -> str:
    if found["line"]:
        return "\n"
    if found["blank"]:
        return "\t"
    if found["sign"]:
        return found["sign"]
    sign = chr(int(found["code"], 16))
    return sign if sign.isprintable() else " "


def _without_tags(text: str) -> str:
    text = _XML_ASIDE.sub("", _DECLARATION.sub("", text))
    text = _XML_ERROR.sub(lambda found: f"{found[1]}: {' '.join(found[2].split())}", text)
    return _TAG.sub(" ", _LINE_OF_TAGS.sub("", text))
