"""The role chains and what was denied at their ends as one drawing, before any format gives it a form."""

from __future__ import annotations

from msgspec import Struct

from trailsleuth.model import same_role
from trailsleuth.report import words
from trailsleuth.report.context import Document

_MAX_CHAINS = 12
_MAX_FINDINGS = 20


class Node(Struct, frozen=True, kw_only=True):
    """`kind` is caller, role, cause, also_needed or recovered; `lines` are unsafe text, for each format to sanitise. `account` "": not known, or of none."""

    id: str
    kind: str
    lines: tuple[str, ...]
    depth: int
    account: str = ""


class Graph(Struct, frozen=True, kw_only=True):
    """Nodes in drawing order, the edges between their ids, and how many chains and findings found no room."""

    nodes: tuple[Node, ...]
    edges: tuple[tuple[str, str], ...]
    left_out: int


def chain_graph(document: Document) -> Graph:
    """Callers, roles and findings of the case, each once."""
    nodes: dict[tuple[str, ...], Node] = {}
    edges: dict[tuple[str, str], None] = {}
    ends: dict[str, Node] = {}  # role ARN: its deepest node

    def node(key: tuple[str, ...], kind: str, lines: tuple[str, ...], depth: int, account: str | None = None) -> Node:
        return nodes.setdefault(key, Node(id=f"n{len(nodes)}", kind=kind, lines=lines, depth=depth, account=account or ""))

    for chain in document["chains"][:_MAX_CHAINS]:
        if not chain["hops"]:
            continue
        first = words.caller_of(chain["hops"][0])
        before = node(("caller", first), "caller", (words.name_of(first),), 0)
        for hop in chain["hops"]:
            key = ("role", hop["role"] or "", hop["session_name"] or "", hop["access_key_id"] or "")
            here = node(key, "role", (words.name_of(hop["role"]),), before.depth + 1, hop["account"])
            edges[before.id, here.id] = None
            if hop["role"]:
                ends[hop["role"]] = here
            before = here
    found = [finding for finding in words.shown_findings(document, everything=False) if finding["principal"]]
    for finding in found[:_MAX_FINDINGS]:
        principal = finding["principal"]
        at = next((end for role, end in ends.items() if role == principal or same_role(role, principal)), None)
        if at is None:
            at = node(("principal", principal), "role", (words.name_of(principal),), 0, finding["principal_account"])
        lines = (finding["iam_action"] or "call not known", *((words.short_resource(finding["resource"]),) if finding["resource"] else ()), _mark(finding))
        account = finding["resource_account"] or at.account
        edges[at.id, node(("finding", finding["id"], str(finding["rank"])), finding["standing"], lines, at.depth + 1, account).id] = None
    left_out = max(len(document["chains"]) - _MAX_CHAINS, 0) + max(len(found) - _MAX_FINDINGS, 0)
    return Graph(nodes=tuple(nodes.values()), edges=tuple(edges), left_out=left_out)


def _mark(finding: Document) -> str:
    return f"{finding['rank']}. {words.STANDING[finding['standing']].lower()}, {finding['basis']}"
