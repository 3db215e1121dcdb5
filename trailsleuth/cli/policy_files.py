"""`--policy-file`: the source of a policy, read and patched. The file itself is never written to."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from trailsleuth.cli.options import OutputFormat
from trailsleuth.cli.talk import say
from trailsleuth.errors import EvidenceUnreadable, UsageError
from trailsleuth.report.context import Document
from trailsleuth.report.policy_source import Patch, delta_for, patch, read_policy_source

_TAKES_PATCHES = (OutputFormat.TABLE, OutputFormat.MARKDOWN, OutputFormat.SARIF, OutputFormat.GITHUB)


def check_policy_files(files: Sequence[Path], attached_to: str | None, output: OutputFormat, *, redacted: bool) -> None:
    """Refuses what cannot be meant."""
    if output is OutputFormat.SARIF and not files:
        raise UsageError("--output sarif shows places in a policy's source and needs --policy-file", next_step="add --policy-file PATH")
    if files and output not in _TAKES_PATCHES:
        raise UsageError(f"--policy-file is for --output {', '.join(_TAKES_PATCHES)}; `trailsleuth fix --policy-file` prints the patched policy alone")
    if files and redacted:
        raise UsageError("--policy-file and --redact exclude each other: a redacted change fits no file", next_step="leave one of them out")
    if attached_to is not None and len(files) != 1:
        raise UsageError("--attached-to says what the policy of one --policy-file is attached to", next_step="give one --policy-file with it")


def read_patches(document: Document, files: Sequence[Path], attached_to: str | None) -> tuple[Patch, ...]:
    """Each file with the change of the case that belongs into it; what of the change is not found there is said on stderr."""
    return tuple(_patch(document, path, attached_to) for path in files)


def _patch(document: Document, path: Path, attached_to: str | None) -> Patch:
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
