"""`trailsleuth fix`: the policy change of a saved case, in the language of the tool that will make it."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import Annotated

import typer

from trailsleuth.cli.options import FixFormat
from trailsleuth.cli.output import check_output_file, write_answer
from trailsleuth.cli.policy_files import read_patches
from trailsleuth.cli.talk import say
from trailsleuth.errors import EvidenceUnreadable, UsageError
from trailsleuth.report.document import read_document
from trailsleuth.report.fix import render_fix
from trailsleuth.report.policy_folder import together


def fix_command(
    case: Annotated[str, typer.Argument(help="A case saved with `diagnose --output json`; - for stdin.", metavar="CASE")],
    output: Annotated[FixFormat, typer.Option("--output", "-o", help="The form of the change.")] = FixFormat.TERRAFORM,
    policy_file: Annotated[
        Path | None, typer.Option(help="The policy's source: print it patched, the diff goes to stderr. A folder: print the diff.", metavar="PATH")
    ] = None,
    write: Annotated[bool, typer.Option("--write", help="With --policy-file: write the patched files in place.")] = False,
    attached_to: Annotated[str | None, typer.Option(help="What that policy is attached to, where it is not clear.", metavar="ARN")] = None,
    output_file: Annotated[Path | None, typer.Option(help="Write there instead of stdout, whole or not at all.", metavar="PATH")] = None,
    force: Annotated[bool, typer.Option("--force", help="Overwrite the output file.")] = False,
) -> None:
    """Show a saved case's policy change as Terraform, CloudFormation, CDK or AWS CLI commands. Nothing is run."""
    check_output_file(output_file, force=force, inputs=(case, *((policy_file,) if policy_file else ())))
    try:
        text = sys.stdin.buffer.read() if case == "-" else Path(case).read_bytes()
    except OSError as cause:
        raise EvidenceUnreadable(f"cannot read {case}", why=cause.strerror or str(cause), next_step="save a case with --output json") from cause
    if write and (policy_file is None or output_file is not None):
        raise UsageError("--write writes the file of --policy-file itself", next_step="add --policy-file PATH, and leave out --output-file")
    document = read_document(text, source=case)
    if policy_file is None:
        write_answer(render_fix(document, output.value), output_file, force=force)
        return
    patches = read_patches(document, [policy_file], attached_to)
    if write:
        for made in patches:
            write_answer(made.text, Path(made.source.path), force=True)
            say(f"written: {made.source.path}")
        return
    if policy_file.is_dir():
        write_answer(together(patches), output_file, force=force)
        return
    for line in patches[0].shown_diff():
        say(line)
    write_answer(patches[0].text, output_file, force=force)
