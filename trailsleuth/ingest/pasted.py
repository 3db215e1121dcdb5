"""Pasted text as single messages, each with the call that it names: whatever wrapped it, and however much noise stands around it."""

from __future__ import annotations

import re
from collections.abc import Iterator

from trailsleuth.catalog.client_words import ClientWords, client_words
from trailsleuth.catalog.messages import code_row
from trailsleuth.ingest.denials import SENTENCE, code_in_text, read_denial
from trailsleuth.ingest.hot import hot_parts, is_hot
from trailsleuth.ingest.logical_lines import columns_joined, cuts_marked, messages_of
from trailsleuth.ingest.wrapping import without_marks
from trailsleuth.model import Denial
from trailsleuth.patterns import late

_SENTENCE = late(
    r"(?:not|n't) (?:authorized|allowed|have permissions?) to perform:? ?[\[\"'`]?[A-Za-z][A-Za-z0-9-]{1,60}:[A-Za-z]"
    r"|unauthorized to perform:? ?[a-z-]{2,40}:[A-Z]"
)
_CALL = late(r"An error occurred \(|operation error [A-Z]|Error executing \"")
_SUBJECT = late(r"User: |arn:aws[a-z-]{0,16}:(?:sts|iam):")
_SOURCE_LINE = late(
    r"""(?:
      (?:except|catch|\}\s?catch|elif|rescue|raise|throw|throws)\b[^"]{0,300}(?:[:{;)]\s*$|\b(?:\w+\.)+\w+)
    | (?:if|elif|\}\s?else\ if|else\ if|case|when|return|import|from|switch|assert|const|let|var|static|private|public|@\w+)\b[^"]{0,200}
      (?:===?|exceptions?\.|isinstance|instanceof|errors\.As|\.code\b|\.Code\(\)|[Ee]rrorCode|import\b)
    | File\ "[^"]{1,300}",\ line\ \d
    | [\w.]{0,80}(?:AttributeError|NameError|ImportError|ModuleNotFoundError|SyntaxError|NoMethodError|ReferenceError|UndefinedError|LoadError)\b
    | .{0,160}(?:\bhas\ no\ attribute\b|\buninitialized\ constant\b|Valid\ exceptions\ are:|\bis\ not\ defined$|\bcannot\ find\ symbol\b)
    )""",
    re.VERBOSE,
)
_LONG, _AROUND = 16_000, 2_500


def read_pasted(message: str, words: ClientWords | None = None) -> Denial | None:
    """The refusal in one pasted message, with the error code and the call that it names itself."""
    words = words or client_words(message)
    denial = read_denial(_code(message, words), message, event_source="", event_name=words.operation or "")
    return denial or (said_whole(message.lstrip("{")) if message.startswith("{") else None)  # a log's own object: AWS's sentence stands under any name


def said_whole(message: str) -> Denial | None:
    """AWS's usual sentence with its action: it says all that can be known, whatever client printed it. None: the message is another one."""
    if _SENTENCE.search(message) is None:
        return None
    denial = read_denial(None, message, event_source="", event_name="")
    return denial if denial is not None and denial.pattern_id == SENTENCE and denial.iam_action is not None else None


def denial_in(text: str) -> Denial | None:
    """The denial that a pasted text is about: the first that names an action, else the first that names anything, else the first."""
    found = [denial for message in messages_in(text) if (denial := read_pasted(message)) is not None]
    ranked = sorted(found, key=lambda denial: (denial.iam_action is None, denial.principal is None and denial.resource is None))
    return ranked[0] if ranked else read_denial(None, text, event_source="", event_name="")


def _code(message: str, words: ClientWords) -> str | None:
    """A code that a client names as such wins over the name of an exception's class, which may be any service's own (`S3Exception`)."""
    named = words.code
    if named is not None and code_row(named) is not None:
        return named
    return code_in_text(message) or named


def messages_in(text: str) -> Iterator[str]:
    """Every message of a pasted text that may be about a denial, in order, its wrapping taken off; what is noise is left out."""
    for part in hot_parts(text):
        for message in messages_of(_without_source(without_marks(cuts_marked(columns_joined(part))))):
            if is_hot(message.lower()):
                yield from _pieces(message)


def _without_source(text: str) -> str:
    """Without lines of programs: an `except AccessDeniedException:` handles a denial, it is none."""
    return "\n".join(line for line in text.split("\n") if not _SOURCE_LINE.match(line.strip(" \t│|>`-+E")))


def _pieces(message: str) -> Iterator[str]:
    """One piece for each refusal that a message holds: a sentence, or a call that a client names."""
    for part in _near_signs(message) if len(message) > _LONG else (message,):
        start = 0
        for cut in (*_cuts(part), len(part)):
            if part[start:cut].strip(" ,;.\"'"):
                yield part[start:cut].strip()
            start = cut


def _near_signs(message: str) -> Iterator[str]:
    """The surroundings of each refusal in a very long line, such as a whole answer as JSON."""
    end = 0
    for found in re.finditer(r"denied|authoriz|forbidden|permission", message, re.IGNORECASE):
        if found.start() >= end:
            start, end = max(end, found.start() - _AROUND), found.start() + _AROUND
            yield message[start:end]


def _cuts(part: str) -> list[int]:
    """Where the second and each further refusal of a message begins."""
    calls = [found.start() for found in _CALL.finditer(part)]
    cuts = calls[1:]
    before = 0
    for number, found in enumerate(_SENTENCE.finditer(part)):
        if number and not any(before <= call <= found.start() for call in calls):
            subjects = [one.start() for one in _SUBJECT.finditer(part, before, found.start())]
            named = [at for at in subjects if part.startswith("User: ", at)] or subjects
            cuts.append(named[-1] if named else found.start())
        before = found.end()
    return sorted(set(cuts) - {0})
