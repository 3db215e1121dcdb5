"""A question as typed types, put to a case."""

from __future__ import annotations

from trailsleuth import api
from trailsleuth.model import Inquiry


def ask(case: api.Case, inquiry: Inquiry) -> api.Diagnosis:
    """What the case answers to the question."""
    return case.diagnose(
        pipeline=inquiry.pipeline,
        execution_id=inquiry.execution_id,
        role=inquiry.role,
        session=inquiry.session,
        access_key=inquiry.access_key,
        event_id=inquiry.event_id,
        error=inquiry.error,
        since=inquiry.since,
        until=inquiry.until,
    )
