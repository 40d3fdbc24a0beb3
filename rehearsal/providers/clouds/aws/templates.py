"""Launch templates: every change of what they say is another version, and node groups are told which one they have."""

from collections.abc import Collection, Mapping
from typing import Final

from common.wire import Properties
from rehearsal.providers.clouds.behaviour import Behaviour
from rehearsal.providers.clouds.faults import Fault
from rehearsal.providers.clouds.rules import value_at
from rehearsal.providers.clouds.store import Resource, Store

TEMPLATE: Final = "aws:ec2/launchTemplate:LaunchTemplate"
_VERSIONS: Final = ("latestVersion", "defaultVersion")
# terraform-provider-aws, ec2/ec2_launch_template.go, 2026: what makes no version of its own
_WITHOUT_VERSION: Final = {"tags", "tagsAll", "name", "namePrefix", "defaultVersion", "updateDefaultVersion", "region"}
_NEWEST: Final = {"$Latest": "latestVersion", "$Default": "defaultVersion"}


class LaunchTemplate(Behaviour):
    """`ec2.LaunchTemplate` (terraform-aws-modules/terraform-aws-eks #1109, #2514, #1793)."""

    def renewed(self, old: Properties, new: Properties) -> Collection[str]:
        if _said(old) == _said(new):
            return ()
        return _VERSIONS if new.get("updateDefaultVersion") else _VERSIONS[:1]

    def updated(self, old: Resource, new: Resource, store: Store, fault: Fault | None) -> Properties:
        renewed = self.renewed(dict(old.inputs), dict(new.inputs))
        version = int(old.outputs.get("latestVersion", 1)) + 1
        return dict.fromkeys(renewed, version)


def told(group: Resource, store: Store) -> Properties:
    """What EKS says of a node group's template: the version by its number, also where it was told to take the newest
    (terraform-aws-modules/terraform-aws-eks #1446)."""
    given = str(value_at(group.inputs, "launchTemplate.version"))
    template = store.get(TEMPLATE, str(value_at(group.inputs, "launchTemplate.id")))
    if template is None or given not in _NEWEST:
        return {}
    return {"launchTemplate.version": str(template.outputs[_NEWEST[given]])}


def _said(inputs: Mapping[str, object]) -> dict[str, object]:
    return {name: value for name, value in inputs.items() if name not in _WITHOUT_VERSION}


BEHAVIOURS: Final[Mapping[str, Behaviour]] = {TEMPLATE: LaunchTemplate()}
