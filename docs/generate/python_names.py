"""The Python names, from their signatures and docstrings."""

from __future__ import annotations

import inspect
from collections.abc import Iterator, Mapping
from functools import cached_property

import trailsleuth
from docs.generate.markdown import code, codes, marked, table, whole
from trailsleuth import api, errors, notebook
from trailsleuth.report import frames

INTRO = """
    import trailsleuth as ts

    case = ts.load(["account-a/", "account-b/", "action-executions.json"])
    diagnosis = case.diagnose(pipeline="web")
    diagnosis.summary, diagnosis.findings, diagnosis.deltas, diagnosis.chains, case.records

Importing the package loads neither pandas nor boto3; each comes in when something first needs it. Values are frozen. The same evidence gives the
same answer. The command line twin of each function is on the [command line page](cli.md). Types that flow inside (`Finding`, `Delta`, `Record`, …)
are in `trailsleuth.model`.
"""
COLUMNS: Mapping[str, list[str]] = {
    "Diagnosis.findings": frames.FINDING_COLUMNS,
    "Diagnosis.deltas": frames.DELTA_COLUMNS,
    "Diagnosis.chains": frames.CHAIN_COLUMNS,
    "Diagnosis.background": frames.BACKGROUND_COLUMNS,
    "Case.records": frames.RECORD_COLUMNS,
}
FRAMES = (
    'Times are texts in UTC, as in the documents (`pd.to_datetime(frame["eventTime"])` makes timestamps of them). `findings`, `deltas` and `chains` have the '
    "names of the [JSON document](json.md), `records` those of CloudTrail; `denied` is trailsleuth's reading of the error, `source` the file and position. "
    "`findings.event_ids` cites records; `sufficient`, `minimal`, `harmless` and `undecided` are the proof's."
)
NOTEBOOK = (
    "`%load_ext trailsleuth.notebook` shows cases and diagnoses as HTML (as text where there is none) and gives DataFrames of records the `trail` accessor. "
    "See [in a notebook](../how-to/jupyter.md)."
)


def page() -> str:
    """The page."""
    names = [_entry(name, getattr(api, name)) for name in trailsleuth.__all__]
    return whole("Python", INTRO, *names, _frames(), _notebook(), _errors())


def _entry(name: str, value: object) -> list[str]:
    if inspect.isclass(value):
        return [f"## {name}", "", *_doc(value), "", *table(["member", "gives"], _members(value))]
    return [f"## {name}", "", f"    ts.{name}{_signature(value)}", "", *_doc(value), ""]


def _doc(value: object) -> list[str]:
    return (inspect.getdoc(value) or "").splitlines()


def _signature(value: object) -> str:
    signature = inspect.signature(value) if callable(value) else None
    return str(signature).replace("'", "").replace("self, ", "").replace("self", "").replace("trailsleuth.model.", "")


def _members(kind: type) -> Iterator[tuple[str, str]]:
    for name, member in vars(kind).items():
        if name.startswith("_"):
            continue
        if isinstance(member, property | cached_property):
            yield code(name), marked(inspect.getdoc(member))
        elif inspect.isfunction(member):
            yield code(f"{name}{_signature(member)}"), marked(inspect.getdoc(member))
    for name in inspect.get_annotations(kind):
        yield code(name), "what it was made from"


def _frames() -> list[str]:
    return ["## DataFrames", "", FRAMES, "", *table(["frame", "columns"], [(code(name), codes(columns)) for name, columns in COLUMNS.items()])]


def _notebook() -> list[str]:
    rows = [(code(f"df.trail.{row.split('(')[0].strip('`')}{row[row.index('(') :].rstrip('`')}"), text) for row, text in _members(notebook.TrailAccessor)]
    return ["## In a notebook", "", NOTEBOOK, "", *table(["accessor", "gives"], rows)]


def error_classes() -> list[type[errors.TrailsleuthError]]:
    """Every error, the root first."""
    found = [value for value in vars(errors).values() if inspect.isclass(value) and issubclass(value, errors.TrailsleuthError)]
    return sorted(found, key=lambda kind: len(kind.__mro__))


def _errors() -> list[str]:
    rows = [(code(kind.__name__), code(kind.__mro__[1].__name__), str(kind.exit_code), marked(inspect.getdoc(kind))) for kind in error_classes()]
    text = (
        "All in `trailsleuth.errors`. Each has `what`, `why` and `next_step`, one line each. Odd evidence is never an error: it becomes part of the coverage."
    )
    return ["## Errors", "", text, "", *table(["class", "is a", "exit code", "means"], rows)]
