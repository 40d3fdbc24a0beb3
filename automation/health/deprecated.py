"""Deprecated APIs that somebody asks for: counted by the API server since it started (its metric, STABLE since 1.25).

Of several API servers one answers. kubernetes.io/docs/reference/instrumentation/metrics, v1.36.
"""

import re
from collections.abc import Iterator
from typing import Final

from automation.health.cluster import Expected, LiveCluster, Looked
from automation.health.findings import Area, Severity, Symptom
from automation.show import number_of

_METRIC: Final = "apiserver_requested_deprecated_apis{"
_LABEL: Final = re.compile(r'(\w+)="([^"]*)"')


def look(cluster: LiveCluster, _: Expected) -> Looked:
    """A warning for each that a release will not serve any more, and a note for those of which nobody says which."""
    found = list(_findings(cluster.api.read("/metrics", accept="text/plain").decode()))
    return Looked(found, number_of(len(found), "deprecated API"))


def _findings(metrics: str) -> Iterator[Symptom]:
    for line in metrics.splitlines():
        if not line.startswith(_METRIC) or line.endswith(" 0"):
            continue
        label = dict(_LABEL.findall(line))
        kind = f"{label['resource']}.{label['group']}/{label['version']}" if label["group"] else ""
        until = label["removed_release"]
        if until:
            message = f"somebody asks for it, and 1.{until.partition('.')[2]} does not serve it any more"
            yield Symptom(
                Severity.WARNING, Area.APIS, kind or f"{label['resource']}/{label['version']}", message, _COMMAND
            )
        elif kind:  # of the core, components of Kubernetes themselves ask for such
            yield Symptom(Severity.NOTE, Area.APIS, kind, "somebody asks for it, and it is deprecated", _COMMAND)


_COMMAND: Final = "kubectl get --raw /metrics | grep apiserver_requested_deprecated_apis"
