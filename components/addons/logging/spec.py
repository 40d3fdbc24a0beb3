"""What a stack file may say of logs, and what others know of their store."""

from collections.abc import Iterator, Mapping
from typing import Annotated, Final
from urllib.parse import urlsplit

from pydantic import Field

from components.addons.spec import AddOnSpec
from components.kubernetes_versions import KubernetesVersions
from components.naming import selector
from components.platform.flows import Pods
from spec.model import StackModel
from spec.problems import Code, Finding
from spec.text import DnsName, HttpsAddress
from spec.values import Bytes, SecretText

VERSION: Final = "9.5.3"
KUBERNETES: Final = KubernetesVersions(
    oldest=None,
    newest=None,
    tested=36,
    source="elastic/beats, docs/reference/filebeat/running-on-kubernetes.md names none for 9.5; CI as of pull request "
    "51888 of 2026-07-23. Elasticsearch and Kibana do not ask the API server",
)
NAMESPACE: Final = "logging"
AGENTS: Final = "logging-agents"
HTTPS: Final = 443
PORT: Final = 9200
ELASTICSEARCH: Final = Pods(NAMESPACE, selector("elasticsearch"))


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
        return urlsplit(self.url).port or HTTPS


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
