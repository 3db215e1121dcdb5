"""OCSF 1.5 Detection Findings, one JSON object a line: https://schema.ocsf.io/1.5.0/classes/detection_finding"""

from __future__ import annotations

import json
from datetime import datetime

from trailsleuth.report import words
from trailsleuth.report.context import Document
from trailsleuth.report.json import policy_json

_VERSION = "1.5.0"
_CLASS, _CATEGORY, _CREATE = 2004, 2, 1
_SEVERITIES = {"cause": (4, "High"), "also_needed": (3, "Medium"), "recovered": (1, "Informational"), "background": (1, "Informational")}
_CONFIDENCES = {"observed": (3, "High"), "inferred": (2, "Medium"), "predicted": (1, "Low")}
_OK, _FORBIDDEN = 200, 403


def render_ocsf(document: Document) -> str:
    """Every finding; the likeliest cause first."""
    return "".join(f"{json.dumps(_event(finding, document), ensure_ascii=True, allow_nan=False)}\n" for finding in document["findings"])


def _event(finding: Document, document: Document) -> Document:
    severity, severity_name = _SEVERITIES[finding["standing"]]
    confidence, confidence_name = _CONFIDENCES[finding["basis"]]
    time = _milliseconds(finding["last_seen"]) or _when(document)
    return {
        "activity_id": _CREATE,
        "activity_name": "Create",
        "category_uid": _CATEGORY,
        "category_name": "Findings",
        "class_uid": _CLASS,
        "class_name": "Detection Finding",
        "type_uid": _CLASS * 100 + _CREATE,
        "type_name": "Detection Finding: Create",
        "time": time,
        "severity_id": severity,
        "severity": severity_name,
        "confidence_id": confidence,
        "confidence": confidence_name,
        "status_id": 1,
        "status": "New",
        "message": f"{words.headline(finding)}: {finding['explanation']}",
        "count": max(finding["count"], 1),
        "metadata": {"version": _VERSION, "product": {"name": "trailsleuth", "vendor_name": "trailsleuth"}, "uid": finding["id"], "log_name": "CloudTrail"},
        "cloud": {"provider": "AWS", "account": _account(finding["principal_account"]), "region": _region(finding)},
        "finding_info": _info(finding, document),
        "evidences": [_evidence(record, finding) for record in finding["evidence"]],
        "resources": _resources(finding),
        "remediation": {"desc": _remedy(finding, document)},
        "unmapped": {"standing": finding["standing"], "basis": finding["basis"], "cause": finding["cause"], "policy_types": finding["policy_types"]},
    }


def _info(finding: Document, document: Document) -> Document:
    times = {name: _milliseconds(finding[name]) for name in ("first_seen", "last_seen")}
    shown = {f"{name}_time": time for name, time in times.items() if time is not None}
    kind = {"types": ["Permission denied"], "data_sources": ["CloudTrail"], "analytic": {"name": finding["cause"], "type_id": 1, "type": "Rule"}}
    return {"uid": finding["id"], "title": words.headline(finding), "desc": document["summary"], **shown, **kind}


def _evidence(record: Document, finding: Document) -> Document:
    told = {"error": record["error_code"] or "", "error_message": record["error_message"] or ""}
    response = {"code": _FORBIDDEN, **told} if record["error_code"] or record["error_message"] else {"code": _OK}
    service = {"name": record["event_source"]}
    user = {"uid": finding["principal"] or "unknown", "name": words.name_of(finding["principal"])}
    return {
        "api": {"operation": record["event_name"], "service": service, "request": {"uid": record["event_id"]}, "response": response},
        "actor": {"user": user},
        "data": record,
    }


def _resources(finding: Document) -> list[Document]:
    if not finding["resource"] or finding["resource"] == "*":
        return []
    owner = {"owner": {"account": _account(finding["resource_account"])}} if finding["resource_account"] else {}
    return [{"uid": finding["resource"], "name": words.short_resource(finding["resource"]), **owner}]


def _account(account: str | None) -> Document:
    return {"uid": account or "unknown", "type_id": 10, "type": "AWS Account"}


def _region(finding: Document) -> str:
    return next((record["region"] for record in finding["evidence"] if record["region"]), "unknown")


def _remedy(finding: Document, document: Document) -> str:
    deltas = [delta for delta in document["deltas"] if finding["id"] in delta["finding_ids"]]
    if not deltas:
        return str(finding["explanation"])
    return "\n".join(f"{words.POLICY_TYPE[d['policy_type']]} of {d['attach_to']}: {policy_json(d['document'], indent=0)}" for d in deltas)


def _when(document: Document) -> int:
    """Where no record is cited: the end of the execution, else of the evidence."""
    execution = document["execution"] or {}
    ends = [execution.get("ended"), execution.get("started"), *(seen["last_event"] for seen in document["coverage"]["accounts"])]
    return next((time for end in ends if (time := _milliseconds(end)) is not None), 0)


def _milliseconds(moment: str | None) -> int | None:
    return None if moment is None else round(datetime.fromisoformat(moment).timestamp() * 1000)
