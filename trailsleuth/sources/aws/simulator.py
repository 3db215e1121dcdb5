"""AWS's own policy engine asked about a change: nothing is made or changed by it, the policies are sent along.

https://docs.aws.amazon.com/IAM/latest/APIReference/API_SimulateCustomPolicy.html
"""

from __future__ import annotations

from collections.abc import Mapping

from msgspec.structs import replace

from trailsleuth.model import Delta, Simulation
from trailsleuth.sources.aws.calls import Refusal, Why
from trailsleuth.sources.aws.sessions import Account

_ORDER = ("explicitDeny", "implicitDeny", "allowed")  # of several resources the strictest decides


def asked(delta: Delta, accounts: Mapping[str, Account]) -> Delta:
    """The delta with the simulator's word on each of its calls, through the account that it belongs to, or any other that is open."""
    account = accounts.get(delta.account or "") or next(iter(accounts.values()), None)
    if account is None:
        return delta
    return replace(delta, second_opinion=tuple(_asked(one, account) for one in delta.second_opinion))


def _asked(simulation: Simulation, account: Account) -> Simulation:
    account.around.progress.asked(f"the policy simulator about {', '.join(simulation.parameters['ActionNames'])}")
    answer = account.ask("iam", "SimulateCustomPolicy", account.global_region, **simulation.parameters)
    if isinstance(answer, Refusal):
        said = "the collector is not allowed to call iam:SimulateCustomPolicy" if answer.why is Why.DENIED else f"AWS answered {answer.code}"
        return replace(simulation, why=said)
    results = answer.get("EvaluationResults", ())
    decisions = [str(result.get("EvalDecision")) for result in results]
    known = [word for word in _ORDER if word in decisions]
    missing = sorted({str(key) for result in results for key in result.get("MissingContextValues", ())})
    return replace(simulation, decision=known[0] if known else None, missing=tuple(missing), why="" if known else "the simulator gave no decision")
