"""The tables of refusals as two regular expressions for an engine that has no other way to ask: each fits every refusal, and a few texts more.

The expressions keep to what RE2 (DuckDB), Java (Spark) and Trino's Joni (Athena, CloudTrail Lake) read alike.
"""

from __future__ import annotations

from functools import cache

from trailsleuth.catalog.messages import code_rows, message_forms
from trailsleuth.patterns import late

SENTENCE = " to perform"
# What would have to be unwrapped before it can be read: escapes, HTML, JSON, other signs, double spaces.
WRAPPED = r"[^ -\[\]-~]|&|<Code>|^\s*\{|  "
LONGEST_ANCHOR = 20  # signs; what holds an anchor holds its beginning, and an engine may limit the length of a statement
_SPECIAL = late(r"([.?*+()\[\]{}|^$\\])")


@cache
def code_pattern() -> str:
    """Fits every error code that means a refusal."""
    return "(?i)" + "|".join(f"(?:{row.pattern.pattern})" for row in code_rows() if row.denied)


@cache
def message_pattern() -> str:
    """Fits every error message that is one: it holds the beginning of a form's anchor, or it would have to be unwrapped first."""
    anchors = sorted(
        {anchor[:LONGEST_ANCHOR] for form in message_forms() if form.refused and not form.printed for anchor in form.anchors} | {SENTENCE},
        key=lambda text: (len(text), text),
    )
    shortest: list[str] = []
    for anchor in anchors:
        if not any(short in anchor for short in shortest):
            shortest.append(anchor)
    return "(?i)" + "|".join([*(_SPECIAL.sub(r"\\\1", anchor) for anchor in shortest), WRAPPED])
