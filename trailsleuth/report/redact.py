"""A document that can be shared: every identifier replaced by a stand-in of its own kind, the same one wherever it occurs.

Access key and unique ids encode the account (https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_identifiers.html), so they go as well.
Services, actions, regions, condition keys, times, counts and hashes stay: without them the report says nothing.
"""

from __future__ import annotations

import ipaddress
import re
from collections.abc import Callable, Iterator

from trailsleuth.patterns import late
from trailsleuth.report.context import Document

_KEPT = """
schema outcome standing basis cause policy_types iam_action region regions event_source event_name call error_code provider wanted policy_type id finding_ids
sha256 started ended first_seen last_seen event_time first_event last_event from to Version Effect Action NotAction
"""
_KEPT_FIELDS = frozenset(_KEPT.split())
_NAME_FIELDS = {"pipeline": "pipeline", "stage": "stage", "action": "action", "session_name": "session", "Sid": "statement"}
_POLICY_FIELDS = frozenset({"conditions", "document", "remove"})
_POLICY_WORD = late(
    r"Version|Id|Statement|Sid|Effect|(?:Not)?(?:Principal|Action|Resource)|Condition|AWS|Service|Federated|CanonicalUser"
    r"|(?:String|Numeric|Date|Arn|Binary|Bool|(?:Not)?IpAddress|Null)[A-Za-z]{0,40}"
)
_FILE_FIELDS = frozenset({"source", "path"})
_WORDS_OF_AWS = """
aws role user root group policy service-role aws-service-role aws-reserved sso.amazonaws.com assumed-role federated-user instance-profile function
table key alias stack changeset cluster service task task-definition repository log-group log-stream secret parameter topic queue bucket pipeline
application deploymentgroup deploymentconfig project build domain index layer rule event-bus statemachine execution db instance volume image
security-group subnet vpc vpc-endpoint network-interface snapshot organization account ou AWSLogs CloudTrail default amazon
"""
GENERIC = frozenset(_WORDS_OF_AWS.split())
TOKEN = late(
    r"""
    (?P<arn>arn:aws[a-z-]*:[a-z0-9-]*:[a-z0-9-]*:[0-9a-z]*:(?:\$\{[^}\s]*\}|,(?!\s|arn:|$)|[^\s"'`<>,;()\[\]{}\\])+)
  | (?P<unique>(?<![A-Za-z0-9])(?:AKIA|ASIA|AROA|AIDA|AGPA|AIPA|ANPA|ANVA|ABIA|ACCA|APKA|ASCA)[A-Z0-9]{8,}(?::(?P<session>[\w+=,.@-]{2,64}))?)
  | (?P<email>(?<![\w.+-])[\w.+-]{1,64}@[\w-]{1,63}(?:\.[\w-]{1,63}){1,8})
  | (?P<uuid>(?<![0-9A-Za-z])(?:mrk-[0-9a-f]{32}|[0-9a-fA-F]{8}-(?:[0-9a-fA-F]{4}-){3}[0-9a-fA-F]{12}))
  | (?P<blob>(?<![A-Za-z0-9+/=_-])(?=[A-Za-z_/+-]*[0-9])[A-Za-z0-9+/=_-]{48,})
  | (?P<made>(?<![A-Za-z0-9-])(?:vpce|vpc|subnet|sg|eni|eipalloc|ami|vol|snap|rtb|igw|nat|acl|lt|i|o|ou|r|p|d)
      -[0-9a-zA-Z]{4,32}(?:-[0-9a-z]{8,32})?(?![A-Za-z0-9-]))
  | (?P<ip>(?<![\d.])(?:\d{1,3}\.){3}\d{1,3}(?![\d.]))
  | (?P<ip6>(?<![0-9A-Za-z:.])(?=[0-9a-fA-F]*:[0-9a-fA-F]*:)[0-9a-fA-F:]{3,39}(?![0-9A-Za-z]))
  | (?P<account>(?<![0-9A-Za-z])\d{12}(?![0-9A-Za-z]))
    """,
    re.X,
)
_MADE_NEEDS_DIGIT = late(r"\d")
NAMED = late(
    r"\b(?:role|user|bucket|cluster|function|repository|pipeline|stack|project|application|topic|queue|secret|alias|profile|name)"
    r"[ :=/\"']+([\w+=.@/-]{3,128})"
)
PROFILE = late(r"--profile[ =]([\w+=.@/-]+)")
_WORD = late(r"[A-Za-z0-9]+")
_SEGMENT = late(r"(\$\{[^}]*\}|[*?]|[:/])")
_COLON_KINDS = {"function", "secret", "log-group", "log-stream", "stateMachine", "execution", "application", "deploymentgroup", "db", "cluster"}


def redact(document: Document) -> Document:
    """The same case under other names. Equal documents give equal answers; ids of findings stay, so that answers can be matched."""
    veil = Veil()
    veil.learn(document)
    return {key: veil.field(key, value) for key, value in document.items()}


class Veil:
    """The stand-ins given out so far, by kind and by what they stand for."""

    def __init__(self) -> None:
        self._given: dict[str, dict[str, str]] = {}
        self._names: dict[str, str] = {}
        self._by_word: dict[str, list[tuple[str, int]]] = {}

    def _stand_in(self, kind: str, text: str, form: Callable[[int], str]) -> str:
        known = self._given.setdefault(kind, {})
        if text not in known:
            known[text] = form(len(known) + 1)
        return known[text]

    def name(self, kind: str, text: str) -> str:
        """`role-1` for a role's name; a name met before keeps its stand-in, whatever it names now."""
        if text not in self._names:
            self._names[text] = self._stand_in(kind, text, lambda number: f"{kind}-{number}")
        return self._names[text]

    def learn(self, document: Document) -> None:
        """Meets all names first, so that one that occurs bare in a sentence is known by then."""
        for field, text in _strings(document):
            kind = _NAME_FIELDS.get(field)
            if kind and text and not TOKEN.fullmatch(text):
                self.name(kind, text)
            for found in TOKEN.finditer(text):
                self._token(found)
            if field in {"error_message", "explanation", "advice", "warnings", "instead", "summary", "command"}:
                for named in [*filter(looks_like_a_name, NAMED.findall(text)), *PROFILE.findall(text)]:
                    self.name("name", named)
        for name in sorted((name for name in self._names if len(name) > 2), key=lambda name: (-len(name), name)):
            word = _WORD.search(name)
            if word:
                self._by_word.setdefault(word.group(), []).append((name, word.start()))

    def field(self, key: str, value: object, *, of_policy: bool = False) -> object:
        """A value of the document under its key, redacted; containers keep their form, and the document's own fields their names."""
        of_policy = of_policy or key in _POLICY_FIELDS
        if isinstance(value, dict):
            return {self._key(inner) if of_policy else inner: self.field(inner, member, of_policy=of_policy) for inner, member in value.items()}
        if isinstance(value, list):
            return [self.field(key, member, of_policy=of_policy) for member in value]
        if not isinstance(value, str) or key in _KEPT_FIELDS:
            return value
        if key in _FILE_FIELDS:
            return self._file(value)
        if key in _NAME_FIELDS and value in self._names:
            return self._names[value]
        return self.text(value)

    def _key(self, key: str) -> str:
        """A key inside a policy: its elements, operators and condition keys stay, whatever else is named like them."""
        return key if ":" in key or _POLICY_WORD.fullmatch(key) else self.text(key)

    def text(self, text: str) -> str:
        """Running text: tokens by their form, what lies between them by the names learnt."""
        out, end = [], 0
        for found in TOKEN.finditer(text):
            out += [self._bare(text[end : found.start()]), self._token(found)]
            end = found.end()
        return "".join([*out, self._bare(text[end:])])

    def _bare(self, text: str) -> str:
        """The names learnt, where they stand as words of their own; of several at one place the longest."""
        out, end = [], 0
        for word in _WORD.finditer(text):
            for name, lead in self._by_word.get(word.group(), ()):
                start = word.start() - lead
                if start >= end and text.startswith(name, start) and _stands_alone(text, start, start + len(name)):
                    out += [text[end:start], self._names[name]]
                    end = start + len(name)
                    break
        return "".join([*out, text[end:]])

    def _file(self, path: str) -> str:
        suffix = re.search(r"(?:\.(?:json|jsonl|csv|gz|zip|tar|tgz|bz2|zst|txt|parquet))+$", path)
        return self._stand_in("file", path, lambda number: f"file-{number}") + (suffix.group() if suffix else "")

    def _token(self, found: re.Match[str]) -> str:
        kind, text = found.lastgroup or "", found.group()
        if found.group("arn"):
            return self._arn(text)
        if found.group("unique"):
            return self._unique(text, found.group("session"))
        if kind == "made" and not _MADE_NEEDS_DIGIT.search(text):
            return self._bare(text)
        if kind == "ip6":
            return self._ip6(text)
        forms: dict[str, Callable[[int], str]] = {
            "account": lambda number: f"{number:012d}",
            "email": lambda number: f"person{number}@example.com",
            "uuid": lambda number: f"00000000-0000-4000-8000-{number:012d}",
            "blob": lambda number: f"REDACTED-{number}",
            "ip": lambda number: f"192.0.2.{number}" if number < 256 else f"198.51.{number // 256 % 256}.{number % 256}",
            "made": lambda number: f"{text.partition('-')[0]}-{number:017d}",
        }
        return self._stand_in(kind, text, forms[kind])

    def _ip6(self, text: str) -> str:
        address = text if _is_ip6(text) else text.rstrip(":")
        if not _is_ip6(address):
            return text  # a time, or another thing with colons
        return self._stand_in("ip6", address, lambda number: f"2001:db8::{number:x}") + text[len(address) :]

    def _unique(self, text: str, session: str | None) -> str:
        bare = text.partition(":")[0]
        stand_in = self._stand_in("unique", bare, lambda number: f"{bare[:4]}REDACTED{number:08d}")
        return f"{stand_in}:{self.name('session', session)}" if session else stand_in

    def _arn(self, text: str) -> str:
        body = text.rstrip(".:")
        head, partition, service, region, account, resource = body.split(":", 5)
        if account == "aws":  # owned by AWS: tells nothing of the user
            return text
        shown = self._stand_in("account", account, lambda number: f"{number:012d}") if account.isdigit() else account
        return ":".join((head, partition, service, region, shown, self._resource(service, resource))) + text[len(body) :]

    def _resource(self, service: str, resource: str) -> str:
        parts = [part for part in _SEGMENT.split(resource) if part]
        kind = parts[0] if len(parts) > 1 and parts[0] in GENERIC | _COLON_KINDS else {"s3": "bucket", "sns": "topic", "sqs": "queue"}.get(service, "name")
        session = kind == "assumed-role"
        out = []
        for number, part in enumerate(parts):
            if _SEGMENT.fullmatch(part) or part in GENERIC or (number == 0 and part == kind) or part.startswith("AWSServiceRole") or _is_service(part):
                out.append(part)
            elif TOKEN.fullmatch(part):
                out.append(self.text(part))
            else:
                out.append(self.name("session" if session and number == len(parts) - 1 and number > 2 else "role" if session else kind, part))
        return "".join(out)


def looks_like_a_name(word: str) -> bool:
    """Tells `role SecretRole` from `role that`: a capital within, or a sign that prose has not."""
    if word.lower() in GENERIC or TOKEN.search(word):
        return False
    return any(sign.isupper() or sign in "-_/" or sign.isdigit() for sign in word[1:])


def _stands_alone(text: str, start: int, end: int) -> bool:
    return not (start and _is_letter(text[start - 1])) and not (end < len(text) and _is_letter(text[end]))


def _is_letter(sign: str) -> bool:
    return sign.isascii() and sign.isalnum()


def _is_ip6(text: str) -> bool:
    try:
        ipaddress.IPv6Address(text)
    except ValueError:
        return False
    return len(text) > 2


def _is_service(part: str) -> bool:
    return part.endswith((".amazonaws.com", ".amazonaws.com.cn"))


def _strings(value: object, field: str = "") -> Iterator[tuple[str, str]]:
    if isinstance(value, dict):
        for key, member in value.items():
            yield from _strings(member, key)
    elif isinstance(value, list):
        for member in value:
            yield from _strings(member, field)
    elif isinstance(value, str) and field not in _KEPT_FIELDS | _FILE_FIELDS:
        yield field, value
