"""A denied call whose record does not say what it was made on, completed from what its credentials made just before.

Sees:  a denial without a resource, and the things of the right kind that the same credentials made in the seconds before it.
Why:   a script makes a role, a secret or a queue and uses it at once; the denied record has no request parameters.
       Source: https://docs.aws.amazon.com/IAM/latest/UserGuide/troubleshoot_general.html
Sure:  worked out: only one such thing.
"""

from __future__ import annotations

from dataclasses import replace

from trailsleuth.analyze.refusal import Refusal
from trailsleuth.analyze.requests import access_request
from trailsleuth.analyze.shown import takes_form
from trailsleuth.facts import Facts
from trailsleuth.model import account_of, parse_arn


def completed(refusal: Refusal, facts: Facts) -> Refusal:
    """The same with its resource, where there is one candidate alone."""
    if refusal.resource is not None or refusal.iam_action is None or refusal.first.request:
        return refusal
    made = {fact.thing for fact in facts.siblings.made_just_before(refusal.first) if _may_be(refusal, fact.thing)}
    if len(made) != 1:
        return refusal
    resource = next(iter(made))
    known = {**refusal.denial.known_from, "resource": "maker"}
    owner = account_of(resource) or refusal.resource_account
    clear = replace(refusal, denial=replace(refusal.denial, known_from=known), resource=resource, resource_account=owner, request=None)
    return replace(clear, request=access_request(clear))


def _may_be(refusal: Refusal, thing: str) -> bool:
    """A role for a service that could not take one; else a thing of the denied action's own kind."""
    arn = parse_arn(thing)
    return arn is not None and (arn.is_role if refusal.is_assume else takes_form(refusal.iam_action or "", thing))
