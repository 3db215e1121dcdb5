"""The types that flow through trailsleuth: frozen, slotted, keyword-only. Nothing but the standard library below them."""

from __future__ import annotations

from trailsleuth.model.arn import Arn, account_of, parse_arn, role_of_session, same_role, session_name_of
from trailsleuth.model.case import SCHEMA, CaseFile, Outcome
from trailsleuth.model.coverage import AccountCoverage, Coverage, Gap, InputFile, Question, Skipped
from trailsleuth.model.decision import AccessRequest, Decision, LayerDecision, Mismatch, NearMiss, PolicyLevel, PolicySet, StatementRef, Verdict
from trailsleuth.model.delta import Delta, Placeholder, Proof
from trailsleuth.model.denial import Cause, Denial, Effect, EncodedMessage, PolicyType
from trailsleuth.model.evidence import DecodedAuthorization, Evidence, Inquiry
from trailsleuth.model.finding import Basis, Evidenced, Finding, Standing
from trailsleuth.model.pipeline import ActionDeclaration, ActionRun, Pipeline, PipelineRun
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
from trailsleuth.model.record import Identity, IssuedSession, JsonMap, Origin, RawInput, Record, ResourceRef, SessionIssuer, Unreadable
from trailsleuth.model.session import Chain, Execution, Hop, Scope, Session

__all__ = [
    "SCHEMA",
    "AccessRequest",
    "AccountCoverage",
    "ActionDeclaration",
    "ActionRun",
    "Arn",
    "Basis",
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
    "LayerDecision",
    "Malformed",
    "Mismatch",
    "NearMiss",
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
    "Skipped",
    "Standing",
    "Statement",
    "StatementRef",
    "Unreadable",
    "Verdict",
    "account_of",
    "parse_arn",
    "role_of_session",
    "same_role",
    "session_name_of",
]
