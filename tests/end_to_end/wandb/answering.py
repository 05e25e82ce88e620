"""What does a W&B server answer to the calls that a run makes? Just enough that the real client takes it for one."""

import gzip
import json
import re
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any
from urllib.parse import unquote

from tests.end_to_end.listening import KEY

ENTITY = "me"


class Server(ThreadingHTTPServer):
    """Keeps what it is told.

    Attributes:
        asked: names of the queries and mutations, in order.
        runs: what was filed of each run.
        streamed: lines of each streamed file.
        uploaded: content of each uploaded file.
    """

    def __init__(self) -> None:
        super().__init__(("127.0.0.1", 0), _Handler)
        self.asked: list[str] = []
        self.runs: list[dict[str, Any]] = []
        self.streamed: dict[str, list[dict[str, Any]]] = {}
        self.uploaded: dict[str, bytes] = {}

    @property
    def address(self) -> str:
        """Where it is reached."""
        return f"http://127.0.0.1:{self.server_address[1]}"

    @property
    def environment(self) -> dict[str, str]:
        """What makes W&B go there, logged in."""
        return {"WANDB_BASE_URL": self.address, "WANDB_API_KEY": KEY}

    def answer(self, name: str, variables: dict[str, Any]) -> dict[str, Any]:
        """Return the data of a query or mutation; nothing of one that is not known."""
        self.asked.append(name)
        if name == "RunResumeStatus":
            return {"model": {"id": "p", "name": "solv", "entity": {"id": "e", "name": ENTITY}, "bucket": None}}
        if name == "UpsertBucket":
            self.runs.append(variables)
            project = {"id": "p", "name": variables["project"], "entity": {"id": "e", "name": ENTITY}}
            bucket = {
                "id": "b",
                "name": variables["name"],
                "displayName": variables["displayName"],
                "description": "",
                "config": "{}",
                "sweepName": None,
                "historyLineCount": 0,
                "project": project,
            }
            return {"upsertBucket": {"bucket": bucket, "inserted": True}}
        if name == "CreateRunFiles":
            files = [{"name": file, "uploadUrl": f"{self.address}/upload/{file}"} for file in variables["files"]]
            return {"createRunFiles": {"runID": "b", "uploadHeaders": [], "files": files}}
        if name == "CreateArtifact":
            artifact = {"id": "a", "state": "COMMITTED", "artifactSequence": {"latestArtifact": None}}
            return {"createArtifact": {"artifact": artifact}}
        known = {
            "Viewer": {
                "viewer": {"id": "v", "entity": ENTITY, "username": ENTITY, "flags": "{}", "teams": {"edges": []}}
            },
            "ServerFeaturesQuery": {"serverInfo": {"features": []}},
            "ArtifactType": {"project": {"artifact": None}},
            "OrganizationCoreWeaveOrganizationID": {"entity": {"organization": None}},
        }
        return known.get(name, {})


class _Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    server: Server

    def do_POST(self) -> None:
        """Answer a query, or take lines of a stream; what the client reports of itself is left alone."""
        content = self._content()
        if self.path.endswith("/file_stream"):
            for name, part in json.loads(content).get("files", {}).items():
                self.server.streamed.setdefault(name, []).extend(map(json.loads, part["content"]))
            self._answer({})
        elif self.path == "/graphql":
            asked = json.loads(content)
            found = re.search(r"(?:query|mutation)\s+(\w+)", asked["query"])
            assert found is not None
            self._answer({"data": self.server.answer(found[1], asked.get("variables") or {})})
        else:
            self._answer({})

    def do_PUT(self) -> None:
        """Take a file."""
        self.server.uploaded[unquote(self.path.removeprefix("/upload/"))] = self._content()
        self._answer({})

    def _content(self) -> bytes:
        content = self.rfile.read(int(self.headers.get("Content-Length") or 0))
        return gzip.decompress(content) if self.headers.get("Content-Encoding") == "gzip" else content

    def _answer(self, content: dict[str, Any]) -> None:
        text = json.dumps(content).encode()
        self.send_response(200)
        self.send_header("Content-Type", "application/json")
        self.send_header("Content-Length", str(len(text)))
        self.end_headers()
        self.wfile.write(text)

    def log_message(self, *_: object) -> None:
        """Print nothing."""


@contextmanager
def answering() -> Iterator[Server]:
    """Yield a server that answers until the block ends."""
    with Server() as server:
        threading.Thread(target=server.serve_forever, daemon=True).start()
        try:
            yield server
        finally:
            server.shutdown()
