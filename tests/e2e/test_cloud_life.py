"""The life of a cluster on each cloud, as stack files declare it: what others do to it, what is changed, how it goes.

Guards against nodes that are not as declared, secrets in the state, changes that replace more than they have to,
moments without nodes, and what is left in the cloud without a word. The tests of one cloud are steps of one life, in
this order: each begins where the one before ended.
"""

import base64
import json
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any

import pytest
import yaml
from cryptography import x509

from common.errors import EngineError
from common.quantity import parse
from components.clusters.managed import ManagedSpec
from components.naming import NODE_POOL_LABEL
from components.platform.shared import DEFAULT_CLASS_ANNOTATION
from rehearsal.control_plane import ControlPlane
from rehearsal.providers.clouds.clusters import CREDENTIAL
from rehearsal.providers.clouds.store import LINGERING, LoggedOperation, Resource
from tests.support.api import is_ready
from tests.support.cloud_life import CANARY, Life, begin
from tests.support.polling import eventually


@dataclass(frozen=True)
class Cloud:
    """What is called otherwise on each cloud, and what takes its time there (`faults`).

    Resources are type and name, edits have the names of `Life.edit`.
    """

    cluster: str
    pool: str
    pool_label: str
    scaled: tuple[tuple[str, str, dict[str, Any]], ...]
    tagged: tuple[str, str]
    lost: tuple[str, str]
    fixed: tuple[str, str]
    machine: str
    administrator: Any
    windows: dict[str, Any]
    faults: tuple[dict[str, Any], ...]
    left: str = ""


GATEWAYS = "/apis/gateway.networking.k8s.io/v1"
CLOUDS_GATEWAY = {"class": "cloud", "hosts": [{"name": "shop.example.test", "tenants": ["shop"]}]}
OFTEN = 1_000_000


def late(type_: str, name: str = "*", times: int = 1) -> dict[str, Any]:
    """What is made is seen by others some seconds later."""
    return {"fault": "propagation", "type": type_, "name": name, "seconds": 4, "times": times}


def lingers(type_: str, seconds: int) -> dict[str, Any]:
    """What is deleted stays in its network for a while: interfaces, load balancers."""
    return {"fault": "late-deletion", "on": "delete", "type": type_, "seconds": seconds}


def in_turn(types: str) -> dict[str, Any]:
    """An API lets through five calls a second."""
    return {"fault": "rate-limit", "type": types, "seconds": 0.2, "times": OFTEN}


WINDOWS = {"name": "win", "image": "windows-2022", "nodes": {"min": 1, "max": 2}}
CLOUDS = {
    "eks-dev": Cloud(
        cluster="aws:eks/cluster:Cluster",
        pool="aws:eks/nodeGroup:NodeGroup",
        pool_label="eks.amazonaws.com/nodegroup",
        scaled=(("aws:eks/nodeGroup:NodeGroup", "eks-dev-general", {"scalingConfig__desiredSize": 3}),),
        tagged=("aws:ec2/vpc:Vpc", "eks-dev"),
        lost=("aws:eks/addon:Addon", "eks-dev-coredns"),
        fixed=("network.range", "10.40.0.0/16"),
        machine="m7g.2xlarge",
        administrator="arn:aws:iam::111122223333:role/another",
        windows={"nodePools.2": {"machineType": "m7i.xlarge", **WINDOWS}},
        faults=(
            late("aws:iam/rolePolicyAttachment:RolePolicyAttachment", times=OFTEN),
            late("aws:eks/accessPolicyAssociation:AccessPolicyAssociation"),
            in_turn("aws:ec2/*"),
            lingers("aws:eks/cluster:Cluster", seconds=4),
        ),
        left="aws:lb/loadBalancer:LoadBalancer",
    ),
    "gke-dev": Cloud(
        cluster="gcp:container/cluster:Cluster",
        pool="gcp:container/nodePool:NodePool",
        pool_label="cloud.google.com/gke-nodepool",
        scaled=(("gcp:container/nodePool:NodePool", "gke-dev-general", {"nodeCount": 2}),),
        tagged=("gcp:kms/cryptoKey:CryptoKey", "gke-dev-secrets"),
        lost=("gcp:compute/routerNat:RouterNat", "gke-dev"),
        fixed=("project", "example-two"),
        machine="t2a-standard-4",
        administrator="group:another@example.com",
        windows={"nodePools.2": {"machineType": "n2-standard-4", **WINDOWS}, "network.dataplane": "iptables"},
        faults=(
            late("gcp:projects/service:Service", "*-cloudkms"),
            late("gcp:serviceaccount/account:Account", "*-node"),
            late("gcp:kms/cryptoKeyIAMMember:CryptoKeyIAMMember"),
            in_turn("gcp:compute/*"),
            lingers("gcp:container/cluster:Cluster", seconds=4),
        ),
        left="gcp:compute/forwardingRule:ForwardingRule",
    ),
    "aks-dev": Cloud(
        cluster="azure-native:containerservice:ManagedCluster",
        pool="azure-native:containerservice:AgentPool",
        pool_label="kubernetes.azure.com/agentpool",
        scaled=(
            ("azure-native:containerservice:ManagedCluster", "aks-dev", {"agentPoolProfiles__0__count": 3}),
            ("azure-native:containerservice:AgentPool", "aks-dev-spot", {"count": 3}),
        ),
        tagged=("azure-native:network:VirtualNetwork", "aks-dev"),
        lost=("azure-native:containerservice:MaintenanceConfiguration", "aks-dev-aksManagedNodeOSUpgradeSchedule"),
        fixed=("network.pods", "10.64.0.0/16"),
        machine="Standard_D4pds_v5",
        administrator={"id": "7b4a6f2e-9999-4c2d-9a55-0123456789ab"},
        windows={"nodePools.2": {"machineType": "Standard_D4ds_v5", **WINDOWS}, "network.dataplane": "azure"},
        faults=(
            late("azure-native:authorization:RoleAssignment", "*-network"),
            late("azure-native:authorization:RoleAssignment", "*-key"),
            late("azure-native:authorization:RoleAssignment", "*-admin-*"),
            in_turn("azure-native:network:*"),
            lingers("azure-native:containerservice:ManagedCluster", seconds=15),
        ),
    ),
}
MADE_WITH = {"version": "1.34", "deletionProtection": True, "nodeBudget": 20, "nodePools.1.nodes": {"min": 2, "max": 4}}
RUNNING = list(
    yaml.safe_load_all("""
apiVersion: apps/v1
kind: Deployment
metadata: {name: batch, namespace: default}
spec:
  replicas: 2
  selector: {matchLabels: {app: batch}}
  template:
    metadata: {labels: {app: batch}}
    spec:
      nodeSelector: {polykube.dev/node-pool: spot}
      tolerations: [{operator: Exists}]
      containers: [{name: batch, image: example.com/batch}]
---
apiVersion: policy/v1
kind: PodDisruptionBudget
metadata: {name: batch, namespace: default}
spec: {minAvailable: 1, selector: {matchLabels: {app: batch}}}
---
apiVersion: v1
kind: Service
metadata: {name: batch, namespace: default}
spec: {type: LoadBalancer, ports: [{port: 80}], selector: {app: batch}}
""")
)
DEPLOYMENT = "/apis/apps/v1/namespaces/default/deployments/batch"


@pytest.fixture(scope="module", params=CLOUDS)
def life(request: pytest.FixtureRequest) -> Iterator[Life]:
    """A stack that is up, one minor behind and protected; every pool has nodes, one of them Windows.

    Rights and APIs count late at first, an API limits its calls, and what is deleted lingers.
    """
    with begin(request.param) as life:
        life.suffer(*CLOUDS[request.param].faults)
        life.rehearsal.project.take(life.write({**MADE_WITH, **CLOUDS[request.param].windows}))
        life.step("up")
        yield life


@pytest.fixture
def cloud(life: Life) -> Cloud:
    return CLOUDS[life.stack]


@pytest.fixture
def spec(life: Life) -> ManagedSpec:
    """The cluster as the stack file says it."""
    found = life.rehearsal.project.project.spec.cluster
    assert isinstance(found, ManagedSpec)
    return found


def test_nodes_are_as_their_pools_say_and_the_platform_is_on_top(life: Life, cloud: Cloud, spec: ManagedSpec) -> None:
    with life.api() as api:
        nodes = api.list("/api/v1/nodes")
        quota = api.get("/api/v1/namespaces/shop/resourcequotas/quota")["status"]["hard"]
        classes = {each["metadata"]["name"]: each for each in api.list("/apis/storage.k8s.io/v1/storageclasses")}
    assert all(is_ready(node) for node in nodes)
    for pool in spec.pools:
        own = [node for node in nodes if node["metadata"]["labels"].get(NODE_POOL_LABEL) == pool.name]
        labels, machine = [node["metadata"]["labels"] for node in own], spec.facts.machines[pool.machine_type]
        assert len(own) >= pool.nodes.min
        assert all(pool.node_labels.items() <= each.items() for each in labels)
        assert all(each[cloud.pool_label].startswith(pool.name) for each in labels)
        assert {each["node.kubernetes.io/instance-type"] for each in labels} == {pool.machine_type}
        assert {each["kubernetes.io/arch"] for each in labels} == {machine.architecture}
        zones = {each["topology.kubernetes.io/zone"].removeprefix(f"{spec.region}-") for each in labels}
        assert len(zones) == min(len(own), 3)
        assert zones <= {zone.removeprefix(f"{spec.region}-") for zone in spec.own_zones()}
        declared = {(taint.key, taint.value, taint.effect) for taint in pool.all_taints}
        taints = [{tuple(taint.values()) for taint in ordered(node["spec"].get("taints", ()))} for node in own]
        assert taints == [declared] * len(own)
        assert {each["kubernetes.io/os"] for each in labels} == {"windows" if pool.is_windows else "linux"}
        capacity = {tuple(parse(node["status"]["capacity"][each]) for each in ("cpu", "memory")) for node in own}
        assert capacity == {(parse(str(machine.cpus)), parse(f"{machine.memory:g}Gi"))}
        assert {node["status"]["nodeInfo"]["kubeletVersion"][:5] for node in own} == {"v1.34"}
    assert quota.items() >= {"pods": "20", "requests.cpu": "4", "limits.memory": "16Gi"}.items()
    defaults = [name for name, each in classes.items() if is_default(each)]
    assert defaults == [each.name for each in life.rehearsal.project.project.spec.platform.storage_classes]
    assert classes[defaults[0]]["provisioner"] in ("ebs.csi.aws.com", "pd.csi.storage.gke.io", "disk.csi.azure.com")


def is_default(storage_class: dict[str, Any]) -> bool:
    return bool(storage_class["metadata"].get("annotations", {}).get(DEFAULT_CLASS_ANNOTATION) == "true")


def ordered(taints: Sequence[dict[str, str]]) -> list[dict[str, str]]:
    return [{key: taint.get(key, "") for key in ("key", "value", "effect")} for taint in taints]


def test_the_state_holds_no_secret_in_plain_text(life: Life) -> None:
    state, site = life.state(), life.rehearsal.project.site.directory
    token = json.loads((site / CREDENTIAL).read_text())["status"]["token"]
    keys = [file.read_text().splitlines()[1] for file in ControlPlane(life.stack).kubeconfig.parent.rglob("*.key")]
    canaries = [token, *keys, "client.authentication.k8s.io"]  # of the kubeconfig, which is a secret as a whole
    canaries += [CANARY, base64.b64encode(CANARY.encode()).decode()]
    assert len(keys) > 5
    assert (site / CREDENTIAL).stat().st_mode & 0o077 == 0
    assert [canary for canary in canaries if canary in state] == []
    with life.api() as api:
        arrived = api.get("/api/v1/namespaces/shop/secrets/canary")["data"]["word"]
    assert base64.b64decode(arrived).decode() == CANARY


def test_a_scaler_a_passer_by_and_a_rotation_are_borne(life: Life, cloud: Cloud) -> None:
    with life.api() as api:
        before = {each["metadata"]["uid"] for each in api.list("/api/v1/resourcequotas")}
    for type_, name, edit in cloud.scaled:
        life.edit(life.one(type_, name), **edit)
    tagged, lost = life.one(*cloud.tagged), life.one(*cloud.lost)
    tags = "tags" if "tags" in tagged.inputs else "labels"
    life.edit(tagged, **{tags: {"whose": "somebody's"}})
    life.store.drop(lost)
    rotate(life, life.one(cloud.cluster, life.stack))
    assert life.step("refresh")["delete"] == 1
    changes = life.step("up")
    assert (changes["create"], changes["replace"], changes["delete"]) == (1, 0, 0)
    assert life.one(*cloud.tagged).inputs[tags] == tagged.inputs[tags]
    assert life.one(*cloud.lost).inputs == lost.inputs
    for type_, name, edit in cloud.scaled:
        assert value_of(life.one(type_, name), edit) == next(iter(edit.values()))
    assert "https://localhost" in life.engine_says("stack", "output", "kubeconfig", "--show-secrets")
    with life.api() as api:
        assert {each["metadata"]["uid"] for each in api.list("/api/v1/resourcequotas")} == before


def rotate(life: Life, cluster: Resource) -> None:
    """Another address for the API server, and a second authority beside the first, as in a rotation."""
    file = ControlPlane(life.stack).kubeconfig
    config = yaml.safe_load(file.read_text())
    access = config["clusters"][0]["cluster"]
    server = access["server"].replace("127.0.0.1", "localhost")
    (first,) = x509.load_pem_x509_certificates(base64.b64decode(access["certificate-authority-data"]))
    assert first
    pki = file.parent / "pki"
    authorities = base64.b64encode((pki / "ca.crt").read_bytes() + (pki / "etcd-ca.crt").read_bytes()).decode()
    if life.stack == "eks-dev":
        life.edit(cluster, endpoint=server, certificateAuthority__data=authorities)
    elif life.stack == "gke-dev":
        host = server.removeprefix("https://")
        life.edit(cluster, endpoint=host, masterAuth__clusterCaCertificate=authorities)
    else:  # which Azure is asked for each time
        access |= {"server": server, "certificate-authority-data": authorities}
        file.write_text(yaml.safe_dump(config))


def value_of(resource: Resource, edit: dict[str, Any]) -> Any:
    value: Any = resource.outputs
    for part in next(iter(edit)).split("__"):
        value = value[int(part) if part.isdigit() else part]
    return value


def test_what_cannot_be_is_refused_before_anything_happens(life: Life, cloud: Cloud) -> None:
    before = life.events()
    two_minors = life.refused("upgrade=1.36")
    key, value = cloud.fixed
    anew = life.refused(f"change={life.write({**MADE_WITH, **cloud.windows, key: value})}")
    assert isinstance(two_minors, EngineError)
    assert [(problem.code, problem.where) for error in (two_minors, anew) for problem in error.problems] == [
        ("PK405", "polykube:cluster.version"),
        ("PK407", f"polykube:cluster.{key}"),
    ]
    if life.stack == "eks-dev":  # the same program for all, which says so to whoever runs the engine by itself
        said = life.engine_says("preview", "--non-interactive")
        assert "PK407" in said, said
        assert f"polykube:cluster.{key}" in said, said
    assert life.events() == before


def test_a_change_replaces_a_pool_by_a_new_one_and_nothing_else(life: Life, cloud: Cloud) -> None:
    with life.api() as api:
        api.apply(*RUNNING)
        api.until(DEPLOYMENT, lambda found: found.get("status", {}).get("readyReplicas") == 2)
    began, ready = len(life.events()), names_of_nodes(life)
    harmless = {"tags": {"team": "another"}, "administrators.1": cloud.administrator, "nodePools.0.nodes.max": 7}
    harmless |= {"deletionProtection": False, "version": "1.35"}
    ingress = {"ingress": CLOUDS_GATEWAY} if life.stack == "gke-dev" else {}
    file = life.write({**MADE_WITH, **cloud.windows, **harmless, "nodePools.1.machineType": cloud.machine}, ingress)
    changes = life.step(f"change={file}")
    assert (changes["replace"], changes["delete"]) == (1, 0)
    events = life.events(after=began)
    (pool,) = (event for event in events if event.operation == "create" and event.type == cloud.pool)
    assert pool.name == f"{life.stack}-spot"
    assert [event.type for event in events if event.operation == "delete"] == [cloud.pool]
    new = [event.id for event in events if event.operation == "ready"]
    control_plane = [(event.operation, event.type) for event in events].index(("update", cloud.cluster))
    assert control_plane < min(events.index(LoggedOperation("ready", "node", name, name)) for name in new)
    assert fewest_ready(events, {name for name in ready if "spot" in name}) >= 2
    with life.api() as api:
        nodes = {node["metadata"]["name"]: node for node in api.list("/api/v1/nodes")}
        pods = api.list("/api/v1/namespaces/default/pods?labelSelector=app=batch")
        assert api.get(DEPLOYMENT)["status"]["readyReplicas"] == 2
        classes = {each["metadata"]["name"] for each in api.list(f"{GATEWAYS}/gatewayclasses")} if ingress else set()
        taken = {each["spec"]["gatewayClassName"] for each in api.list(f"{GATEWAYS}/gateways")} if ingress else set()
    assert taken == ({"gke-l7-global-external-managed"} if ingress else set())
    assert taken <= classes, "Google brings its classes, and the definitions of the Gateway API"
    assert {pod["spec"]["nodeName"] for pod in pods} <= {name for name in nodes if "spot" in name} & set(new)
    kept = {"v1.34", "v1.35"} if life.stack == "gke-dev" else {"v1.35"}  # Google upgrades pools when the window comes
    assert {node["status"]["nodeInfo"]["kubeletVersion"][:5] for node in nodes.values()} == kept
    assert [problem.code for problem in life.refused("upgrade=1.34").problems] == ["PK405"]
    life.rehearsal.project.take(file)


def names_of_nodes(life: Life) -> set[str]:
    with life.api() as api:
        return {node["metadata"]["name"] for node in api.list("/api/v1/nodes")}


def fewest_ready(events: Sequence[LoggedOperation], ready: set[str]) -> int:
    """How many nodes with names like those in `ready` there were at the worst moment."""
    counts = [len(ready)]
    for event in events:
        if "spot" in event.id and event.operation in ("ready", "gone"):
            counts.append(counts[-1] + (1 if event.operation == "ready" else -1))
    return min(counts)


def test_what_a_controller_left_is_reported_and_the_rest_goes(life: Life, cloud: Cloud) -> None:
    if cloud.left:  # it is in the network, which therefore cannot go
        assert "delete what is named here" in str(life.refused("destroy"))
        (orphan,) = life.report.orphans
        assert (orphan["type"], orphan["name"]) == (cloud.left, "default-batch")
        assert life.stack in json.dumps(orphan["tags"])
        assert not life.report.ok
        life.store.drop(life.one(cloud.left, "default-batch"))
    else:  # azure-native does not wait until what AKS has made in the network has gone
        assert "delete what is named here" in str(life.refused("destroy"))
    eventually(lambda: not life.store.marked(LINGERING), what="what lingers to go")
    life.step("destroy")
    assert life.report.orphans == []
    assert life.store.all() == []
