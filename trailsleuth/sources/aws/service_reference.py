"""AWS's service reference: every service's actions, operations and resources as JSON, from AWS's public endpoint to the user's cache.

No credentials are needed. Page: https://docs.aws.amazon.com/service-authorization/latest/reference/service-reference.html
"""

from __future__ import annotations

import contextlib
import json
import os
import re
import sys
import tempfile
from collections.abc import Callable, Iterable, Mapping
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from urllib.parse import urlsplit

from msgspec import Struct

from trailsleuth.errors import SourceError, UsageError
from trailsleuth.model import Skipped

HOST = "servicereference.us-east-1.amazonaws.com"
INDEX = f"https://{HOST}/"
_LARGEST = 32 * 1024 * 1024
_TIMEOUT = 30
_AT_ONCE = 8

ReadUrl = Callable[[str], bytes]


class ReferenceUpdate(Struct, frozen=True, kw_only=True):
    """What an update did: the services whose file was written, and those that could not be had, each with the reason."""

    directory: Path
    written: tuple[str, ...]
    skipped: tuple[Skipped, ...]


def default_directory(environment: Mapping[str, str] | None = None) -> Path:
    """Where the reference is kept: `TRAILSLEUTH_CACHE`, else the user's cache directory of the platform."""
    given = os.environ if environment is None else environment
    if given.get("TRAILSLEUTH_CACHE"):
        return Path(given["TRAILSLEUTH_CACHE"]) / "service-reference"
    if given.get("XDG_CACHE_HOME"):
        base = Path(given["XDG_CACHE_HOME"])
    elif sys.platform == "win32" and given.get("LOCALAPPDATA"):
        base = Path(given["LOCALAPPDATA"])
    else:
        base = Path.home() / ("Library/Caches" if sys.platform == "darwin" else ".cache")
    return base / "trailsleuth" / "service-reference"


def read_url(url: str) -> bytes:
    """The body at an https address of AWS's reference host; proxies of the environment are honoured."""
    from urllib.request import build_opener

    if urlsplit(url).scheme != "https" or urlsplit(url).hostname != HOST:
        raise ValueError(f"not an address of {HOST}")
    with build_opener().open(url, timeout=_TIMEOUT) as answer:
        body: bytes = answer.read(_LARGEST + 1)
    if len(body) > _LARGEST:
        raise ValueError(f"larger than {_LARGEST} bytes")
    return body


def fetch_service_reference(directory: Path, *, services: Iterable[str] = (), read: ReadUrl = read_url) -> ReferenceUpdate:
    """Fetches the reference of all services, or of some, into the directory; a file is replaced only by a whole, well-formed one."""
    addresses = _addresses(read)
    wanted = sorted(set(services)) or sorted(addresses)
    unknown = [name for name in wanted if name not in addresses]
    if unknown:
        raise UsageError(f"AWS's service reference has no service {', '.join(unknown)}", next_step="give IAM prefixes, like ecs or elasticloadbalancing")
    _prepare(directory)
    with ThreadPoolExecutor(max_workers=_AT_ONCE) as pool:
        results = list(pool.map(lambda name: _fetch_one(name, addresses[name], directory, read), wanted))
    skipped = tuple(one for one in results if isinstance(one, Skipped))
    written = tuple(one for one in results if isinstance(one, str))
    if not written:
        raise SourceError("nothing of the service reference could be fetched", why=skipped[0].reason, next_step="try again later")
    return ReferenceUpdate(directory=directory, written=written, skipped=skipped)


def _addresses(read: ReadUrl) -> dict[str, str]:
    try:
        listed = json.loads(read(INDEX))
    except (OSError, ValueError) as cause:
        raise SourceError(
            "cannot reach AWS's service reference",
            why=_reason(cause),
            next_step=f"check that https://{HOST}/ can be reached from here; all else works without it",
        ) from cause
    entries = listed if isinstance(listed, list) else []
    found = {str(one.get("service")): str(one.get("url")) for one in entries if isinstance(one, dict)}
    found = {name: url for name, url in found.items() if re.fullmatch(r"[a-z0-9-]{1,100}", name)}
    if not found:
        raise SourceError("AWS's service reference lists no service", why="its index has another form than documented", next_step="update trailsleuth")
    return found


def _prepare(directory: Path) -> None:
    try:
        directory.mkdir(parents=True, exist_ok=True)
    except OSError as cause:
        raise SourceError(f"cannot write to {directory}", why=_reason(cause), next_step="set TRAILSLEUTH_CACHE to a directory that can be written") from cause


def _fetch_one(name: str, url: str, directory: Path, read: ReadUrl) -> str | Skipped:
    try:
        body = read(url)
        document = json.loads(body)
        if not isinstance(document, dict) or not isinstance(document.get("Actions"), list):
            return Skipped(source=url, reason="has another form than documented: no list of actions")
        _replace(directory / f"{name}.json", body)
    except (OSError, ValueError) as cause:
        return Skipped(source=url, reason=_reason(cause))
    return name


def _replace(path: Path, body: bytes) -> None:
    handle, temporary = tempfile.mkstemp(prefix=f".{path.name}.", dir=path.parent)
    try:
        with os.fdopen(handle, "wb") as out:
            out.write(body)
        Path(temporary).replace(path)
    except OSError:
        with contextlib.suppress(OSError):
            Path(temporary).unlink()
        raise


def _reason(cause: Exception) -> str:
    """The error in words: urllib wraps what really happened in `reason`."""
    inner = getattr(cause, "reason", None)
    return str(inner or cause) or type(cause).__name__
