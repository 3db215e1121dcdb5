"""One AWS call: paced, retried by our own rules, and its outcome told apart: an answer, or why there is none.

The user's retry settings play no part: botocore is told to try once, and the tries are counted here, so that each try of a paced
operation takes its turn.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from enum import StrEnum
from functools import cache
from http import HTTPStatus
from random import SystemRandom
from typing import Any

from msgspec import Struct

from trailsleuth.sources.base import DATA
from trailsleuth.tables import read_toml

TRIES = 10
NO_HOST_TRIES = 2  # nobody listens there: a region that does not exist, or no network
FIRST_PAUSE = 0.15
LONGEST_PAUSE = 5.0

TRIES_AFTER_GIVING_UP = 2

Answer = Mapping[str, Any]


class Why(StrEnum):
    """Why a call has no answer."""

    DENIED = "denied"
    ABSENT = "absent"
    THROTTLED = "throttled"
    UNREACHABLE = "unreachable"
    BROKEN = "broken"
    CREDENTIALS = "credentials"
    FAILED = "failed"


PASSING = (Why.THROTTLED, Why.UNREACHABLE, Why.BROKEN)  # reasons that trying again may do away with


class Refusal(Struct, frozen=True, kw_only=True):
    """A call without an answer. It carries AWS's code and no text of AWS, which may quote what must not be repeated."""

    account: str
    region: str
    service: str
    operation: str
    why: Why
    code: str

    @property
    def call(self) -> str:
        """`service:Operation`."""
        return f"{self.service}:{self.operation}"


@cache
def error_codes() -> Mapping[str, tuple[str, ...]]:
    """data/error_codes.toml: the codes by what they mean."""
    table = read_toml(DATA / "error_codes.toml")
    return {meaning: tuple(codes) for meaning, codes in table.items()}


def attempt(call: Callable[[], Answer], *, sleep: Callable[[float], None], tries: int = TRIES) -> Answer | tuple[Why, str]:
    """The answer of a call, tried until it comes or trying has no point; else the reason and AWS's code."""
    outcome: Answer | tuple[Why, str] = (Why.FAILED, "")
    for number in range(tries):
        if number:
            sleep(_pause(number))
        outcome = _once(call)
        if not isinstance(outcome, tuple) or outcome[0] not in PASSING:
            return outcome
        if outcome[1] == "EndpointConnectionError" and number >= NO_HOST_TRIES:
            return outcome
    return outcome


def _once(call: Callable[[], Answer]) -> Answer | tuple[Why, str]:
    from botocore import exceptions as failures
    from botocore.parsers import ResponseParserError

    try:
        return call()
    except failures.ClientError as refusal:
        return _reason(refusal.response)
    except (
        failures.NoCredentialsError,
        failures.PartialCredentialsError,
        failures.CredentialRetrievalError,
        failures.TokenRetrievalError,
        failures.NoAuthTokenError,
        failures.SSOError,
        failures.MissingDependencyException,
    ) as failure:
        return Why.CREDENTIALS, type(failure).__name__
    except failures.ParamValidationError as failure:
        return Why.FAILED, type(failure).__name__
    except (failures.HTTPClientError, failures.ConnectionError) as failure:
        return Why.UNREACHABLE, type(failure).__name__
    except failures.BotoCoreError as failure:
        named = type(failure).__name__
        return (Why.CREDENTIALS if named.startswith("Login") else Why.BROKEN), named
    except (ResponseParserError, ValueError) as failure:  # a body that is not what its protocol says
        return Why.BROKEN, type(failure).__name__


def _reason(response: Mapping[str, Any]) -> tuple[Why, str]:
    code = str(response.get("Error", {}).get("Code", ""))
    status = response.get("ResponseMetadata", {}).get("HTTPStatusCode", 0)
    codes = error_codes()
    for meaning, why in (("throttled", Why.THROTTLED), ("credentials", Why.CREDENTIALS), ("transient", Why.UNREACHABLE), ("denied", Why.DENIED)):
        if code in codes[meaning]:
            return why, code
    if status >= 500 and status != HTTPStatus.NOT_IMPLEMENTED:
        return Why.UNREACHABLE, code
    return (Why.ABSENT if code.endswith(codes["absent_endings"]) or status == 404 else Why.FAILED), code


def _pause(number: int) -> float:
    return min(LONGEST_PAUSE, FIRST_PAUSE * 2.0**number) * SystemRandom().uniform(0.5, 1.0)
