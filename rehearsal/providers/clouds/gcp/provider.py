"""The provider `gcp`."""

from collections.abc import Iterable, Mapping
from importlib import metadata
from pathlib import Path
from typing import Any

from common.wire import Properties, plain
from rehearsal.providers.base import Failure, Request, ResourceState
from rehearsal.providers.clouds.behaviour import Refused
from rehearsal.providers.clouds.bridged import Bridged
from rehearsal.providers.clouds.gcp.gke import BEHAVIOURS
from rehearsal.providers.clouds.gcp.project import check_api
from rehearsal.providers.clouds.provider import CloudStandIn
from rehearsal.providers.clouds.store import Resource


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

    def create(self, request: Request) -> ResourceState:
        if not request.preview:
            self._check_api("creating", request)
        return super().create(request)

    def update(self, request: Request) -> ResourceState:
        if not request.preview:
            self._check_api("updating", request)
        return super().update(request)

    def delete(self, request: Request) -> None:
        self._check_api("deleting", request)
        super().delete(request)

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

    def _check_api(self, doing: str, request: Request) -> None:
        inputs = plain(request.inputs)
        home = str(self.surroundings(inputs)["_project"])
        try:
            check_api(request.type, home, inputs.get("service"), self.store)
        except Refused as refused:
            subject = Resource(request.type, request.id or request.name, request.name, inputs)
            raise self._error(doing, subject, refused.kind, **refused.words) from None
