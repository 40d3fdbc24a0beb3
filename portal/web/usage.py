"""How much a tenant uses of what it may, as the cluster's API server counts."""

import logging
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final

import httpx2
from lightkube import ApiError, Client
from lightkube.core.exceptions import ConfigError
from lightkube.resources.core_v1 import ResourceQuota

from automation.kubeconfig import kubeconfig_of
from automation.project import Project
from common.errors import PolykubeError
from common.quantity import QuantityError, parse
from components.platform.quotas import OWN_QUOTAS, hard
from portal.web.stack_files import StackFiles

_log = logging.getLogger("polykube.portal")
_PATIENCE: Final = 3.0  # seconds that a page waits for a cluster
_EVERYTHING: Final = OWN_QUOTAS[0]


@dataclass(frozen=True)
class Bar:
    """A resource of a quota, with what is used of it; `used` is empty where nobody could be asked."""

    what: str
    used: str
    hard: str

    @property
    def part(self) -> float | None:
        """How much of it is used, from 0 to 1; None where that is not known."""
        try:
            most, used = parse(self.hard).nanos, parse(self.used).nanos
        except QuantityError:
            return None
        return min(used / most, 1.0) if most else None


@dataclass(frozen=True)
class Usage:
    """A tenant's quota; `silent` says why the cluster did not tell what is used."""

    bars: Sequence[Bar]
    silent: str = ""


def usage_of(files: StackFiles, stack: str, tenant: str) -> Usage:
    """What a tenant uses; where the cluster does not answer, what the stack's file allows."""
    spec = files.spec(stack)
    if spec is None:
        return Usage((), "The stack's file is not accepted.")
    declared = next(hard(each.quota) for each in spec.tenants if each.name == tenant)
    try:
        status = _status(Project(files.directory, stack, spec), tenant)
    except (ApiError, ConfigError, httpx2.TransportError, PolykubeError, OSError) as error:
        _log.info("%s: %s", stack, error)  # it may name files and addresses that a tenant has no use for
        bars = [Bar(what, "", amount) for what, amount in declared.items()]
        return Usage(
            bars, "The cluster does not answer, so nobody knows what is used. This is what the stack's file allows."
        )
    return Usage([Bar(what, status.get("used", {}).get(what, "0"), most) for what, most in status["hard"].items()])


def _status(project: Project, tenant: str) -> Mapping[str, Any]:
    client: Any = Client(config=kubeconfig_of(project), timeout=httpx2.Timeout(_PATIENCE))
    quota = client.get(ResourceQuota, _EVERYTHING, namespace=tenant)
    return {"used": (quota.status and quota.status.used) or {}, "hard": quota.spec.hard or {}}
