"""Evidence that can be shared: records, snapshots, policies and CodePipeline's answers under other names, in a way that leaves the verdict as it is.

Every text is redacted wherever it stands, also inside JSON texts, URL-encoded policies and URLs. What stays is what an answer of AWS consists of by itself:
calls, actions, condition keys, services, regions, times, error codes, and the prose of messages around the names in it.
"""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Iterable, Iterator
from urllib.parse import quote, unquote

from trailsleuth.patterns import late
from trailsleuth.report.redact import GENERIC, NAMED, PROFILE, TOKEN, Veil, looks_like_a_name
from trailsleuth.report.redact_words import Words

# https://docs.aws.amazon.com/awscloudtrail/latest/userguide/cloudtrail-event-reference-record-contents.html and the answers of IAM and CodePipeline
_KEPT = """
eventVersion eventTime eventSource eventName awsRegion errorCode eventType eventCategory apiVersion managementEvent readOnly type mfaAuthenticated
creationDate tlsVersion cipherSuite SignatureVersion AuthenticationMethod sessionCredentialFromConsole category owner provider version status executionMode
pipelineType startTime lastUpdateTime lastStatusChange created updated code trigger triggerType CreateDate UpdateDate IsDefaultVersion VersionId
DefaultVersionId Version Effect effect Action NotAction action encryptionAlgorithm keySpec operations instanceType launchType invocationType
x-amz-server-side-encryption x-amz-acl
bytesTransferredIn bytesTransferredOut x-amz-date X-Amz-Date X-Amz-Algorithm PermissionsBoundaryType AwsManaged addendum reason updatedFields
Type ActionMode Capabilities CannedACL Extract
"""
_KEPT_FIELDS = frozenset(_KEPT.split()) - {"addendum", "trigger"}
_PROSE = frozenset(
    {"errorMessage", "message", "summary", "externalExecutionSummary", "Description", "description", "statusSummary", "cause", "policyViolations"}
)
_SECRETS = frozenset({"sessiontoken", "secretaccesskey", "x-amz-security-token", "x-amz-signature"})
_MAPS_OF_NAMES = frozenset({"tags", "Tags", "tagset", "principalTags", "transitiveTags", "encryptionContext", "environmentVariables"})
_PLAIN = late(r"true|false|null|-?\d{1,10}(?:\.\d+)?|v\d+|\d{4}-\d\d-\d\d(?:[T ][\d:.]+(?:Z|[+-]\d\d:?\d\d)?)?", re.I)
_REGION = late(r"(?<![a-z0-9])(?:af|ap|ca|cn|eu|il|me|mx|sa|us)(?:-gov|-iso[a-z]?)?-[a-z]+-\d[a-z]?(?![a-z0-9])")
_SERVICE_HOST = late(r"(?:[a-z0-9-]+\.)*amazonaws\.com(?:\.cn)?")
_OPERATION = late(r"(?<![\w-])([a-z][a-z0-9-]{1,40}):([A-Za-z][\w-]*\*?)(/[^\s\"']+)?")
_PROVIDER_KEY = late(r"[\w.-]+\.[a-z]{2,10}(?:/[^\s:]*)?:[a-z_]+")  # a claim of an OIDC provider: host/path:sub
_QUOTED = late(r"'([\w+=.@/-]{3,128})'")  # CodePipeline and CloudFormation put names between such signs
_SAML = late(r":saml-provider/([^\W_]+)")
_CUT_LENGTH, _LONGEST_WORD = 1024, 64  # CloudTrail cuts messages at 1 KB, in the middle of a name
_ODD_WORD = late(r"(?<![\w./:=@-])[A-Za-z0-9]+(?:[-_.][A-Za-z0-9]+)+(?![\w/:@-])")  # as names have it, and prose has not
_WORD_ALONE = late(r"(?<![\w./:=@-])[^\W\d_]{3,}(?![\w/:@-])")
_NO_NAME = late(r"v?[\d._-]+|x-amz(?:-[a-z]+)+|(?:[A-Z]\.)+|(?:e\.g|i\.e)", re.I)
_WORDS_KEPT = """
aws amazon amazonaws com cn arn http https role user root policy group alias service key table function bucket true false default latest main master log
logs s3 kms iam ecs ecr ec2 sqs sns sts lambda codepipeline codebuild codedeploy cloudformation dynamodb instance profile assumed awsreservedsso
cli sdk boto3 botocore terraform hashicorp apn java python javascript nodejs go rust ruby php dotnet cpp kotlin swift powershell console internal coral
linux windows darwin macos md ua os lang exec env cfg retry mode app exe bundle installer installed source prompt off on x86 arm64 amd64 crt hll lib platform
cloudwatch vpc AES256 FARGATE EC2 KMS ENABLED DISABLED ACTIVE oidc eks id sub aud amr token actions githubusercontent dkr api execute
"""


class EvidenceVeil(Veil):
    """`prefixes` are those of services; `kept` further words of AWS that stay, `prose` the words that its messages consist of: any other is a name.
    Everything has to be learned before anything is redacted."""

    def __init__(self, prefixes: Iterable[str], kept: Iterable[str], *, secret: bytes, prose: Iterable[str] = ()) -> None:
        super().__init__()
        self._prose_words = frozenset(prose)
        self._prefixes = frozenset(prefixes)
        self._leaves: dict[str, str] = {}
        words = (*_WORDS_KEPT.split(), *GENERIC, *kept)
        plain = frozenset(part for word in words for part in (word.lower(), *re.findall(r"[a-z0-9]+", word.lower())))
        self._made = Words(plain, secret=secret, account=self._account)

    def _account(self, digits: str) -> str:
        return self._stand_in("account", digits, lambda number: f"{number:012d}")

    def name(self, _kind: str, text: str) -> str:
        """The name by its words; a region or a service inside it stays."""
        if text not in self._names:
            self._names[text] = self._between(_REGION, text, self._made.name)
        return self._names[text]

    def learn_all(self, values: Iterable[object]) -> None:
        """Meets everything: first the fragments by which patterns compare names, then the names, so that prose that mentions one is known to."""
        held = [(key, text) for value in values for key, text in _texts(value) if key not in _KEPT_FIELDS]
        for key, text in held:
            if key not in _PROSE:
                self._made.cut_at(text)
                for provider in _SAML.findall(text):  # the principalId of such a session ends with it
                    self._made.cut_at(f"*{provider}")
            elif len(text) >= _CUT_LENGTH:
                self._made.cut_at(f"{text[-_LONGEST_WORD:]}*")
        for key, text in held:
            if key not in _PROSE:
                self.leaf(text)
            for named in self._named(text) if key in _PROSE else ():
                self.leaf(named)
        self._ready()

    def _named(self, text: str) -> Iterator[str]:
        """The names that prose gives: after a word that says of what, between quotation marks, or in a form that only names have."""
        yield from (*filter(looks_like_a_name, NAMED.findall(text)), *PROFILE.findall(text), *_QUOTED.findall(text))
        plain = TOKEN.sub(" ", text)
        yield from (word for word in _WORD_ALONE.findall(plain) if word.lower() not in self._prose_words)
        for word in _ODD_WORD.findall(plain):
            if not (word in self._prose_words or _NO_NAME.fullmatch(word) or _REGION.fullmatch(word) or _SERVICE_HOST.fullmatch(word)):
                yield word

    def _ready(self) -> None:
        """All names are known: from here on they are found in prose."""
        self._leaves.clear()  # JSON texts may hold prose
        for name in sorted((name for name in self._names if len(name) > 3 and not _PLAIN.fullmatch(name)), key=lambda name: (-len(name), name)):
            word = re.search(r"[A-Za-z0-9]+", name)
            if word and self._names[name] != name:
                self._by_word.setdefault(word.group(), []).append((name, word.start()))

    def value(self, value: object, key: str = "") -> object:
        """A piece of evidence under other names."""
        if isinstance(value, dict):
            return {self._member(name, key): self.value(member, name) for name, member in value.items()}
        if isinstance(value, list):
            return [self.value(member, key) for member in value]
        if not isinstance(value, str):
            return self._bare_number(value)
        if key.lower() in _SECRETS:
            return "REDACTED"
        if key in _KEPT_FIELDS:
            return value
        inner = self._inner(value)
        if inner is not None:
            return inner
        return self.text(value)[: max(len(value), _CUT_LENGTH)] if key in _PROSE else self.leaf(value)

    def _bare_number(self, value: object) -> object:
        """An account id that a tool wrote as a number."""
        if isinstance(value, int) and not isinstance(value, bool) and 10**11 <= value < 10**12:
            known = self._given.get("account", {}).get(str(value))
            return int(known) if known else value
        return value

    def _member(self, name: str, parent: str) -> str:
        """A key: a member's name stays, a tag's or an ARN does not."""
        if parent in _MAPS_OF_NAMES:
            return self.leaf(name)
        if ("/" in name and _OPERATION.fullmatch(name)) or _PROVIDER_KEY.fullmatch(name):
            return self.leaf(name)
        return self.text(name) if TOKEN.search(name) else name

    def _inner(self, text: str) -> str | None:
        """A text that holds a JSON document, plain or URL-encoded, with that document redacted; None where it is no such text."""
        if text[:1] in {"{", "["} and text[-1:] in {"}", "]"}:
            return self._json(text, lambda made: made)
        if text[:3].lower() in {"%7b", "%5b"}:
            return self._json(unquote(text), lambda made: quote(made, safe=""))
        return None

    def _json(self, text: str, encode: Callable[[str], str]) -> str | None:
        try:
            held = json.loads(text)
        except (ValueError, RecursionError):
            return None
        return encode(json.dumps(self.value(held), ensure_ascii=False))

    def leaf(self, text: str) -> str:
        """A value: a name, an ARN, a URL, an action with its service. What is no plain value is redacted word by word."""
        if text not in self._leaves:
            self._leaves[text] = self._leaf(text)
        return self._leaves[text]

    def _leaf(self, text: str) -> str:
        if _PLAIN.fullmatch(text) or not text:
            return text
        inner = self._inner(text)
        if inner is not None:
            return inner
        operation = _OPERATION.fullmatch(text)
        if operation and operation.group(1) in self._prefixes | {"aws"}:
            tail = operation.group(3)
            return f"{operation.group(1)}:{operation.group(2)}{self.name('tag', tail) if tail else ''}"
        return self._between(TOKEN, text, self._untokened, self._token)

    def _untokened(self, text: str) -> str:
        return self._between(_SERVICE_HOST, text, lambda part: self.name("name", part), lambda host: self._host(host.group()))

    def _host(self, host: str) -> str:
        """A service's host or principal as it is; the bucket, the API's id or the like before it is a name."""
        labels = host.split(".")
        if len(labels) == 3 or (len(labels) == 4 and not labels[1].startswith("s3")):
            return host
        return ".".join(label if _REGION.fullmatch(label) else self.name("bucket", label) for label in labels)

    def text(self, text: str) -> str:
        """Prose: identifiers by their form, names that were met elsewhere; actions and services stay."""
        return self._between(TOKEN, text, self._prose, self._token)

    def _prose(self, text: str) -> str:
        return self._between(_OPERATION, text, self._bare, self._operation_in_prose)

    def _operation_in_prose(self, found: re.Match[str]) -> str:
        known = found.group(1) in self._prefixes and not found.group(3)
        return found.group() if known else self._bare(found.group())

    def _token(self, found: re.Match[str]) -> str:
        kind, text = found.lastgroup or "", found.group()
        if kind == "ip":
            return self._made.address(text) if _sound(text) else text
        if kind == "blob":
            return self._stand_in("blob", text, lambda number: f"REDACTED{number}".ljust(len(text), "A"))
        return super()._token(found)

    def _unique(self, text: str, session: str | None) -> str:
        return super()._unique(text, None) + (f":{self.leaf(session)}" if session else "")

    def _ip6(self, text: str) -> str:
        address = text if _sound(text) else text.rstrip(":")
        return self._made.address(address) + text[len(address) :] if _sound(address) and len(address) > 2 else text

    @staticmethod
    def _between(pattern: re.Pattern[str], text: str, rest: Callable[[str], str], found: Callable[[re.Match[str]], str] = re.Match.group) -> str:
        out, end = [], 0
        for match in pattern.finditer(text):
            out += [rest(text[end : match.start()]) if match.start() > end else "", found(match)]
            end = match.end()
        return "".join([*out, rest(text[end:]) if end < len(text) else ""])


def _sound(text: str) -> bool:
    import ipaddress

    try:
        ipaddress.ip_address(text)
    except ValueError:
        return False
    return True


def _texts(value: object, key: str = "") -> Iterator[tuple[str, str]]:
    """Every text with the member that holds it; keys of maps of names too."""
    if isinstance(value, dict):
        for name, member in value.items():
            if key in _MAPS_OF_NAMES:
                yield "", name
            yield from _texts(member, name)
    elif isinstance(value, list):
        for member in value:
            yield from _texts(member, key)
    elif isinstance(value, str):
        yield key, value
