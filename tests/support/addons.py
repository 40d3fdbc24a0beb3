"""Every add-on with options that show what it can do, as a stack file has them."""

from typing import Any, Final

from common.paths import CHECKOUT
from spec.values import Secret
from tests.support.stack import dev_spec

TEAM: Final = "team"
"""A tenant with room for what add-ons put beside its pods."""

OPTIONS: dict[str, Any] = {
    "csiSnapshotter": {},
    "certManager": {"issuers": [{"name": "self-signed", "selfSigned": True}]},
    "monitoring": {
        "slos": [
            {
                "name": "shop",
                "namespace": "shop",
                "service": "frontend",
                "objective": 99.5,
                "latency": {"milliseconds": 100},
                "traffic": {"perMinute": 1000},
            }
        ]
    },
    "logging": {"retentionDays": 3, "storage": "10Gi"},
    "tracing": {"retentionDays": 3},
    "istio": {"tenants": [TEAM], "traceSampling": 10},
    "ingress": {"hosts": [{"name": "tasks.example.test", "tenants": [TEAM], "ports": [5000]}]},
    "backup": {
        "tenants": [{"tenant": TEAM, "schedule": "*/30 8-18 * * 1-5", "retentionDays": 2}],
        "store": {
            "endpoint": "https://store.example.test:9000",
            "bucket": "backups",
            "accessKey": "polykube",
            "secretKey": Secret("hunter2hunter2"),
        },
    },
}


def spec_with_add_ons(cluster: str) -> dict[str, Any]:
    """The example stack with every add-on, and a tenant more."""
    spec = dev_spec(cluster)
    return spec | {"tenants": [*spec["tenants"], _TEAM], "addons": OPTIONS}


_COMPUTE: Final = {"cpu": "2", "memory": "1Gi"}
_TEAM: Final = {
    "name": TEAM,
    "group": "team-members",
    "quota": {"pods": 5, "requests": _COMPUTE, "limits": _COMPUTE},
    "limitRange": {"default": {"cpu": "200m", "memory": "64Mi"}, "defaultRequest": {"cpu": "100m", "memory": "64Mi"}},
    "manifests": [str(CHECKOUT / "tests" / "support" / "manifests")],
}
