"""A small AWS over HTTP: the real wire protocols (JSON 1.1, query, REST-XML, REST-JSON, CBOR), two calls a second, and faults on demand.

The credential scope of each request's signature tells account, region and service. Start and stop are the test's own.
"""

from __future__ import annotations

import json
import random
import re
import socket
import struct
import threading
import time
from collections import defaultdict, deque
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import datetime
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from urllib.parse import parse_qs, unquote, urlsplit
from xml.sax.saxutils import escape

from tests.live import cbor
from tests.live.operations import answer
from tests.live.state import AccountState, Refused

TARGETS = {"CloudTrail_20131101": "cloudtrail", "CodePipeline_20150709": "codepipeline", "CodeDeploy_20141006": "codedeploy", "TrentService": "kms"}
TARGETS |= {
    "AmazonAthena": "athena",
    "CodeBuild_20161006": "codebuild",
    "AmazonEC2ContainerServiceV20141113": "ecs",
    "AWSStepFunctions": "stepfunctions",
    "Logs_20140328": "logs",
}
TARGETS["AWSOrganizationsV20161128"] = "organizations"
DENIED = {"query": "AccessDenied", "xml": "AccessDenied", "ec2": "UnauthorizedOperation"}
SCOPE = re.compile(r"Credential=([^/]+)/\d+/([^/]+)/([^/]+)/aws4_request")


@dataclass
class Faults:
    """How often a request goes wrong, and how: throttled, 500, reset, slow, broken."""

    rate: float = 0.0
    kinds: tuple[str, ...] = ("throttle", "error", "reset", "slow")
    only: str | None = None  # "service:Operation"
    dice: random.Random = field(default_factory=lambda: random.Random(7))

    def draw(self, call: str) -> str | None:
        return self.dice.choice(self.kinds) if self.only in (None, call) and self.dice.random() < self.rate else None


@dataclass
class Aws:
    """The world behind the server, and what reached it."""

    accounts: dict[str, AccountState] = field(default_factory=dict)
    identities: dict[str, tuple[str, str]] = field(default_factory=dict)  # access key -> (account, arn)
    faults: Faults = field(default_factory=Faults)
    per_second: int | None = None
    assumable: dict = field(default_factory=dict)  # role -> what AssumeRole hands out
    by_token: dict = field(default_factory=dict)  # what calls without a signature are answered
    calls: list[tuple[str, str, str]] = field(default_factory=list)  # (account, region, service:Operation)
    throttled: int = 0
    on_call: object = None
    _recent: dict = field(default_factory=lambda: defaultdict(deque))
    _lock: threading.Lock = field(default_factory=threading.Lock)
    url: str = ""

    def count(self, call: str) -> int:
        return sum(1 for _, _, made in self.calls if made == call)

    def serve(self, request: Request):
        account, arn = self.identities.get(request.key, (None, None))
        if request.operation in ("AssumeRoleWithWebIdentity", "GetRoleCredentials"):  # unsigned: a token stands for the caller
            return self.by_token[request.operation]
        if account is None:
            raise Refused("InvalidClientTokenId", "The security token included in the request is invalid.", 403)
        state, call = self.accounts[account], f"{request.service}:{request.operation}"
        with self._lock:
            self.calls.append((account, request.region, call))
        if self.on_call:
            self.on_call(account, request.region, call)
        if state.expired:
            raise Refused("ExpiredTokenException", "The security token included in the request is expired", 403)
        if request.region in state.disabled_regions:
            raise Refused("UnrecognizedClientException", "The security token included in the request is invalid.")
        if call == "cloudtrail:LookupEvents":
            self.pace(account, request.region)
        if not state.allows(call):
            raise Refused(DENIED.get(request.protocol, "AccessDeniedException"), f"not authorized to perform: {call}", 403)
        return answer(state, request.service, request.operation, request.region, request.asked, arn, self.assumable)

    def pace(self, account: str, region: str) -> None:
        if self.per_second is None:
            return
        with self._lock:
            recent, now = self._recent[account, region], time.monotonic()
            while recent and now - recent[0] >= 1.0:
                recent.popleft()
            if len(recent) >= self.per_second:
                self.throttled += 1
                raise Refused("ThrottlingException", "Rate exceeded")
            recent.append(now)


@dataclass
class Request:
    key: str
    region: str
    service: str
    operation: str
    protocol: str
    asked: dict


class _Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    wbufsize = -1  # one write an answer: headers and body in two would wait for each other
    disable_nagle_algorithm = True
    aws: Aws

    def do_GET(self) -> None:
        self.answer()

    def do_POST(self) -> None:
        self.answer()

    def answer(self) -> None:
        body = self.rfile.read(int(self.headers.get("content-length") or 0))
        request = self.read(body)
        fault = self.aws.faults.draw(f"{request.service}:{request.operation}")
        try:
            if fault == "throttle":
                raise Refused("ThrottlingException", "Rate exceeded")
            if fault == "error":
                raise Refused("InternalFailure", "boom", 500)
            if fault == "reset":
                self.connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
                self.connection.close()
                self.close_connection = True
                return
            payload = self.pack(request, self.aws.serve(request))
            self.send(200, payload, request.protocol, slow=fault == "slow", broken=fault == "broken")
        except Refused as refused:
            self.send(refused.status, self.pack_error(request, refused), request.protocol)

    def read(self, body: bytes) -> Request:
        scope = SCOPE.search(self.headers.get("Authorization", ""))
        key, region, service = scope.groups() if scope else ("", "", "")
        url = urlsplit(self.path)
        query = {name: values[0] for name, values in parse_qs(url.query, keep_blank_values=True).items()}
        target = self.headers.get("X-Amz-Target")
        if target:
            prefix, _, operation = target.rpartition(".")
            return Request(key, region, TARGETS.get(prefix.rpartition(".")[2], service), operation, "json", json.loads(body or b"{}"))
        if self.headers.get("smithy-protocol"):
            _, _, name, _, operation = url.path.split("/")
            return Request(key, region, TARGETS[name], operation, "cbor", cbor.loads(body))
        if url.path.startswith("/authorization-details/"):
            operation = "GetRequestAuthorizationPolicy" if url.path.endswith("/policy") else "GetRequestAuthorizationDetails"
            return Request(key, region, "iam-toolbox", operation, "rest-json", {"authorizationId": url.path.split("/")[2], **query})
        if url.path == "/federation/credentials":
            return Request(key, region, "sso", "GetRoleCredentials", "rest-json", query)
        if service == "lambda":
            return Request(key, region, "lambda", "GetFunctionConfiguration", "rest-json", {"FunctionName": unquote(url.path).split("/")[3]})
        if service == "s3":
            bucket, _, name = unquote(url.path).lstrip("/").partition("/")
            operation = "GetBucketPolicy" if "policy" in query else "GetObject" if name else "ListObjectsV2"
            return Request(key, region, service, operation if self.command == "GET" else self.command, "xml", {"Bucket": bucket, "Key": name, **query})
        form = {name: values[0] for name, values in parse_qs(body.decode()).items()}
        return Request(key, region, service, form.pop("Action", ""), "ec2" if service == "ec2" else "query", form)

    def pack(self, request: Request, result) -> bytes:
        if isinstance(result, bytes):
            return result
        match request.protocol:
            case "cbor":
                return cbor.dumps(result)
            case "ec2":
                return f"<{request.operation}Response><requestId>r</requestId>{_xml(result, 'item')}</{request.operation}Response>".encode()
            case "query":
                name = request.operation
                return f"<{name}Response><{name}Result>{_xml(result)}</{name}Result><ResponseMetadata/></{name}Response>".encode()
            case "xml":
                inner = "".join(f"<{name}>{_xml(item)}</{name}>" for name, value in result.items() for item in (value if isinstance(value, list) else [value]))
                return f'<?xml version="1.0"?><ListBucketResult>{inner}</ListBucketResult>'.encode()
        return json.dumps(result, default=_epoch).encode()

    def pack_error(self, request: Request, refused: Refused) -> bytes:
        match request.protocol:
            case "cbor":
                return cbor.dumps({"__type": refused.code, "message": refused.message})
            case "query":
                return f"<ErrorResponse><Error><Code>{refused.code}</Code><Message>{escape(refused.message)}</Message></Error></ErrorResponse>".encode()
            case "ec2":
                said = f"<Error><Code>{refused.code}</Code><Message>{escape(refused.message)}</Message></Error>"
                return f"<Response><Errors>{said}</Errors><RequestID>r</RequestID></Response>".encode()
            case "xml":
                return f"<Error><Code>{refused.code}</Code><Message>{escape(refused.message)}</Message></Error>".encode()
        return json.dumps({"__type": refused.code, "message": refused.message}).encode()

    def send(self, status: int, payload: bytes, protocol: str, *, slow: bool = False, broken: bool = False) -> None:
        kinds = {"json": "application/x-amz-json-1.1", "cbor": "application/cbor", "rest-json": "application/json"}
        self.send_response(status)
        self.send_header("Content-Type", kinds.get(protocol, "text/xml"))
        if protocol == "cbor":
            self.send_header("smithy-protocol", "rpc-v2-cbor")
        if broken:
            payload = payload[: len(payload) // 2]
        self.send_header("Content-Length", str(len(payload)))
        self.end_headers()
        if slow:
            self.wfile.write(payload[:1])
            self.wfile.flush()
            time.sleep(0.2)
            payload = payload[1:]
        self.wfile.write(payload)

    def log_message(self, *_) -> None:
        pass


class _Server(ThreadingHTTPServer):
    daemon_threads = True
    request_queue_size = 128

    def handle_error(self, *_) -> None:
        pass  # a client that was killed, or a connection that was reset on purpose


@contextmanager
def serving(aws: Aws):
    """The server while it runs; `aws.url` is where."""
    server = _Server(("127.0.0.1", 0), type("Handler", (_Handler,), {"aws": aws}))
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.02}, daemon=True)
    thread.start()
    aws.url = f"http://127.0.0.1:{server.server_address[1]}"
    try:
        yield aws
    finally:
        server.shutdown()
        server.server_close()
        thread.join()


def _xml(value, listed="member") -> str:
    match value:
        case dict():
            return "".join(f"<{name}>{_xml(item, listed)}</{name}>" for name, item in value.items())
        case list():
            return "".join(f"<{listed}>{_xml(item, listed)}</{listed}>" for item in value)
        case bool():
            return "true" if value else "false"
    return escape(str(value))


def _epoch(value):
    return value.timestamp() if isinstance(value, datetime) else str(value)
