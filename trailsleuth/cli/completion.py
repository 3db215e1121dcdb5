"""What a shell completes after an option: AWS profiles by the local configuration, pipelines by the evidence on the line. Never an error, never the network."""

from __future__ import annotations

import configparser
import contextlib
import os
from collections.abc import Iterable, Iterator
from pathlib import Path

import typer

from trailsleuth.errors import TrailsleuthError

_MOST_BYTES = 20_000_000  # a person waits for the answer
_FILES = (("AWS_CONFIG_FILE", "~/.aws/config"), ("AWS_SHARED_CREDENTIALS_FILE", "~/.aws/credentials"))


def profiles(incomplete: str) -> list[str]:
    """Profiles of the configuration and credentials files: https://docs.aws.amazon.com/cli/latest/userguide/cli-configure-files.html"""
    names: list[str] = []
    for variable, usual in _FILES:
        parser = configparser.RawConfigParser(strict=False)
        with contextlib.suppress(configparser.Error, OSError, UnicodeDecodeError):
            parser.read(Path(os.environ.get(variable) or usual).expanduser(), encoding="utf-8")
        names += [name.removeprefix("profile ").strip() for name in parser.sections() if not name.startswith(("sso-session ", "services "))]
    return _beginning(names, incomplete)


def pipelines(ctx: typer.Context, incomplete: str) -> list[str]:
    """Pipelines that the evidence before it on the line names."""
    given = ctx.params.get("evidence") or ctx.args  # a line that is not whole yet is not parsed to its end
    paths = [path for path in given if not path.startswith("-") and "://" not in path]
    if not paths or sum(_sizes(paths)) > _MOST_BYTES:
        return []
    try:
        from trailsleuth import api

        evidence = api.load(paths).evidence
    except (TrailsleuthError, OSError, ValueError):
        return []
    named = (*(one.name for one in evidence.pipelines), *(run.pipeline for run in evidence.actions), *(run.pipeline for run in evidence.runs))
    return _beginning((name for name in named if name), incomplete)


def _sizes(paths: Iterable[str]) -> Iterator[int]:
    for path in map(Path, paths):
        files = path.rglob("*") if path.is_dir() else [path]
        yield from (one.stat().st_size for one in files if one.is_file())


def _beginning(names: Iterable[str], incomplete: str) -> list[str]:
    return [name for name in dict.fromkeys(names) if name.startswith(incomplete)]
