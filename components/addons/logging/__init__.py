"""filebeat, Elasticsearch and Kibana: every container's log lines, searchable; or filebeat and a store elsewhere.

Left out: the nodes' own logs and Kubernetes' audit log. Upstream: elastic.co/docs, 9.5, as of November 2026.
"""

from collections.abc import Collection, Iterator, Mapping
from typing import TYPE_CHECKING, Annotated, Any, ClassVar, Final
from urllib.parse import urlsplit

from pydantic import Field

from components.addons.base import AddOnBase, AddOnSpec, Site, credential_flows
from components.addons.exempt import api_server_address, reads_the_node
from components.contract import Capability, Cluster, Namespace, PodSecurity
from components.naming import selector
from components.platform import flows
from components.platform.flows import Flow
from components.platform.place import Place
from spec.model import StackModel
from spec.problems import Code, Finding
from spec.text import DnsName, HttpsAddress
from spec.values import Bytes, SecretText

if TYPE_CHECKING:
    from components.addons.logging.store import Store

NAMESPACE: Final = "logging"
AGENTS: Final = "logging-agents"
_HTTPS: Final = 443


class ExternalSpec(StackModel):
    """An Elasticsearch that runs elsewhere, and a user of it.

    The user may write to the data streams `logs-filebeat-*`, and manage index templates and lifecycles.
    """

    url: HttpsAddress = Field(description="Where it answers, with TLS: https://logs.example.com:9243.")
    user: str = Field(description="The user.")
    password: SecretText = Field(description="Its password, encrypted.")
    authority: str | None = Field(
        default=None,
        description="The certificate of the authority that vouches for it, as PEM. The default is those of the image.",
    )

    @property
    def port(self) -> int:
        """Where it listens."""
        return urlsplit(self.url).port or _HTTPS

    def store(self, place: Place) -> "Store":
        """It, as its users in `place` see it."""
        from components.addons.logging.store import elsewhere

        return elsewhere(self, place)


class SnapshotsSpec(StackModel):
    """Daily snapshots of all that Elasticsearch has, in a bucket of the cluster's cloud that is made for them."""

    retention_days: Annotated[int, Field(ge=1, le=3650)] = Field(
        default=30, description="Days that snapshots are kept: a line can be had back for so long after it was deleted."
    )


class LoggingSpec(AddOnSpec):
    """Log lines of every container."""

    retention_days: Annotated[int, Field(ge=1, le=400)] = Field(
        default=7, description="Days that lines are kept. 7, because logs cost more than what they tell after a week."
    )
    storage: Bytes = Field(
        default="30Gi", validate_default=True, description="The volume of each member of Elasticsearch."
    )
    storage_class: DnsName | None = Field(
        default=None, description="Of the volumes. The default is the cluster's default class."
    )
    snapshots: SnapshotsSpec | None = Field(
        default=None,
        description="Whether Elasticsearch is copied to the cluster's object store. The default is not to.",
    )
    external: ExternalSpec | None = Field(
        default=None, description="An Elasticsearch that there is already. Neither one nor Kibana is then installed."
    )

    def findings(self) -> Iterator[Finding]:
        own = (
            ("storage", "storage", "a volume"),
            ("storage_class", "storageClass", "a volume"),
            ("snapshots", "snapshots", "snapshots"),
        )
        for name, key, what in own:
            if self.external is not None and name in self.model_fields_set:
                remedy = f"Remove {key}, or external."
                yield Finding(Code.NOT_ALLOWED, what, "none, where the store is external", remedy, at=(key,))

    def storage_classes(self) -> Mapping[str, str | None]:
        return {"storageClass": self.storage_class} if self.external is None else {}


class Logging(AddOnBase):
    """filebeat on every node, Elasticsearch with TLS and roles, Kibana."""

    name = "logging"
    version = "9.5.3"
    spec_type = LoggingSpec
    requires = frozenset({Capability.NODE_DIRECTORIES})
    namespaces = (
        Namespace(
            NAMESPACE,
            PodSecurity.RESTRICTED,
            {
                "pods": "20",
                "requests.cpu": "32",
                "requests.memory": "128Gi",
                "limits.cpu": "128",
                "limits.memory": "128Gi",
                "persistentvolumeclaims": "10",
            },
        ),
        Namespace(
            AGENTS,
            PodSecurity.PRIVILEGED,
            {  # one agent for each of 5,000 nodes, which is what Kubernetes is made for
                "pods": "5k",
                "requests.cpu": "500",
                "requests.memory": "2Ti",
                "limits.cpu": "2k",
                "limits.memory": "2Ti",
            },
        ),
    )
    exemptions = (api_server_address("filebeat's lists of pods"), *reads_the_node("filebeat"))

    ELASTICSEARCH: ClassVar = flows.Pods(NAMESPACE, selector("elasticsearch"))

    @classmethod
    def required(cls, spec: AddOnSpec) -> Collection[Capability]:
        assert isinstance(spec, LoggingSpec)
        if spec.external:
            return cls.requires
        own = cls.requires | {Capability.BLOCK_STORAGE}
        return own | {Capability.OBJECT_STORE} if spec.snapshots else own

    @classmethod
    def flows(cls, spec: AddOnSpec) -> Iterator[Flow]:
        assert isinstance(spec, LoggingSpec)
        agents, setup = flows.Pods(AGENTS, selector("filebeat")), flows.Pods(NAMESPACE, selector("elasticsearch-setup"))
        yield flows.to_api_server(agents, "filebeat")
        if spec.external:
            yield Flow("filebeat.lines", agents, flows.ANY_ADDRESS, (spec.external.port,))
            yield Flow("elasticsearch-setup.queries", setup, flows.ANY_ADDRESS, (spec.external.port,))
            return
        yield Flow("filebeat.lines", agents, cls.ELASTICSEARCH, (9200,))
        yield Flow("elasticsearch-setup.queries", setup, cls.ELASTICSEARCH, (9200,))
        yield Flow("elasticsearch.members", cls.ELASTICSEARCH, cls.ELASTICSEARCH, (9300,))
        yield Flow("kibana.queries", flows.Pods(NAMESPACE, selector("kibana")), cls.ELASTICSEARCH, (9200,))
        if spec.snapshots:  # to the store, and to who says who the members are
            yield Flow("elasticsearch.snapshots", cls.ELASTICSEARCH, flows.ANY_ADDRESS, (_HTTPS,))

    @classmethod
    def cluster_flows(cls, spec: AddOnSpec, cluster: Cluster) -> Iterator[Flow]:
        assert isinstance(spec, LoggingSpec)
        if spec.snapshots:
            yield from credential_flows("elasticsearch", cls.ELASTICSEARCH, cluster)

    def build(self, spec: AddOnSpec, site: Site) -> None:
        from components.addons.logging.parts import make_parts

        assert isinstance(spec, LoggingSpec)
        self._store: Store = make_parts(spec, site, self.places[NAMESPACE], self.places[AGENTS])

    def add_user(self, name: str, role: Mapping[str, Any]) -> "Store":
        """Let another add-on keep things in the store in this cluster, as a user `name` who may do what `role` says.

        The flow from `{name}-setup` to the store is the other add-on's to declare.
        """
        from components.addons.logging.parts import make_user

        return make_user(name, role, self._store, self.places[NAMESPACE])
