"""What a user reads is in the field's words: the list stands in docs/glossary.md, and nothing outside this test is free of it."""

from __future__ import annotations

import ast
import re
import tomllib
from collections.abc import Iterator
from pathlib import Path

import pytest

from docs.generate.cli import commands
from tests.test_docs import PAGES, text_of
from trailsleuth.cli.app import main

ROOT = Path(__file__).parent.parent
GLOSSARY = (ROOT / "docs" / "glossary.md").read_text(encoding="utf-8")
MODULES = sorted((ROOT / "trailsleuth").rglob("*.py"))
TABLES = sorted((ROOT / "trailsleuth").rglob("*.toml"))
OURS = (
    "advice",
    "note",
    "why",
    "because",
    "meaning",
    "how_to_find",
    "warning",
    "explanation",
    "description",
    "text",
    "title",
    "doc",
    "means",
    "what",
    "look_at",
    "other_causes",
)
FENCES = re.compile(r"^ *```.*?^ *```", re.DOTALL | re.MULTILINE)
TYPE = re.compile(r"[\w\[\], .|]+\]")  # an alias of a type, written as text
CODE = re.compile(r"`[^`\n]*`|<code>.*?</code>|<[^>]+>|^ {4}.*$|^## \w+$", re.MULTILINE)


def avoided() -> list[re.Pattern[str]]:
    """The words of the second table of the glossary, as patterns: `…` stands for endings."""
    listed = GLOSSARY.split("## Words that we avoid", 1)[1]
    cells = [row.split("|")[1] for row in listed.splitlines() if row.startswith("| `")]
    words = [word for cell in cells for word in re.findall(r"`([^`]+)`", cell)]
    patterns = [re.escape(word).replace("…", r"\w*") for word in words]
    return [re.compile(rf"(?<!there )\b{pattern}\b(?! longer| more|:)", re.IGNORECASE) for pattern in patterns]


AVOIDED = avoided()


def complaints(text: str) -> list[str]:
    """Each avoided word with what stands around it."""
    flat = " ".join(text.split())
    return [flat[max(found.start() - 40, 0) : found.end() + 40] for word in AVOIDED for found in word.finditer(flat)]


def sentences_of(module: Path) -> Iterator[str]:
    """String literals that read like text: not docstrings, not names."""
    tree = ast.parse(module.read_text(encoding="utf-8"))
    told = {
        node.body[0].value
        for node in ast.walk(tree)
        if isinstance(node, ast.Module | ast.ClassDef | ast.FunctionDef) and node.body and isinstance(node.body[0], ast.Expr)
    }
    for node in ast.walk(tree):
        if isinstance(node, ast.Constant) and isinstance(node.value, str) and node not in told and " " in node.value and not TYPE.fullmatch(node.value):
            yield node.value


def own_texts(value: object, key: str = "") -> Iterator[str]:
    """The texts of a table that are ours, not AWS's messages."""
    if isinstance(value, dict):
        for name, inner in value.items():
            if name not in ("example", "counter_example", "pattern"):
                yield from own_texts(inner, name)
    elif isinstance(value, list):
        for inner in value:
            yield from own_texts(inner, key)
    elif isinstance(value, str) and key in OURS:
        yield value


def test_the_list_of_avoided_words_is_read() -> None:
    assert len(AVOIDED) > 10
    assert complaints("S3 refuses the call; this cures it. It is no ARN.") != []
    assert complaints("there is no role of this name, and access is denied") == []


@pytest.mark.parametrize("module", MODULES, ids=lambda path: str(path.relative_to(ROOT)))
def test_no_message_of_the_program_has_an_avoided_word(module: Path) -> None:
    assert [found for text in sentences_of(module) for found in complaints(text)] == []


@pytest.mark.parametrize("table", TABLES, ids=lambda path: path.name)
def test_no_text_of_our_own_in_a_table_has_an_avoided_word(table: Path) -> None:
    assert [found for text in own_texts(tomllib.loads(table.read_text(encoding="utf-8"))) for found in complaints(text)] == []


@pytest.mark.parametrize("page", ["../README.md", *(page for page in PAGES if page != "glossary.md")])
def test_no_page_has_an_avoided_word(page: str) -> None:
    assert complaints(CODE.sub("", FENCES.sub("", text_of(page)))) == []


@pytest.mark.parametrize("command", ["", *commands()])
def test_no_help_text_has_an_avoided_word(command: str, capsys: pytest.CaptureFixture[str]) -> None:
    main([*command.split(), "--help"])
    assert complaints(capsys.readouterr().out) == []
