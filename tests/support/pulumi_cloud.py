"""As much of Pulumi Cloud as a login and a list of stacks take, played by a script on loopback, with TLS.

Paths, fields, and the header with the token: pulumi v3.259, pkg/backend/httpstate/client (client.go, api.go), and
sdk/go/common/apitype/errors.go. Anything else is not found.
"""

import ssl
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Final

from rehearsal.control_plane.pki import API_AUTHORITY, Pki
from tests.support.json_server import Answer, Request, serving

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

    authority: Path
    token: str
    url: str = ""
    refusal: tuple[int, str] | None = None
    seen: list[str] = field(default_factory=list)

    def answer(self, request: Request) -> Answer:
        """What it answers."""
        if self.refusal:
            return _error(*self.refusal)
        if request.headers.get("Authorization") != f"token {self.token}":
            return _error(401, "Unauthorized: No credentials provided or are invalid.")
        self.seen.append(request.path)
        found = _ANSWERS.get(request.path) if request.method == "GET" else None
        return _error(404, "Not found") if found is None else Answer(200, found)


def _error(code: int, message: str) -> Answer:
    return Answer(code, {"code": code, "message": message})


@contextmanager
def pulumi_cloud(directory: Path, token: str) -> Iterator[PulumiCloud]:
    """A service on loopback."""
    pki = Pki(directory)  # its certificates are for 127.0.0.1
    pki.ensure()
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(pki.certificate("kube-apiserver"), pki.key("kube-apiserver"))
    cloud = PulumiCloud(pki.certificate(API_AUTHORITY), token)
    with serving(cloud.answer, context) as port:
        cloud.url = f"https://127.0.0.1:{port}"
        yield cloud
