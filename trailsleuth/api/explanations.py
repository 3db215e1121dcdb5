"""What pasted messages, pipeline errors and records say by themselves."""

from __future__ import annotations

import codecs
from collections.abc import Iterable
from pathlib import Path

from trailsleuth.errors import EvidenceUnreadable, UsageError
from trailsleuth.ingest.distinct import joined
from trailsleuth.ingest.explain import explain_text
from trailsleuth.model import Evidence, RawInput, Skipped
from trailsleuth.model.explanation import Explanation
from trailsleuth.patterns import late
from trailsleuth.sources.files.exports import read_inputs

_LIKE_A_PATH = late(r"[^\s:]{1,1000}(?:\.(?:json|jsonl|gz|zip|bz2|zst|tar|tgz|txt|log|csv)|/[^\s:/]*)")

_NO_TEXT = tuple(bytes([sign]) for sign in (*range(7), *range(14, 27), 28, 29, 30, 31))  # control signs that no text holds

_PROSE = 200_000  # signs: up to here a text with records in it is read for what stands around them too


def explain(text: str, *, stdin: bytes | None = None) -> Explanation:
    """Every denial in a text, in a file or directory that it names, or (for `-`) in `stdin`: messages, pipeline errors, records in any form."""
    if not text.strip():
        raise UsageError("nothing to explain", next_step="give a message, a file, or - for standard input")
    if text != "-" and not _names_a_file(text):
        if _LIKE_A_PATH.fullmatch(text):
            raise EvidenceUnreadable(f"cannot read {text}", why="there is no such file", next_step="check the path; a message is given in quotes")
        return _explain_inputs([RawInput(source="text", data=text.encode("utf-8", "surrogateescape"))])
    inputs = list(read_inputs([text], stdin=stdin))
    if not any(isinstance(item, RawInput) and item.data.strip() for item in inputs):
        raise EvidenceUnreadable(f"{'standard input' if text == '-' else text} is empty or unreadable", next_step="give messages or records")
    return _explain_inputs(inputs)


def _names_a_file(text: str) -> bool:
    try:
        return Path(text).exists()
    except (OSError, ValueError):  # too long for a path, or with a zero byte
        return False


def _explain_inputs(inputs: Iterable[RawInput | Skipped]) -> Explanation:
    """Each input as evidence where it is some, else as pasted text; what is neither counts as unreadable."""
    return joined(_explain_input(item) for item in inputs)


def _explain_input(item: RawInput | Skipped) -> Explanation:
    if isinstance(item, Skipped):
        return Explanation(unreadable=1)
    if not item.data.strip():
        return Explanation()
    text = _text_of(item.data)
    if text is not None and "{" not in text and "\n" not in text.strip():
        return explain_text(text)  # one line without an object holds no evidence
    return _explain_evidence(item, text)


def _explain_evidence(item: RawInput, text: str | None) -> Explanation:
    from trailsleuth.ingest.blocks import beside_records, unfolded
    from trailsleuth.ingest.evidence import read_evidence  # one line alone is read without any of this
    from trailsleuth.ingest.explain_records import explain_events, explain_evidence, with_told

    if text is not None and (whole := unfolded(text)) != text:
        item, text = RawInput(source=item.source, data=whole.encode("utf-8", "surrogateescape")), whole
    evidence = read_evidence([item])
    if _holds_something(evidence):
        found = explain_evidence(evidence)
        around = text is not None and len(text) <= _PROSE and text.lstrip()[:1] not in ("{", "[")
        return with_told(found, explain_events(beside_records(text))) if around and text is not None else found
    if text is None:
        return Explanation(unreadable=1)
    told = explain_events(text)
    return told if told.denials else joined([told, Explanation(unreadable=evidence.coverage.unreadable)])


def _text_of(data: bytes) -> str | None:
    """The text: UTF-8, UTF-16 as PowerShell writes it, else as Windows does in Europe; None where it is no text."""
    if data.startswith((codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE)):
        return data.decode("utf-16", "replace")
    if data[1:2] == b"\0" and data.count(b"\0") > len(data) // 4:
        return data.decode("utf-16-le", "replace")
    if any(sign in data for sign in _NO_TEXT):
        return None
    try:
        return data.decode("utf-8-sig")
    except UnicodeDecodeError:
        return data.decode("cp1252", "replace")


def _holds_something(evidence: Evidence) -> bool:
    policies = evidence.policies
    return bool(
        evidence.records
        or evidence.actions
        or evidence.runs
        or evidence.pipelines
        or evidence.decoded
        or policies.principals
        or policies.resources
        or policies.organization
    )
