"""A cluster that is lost with the only machine of its control plane, and that a snapshot does not bring back."""

import base64
import gzip
import json
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Final

import pytest

from components.clusters.kubeadm.boot import FIRST, Machine, user_data
from components.clusters.kubeadm.documents import NodeFacts, init_documents, join_document
from components.clusters.kubeadm.snapshots import SnapshotStore, restoring_files
from components.clusters.kubeadm.v1beta4 import Document
from rehearsal.machines import BootedMachine, MachineSite, Seed, obstacle, open_site
from tests.e2e.test_kubeadm_cluster import CLOUD, FACTS, NAMES, PATIENCE, PLANE, TOKEN, authorities, wait_for_report

pytestmark = [
    pytest.mark.machines,
    pytest.mark.skipif(bool(obstacle()), reason=f"no machine can be booted here: {obstacle()}"),
]

SNAPSHOT: Final = "/root/snapshot.db"
# The snapshot is on the machine's disk already, in place of a store.
WITH_SNAPSHOT: Final = f"""{CLOUD}
cloud_prepare() {{ base64 --decode {SNAPSHOT}.base64 >{SNAPSHOT}; }}
cloud_address() {{ echo {PLANE}; }}
"""
TAKE: Final = f". /usr/local/lib/polykube/snapshots.sh; save_snapshot {SNAPSHOT}; verify_snapshot {SNAPSHOT}"


@pytest.fixture
def site() -> Iterator[MachineSite]:
    with open_site("v1.36.4") as site:
        yield site


def told(authority: str, cloud: str = CLOUD, **more: str) -> bytes:
    """The user data of the machine that begins the cluster, or that begins it again."""
    node = NodeFacts({})
    documents: dict[str, Sequence[Document]] = {
        "join": [join_document(FACTS, node, TOKEN, authority, control_plane=True)],
        "init": init_documents(FACTS, node),
    }
    files = restoring_files(SnapshotStore("", "us-east-1", "etcd-data/"), "https://nowhere.example", external=False)
    settings = {"API_ENDPOINT": FACTS.endpoint, **more}
    machine = Machine(FIRST, "1.36", "amd64", settings, cloud, documents, files=files)
    return gzip.decompress(base64.b64decode(user_data(machine)))


def kubectl(machine: BootedMachine, *arguments: str) -> str:
    return machine.run("kubectl", "--kubeconfig=/etc/kubernetes/admin.conf", *arguments)


def names(machine: BootedMachine, kind: str) -> set[str]:
    found = json.loads(kubectl(machine, "get", kind, "--output=json"))["items"]
    return {each["metadata"]["name"] for each in found}


def test_a_new_machine_brings_back_what_was_in_the_snapshot_and_nothing_else(site: MachineSite) -> None:
    authority, pki = authorities()
    modes = dict.fromkeys(pki, 0o600)
    first = site.boot("one", PLANE, Seed(told(authority), NAMES, pki, modes))
    wait_for_report(first)
    kubectl(first, "create", "namespace", "shop")
    kubectl(first, "--namespace=shop", "create", "secret", "generic", "key", "--from-literal=it=hunter2")
    pki_of_etcd = "/etc/kubernetes/pki/etcd"
    environment = {
        "ETCD": "https://127.0.0.1:2379",
        "ETCD_CA": f"{pki_of_etcd}/ca.crt",
        "ETCD_CERT": f"{pki_of_etcd}/healthcheck-client.crt",
        "ETCD_KEY": f"{pki_of_etcd}/healthcheck-client.key",
    }
    first.run("env", *(f"{name}={value}" for name, value in environment.items()), "sh", "-euc", TAKE)
    kubectl(first, "create", "namespace", "later")
    snapshot = Path(first.directory, "changes", SNAPSHOT.lstrip("/")).read_bytes()
    first.forget()  # with its disk
    files = pki | {f"{SNAPSHOT}.base64": base64.b64encode(snapshot).decode()}
    second = site.boot("two", PLANE, Seed(told(authority, WITH_SNAPSHOT, RESTORE=SNAPSHOT), NAMES, files, modes))
    wait_for_report(second)
    assert "shop" in names(second, "namespaces")
    assert "later" not in names(second, "namespaces")
    data = json.loads(kubectl(second, "--namespace=shop", "get", "secret", "key", "--output=json"))["data"]
    assert base64.b64decode(data["it"]) == b"hunter2"
    second.wait_for("the lost node to be forgotten", PATIENCE, lambda: names(second, "nodes") == {"two"})
