"""The API server behind a rehearsed cluster: an embedded control plane of the rehearsal's own.

It is reached as the cloud's would be, by endpoint and certificate authority; the stubs of the clouds' exec
plugins (rehearsal/site.py) hand out a token that the API server itself has made, for its administrator.
"""

import base64
import hashlib
import json
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from ipaddress import IPv4Address
from threading import Timer
from typing import Any, Final

import yaml

from common.files import write_atomically
from rehearsal.control_plane import Binaries, ControlPlane, Given, all_control_planes
from rehearsal.providers.clouds import doors
from rehearsal.providers.clouds.api import Api
from rehearsal.providers.clouds.store import rehearsal_directory
from rehearsal.toolchain import CONTROL_PLANE, ensure

CREDENTIAL: Final = "credential.json"
AUTHORITIES: Final = "authorities.pem"
"""What the rehearsal's programs trust: clouds give some endpoints a certificate that everybody does."""
INSIDE: Final = "https://127.0.0.1:1"
"""A private endpoint for whoever runs the program, who is outside of a network that the same run has made: nothing
answers there. By the time of a change, the network can have been connected. A rehearsal that says from where it runs
has doors instead."""
_ADMINISTRATOR: Final = "rehearsal"  # a ServiceAccount
_NAMESPACE: Final = "kube-system"
_LIFETIME: Final = 24 * 3600  # seconds; the API server gives no token for longer


@dataclass(frozen=True)
class Access:
    """Where the API server is; `authority` is its CA certificate, base64."""

    endpoint: str
    authority: str


def start_given(name: str, given: Given) -> None:
    """Start the control plane of the cluster `name` with the authority of its maker, who needs no other way in."""
    plane = ControlPlane(name, _binaries())
    plane.give(given)
    plane.start()
    with (rehearsal_directory() / AUTHORITIES).open("ab") as trusted:
        trusted.write(given.certificate.encode())


def _binaries() -> Binaries:
    return Binaries.by_name({tool: found.path for tool, found in ensure(CONTROL_PLANE).items()})


def build(name: str) -> str:
    """Another one when the API server of the cluster `name` would be started otherwise than before."""
    return ControlPlane(name, _binaries()).build


def start(name: str, *, admits: bool = True, alone: bool = False) -> Access:
    """Start the control plane of the cluster `name`, and let the exec plugins hand out its credential.

    Unless it `admits`, that one may do nothing before somebody calls `admit`. `alone`, its API server is all there is.
    It has a door where the rehearsal says from where it runs.
    """
    ControlPlane(name, _binaries()).start(alone=alone)
    if doors.runs_from():
        doors.make(name)
    with api(name) as server:
        assert server is not None
        if admits:
            _bind(server)
        write_atomically(rehearsal_directory() / CREDENTIAL, json.dumps(_credential(server)), mode=0o600)
    reached = access(name)
    with (rehearsal_directory() / AUTHORITIES).open("ab") as trusted:
        trusted.write(base64.b64decode(reached.authority))
    return reached


def admit(name: str, late: float = 0.0) -> None:
    """Let whoever has the credential of the cluster `name` do everything there, in so many seconds."""
    if late:
        admission = Timer(late, admit, [name])
        admission.daemon = True
        admission.start()
        return
    with api(name) as server:
        if server is not None:
            _bind(server)


def access(name: str) -> Access:
    """How the API server of the running cluster `name` is reached."""
    _, cluster = _user_and_cluster(name)
    return Access(cluster["server"], cluster["certificate-authority-data"])


def endpoint(name: str, otherwise: str, lets_in: Callable[[IPv4Address], bool]) -> str:
    """Where everybody reaches the cluster `name`: its door, which is open or not from now on, as it `lets_in` whoever
    runs the rehearsal; `otherwise` where it has none."""
    who = doors.runs_from()
    if not (who and doors.address(name)):
        return otherwise
    doors.judge(name, who, lets_in)
    return doors.address(name)


def serving(host: str) -> tuple[str, Given] | None:
    """The cluster whose API server is reached at `host`, with what that was given; None where nothing answers."""
    for name in all_control_planes():
        given = ControlPlane(name).given
        if given and host in (given.host, *given.names):
            return name, given
    return None


def address_of(what: str) -> str:
    """The loopback address that stands for one of the rehearsal's: all of 127.0.0.0/8 is this machine."""
    digest = hashlib.sha256(f"{rehearsal_directory()} {what}".encode()).digest()
    one, two, three = (1 + each % 254 for each in digest[:3])
    return f"127.{one}.{two}.{three}"


def stop(name: str) -> None:
    """Stop the control plane and remove what it kept."""
    doors.close(name)
    ControlPlane(name).delete()


@contextmanager
def api(name: str) -> Iterator[Api | None]:
    """The API server of the cluster `name`, as its administrator; None when it does not run (any more)."""
    if not ControlPlane(name).kubeconfig.is_file():
        yield None
        return
    user, cluster = _user_and_cluster(name)
    authority = base64.b64decode(cluster["certificate-authority-data"]).decode()
    with Api.connected(cluster["server"], authority, (user["client-certificate"], user["client-key"])) as server:
        yield server


def _user_and_cluster(name: str) -> tuple[Mapping[str, str], Mapping[str, str]]:
    config = yaml.safe_load(ControlPlane(name).kubeconfig.read_text())
    return config["users"][0]["user"], config["clusters"][0]["cluster"]


def _bind(server: Api) -> None:
    subject = {"kind": "ServiceAccount", "name": _ADMINISTRATOR, "namespace": _NAMESPACE}
    server.apply(
        f"/apis/rbac.authorization.k8s.io/v1/clusterrolebindings/{_ADMINISTRATOR}",
        {
            "apiVersion": "rbac.authorization.k8s.io/v1",
            "kind": "ClusterRoleBinding",
            "metadata": {"name": _ADMINISTRATOR},
            "roleRef": {"apiGroup": "rbac.authorization.k8s.io", "kind": "ClusterRole", "name": "cluster-admin"},
            "subjects": [subject],
        },
    )


def _credential(server: Api) -> dict[str, Any]:
    """What an exec plugin answers: a token of the administrator."""
    account = f"/api/v1/namespaces/{_NAMESPACE}/serviceaccounts/{_ADMINISTRATOR}"
    server.apply(account, {"apiVersion": "v1", "kind": "ServiceAccount", "metadata": {"name": _ADMINISTRATOR}})
    lifetime = {"expirationSeconds": _LIFETIME}
    request = {"apiVersion": "authentication.k8s.io/v1", "kind": "TokenRequest", "spec": lifetime}
    made = server.create(f"{account}/token", request)["status"]
    status = {"token": made["token"], "expirationTimestamp": made["expirationTimestamp"]}
    return {"apiVersion": "client.authentication.k8s.io/v1beta1", "kind": "ExecCredential", "status": status}
