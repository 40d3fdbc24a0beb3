"""A cluster's health, all of it: every area is looked at, several at a time."""

import time
from collections.abc import Callable, Mapping
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing, suppress
from datetime import UTC, datetime
from functools import partial
from typing import Final

from lightkube import KubeConfig
from lightkube.core.exceptions import ConfigError

from automation.certificates import Certificate, certificates_of
from automation.health import api_server, claims, declared, deprecated, nodes, services, workloads
from automation.health.api import AskedApiServer, RequestRefused, unreachable
from automation.health.cluster import Expected, LiveCluster, Looked
from automation.health.findings import WORST_FIRST, Area, Health, Pool, Severity, Symptom
from automation.kubeconfig import kubeconfig_of
from automation.project import Project
from common.errors import HealthError
from rehearsal import toolchain

_AT_ONCE: Final = 6  # areas, each of which asks one thing after the other
_LOOKS: Final[Mapping[Area, Callable[[LiveCluster, Expected], Looked]]] = {
    Area.API_SERVER: api_server.look,
    Area.NODES: nodes.look,
    Area.WORKLOADS: workloads.look,
    Area.CLAIMS: claims.look_at_claims,
    Area.QUOTAS: claims.look_at_quotas,
    Area.WEBHOOKS: services.look,
    Area.ADD_ONS: declared.look_at_add_ons,
    Area.CERTIFICATES: declared.look_at_certificates,
    Area.BACKUPS: declared.look_at_backups,
    Area.APIS: deprecated.look,
}


def examination_of(project: Project) -> Callable[[], Health]:
    """What examines a stack's cluster; HealthError (PK941) when nobody answers for it."""
    try:
        config = kubeconfig_of(project)
    except ConfigError as error:
        raise HealthError(unreachable(project.cluster_name, str(error))) from error
    return partial(examine, project.stack, project.spec.cluster.kind, config, expected_of(project))


def expected_of(project: Project) -> Expected:
    """What the stack says of its cluster. Of one on this machine, where nobody uses certificates, none is asked for."""
    cluster = project.spec.cluster
    checks = {each.name: checks for each, checks in project.spec.addons.plan().health(cluster.built_in)}
    return Expected(cluster.wanted_nodes, checks, () if project.is_local else _certificates(project))


def _certificates(project: Project) -> list[Certificate]:
    return certificates_of(project.engine(dict(toolchain.ensure(toolchain.ENGINE))))


def examine(stack: str, kind: str, config: KubeConfig, expected: Expected) -> Health:
    """The health of the cluster of a kubeconfig, held to what is expected of it."""
    began = time.monotonic()
    with closing(AskedApiServer(config)) as api:
        cluster = LiveCluster(api, datetime.now(UTC))
        try:
            version = cluster.version
        except RequestRefused as refused:
            raise HealthError(unreachable(api.address, str(refused))) from refused
        with ThreadPoolExecutor(_AT_ONCE) as several:
            looked = dict(zip(_LOOKS, several.map(partial(_look, cluster, expected), _LOOKS), strict=True))
        pools: list[Pool] = []
        with suppress(RequestRefused):
            pools += nodes.pools(cluster, expected.nodes)
    findings = [finding for each in looked.values() for finding in each.findings]
    return Health(
        stack,
        kind,
        version,
        pools,
        {area: each.at for area, each in looked.items()},
        sorted(findings, key=lambda each: WORST_FIRST[each.level]),
        api.requests,
        round(time.monotonic() - began, 2),
    )


def _look(cluster: LiveCluster, expected: Expected, area: Area) -> Looked:
    """An area; what may not be read of it is told as a finding."""
    try:
        return _LOOKS[area](cluster, expected)
    except RequestRefused as refused:
        message = f"it cannot be looked at: {str(refused) or refused.status}"
        return Looked([Symptom(Severity.WARNING, area, str(area), message)], "not looked at")
