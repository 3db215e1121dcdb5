"""The contract's terms as people say them, the same in every format."""

from __future__ import annotations

import json
from collections.abc import Iterable

from trailsleuth.model import parse_arn
from trailsleuth.report.context import Document

VERDICT = {"cause_found": "CAUSE FOUND", "no_denial_found": "NOTHING DENIED", "inconclusive": "INCONCLUSIVE"}
STANDING = {"cause": "Cause", "also_needed": "Also needed", "recovered": "Recovered", "background": "Background"}
STANDING_NOTE = {
    "cause": "why it failed",
    "also_needed": "has to change too before it can succeed",
    "recovered": "denied, then allowed: not the cause",
    "background": "other principals, sessions or executions",
}
OTHERS, OTHERS_NOTE = "Other denied chains", "not answered here; ask about one by name"
BASIS_NOTE = {
    "observed": "the trail shows the denial",
    "inferred": "follows from the policies in the evidence",
    "predicted": "would fail next; not seen in the trail",
}
CAUSE = {
    "missing_allow": "implicit deny, no statement allows it",
    "explicit_deny": "explicit deny, a Deny statement matches",
    "condition_mismatch": "implicit deny, a condition of the Allow is not met",
    "scope_mismatch": "implicit deny, the Allow does not cover this resource",
    "untrusted_principal": "the trust policy does not allow the caller",
    "stale_principal": "the policy names a principal that no longer exists",
    "no_policy_fix": "no policy change can fix it",
    "not_a_permission": "not a permission problem",
    "unknown": "the denial could not be explained",
}
POLICY_TYPE = {
    "identity": "identity policy",
    "resource": "resource policy",
    "trust": "trust policy",
    "boundary": "permissions boundary",
    "session": "session policy",
    "scp": "service control policy (SCP)",
    "rcp": "resource control policy (RCP)",
    "vpc_endpoint": "VPC endpoint policy",
    "lake_formation": "Lake Formation grant",
    "other": "other",
}
SHOWN_STANDINGS = ("cause", "also_needed", "recovered")


def policy_types(finding: Document) -> str:
    """`identity policy and resource policy`; empty where no policy is to be changed."""
    return " and ".join(POLICY_TYPE.get(kind, kind) for kind in finding["policy_types"])


def standing_findings(document: Document, *standings: str, everything: bool = False) -> list[Document]:
    """The findings of these standings, in the order of their ranks: of the chain that is answered, of every chain where all are asked for."""
    return [f for f in document["findings"] if f["standing"] in standings and (everything or f["group"] == 1 or f["standing"] == "background")]


def shown_findings(document: Document, *, everything: bool) -> list[Document]:
    """What a report shows: other chains and the background only when asked for."""
    return standing_findings(document, *SHOWN_STANDINGS, *(("background",) if everything else ()), everything=everything)


def other_chains(document: Document) -> list[Document]:
    """The likeliest cause of each other denied chain."""
    firsts: dict[int, Document] = {}
    for finding in document["findings"]:
        if finding["standing"] == "cause" and finding["group"] > 1:
            firsts.setdefault(finding["group"], finding)
    return list(firsts.values())


def chain_line(finding: Document) -> str:
    """A cause of another chain in one line, with the option that asks about it."""
    principal, cited = finding["principal"] or "", finding["evidence"]
    option = f"--role {principal}" if principal.startswith("arn:") else f"--event-id {cited[0]['event_id']}" if cited else "--all"
    return f"{finding['iam_action'] or 'a call'} by {name_of(finding['principal'])}, {plural(finding['count'], 'time')}: {option}"


def background_line(document: Document) -> str:
    """How many denials of others were left out; empty where there are none."""
    denials = sum(group["count"] for group in document["background"])
    if not denials:
        return ""
    if any(finding["group"] > 1 and finding["standing"] != "background" for finding in document["findings"]):
        return f"left out: {plural(denials, 'denied call')} of further kinds; --limit or --all works them out"
    return f"left out: {plural(denials, 'denied call')} of {STANDING_NOTE['background']}; --all works them out"


def known(finding: Document) -> str:
    """How sure the finding is, in words: `observed: the trail shows the refusal`."""
    note = BASIS_NOTE.get(finding["basis"], "")
    if finding["basis"] == "observed" and finding["cause"] == "not_a_permission":
        note = "the failure is on record"
    return f"{finding['basis']}: {note}"


def resource(finding: Document) -> str:
    """The resource; `unknown` where the finding should have one, empty where it is about none."""
    return finding["resource"] or ("" if finding["cause"] == "not_a_permission" else "unknown")


def call(record: Document) -> str:
    """`ecs:RegisterTaskDefinition`, from the trail's event source and name."""
    return f"{record['event_source'].removesuffix('.amazonaws.com')}:{record['event_name']}"


def headline(finding: Document) -> str:
    """The finding in one line: what is refused, or why nothing can be named."""
    if finding["iam_action"]:
        return f"{finding['iam_action']}: {CAUSE.get(finding['cause'], finding['cause'])}"
    return CAUSE.get(finding["cause"], str(finding["cause"]))


def name_of(principal: str | None) -> str:
    """The bare name of a role, user or service; ARN parts before it say the account, which stands beside it."""
    if not principal:
        return "unknown principal"
    return principal.rsplit("/", 1)[-1] if principal.startswith("arn:") else principal


def short_resource(resource: str) -> str:
    """What stands after the account in an ARN: `web-artifacts/key`; a role by its bare name."""
    arn = parse_arn(resource)
    if arn is None:
        return resource
    return arn.name if arn.is_role else arn.resource


def proof_text(proof: Document | None) -> str:
    """What the proof of a delta says, in words."""
    if proof is None:
        return "not proven: the evidence holds no policies to test it against"
    said = [
        _verdict(proof["sufficient"], yes="sufficient by the policies in the evidence", no="NOT sufficient", open_="sufficiency undecided"),
        _verdict(proof["minimal"], yes="minimal", no="not minimal", open_="minimality undecided"),
    ]
    if (harmless := proof.get("harmless")) is not None:  # older documents do not say
        said.append("harmless" if harmless else "NOT harmless: calls beside it become allowed too")
    missing = f"; open: {', '.join(map(str, proof['undecided']))}" if proof["undecided"] else ""
    return f"{', '.join(said)}{missing}"


def opinion_text(delta: Document) -> str:
    """What AWS's own engine says of a change, in words; "" where it was not to be asked."""
    asked = delta.get("second_opinion") or []
    if not asked:
        return ""
    said = {one["decision"] for one in asked}
    left = sorted({name for one in asked for name in one["left_out"]})
    without = f", without {', '.join(left)}" if left else ""
    if said == {"allowed"}:
        return f"its policy simulator confirms the change: {plural(len(asked), 'call')} allowed{without}"
    if said == {None}:
        why = next((one["why"] for one in asked if one["why"]), "")
        return f"its policy simulator was not asked{f': {why}' if why else ''}; this asks it{without}"
    against = ", ".join(f"{one['iam_action']}: {one['decision'] or one['why']}" for one in asked if one["decision"] != "allowed")
    return f"its policy simulator does NOT confirm the change ({against}){without}"


def opinion_command(delta: Document) -> str:
    """What asks AWS's own engine, where it has not answered; else ""."""
    return next((str(one["command"]) for one in delta.get("second_opinion") or [] if one["decision"] is None), "")


def _verdict(value: bool | None, *, yes: str, no: str, open_: str) -> str:
    return open_ if value is None else yes if value else no


def gap_parts(gap: Document) -> tuple[str, ...]:
    """Where and when something is missing, as far as that is told, and why."""
    place = " ".join(part for part in (gap["account"], gap["region"]) if part)
    time = span(gap["from"], gap["to"]) if gap["from"] or gap["to"] else ""
    told = ", ".join(part for part in (place, time) if part)
    return (told, gap_reason(gap)) if told else (gap_reason(gap),)


def gap_reason(gap: Document) -> str:
    """Why something is missing, with the statement that allows the collector to fetch it where there is one."""
    allow = gap.get("allow")
    return f"{gap['why']}; to allow it: {json.dumps(allow)}" if allow else str(gap["why"])


def span(first: str | None, last: str | None) -> str:
    """`2026-03-04 09:00:00Z – 09:04:10Z`, the day once where both share it."""
    if not first or not last or first == last:
        return spoken(first or last)
    return f"{spoken(first)} to {last[11:] if first[:10] == last[:10] else spoken(last)}"


def spoken(moment: str | None) -> str:
    """A time of the document with a blank for the T; `unknown` where there is none."""
    return moment.replace("T", " ") if moment else "unknown"


def wanted(question: Document) -> str:
    """`records of account 111122223333`; without the account where it is not known."""
    return f"{question['wanted']} of account {question['account']}" if question["account"] else str(question["wanted"])


def plural(count: int, noun: str) -> str:
    """`1 record`, `1,234 records`."""
    return f"{count:,} {noun}{'' if count == 1 else 's'}"


def condition_lines(conditions: Document) -> list[str]:
    """`StringEquals iam:PassedToService = ecs-tasks.amazonaws.com`, one line a key."""
    lines = []
    for operator, keys in conditions.items():
        if not isinstance(keys, dict):
            lines.append(f"{operator} {keys}")
            continue
        lines.extend(f"{operator} {key} = {_values(value)}" for key, value in keys.items())
    return lines


def _values(value: object) -> str:
    if isinstance(value, str | int | float) or value is None:
        return str(value)
    return " | ".join(map(str, value)) if isinstance(value, Iterable) else str(value)


def execution_line(execution: Document | None) -> str:
    """`pipeline web, stage Deploy, action DeployToEcs (CodeDeployToECS), execution 0f3f…`; what is unknown is left out."""
    if execution is None:
        return ""
    parts = [f"{label} {execution[key]}" for key, label in (("pipeline", "pipeline"), ("stage", "stage"), ("action", "action")) if execution[key]]
    if execution["provider"]:
        parts.append(f"{parts.pop()} ({execution['provider']})" if execution["action"] else f"provider {execution['provider']}")
    if execution["execution_id"] and execution["execution_id"] != execution["action"]:
        parts.append(f"execution {execution['execution_id']}")
    return ", ".join(parts)


def knowledge_line(document: Document) -> str:
    """Of which day the knowledge of AWS is; "" in a case saved without it."""
    known = [f"{one['date']} ({one['source']} {one['version']})" for one in document.get("knowledge", ())]
    return f"AWS as of {', '.join(known)}" if known else ""


def coverage_line(coverage: Document) -> str:
    """How much was read, in one sentence."""
    accounts = [seen["account"] for seen in coverage["accounts"]]
    where = f" of {plural(len(accounts), 'account')} ({', '.join(accounts)})" if accounts else ""
    extra = [f"{plural(coverage['denied'], 'denied call')}"]
    if coverage["duplicates"]:
        extra.append(plural(coverage["duplicates"], "duplicate"))
    extra.append(f"{coverage['unreadable']:,} unreadable")
    return f"{plural(coverage['records_read'], 'record')}{where}: {', '.join(extra)}"


def caller_of(hop: Document) -> str:
    """Who stands at the beginning of a chain: who assumed its first role, or a user with a key of its own; else nobody knows."""
    own = {"user": "a user's own credentials", "root": "the root user's own credentials"}
    kind = (hop["role"] or "").rpartition(":")[2].partition("/")[0]
    return str(hop["assumed_by"] or own.get(kind) or "unknown caller")
