"""The read-only guard: an operation outside the table fails before a byte is sent."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any, cast

from trailsleuth.errors import SourceError
from trailsleuth.sources.aws.operations import is_allowed, only_reads

if TYPE_CHECKING:
    from botocore.model import OperationModel
    from botocore.session import Session


class OperationForbidden(SourceError):
    """The code tried to call an operation that is not in the table of reading operations."""

    def __init__(self, service: str, operation: str) -> None:
        super().__init__(
            f"{service}:{operation} was stopped before it was sent",
            why="trailsleuth only calls the reading operations in its table",
            next_step="report this as a fault of trailsleuth; `trailsleuth permissions` lists what it may call",
        )
        self.service, self.operation = service, operation


def stand_guard(session: Session) -> None:
    """Put the guard on a botocore session: every client made from it, a credential provider's too, passes here.

    `before-parameter-build` shows the parameters as they were given, so that a statement can be looked at; `before-call` fires after the request is
    built and before it is signed or sent.
    Source: https://boto3.amazonaws.com/v1/documentation/api/latest/guide/events.html
    """
    session.register("before-parameter-build", _before_build, unique_id="trailsleuth-guard-statements")
    session.register("before-call", _before_call, unique_id="trailsleuth-guard")


def _before_build(**event: object) -> None:
    model = cast("OperationModel", event["model"])
    if not only_reads(model.service_model.service_name, model.name, cast("Mapping[str, Any]", event["params"])):
        raise OperationForbidden(model.service_model.service_name, model.name)


def _before_call(**event: object) -> None:
    model = cast("OperationModel", event["model"])
    service, operation = model.service_model.service_name, model.name
    if not is_allowed(service, operation):
        raise OperationForbidden(service, operation)
