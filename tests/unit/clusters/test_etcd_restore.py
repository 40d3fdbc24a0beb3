"""A snapshot that brings nothing back, or the wrong thing, or that breaks a cluster which was whole.

Members of etcd run here. The script that a machine has is run as it is, but for where its files are and what starts
etcd.
"""

import base64
import os
import re
import shutil
import signal
import subprocess
import threading
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from importlib.resources import files
from pathlib import Path
from time import monotonic, sleep
from typing import Any, Final

import pytest
import yaml

from common.paths import CHECKOUT
from components.clusters import kubeadm
from components.clusters.kubeadm.boot import variables
from components.clusters.kubeadm.etcd import EtcdMember
from components.clusters.kubeadm.snapshots import SnapshotStore, restoring_files
from rehearsal.providers.clouds.cloud_init import CloudConfig, read_user_data
from rehearsal.toolchain import ensure
from spec.model import Origin
from stacks.config import StackSpec
from tests.support.etcd_members import CLIENT, PATIENCE, Etcd, given, members_here, running_etcd
from tests.support.registered import registered
from tests.support.velero import BUCKET, KEY, SECRET, Store, running_store

MEMBERS: Final = members_here()
NAME: Final = "2026-12-01-06-00"
# What starts and ends etcd on a machine: who asks for it is told what the test has to do.
SYSTEMCTL: Final = """#!/bin/sh
case "$1" in
  stop) kill "$(cat "$ROOT/pid")" ;;
  start) touch "$ROOT/start" ;;
esac
"""


@pytest.fixture(scope="module")
def store(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Store]:
    with running_store(tmp_path_factory.mktemp("store")) as found:
        yield found


@dataclass(frozen=True)
class Machine:
    """A machine whose root is a directory, with what the program writes there."""

    root: Path
    store: Store

    @classmethod
    def made(cls, root: Path, store: Store, role: str, told: Mapping[str, str] = {}) -> "Machine":
        """With the files for restoring; `told` is more of machine.env."""
        machine = cls(root, store)
        kept = SnapshotStore("", "us-east-1", "shop/etcd-data/", (KEY, SECRET), store.authority)
        written = restoring_files(kept, f"{store.endpoint}/{BUCKET}", external=role == "etcd")
        machine.write({path: text for path, (text, _) in written.items()})
        machine.write({"/etc/polykube/machine.env": variables({"ROLE": role, **told})})
        machine.write({"/programs/systemctl": SYSTEMCTL})
        (root / "var/tmp").mkdir(parents=True)
        return machine

    def write(self, written: Mapping[str, str]) -> None:
        for path, text in written.items():
            file = self.root / path.lstrip("/")
            file.parent.mkdir(parents=True, exist_ok=True)
            file.write_text(self.here(text))
            file.chmod(0o755)

    def here(self, text: str) -> str:
        """A text whose paths are below this root."""
        return re.sub(r"(?<![\w/.])/(etc|usr/local|var/lib|var/tmp)(?=/)", rf"{self.root}/\1", text)

    def run(self, *arguments: str, script: str = "") -> subprocess.CompletedProcess[str]:
        """Run the script, or another one with its program on the path."""
        tools = ensure(["etcdctl", "etcdutl"]).values()
        own = [self.root / "programs", self.root / "usr/local/sbin"]
        path = [str(each) for each in own] + [str(tool.path.parent) for tool in tools] + [os.environ["PATH"]]
        command = ["/bin/bash", "-Eeuo", "pipefail", "-c", script] if script else ["polykube-etcd", *arguments]
        environment = {"PATH": ":".join(path), "ROOT": str(self.root), "PATIENCE": "30"}
        return subprocess.run(command, capture_output=True, text=True, check=False, env=environment)

    def must(self, *arguments: str, script: str = "") -> str:
        done = self.run(*arguments, script=script)
        assert done.returncode == 0, done.stderr[-3000:]
        return done.stdout


def put(etcd: Etcd, member: EtcdMember, key: str, value: str) -> None:
    etcd.ask_patiently(member, "/v3/kv/put", {"key": _coded(key), "value": _coded(value)})


def get(etcd: Etcd, member: EtcdMember, key: str) -> str | None:
    found = etcd.ask_patiently(member, "/v3/kv/range", {"key": _coded(key)}).get("kvs", ())
    return base64.b64decode(found[0]["value"]).decode() if found else None


def _coded(text: str) -> str:
    return base64.b64encode(text.encode()).decode()


def keep_snapshot(etcd: Etcd, member: EtcdMember, store: Store, name: str = NAME) -> Path:
    """Take one by the Job's functions, and put it where the Job does."""
    file = store.directory / BUCKET / f"shop/etcd-data/{name}.db"
    file.parent.mkdir(parents=True, exist_ok=True)
    pki = etcd.room / "plane"
    tools = ":".join(str(tool.path.parent) for tool in ensure(["etcdctl", "etcdutl"]).values())
    environment = {
        "ETCD": member.endpoint,
        "ETCD_CA": f"{pki}/etc/kubernetes/pki/etcd/ca.crt",
        "ETCD_CERT": f"{pki}{CLIENT}.crt",
        "ETCD_KEY": f"{pki}{CLIENT}.key",
        "PATH": f"{tools}:{os.environ['PATH']}",
    }
    text = f". {files(kubeadm).joinpath('snapshots.sh')}\nsave_snapshot {file}\nverify_snapshot {file}"
    subprocess.run(["/bin/sh", "-euc", text], env=environment, check=True, capture_output=True)
    return file


@pytest.fixture
def etcd(tmp_path: Path) -> Iterator[Etcd]:
    with running_etcd(tmp_path, given(MEMBERS)) as found:
        for member in MEMBERS:
            start(found, member.name)
        for member in MEMBERS:
            found.wait_until_healthy(member)
        yield found


def start(etcd: Etcd, name: str) -> None:
    (etcd.room / name / "pid").write_text(str(etcd.start(name).pid))


@pytest.fixture
def machines(etcd: Etcd, store: Store) -> list[Machine]:
    return [Machine.made(etcd.room / member.name, store, "etcd") for member in MEMBERS]


def test_members_on_machines_of_their_own_are_brought_back_one_after_the_other(
    etcd: Etcd, machines: list[Machine], store: Store
) -> None:
    put(etcd, MEMBERS[0], "namespace", "shop")
    keep_snapshot(etcd, MEMBERS[0], store)
    etcd.ask(MEMBERS[0], "/v3/kv/deleterange", {"key": _coded("namespace")})
    put(etcd, MEMBERS[0], "later", "a mistake")
    before = int(etcd.ask(MEMBERS[0], "/v3/kv/range", {"key": _coded("later")})["header"]["revision"])
    assert machines[0].must("list").split() == [NAME]
    for machine, member in zip(machines, MEMBERS, strict=True):
        said = machine.must("restore", "latest")
        assert f"restored: {member.name} of etcd-0={MEMBERS[0].peer}," in said
        assert not list(machine.root.glob("var/tmp/*"))
        assert (machine.root / "start").exists()
        etcd.processes[member.name].wait(PATIENCE)
        start(etcd, member.name)
    for member in MEMBERS:
        etcd.wait_until_healthy(member)
        assert get(etcd, member, "namespace") == "shop"
        assert get(etcd, member, "later") is None
    # Whoever watches goes on from a revision that he has not seen.
    after = int(etcd.ask(MEMBERS[0], "/v3/kv/range", {"key": _coded("namespace")})["header"]["revision"])
    assert after > before
    assert len(list((machines[0].root / "var/lib/etcd").glob("data-before-*/member"))) == 1


@pytest.mark.parametrize("damage", ["turned", "cut", "missing"])
def test_a_snapshot_that_is_damaged_is_refused_and_etcd_goes_on(
    damage: str, etcd: Etcd, machines: list[Machine], store: Store
) -> None:
    put(etcd, MEMBERS[0], "namespace", "shop")
    file = keep_snapshot(etcd, MEMBERS[0], store, "2026-12-01-07-00")
    content = bytearray(file.read_bytes())
    content[len(content) // 2] ^= 1
    file.write_bytes(bytes(content) if damage == "turned" else bytes(content[:-512]))
    if damage == "missing":
        file.unlink()
    done = machines[0].run("restore", "2026-12-01-07-00")
    file.unlink(missing_ok=True)
    assert done.returncode != 0
    says = "no snapshot 2026-12-01-07-00" if damage == "missing" else "is damaged, and nothing was changed"
    assert says in done.stderr
    assert not (machines[0].root / "start").exists()
    assert etcd.processes[MEMBERS[0].name].poll() is None
    assert get(etcd, MEMBERS[0], "namespace") == "shop"


def test_what_cannot_be_placed_leaves_what_was_there(etcd: Etcd, machines: list[Machine], store: Store) -> None:
    put(etcd, MEMBERS[0], "namespace", "shop")
    keep_snapshot(etcd, MEMBERS[0], store)
    done = machines[0].run("restore", NAME, f"other={MEMBERS[0].peer}")
    assert "this member, etcd-0, is none of other=" in done.stderr
    assert etcd.processes[MEMBERS[0].name].poll() is None
    machines[0].write({"/programs/etcdutl": "#!/bin/sh\n[ $2 != restore ] || exit 1\n"})
    done = machines[0].run("restore", NAME)
    assert "not restored: what was there goes on" in done.stderr
    etcd.processes[MEMBERS[0].name].wait(PATIENCE)
    start(etcd, MEMBERS[0].name)
    etcd.wait_until_healthy(MEMBERS[0])
    assert get(etcd, MEMBERS[0], "namespace") == "shop"


def test_new_machines_begin_from_a_snapshot_with_the_same_authority(
    etcd: Etcd, machines: list[Machine], store: Store
) -> None:
    """Total loss: no disk is left, and the boot script is told the snapshot."""
    put(etcd, MEMBERS[0], "namespace", "shop")
    keep_snapshot(etcd, MEMBERS[0], store)
    for machine, member in zip(machines, MEMBERS, strict=True):
        etcd.end(member.name)
        shutil.rmtree(machine.root / "var/lib/etcd/data")
        (machine.root / "var/lib/etcd/data").mkdir(mode=0o700)
    for machine, member in zip(machines, MEMBERS, strict=True):
        # become_member of the boot script, on a machine whose etcd is started by the test.
        stubs = "wait_for() { :; }; cloud_after_joining() { :; }; curl() { return 7; }"
        script = f"{stubs}\nRESTORE={NAME} ETCD={member.endpoint} ADDRESS={member.address}\n"
        machine.must(script=script + machine.here(files(kubeadm).joinpath("etcd.sh").read_text()) + "\nbecome_member")
        start(etcd, member.name)
    for member in MEMBERS:
        etcd.wait_until_healthy(member)
        assert get(etcd, member, "namespace") == "shop"
    told = etcd.ask(MEMBERS[0], "/v3/cluster/member/list", {})["members"]
    assert {each["name"]: each["peerURLs"] for each in told} == {each.name: [each.peer] for each in MEMBERS}


@contextmanager
def kubelet(etcd: Etcd, name: str, manifest: Path) -> Iterator[None]:
    """What a kubelet does with a static pod: it runs as long as its manifest is there."""
    over = threading.Event()

    def watch() -> None:
        while not over.is_set():
            runs = name in etcd.processes and etcd.processes[name].poll() is None
            if manifest.exists() and not runs:
                etcd.start(name)
            elif runs and not manifest.exists():
                etcd.processes[name].send_signal(signal.SIGTERM)
                etcd.processes[name].wait(PATIENCE)
            sleep(0.1)

    thread = threading.Thread(target=watch, daemon=True)
    thread.start()
    try:
        yield
    finally:
        over.set()
        thread.join(PATIENCE)


def test_a_control_plane_s_own_member_is_brought_back_and_its_api_server_waits(tmp_path: Path, store: Store) -> None:
    member = EtcdMember("etcd-0", MEMBERS[0].address)
    with running_etcd(tmp_path, given([member])) as etcd:
        root = tmp_path / member.name
        told = root / "etc/etcd/etcd.yaml"
        told.write_text(told.read_text().replace("var/lib/etcd/data", "var/lib/etcd"))
        shutil.rmtree(root / "var/lib/etcd")
        machine = Machine.made(root, store, "control-plane", {"ETCD": ""})
        manifests = root / "etc/kubernetes/manifests"
        arguments = [f"    - --name={member.name}", f"    - --initial-advertise-peer-urls={member.peer}"]
        machine.write(
            {f"/etc/kubernetes/manifests/{name}.yaml": "\n".join(arguments) for name in ("etcd", "kube-apiserver")}
        )
        plane = "/etc/kubernetes/pki/etcd"
        for name, source in {
            "ca.crt": f"{plane}/ca.crt",
            "healthcheck-client.crt": f"{CLIENT}.crt",
            "healthcheck-client.key": f"{CLIENT}.key",
        }.items():
            machine.write({f"{plane}/{name}": (etcd.room / "plane" / source.lstrip("/")).read_text()})
        script = root / "usr/local/sbin/polykube-etcd"
        script.write_text(script.read_text().replace("https://127.0.0.1:2379", member.endpoint))
        with kubelet(etcd, member.name, manifests / "etcd.yaml"):
            etcd.wait_until_healthy(member)
            put(etcd, member, "namespace", "shop")
            keep_snapshot(etcd, member, store)
            etcd.ask(member, "/v3/kv/deleterange", {"key": _coded("namespace")})
            assert f"restored: etcd-0 of etcd-0={member.peer}" in machine.must("restore", NAME)
            assert {each.name for each in manifests.iterdir()} == {"etcd.yaml", "kube-apiserver.yaml"}
            deadline = monotonic() + PATIENCE
            while get(etcd, member, "namespace") != "shop":
                assert monotonic() < deadline
                sleep(0.2)
        assert len(list((root / "var/lib").glob("etcd-before-*/member"))) == 1


def test_a_control_plane_whose_etcd_is_elsewhere_says_where(tmp_path: Path, store: Store) -> None:
    machine = Machine.made(tmp_path, store, "control-plane", {"ETCD": "https://10.0.0.4:2379"})
    done = machine.run("restore", "latest")
    assert done.returncode != 0
    assert "etcd is on machines of its own (https://10.0.0.4:2379): run it on each of these" in done.stderr


@pytest.mark.parametrize(
    ("restore", "noted", "answers", "begun"),
    [
        ("", "ip-10-0-0-4", False, True),
        (NAME, "ip-10-0-0-4", True, True),  # something of the cluster lives: a second one would be begun
        (NAME, "ip-10-0-0-4", False, False),
        (NAME, f"ip-10-0-0-4 restored {NAME}", False, True),
        (NAME, "ip-10-0-0-4 restored 2026-01-01-00-00", False, False),
    ],
)
def test_in_aws_a_cluster_is_begun_from_a_snapshot_once_and_only_if_nothing_answers(
    restore: str, noted: str, answers: bool, begun: bool
) -> None:
    cloud = files(kubeadm).joinpath("aws/cloud.sh")
    script = f"""BEGINNING=b; RESTORE={restore}; . {cloud}
secrets_call() {{ echo '{{"SecretString": "{noted}"}}'; }}; api_answers() {{ {str(answers).lower()}; }}
cloud_has_begun"""
    assert (subprocess.run(["/bin/bash", "-euo", "pipefail", "-c", script], check=False).returncode == 0) == begun


@pytest.mark.parametrize(("etcd_at", "places"), [("", True), ("https://10.0.0.4:2379", False)])
def test_the_first_control_plane_begins_with_what_was_restored_and_forgets_those_that_are_lost(
    etcd_at: str, places: bool, tmp_path: Path
) -> None:
    boot = files(kubeadm).joinpath("boot.sh").read_text()
    functions = boot[boot.index("api_answers() {") : boot.index("join_cluster() {")]
    recorded = ("wait_for", "wait_for_etcd", "cloud_before_beginning", "kubeadm", "kubectl", "polykube-etcd")
    stubs = "\n".join(f'{name}() {{ echo {name} "$@"; }}' for name in recorded)
    settings = f"RESTORE={NAME}; ETCD={etcd_at}; NODE_NAME=cp-1; cloud_address() {{ echo 10.0.0.11; }}"
    script = f"{settings}\n{stubs}\n{functions.replace('/var/lib', str(tmp_path))}\nbegin_cluster"
    said = subprocess.run(
        ["/bin/bash", "-euo", "pipefail", "-c", script], check=True, capture_output=True, text=True
    ).stdout
    lines = said.splitlines()
    init = next(line for line in lines if line.startswith("kubeadm init"))
    place = f"polykube-etcd place {NAME} cp-1 cp-1=https://10.0.0.11:2380"
    assert (place in lines) == places
    assert init.endswith("--ignore-preflight-errors=DirAvailable--var-lib-etcd") == places
    if places:
        assert lines.index(place) < lines.index(init)
    forgets = next(line for line in lines if "delete node" in line)
    assert "metadata.name!=cp-1" in forgets
    assert lines.index(init) < lines.index(forgets)


def test_machines_with_a_member_are_told_how_to_restore_it_and_others_are_not() -> None:
    config = yaml.safe_load((CHECKOUT / "Pulumi.kubeadm-aws.yaml").read_text(encoding="utf-8"))["config"]
    config["polykube:cluster"] |= {"etcdSnapshots": {"restoreFrom": NAME}}
    stacked = told_in_aws(config)
    bucket = "https://shop-etcd-snapshots.s3.eu-central-1.amazonaws.com"
    assert stacked["control-plane-0"].variables("/etc/polykube/snapshots.env")["STORE"] == bucket
    assert stacked["control-plane-0"].variables("/etc/polykube/machine.env")["RESTORE"] == NAME
    assert "/usr/local/sbin/polykube-etcd" not in stacked["general"].files
    external = told_in_aws(
        config | {"polykube:cluster": config["polykube:cluster"] | {"etcd": {"machineType": "m7g.large"}}}
    )
    assert external["etcd-0"].variables("/etc/polykube/snapshots.env")["STORE"] == bucket
    assert external["etcd-0"].variables("/etc/polykube/machine.env")["RESTORE"] == NAME
    assert external["control-plane-0"].variables("/etc/polykube/machine.env")["RESTORE"] == NAME
    assert "/usr/local/sbin/polykube-etcd" not in external["control-plane-0"].files


def told_in_aws(config: Mapping[str, Any]) -> dict[str, CloudConfig]:
    """The user data of machines, by the name of their launch template."""
    made = registered(StackSpec.model_validate(config, context=Origin("shop", CHECKOUT)), "shop")
    templates = [each for each in made.values() if each.type == "aws:ec2/launchTemplate:LaunchTemplate"]
    return {each.name.removeprefix("shop-"): read_user_data(each.inputs["userData"]) for each in templates}
