"""The provider `aws`."""

from collections.abc import Iterable, Mapping
from dataclasses import replace
from importlib import metadata
from pathlib import Path
from types import MappingProxyType
from typing import Any

from common.wire import Properties, plain
from rehearsal.providers.base import Failure, Request, ResourceState
from rehearsal.providers.clouds.aws import eks, machines
from rehearsal.providers.clouds.aws.functions import invoke
from rehearsal.providers.clouds.aws.limits import check_tags
from rehearsal.providers.clouds.behaviour import Refused
from rehearsal.providers.clouds.bridged import Bridged
from rehearsal.providers.clouds.provider import CloudStandIn
from rehearsal.providers.clouds.store import Resource

_ACCOUNT = "123456789012"  # the account of AWS's own examples


class AwsStandIn(CloudStandIn):
    """Plays pulumi-aws and, behind it, AWS."""

    name = "aws"
    version = metadata.version("pulumi-aws")
    directory = Path(__file__).parent
    behaviours = MappingProxyType({**eks.BEHAVIOURS, **machines.BEHAVIOURS})
    kind = Bridged()

    def check_config(self, old: Properties, new: Properties) -> Iterable[Failure]:
        yield from super().check_config(old, new)
        if not new.get("region"):
            yield Failure("region", "is required: no region was configured (aws:region, or region of the provider)")

    def invoke(self, token: str, arguments: Properties) -> Properties:
        return invoke(token, arguments, self.store)

    def create(self, request: Request) -> ResourceState:
        self._check_tags("creating", request)
        return super().create(request)

    def update(self, request: Request) -> ResourceState:
        """The provider sends what differs from what it knew; the rest stays as it is, whoever changed it."""
        self._check_tags("updating", request)
        live = self.store.get(request.type, request.id)
        if request.preview or live is None:
            return super().update(request)
        kept = {
            name: live.inputs[name]
            for name, value in request.inputs.items()
            if name in live.inputs and plain(value) == value == request.old_inputs.get(name)
        }
        return super().update(replace(request, inputs={**request.inputs, **kept}))

    def _check_tags(self, doing: str, request: Request) -> None:
        if request.preview or "tagsAll" not in self.schema.properties(request.type):
            return
        try:
            check_tags(plain(request.inputs).get("tags") or {})
        except Refused as refused:
            subject = Resource(request.type, request.id or request.name, request.name, {})
            raise self._error(doing, subject, refused.kind, **refused.words) from None

    def surroundings(self, inputs: Properties) -> Mapping[str, Any]:
        host = str(inputs.get("url", "")).removeprefix("https://")
        return {"_account": _ACCOUNT, "_region": self.config.get("region"), "_host": host}

    def finished(self, type_: str, outputs: Properties) -> Properties:
        tags = outputs.get("tags", {})
        if "tagsAll" not in self.schema.properties(type_) or not isinstance(tags, Mapping):
            return outputs
        return {**outputs, "tagsAll": {**(self.config.get("defaultTags") or {}).get("tags", {}), **tags}}
