"""The role chain as mermaid and as Graphviz dot; kinds are told apart by shape, not by colour alone."""

from __future__ import annotations

from trailsleuth.report.context import Document
from trailsleuth.report.graph import Node, chain_graph
from trailsleuth.report.sanitize import for_dot, for_mermaid

_MERMAID_SHAPES = {"caller": ("([", "])"), "role": ("[", "]"), "cause": ("{{", "}}"), "also_needed": ("[/", "/]"), "recovered": ("(", ")")}
_DOT_SHAPES = {"caller": "oval", "role": "box", "cause": "hexagon", "also_needed": "parallelogram", "recovered": "note"}
_LABEL = 120


def render_mermaid(document: Document) -> str:
    """A mermaid flowchart, as GitHub and GitLab draw it: https://mermaid.js.org/syntax/flowchart.html"""
    graph = chain_graph(document)
    lines = ["flowchart LR", *(f"  {node.id}{_mermaid_shape(node)}" for node in graph.nodes)]
    lines += [f"  {start} --> {end}" for start, end in graph.edges]
    if not graph.nodes:
        lines.append('  n0["no role chain"]')
    refused = [node.id for node in graph.nodes if node.kind == "cause"]
    if refused:
        lines += ["  classDef cause stroke:#b3261e,stroke-width:3px", f"  class {','.join(refused)} cause"]
    if graph.left_out:
        lines.append(f'  more["and {graph.left_out} more"]')
    return "\n".join(lines) + "\n"


def _mermaid_shape(node: Node) -> str:
    start, end = _MERMAID_SHAPES[node.kind]
    return f'{start}"{"<br/>".join(for_mermaid(line[:_LABEL]) for line in node.lines)}"{end}'


def render_dot(document: Document) -> str:
    """A Graphviz digraph."""
    graph = chain_graph(document)
    lines = ["digraph trailsleuth {", "  rankdir=LR;", '  node [fontname="sans-serif"];']
    for node in graph.nodes:
        label = "\\n".join(for_dot(line[:_LABEL]) for line in node.lines)
        lines.append(f'  {node.id} [shape={_DOT_SHAPES[node.kind]}, label="{label}"];')
    lines += [f"  {start} -> {end};" for start, end in graph.edges]
    if graph.left_out:
        lines.append(f'  more [shape=plaintext, label="and {graph.left_out} more"];')
    return "\n".join([*lines, "}"]) + "\n"
