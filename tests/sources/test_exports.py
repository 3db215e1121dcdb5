"""Files, trees, archives and standard input: every row of docs/reference/limits.md about bytes has its test here."""

from __future__ import annotations

import bz2
import gzip
import hashlib
import io
import lzma
import os
import socket
import tarfile
import zipfile
from pathlib import Path

import pytest
import zstandard

from trailsleuth.errors import EvidenceUnreadable
from trailsleuth.model import RawInput, Skipped
from trailsleuth.sources.base import MIB, Limits
from trailsleuth.sources.files.exports import read_inputs

BODY = b'{"Records": [1, 2, 3]}'
SMALL = Limits(file_bytes=2 * MIB, unpacked_bytes=4 * MIB, total_bytes=6 * MIB, ratio=100, ratio_from=MIB, members=5, depth=3)


def a_tar(members: dict[str, bytes], mode: str = "w") -> bytes:
    out = io.BytesIO()
    with tarfile.open(fileobj=out, mode=mode) as archive:
        for name, data in members.items():
            entry = tarfile.TarInfo(name)
            entry.size = len(data)
            archive.addfile(entry, io.BytesIO(data))
    return out.getvalue()


def a_zip(members: dict[str, bytes], method: int = zipfile.ZIP_DEFLATED) -> bytes:
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w", method) as archive:
        for name, data in members.items():
            archive.writestr(name, data)
    return out.getvalue()


def opened(data: bytes, limits: Limits | None = None) -> tuple[list[bytes], str]:
    """The contents that come out of a file with these bytes, and the reasons for what does not."""
    found = list(read_inputs(["-"], stdin=data, limits=limits))
    contents = [item.data for item in found if isinstance(item, RawInput) and item.data]
    return contents, "\n".join(item.reason for item in found if isinstance(item, Skipped))


PACKED = {
    "plain": BODY,
    "gzip": gzip.compress(BODY),
    "gzip of several members": gzip.compress(BODY[:9]) + gzip.compress(BODY[9:]),
    "gzip with zero padding": gzip.compress(BODY) + b"\0" * 600,
    "bzip2": bz2.compress(BODY),
    "xz": lzma.compress(BODY),
    "zstd": zstandard.compress(BODY),
    "zstd of several frames": zstandard.compress(BODY[:9]) + zstandard.compress(BODY[9:]),
    "zip": a_zip({"a/b.json": BODY}),
    "stored zip": a_zip({"a.json": BODY}, zipfile.ZIP_STORED),
    "tar": a_tar({"a/b.json": BODY}),
    "tar.gz": gzip.compress(a_tar({"a.json": BODY})),
    "zip of gz": a_zip({"a.json.gz": gzip.compress(BODY)}),
    "gz in tar in zip": a_zip({"x.tar": a_tar({"a.gz": gzip.compress(BODY)})}),
}


@pytest.mark.parametrize("form", PACKED)
def test_every_packing_is_opened_whatever_the_name(form: str) -> None:
    assert opened(PACKED[form]) == ([BODY], "")


def test_members_are_named_after_their_archive() -> None:
    found = list(read_inputs(["-"], stdin=a_zip({"dir/a.json": b"1", "b.json": b"2"})))
    assert [item.source for item in found] == ["-!dir/a.json", "-!b.json"]


def test_the_hash_is_that_of_the_file_as_it_lies_on_disk(tmp_path: Path) -> None:
    packed = gzip.compress(BODY)
    path = tmp_path / "trail"
    path.write_bytes(packed)
    (found,) = read_inputs([str(path)])
    assert isinstance(found, RawInput)
    assert (found.path, found.sha256, found.size, found.data) == (str(path), hashlib.sha256(packed).hexdigest(), len(packed), BODY)


@pytest.mark.parametrize("pack", [gzip.compress, bz2.compress, lzma.compress, zstandard.compress])
def test_a_cut_stream_keeps_what_came_before_and_says_so(pack: object) -> None:
    body = os.urandom(2 * MIB)
    packed = pack(body)
    contents, why = opened(packed[: len(packed) * 2 // 3])
    assert "is cut short" in why
    assert len(contents[0]) > MIB // 2
    assert body.startswith(contents[0])


def test_a_wrong_checksum_is_said_and_the_content_kept() -> None:
    packed = bytearray(gzip.compress(BODY))
    packed[-6] ^= 1
    contents, why = opened(bytes(packed))
    assert contents == [BODY]
    assert "incorrect data check" in why
    packed = bytearray(zstandard.ZstdCompressor(write_checksum=True).compress(BODY * 100))
    packed[-2] ^= 1
    contents, why = opened(bytes(packed))
    assert contents == [BODY * 100]
    assert "zstd is cut short" in why


@pytest.mark.parametrize("pack", [gzip.compress, zstandard.ZstdCompressor(write_checksum=True).compress], ids=["gzip", "zstd"])
def test_damage_in_the_middle_keeps_what_came_before(pack: object) -> None:
    body = b"".join(b'{"eventID": "%d", "x": "%s"}\n' % (number, os.urandom(20).hex().encode()) for number in range(5000))
    packed = bytearray(pack(body))
    packed[len(packed) // 2 : len(packed) // 2 + 40] = b"\xff" * 40
    contents, why = opened(bytes(packed))
    assert "is cut short" in why
    assert contents[0][:50_000] == body[:50_000]


def test_bytes_behind_a_gzip_are_said_and_the_content_kept() -> None:
    assert opened(gzip.compress(BODY) + b"trailing") == ([BODY], "gzip is cut short after 22 unpacked bytes: the 8 bytes after the last member are not gzip")


@pytest.mark.parametrize("pack", [gzip.compress, bz2.compress, lzma.compress, zstandard.compress])
def test_a_bomb_by_ratio_is_skipped_as_a_whole(pack: object) -> None:
    contents, why = opened(pack(b"\0" * (3 * MIB)), SMALL)
    assert contents == []
    assert "100 times its size" in why


def test_a_bomb_by_size_is_skipped_as_a_whole() -> None:
    contents, why = opened(gzip.compress(os.urandom(1000) * 5000), SMALL)
    assert contents == []
    assert f"more than {4 * MIB} bytes" in why


def test_a_zip_bomb_by_ratio_is_skipped_and_its_neighbour_read() -> None:
    contents, why = opened(a_zip({"bomb": b"\0" * (3 * MIB), "good": BODY}), SMALL)
    assert contents == [BODY]
    assert "100 times its size" in why


def test_a_zip_member_that_lies_about_its_size_is_not_unpacked_beyond_the_limit() -> None:
    packed = bytearray(a_zip({"bomb": b"\0" * (5 * MIB)}))
    central = packed.rindex(b"PK\x01\x02")
    packed[central + 24 : central + 28] = (100).to_bytes(4, "little")
    contents, why = opened(bytes(packed), SMALL)
    assert sum(map(len, contents)) <= 4 * MIB
    assert why or contents


def test_all_members_together_have_a_limit() -> None:
    contents, why = opened(a_tar({str(number): os.urandom(MIB) for number in range(9)}), replace_members(100))
    assert len(contents) == 6
    assert "in all: the rest is not read" in why


def replace_members(members: int) -> Limits:
    return Limits(file_bytes=64 * MIB, unpacked_bytes=64 * MIB, total_bytes=6 * MIB, ratio=100, ratio_from=MIB, members=members, depth=3)


@pytest.mark.parametrize("archive", [a_tar, a_zip])
def test_too_many_members_end_the_archive(archive: object) -> None:
    contents, why = opened(archive({str(number): b"[%d]" % number for number in range(9)}), SMALL)
    assert len(contents) == 5
    assert "more than 5 members" in why


def test_archives_inside_each_other_have_a_limit() -> None:
    data = BODY
    for _ in range(4):
        data = a_zip({"inner": data})
    contents, why = opened(data, SMALL)
    assert contents == []
    assert "nested deeper than 3" in why


def test_nested_bombs_share_one_budget() -> None:
    inner = a_zip({str(number): gzip.compress(b"\0" * (2 * MIB)) for number in range(4)})
    contents, why = opened(a_zip({"a": inner, "b": inner, "c": BODY}), replace_members(100))
    assert contents in ([], [BODY])
    assert "the rest is not read" in why or "100 times" in why


def test_a_cut_zip_gives_the_members_before_the_cut() -> None:
    packed = a_zip({"a": BODY, "b": BODY, "c": os.urandom(5000)})
    contents, why = opened(packed[:900])
    assert contents[:2] == [BODY, BODY]
    assert "zip directory is unreadable" in why


def test_a_cut_tar_gives_the_members_before_the_cut() -> None:
    contents, why = opened(a_tar({"a": BODY, "b": BODY, "c": b"x" * 5000})[:2600])
    assert contents == [BODY, BODY]
    assert "tar is cut short" in why


def test_an_encrypted_member_is_named() -> None:
    packed = bytearray(a_zip({"a": BODY}))
    packed[packed.rindex(b"PK\x01\x02") + 8] |= 1
    assert opened(bytes(packed)) == ([], "encrypted")


def test_links_devices_and_paths_in_archives_lead_nowhere(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    out = io.BytesIO()
    with tarfile.open(fileobj=out, mode="w") as archive:
        for kind, name in ((tarfile.SYMTYPE, "link"), (tarfile.LNKTYPE, "hard"), (tarfile.CHRTYPE, "device"), (tarfile.FIFOTYPE, "pipe")):
            entry = tarfile.TarInfo(name)
            entry.type, entry.linkname = kind, "/etc/hostname"
            archive.addfile(entry)
        entry = tarfile.TarInfo("../../escape.json")
        entry.size = len(BODY)
        archive.addfile(entry, io.BytesIO(BODY))
    contents, why = opened(out.getvalue())
    assert contents == [BODY]
    assert why.count("no plain file") == 4
    assert list(tmp_path.iterdir()) == []


def test_a_link_in_a_zip_is_not_followed() -> None:
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w") as archive:
        link = zipfile.ZipInfo("link")
        link.external_attr = 0o120777 << 16
        archive.writestr(link, "/etc/hostname")
    assert opened(out.getvalue()) == ([], "a link in an archive is not followed")


def test_a_tree_is_read_in_the_order_of_its_names(tmp_path: Path) -> None:
    for name in ("b/2.json", "a/1.json", "0.json", "b/a/3.json"):
        (tmp_path / name).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / name).write_bytes(name.encode())
    found = [item.data.decode() for item in read_inputs([str(tmp_path)]) if isinstance(item, RawInput)]
    assert found == ["0.json", "a/1.json", "b/2.json", "b/a/3.json"]


def test_links_and_devices_in_a_tree_are_not_followed(tmp_path: Path) -> None:
    tree = tmp_path / "tree"
    tree.mkdir()
    (tree / "good.json").write_bytes(BODY)
    (tree / "loop").symlink_to(tree)
    (tree / "outside").symlink_to("/etc/hostname")
    os.mkfifo(tree / "pipe")
    with socket.socket(socket.AF_UNIX) as listener:
        listener.bind(str(tree / "socket"))
        found = list(read_inputs([str(tree)]))
    assert [item.data for item in found if isinstance(item, RawInput)] == [BODY]
    why = sorted(item.reason for item in found if isinstance(item, Skipped))
    assert [reason.split(" (")[0] for reason in why] == [
        "a symbolic link in a tree is not followed",
        "a symbolic link in a tree is not followed",
        "no plain file",
        "no plain file",
    ]


def test_a_link_that_the_user_named_is_followed(tmp_path: Path) -> None:
    (tmp_path / "real").write_bytes(BODY)
    (tmp_path / "link").symlink_to(tmp_path / "real")
    assert [item.data for item in read_inputs([str(tmp_path / "link")])] == [BODY]


def test_a_missing_path_is_an_error_before_anything_is_read(tmp_path: Path) -> None:
    (tmp_path / "there").write_bytes(BODY)
    with pytest.raises(EvidenceUnreadable, match="nowhere") as caught:
        read_inputs([str(tmp_path / "there"), str(tmp_path / "nowhere")])
    assert (caught.value.exit_code, caught.value.why) == (4, "there is no such file or directory")


@pytest.mark.skipif(os.geteuid() == 0, reason="root may read everything")
def test_an_unreadable_file_in_a_tree_is_skipped_and_a_named_one_an_error(tmp_path: Path) -> None:
    (tmp_path / "closed").write_bytes(BODY)
    (tmp_path / "closed").chmod(0)
    (tmp_path / "open").write_bytes(BODY)
    found = list(read_inputs([str(tmp_path)]))
    assert [item.data for item in found if isinstance(item, RawInput)] == [BODY]
    with pytest.raises(EvidenceUnreadable):
        list(read_inputs([str(tmp_path / "closed")]))


def test_a_file_beyond_the_size_limit_is_skipped(tmp_path: Path) -> None:
    (tmp_path / "big").write_bytes(b"x" * (2 * MIB + 1))
    (item,) = read_inputs([str(tmp_path / "big")], limits=SMALL)
    assert item == Skipped(source=str(tmp_path / "big"), reason=f"larger than {2 * MIB} bytes")


def test_an_endless_device_ends_at_the_size_limit() -> None:
    (item,) = read_inputs(["/dev/zero"], limits=SMALL)
    assert item == Skipped(source="/dev/zero", reason=f"larger than {2 * MIB} bytes")


def test_an_empty_file_is_named_and_its_hash_kept(tmp_path: Path) -> None:
    (tmp_path / "empty").write_bytes(b"")
    skipped, raw = read_inputs([str(tmp_path / "empty")])
    assert (skipped.reason, raw.data, raw.size, len(raw.sha256)) == ("empty", b"", 0, 64)


def test_a_name_that_is_no_text_can_be_written(tmp_path: Path) -> None:
    (tmp_path / os.fsdecode(b"bad\xff.json")).write_bytes(BODY)
    (item,) = read_inputs([str(tmp_path)])
    assert item.source.encode().endswith("bad\ufffd.json".encode())


def test_many_members_are_read() -> None:
    contents, why = opened(a_tar(dict.fromkeys(map(str, range(20_000)), b"{}")))
    assert (len(contents), why) == (20_000, "")


def test_an_archive_without_files_is_named() -> None:
    assert opened(a_zip({})) == ([], "a zip without files")
    assert opened(a_zip({"folder/": b""})) == ([], "a zip without files")


def test_a_zip_whose_directory_hides_its_members_is_read_by_their_headers() -> None:
    packed = bytearray(a_zip({"a": BODY}))
    end = packed.rindex(b"PK\x05\x06")
    packed[end + 8 : end + 20] = b"\0" * 12
    contents, why = opened(bytes(packed))
    assert contents == [BODY]
    assert "lists no member" in why


def test_a_zip_member_without_a_name_is_read() -> None:
    packed = a_zip({"a": BODY})
    central = packed.rindex(b"PK\x01\x02")
    nameless = packed[: central + 28] + b"\0\0" + packed[central + 30 : central + 46] + packed[central + 47 :]
    contents, why = opened(nameless)
    assert contents == [BODY] or why
