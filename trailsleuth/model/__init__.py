"""The types that flow through trailsleuth: frozen, keyword-only structs. Nothing but the standard library and msgspec below them.

Each is loaded when it is first used: who picks the refused records out of a trail has no need of policies or deltas.
"""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from trailsleuth.model.arn import Arn, account_of, is_of_role, parse_arn, role_of_session, same_role, session_name_of
    from trailsleuth.model.case import SCHEMA, CaseFile, Knowledge, Outcome
    from trailsleuth.model.coverage import AccountCoverage, Coverage, Gap, InputFile, Question, Skipped
    from trailsleuth.model.decision import AccessRequest, Decision, LayerDecision, Mismatch, NearMiss, PolicyLevel, PolicySet, StatementRef, Verdict
    from trailsleuth.model.delta import Delta, Maker, Placeholder, Proof, Simulation
    from trailsleuth.model.denial import Cause, Denial, Effect, EncodedMessage, PolicyType
    from trailsleuth.model.error_text import ErrorText, OpaqueError, Tie
    from trailsleuth.model.evaluated import AuthorizationCheck, Calibrated, DecodedAuthorization, EvaluatedPolicy, MatchedStatement
    from trailsleuth.model.evidence import ENTRIES, FIRST, THINGS, Evidence, Inquiry
    from trailsleuth.model.finding import Background, Basis, Evidenced, Finding, Standing
    from trailsleuth.model.pipeline import ActionDeclaration, ActionRun, CallPlaces, Pipeline, PipelineRun
    from trailsleuth.model.policy import (
        Condition,
        IamPrincipal,
        Malformed,
        OrgPolicy,
        Policy,
        PolicyDocument,
        PolicyEvidence,
        Principals,
        ResourcePolicy,
        Statement,
    )
    from trailsleuth.model.record import Identity, IssuedSession, JsonMap, Origin, RawInput, Record, ResourceRef, SessionIssuer, Strangers, Unreadable
    from trailsleuth.model.session import Chain, Execution, Hop, Scope, Session

__all__ = [
    "ENTRIES",
    "FIRST",
    "SCHEMA",
    "THINGS",
    "AccessRequest",
    "AccountCoverage",
    "ActionDeclaration",
    "ActionRun",
    "Arn",
    "AuthorizationCheck",
    "Background",
    "Basis",
    "Calibrated",
    "CallPlaces",
    "CaseFile",
    "Cause",
    "Chain",
    "Condition",
    "Coverage",
    "Decision",
    "DecodedAuthorization",
    "Delta",
    "Denial",
    "Effect",
    "EncodedMessage",
    "ErrorText",
    "EvaluatedPolicy",
    "Evidence",
    "Evidenced",
    "Execution",
    "Finding",
    "Gap",
    "Hop",
    "IamPrincipal",
    "Identity",
    "InputFile",
    "Inquiry",
    "IssuedSession",
    "JsonMap",
    "Knowledge",
    "LayerDecision",
    "Maker",
    "Malformed",
    "MatchedStatement",
    "Mismatch",
    "NearMiss",
    "OpaqueError",
    "OrgPolicy",
    "Origin",
    "Outcome",
    "Pipeline",
    "PipelineRun",
    "Placeholder",
    "Policy",
    "PolicyDocument",
    "PolicyEvidence",
    "PolicyLevel",
    "PolicySet",
    "PolicyType",
    "Principals",
    "Proof",
    "Question",
    "RawInput",
    "Record",
    "ResourcePolicy",
    "ResourceRef",
    "Scope",
    "Session",
    "SessionIssuer",
    "Simulation",
    "Skipped",
    "Standing",
    "Statement",
    "StatementRef",
    "Strangers",
    "Tie",
    "Unreadable",
    "Verdict",
    "account_of",
    "is_of_role",
    "parse_arn",
    "role_of_session",
    "same_role",
    "session_name_of",
]

_NAMES = {
    "arn": ("Arn", "account_of", "is_of_role", "parse_arn", "role_of_session", "same_role", "session_name_of"),
    "case": ("SCHEMA", "CaseFile", "Knowledge", "Outcome"),
    "coverage": ("AccountCoverage", "Coverage", "Gap", "InputFile", "Question", "Skipped"),
    "decision": ("AccessRequest", "Decision", "LayerDecision", "Mismatch", "NearMiss", "PolicyLevel", "PolicySet", "StatementRef", "Verdict"),
    "delta": ("Delta", "Maker", "Placeholder", "Proof", "Simulation"),
    "denial": ("Cause", "Denial", "Effect", "EncodedMessage", "PolicyType"),
    "error_text": ("ErrorText", "OpaqueError", "Tie"),
    "evaluated": ("AuthorizationCheck", "Calibrated", "DecodedAuthorization", "EvaluatedPolicy", "MatchedStatement"),
    "evidence": ("ENTRIES", "FIRST", "THINGS", "Evidence", "Inquiry"),
    "finding": ("Background", "Basis", "Evidenced", "Finding", "Standing"),
    "pipeline": ("ActionDeclaration", "ActionRun", "CallPlaces", "Pipeline", "PipelineRun"),
    "policy": (
        "Condition",
        "IamPrincipal",
        "Malformed",
        "OrgPolicy",
        "Policy",
        "PolicyDocument",
        "PolicyEvidence",
        "Principals",
        "ResourcePolicy",
        "Statement",
    ),
    "record": ("Identity", "IssuedSession", "JsonMap", "Origin", "RawInput", "Record", "ResourceRef", "SessionIssuer", "Strangers", "Unreadable"),
    "session": ("Chain", "Execution", "Hop", "Scope", "Session"),
}
_HOMES = {name: f"trailsleuth.model.{module}" for module, names in _NAMES.items() for name in names}


def __getattr__(name: str) -> object:
    if name not in _HOMES:
        raise AttributeError(f"module 'trailsleuth.model' has no attribute {name!r}")
    found = globals()[name] = getattr(import_module(_HOMES[name]), name)
    return found
