"""What a stack file may say of pods that are moved, and what others know of descheduler."""

from collections.abc import Iterator
from typing import Annotated, Final

from pydantic import Field

from components.addons.bundles import read_bundles
from components.addons.spec import AddOnSpec
from components.kubernetes_versions import KubernetesVersions
from components.naming import selector
from components.platform.flows import Pods
from spec.problems import Code, Finding

VERSION: Final = read_bundles()["descheduler"].version
KUBERNETES: Final = KubernetesVersions(
    oldest=34,
    newest=36,
    tested=36,
    source="kubernetes-sigs/descheduler v0.36.0, README.md: made for 1.36, tested with the three latest",
)
NAMESPACE: Final = "descheduler"
HEALTH: Final = 10258
PODS: Final = Pods(NAMESPACE, selector("descheduler"))


class DeschedulerSpec(AddOnSpec):
    """Pods that are moved to where they should be now."""

    interval_minutes: Annotated[int, Field(ge=1, le=1440)] = Field(
        default=5, description="How often it looks. 5, as upstream has it."
    )
    idle_below_percent: Annotated[int, Field(ge=1, le=99)] = Field(
        default=20, description="The share of a node's CPU, memory and pods in requests below which it takes more."
    )
    busy_above_percent: Annotated[int, Field(ge=1, le=100)] = Field(
        default=50, description="The share above which pods are moved away, as long as other nodes take more."
    )

    def findings(self) -> Iterator[Finding]:
        if self.idle_below_percent >= self.busy_above_percent:
            allowed = f"less than busyAbovePercent, {self.busy_above_percent}"
            remedy = "Lower it, or raise busyAbovePercent: pods would be moved back and forth."
            yield Finding(Code.OUT_OF_ORDER, str(self.idle_below_percent), allowed, remedy, at=("idleBelowPercent",))
