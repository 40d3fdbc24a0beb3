"""filebeat, Elasticsearch and Kibana: every container's log lines, searchable; or filebeat and a store elsewhere.

Left out: the nodes' own logs and Kubernetes' audit log. Upstream: elastic.co/docs, 9.5, as of November 2026.
"""

from collections.abc import Collection, Iterator, Mapping

from components.addons.addon import AddOn, Created, InstallContext, Purpose
from components.addons.exempt import api_server_address, reads_the_node
from components.addons.health import Check, daemon_sets, deployments, stateful_sets
from components.addons.logging.spec import (
    AGENTS,
    ELASTICSEARCH,
    HTTPS,
    KUBERNETES,
    NAMESPACE,
    PORT,
    VERSION,
    LoggingSpec,
)
from components.contract import BuiltIn, Capability, Cluster, Namespace, PodSecurity
from components.naming import selector
from components.platform.flows import ANY_ADDRESS, Flow, Pods, to_api_server, to_credentials
from components.platform.place import Place


class Logging(AddOn[LoggingSpec]):
    """filebeat on every node, Elasticsearch with TLS and roles, Kibana."""

    name = "logging"
    version = VERSION
    kubernetes = KUBERNETES
    purpose = Purpose.OBSERVE
    spec_type = LoggingSpec
    required_capabilities = frozenset({Capability.NODE_DIRECTORIES})
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

    def capabilities(self) -> Collection[Capability]:
        if self.spec.external:
            return self.required_capabilities
        own = self.required_capabilities | {Capability.BLOCK_STORAGE}
        return own | {Capability.OBJECT_STORE} if self.spec.snapshots else own

    def health(self, built_in: Collection[BuiltIn]) -> Iterator[Check]:
        yield from daemon_sets(AGENTS, "filebeat")
        if not self.spec.external:
            yield from stateful_sets(NAMESPACE, "elasticsearch")
            yield from deployments(NAMESPACE, "kibana")

    def flows(self) -> Iterator[Flow]:
        agents, setup = Pods(AGENTS, selector("filebeat")), Pods(NAMESPACE, selector("elasticsearch-setup"))
        yield to_api_server(agents, "filebeat")
        if self.spec.external:
            yield Flow("filebeat.lines", agents, ANY_ADDRESS, (self.spec.external.port,))
            yield Flow("elasticsearch-setup.queries", setup, ANY_ADDRESS, (self.spec.external.port,))
            return
        yield Flow("filebeat.lines", agents, ELASTICSEARCH, (PORT,))
        yield Flow("elasticsearch-setup.queries", setup, ELASTICSEARCH, (PORT,))
        yield Flow("elasticsearch.members", ELASTICSEARCH, ELASTICSEARCH, (9300,))
        yield Flow("kibana.queries", Pods(NAMESPACE, selector("kibana")), ELASTICSEARCH, (PORT,))
        if self.spec.snapshots:  # to the store, and to who says who the members are
            yield Flow("elasticsearch.snapshots", ELASTICSEARCH, ANY_ADDRESS, (HTTPS,))

    def cluster_flows(self, cluster: Cluster) -> Iterator[Flow]:
        if self.spec.snapshots:
            yield from to_credentials(ELASTICSEARCH, "elasticsearch", cluster)

    def create_resources(self, context: InstallContext, places: Mapping[str, Place]) -> Created:
        from components.addons.logging.resources import create_resources

        return create_resources(self.spec, context, places[NAMESPACE], places[AGENTS])
