"""`trailsleuth diagnose --profile …`: the accounts are asked, the answer is the same as from exports."""

from __future__ import annotations

from trailsleuth import api
from trailsleuth.cli.inquiry import ask
from trailsleuth.cli.live_progress import ConsoleProgress
from trailsleuth.fetch.exports import read_inputs
from trailsleuth.fetch.live import open_live, settle
from trailsleuth.fetch.sessions import Surroundings, Ways
from trailsleuth.model import CaseFile, Inquiry, RawInput, Skipped


def diagnose_live(paths: list[str], inquiry: Inquiry, *, profiles: tuple[str, ...], regions: tuple[str, ...], stdin: bytes | None) -> CaseFile:
    """The case that the accounts behind the profiles tell, together with exported evidence where some is given."""
    exported = tuple(read_inputs(paths, stdin=stdin)) if paths else ()
    progress = ConsoleProgress()
    source = open_live(Ways(profiles=profiles, regions=regions), around=Surroundings(progress=progress))

    def diagnose(fetched: tuple[RawInput | Skipped, ...]) -> CaseFile:
        return ask(api.load_inputs((*exported, *fetched)), inquiry).case_file

    found = settle(source, inquiry, diagnose)
    progress.finish()
    return found
