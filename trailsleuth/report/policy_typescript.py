"""Roles and their statements in a CDK program in TypeScript or JavaScript, by brackets, strings and remarks alone; nothing of the program runs."""

from __future__ import annotations

import re
from collections.abc import Iterator

from trailsleuth.patterns import late
from trailsleuth.report.policy_programs import ROLE_OF, Frame, Maker, generated, named, source_of
from trailsleuth.report.policy_types import PolicySource, Span

_MADE = late(rf"\bnew\s+(?:[\w$]+\.)*({'|'.join(ROLE_OF)})\s*\(")
_ASSIGNED = late(r"(?:(?:const|let|var)\s+([\w$]+)(?:\s*:\s*[\w$.]+)?|((?:this\.)?[\w$]+))\s*=\s*$")
_STATEMENT = late(r"(?:new\s+)?((?:[\w$]+\.)*PolicyStatement)\s*(?:\.\s*fromJson\s*)?\(")
_CLASS = late(r"\bclass\s+[\w$]+\s+extends\s+([\w$.]+)[^{]*\{")
_LIST = late(r"\bstatements\s*:\s*\[")
_CONDITIONAL = late(r"\b(?:if|for|while|switch|catch|with)\s*$")
_STRING = late(r"'((?:[^'\\\n])*)'|\"((?:[^\"\\\n])*)\"|`([^`\\]*)`")
_PUT_IN = late(r"\$\{[^}]*\}")
_PAIRS = {"(": ")", "[": "]", "{": "}"}
_BEFORE_REGEX = "(,=:[!&|?{};+"


def typescript_makers(text: str, path: str) -> Iterator[Maker]:
    """Each construct of a role, with the statements that the same block adds to it. ValueError where brackets or strings do not close."""
    code = bare_code(text)
    inside = _partners(code)
    for made in _MADE.finditer(code):
        yield _Maker(text, code, inside, path).maker(made)


def bare_code(text: str) -> str:
    """The program with the signs of strings hidden, remarks and regular expressions blanked, every other sign in its place."""
    out, at, last = list(text), 0, ""
    while at < len(text):
        end = _end_of_blank(text, at, last)
        if end is None:
            last = text[at] if not text[at].isspace() else last
            at += 1
            continue
        written = text[at] in "'\"`"
        for number in range(at + written, end - written):
            out[number] = "\n" if text[number] == "\n" else "_" if written else " "
        last = last if text.startswith(("//", "/*"), at) else "'"
        at = end
    return "".join(out)


def _end_of_blank(text: str, at: int, last: str) -> int | None:
    """Where the string, remark or regular expression ends that begins there; None where none does."""
    if text.startswith("//", at):
        end = text.find("\n", at)
        return len(text) if end < 0 else end
    if text.startswith("/*", at):
        return _found(text, "*/", at + 2) + 2
    if text[at] in "'\"":
        closing = re.compile(rf"(?:[^\\\n{text[at]}]|\\.)*{text[at]}", re.DOTALL).match(text, at + 1)
    elif text[at] == "`":
        if "`" in text[at + 1 :] and "${" in text[at + 1 : text.index("`", at + 1)].rpartition("}")[2]:
            raise ValueError("a template within a template")
        closing = re.compile(r"(?:[^\\`]|\\.)*`", re.DOTALL).match(text, at + 1)
    elif text[at] == "/" and (not last or last in _BEFORE_REGEX):
        closing = re.compile(r"(?:[^\\/\n\[]|\\.|\[(?:[^\\\]\n]|\\.)*\])+/").match(text, at + 1)
    else:
        return None
    if closing is None:
        raise ValueError("a string is not closed")
    return closing.end()


def _found(text: str, what: str, at: int) -> int:
    place = text.find(what, at)
    if place < 0:
        raise ValueError(f"{what} is missing")
    return place


def _partners(code: str) -> dict[int, int]:
    """Of each opening bracket, where its partner is."""
    found: dict[int, int] = {}
    opened: list[int] = []
    for at, sign in enumerate(code):
        if sign in _PAIRS:
            opened.append(at)
        elif sign in ")]}":
            if not opened or _PAIRS[code[opened[-1]]] != sign:
                raise ValueError("brackets do not match")
            found[opened.pop()] = at
    if opened:
        raise ValueError("a bracket is not closed")
    return found


class _Maker:
    """One file: its text, its bare code, and its brackets."""

    def __init__(self, text: str, code: str, inside: dict[int, int], path: str) -> None:
        self.text, self.code, self.inside, self.path = text, code, inside, path

    def maker(self, made: re.Match[str]) -> Maker:
        opened = made.end() - 1
        holders = self.holders(made[1], opened)
        found = [*self.inline(opened, holders), *self.added(made, opened, holders)] if holders else []
        return Maker(path=self.path, line=self.text.count("\n", 0, made.start()) + 1, holders=holders, sources=tuple(found))

    def holders(self, construct: str, opened: int) -> tuple[str, ...]:
        scope, identifier, properties = [*self.parts(opened), (0, 0), (0, 0), (0, 0)][:3]
        members = self.members(properties[0]) if self.code[properties[0] : properties[0] + 1] == "{" and properties[1] else {}
        if "..." in members or (properties[1] and not self.code.startswith("{", properties[0])):
            return ()
        if construct == "Role" and "roleName" in members:
            pieces = self.pieces(members["roleName"])
            return () if len(pieces) > 1 and self.repeated(opened) else named(pieces)
        pieces = self.pieces(identifier)
        if len(pieces) != 1 or (construct != "Role" and "role" in members) or self.code[slice(*scope)] != "this" or not self.in_stack(opened):
            return ()
        return generated(pieces[0], construct)

    def repeated(self, at: int) -> bool:
        """Whether a loop or a function without a name stands around it: one statement there is one of many roles."""
        for block in (start for start, end in self.inside.items() if start < at < end and self.code[start] == "{"):
            before = self.code[:block].rstrip()
            opened = next((one for one, end in self.inside.items() if end == len(before) - 1), 0)
            if before.endswith("=>") or (before.endswith(")") and re.search(r"\b(?:for|while|function)\s*$", self.code[:opened])):
                return True
        return False

    def in_stack(self, at: int) -> bool:
        around = [one for one in _CLASS.finditer(self.code, 0, at) if self.inside[one.end() - 1] > at]
        return bool(around) and around[-1][1].rpartition(".")[2] == "Stack"

    def parts(self, opened: int) -> list[tuple[int, int]]:
        """What stands between the commas of a bracket, without the blanks around it."""
        close, at = self.inside[opened], opened + 1
        begins, found = at, []
        while at <= close:
            if at == close or self.code[at] == ",":
                whole = self.code[begins:at]
                if whole.strip():
                    found.append((begins + len(whole) - len(whole.lstrip()), at - len(whole) + len(whole.rstrip())))
                begins = at + 1
            at = self.inside[at] + 1 if at in self.inside and at != close else at + 1
        return found

    def members(self, opened: int) -> dict[str, tuple[int, int]]:
        """The members of an object and their values; `...` where a name is worked out, or others are spread into it."""
        found = {}
        for start, end in self.parts(opened):
            name = re.compile(r"([\w$]+)\s*(?::\s*|$)").match(self.code, start, end)
            found[name[1] if name is not None else "..."] = (name.end() if name is not None else end, end)
        return found

    def pieces(self, span: tuple[int, int]) -> list[str]:
        """A text that is written out, cut where something is put in; nothing where it is worked out."""
        written = _STRING.fullmatch(self.text[slice(*span)].strip())
        if written is None:
            return []
        return _PUT_IN.split(written[3]) if written[3] is not None else [next(one for one in written.groups() if one is not None)]

    def around(self, at: int) -> int:
        """The bracket that is open there; -1 where none is."""
        return max((start for start, end in self.inside.items() if start < at < end), default=-1)

    def added(self, made: re.Match[str], opened: int, holders: tuple[str, ...]) -> Iterator[PolicySource]:
        """`role.addToPolicy(new iam.PolicyStatement(...))`, each a statement of its own, behind the role and in its block."""
        assigned = _ASSIGNED.search(self.code[max(0, made.start() - 200) : made.start()])
        block = self.around(made.start())
        if assigned is None or block < 0 or self.code[block] != "{":
            return
        variable, end = assigned[1] or assigned[2], self.inside[block]
        own = rf"(?<![\w$.]){re.escape(variable)}"
        if len(re.findall(rf"{own}(?:\s*:\s*[\w$.]+)?\s*=(?![=>])", self.code[block:end])) != 1:
            return
        calls = re.compile(rf"{own}\s*\.\s*(?:addToPolicy|addToPrincipalPolicy|addToRolePolicy)\s*(\()")
        spans, frame = [], None
        for call in calls.finditer(self.code, self.inside[opened], end):
            span = self.statement(call.start(), call.start(1)) if self.around(call.start()) == block else None
            listed = self.parts(call.start(1))
            made_there = _STATEMENT.match(self.code, listed[0][0]) if span is not None and len(listed) == 1 else None
            if span is not None and made_there is not None and self.inside[made_there.end() - 1] + 1 == listed[0][1]:
                spans.append(span)
                close = ");" if self.code[self.inside[call.start(1)] : span.end].rstrip().endswith(";") else ")"
                frame = Frame(before=self.text[call.start() : call.end()], statement=made_there[1], after=close)
        if frame is not None:
            yield source_of(self.path, self.text, spans, holders, frame)

    def statement(self, start: int, opened: int) -> Span | None:
        """The call to the end of its line or its semicolon; None where it is part of another statement, or under a condition."""
        before = self.code[:start].rstrip()
        if before.endswith(")"):
            partner = next(one for one, end in self.inside.items() if end == len(before) - 1)
            if _CONDITIONAL.search(self.code[:partner]):
                return None
        elif not before.endswith((";", "{", "}")):
            return None
        end = self.inside[opened] + 1
        if re.compile(r"\s*[.,?&|)\]!=]").match(self.code, end):
            return None
        end += len(self.code[end:]) - len(self.code[end:].lstrip(" \t"))
        end = end + 1 if self.code[end : end + 1] == ";" else self.inside[opened] + 1
        line = self.text.find("\n", end)
        line = len(self.text) if line < 0 else line
        return Span(start=start, end=line if not self.code[end:line].strip() else end, value=None)

    def inline(self, opened: int, holders: tuple[str, ...]) -> Iterator[PolicySource]:
        """Lists of statements that are written out in `inlinePolicies`."""
        parts = self.parts(opened)
        members = self.members(parts[2][0]) if len(parts) > 2 and self.code[parts[2][0]] == "{" else {}
        start, end = members.get("inlinePolicies", (0, 0))
        for found in _LIST.finditer(self.code, start, end):
            spans: list[Span] = []
            name = ""
            for one in self.parts(found.end() - 1):
                made = _STATEMENT.match(self.code, one[0])
                if made is None or self.inside[made.end() - 1] + 1 != one[1]:
                    spans = []
                    break
                spans.append(Span(start=one[0], end=one[1], value=None))
                name = made[1]
            if spans:
                yield source_of(self.path, self.text, spans, holders, Frame(before="", statement=name, after=""))
