"""filebeat, Elasticsearch and Kibana: every container's log lines, searchable.

Left out: the nodes' own logs and Kubernetes' audit log. Upstream: elastic.co/docs, 9.5, as of November 2026.
"""

from collections.abc import Iterator
from typing import Annotated, ClassVar, Final

from pydantic import Field

from components.addons.base import AddOnBase, AddOnSpec, Site
from components.addons.exempt import api_server_address, reads_the_node
from components.contract import Capability, Namespace, PodSecurity
from components.naming import selector
from components.platform import flows
from components.platform.flows import Flow
from spec.text import DnsName
from spec.values import Bytes

NAMESPACE: Final = "logging"
AGENTS: Final = "logging-agents"
_MEMBERS: Final = 3  # the fewest of which one may be lost


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


class Logging(AddOnBase):
    """filebeat on every node, Elasticsearch with TLS and roles, Kibana."""

    name = "logging"
    version = "9.5.3"
    spec_type = LoggingSpec
    requires = frozenset({Capability.BLOCK_STORAGE})
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
    def flows(cls, spec: AddOnSpec) -> Iterator[Flow]:
        del spec
        agents = flows.Pods(AGENTS, selector("filebeat"))
        yield flows.to_api_server(agents, "filebeat")
        yield Flow("filebeat.lines", agents, cls.ELASTICSEARCH, (9200,))
        yield Flow("elasticsearch.members", cls.ELASTICSEARCH, cls.ELASTICSEARCH, (9300,))
        for name in ("kibana", "elasticsearch-setup"):
            yield Flow(f"{name}.queries", flows.Pods(NAMESPACE, selector(name)), cls.ELASTICSEARCH, (9200,))

    def build(self, spec: AddOnSpec, site: Site) -> None:
        from components.addons.logging.parts import make_parts

        assert isinstance(spec, LoggingSpec)
        members = _MEMBERS if site.redundant else 1
        make_parts(spec, members, self.places[NAMESPACE], self.places[AGENTS])
