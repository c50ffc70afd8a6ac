"""Secret stores on the loopback that speak the protocols of Vault and of AWS Secrets Manager."""

import json
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any, ClassVar


class Handler(BaseHTTPRequestHandler):
    """Keeps one secret; `status` other than 200 makes it fail."""

    kept: ClassVar[dict[str, Any]]

    def log_message(self, format: str, *args: Any) -> None:  # noqa: A002 - its name there
        return

    def body(self) -> Any:
        return json.loads(self.rfile.read(int(self.headers.get("Content-Length", 0))) or b"{}")

    def answer(self, status: int, body: Any) -> None:
        text = json.dumps(body).encode()
        self.send_response(status)
        self.send_header("Content-Type", "application/json")
        self.send_header("Content-Length", str(len(text)))
        self.end_headers()
        self.wfile.write(text)


class Vault(Handler):
    """The key-value engine, version 2: GET and POST /v1/secret/data/PATH."""

    def do_GET(self) -> None:
        kept = self.kept
        if kept["status"] != 200:
            self.answer(kept["status"], {"errors": ["down"]})
        elif self.headers.get("X-Vault-Token") != kept["token"]:
            self.answer(403, {"errors": ["permission denied"]})
        elif self.path != "/v1/secret/data/bulwark" or not kept["versions"]:
            self.answer(404, {"errors": []})
        else:
            metadata = {"version": len(kept["versions"]), "deletion_time": "", "destroyed": False}
            self.answer(200, {"data": {"data": kept["versions"][-1], "metadata": metadata}})

    def do_POST(self) -> None:
        body = self.body()
        cas = body.get("options", {}).get("cas")
        if cas is not None and cas != len(self.kept["versions"]):
            self.answer(400, {"errors": ["check-and-set parameter did not match the current version"]})
            return
        self.kept["versions"].append(body["data"])
        self.answer(200, {"data": {"version": len(self.kept["versions"])}})

    do_PUT = do_POST  # noqa: N815 - its name there


class Aws(Handler):
    """Secrets Manager's JSON protocol: one path, the operation in a header."""

    def do_POST(self) -> None:
        body, kept = self.body(), self.kept
        operation = self.headers.get("X-Amz-Target", "").partition(".")[2]
        if kept["status"] != 200:
            self.answer(kept["status"], {"__type": "InternalServiceError"})
        elif body["SecretId"] != "bulwark":
            self.answer(400, {"__type": "ResourceNotFoundException"})
        elif operation == "PutSecretValue":
            kept["versions"].append(body["SecretString"])
            self.answer(200, {"VersionId": f"v{len(kept['versions'])}"})
        else:
            name = "SecretBinary" if kept.get("is_binary") else "SecretString"
            self.answer(200, {name: kept["versions"][-1], "VersionId": f"v{len(kept['versions'])}"})


@contextmanager
def serving(kind: type[Handler], **kept: Any) -> Iterator[tuple[str, dict[str, Any]]]:
    """Yield the address of such a store and what it keeps."""
    state = {"status": 200, "versions": [], **kept}
    handler = type("Bound", (kind,), {"kept": state})
    server = ThreadingHTTPServer(("127.0.0.1", 0), handler)
    thread = threading.Thread(target=server.serve_forever, daemon=True)
    thread.start()
    try:
        yield f"http://127.0.0.1:{server.server_address[1]}", state
    finally:
        server.shutdown()
        server.server_close()
        thread.join()
