"""A snapshot of etcd that is none, that goes astray, or that nobody hears of when it is not taken."""

import json
import os
import re
import subprocess
from collections.abc import Iterator, Mapping
from datetime import UTC, datetime, timedelta
from importlib.resources import files
from pathlib import Path
from typing import Any, Final

import pytest
import yaml

from common.paths import CHECKOUT
from components.clusters import kubeadm
from rehearsal.toolchain import ensure
from spec.model import Origin
from spec.values import Secret
from stacks.config import StackSpec
from tests.support.etcd_members import CLIENT, Etcd, given, members_here, running_etcd
from tests.support.registered import Registered, registered
from tests.support.stack_files import planned
from tests.support.velero import BUCKET, KEY, SECRET, Store, running_store

MEMBERS: Final = members_here()
SCRIPT: Final = files(kubeadm).joinpath("snapshots.sh")


@pytest.fixture(scope="module")
def store(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Store]:
    with running_store(tmp_path_factory.mktemp("store")) as found:
        yield found


@pytest.fixture(scope="module")
def etcd(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Etcd]:
    with running_etcd(tmp_path_factory.mktemp("etcd"), given(MEMBERS)) as found:
        for member in MEMBERS:
            found.start(member.name)
        for member in MEMBERS:
            found.wait_until_healthy(member)
        yield found


class Shell:
    """The script's functions in a shell, with what the program sets for it."""

    def __init__(self, etcd: Etcd, store: Store, room: Path) -> None:
        self.room, plane = room, etcd.room / "plane"
        (room / "key").write_text(f'user = "{KEY}:{SECRET}"\n')
        (room / "ca.crt").write_text(store.authority)
        tools = ensure(["etcdctl", "etcdutl"])
        self.variables = {
            "ETCD": " ".join(each.endpoint for each in MEMBERS),
            "ETCD_CA": f"{plane}/etc/kubernetes/pki/etcd/ca.crt",
            "ETCD_CERT": f"{plane}{CLIENT}.crt",
            "ETCD_KEY": f"{plane}{CLIENT}.key",
            "STORE": f"{store.endpoint}/{BUCKET}",
            "REGION": "us-east-1",
            "PREFIX": "shop/etcd-data/",
            "STORE_KEY": str(room / "key"),
            "STORE_CA": str(room / "ca.crt"),
            "PATH": ":".join([*(str(each.path.parent) for each in tools.values()), os.environ["PATH"]]),
        }

    def run(self, text: str, shell: str = "sh", **more: str) -> subprocess.CompletedProcess[str]:
        """Run commands after the script's definitions."""
        command = [shell, "-euc", f". {SCRIPT}\n{text}"]
        environment = self.variables | more
        return subprocess.run(command, capture_output=True, text=True, check=False, env=environment)

    def must(self, text: str, **more: str) -> str:
        done = self.run(text, **more)
        assert done.returncode == 0, done.stderr
        return done.stdout


@pytest.fixture
def shell(etcd: Etcd, store: Store, tmp_path: Path) -> Iterator[Shell]:
    yield Shell(etcd, store, tmp_path)
    for file in (store.directory / BUCKET).rglob("*.db"):
        file.unlink()


def test_a_snapshot_is_whole_and_named_by_its_minute(shell: Shell, store: Store, tmp_path: Path) -> None:
    began = datetime.now(UTC)
    said = shell.must(f"take_snapshot {tmp_path}")
    (name,) = store.objects()
    assert name.startswith("shop/etcd-data/")
    taken = datetime.strptime(name, "shop/etcd-data/%Y-%m-%d-%H-%M.db").replace(tzinfo=UTC)
    assert began - timedelta(minutes=1) <= taken <= datetime.now(UTC)
    assert f"kept: {store.endpoint}/{BUCKET}/{name}, " in said
    kept = store.directory / BUCKET / name
    assert kept.read_bytes() == (tmp_path / "snapshot.db").read_bytes()
    shell.must(f"verify_snapshot {kept}")


def test_of_members_that_do_not_answer_the_next_is_asked_and_if_none_does_that_is_said(
    shell: Shell, store: Store, tmp_path: Path
) -> None:
    nobody = "https://127.0.0.1:1"
    shell.must(f"take_snapshot {tmp_path}", ETCD=f"{nobody} {MEMBERS[0].endpoint}")
    assert len(store.objects()) == 1
    done = shell.run(f"take_snapshot {tmp_path}", ETCD=nobody)
    assert done.returncode != 0
    assert f"no member of etcd gives a snapshot: {nobody}" in done.stderr
    assert len(store.objects()) == 1


def test_what_is_damaged_is_not_uploaded(shell: Shell, store: Store, tmp_path: Path) -> None:
    shell.must(f"save_snapshot {tmp_path}/whole.db")
    content = bytearray((tmp_path / "whole.db").read_bytes())
    content[len(content) // 2] ^= 1
    cases = {"turned": bytes(content), "cut": bytes(content[:-512]), "empty": b""}
    for name, damaged in cases.items():
        (tmp_path / f"{name}.db").write_bytes(damaged)
        # As when the disk, or what gave the snapshot, has done it: the rest of the run is what it is.
        done = shell.run(f"save_snapshot() {{ cp {tmp_path}/{name}.db $1; }}\ntake_snapshot {tmp_path}")
        assert done.returncode != 0, name
        assert "is damaged" in done.stderr or "is no snapshot" in done.stderr
    assert store.objects() == []


@pytest.mark.parametrize(
    ("wrong", "says"),
    [
        ({"STORE_CA": "/etc/ssl/certs/ca-certificates.crt"}, "SSL certificate problem"),
        ({"STORE": "http://127.0.0.1:1"}, 'Protocol "http" (not supported|disabled)'),
        ({"STORE": "https://127.0.0.1:1"}, "Failed to connect|Couldn't connect"),
    ],
    ids=["who vouches for it", "without TLS", "nobody there"],
)
def test_a_store_that_is_not_the_one_gets_nothing(
    wrong: Mapping[str, str], says: str, shell: Shell, store: Store, tmp_path: Path
) -> None:
    done = shell.run(f"take_snapshot {tmp_path}", **wrong)
    assert done.returncode != 0
    assert re.search(says, done.stderr), done.stderr
    assert store.objects() == []


def test_a_key_that_does_not_count_is_told_by_the_store_and_no_key_is_seen_by_others(
    shell: Shell, tmp_path: Path
) -> None:
    (tmp_path / "wrong").write_text(f'user = "{KEY}:wrong"\n')
    done = shell.run(f"take_snapshot {tmp_path}", STORE_KEY=str(tmp_path / "wrong"))
    assert done.returncode != 0
    assert "SignatureDoesNotMatch" in done.stdout + done.stderr
    traced = shell.run(f'curl() {{ echo "$*"; }}\ntake_snapshot {tmp_path}')
    assert SECRET not in traced.stdout + traced.stderr


def test_those_that_are_too_old_expire_and_nothing_else_goes(shell: Shell, store: Store, tmp_path: Path) -> None:
    directory = store.directory / BUCKET / "shop/etcd-data"
    directory.mkdir(parents=True, exist_ok=True)
    now = datetime.now(UTC)
    old, young = (f"{now - timedelta(days=days):%Y-%m-%d-%H-%M}.db" for days in (31, 29))
    for name in (old, young, "by-hand.db.txt"):
        (directory / name).write_text("a snapshot")
    other = store.directory / BUCKET / "shop/other.db"
    other.write_text("another's")
    said = shell.must(f"take_snapshot {tmp_path}", RETENTION_DAYS="30")
    assert f"expired: shop/etcd-data/{old}" in said
    left = {Path(name).name for name in store.objects()}
    assert old not in left
    assert {young, "by-hand.db.txt", "other.db"} < left
    assert len(left) == 4


def test_more_than_a_page_is_listed_in_order(shell: Shell, store: Store) -> None:
    directory = store.directory / BUCKET / "shop/etcd-data"
    directory.mkdir(parents=True, exist_ok=True)
    names = [f"{datetime(2026, 1, 1, tzinfo=UTC) + timedelta(hours=hours):%Y-%m-%d-%H-%M}.db" for hours in range(1100)]
    for name in names:
        (directory / name).write_text("")
    assert shell.must("list_snapshots").splitlines() == [f"shop/etcd-data/{name}" for name in names]


def snapshots(made: Mapping[str, Registered]) -> dict[str, Registered]:
    """What is registered for snapshots, by type and name."""
    return {f"{each.type}::{each.name}": each for each in made.values() if "snapshots" in each.name}


def environment(job: Registered) -> dict[str, Any]:
    (container,) = job.inputs["spec"]["jobTemplate"]["spec"]["template"]["spec"]["containers"]
    return {each["name"]: each["value"] for each in container["env"]}


def mounted(job: Registered) -> dict[str, str]:
    """The machine's paths in the pod, by where they are in its container."""
    pod = job.inputs["spec"]["jobTemplate"]["spec"]["template"]["spec"]
    paths = {each["name"]: each["hostPath"]["path"] for each in pod["volumes"] if "hostPath" in each}
    return {m["mountPath"]: paths[m["name"]] for m in pod["containers"][0]["volumeMounts"] if m["name"] in paths}


JOB: Final = "kubernetes:batch/v1:CronJob::kube-system/etcd-snapshots"


def test_in_aws_they_go_to_a_bucket_that_is_private_and_expires_and_which_no_machine_can_empty() -> None:
    made = snapshots(planned("kubeadm-aws"))
    bucket = "kubeadm-aws-etcd-snapshots"
    rule = made[f"aws:s3/bucketLifecycleConfiguration:BucketLifecycleConfiguration::{bucket}"].inputs["rules"][0]
    assert (rule["status"], rule["expiration"], rule["filter"]) == ("Enabled", {"days": 30}, {"prefix": ""})
    assert rule["noncurrentVersionExpiration"] == {"noncurrentDays": 7}
    blocked = made[f"aws:s3/bucketPublicAccessBlock:BucketPublicAccessBlock::{bucket}"].inputs
    assert len([name for name, value in blocked.items() if value is True]) == 4
    policy = made["aws:iam/rolePolicy:RolePolicy::kubeadm-aws-control-plane-snapshots"].inputs["policy"]
    allowed = {action for each in json.loads(policy)["Statement"] for action in each["Action"]}
    assert allowed == {"s3:GetObject", "s3:PutObject", "s3:ListBucket"}
    job = made[JOB]
    told = environment(job)
    assert told["STORE"] == f"https://{bucket}.s3.eu-central-1.amazonaws.com"
    assert "STORE_KEY" not in told
    assert "RETENTION_DAYS" not in told
    assert told["ETCD"] == "https://127.0.0.1:2379"
    assert mounted(job)[told["ETCD_KEY"]] == "/etc/kubernetes/pki/etcd/healthcheck-client.key"


def test_on_hosts_they_go_to_a_store_whose_key_is_in_a_secret_alone() -> None:
    made = snapshots(registered(on_hosts(), "shop"))
    job = made[JOB]
    told = environment(job)
    assert told["STORE"] == "https://10.0.0.5:9000/snapshots"
    assert told["PREFIX"] == "shop/etcd-data/"
    assert told["RETENTION_DAYS"] == "90"
    assert job.inputs["spec"]["schedule"] == "30 * * * *"
    assert told["ETCD"].split() == [f"https://10.20.0.{host}:2379" for host in (14, 15, 16)]
    assert mounted(job)[told["ETCD_KEY"]] == f"{CLIENT}.key"
    secret = made["kubernetes:core/v1:Secret::kube-system/etcd-snapshots"]
    assert secret.secret("stringData")
    assert secret.inputs["stringData"] == {"key": 'user = "shop:hunter2"\n'}
    assert "hunter2" not in str(job.inputs)


def test_it_runs_on_control_planes_and_has_what_the_script_wants() -> None:
    made = snapshots(planned("kubeadm-aws"))
    job = made[JOB]
    assert job.inputs["spec"]["concurrencyPolicy"] == "Forbid"
    pod = job.inputs["spec"]["jobTemplate"]["spec"]["template"]["spec"]
    assert pod["nodeSelector"] == {"node-role.kubernetes.io/control-plane": ""}
    assert "node-role.kubernetes.io/control-plane" in [each["key"] for each in pod["tolerations"]]
    told, paths = environment(job), mounted(job)
    assert {told[name] for name in ("ETCD_CA", "ETCD_CERT", "ETCD_KEY")} < paths.keys()
    assert {"/usr/local/bin/etcdctl", "/usr/local/bin/etcdutl"} < paths.keys()
    (config,) = [each for each in made.values() if each.type == "kubernetes:core/v1:ConfigMap"]
    assert config.inputs["data"] == {"snapshots.sh": SCRIPT.read_text(encoding="utf-8")}
    named = set(re.findall(r"\$\{?([A-Z_]{3,})", config.inputs["data"]["snapshots.sh"])) - {"LARGEST"}
    assert named - told.keys() == {"STORE_KEY", "STORE_CA", "RETENTION_DAYS"}


def on_hosts() -> StackSpec:
    """The example with members on hosts of their own, and a store."""
    config = yaml.safe_load((CHECKOUT / "Pulumi.kubeadm-hosts.yaml").read_text(encoding="utf-8"))["config"]
    hosts = [{"name": f"etcd-{number}", "address": f"10.20.0.{number}"} for number in (14, 15, 16)]
    store = {"endpoint": "https://10.0.0.5:9000", "bucket": "snapshots", "accessKey": "shop"}
    snapshots = {"schedule": "30 * * * *", "retentionDays": 90, "store": store | {"secretKey": Secret("hunter2")}}
    config["polykube:cluster"] |= {"etcd": {"hosts": hosts}, "etcdSnapshots": snapshots}
    return StackSpec.model_validate(config, context=Origin("shop", CHECKOUT))
