"""The ingestion endpoint of Application Insights, on this machine: takes envelopes and keeps them.

It is what a connection string points to, and the identity endpoint of App Service beside it, so that
the real exporter signs in as it does in Azure.
"""

from __future__ import annotations

import gzip
import json
import ssl
from collections.abc import Mapping
from dataclasses import dataclass
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from threading import Thread
from types import TracebackType
from typing import Any, Self
from urllib.parse import parse_qs, urlsplit

INSTRUMENTATION_KEY = "00000000-0000-4000-8000-000000000001"
Envelope = dict[str, Any]


@dataclass(frozen=True)
class Request:
    path: str
    query: Mapping[str, list[str]]
    headers: Mapping[str, str]
    body: bytes


class Ingestion:
    """A context manager. `status` and `headers` of its answers may be set, 200 by default."""

    def __init__(self, certificate: Path | None = None) -> None:
        self.requests: list[Request] = []
        self.envelopes: list[Envelope] = []
        self.status = 200
        self.headers: dict[str, str] = {}
        self._server = ThreadingHTTPServer(("127.0.0.1", 0), _handler(self))
        self.origin = f"http://127.0.0.1:{self._server.server_port}"
        if certificate:
            context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
            context.load_cert_chain(certificate)
            self._server.socket = context.wrap_socket(self._server.socket, server_side=True)
            self.origin = self.origin.replace("http:", "https:")

    @property
    def connection_string(self) -> str:
        return (
            f"InstrumentationKey={INSTRUMENTATION_KEY};IngestionEndpoint={self.origin}/;"
            f"LiveEndpoint={self.origin}/"
        )

    def named(self, name: str) -> list[dict[str, str]]:
        """The properties of the custom events with this name, in the order they came."""
        data = [envelope["data"] for envelope in self.envelopes]
        return [
            one["baseData"]["properties"]
            for one in data
            if one["baseType"] == "EventData" and one["baseData"]["name"] == name
        ]

    def metrics(self, name: str) -> list[tuple[float, dict[str, str]]]:
        """The values of a metric with what they are of."""
        data = [envelope["data"] for envelope in self.envelopes]
        return [
            (one["baseData"]["metrics"][0]["value"], one["baseData"]["properties"])
            for one in data
            if one["baseType"] == "MetricData" and one["baseData"]["metrics"][0]["name"] == name
        ]

    def answer(self, request: Request) -> tuple[int, object]:
        self.requests.append(request)
        if request.path == "/identity":
            return 200, {
                "access_token": "of-the-identity",
                "expires_on": "4102444800",
                "resource": request.query["resource"][0],
            }
        if not request.path.endswith("/track"):
            return 404, {}
        if self.status != 200:
            return self.status, {"itemsReceived": 0, "itemsAccepted": 0, "errors": []}
        envelopes = json.loads(request.body)
        self.envelopes += envelopes
        number = len(envelopes)
        return 200, {"itemsReceived": number, "itemsAccepted": number, "errors": []}

    def __enter__(self) -> Self:
        Thread(target=self._server.serve_forever, args=[0.01], daemon=True).start()
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        at: TracebackType | None,
    ) -> None:
        self._server.shutdown()
        self._server.server_close()


def _handler(ingestion: Ingestion) -> type[BaseHTTPRequestHandler]:
    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            self._respond(b"")

        def do_POST(self) -> None:
            body = self.rfile.read(int(self.headers["Content-Length"]))
            zipped = self.headers.get("Content-Encoding") == "gzip"
            self._respond(gzip.decompress(body) if zipped else body)

        def _respond(self, body: bytes) -> None:
            url = urlsplit(self.path)
            request = Request(url.path, parse_qs(url.query), dict(self.headers), body)
            status, answer = ingestion.answer(request)
            self.send_response(status)
            written = json.dumps(answer).encode()
            headers = {"Content-Type": "application/json", "Content-Length": str(len(written))}
            for name, value in (headers | ingestion.headers).items():
                self.send_header(name, value)
            self.end_headers()
            self.wfile.write(written)

        def log_message(self, *args: object) -> None:
            pass

    return Handler
