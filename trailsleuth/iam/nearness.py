"""How near a policy's resource comes to the one that was asked for, and in what it differs: for people who must see the small thing that is wrong."""

from __future__ import annotations

from itertools import takewhile

from trailsleuth.iam.match import resource_matches
from trailsleuth.patterns import late

_FIELDS = ("partition", "service", "Region", "account")
_SUFFIX = late(r"-[A-Za-z0-9]{6}")


def distance(pattern: str, resource: str) -> tuple[int, int]:
    """Smaller is nearer: how many parts before the name differ, then how much of the name is not the same from its beginning."""
    wanted, given = _parts(pattern), _parts(resource)
    if wanted is None or given is None:
        return (len(_FIELDS) + 1, 0)
    same = sum(1 for _ in takewhile(lambda pair: pair[0] == pair[1], zip(wanted[5].lower(), given[5].lower(), strict=False)))
    return (len(_differing(wanted, given)), len(given[5]) - same)


def difference(pattern: str, resource: str) -> str:
    """In what the pattern misses the resource, in a few words; empty where they are of different kinds, but for one that two services have (`instance/…`)."""
    wanted, given = _parts(pattern), _parts(resource)
    if wanted is None or given is None:
        return ""
    named = resource_matches(f"arn:*:*:*:*:{wanted[5]}", f"arn:aws:x:::{given[5]}")
    if wanted[2] != given[2] and not (named and "/" in wanted[5]):
        return ""
    said = [f"another {name}" for name in _differing(wanted, given)]
    if not named:
        said.append(_of_names(wanted[5], given[5]))
    return " and ".join(said)


def _parts(arn: str) -> list[str] | None:
    parts = arn.split(":", 5)
    return parts if len(parts) == 6 and parts[0] == "arn" else None


def _differing(wanted: list[str], given: list[str]) -> list[str]:
    pairs = zip(_FIELDS, wanted[1:5], given[1:5], strict=True)
    return [name for name, pattern, value in pairs if not resource_matches(f"arn:aws:x:::{pattern}", f"arn:aws:x:::{value}")]


def _of_names(wanted: str, given: str) -> str:
    rest = given.removeprefix(wanted) if given.startswith(wanted) else None
    if rest is not None and rest.startswith("/"):
        return "the thing itself, not what is in it (/*)"
    if rest is not None and rest.startswith(":"):
        return f"without the {rest if len(rest) < 12 else ':*'} at its end"
    if rest is not None and _SUFFIX.fullmatch(rest):
        return "without the random suffix of the secret (-??????)"
    if wanted.endswith("/*") and wanted[:-2] == given:
        return "what is in it, not the thing itself"
    if wanted.endswith(":*") and wanted[:-2] == given:
        return "with a :* at its end"
    if wanted.lower() == given.lower():
        return "another letter case"
    if "/" in given and wanted.rpartition("/")[2] == given.rpartition("/")[2] and wanted.partition("/")[0] == given.partition("/")[0]:
        return "another path"
    return "another name"
