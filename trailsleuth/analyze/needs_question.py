"""The policies of a failed action's role, where no record shows what it was denied: they would tell which of its needs it lacks.

Sees:  the failed action, the table of what its provider calls, and that the snapshot of its role is missing.
Why:   "The provided role does not have sufficient permissions" names no action; what AWS documents the provider to call is known all the same.
       Source: https://docs.aws.amazon.com/codepipeline/latest/userguide/action-reference.html
Sure:  a question; nothing is granted.
"""

from __future__ import annotations

from collections.abc import Iterator

from trailsleuth.analyze.required import settings_of
from trailsleuth.analyze.wording import short
from trailsleuth.catalog.pipeline_actions import applies, needs_of_action
from trailsleuth.iam.applies import find_principal
from trailsleuth.model import Evidence, Question, Scope, account_of

MOST = 12


def needs_question(evidence: Evidence, scope: Scope, snapshot: str) -> Iterator[Question]:
    """At most one; `snapshot` is the command that exports an account's policies, with account to be filled in."""
    execution = scope.execution
    attempt, role = (execution.attempt, execution.action_role) if execution is not None else (None, None)
    if attempt is None or role is None or attempt.provider is None or find_principal(role, evidence.policies) is not None:
        return
    needs = [n for n in needs_of_action(attempt.provider, attempt.category or "") if n.principal == "action" and not n.optional]
    needed = list(dict.fromkeys(need.iam_action for need in needs if applies(need, settings_of(attempt)) is not False))
    if needed:
        more = f" and {len(needed) - MOST} more" if len(needed) > MOST else ""
        what = f"{', '.join(needed[:MOST])}{more}"
        because = f"{attempt.provider} actions are documented to need {what}; the policies of {short(role)} would show which of them it lacks"
        account = account_of(role)
        yield Question(account=account, wanted="policies", because=because, command=snapshot.format(account=account))
