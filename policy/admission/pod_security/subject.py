"""The pod that the checks look at."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from policy.model.unknown import off

Found = tuple[str, str]  # path below the pod spec, and what is wrong
Properties = Mapping[str, Any]


@dataclass(frozen=True)
class CheckedPod:
    """A pod spec with its annotations, and the minor version of Kubernetes whose checks are made."""

    spec: Properties
    annotations: Mapping[str, str]
    minor: int

    def containers(self) -> Iterator[tuple[str, Properties]]:
        """Path and content of every container."""
        for field in ("initContainers", "containers", "ephemeralContainers"):
            for index, container in enumerate(self.spec.get(field) or ()):
                yield f"{field}[{index}]", container

    def contexts(self, *, pod: bool = True) -> Iterator[tuple[str, Properties]]:
        """Path and content of the security contexts of the pod (unless left out) and of every container."""
        if pod:
            yield "securityContext", self.context
        for path, container in self.containers():
            yield f"{path}.securityContext", container.get("securityContext") or {}

    @property
    def context(self) -> Properties:
        """The pod's own security context."""
        context: Properties = self.spec.get("securityContext") or {}
        return context

    def volumes(self) -> Iterator[tuple[str, Properties]]:
        """Path and content of every volume."""
        for index, volume in enumerate(self.spec.get("volumes") or ()):
            yield f"volumes[{index}]", volume

    @property
    def on_windows(self) -> bool:
        """Whether it runs on Windows, where checks of 1.25 and later leave it alone."""
        return self.minor >= 25 and (self.spec.get("os") or {}).get("name") == "windows"  # noqa: PLR2004 - a version

    @property
    def in_user_namespace(self) -> bool:
        """Whether its users are not the host's, which checks of 1.35 and later take into account."""
        return self.minor >= 35 and off(self.spec.get("hostUsers"))  # noqa: PLR2004 - a version
