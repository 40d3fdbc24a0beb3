"""The provider `aws`."""

from collections.abc import Iterable, Mapping
from importlib import metadata
from pathlib import Path
from typing import Any

from common.wire import Properties
from rehearsal.providers.base import Failure
from rehearsal.providers.clouds.aws.eks import BEHAVIOURS
from rehearsal.providers.clouds.bridged import Bridged
from rehearsal.providers.clouds.provider import CloudStandIn

_ACCOUNT = "123456789012"  # the account of AWS's own examples


class AwsStandIn(CloudStandIn):
    """Plays pulumi-aws and, behind it, AWS."""

    name = "aws"
    version = metadata.version("pulumi-aws")
    directory = Path(__file__).parent
    behaviours = BEHAVIOURS
    kind = Bridged()

    def check_config(self, old: Properties, new: Properties) -> Iterable[Failure]:
        yield from super().check_config(old, new)
        if not new.get("region"):
            yield Failure("region", "is required: no region was configured (aws:region, or region of the provider)")

    def surroundings(self, inputs: Properties) -> Mapping[str, Any]:
        host = str(inputs.get("url", "")).removeprefix("https://")
        return {"_account": _ACCOUNT, "_region": self.config.get("region"), "_host": host}

    def finished(self, type_: str, outputs: Properties) -> Properties:
        tags = outputs.get("tags", {})
        if "tagsAll" not in self.schema.properties(type_) or not isinstance(tags, Mapping):
            return outputs
        return {**outputs, "tagsAll": {**(self.config.get("defaultTags") or {}).get("tags", {}), **tags}}
