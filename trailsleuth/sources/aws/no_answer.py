"""Why an account does not answer, in words, and the step that each reason calls for: no credentials, expired ones, no endpoint, throttling."""

from __future__ import annotations

from functools import cache
from typing import Any

from trailsleuth.errors import AccountUnreachable
from trailsleuth.sources.aws.calls import Why
from trailsleuth.sources.base import DATA
from trailsleuth.tables import read_toml

_OTHERWISE = {"says": "the call that asks who this is failed", "next": "run `aws sts get-caller-identity` the same way to see its own message; {renew}"}
RESUME = "resume a case folder with `trailsleuth fetch --resume FOLDER`"


def unreachable(label: str, *, why: Why, code: str, renewal: str) -> AccountUnreachable:
    """The error for an account that cannot be read, with what to do about this very reason."""
    row = next((row for row in _rows() if code in row.get("codes", ()) or row.get("why") == why.value), _OTHERWISE)
    told = f" ({code})" if code else ""
    return AccountUnreachable(f"cannot read the account of {label}", why=f"{row['says']}{told}", next_step=f"{row['next'].format(renew=renewal)}; {RESUME}")


@cache
def _rows() -> tuple[dict[str, Any], ...]:
    return tuple(read_toml(DATA / "no_answer.toml")["no_answer"])
