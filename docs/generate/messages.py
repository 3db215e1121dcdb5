"""What denials look like, and texts that hide them: from the message tables."""

from __future__ import annotations

from collections.abc import Iterable

from docs.generate.markdown import anchor, code, codes, prose, source, table, whole
from docs.generate.rows import Row, rows

INTRO = """
A denial is known by its error code or by its text. These are the forms that are read besides AWS's usual sentence (`User: … is not authorized to
perform: … on resource: … because no … policy allows the … action`, in all its variants). Each row has examples that must be read so and
counter-examples that must not; the tests run them all. Rows with a rank below 50 are tried before the usual sentence, the others after it. Try a
text with `trailsleuth explain "…"`.
"""
OPAQUE = """
Texts that tell that something was denied and hide what. The record of the denial stands elsewhere: these rows say where to look, and what else
gives the same text. `‹name›` stands for a part that varies. `diagnose` uses them to rank what it found, `explain` to say what to do next.
"""


def page() -> str:
    """Message forms, error codes, advice."""
    parts = (_phrases(), _clauses(), _forms(), _codes(), _carriers(), _advice(), _after_a_finding(), _names())
    return whole("Messages of denials", INTRO, *parts)


def opaque_page() -> str:
    """The opaque texts."""
    parts = [opaque_row(row) for row in rows("opaque_errors", "error")]
    return whole("Opaque texts", OPAQUE, *parts)


def _reading(example: Row) -> str:
    told = [f"{name} {code(value)}" for name, value in example.items() if name not in ("text", "code")]
    coded = f"error code {code(example['code'])}: " if example.get("code") else ""
    return f"- {coded}{code(example['text'])}" + (f" is read as {', '.join(told)}" if told else "")


def _form(row: Row) -> Iterable[str]:
    yield f"### {code(row['id'])}"
    yield ""
    yield f"Rank {row['rank']}, {source(row['source'])}, checked {row['verified']}." + ("" if row.get("refused", True) else " Not a denial.")
    yield ""
    yield from (_reading(example) for example in row["examples"])
    yield from (f"- not: {code(counter)}" for counter in row["counters"])
    yield ""
    if row.get("fixed", {}).get("advice"):
        yield from (f"> {prose(row['fixed']['advice'])}", "")


def _forms() -> list[str]:
    listed = sorted(rows("denial_messages", "message"), key=lambda row: row["rank"])
    return ["## Message forms", "", *(line for row in listed for line in _form(row))]


def _phrases() -> list[str]:
    listed = [(code(row["text"]), code(row["policy_type"])) for row in rows("denial_messages", "policy_phrase")]
    return ["## Policy types by AWS's words", "", *table(["in the message", "policy type"], listed)]


def _clauses() -> list[str]:
    listed = [(anchor(row["id"]), code(row["text"]), prose(row["fixed"].get("advice", "")), source(row["source"])) for row in rows("denial_messages", "clause")]
    return ["## Reasons in other words", "", *table(["row", "the text holds", "advice", ""], listed)]


def _codes() -> list[str]:
    listed = [
        (
            anchor(row["id"]),
            "yes" if row["denied"] else "no",
            code(row["pattern"]),
            prose(row.get("meaning", "")),
            codes(row["examples"]),
            source(row["source"]),
        )
        for row in rows("denied_codes", "code")
    ]
    return [
        "## Error codes",
        "",
        "The first row that fits decides; a message that reads as a denial wins over a code that says nothing.",
        "",
        *table(["row", "a denial", "pattern", "meaning", "examples", ""], listed),
    ]


def _carriers() -> list[str]:
    carried = [(anchor(row["id"]), code(row["pattern"]), "yes" if row["sentence"] else "no", source(row["source"])) for row in rows("denied_codes", "carrier")]
    echoed = [(anchor(row["id"]), code(row["pattern"]), code(row["example"]), source(row["source"])) for row in rows("denied_codes", "echo")]
    return [
        "## Other errors whose texts may be a denial",
        "",
        "In a record the text of any other error is a denial only in a form that has an example with its code, or with one of the same row, "
        "and only where the service's own words come first.",
        "",
        *table(["row", "pattern", "the usual sentence", ""], carried),
        "",
        "## What a service repeats of the caller's words",
        "",
        *table(["row", "pattern", "example", ""], echoed),
    ]


def _advice() -> list[str]:
    heads = ["row", "where", "advice", ""]
    listed = [(anchor(row["id"]), codes(_where(row)), prose(row["text"]), source(row["source"])) for row in rows("denial_advice", "advice")]
    return ["## Advice", "", "By what decided; the first row that fits is used.", "", *table(heads, listed)]


def _after_a_finding() -> list[str]:
    heads = ["row", "where", "what to do", ""]
    listed = [(anchor(row["id"], place="do-"), codes(_about(row)), prose(row["text"]), source(row["source"])) for row in rows("denial_advice", "finding")]
    intro = "After a finding that no policy change fixes; the first row that fits is used."
    return ["## What to do where no policy change helps", "", intro, "", *table(heads, listed)]


def _about(row: Row) -> list[str]:
    named = ("rule", "cause", "layer", "key", "absent", "already", "known", "action", "policy")
    return [f"{name} = {row[name]}" for name in named if name in row]


def _where(row: Row) -> list[str]:
    return [f"{name} = {row[name]}" for name in ("policy_type", "effect", "action", "encoded", "known") if name in row]


def _names() -> list[str]:
    listed = [(code(row["name"]), code(row["iam_action"])) for row in rows("denial_messages", "api_name")]
    return ["## Names that IAM does not know", "", *table(["in the message", "IAM action"], listed)]


def opaque_row(row: Row, *, level: int = 2) -> list[str]:
    """An opaque text, and what stands behind it."""
    facts = [
        ("means", prose(row["meaning"])),
        ("look at", prose(row["look_at"])),
        ("event sources", codes(row["sources"])),
        ("pipeline providers", codes(row["providers"])),
        ("other causes", "; ".join(prose(cause) for cause in row["other_causes"])),
        ("permission", "" if row.get("permission", True) else "this text is not about permissions"),
    ]
    title = [f"{'#' * level} {code(row['id'])}", "", f"> {prose(row['text'])}", ""]
    return [*title, *(f"- {name}: {told}" for name, told in facts if told), f"- {source(row['source'])}, checked {row['verified']}", ""]
