"""Roles and their statements in a CDK program in Python, by Python's own syntax tree; nothing of the program runs."""

from __future__ import annotations

import ast
from collections.abc import Iterator, Sequence

from trailsleuth.report.policy_programs import ROLE_OF, Frame, Maker, generated, named, source_of
from trailsleuth.report.policy_types import PolicySource, Span

_ADDS = {"add_to_policy", "add_to_principal_policy", "add_to_role_policy"}


def python_makers(text: str, path: str) -> Iterator[Maker]:
    """Each construct of a role, with the statements that the same block adds to it. SyntaxError where it is no Python."""
    starts = [0]
    for line in text.splitlines(keepends=True):
        starts.append(starts[-1] + len(line))
    tree = ast.parse(text)
    above = {inner: node for node in ast.walk(tree) for inner in ast.iter_child_nodes(node)}
    for call in above:
        if isinstance(call, ast.Call) and _last_name(call.func) in ROLE_OF:
            yield _Reader(text, path, starts, above).maker(call)


def _last_name(node: ast.AST) -> str:
    return node.attr if isinstance(node, ast.Attribute) else node.id if isinstance(node, ast.Name) else ""


def _given(call: ast.Call, name: str) -> ast.expr | None:
    return next((one.value for one in call.keywords if one.arg == name), None)


class _Reader:
    """One file: its text, where its lines start, and what each node stands in."""

    def __init__(self, text: str, path: str, starts: Sequence[int], above: dict[ast.AST, ast.AST]) -> None:
        self.text, self.path, self.starts, self.above = text, path, starts, above

    def maker(self, call: ast.Call) -> Maker:
        around: list[ast.AST] = [call]
        while (node := self.above.get(around[-1])) is not None:
            around.append(node)
        del around[0]
        holders = self.holders(call, around)
        found = [*self.inline(call, holders)]
        if isinstance(around[0], ast.Assign) and len(around[0].targets) == 1:
            found += self.added(around[0], self.block_of(around[0], around[1]), holders)
        return Maker(path=self.path, line=call.lineno, holders=holders, sources=tuple(found) if holders else ())

    def holders(self, call: ast.Call, around: Sequence[ast.AST]) -> tuple[str, ...]:
        construct, name = _last_name(call.func), _given(call, "role_name")
        if any(one.arg is None for one in call.keywords) or (construct != "Role" and _given(call, "role") is not None):
            return ()
        if construct == "Role" and name is not None:
            parts = _parts(name)
            many = any(isinstance(one, ast.For | ast.While | ast.comprehension | ast.ListComp | ast.DictComp) for one in around)
            return () if many and len(parts) > 1 else named(parts)
        around_it = next((one for one in around if isinstance(one, ast.ClassDef)), None)
        own = around_it is not None and any(_last_name(base) == "Stack" for base in around_it.bases) and bool(call.args) and _last_name(call.args[0]) == "self"
        identifier = call.args[1] if len(call.args) > 1 else None
        return generated(identifier.value, construct) if own and isinstance(identifier, ast.Constant) and isinstance(identifier.value, str) else ()

    def block_of(self, statement: ast.stmt, node: ast.AST) -> list[ast.stmt]:
        return next((block for name in ("body", "orelse", "finalbody") if statement in (block := getattr(node, name, None) or [])), [])

    def added(self, made: ast.Assign, block: list[ast.stmt], holders: tuple[str, ...]) -> Iterator[PolicySource]:
        """`role.add_to_policy(iam.PolicyStatement(...))`, each on lines of its own, behind the role and in its block."""
        target = ast.unparse(made.targets[0])
        stored = [one for statement in block for one in ast.walk(statement) if isinstance(one, ast.Name | ast.Attribute) and isinstance(one.ctx, ast.Store)]
        if sum(ast.unparse(one) == target for one in stored) != 1:
            return
        found = [(frame, span) for one in block[block.index(made) + 1 :] if (frame := self.frame_of(one, target)) and (span := self.lines_of(one))]
        if found:
            yield source_of(self.path, self.text, [span for _, span in found], holders, found[-1][0])

    def frame_of(self, statement: ast.stmt, target: str) -> Frame | None:
        """What stands around the statement that the call adds to the role; None where it does something else."""
        call = statement.value if isinstance(statement, ast.Expr) else None
        if not isinstance(call, ast.Call) or not isinstance(call.func, ast.Attribute) or call.func.attr not in _ADDS or call.keywords or len(call.args) != 1:
            return None
        made = self.class_of(call.args[0])
        return Frame(before=f"{ast.unparse(call.func)}(", statement=made, after=")") if made and ast.unparse(call.func.value) == target else None

    def inline(self, call: ast.Call, holders: tuple[str, ...]) -> Iterator[PolicySource]:
        """Lists of statements that are written out in `inline_policies`."""
        policies = _given(call, "inline_policies")
        for document in ast.walk(policies) if isinstance(policies, ast.Dict) else ():
            listed = _given(document, "statements") if isinstance(document, ast.Call) and _last_name(document.func) == "PolicyDocument" else None
            if isinstance(listed, ast.List) and listed.elts and all(self.class_of(one) for one in listed.elts):
                spans = [self.span(one) for one in listed.elts]
                yield source_of(self.path, self.text, spans, holders, Frame(before="", statement=self.class_of(listed.elts[0]), after=""))

    def class_of(self, node: ast.expr) -> str:
        """`iam.PolicyStatement` of a call that makes one; "" of anything else."""
        if not isinstance(node, ast.Call):
            return ""
        made = node.func.value if isinstance(node.func, ast.Attribute) and node.func.attr == "from_json" else node.func
        return ast.unparse(made) if _last_name(made) == "PolicyStatement" else ""

    def lines_of(self, statement: ast.stmt) -> Span | None:
        """The statement with a remark behind it; None where it shares a line with another."""
        span = self.span(statement)
        end = self.text.find("\n", span.end)
        end = len(self.text) if end < 0 else end
        begin = self.text.rfind("\n", 0, span.start) + 1
        rest = self.text[span.end : end].strip()
        return Span(start=span.start, end=end, value=None) if not self.text[begin : span.start].strip() and (not rest or rest.startswith("#")) else None

    def span(self, node: ast.stmt | ast.expr) -> Span:
        return Span(start=self.place(node.lineno, node.col_offset), end=self.place(node.end_lineno or 0, node.end_col_offset or 0), value=None)

    def place(self, line: int, column: int) -> int:
        """Syntax trees count bytes."""
        start = self.starts[line - 1]
        return start + len(self.text[start : self.starts[line]].encode()[:column].decode())


def _parts(name: ast.expr) -> list[str]:
    """A text, cut where something is put in."""
    if isinstance(name, ast.Constant) and isinstance(name.value, str):
        return [name.value]
    if isinstance(name, ast.JoinedStr):
        parts = [""]
        for one in name.values:
            if isinstance(one, ast.Constant):
                parts[-1] += str(one.value)
            else:
                parts.append("")
        return parts
    return []
