"""Tables and patterns that are read and compiled when they are asked for."""

from __future__ import annotations

import importlib
import pkgutil
import re
import sys
import tomllib

import pytest
from msgspec import to_builtins

import trailsleuth
from trailsleuth.catalog.load import DATA
from trailsleuth.patterns import late
from trailsleuth.tables import read_toml

TABLES = sorted({*DATA.rglob("*.toml"), *(DATA.parents[1] / "sources" / "data").rglob("*.toml")})


@pytest.fixture
def kept(tmp_path, monkeypatch):
    """Where tables are kept in this test."""
    monkeypatch.setattr(sys, "dont_write_bytecode", False)
    monkeypatch.setattr(sys, "pycache_prefix", str(tmp_path / "kept"))
    return tmp_path / "kept"


@pytest.mark.parametrize("path", TABLES, ids=lambda path: path.stem)
def test_a_table_is_the_same_whether_read_or_kept(path, kept):
    plain = to_builtins(tomllib.loads(path.read_text(encoding="utf-8")))
    assert read_toml(path) == plain
    (packed,) = kept.rglob("*.msgpack")
    assert read_toml(path) == plain
    assert packed.stat().st_size < 2 * path.stat().st_size


@pytest.mark.parametrize(
    "spoil", [lambda held: b"", lambda held: held[:9], lambda held: held[:-1], lambda held: b"x" * len(held), lambda held: held[:8] + b"\x93"]
)
def test_what_is_kept_and_spoiled_is_read_anew(spoil, kept, tmp_path):
    path = tmp_path / "a.toml"
    path.write_text('[[row]]\nid = "one"\n')
    assert read_toml(path) == {"row": [{"id": "one"}]}
    (packed,) = kept.rglob("*.msgpack")
    held = packed.read_bytes()
    packed.write_bytes(spoil(held))
    assert read_toml(path) == {"row": [{"id": "one"}]}
    assert packed.read_bytes() == held


def test_an_edited_table_is_read_anew(kept, tmp_path):
    path = tmp_path / "a.toml"
    for word in ("one", "two", "one"):
        path.write_text(f'[[row]]\nid = "{word}"\n')
        assert read_toml(path) == {"row": [{"id": word}]}


def test_nothing_is_kept_where_python_keeps_nothing_or_cannot(kept, tmp_path, monkeypatch):
    path = tmp_path / "a.toml"
    path.write_text("a = 1\n")
    monkeypatch.setattr(sys, "dont_write_bytecode", True)
    assert read_toml(path) == {"a": 1}
    assert not kept.exists()
    monkeypatch.setattr(sys, "dont_write_bytecode", False)
    kept.write_text("a file stands where the directory would")
    assert read_toml(path) == {"a": 1}


def test_a_late_pattern_is_the_pattern():
    pattern, plain = late("(a)(?P<b>b)?", re.IGNORECASE), re.compile("(a)(?P<b>b)?", re.IGNORECASE)
    assert pattern.sub("x", "cABa") == plain.sub("x", "cABa") == "cxx"
    assert (pattern.pattern, pattern.flags, dict(pattern.groupindex), pattern.groups) == (plain.pattern, plain.flags, dict(plain.groupindex), plain.groups)
    assert late(rb"\d").findall(b"1a2") == [b"1", b"2"]


def test_every_late_pattern_compiles():
    names = [module.name for module in pkgutil.walk_packages(trailsleuth.__path__, "trailsleuth.") if not module.name.endswith("__main__")]
    held = [value for name in names for value in vars(importlib.import_module(name)).values() if type(value) is type(late(""))]
    assert len(held) > 80
    assert all(re.compile(pattern.pattern, pattern.flags) for pattern in held)
