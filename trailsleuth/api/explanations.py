"""What pasted messages, pipeline errors and records say by themselves."""

from __future__ import annotations

import re
from collections.abc import Iterable
from pathlib import Path

from trailsleuth.errors import EvidenceUnreadable, UsageError
from trailsleuth.ingest.distinct import joined
from trailsleuth.ingest.evidence import read_evidence
from trailsleuth.ingest.explain import explain_evidence, explain_text
from trailsleuth.model import Evidence, RawInput, Skipped
from trailsleuth.model.explanation import Explanation
from trailsleuth.sources.files.exports import read_inputs

_LIKE_A_PATH = re.compile(r"[^\s:]{1,1000}(?:\.(?:json|jsonl|gz|zip|bz2|zst|tar|tgz|txt|log|csv)|/[^\s:/]*)")


def explain(text: str, *, stdin: bytes | None = None) -> Explanation:
    """Every refusal in a text, in a file or directory that it names, or (for `-`) in `stdin`: messages, pipeline errors, records in any form."""
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
    evidence = read_evidence([item])
    if _holds_something(evidence):
        return explain_evidence(evidence)
    try:
        text = item.data.decode("utf-8-sig")
    except UnicodeDecodeError:
        return Explanation(unreadable=1)
    return Explanation(unreadable=1) if "\x00" in text else joined([explain_text(text), Explanation(unreadable=evidence.coverage.unreadable)])


def _holds_something(evidence: Evidence) -> bool:
    policies = evidence.policies
    return bool(
        evidence.records or evidence.actions or evidence.runs or evidence.pipelines or policies.principals or policies.resources or policies.organization
    )
