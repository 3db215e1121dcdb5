"""One function a part of trailsleuth: makes an input from choices, runs the part, and raises where a law does not hold."""

from __future__ import annotations

import copy
import json
import re
from collections.abc import Callable
from functools import cache
from typing import Any

from fuzz.choices import Choices, Json, chance, pick
from fuzz.contract import complaints
from fuzz.messages import message
from fuzz.packing import packed
from fuzz.policies import attached, request, snapshot
from fuzz.records import ROLES, execution, record, wrapped
from fuzz.values import damaged, text, value, written
from trailsleuth.api.cases import Case
from trailsleuth.iam.requests import answer_request
from trailsleuth.ingest.denials import read_denial
from trailsleuth.ingest.evidence import read_evidence
from trailsleuth.ingest.explain import explain_text
from trailsleuth.model import Evidence, Inquiry
from trailsleuth.report.context import RenderContext
from trailsleuth.report.fix import FIXES, render_fix
from trailsleuth.report.formats import FORMS, render
from trailsleuth.report.redact import redact
from trailsleuth.sources.base import Limits
from trailsleuth.sources.files.exports import read_inputs

LIMITS = Limits(file_bytes=1 << 24, unpacked_bytes=1 << 22, total_bytes=1 << 23, members=200)
UNPRINTABLE = re.compile("[\x00-\x08\x0b-\x1f\x7f-\x9f\u200e\u200f\u202a-\u202e\u2066-\u2069\ud800-\udfff]")
DECISIONS = {"allowed", "explicitly_denied", "implicitly_denied", "undecided"}
EVENT_IDS = ("e-1", "e-7", "nowhere")


class LawBroken(AssertionError):
    """An input for which a law does not hold."""


def _hold(law: bool, told: object) -> None:
    if not law:
        raise LawBroken(told)


def _evidence(data: bytes) -> Evidence:
    return read_evidence(read_inputs(["-"], stdin=data, limits=LIMITS))


def read(choose: Choices) -> None:
    """Readers: any file is read, and all that came out of it can be written again."""
    kind = choose.number(0, 9)
    if kind == 0:
        data = choose.blob(200)
    elif kind == 1:
        data = written(choose, value(choose, 4))
    elif kind == 2:
        data = damaged(choose, message(choose).encode("utf-8", "replace"))
    else:
        contents = [written(choose, _content(choose)) for _ in range(choose.number(1, 2))]
        data = packed(choose, contents)
    check_read(data)


def _content(choose: Choices) -> Json:
    kind = choose.number(0, 11)
    if kind == 0:
        return pick(choose, execution(choose))
    if kind == 1:
        return snapshot(choose, ROLES)
    if kind == 2:
        return attached(choose)
    return wrapped(choose, [record(choose, number) for number in range(choose.number(0, 3))])


def check_read(data: bytes) -> None:
    """One file: never raises, its hash is on record, what was read can be written, what was not has a reason."""
    evidence = _evidence(data)
    coverage = evidence.coverage
    _hold(len(coverage.inputs) == 1, "the input is not on record")
    _hold(all(skipped.reason and skipped.source for skipped in coverage.skipped), "skipped without a reason")
    _hold(len(evidence.records) == coverage.records_read, "records are not counted")
    for one in evidence.records:
        json.dumps(one.payload, ensure_ascii=False, allow_nan=False).encode()
        _hold(one.denial is None or one.failed, "a refusal without an error")
        _hold(bool(one.event_id) and one.event_time.tzinfo is not None, "a record without id or zone")


def grammar(choose: Choices) -> None:
    """Messages: any text is read, as an error message and as a pasted text."""
    told = message(choose) if chance(choose, 85) else text(choose)
    code = pick(choose, ("AccessDenied", "ValidationException", "Throttling", "", None, "x"))
    denial = read_denial(code, told, event_source=pick(choose, ("ecs.amazonaws.com", "", "\0")), event_name=pick(choose, ("UpdateService", "", "x y")))
    _hold(denial is not None or code != "AccessDenied", "a refusal was lost")
    if choose.number(0, 3) == 0:
        explain_text(told)


def decide(choose: Choices) -> None:
    """Evaluator: any request with any policies gets one of the four verdicts, and the same one with its policies turned round."""
    asked = request(choose)
    answer = answer_request(asked)
    _hold(answer["decision"] in DECISIONS, answer)
    json.dumps(answer, allow_nan=False)
    policies = asked.get("policies")
    if isinstance(policies, dict) and isinstance(policies.get("identity"), list):
        turned = asked | {"policies": policies | {"identity": policies["identity"][::-1]}}
        _hold(answer_request(turned)["decision"] == answer["decision"], "the order of policies decides")


def investigate(choose: Choices) -> None:
    """All of it: random records, policies and questions give a document by the contract, the same for the files in another order."""
    files = [wrapped(choose, [record(choose, number) for number in range(choose.number(0, 8))]) for _ in range(choose.number(1, 2))]
    if chance(choose, 50):
        files += execution(choose)
    if chance(choose, 50):
        files.append(snapshot(choose, ROLES))
    if chance(choose, 40):
        files.append(attached(choose))
    inquiry = _inquiry(choose)
    document = _document(files, inquiry)
    broken = complaints(document)
    _hold(not broken, broken)
    if chance(choose, 20):
        _hold(_document(files[::-1], inquiry) | {"coverage": None} == document | {"coverage": None}, "the order of the files decides")
    if chance(choose, 10):
        check_render(document)


def _document(files: list[Any], inquiry: Inquiry) -> dict[str, Any]:
    inputs = [json.dumps(content).encode() for content in files]
    evidence = read_evidence(item for data in inputs for item in read_inputs(["-"], stdin=data, limits=LIMITS))
    return Case(evidence).ask(inquiry).document()


def _inquiry(choose: Choices) -> Inquiry:
    kind = choose.number(0, 9)
    asked = {
        0: {"role": pick(choose, ROLES)},
        1: {"session": pick(choose, ("s1", "s2", "\0"))},
        2: {"access_key": pick(choose, ("ASIAEXAMPLEEXAMPLE22", "x"))},
        3: {"event_id": pick(choose, EVENT_IDS)},
        4: {"pipeline": pick(choose, ("web", "none"))},
        5: {"execution_id": "11111111-2222-3333-4444-555555555555"},
        6: {"role": f"r{text(choose)}"},  # a name that is empty is wrong usage
    }.get(kind, {})
    return Inquiry(**asked, error=message(choose) if chance(choose, 20) else None)  # type: ignore[arg-type]


def show(choose: Choices) -> None:
    """Renderers: a sound document whose texts were replaced by others is shown in every form without a sign that acts on a terminal."""
    document = copy.deepcopy(pick(choose, _sound_documents()))
    for _ in range(choose.number(1, 6)):
        _replace(choose, document)
    check_render(document, pick(choose, list(FORMS)), pick(choose, list(FIXES)))


def _replace(choose: Choices, document: Json) -> None:
    """One text of the document, at any depth, becomes another."""
    inner = document
    for _ in range(12):
        keys = list(inner) if isinstance(inner, dict) else list(range(len(inner)))
        if not keys:
            return
        key = pick(choose, keys)
        if isinstance(inner[key], dict | list):
            inner = inner[key]
        elif isinstance(inner[key], str) and key not in {"schema", "outcome", "standing", "basis", "cause", "policy_type"} and not _is_time(inner[key]):
            inner[key] = text(choose) if chance(choose, 70) else message(choose)
            return


def _is_time(told: str) -> bool:
    return bool(re.fullmatch(r"\d{4}-\d\d-\d\dT[\d:.]+Z", told))


def check_render(document: dict[str, Any], form: str | None = None, fix: str | None = None) -> None:
    """Shown in the form (without one: in all), plain and redacted."""
    for shown in (document, redact(document)):
        for name in [form] if form else list(FORMS):
            context = RenderContext(width=80, everything=True)
            told = render(shown, name, context)
            told.encode()
            _hold(not UNPRINTABLE.search(told.replace("\r\n", "\n") if name == "csv" else told), f"{name} holds a sign that acts")
        for name in [fix] if fix else list(FIXES):
            _hold(not UNPRINTABLE.search(render_fix(shown, name)), f"{name} holds a sign that acts")


@cache
def _sound_documents() -> tuple[dict[str, Any], ...]:
    """A few investigated cases with findings, deltas and questions."""
    import random

    from fuzz.choices import Dice

    made = []
    for seed in range(400):
        choose = Dice(random.Random(seed))  # noqa: S311
        files = [{"Records": [record(choose, number) for number in range(8)]}, *execution(choose), snapshot(choose, ROLES)]
        document = _document(files, Inquiry())
        if document["deltas"]:
            made.append(document)
        if len(made) == 6:
            break
    return tuple(made)


TARGETS: dict[str, Callable[[Choices], None]] = {"read": read, "grammar": grammar, "decide": decide, "investigate": investigate, "show": show}
