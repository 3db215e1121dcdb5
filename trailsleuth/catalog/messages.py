"""What AWS's refusals look like: message forms, clauses, error codes and opaque texts, as rows of tables.

The tables are `data/denial_messages.toml`, `data/denied_codes.toml` and `data/opaque_errors.toml`; each row has its source, examples it must read
and counter-examples it must leave alone.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from functools import cache, lru_cache
from typing import Any

from msgspec import Struct
from msgspec.structs import replace

from trailsleuth.catalog.load import rows_of
from trailsleuth.model import OpaqueError
from trailsleuth.patterns import late

# Every quantifier in a pattern is bounded and every row is tried on a window around its anchor only: no text can make the reading slow.
_MACROS = {
    "‹arn›": r"arn:aws[a-z-]{0,16}:[^\s\"'<>,;()]{1,1100}",
    "‹role›": r"arn:aws[a-z-]{0,16}:iam::\d{12}:role/[^\s\"'<>,;()]{1,600}",
    "‹action›": r"[A-Za-z][A-Za-z0-9-]{1,60}:[A-Za-z0-9*]{1,128}",
    "‹word›": r"[A-Za-z][A-Za-z0-9_]{1,100}",
    "‹name›": r"[\w+=,.@/-]{1,512}",
    "‹q›": r"[\"'`]?",
    "‹s3›": r"(?:s3[an]?://|https://s3(?:[.-][a-z0-9-]{1,30})?\.amazonaws\.com(?:\.cn)?/)",  # what stands before bucket/key
}


class MessageForm(Struct, frozen=True, kw_only=True):
    """One form of message: `anchors` (any of them, lower case) must stand in the text, then `pattern` is tried around it.

    `fixed` are the fields of a denial that the form decides by itself; `{group}` in them stands for what the pattern read. `refused` false: a
    text that only looks like a refusal; `warning`: the program that prints it goes on without; `printed`: no record holds it, only what clients and
    services print elsewhere; `recorded`: it counts in a record alone, and there only with a code that is no refusal. `codes`, `sources` and `events`, where
    given, limit the form to error codes, event sources and event names.
    """

    id: str
    rank: int
    anchors: tuple[str, ...]
    pattern: str | None
    codes: str | None
    sources: tuple[str, ...]
    events: tuple[str, ...]
    fixed: Mapping[str, Any]
    refused: bool
    warning: bool
    printed: bool
    recorded: bool
    examples: tuple[Mapping[str, Any], ...]
    counters: tuple[str, ...]
    source: str


class Clause(Struct, frozen=True, kw_only=True):
    """A reason at the end of a refusal that names no policy type in AWS's usual frame; `text` is lower case."""

    id: str
    text: str
    fixed: Mapping[str, Any]


class CodeRow(Struct, frozen=True, kw_only=True):
    """A family of error codes: refusal or not. `fixed` are denial fields that the code decides, `meaning` says what it is instead."""

    id: str
    pattern: re.Pattern[str]
    denied: bool
    meaning: str
    fixed: Mapping[str, Any]


class Carrier(Struct, frozen=True, kw_only=True):
    """A family of codes of other errors whose texts may be a denial all the same; `sentence`: the usual sentence too."""

    id: str
    pattern: re.Pattern[str]
    sentence: bool


@cache
def compiled(pattern: str) -> re.Pattern[str]:
    """A pattern of the tables, its macros filled in; compiled when a text first needs it, for all of them take a tenth of a second."""
    for macro, text in _MACROS.items():
        pattern = pattern.replace(macro, text)
    return re.compile(pattern, re.IGNORECASE)


@cache
def message_forms() -> tuple[MessageForm, ...]:
    """Every message form, the one to try first first."""
    forms = [
        MessageForm(
            id=row["id"],
            rank=row["rank"],
            anchors=tuple(row["anchors"]),
            pattern=row.get("pattern"),
            codes=row.get("codes"),
            sources=tuple(row.get("sources", ())),
            events=tuple(row.get("events", ())),
            fixed=row.get("fixed", {}),
            refused=row.get("refused", True),
            warning=row.get("warning", False),
            printed=row.get("printed", False),
            recorded=row.get("recorded", False),
            examples=tuple(row["examples"]),
            counters=tuple(row["counters"]),
            source=row["source"],
        )
        for row in rows_of("denial_messages", "message")
    ]
    return tuple(sorted(forms, key=lambda form: form.rank))


@cache
def warnings() -> frozenset[str]:
    """The ids of the forms that a program prints and goes on: beside a denial they are none."""
    return frozenset(form.id for form in message_forms() if form.warning)


@cache
def unrecorded() -> frozenset[str]:
    """The ids of the forms that no record holds: what clients print of decisions that CloudTrail does not see."""
    return frozenset(form.id for form in message_forms() if form.printed)


@cache
def policy_phrases() -> tuple[tuple[str, str], ...]:
    """AWS's words for a policy type (lower case) and the contract's word for it."""
    return tuple((row["text"], row["policy_type"]) for row in rows_of("denial_messages", "policy_phrase"))


@cache
def api_names() -> Mapping[str, str]:
    """IAM's action (value) for names of calls that CloudFormation and the SDKs use and IAM does not know (key, lower case)."""
    return {row["name"].lower(): row["iam_action"] for row in rows_of("denial_messages", "api_name")}


@cache
def clauses() -> tuple[Clause, ...]:
    """Reasons outside of the usual frame: KMS's three-way text, S3's own settings."""
    return tuple(Clause(id=row["id"], text=row["text"], fixed=row["fixed"]) for row in rows_of("denial_messages", "clause"))


@cache
def code_rows() -> tuple[CodeRow, ...]:
    """Families of error codes; the first that fits decides."""
    return tuple(
        CodeRow(
            id=row["id"],
            pattern=late(row["pattern"], re.IGNORECASE),
            denied=row["denied"],
            meaning=row.get("meaning", ""),
            fixed=row.get("fixed", {}),
        )
        for row in rows_of("denied_codes", "code")
    )


@cache
def code_row(code: str) -> CodeRow | None:
    """The row of an error code; None where no table knows it."""
    return next((row for row in code_rows() if row.pattern.search(code[:200])), None)


@cache
def _carriers() -> tuple[Carrier, ...]:
    rows = rows_of("denied_codes", "carrier")
    return tuple(Carrier(id=row["id"], pattern=late(row["pattern"]), sentence=row["sentence"]) for row in rows)


@cache
def _codes_of_forms() -> Mapping[str, frozenset[str]]:
    """By form: the codes of its examples, and the families that they belong to."""
    found = {}
    for form in message_forms():
        codes = {str(example["code"]) for example in form.examples if example.get("code")}
        found[form.id] = frozenset(codes | {carrier.id for carrier in _carriers() if any(carrier.pattern.search(code) for code in codes)})
    return found


@lru_cache(maxsize=1024)
def may_carry(code: str) -> bool:
    """Whether the text of another error with this code can be a denial at all."""
    return any(carries(code, form) for form in (None, *message_forms()))


def carries(code: str, form: MessageForm | None) -> bool:
    """Whether it may be one of this form: its row names the code, or has an example with it or with one of its family. None is the usual sentence."""
    families = [carrier for carrier in _carriers() if carrier.pattern.search(code[:200])]
    if form is None:
        return any(carrier.sentence for carrier in families)
    named = form.codes is not None and compiled(form.codes).search(code[:200]) is not None
    return named or not _codes_of_forms()[form.id].isdisjoint({code, *(carrier.id for carrier in families)})


@cache
def _echoes() -> tuple[re.Pattern[str], ...]:
    return tuple(late(row["pattern"], re.DOTALL) for row in rows_of("denied_codes", "echo"))


def is_echo(text: str) -> bool:
    """Whether the text repeats what the caller wrote."""
    return any(pattern.search(text[:5000]) for pattern in _echoes())


@cache
def opaque_errors() -> tuple[OpaqueError, ...]:
    """Every opaque text of the table, in its order: special before general."""
    return tuple(
        OpaqueError(
            id=row["id"],
            service=row["service"],
            text=row["text"],
            meaning=row["meaning"],
            sources=tuple(row.get("sources", ())),
            providers=tuple(row.get("providers", ())),
            look_at=row.get("look_at", ""),
            other_causes=tuple(row.get("other_causes", ())),
            permission=row.get("permission", True),
            explains=row.get("explains", False),
            reached=row.get("reached", True),
        )
        for row in rows_of("opaque_errors", "error")
    )


def opaque_error(text: str) -> OpaqueError | None:
    """The opaque error that a text is or holds, with the values it filled in; None where the table has none."""
    plain = " ".join(text[:20_000].translate(_QUOTES).split())
    lower = plain.lower() if len(plain.lower()) == len(plain) else plain
    for error in opaque_errors():
        values = _filled(error.text, plain, lower)
        if values is not None:
            return replace(error, values=values)
    return None


_QUOTES = {ord("’"): "'", ord("‘"): "'", ord("“"): '"', ord("”"): '"'}
_VARIABLE = late(r"‹(\w+)›")


@cache
def _parts(template: str) -> tuple[str, ...]:
    return tuple(_VARIABLE.split(template.translate(_QUOTES)))


def _filled(template: str, plain: str, lower: str) -> dict[str, str] | None:
    """What stands at the variables of a template in a text: literal parts in order, one find for each, so the time is linear."""
    parts = _parts(template)
    start = lower.find(parts[0].lower())
    if start < 0:
        return None
    at = start + len(parts[0])
    values: dict[str, str] = {}
    for name, literal in zip(parts[1::2], parts[2::2], strict=True):
        end = lower.find(literal.lower(), at) if literal else _word_end(plain, at)
        if end < 0 or end - at > 600:
            return None
        values[name] = plain[at:end].rstrip(".")
        at = end + len(literal)
    return values


def _word_end(text: str, at: int) -> int:
    end = text.find(" ", at)
    return len(text) if end < 0 else end
