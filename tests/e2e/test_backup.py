"""Backups that cannot be made, do not bring back what was there, or leave something behind.

Velero itself, built from source, on what the stack made: its backups go to a store that speaks S3 with TLS. The tests
build on each other in the order in which they stand.
"""

import json
from collections.abc import Iterator
from contextlib import closing, nullcontext
from pathlib import Path
from typing import Any

import pytest
from lightkube import KubeConfig

from automation.backups import commands
from automation.backups.drill import hold_drill
from automation.backups.velero import Velero, phase
from automation.project import Project
from common.errors import BackupError
from rehearsal.control_plane import ControlPlane
from spec.values import Secret
from tests.support.api import Api, Object
from tests.support.stack import Stack, dev_spec, make_stack
from tests.support.velero import BUCKET, KEY, SECRET, Store, running_store, running_velero

pytestmark = [pytest.mark.drill, pytest.mark.usefixtures("bundles")]

VELERO = "/apis/velero.io/v1/namespaces/velero"
LOCATION = f"{VELERO}/backupstoragelocations/default"
SHOP = (
    *(f"/api/v1/namespaces/shop/{kind}" for kind in ("configmaps", "secrets", "services", "serviceaccounts")),
    *(f"/api/v1/namespaces/shop/{kind}" for kind in ("resourcequotas", "limitranges", "persistentvolumeclaims")),
    *(f"/apis/apps/v1/namespaces/shop/{kind}" for kind in ("deployments", "statefulsets")),
    "/apis/networking.k8s.io/v1/namespaces/shop/networkpolicies",
    "/apis/rbac.authorization.k8s.io/v1/namespaces/shop/rolebindings",
)
ITS_OWN = ("uid", "resourceVersion", "creationTimestamp", "managedFields", "generation", "annotations", "finalizers")
GIVEN_ANEW = ("clusterIP", "clusterIPs", "volumeName")


@pytest.fixture(scope="module")
def store(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Store]:
    with running_store(tmp_path_factory.mktemp("store")) as store:
        yield store


@pytest.fixture(scope="module")
def stack(control_plane: ControlPlane, store: Store, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Stack]:
    """The example stack with one tenant, backups, and no other add-on."""
    stack = make_stack(tmp_path_factory.mktemp("backup"))
    given = {"endpoint": store.endpoint, "bucket": BUCKET, "accessKey": KEY, "secretKey": Secret(SECRET)}
    options = {"store": {**given, "certificateAuthority": store.authority}}
    spec = dev_spec(control_plane.name)
    (shop,) = [tenant for tenant in spec["tenants"] if tenant["name"] == "shop"]
    stack.write(spec | {"tenants": [shop], "addons": {"backup": options}})
    stack.must_up()
    yield stack
    stack.destroy()


@pytest.fixture(scope="module")
def log(stack: Stack, control_plane: ControlPlane, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Path]:
    """What Velero's server writes, which runs from here on as its Deployment would start it.

    No node agent runs here, so that volumes come back empty.
    """
    del stack
    with closing(Api(control_plane.kubeconfig)) as api:
        server = api.get("/apis/apps/v1/namespaces/velero/deployments/velero")
        no_data = {"defaultVolumesToFsBackup": False, "snapshotVolumes": False}
        api.merge(f"{VELERO}/schedules/everything", {"spec": {"template": no_data}})
        (container,) = server["spec"]["template"]["spec"]["containers"]
        directory = tmp_path_factory.mktemp("velero")
        with running_velero(control_plane.kubeconfig, directory, container["args"]) as log:
            try:
                api.until(LOCATION, lambda found: phase(found) == "Available")
            except AssertionError as late:
                raise AssertionError(log.read_text()[-5000:]) from late
            yield log


@pytest.fixture
def velero(log: Path, control_plane: ControlPlane) -> Velero:
    del log
    return Velero(KubeConfig.from_file(str(control_plane.kubeconfig)))


@pytest.fixture
def project(velero: Velero, monkeypatch: pytest.MonkeyPatch) -> Project:
    """The example project, whose Velero is the one that runs here."""
    monkeypatch.setattr(commands, "reaching", lambda _: nullcontext(velero))
    return Project.open("dev")


def kept(api: Api) -> dict[str, Any]:
    """What the shop's objects say, by kind and name, without what any API server gives anew."""
    return {
        f"{each['kind']}/{each['metadata']['name']}": said(each)
        for path in SHOP
        for each in api.list(path)
        # The default ServiceAccount is made by the cluster before Velero gets to it; `up` puts it right.
        if not each["metadata"].get("ownerReferences") and each["metadata"]["name"] != "default"
    }


def said(manifest: Object) -> Object:
    metadata = {key: value for key, value in manifest["metadata"].items() if key not in ITS_OWN}
    labels = {key: value for key, value in metadata.get("labels", {}).items() if not key.startswith("velero.io/")}
    spec = {key: value for key, value in manifest.get("spec", {}).items() if key not in GIVEN_ANEW}
    rest = {key: value for key, value in manifest.items() if key not in ("metadata", "spec", "status", "secrets")}
    return {**rest, "metadata": {**metadata, "labels": labels}, "spec": spec}


def test_velero_reaches_the_store_by_its_authority_and_takes_the_schedules(log: Path, api: Api) -> None:
    del log
    assert phase(api.get(LOCATION)) == "Available"
    api.until(f"{VELERO}/schedules/everything", lambda found: phase(found) == "Enabled")


def test_there_is_no_drill_without_a_backup(velero: Velero) -> None:
    with pytest.raises(BackupError) as refused:
        hold_drill(velero, "lab")
    assert refused.value.problems[0].code == "PK803"


def test_a_drill_passes_and_leaves_nothing_but_a_store_that_can_be_written(
    project: Project, api: Api, capsys: pytest.CaptureFixture[str]
) -> None:
    commands.back_up_now(project, None)
    capsys.readouterr()
    commands.show_backups(project, as_json=True)
    (backup,) = json.loads(capsys.readouterr().out)
    assert (backup["phase"], backup["of"]) == ("Completed", "*")
    commands.drill(project, "shop", as_json=True)
    held = json.loads(capsys.readouterr().out)
    assert (held["passed"], held["missing"], held["backup"]) == (True, [], backup["backup"])
    assert {kind["name"] for kind in held["kinds"]} >= {"Deployment", "Service"}
    left_by_a_drill(api)


def left_by_a_drill(api: Api) -> None:
    """Assert that nothing is."""
    assert api.get(LOCATION)["spec"]["accessMode"] == "ReadWrite"
    api.until(f"{VELERO}/restores", lambda found: not found["items"])
    drills = [each for each in api.list("/api/v1/namespaces") if each["metadata"]["name"].startswith("drill-")]
    assert all("deletionTimestamp" in each["metadata"] for each in drills)


def test_a_drill_says_what_a_backup_did_not_hold(project: Project, api: Api) -> None:
    backup = {
        "apiVersion": "velero.io/v1",
        "kind": "Backup",
        "metadata": {"name": "without-services", "namespace": "velero"},
        "spec": {"includedNamespaces": ["shop"], "excludedResources": ["services"], "snapshotVolumes": False}
        | {"defaultVolumesToFsBackup": False, "storageLocation": "default"},
    }
    api.apply(backup)
    api.until(f"{VELERO}/backups/without-services", lambda found: phase(found) == "Completed")
    with pytest.raises(BackupError) as refused:
        commands.drill(project, "shop", as_json=False)
    (problem,) = refused.value.problems
    assert (problem.code, problem.found) == ("PK806", "missing: Service/db, Service/frontend")


def test_a_drill_that_is_interrupted_lets_the_store_be_written_again(
    velero: Velero, api: Api, monkeypatch: pytest.MonkeyPatch
) -> None:
    seen = []

    def interrupted(_: float) -> None:
        monkeypatch.undo()
        seen.append(api.get(LOCATION)["spec"]["accessMode"])
        raise KeyboardInterrupt

    monkeypatch.setattr("automation.backups.velero.time.sleep", interrupted)
    with pytest.raises(KeyboardInterrupt):
        hold_drill(velero, "shop")
    assert seen == ["ReadOnly"]
    left_by_a_drill(api)


def test_a_namespace_that_was_deleted_comes_back_as_it_was(velero: Velero, store: Store, api: Api, log: Path) -> None:
    before = kept(api)
    assert {key.partition("/")[0] for key in before} >= {
        "StatefulSet",
        "Deployment",
        "ConfigMap",
        "PersistentVolumeClaim",
    }
    backup = velero.back_up("shop")["metadata"]["name"]
    assert any(name.endswith(f"{backup}.tar.gz") for name in store.objects())
    api.delete("/api/v1/namespaces/shop")
    api.until_gone("/api/v1/namespaces/shop")
    restore = {
        "apiVersion": "velero.io/v1",
        "kind": "Restore",
        "metadata": {"name": "shop", "namespace": "velero"},
        "spec": {"backupName": backup},
    }
    api.apply(restore)
    done = api.until(
        f"{VELERO}/restores/shop", lambda found: phase(found) in ("Completed", "PartiallyFailed", "Failed")
    )
    assert phase(done) == "Completed", log.read_text()[-5000:]
    assert kept(api) == before


def test_nothing_is_in_the_way_of_a_destroy_and_backups_stay_in_the_store(stack: Stack, store: Store, api: Api) -> None:
    kept_there = [name for name in store.objects() if "/backups/" in name]
    assert kept_there
    assert api.list(f"{VELERO}/backups")
    api.delete(f"{VELERO}/restores/shop")
    api.until_gone(f"{VELERO}/restores/shop")
    stack.destroy()
    assert api.find("/api/v1/namespaces/velero") is None
    assert api.find("/apis/velero.io/v1") is None
    assert set(kept_there) <= set(store.objects())
