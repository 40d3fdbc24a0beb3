"""What the API server says of itself: `/readyz` and `/livez`, check by check (kubernetes.io/docs, v1.36)."""

import re
from collections.abc import Iterator
from typing import Final

from automation.health.api import RequestRefused
from automation.health.cluster import Expected, LiveCluster, Looked
from automation.health.findings import Area, Severity, Symptom

_PROBES: Final = ("/readyz", "/livez")
_CHECK: Final = re.compile(r"^\[([+-])\](\S+) ?(.*)$", re.MULTILINE)


def look(cluster: LiveCluster, _: Expected) -> Looked:
    """Every check that is not well."""
    findings, counts = [], []
    for probe in _PROBES:
        said = _ask(cluster, probe)
        checks = _CHECK.findall(said)
        findings += list(_failed(probe, said, checks))
        counts.append(f"{probe[1:]} {sum(mark == '+' for mark, *_ in checks)} of {len(checks)}")
    return Looked(findings, f"{cluster.version}, {', '.join(counts)}")


def _ask(cluster: LiveCluster, probe: str) -> str:
    """What it says; of an unhealthy one the same stands in the refusal."""
    try:
        return cluster.api.read(probe, verbose="").decode()
    except RequestRefused as refused:
        return str(refused)


def _failed(probe: str, said: str, checks: list[tuple[str, str, str]]) -> Iterator[Symptom]:
    command = f"kubectl get --raw '{probe}?verbose'"
    if not checks:
        yield Symptom(Severity.FAILED, Area.API_SERVER, probe, said.partition("\n")[0] or "it says nothing", command)
    for mark, name, words in checks:
        if mark == "-":
            yield Symptom(Severity.FAILED, Area.API_SERVER, probe, f"the check {name} has {words}", command)
