"""Every add-on with options that show what it can do, as a stack file has them."""

from pathlib import Path
from typing import Any, Final

import yaml

from common.paths import CHECKOUT
from components.addons import ADDONS, AddOnsSpec
from components.clusters.local import LocalSpec
from spec.values import Secret
from stacks.config import StackSpec
from stacks.loading import load_file
from tests.support.stack import dev_spec

TEAM: Final = "team"
"""A tenant with room for what add-ons put beside its pods."""

_CHOSEN: dict[str, Any] = {
    "certManager": {
        "issuers": [
            {"name": "self-signed", "selfSigned": True},
            {"name": "proven", "acme": {"email": "platform@example.test"}},
        ]
    },
    "karpenter": {"cpu": "100", "memory": "400Gi", "capacity": ["spot", "on-demand"]},
    "clusterAutoscaler": {"idleMinutes": 5},
    "externalDns": {"zones": [{"name": "example.test", "id": "Z0123456789ABCDEFGHIJ"}]},
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
    "ingress": {
        "hosts": [
            {"name": "tasks.example.test", "tenants": [TEAM], "ports": [5000]},
            {"name": "safe.example.test", "tenants": [TEAM], "ports": [5000], "tls": {"issuer": "self-signed"}},
            {"name": "classic.example.test", "tenants": [TEAM], "ports": [5000], "classic": True},
            {
                "name": "old.example.test",
                "tenants": [TEAM],
                "ports": [5000],
                "classic": True,
                "tls": {"issuer": "self-signed"},
            },
        ]
    },
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

OPTIONS: Final[dict[str, Any]] = {each.key(): _CHOSEN.get(each.key(), {}) for each in ADDONS}

LOCAL: Final = [each for each in ADDONS if set(each.required_capabilities) <= LocalSpec.model_construct().capabilities]
"""The add-ons that a local cluster can have."""


def spec_with_add_ons(cluster: str) -> dict[str, Any]:
    """The example stack with every add-on that it can have, and a tenant more."""
    spec = dev_spec(cluster)
    addons = {each.key(): OPTIONS[each.key()] for each in LOCAL}
    return spec | {"tenants": [*spec["tenants"], _TEAM], "addons": addons}


def spec_of_all(directory: Path) -> StackSpec:
    """An example of EKS, which can have every add-on, with all of them and the tenants of the stack above.

    Those that exclude each other are among them: what each consists of is the same beside the other. A file of it is
    written into `directory`.
    """
    config = yaml.safe_load((CHECKOUT / "Pulumi.eks-prod.yaml").read_text(encoding="utf-8"))["config"]
    config["polykube:cluster"]["autoscaling"] = "karpenter"
    config["polykube:tenants"] = spec_with_add_ons("local")["tenants"]
    config["polykube:addons"] = {key: OPTIONS[key] for key in ("certManager", "istio", "ingress")}  # for their routes
    file = directory / "Pulumi.all.yaml"
    file.write_text(yaml.safe_dump({"config": config}))
    return load_file(file).model_copy(update={"addons": AddOnsSpec.model_validate(OPTIONS)})


_COMPUTE: Final = {"cpu": "2", "memory": "1Gi"}
_TEAM: Final = {
    "name": TEAM,
    "group": "team-members",
    "quota": {"pods": 5, "requests": _COMPUTE, "limits": _COMPUTE},
    "limitRange": {"default": {"cpu": "200m", "memory": "64Mi"}, "defaultRequest": {"cpu": "100m", "memory": "64Mi"}},
    "manifests": [str(CHECKOUT / "tests" / "support" / "manifests"), str(CHECKOUT / "examples" / "autoscaled")],
}
