"""What all forms of a fix share: names, placeholders, what must be merged by hand."""

from __future__ import annotations

import re
from collections.abc import Callable

from msgspec import Struct

from trailsleuth.model import parse_arn
from trailsleuth.patterns import late
from trailsleuth.report.context import Document
from trailsleuth.report.sanitize import one_line
from trailsleuth.report.words import POLICY_TYPE

NOTHING = "no policy change fixes this case"
# https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_iam-quotas.html#reference_iam-quotas-names
_IAM_NAME = late(r"[\w+=,.@-]{1,64}", re.ASCII)
_VARIABLE = late(r"\$\{([^}]*)\}")


class Fix(Struct, frozen=True, kw_only=True):
    """One delta made ready: `role` or `user` is the bare name of an identity policy's owner, None where the statements must be merged by hand."""

    number: int
    delta: Document
    role: str | None
    user: str | None

    @property
    def mergeable(self) -> bool:
        """Whether it can stand beside the existing policies as one of its own."""
        return bool(self.statements) and (self.role is not None or self.user is not None)

    @property
    def statements(self) -> list[object]:
        return list(self.delta["document"]["Statement"])

    @property
    def policy_name(self) -> str:
        return str(self.delta.get("policy_name") or f"trailsleuth-{self.number}")

    @property
    def managed(self) -> bool:
        """Whether it is to be a managed policy: too large for an inline one, or a permissions boundary."""
        return bool(self.delta.get("managed"))

    @property
    def is_boundary(self) -> bool:
        return str(self.delta["policy_type"]) == "boundary"

    @property
    def policy_arn(self) -> str:
        """The ARN of the managed policy that it makes."""
        arn = parse_arn(self.delta["attach_to"])
        return f"arn:{arn.partition if arn else 'aws'}:iam::{arn.account if arn else ''}:policy/{self.policy_name}"

    @property
    def place(self) -> str:
        """`trust policy of arn:…`, on one harmless line."""
        kind = POLICY_TYPE.get(self.delta["policy_type"], self.delta["policy_type"])
        return one_line(f"{kind} of {self.delta['attach_to'] or 'an unknown place'}")


def fixes_of(deltas: list[Document]) -> list[Fix]:
    """Each delta with the owner of the policy it adds, where there is one."""
    return [_fix(number, delta) for number, delta in enumerate(deltas, 1)]


def _fix(number: int, delta: Document) -> Fix:
    alone = (delta["policy_type"] == "identity" or delta.get("managed")) and "maker" not in delta
    arn = parse_arn(delta["attach_to"]) if alone else None
    kind = arn.resource.partition("/")[0] if arn is not None and arn.service == "iam" else ""
    name = arn.name if arn is not None and _IAM_NAME.fullmatch(arn.name) else None
    return Fix(number=number, delta=delta, role=name if kind == "role" else None, user=name if kind == "user" else None)


def placeholders_of(fixes: list[Fix]) -> dict[str, Document]:
    """The placeholders of all deltas by name, each once."""
    return {placeholder["name"]: placeholder for fix in fixes for placeholder in fix.delta["placeholders"]}


def hint(placeholder: Document) -> str:
    """Why it is open and how to find it, on one harmless line."""
    return one_line(f"{placeholder['why']}. {placeholder['how_to_find']}")


def split_placeholders(text: str, names: dict[str, Document]) -> list[tuple[bool, str]]:
    """The text in pieces: (True, name) for a placeholder, (False, text) for the rest, policy variables such as `${aws:username}` among it."""
    pieces: list[tuple[bool, str]] = []
    end = 0
    for found in _VARIABLE.finditer(text):
        if found.group(1) in names:
            pieces += [(False, text[end : found.start()]), (True, found.group(1))]
            end = found.end()
    return [piece for piece in [*pieces, (False, text[end:])] if piece[1]] or [(False, "")]


def snake(name: str) -> str:
    """`TaskRoleName` as `task_role_name`, and nothing but letters, digits and underscores."""
    parts = re.sub(r"(?<=[a-z0-9])(?=[A-Z])", "_", name)
    word = re.sub(r"\W", "_", parts, flags=re.ASCII).lower()
    return word if word[:1].isalpha() else f"value_{word}".rstrip("_")


_ESCAPES = {"\\": "\\\\", '"': '\\"', "\n": "\\n", "\r": "\\r", "\t": "\\t"}


def escaped(text: str) -> str:
    """The inside of a double-quoted string of HCL, YAML and Python, which share these escapes; ASCII only."""
    return "".join(_ESCAPES.get(sign) or (sign if " " <= sign <= "~" else _code(sign)) for sign in text)


def _code(sign: str) -> str:
    return f"\\u{ord(sign):04x}" if ord(sign) < 0x10000 else f"\\U{ord(sign):08x}"


def render_value(value: object, depth: int, *, text: Callable[[str], str], key: Callable[[str], str], separator: str, comma: str) -> str:
    """A policy as a literal with braces and brackets, strings and keys by the language's own rules."""
    pad, end = "  " * (depth + 1), "  " * depth
    if isinstance(value, dict):
        inner = [f"{pad}{key(name)}{separator}{render_value(v, depth + 1, text=text, key=key, separator=separator, comma=comma)}" for name, v in value.items()]
        return "{\n" + f"{comma}\n".join(inner) + f"{comma}\n{end}}}" if inner else "{}"
    if isinstance(value, list):
        inner = [f"{pad}{render_value(v, depth + 1, text=text, key=key, separator=separator, comma=comma)}" for v in value]
        return "[\n" + ",\n".join(inner) + f",\n{end}]" if inner else "[]"
    return text(value if isinstance(value, str) else _scalar(value))


def _scalar(value: object) -> str:
    return str(value).lower() if isinstance(value, bool) else str(value)
