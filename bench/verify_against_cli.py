"""Runs `aws cloudtrail validate-logs` and `trailsleuth verify` over the same made-up trails and lists where they differ, file by file.

    python bench/verify_against_cli.py [--aws PATH] [--verbose]

Needs the AWS CLI (version 1 or 2); nothing leaves the machine: a small server on 127.0.0.1 plays S3 and CloudTrail's ListPublicKeys.
Not run in CI. The exit code is 1 where trailsleuth calls a file verified that the AWS CLI calls INVALID, other than by lost metadata.
"""

from __future__ import annotations

import argparse
import json
import os
import re
import subprocess
import sys
import tempfile
import threading
from collections import Counter
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from urllib.parse import parse_qs, unquote, urlsplit
from xml.sax.saxutils import escape

sys.path.insert(0, str(Path(__file__).parents[1]))

from tests.digests.build import ACCOUNT, BUCKET, REGION, START, TRAIL, key_list, stamp
from tests.digests.scenarios import SCENARIOS

# Layouts that validate-logs cannot be pointed at: it reads the bucket, never a downloaded tree. The organization needs one more service.
ELSEWHERE = ("the bucket has a prefix before AWSLogs/", "the files lie in one flat folder", "the files were unpacked on the way (.json)", "organization trail")
VERDICT = re.compile(r"(?:Digest|Log) file\ts3://[^/]+/(\S+)\t(valid|INVALID)")
KEYS = {
    "another key under the right fingerprint": lambda: key_list("other", printed=json.loads(key_list())["PublicKeyList"][0]["Fingerprint"]),
    "keys without the right fingerprint": lambda: key_list("other"),
}


class Bucket(BaseHTTPRequestHandler):
    """The four answers that validate-logs asks for: bucket location, list of keys, object with its metadata, public keys."""

    root: Path
    keys: bytes
    protocol_version = "HTTP/1.1"

    def do_GET(self) -> None:
        parts = urlsplit(self.path)
        _, _, key = unquote(parts.path).lstrip("/").partition("/")
        query = parse_qs(parts.query, keep_blank_values=True)
        if key:
            self.send_object(self.root / key)
        elif "location" in query:
            self.send(200, b'<LocationConstraint xmlns="http://s3.amazonaws.com/doc/2006-03-01/"/>', "application/xml")
        else:
            self.send(200, self.listing(query.get("marker", [""])[0], query.get("prefix", [""])[0]), "application/xml")

    def do_POST(self) -> None:
        self.rfile.read(int(self.headers.get("Content-Length", 0)))
        listed = [{**key, "ValidityStartTime": 1772323200, "ValidityEndTime": 1774915200} for key in json.loads(self.keys)["PublicKeyList"]]
        self.send(200, json.dumps({"PublicKeyList": listed}).encode(), "application/x-amz-json-1.1")

    def listing(self, marker: str, prefix: str) -> bytes:
        found = (path.relative_to(self.root).as_posix() for path in self.root.rglob("*") if path.is_file() and not path.name.endswith(".metadata.json"))
        rows = "".join(f"<Contents><Key>{escape(key)}</Key></Contents>" for key in sorted(found) if key > marker and key.startswith(prefix))
        return f"<ListBucketResult><IsTruncated>false</IsTruncated><Name>{BUCKET}</Name>{rows}</ListBucketResult>".encode()

    def send_object(self, path: Path) -> None:
        if path.is_symlink() or not path.is_file() or ".." in path.parts:
            self.send(404, b"<Error><Code>NoSuchKey</Code><Message>none</Message></Error>", "application/xml")
            return
        saved = path.with_name(path.name + ".metadata.json")
        metadata = json.loads(saved.read_bytes())["Metadata"] if saved.is_file() else {}
        self.send(200, path.read_bytes(), "application/json", {f"x-amz-meta-{name}": value for name, value in metadata.items()})

    def send(self, status: int, body: bytes, kind: str, headers: dict[str, str] | None = None) -> None:
        self.send_response(status)
        for name, value in {"Content-Type": kind, "Content-Length": str(len(body)), **(headers or {})}.items():
            self.send_header(name, value)
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, *_: object) -> None:
        """Silent."""


def ask_cli(aws: str, port: int, region: str) -> dict[str, str]:
    """What validate-logs says of each key."""
    environment = {
        **os.environ,
        "AWS_ACCESS_KEY_ID": "AKIAMADEUPMADEUP0000",
        "AWS_SECRET_ACCESS_KEY": "made-up",
        "AWS_ENDPOINT_URL": f"http://127.0.0.1:{port}",
        "AWS_EC2_METADATA_DISABLED": "true",
        "AWS_CONFIG_FILE": os.devnull,
        "AWS_SHARED_CREDENTIALS_FILE": os.devnull,
    }
    command = [aws, "cloudtrail", "validate-logs", "--verbose", "--region", region, "--s3-bucket", BUCKET]
    command += ["--trail-arn", f"arn:aws:cloudtrail:{REGION}:{ACCOUNT}:trail/{TRAIL}", "--start-time", stamp(START), "--end-time", "2026-03-04T20:00:00Z"]
    done = subprocess.run(command, env=environment, capture_output=True, text=True, timeout=120, check=False)
    if "Validating log files" not in done.stdout:
        raise SystemExit(f"validate-logs did not run: {done.stderr.strip()}")
    return {key: word for line in (done.stdout + done.stderr).splitlines() for key, word in VERDICT.findall(line)}


def compare(title: str, root: Path, aws: str) -> list[tuple[str, str, str]]:
    """(file name, the CLI's word, our state) for each file that either of the two names."""
    answer = SCENARIOS[title](root)
    Bucket.root = root / "tree" if (root / "tree").is_dir() else root
    both = json.loads(key_list())["PublicKeyList"] + json.loads(key_list("other"))["PublicKeyList"]
    two = title == "two regions, both with their keys"
    Bucket.keys = KEYS[title]() if title in KEYS else json.dumps({"PublicKeyList": both}).encode() if two else key_list()
    server = ThreadingHTTPServer(("127.0.0.1", 0), Bucket)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    theirs: dict[str, str] = {}
    for region in sorted(path.name for path in Bucket.root.glob("AWSLogs/*/CloudTrail/*")):
        theirs |= {key.rpartition("/")[2]: word for key, word in ask_cli(aws, server.server_address[1], region).items()}
    server.shutdown()
    ours = {file.path.rpartition("/")[2]: str(file.state) for file in (*answer.digests, *answer.logs)}
    return [(name, theirs.get(name, "not named"), ours.get(name, "not named")) for name in sorted({*theirs, *ours})]


def main() -> int:
    options = argparse.ArgumentParser(description=__doc__)
    options.add_argument("--aws", default="aws")
    options.add_argument("--verbose", action="store_true")
    given = options.parse_args()
    unsafe = 0
    for title in SCENARIOS:
        if title in ELSEWHERE:
            continue
        with tempfile.TemporaryDirectory() as folder:
            rows = compare(title, Path(folder), given.aws)
        print(title)
        for (theirs, ours), count in sorted(Counter((theirs, ours) for _, theirs, ours in rows).items()):
            same = (theirs, ours) in {("valid", "verified"), ("INVALID", "invalid"), ("INVALID", "missing")}
            print(f"  {'  ' if same else '* '}{count:2} files: validate-logs {theirs:10} trailsleuth {ours}")
            unsafe += count if (theirs, ours) == ("INVALID", "verified") and "metadata" not in title else 0
        for name, theirs, ours in rows if given.verbose else ():
            print(f"       {theirs:10} {ours:26} {name}")
    print(f"\nverified here and INVALID there, not by lost metadata: {unsafe} files")
    return 1 if unsafe else 0


if __name__ == "__main__":
    sys.exit(main())
