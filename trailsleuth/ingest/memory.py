"""Is there room? The fast JSON decoder ends the whole process where memory runs out, so it is asked before, not after."""

from __future__ import annotations

import mmap

ASKED_FROM = 1 << 18
DECODED_SHARE = 5  # a trail's values take three to five times the bytes of their JSON
ENCODED_SHARE = 2
_SPARE = 1 << 23


def ensure_room(size: int) -> None:
    """MemoryError where so many bytes are not to be had, under `ulimit -v` or in the machine. They are asked for and given back untouched."""
    try:
        mmap.mmap(-1, size + _SPARE).close()
    except (OSError, OverflowError) as refused:
        raise MemoryError(f"no room for {size} bytes") from refused
