"""As much of Pulumi Cloud as a login and a list of stacks take, played by a script on loopback, with TLS.

Paths, fields, and the header with the token: pulumi v3.259, pkg/backend/httpstate/client (client.go, api.go), and
sdk/go/common/apitype/errors.go. Anything else is not found.
"""

import json
import ssl
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from threading import Thread
from typing import Any, Final

from rehearsal.control_plane.pki import API_AUTHORITY, Pki

_ANSWERS: Final[dict[str, Any]] = {
    "/api/user": {"githubLogin": "ann", "name": "Ann", "organizations": [{"githubLogin": "ann", "name": "Ann"}]},
    "/api/user/stacks": {"stacks": [{"orgName": "ann", "projectName": "polykube", "stackName": "dev"}]},
    "/api/capabilities": {},
}


@dataclass
class PulumiCloud:
    """A service that lets in who has `token`. `refusal` is what it answers everybody: status and message.

    `authority` is the certificate of who signed its own, `seen` the paths that it was asked for with a token.
    """

    url: str
    authority: Path
    token: str
    refusal: tuple[int, str] | None = None
    seen: list[str] = field(default_factory=list)

    def answer(self, path: str, authorization: str) -> tuple[int, Any]:
        """The status and the content of the answer to a GET."""
        if self.refusal:
            return self.refusal[0], {"code": self.refusal[0], "message": self.refusal[1]}
        if authorization != f"token {self.token}":
            return 401, {"code": 401, "message": "Unauthorized: No credentials provided or are invalid."}
        self.seen.append(path)
        found = _ANSWERS.get(path)
        return (404, {"code": 404, "message": "Not found"}) if found is None else (200, found)


@contextmanager
def pulumi_cloud(directory: Path, token: str) -> Iterator[PulumiCloud]:
    """A service on loopback."""
    pki = Pki(directory)  # its certificates are for 127.0.0.1
    pki.ensure()

    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            path = self.path.partition("?")[0]
            status, content = cloud.answer(path, self.headers.get("Authorization", ""))
            body = json.dumps(content).encode()
            self.send_response(status)
            self.send_header("Content-Type", "application/json")
            self.send_header("Content-Length", str(len(body)))
            self.end_headers()
            self.wfile.write(body)

        def log_message(self, *_: Any) -> None:
            """Nothing."""

    with ThreadingHTTPServer(("127.0.0.1", 0), Handler) as server:
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        context.load_cert_chain(pki.certificate("kube-apiserver"), pki.key("kube-apiserver"))
        server.socket = context.wrap_socket(server.socket, server_side=True)
        cloud = PulumiCloud(f"https://127.0.0.1:{server.server_port}", pki.certificate(API_AUTHORITY), token)
        Thread(target=server.serve_forever, daemon=True).start()
        yield cloud
        server.shutdown()
