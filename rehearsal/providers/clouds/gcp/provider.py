"""The provider `gcp`."""

from collections.abc import Iterable, Mapping
from importlib import metadata
from pathlib import Path
from typing import Any

from common.wire import Properties
from rehearsal.providers.base import Failure
from rehearsal.providers.clouds.bridged import Bridged
from rehearsal.providers.clouds.gcp.gke import BEHAVIOURS
from rehearsal.providers.clouds.provider import CloudStandIn


class GcpStandIn(CloudStandIn):
    """Plays pulumi-gcp and, behind it, Google Cloud."""

    name = "gcp"
    version = metadata.version("pulumi-gcp")
    directory = Path(__file__).parent
    behaviours = BEHAVIOURS
    kind = Bridged()

    def check_config(self, old: Properties, new: Properties) -> Iterable[Failure]:
        yield from super().check_config(old, new)
        if not new.get("project"):
            yield Failure("project", "is required: no project was configured (gcp:project, or project of the provider)")

    def surroundings(self, inputs: Properties) -> Mapping[str, Any]:
        project = inputs.get("project") or self.config.get("project")
        region = inputs.get("location") or inputs.get("region") or self.config.get("region")
        cluster = str(inputs.get("cluster", ""))
        if "/" not in cluster:
            cluster = f"projects/{project}/locations/{region}/clusters/{cluster}"
        return {"_project": project, "_region": region, "_zone": self.config.get("zone"), "_cluster": cluster}

    def finished(self, type_: str, outputs: Properties) -> Properties:
        if not isinstance(outputs.get("labels"), Mapping):
            return outputs
        labels = {**(self.config.get("defaultLabels") or {}), **outputs["labels"]}
        return {**outputs, "pulumiLabels": labels, "effectiveLabels": {**labels, "goog-pulumi-provisioned": "true"}}
