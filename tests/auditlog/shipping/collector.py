"""A receiver of webhooks as a process of its own, that keeps each body on disk before it answers.

Run as `collector.py FILE [PORT]`; it prints its port.
"""

import os
import sys
from http.server import BaseHTTPRequestHandler, HTTPServer
from pathlib import Path


class Handler(BaseHTTPRequestHandler):
    path_on_disk: Path

    def do_POST(self) -> None:
        body = self.rfile.read(int(self.headers["Content-Length"]))
        with self.path_on_disk.open("ab") as file:
            file.write(body)
            file.flush()
            os.fsync(file.fileno())
        self.send_response(204)
        self.end_headers()

    def log_message(self, format: str, *args: object) -> None:  # noqa: A002 - the base's name
        """Say nothing."""


if __name__ == "__main__":
    Handler.path_on_disk = Path(sys.argv[1])
    server = HTTPServer(("127.0.0.1", int(sys.argv[2]) if len(sys.argv) > 2 else 0), Handler)
    print(server.server_port, flush=True)
    server.serve_forever()
