"""The fields of Kubernetes' objects that health is read from (Kubernetes 1.36); what else they have is not decoded."""

from datetime import datetime

import msgspec


class _Object(msgspec.Struct, rename="camel", frozen=True):
    """A part of an object; fields that are not there have their defaults."""


class Owner(_Object, frozen=True):
    kind: str
    name: str
    controller: bool = False


class Metadata(_Object, frozen=True):
    name: str = ""
    namespace: str = ""
    creation_timestamp: datetime | None = None
    deletion_timestamp: datetime | None = None
    labels: dict[str, str] = {}
    annotations: dict[str, str] = {}
    owner_references: list[Owner] = []


class Condition(_Object, frozen=True):
    type: str
    status: str
    reason: str = ""
    message: str = ""


class Named(_Object, frozen=True):
    """An object of which only the metadata is read."""

    metadata: Metadata


class NodeInfo(_Object, frozen=True):
    kubelet_version: str = ""


class NodeStatus(_Object, frozen=True):
    conditions: list[Condition] = []
    node_info: NodeInfo = NodeInfo()


class NodeSpec(_Object, frozen=True):
    unschedulable: bool = False


class NodeObject(_Object, frozen=True):
    metadata: Metadata
    spec: NodeSpec = NodeSpec()
    status: NodeStatus = NodeStatus()


class ContainerEnd(_Object, frozen=True):
    reason: str = ""
    message: str = ""
    exit_code: int = 0


class ContainerState(_Object, frozen=True):
    waiting: ContainerEnd | None = None
    terminated: ContainerEnd | None = None


class ContainerStatus(_Object, frozen=True):
    name: str
    ready: bool = False
    restart_count: int = 0
    state: ContainerState = ContainerState()
    last_state: ContainerState = ContainerState()


class PodStatus(_Object, frozen=True):
    phase: str = ""
    reason: str = ""
    message: str = ""
    conditions: list[Condition] = []
    init_container_statuses: list[ContainerStatus] = []
    container_statuses: list[ContainerStatus] = []


class PodObject(_Object, frozen=True):
    metadata: Metadata
    status: PodStatus = PodStatus()


class Row(_Object, frozen=True):
    """A row of a table: cells as `kubectl get` prints them."""

    cells: list[object]
    object: Named


class WorkloadSpec(_Object, frozen=True):
    replicas: int = 1


class WorkloadStatus(_Object, frozen=True):
    available_replicas: int = 0
    number_available: int = 0
    desired_number_scheduled: int = 0
    conditions: list[Condition] = []


class Workload(_Object, frozen=True):
    """A Deployment, DaemonSet or StatefulSet."""

    metadata: Metadata
    spec: WorkloadSpec = WorkloadSpec()
    status: WorkloadStatus = WorkloadStatus()


class ObjectReference(_Object, frozen=True):
    kind: str = ""
    name: str = ""
    namespace: str = ""


class EventObject(_Object, frozen=True):
    metadata: Metadata
    involved_object: ObjectReference
    type: str = ""
    reason: str = ""
    message: str = ""
    last_timestamp: datetime | None = None
    event_time: datetime | None = None


class ClaimSpec(_Object, frozen=True):
    storage_class_name: str | None = None
    volume_name: str = ""


class ClaimStatus(_Object, frozen=True):
    phase: str = ""


class ClaimObject(_Object, frozen=True):
    """A PersistentVolumeClaim."""

    metadata: Metadata
    spec: ClaimSpec = ClaimSpec()
    status: ClaimStatus = ClaimStatus()


class StorageClass(_Object, frozen=True):
    metadata: Metadata
    provisioner: str = ""
    volume_binding_mode: str = "Immediate"


class QuotaStatus(_Object, frozen=True):
    hard: dict[str, str] = {}
    used: dict[str, str] = {}


class QuotaObject(_Object, frozen=True):
    metadata: Metadata
    status: QuotaStatus = QuotaStatus()


class ServiceReference(_Object, frozen=True):
    namespace: str
    name: str
    port: int = 443


class ClientConfig(_Object, frozen=True):
    service: ServiceReference | None = None
    ca_bundle: str = ""


class WebhookObject(_Object, frozen=True):
    name: str
    client_config: ClientConfig
    failure_policy: str = "Fail"


class WebhookConfiguration(_Object, frozen=True):
    metadata: Metadata
    webhooks: list[WebhookObject] = []


class EndpointConditions(_Object, frozen=True):
    ready: bool | None = None


class SliceEndpoint(_Object, frozen=True):
    conditions: EndpointConditions = EndpointConditions()


class EndpointSlice(_Object, frozen=True):
    metadata: Metadata
    endpoints: list[SliceEndpoint] | None = []


class ApiServiceSpec(_Object, frozen=True):
    service: ServiceReference | None = None


class ConditionedStatus(_Object, frozen=True):
    conditions: list[Condition] = []


class ApiService(_Object, frozen=True):
    metadata: Metadata
    spec: ApiServiceSpec = ApiServiceSpec()
    status: ConditionedStatus = ConditionedStatus()


class CertificateStatus(_Object, frozen=True):
    not_after: datetime | None = None
    renewal_time: datetime | None = None
    conditions: list[Condition] = []


class CertificateObject(_Object, frozen=True):
    """One of cert-manager's (cert-manager.io/v1)."""

    metadata: Metadata
    status: CertificateStatus = CertificateStatus()


class BackupStatus(_Object, frozen=True):
    phase: str = ""
    start_timestamp: datetime | None = None


class BackupObject(_Object, frozen=True):
    """One of Velero's (velero.io/v1); of schedules and locations the same fields are read."""

    metadata: Metadata
    status: BackupStatus = BackupStatus()


class VersionInfo(_Object, frozen=True):
    git_version: str
