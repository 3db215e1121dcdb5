"""What a denied record has to do with the error text that the user saw: the strongest of a few named ties, and no score.

The text chooses among records; it is never evidence by itself. Request ids are the surest tie: wrappers print the id that CloudTrail keeps in `requestID`.
Source: https://docs.aws.amazon.com/awscloudtrail/latest/userguide/cloudtrail-event-reference-record-contents.html
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator

from msgspec import Struct

from trailsleuth.catalog.client_words import service_prefix
from trailsleuth.catalog.operations import plain_event_name, primary_action
from trailsleuth.catalog.services import prefix_of
from trailsleuth.correlate.attempts import opened_by_service
from trailsleuth.correlate.trail import Trail
from trailsleuth.model import Denial, ErrorText, Record, Session, Tie, parse_arn, role_of_session
from trailsleuth.model.names import role_of
from trailsleuth.model.texts import TELLING, repeats, said_by, words_in
from trailsleuth.patterns import late

NAMING = 4  # a name shorter than this stands in texts by chance
_CODE = late(r"\.|AccessDenied")  # what follows a service's name in a code of it: KMS.AccessDeniedException, KMSAccessDeniedException
OPERATION = late(r"[A-Z][A-Za-z0-9]{3,80}")
_THING = late(
    r"\b(?:account|alias|bucket|build|cluster|database|distribution|domain|function|group|image|instance|job|key|log group|parameter|pipeline|policy|project"
    r"|queue|repository|resource|role|secret|service|session|stack|state machine|table|task|topic|trail|user|volume)s?(?: named| called| with name| id)?[ :]+"
    r"[\"'`(]?([\w+=,.@/-]{2,512})",
    re.IGNORECASE,
)


class Tied(Struct, frozen=True, kw_only=True):
    """The records with the strongest kind of tie that any has; none and () where nothing ties."""

    kind: Tie | None
    records: tuple[Record, ...] = ()


def tied(trail: Trail, said: ErrorText) -> Tied:
    """The denied records that the text is about, or the failed calls whose own message it repeats."""
    text = _Text(said)
    found: dict[Tie, list[tuple[int, Record]]] = {}
    for record in trail.refused:
        kind, names = text.tie(record, trail.session(record))
        if kind is not None:
            found.setdefault(kind, []).append((names, record))
    best = min(found, default=None)
    failed = [] if best is not None and best <= Tie.SAME_TEXT else [r for r in trail.evidence.records if repeats(text.said.text, r)]
    if failed:
        return Tied(kind=Tie.SAME_TEXT, records=tuple(failed))
    if best is None:
        return Tied(kind=None)
    most = max(names for names, _ in found[best])
    return Tied(kind=best, records=tuple(record for names, record in found[best] if names == most or not best.is_strong))


class _Text:
    """The text with what it names."""

    def __init__(self, said: ErrorText) -> None:
        self.said = said
        self.arns = {word for word in said.words if word.startswith("arn:")}
        self.roles = {role for role in map(role_of_session, self.arns) if role}
        self.names = (set(_names(said)) | ({said.bucket} if said.bucket else set())) - self.arns
        self.operations = {word for word in said.words if OPERATION.fullmatch(word)} | {name for _, name in said.operations if name}
        spoken = {service_prefix(part) for word in said.words if word[:1].isupper() for part in (word, _CODE.split(word, maxsplit=1)[0])}
        self.services = {service for service, _ in (*said.operations, *said.types)} | spoken - {None}

    def tie(self, record: Record, session: Session | None) -> tuple[Tie | None, int]:
        """The strongest kind, and by how many names."""
        words = self.said.words
        if record.event_id in words:
            return Tie.EVENT_ID, 1
        if record.request_id and record.request_id in words:
            return Tie.REQUEST_ID, 1
        if self._same_text(record) or (self.said.denial is not None and _agrees(record, self.said.denial)):
            return Tie.SAME_TEXT, 1 + self._names_operation(record)  # of calls that were denied in the same words, the one that the text names
        for kind, held, named in (
            (Tie.ARN, _arns_of(record), self.arns | self.roles),
            (Tie.NAME, _names_of(record, session), self.names),
        ):
            if hits := len(held & named):
                return kind, 2 * hits + self._is_in_answered_call_of(session)
        return self._weaker(record, session)

    def _is_in_answered_call_of(self, session: Session | None) -> bool:
        """The session worked at what the text names: of two that were denied alike, it is rather this one's."""
        return session is not None and any(not call.failed and not self.names.isdisjoint(words_in(dict(call.request))) for call in session.calls)

    def _weaker(self, record: Record, session: Session | None) -> tuple[Tie | None, int]:
        if self._names_operation(record):
            return Tie.OPERATION, 1
        if self._demands(record):
            return Tie.DEMAND, 1
        if session is not None and self.names and any(not self.names.isdisjoint(words_in(dict(call.request))) for call in session.calls):
            return Tie.SESSION, 1
        words = said_by(record)
        another = bool(self.said.requests and record.request_id)  # the text prints the id of another request than this
        if words and words in self.said.text and not (another and len(words) < TELLING):
            return Tie.SAME_WORDS, 1
        if another:
            return None, 0
        if self._comes_from(session):
            return Tie.SPEAKER, 1
        return (Tie.SERVICE, 1) if self._speaks(record) else (None, 0)

    def _same_text(self, record: Record) -> bool:
        """The whole message, or one that names what was denied within the text (or the text within it)."""
        said, text = said_by(record), self.said.text.rstrip(".")
        if said == text:
            return bool(said)
        its = not self.said.operations or self._names_operation(record)  # what says little is the same where the call is, too
        names = "arn:" in said or (its and any(name in said for name in self.names))
        telling = len(said) >= TELLING and record.denial is not None and (names or "message" in record.denial.known_from.values())
        return telling and (said in text or (len(text) >= TELLING and text in said))

    def _names_operation(self, record: Record) -> bool:
        """The call by the client's name for it (ListObjectsV2 is recorded as ListObjects), by its IAM action, or by its CloudFormation type."""
        action = (record.denial.iam_action if record.denial else None) or primary_action(record.event_source, record.event_name, record.request)
        own = {plain_event_name(record.event_name), (action or "").partition(":")[2]}
        prefix = prefix_of(record.event_source)
        if any(service == prefix and kind in record.event_name for service, kind in self.said.types):
            return True
        if any(service not in (None, prefix) and name in own for service, name in self.said.operations):
            return False
        return not own.isdisjoint(self.operations) or (action is not None and any(_action(record.event_source, name) == action for name in self.operations))

    def _demands(self, record: Record) -> bool:
        """A call that the service of the named operation made with the caller's rights, as S3 does with KMS; none where AWS says which action was denied."""
        told, by = self.said.denial, record.identity.invoked_by
        said_by_aws = told is not None and told.iam_action is not None and (told.known_from.get("iam_action") == "message" or not told.wraps)
        return by is not None and not said_by_aws and any(_action(by, name) is not None for name in self.operations)

    def _comes_from(self, session: Session | None) -> bool:
        """The service whose text it is made the call or opened its session."""
        opaque = self.said.opaque
        return opaque is not None and session is not None and opened_by_service(session, f"{opaque.service}.amazonaws.com")

    def _speaks(self, record: Record) -> bool:
        """The text speaks of the called service, or usually hides a denial of it."""
        opaque = self.said.opaque
        return (opaque is not None and record.event_source in opaque.sources) or prefix_of(record.event_source) in self.services


def _names(said: ErrorText) -> Iterator[str]:
    """Words that can only be names, by their signs or capitals, and those that follow the word for a thing."""
    for word in said.words:
        if len(word) >= NAMING and not OPERATION.fullmatch(word) and re.search(r"[\d_/.@-]", word[1:]) and re.search(r"[A-Za-z]", word):
            yield word
    for match in _THING.finditer(said.text):
        word = match.group(1).strip(".:,")
        if len(word) >= NAMING:
            yield word


def _arns_of(record: Record) -> set[str]:
    who, denial = record.identity, record.denial
    texts = (who.arn, role_of(record), denial.resource if denial else None, *(ref.arn for ref in record.resources))
    return {text for text in (*texts, *words_in(dict(record.request))) if text and text.startswith("arn:")}


def _names_of(record: Record, session: Session | None) -> set[str]:
    """Names that belong to the call: of its request, of what it was denied on, of its role and its session."""
    found = words_in(dict(record.request)) | words_in(record.denial.resource if record.denial else None)
    role = parse_arn(role_of(record))
    found |= {role.name} if role else set()
    found |= {session.session_name} if session is not None and session.session_name else set()
    return {name for name in found if len(name) >= NAMING and not name.startswith("arn:")} - {record.region, record.account}


def _action(event_source: str, operation: str) -> str | None:
    return primary_action(event_source, operation, {})


def _agrees(record: Record, asked: Denial) -> bool:
    """The text and the record tell of one denial: the same action, by the same principal and on the same resource where both say which."""
    denial = record.denial
    if denial is None or not asked.iam_action or (denial.iam_action or "").lower() != asked.iam_action.lower():
        return False
    wanted, caller = parse_arn(role_of_session(asked.principal) or asked.principal), parse_arn(role_of(record))
    who = wanted is not None and caller is not None and (wanted.account, wanted.name) == (caller.account, caller.name)
    where = asked.resource not in (None, "*") and asked.resource == denial.resource
    other_who = wanted is not None and caller is not None and not who
    other_where = asked.resource not in (None, "*") and denial.resource not in (None, "*") and not where
    return (who or where) and not other_who and not other_where


def sessions_of(trail: Trail, records: Iterable[Record]) -> frozenset[str]:
    """The ids of the sessions that made the calls."""
    return frozenset(home for home in map(trail.home, records) if home)
