"""`--policy-file`: the source of a policy, or a folder of sources, read and patched. Files are written to by `fix --write` alone."""

from __future__ import annotations

import os
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from trailsleuth.cli.options import OutputFormat
from trailsleuth.cli.talk import say
from trailsleuth.errors import EvidenceUnreadable, UsageError
from trailsleuth.report.context import Document

if TYPE_CHECKING:
    from trailsleuth.report.policy_types import Patch

_MOST_BYTES = 2_000_000
_MADE = ("node_modules", "cdk.out", "__pycache__", "venv", "build", "dist")
_TAKES_PATCHES = (OutputFormat.TABLE, OutputFormat.MARKDOWN, OutputFormat.SARIF, OutputFormat.GITHUB)


def check_policy_files(files: Sequence[Path], attached_to: str | None, output: OutputFormat, *, redacted: bool) -> None:
    """Refuses what cannot be meant."""
    if output is OutputFormat.SARIF and not files:
        raise UsageError("--output sarif shows places in a policy's source and needs --policy-file", next_step="add --policy-file PATH")
    if files and output not in _TAKES_PATCHES:
        raise UsageError(f"--policy-file is for --output {', '.join(_TAKES_PATCHES)}; `trailsleuth fix --policy-file` prints the patched policy alone")
    if files and redacted:
        raise UsageError("--policy-file and --redact exclude each other: a redacted change fits no file", next_step="leave one of them out")
    if attached_to is not None and (len(files) != 1 or files[0].is_dir()):
        raise UsageError("--attached-to says what the policy of one --policy-file is attached to", next_step="give one --policy-file with it")


def read_patches(document: Document, files: Sequence[Path], attached_to: str | None) -> tuple[Patch, ...]:
    """Each file with the change of the case that belongs into it; what of the change is not found there is said on stderr."""
    return tuple(made for path in files for made in (_patches_in(document, path) if path.is_dir() else (_patch(document, path, attached_to),)))


def _patches_in(document: Document, folder: Path) -> tuple[Patch, ...]:
    """The files of a folder that hold a policy of the case, found by the name of its role."""
    from trailsleuth.report.policy_folder import patches_in, read_folder

    made, left = patches_in(read_folder(dict(_texts(folder))), document)
    for text in left:
        say(text)
    return made


def _texts(folder: Path) -> Iterator[tuple[str, str]]:
    """Sources of policies, without what tools made or installed there."""
    from trailsleuth.report.policy_folder import SUFFIXES

    for place, inner, names in os.walk(folder):
        inner[:] = sorted(name for name in inner if name not in _MADE and not name.startswith("."))
        for path in (Path(place, name) for name in sorted(names) if name.endswith(SUFFIXES)):
            try:
                if path.stat().st_size <= _MOST_BYTES:
                    yield str(path), path.read_bytes().decode("utf-8")
                else:
                    say(f"{path} was not read: larger than {_MOST_BYTES:,} bytes")
            except (OSError, UnicodeDecodeError) as cause:
                say(f"{path} was not read: {getattr(cause, 'strerror', None) or 'it is not UTF-8'}")


def _patch(document: Document, path: Path, attached_to: str | None) -> Patch:
    from trailsleuth.report.policy_source import delta_for, patch, read_policy_source

    try:
        text = path.read_bytes().decode("utf-8")
    except OSError as cause:
        raise EvidenceUnreadable(f"cannot read {path}", why=cause.strerror or str(cause), next_step="check the path of --policy-file") from cause
    except UnicodeDecodeError as cause:
        raise EvidenceUnreadable(f"{path} is not a policy document", why="it is not UTF-8", next_step="give the policy's own JSON file") from cause
    source = read_policy_source(text, path=str(path))
    made = patch(source, delta_for(source, document, holder=attached_to))
    for missing in made.missing:
        say(missing)
    return made
