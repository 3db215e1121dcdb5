"""Names that live for a day or a run, told from those that last: by what they look like, and by how they vary over the window.

A date in a name that follows the calendar, a generated id among several or of what the role makes itself, numbers that go on counting and file names
that keep changing become the pattern above the part that varies. What was seen over a good part of the window is one lasting thing, whatever it looks like.
"""

from __future__ import annotations

import re
from collections import defaultdict
from collections.abc import Iterable, Mapping
from datetime import datetime, timedelta

from msgspec import Struct

from trailsleuth.catalog.reduction import beyond_one_run, generated_parts, has_generated_id, job_stem, of_the_day, one_of_many
from trailsleuth.model import parse_arn
from trailsleuth.model.pattern import ArnPattern, as_pattern, escaped
from trailsleuth.model.reduction import Use
from trailsleuth.patterns import late

DAY = timedelta(days=1)
SOME, MANY, FEW = 5, 10, 3  # names of a directory that come and go; that were seen at all; things of one type, names beside a date, that do
_NUMBER = late(r"(\d+)")


class _Life(Struct):
    first: datetime
    last: datetime


class Names:
    """What each resource of the uses is to be called in a policy."""

    def __init__(self, uses: Iterable[Use]) -> None:
        known = [use for use in uses if use.resource is not None]
        self._lives: dict[str, _Life] = {}
        self._kinds_made = {_kind(use.resource) for use in known if isinstance(use.resource, ArnPattern) and use.resource}
        self._made = {str(use.resource) for use in known if use.made}
        for use in known:
            life = self._lives.setdefault(str(use.resource), _Life(use.first_seen, use.last_seen))
            life.first, life.last = min(life.first, use.first_seen), max(life.last, use.last_seen)
        seen = [moment for life in self._lives.values() for moment in (life.first, life.last)]
        self._window = max(seen) - min(seen) if seen else timedelta()
        self._middle = min(seen) + self._window / 2 if seen else None
        named = [use.resource for use in known if use.resource is not None and use.resource != "*"]
        objects = (str(arn) for arn in named if _is_object(arn) and not isinstance(arn, ArnPattern))
        self._patterns = self._objects(objects) | self._others(arn for arn in named if not _is_object(arn))

    def pattern_of(self, resource: str) -> ArnPattern:
        """The resource as a policy should name it: itself where it lasts."""
        return self._patterns.get(resource) or (ArnPattern(resource) if resource == "*" else as_pattern(resource))

    def lasts(self, resource: str) -> bool:
        """Seen on several days, over a good part of the window."""
        life = self._lives[resource]
        return life.last - life.first >= max(DAY, self._window / 4)

    def _was_made(self, arn: str) -> bool:
        """The role made it, and it did not last."""
        return arn in self._made and not self.lasts(arn)

    def _objects(self, arns: Iterable[str]) -> dict[str, ArnPattern]:
        """Objects by their keys: generated parts first, then what varies within a directory."""
        found: dict[str, str] = {}
        groups: dict[str, list[str]] = defaultdict(list)
        for arn in dict.fromkeys(arns):
            groups[_holed(arn)].append(arn)
        for holed, group in groups.items():
            found.update({arn: holed if self._varies(arn, group) else escaped(arn) for arn in group})
        found.update(self._numbered({arn: pattern for arn, pattern in found.items() if pattern == escaped(arn)}, counted=True))
        for depth in (-1, -2, -3):
            found = self._by_directory(found, depth)
        return {arn: ArnPattern(_squeezed(pattern)) for arn, pattern in found.items()}

    def _varies(self, arn: str, group: list[str]) -> bool:
        """Whether the generated parts of a name are of the moment: a date near the call, one of several that do not last, or of what the role makes."""
        if not generated_parts(arn):
            return False
        near = of_the_day(arn, self._lives[arn].first, self._lives[arn].last)
        return near or (len(group) > 1 and not all(self.lasts(one) for one in group)) or (has_generated_id(arn) and self._was_made(arn))

    def _by_directory(self, found: Mapping[str, str], depth: int) -> dict[str, str]:
        """Names that differ in one part of their path alone, and come and go there, as `*` in that part."""
        groups: dict[tuple[str, ...], list[str]] = defaultdict(list)
        for arn, pattern in found.items():
            parts = pattern.split("/")
            if len(parts) > -depth and not (depth < -1 and len(parts) == -depth + 1):
                groups[(*parts[:depth], "*", *(parts[depth + 1 :] if depth < -1 else ()))].append(arn)
        out = dict(found)
        for parts_of, group in groups.items():
            patterns = {found[arn] for arn in group}
            moving = all("*" in pattern.replace("${*}", "") for pattern in patterns)  # a part of each is of the moment already
            if (moving and len(patterns) >= FEW) or self._come_and_go(group, len(patterns), counted=True):
                out.update(dict.fromkeys(group, "/".join(parts_of)))
        return out

    def _come_and_go(self, group: list[str], names: int, *, counted: bool) -> bool:
        """Most of the names did not last, and new ones kept coming; `counted`: so many of them are enough, as of files."""
        passing = [arn for arn in group if not self.lasts(arn)]
        if names < SOME or len(passing) * 2 <= len(group):
            return False
        late = sum(self._middle is not None and self._lives[arn].first > self._middle for arn in passing)
        return (counted and names > MANY) or (self._window >= DAY and late * 3 >= len(passing))

    def _numbered(self, named: Mapping[str, str], *, counted: bool = False) -> dict[str, str]:
        """Of ARNs as patterns those that differ in their numbers alone, and go on counting: with `*` for the numbers that vary."""
        groups: dict[str, list[str]] = defaultdict(list)
        for arn, pattern in named.items():
            groups[_NUMBER.sub("0", pattern)].append(arn)
        found: dict[str, str] = {}
        for group in groups.values():
            patterns = list(dict.fromkeys(named[arn] for arn in group))
            making = {named[arn] for arn in group if self._was_made(arn)}
            if len(patterns) > 1 and (self._come_and_go(group, len(patterns), counted=counted) or len(making) >= FEW):
                found.update(dict.fromkeys(group, _counting(patterns)))
        return found

    def _others(self, arns: Iterable[str]) -> dict[str, ArnPattern]:
        """Everything but objects: ids of one run by the table, ids among many, dated, generated and numbered names."""
        kinds: dict[tuple[str, ...], list[str]] = defaultdict(list)
        holes: dict[str, list[str]] = defaultdict(list)
        for arn in dict.fromkeys(arns):
            kinds[_kind(arn)].append(arn)
            holes[_holed(arn)].append(arn)
        found: dict[str, ArnPattern] = {}
        for group in kinds.values():
            for arn in group:
                run = None if isinstance(arn, ArnPattern) else beyond_one_run(arn) or self._among(arn, group)
                found[arn] = run or self._dated(arn, holes[_holed(arn)]) or as_pattern(arn)
        numbered = self._numbered({arn: pattern for arn, pattern in found.items() if generated_parts(arn) != (_name(arn),)})
        return found | {arn: ArnPattern(pattern) for arn, pattern in numbered.items()}

    def _among(self, arn: str, group: list[str]) -> ArnPattern | None:
        """An instance, a snapshot, a job: one of many that come and go, or of those that the role makes itself."""
        passing = [one for one in group if not self.lasts(one)]
        wide = one_of_many(arn)
        if wide is not None and arn in passing:
            return wide if len(passing) >= FEW or _kind(arn) in self._kinds_made else None
        return job_stem(arn, passing) if arn in passing else None

    def _dated(self, arn: str, group: list[str]) -> ArnPattern | None:
        """A name with a generated part. The part alone is no name, it may be the id of a thing that lasts; of what the role makes itself it is not."""
        if not generated_parts(arn):
            return None
        alone = generated_parts(arn) == (_name(arn),)
        moving = self._was_made(arn) if alone else self._varies(arn, group)
        return ArnPattern(_holed(arn)) if moving else None


def _name(arn: str) -> str:
    return re.split(r"[:/]", arn)[-1]


def _counting(patterns: list[str]) -> str:
    """What patterns that differ in their numbers have in common."""
    columns = zip(*(_NUMBER.split(pattern) for pattern in patterns), strict=True)
    return "".join(column[0] if len(set(column)) == 1 else "*" for column in columns)


def _is_object(arn: str) -> bool:
    return ":s3:::" in arn and "/" in arn


def _kind(arn: str) -> tuple[str, ...]:
    """Service, Region, account and type of what an ARN names."""
    parsed = parse_arn(arn)
    if parsed is None:
        return (arn,)
    return (parsed.partition, parsed.service, parsed.region, parsed.account, re.split(r"[:/]", parsed.resource, maxsplit=1)[0])


def _holed(arn: str) -> str:
    """The ARN as a pattern, each generated part of its resource a `*`."""
    head, rest = ":".join(arn.split(":", 5)[:5]), arn.split(":", 5)[-1]
    for part in generated_parts(arn):
        rest = rest.replace(part, "\0", 1)
    text = f"{head}:{rest}" if isinstance(arn, ArnPattern) else f"{escaped(head)}:{escaped(rest)}"
    return text.replace("\0", "*")


def _squeezed(pattern: str) -> str:
    """Stars beside one another as one: `*` covers a `/` too."""
    return re.sub(r"\*(?:/?\*)+", "*", pattern)
