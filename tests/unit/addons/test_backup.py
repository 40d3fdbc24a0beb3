"""Backups that go nowhere, are kept in the open, or are made by somebody without the right to."""

from typing import Any

import pytest
from pydantic import TypeAdapter, ValidationError

from components.addons import AddOnsSpec
from components.addons.backup import Backup
from components.addons.backup.resources import schedules
from components.addons.backup.spec import BackupSpec
from components.contract import Capability
from spec.cron import Cron
from spec.values import Secret
from tests.support.registered import _NESTED as NESTED
from tests.support.registered import Registered, registered
from tests.support.stack_files import load_stack

pytestmark = pytest.mark.usefixtures("bundles")

ACCOUNT = "velero@shop.iam.gserviceaccount.com"
CRON: TypeAdapter[str] = TypeAdapter(Cron)
# By cloud: what the storage location is told, the plugin, and the NetworkPolicy's way to credentials.
CLOUDS: dict[str, tuple[str, dict[str, str], str, list[str]]] = {
    "eks-prod": ("aws", {"region": "eu-central-1"}, "aws", ["169.254.170.23/32"]),
    "gke-prod": (
        "gcp",
        {"serviceAccount": ACCOUNT},
        "gcp",
        ["169.254.169.254/32", "169.254.169.252/32"],
    ),
    "aks-prod": (
        "azure",
        {
            "storageAccount": "backupaksprod",
            "storageAccountURI": "https://backupaksprod.blob.core.windows.net",
            "useAAD": "true",
        },
        "microsoft-azure",
        [],
    ),
}


@pytest.fixture(scope="module", params=CLOUDS)
def made(request: pytest.FixtureRequest) -> tuple[str, list[Registered]]:
    """What a cloud's stack registers when it has backups and nothing else, in order."""
    spec = load_stack(request.param)
    stack = spec.model_copy(update={"addons": AddOnsSpec.model_validate({"backup": {}})})
    with pytest.MonkeyPatch.context() as patch:  # what the clouds work out
        patch.setitem(NESTED, "gcp:serviceaccount/account:Account", {"email": ACCOUNT})
        patch.setitem(NESTED, "azure-native:managedidentity:UserAssignedIdentity", {"clientId": "0-1"})
        return request.param, list(registered(stack).values())


def of_type(made: list[Registered], kind: str) -> list[Registered]:
    return [each for each in made if each.type.endswith(f":{kind}")]


def named(made: list[Registered], kind: str, name: str) -> Registered:
    (found,) = [each for each in of_type(made, kind) if each.name == f"velero/{name}"]
    return found


def test_each_cloud_has_its_own_store_plugin_and_way_to_credentials(made: tuple[str, list[Registered]]) -> None:
    stack, resources = made
    provider, config, plugin, credentials = CLOUDS[stack]
    location = named(resources, "BackupStorageLocation", "default").inputs["spec"]
    assert (location["provider"], location["config"]) == (provider, config)
    assert location["objectStorage"]["prefix"] == stack
    assert "credential" not in location
    (init,) = named(resources, "Deployment", "velero").inputs["spec"]["template"]["spec"]["initContainers"]
    assert f"/velero-plugin-for-{plugin}:" in init["image"]
    open_to = [
        rule["to"][0]["ipBlock"]["cidr"]
        for each in of_type(resources, "NetworkPolicy")
        if "credentials" in each.name
        for rule in each.inputs["spec"]["egress"]
    ]
    assert sorted(open_to) == sorted(credentials)


def test_pods_are_somebody_in_the_cloud_without_a_key(made: tuple[str, list[Registered]]) -> None:
    stack, resources = made
    assert of_type(resources, "Secret") == []
    account = named(resources, "ServiceAccount", "velero")
    annotations, labels = account.inputs["metadata"]["annotations"], pod_labels(resources)
    if stack == "eks-prod":
        (association,) = [each for each in of_type(resources, "PodIdentityAssociation") if "velero" in each.name]
        assert (association.inputs["namespace"], association.inputs["serviceAccount"]) == ("velero", "velero")
    if stack == "gke-prod":
        assert annotations["iam.gke.io/gcp-service-account"] == CLOUDS[stack][1]["serviceAccount"]
        roles = {each.inputs["role"] for each in of_type(resources, "IAMMember") if "velero" in each.name}
        assert roles == {"roles/iam.workloadIdentityUser", "roles/iam.serviceAccountTokenCreator"}
    if stack == "aks-prod":
        assert "azure.workload.identity/client-id" in annotations
        assert labels["azure.workload.identity/use"] == "true"


def pod_labels(resources: list[Registered]) -> dict[str, Any]:
    agent = named(resources, "DaemonSet", "node-agent").inputs["spec"]["template"]["metadata"]["labels"]
    server = named(resources, "Deployment", "velero").inputs["spec"]["template"]["metadata"]["labels"]
    assert {key: agent[key] for key in agent if "azure" in key} == {
        key: server[key] for key in server if "azure" in key
    }
    return dict(server)


def test_the_bucket_keeps_versions_and_is_kept_itself_in_prod(made: tuple[str, list[Registered]]) -> None:
    stack, resources = made
    kind, versions, at = {
        "eks-prod": ("aws:s3/bucket:Bucket", "BucketVersioning", "versioningConfiguration"),
        "gke-prod": ("gcp:storage/bucket:Bucket", "Bucket", "versioning"),
        "aks-prod": ("azure-native:storage:BlobContainer", "BlobServiceProperties", "isVersioningEnabled"),
    }[stack]
    (bucket,) = [each for each in resources if each.type == kind]
    assert bucket.protect
    (versioned,) = of_type(resources, versions)
    assert versioned.inputs[at] in (True, {"enabled": True}, {"status": "Enabled"})


def test_kinds_come_before_velero_and_velero_before_what_it_works_on(made: tuple[str, list[Registered]]) -> None:
    _, resources = made
    server, location = named(resources, "Deployment", "velero"), named(resources, "BackupStorageLocation", "default")
    definitions = {each.urn for each in of_type(resources, "CustomResourceDefinition")}
    assert definitions
    assert definitions <= server.after
    assert {server.urn, named(resources, "DaemonSet", "node-agent").urn} <= location.after
    assert location.urn in named(resources, "Schedule", "everything").after


@pytest.mark.parametrize("snapshots", [True, False])
def test_volumes_are_copied_by_snapshots_where_there_are_any_and_file_by_file_elsewhere(snapshots: bool) -> None:
    spec = load_stack("eks-prod")
    options: dict[str, Any] = {"backup": {}, **({"csiSnapshotter": {}} if snapshots else {})}
    made = list(registered(spec.model_copy(update={"addons": AddOnsSpec.model_validate(options)})).values())
    (server,) = named(made, "Deployment", "velero").inputs["spec"]["template"]["spec"]["containers"]
    (agent,) = named(made, "DaemonSet", "node-agent").inputs["spec"]["template"]["spec"]["containers"]
    assert ("--default-volumes-to-fs-backup=true" in server["args"]) is not snapshots
    for container in (server, agent):
        assert ("--features=EnableCSI" in container["args"]) is snapshots


def test_everything_and_each_tenant_have_their_own_schedule_and_time() -> None:
    tenants = [{"tenant": "shop", "schedule": "*/30 * * * *", "retentionDays": 2}]
    everything, shop = schedules(BackupSpec.model_validate({"tenants": tenants}))
    assert everything["spec"]["schedule"] == "0 7 * * *"
    assert everything["spec"]["template"]["includedNamespaces"] == ["*"]
    assert everything["spec"]["template"]["ttl"] == "720h0m0s"
    assert shop["spec"]["schedule"] == "*/30 * * * *"
    assert shop["spec"]["template"]["includedNamespaces"] == ["shop"]
    assert shop["spec"]["template"]["ttl"] == "48h0m0s"


def test_a_store_at_another_port_is_reached_there_and_no_cloud_is_needed() -> None:
    store = {"endpoint": "https://10.1.2.3:9000", "bucket": "b", "accessKey": "k", "secretKey": Secret("key")}
    spec = BackupSpec.model_validate({"store": store})
    assert {flow.name: flow.ports for flow in Backup(spec).flows()}["velero.store"] == (9000,)
    assert Capability.OBJECT_STORE not in Backup(spec).capabilities()
    assert Capability.OBJECT_STORE in Backup(BackupSpec()).capabilities()


@pytest.mark.parametrize("when", ["0 7 * * *", "*/15 0-6,12 1 1-12/3 0", "59 23 31 12 6"])
def test_a_time_that_there_is_is_taken(when: str) -> None:
    assert CRON.validate_python(when) == when


@pytest.mark.parametrize(
    "when", ["60 7 * * *", "0 7 * *", "0 7 0 * *", "0 9-7 * * *", "*/0 7 * * *", "0 7 * * 7", "@daily"]
)
def test_a_time_that_never_comes_is_refused(when: str) -> None:
    with pytest.raises(ValidationError):
        CRON.validate_python(when)
