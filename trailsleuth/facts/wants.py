"""What facts look at in a trail beside the denied record itself, as data: whoever reads a part of a trail only takes that part from here.

A closed union: a new kind of fact that reads other records adds its want here, and the scan's law (a scan gives what reading everything gives) fails
until the selection knows it.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator

from msgspec import Struct

from trailsleuth.catalog.actions import access_level, resource_types, takes_resource
from trailsleuth.catalog.agents import is_mcp_server
from trailsleuth.catalog.keys import key_services
from trailsleuth.catalog.passed_roles import passed_roles, passing_rows
from trailsleuth.catalog.services import prefix_of
from trailsleuth.catalog.things import whole_of
from trailsleuth.facts.handed import NAMING
from trailsleuth.facts.ids import IDS
from trailsleuth.facts.things import worked_on
from trailsleuth.model import ActionRun, Denial, PolicyType, Record, ResourcePolicy, parse_arn
from trailsleuth.model.texts import texts_in, words_in


class ThingNamed(Struct, frozen=True):
    """Calls of the service that name the thing: those that made it, and those that were told there is none. `keyed`: KMS calls for it, too."""

    thing: str
    service: str
    keyed: bool


class Made(Struct, frozen=True):
    """Calls of the same credentials that made something, with all their members."""


class Handed(Struct, frozen=True):
    """Calls of the event source that gave a role to one of the names."""

    event_source: str
    names: frozenset[str]


class Uploaded(Struct, frozen=True):
    """Uploads of the object."""

    bucket: str
    key: str


class Owned(Struct, frozen=True):
    """The last record that tells whose the bucket is."""

    bucket: str


class CalledAs(Struct, frozen=True):
    """A call of the principal that had this unique id."""

    unique_id: str


class Retried(Struct, frozen=True):
    """A later success of the denied call, by the same principal in the same Region, that holds one of the names or one of the words.

    `words` are only looked for where they are long enough to tell one thing from another. `first`: the next success counts, whatever it holds.
    `handing`: every success that names a role counts.
    """

    names: frozenset[str]
    words: frozenset[str]
    first: bool
    handing: bool


class Registered(Struct, frozen=True):
    """The latest earlier call of the same operation for each family, in the same account and Region: it shows the role that the denied one leaves out."""


class Session(Struct, frozen=True):
    """All calls of the session that was denied, with all their members."""


class SetUp(Struct, frozen=True):
    """Answered calls, whoever made them, that set up what a service goes on with: an error text may tell of what was denied later."""


class HandingOver(Struct, frozen=True):
    """Answered calls, whoever made them, that hand a role to a service: what it was denied with that role may be what is asked about."""


class ToolCall(Struct, frozen=True):
    """The call of the same credentials to an MCP server that asked for this one, with all its members."""


Want = ThingNamed | Made | Handed | Uploaded | Owned | CalledAs | Retried | Registered | Session | SetUp | HandingOver | ToolCall


def wants_of(record: Record) -> Iterator[Want]:
    """What is looked at for a denied record that is asked about: others are counted by their own members alone."""
    denial = record.denial
    if denial is None:
        return
    if denial.by_passed_role or (denial.policy_type is PolicyType.TRUST and not record.event_name.startswith("AssumeRole")):
        names = frozenset(word for key in NAMING for word in words_in(record.request.get(key)))
        yield HandingOver() if record.request and not names else Handed(record.event_source, names)
    yield from _owners(record, denial)
    if not record.request and denial.resource is None:
        yield Made()
    if is_mcp_server(record.identity.invoked_by):
        yield ToolCall()
    if denial.resource is None and (denial.principal or "").endswith(".amazonaws.com"):
        yield SetUp()
    things = dict.fromkeys(arn for arn in (denial.resource, *(ref.arn for ref in record.resources), *(arn for _, arn in worked_on(record))) if arn)
    for thing in things:
        yield from _named(thing)
        if thing.startswith("arn:") and ":s3:::" in thing and "/" in thing:
            yield Uploaded(_bucket(thing), thing.partition(":::")[2].partition("/")[2])
    bucket, key = record.request.get("bucketName"), record.request.get("key")
    if prefix_of(record.event_source) == "s3" and isinstance(bucket, str) and isinstance(key, str):
        yield Uploaded(bucket, key)


def wants_of_retries(record: Record, beside: Iterable[str], answers: Iterable[str], *, broad: bool) -> Iterator[Want]:
    """What tells whether a denied call that is asked about worked later, and which role it was to hand over.

    `beside` are the things of denials that this one may be put together with: of the same session, or of the same principal and action. `answers` are the
    things of decoded messages. `broad`: an encoded message or a page of an account may name any thing.
    """
    denial = record.denial
    if denial is None:
        return
    call = (record.event_source, record.event_name)
    roles = frozenset(role.role for role in passed_roles(*call, record.request)) if passing_rows(*call) else None
    unsaid = denial.resource in (None, "*")
    nothing = unsaid and _without_resource(denial)
    names = {*answers, *(roles or ()), *(beside if unsaid or denial.path_unknown or denial.wraps else ()), *(() if unsaid else (denial.resource or "",))}
    shown = broad or (unsaid and not nothing) or denial.other_actions or denial.path_unknown
    words = {*texts_in(dict(record.request)), *(ref.arn for ref in record.resources if ref.arn)} if shown else ()
    yield Retried(frozenset(names), frozenset(words), first=broad or unsaid or _without_resource(denial), handing=roles == frozenset())
    if roles == frozenset():
        yield Registered()
        yield Session()
    elif "Tagging" in (access_level(denial.iam_action or "") or ""):
        yield Session()  # what earlier calls sent tells which tags a condition lets in


def _without_resource(denial: Denial) -> bool:
    return denial.iam_action is not None and takes_resource(denial.iam_action) is False


def wants_of_policies(held: Iterable[ResourcePolicy]) -> Iterator[Want]:
    """What is looked at for resource policies: whose the unique ids are that stand in them in the place of ARNs."""
    principals = (statement.principals for policy in held for statement in policy.policy.document.statements if statement.principals is not None)
    for unique in sorted({value for named in principals for kind, value in named.entries if kind == "AWS" and value.startswith(IDS)}):
        yield CalledAs(unique)


def wants_of_text(error: str | None) -> Iterator[Want]:
    """What is looked at for an error text that no record may show."""
    if error:
        yield SetUp()


def wants_of_run(run: ActionRun) -> Iterator[Want]:
    """What is looked at for the artifacts of a failed action: a denied call that names nothing is about one of them."""
    for bucket, key in run.artifacts:
        yield from _named(f"arn:aws:s3:::{bucket}/{key}")


def _owners(record: Record, denial: Denial) -> Iterator[Want]:
    """Whose the buckets are that the denied call may be about, where its own `resources` do not tell it."""
    kinds = resource_types(denial.iam_action) if denial.iam_action is not None else ()
    if kinds and ":s3:::" not in " ".join([denial.resource or "", *(form for kind in kinds for form in kind.arn_formats)]):
        return
    shown = [denial.resource, *(ref.arn for ref in record.resources), *texts_in(dict(record.request)), record.request.get("bucketName")]
    told = {ref.arn.partition(":s3:::")[2] for ref in record.resources if ref.account and ref.arn}
    for text in filter(None, shown):
        bucket = _bucket(text) if ":s3:::" in str(text) else text if text == record.request.get("bucketName") else None
        if isinstance(bucket, str) and bucket and bucket not in told:
            yield Owned(bucket)


def _named(thing: str) -> Iterator[Want]:
    arn = parse_arn(thing)
    if arn is None or arn.service in ("iam", "sts", "kms"):
        return
    for name in (thing, whole_of(thing)):
        if name is not None and "*" not in name:  # no record is of a pattern
            yield ThingNamed(name, arn.service, arn.service in key_services())


def _bucket(arn: object) -> str:
    return str(arn).partition(":s3:::")[2].partition("/")[0].partition("*")[0]
