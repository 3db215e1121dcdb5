"""The case file as the JSON document `trailsleuth.case/2`: plain values, the fields and their order by the contract."""

from __future__ import annotations

import json
import math
import shlex
from collections.abc import Mapping
from datetime import UTC, datetime
from enum import Enum

from trailsleuth.errors import EvidenceUnreadable
from trailsleuth.model import (
    SCHEMA,
    Background,
    Calibrated,
    CaseFile,
    Chain,
    Coverage,
    Delta,
    Evidenced,
    Execution,
    Finding,
    Gap,
    Hop,
    Placeholder,
    Proof,
    Question,
    Simulation,
)
from trailsleuth.report.context import Document

POLICY_VERSION = "2012-10-17"
_TOP_LEVEL = {"outcome": str, "summary": str, "chains": list, "findings": list, "deltas": list, "background": list, "questions": list, "coverage": dict}


def case_document(case: CaseFile) -> Document:
    """Everything the case file says, ready for any renderer; equal cases give equal documents."""
    return {
        "schema": SCHEMA,
        "outcome": case.outcome.value,
        "summary": case.summary,
        "execution": _execution(case.execution) if case.execution is not None else None,
        "chains": [_chain(chain) for chain in case.chains],
        "findings": [_finding(finding) for finding in case.findings],
        "deltas": [_delta(delta) for delta in case.deltas],
        "background": [_background(group) for group in case.background],
        "questions": [_question(question) for question in case.questions],
        "coverage": coverage_document(case.coverage),
        "knowledge": [{"source": known.source, "version": known.version, "date": known.date} for known in case.knowledge],
    }


def read_document(text: str | bytes, *, source: str) -> Document:
    """A document saved with `--output json`; EvidenceUnreadable where it is none, or of a schema that this version does not know."""
    try:
        value = json.loads(text)
    except (ValueError, RecursionError) as cause:
        raise EvidenceUnreadable(f"{source} is not a saved case", why="it is not JSON", next_step="save one with --output json") from cause
    schema = value.get("schema") if isinstance(value, dict) else None
    if not isinstance(value, dict) or schema != SCHEMA:
        raise EvidenceUnreadable(f"{source} is not a saved case", why=f"its schema is not {SCHEMA}", next_step="save one with --output json")
    missing = [key for key, kind in _TOP_LEVEL.items() if not isinstance(value.get(key), kind)]
    if missing:
        raise EvidenceUnreadable(f"{source} is not a complete case", why=f"missing or of another type: {', '.join(missing)}")
    return value


def utc(moment: datetime | None) -> str | None:
    """`2026-03-04T09:00:00Z`; a fraction of a second only where there is one, and a time without a zone is UTC."""
    if moment is None:
        return None
    moment = moment.replace(tzinfo=UTC) if moment.tzinfo is None else moment.astimezone(UTC)
    precision = "seconds" if not moment.microsecond else "milliseconds" if moment.microsecond % 1000 == 0 else "microseconds"
    return moment.replace(tzinfo=None).isoformat(timespec=precision) + "Z"


def plain(value: object) -> object:
    """A value out of a policy or a condition as JSON holds it; what JSON has no form for becomes text."""
    if value is None or value.__class__ is str or isinstance(value, bool | int):
        return value
    if isinstance(value, Enum):
        return value.value
    if isinstance(value, str):
        return value
    if isinstance(value, float):
        return value if math.isfinite(value) else str(value)
    if isinstance(value, datetime):
        return utc(value)
    if isinstance(value, Mapping):
        return {str(key): plain(member) for key, member in value.items()}
    if isinstance(value, set | frozenset):
        return sorted((plain(member) for member in value), key=str)
    if isinstance(value, list | tuple):
        return [plain(member) for member in value]
    return str(value)


def _execution(execution: Execution) -> Document:
    return {
        "pipeline": execution.pipeline,
        "execution_id": execution.execution_id,
        "stage": execution.stage,
        "action": execution.action,
        "provider": execution.provider,
        "error_code": execution.error_code,
        "error_message": execution.error_message,
        "service_role": execution.service_role,
        "action_role": execution.action_role,
        "started": utc(execution.started),
        "ended": utc(execution.ended),
    }


def _hop(hop: Hop) -> Document:
    return {
        "role": hop.role,
        "session_name": hop.session_name,
        "access_key_id": hop.access_key_id,
        "assumed_by": hop.assumed_by,
        "event_id": hop.event_id,
        "account": hop.account,
    }


def _chain(chain: Chain) -> Document:
    return {"hops": [_hop(hop) for hop in chain.hops], "calls": chain.calls, "denied": chain.denied}


def _evidenced(record: Evidenced) -> Document:
    """A cited record; `verified` stands there only where `--verify` asked for it."""
    verified = {} if record.verified is None else {"verified": record.verified}
    return {
        "event_id": record.event_id,
        "event_time": utc(record.event_time),
        "account": record.account,
        "region": record.region,
        "event_source": record.event_source,
        "event_name": record.event_name,
        "error_code": record.error_code,
        "error_message": record.error_message,
        "source": record.source,
        "position": record.position,
        **verified,
    }


def _finding(finding: Finding) -> Document:
    return {
        "id": finding.id,
        "rank": finding.rank,
        "group": finding.group,
        "standing": finding.standing.value,
        "basis": finding.basis.value,
        "cause": finding.cause.value,
        "policy_types": [kind.value for kind in finding.policy_types],
        "policy_arn": finding.policy_arn,
        "principal": finding.principal,
        "principal_account": finding.principal_account,
        "iam_action": finding.iam_action,
        "resource": finding.resource,
        "resource_account": finding.resource_account,
        "conditions": plain(finding.conditions),
        "explanation": finding.explanation,
        "advice": finding.advice,
        "first_seen": utc(finding.first_seen),
        "last_seen": utc(finding.last_seen),
        "count": finding.count,
        "evidence": [_evidenced(record) for record in finding.evidence],
        **({"calibration": [_calibrated(one) for one in finding.calibration]} if finding.calibration else {}),
    }


def _calibrated(one: Calibrated) -> Document:
    return {"policy_type": one.layer.value, "aws": one.aws, "ours": one.ours.value if one.ours else None, "agrees": one.agrees, "reason": one.reason}


def _placeholder(placeholder: Placeholder) -> Document:
    return {"name": placeholder.name, "why": placeholder.why, "how_to_find": placeholder.how_to_find}


def _proof(proof: Proof) -> Document:
    return {"sufficient": proof.sufficient, "minimal": proof.minimal, "harmless": proof.harmless, "undecided": list(proof.undecided)}


def _delta(delta: Delta) -> Document:
    return {
        "policy_type": delta.policy_type.value,
        "account": delta.account,
        "attach_to": delta.attach_to,
        "document": {"Version": POLICY_VERSION, "Statement": plain(delta.statements)},
        "remove": plain(delta.remove),
        "finding_ids": list(delta.finding_ids),
        "placeholders": [_placeholder(placeholder) for placeholder in delta.placeholders],
        "warnings": list(delta.warnings),
        **({"maker": {"name": delta.maker.name, "instead": delta.maker.instead}} if delta.maker else {}),
        "proof": _proof(delta.proof) if delta.proof is not None else None,
        **({"second_opinion": [_simulation(one) for one in delta.second_opinion]} if delta.second_opinion else {}),
    }


def _simulation(one: Simulation) -> Document:
    parameters = json.dumps(plain(one.parameters), separators=(",", ":"))
    return {
        "iam_action": one.parameters["ActionNames"][0],
        "decision": one.decision,
        "missing_context": list(one.missing),
        "left_out": list(one.left_out),
        "why": one.why,
        "command": f"aws iam simulate-custom-policy --cli-input-json {shlex.quote(parameters)}",
    }


def _background(group: Background) -> Document:
    return {
        "principal": group.principal,
        "call": group.call,
        "error_code": group.error_code,
        "count": group.count,
        "first_seen": utc(group.first_seen),
        "last_seen": utc(group.last_seen),
    }


def _question(question: Question) -> Document:
    return {"account": question.account, "wanted": question.wanted, "because": question.because, "command": question.command}


def _gap(gap: Gap) -> Document:
    told = {"account": gap.account, "region": gap.region, "from": utc(gap.start), "to": utc(gap.end), "why": gap.why}
    return told | ({"wanted": gap.wanted} if gap.wanted else {}) | ({"allow": dict(gap.allow)} if gap.allow else {})


def coverage_document(coverage: Coverage) -> Document:
    """What was seen and what was not, by the contract."""
    return {
        "accounts": [
            {
                "account": seen.account,
                "regions": list(seen.regions),
                "first_event": utc(seen.first_event),
                "last_event": utc(seen.last_event),
                "records": seen.records,
            }
            for seen in coverage.accounts
        ],
        "records_read": coverage.records_read,
        "duplicates": coverage.duplicates,
        "denied": coverage.denied,
        "unreadable": coverage.unreadable,
        "skipped": [{"source": skipped.source, "reason": skipped.reason} for skipped in coverage.skipped],
        "gaps": [_gap(gap) for gap in coverage.gaps],
        "inputs": [{"path": given.path, "sha256": given.sha256, "bytes": given.bytes} for given in coverage.inputs],
    }
