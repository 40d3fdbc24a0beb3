"""descheduler as one pod, with upstream's rights and the policy by which it evicts (descheduler/v1alpha2)."""

from typing import Any, Final

from components.addons.descheduler.spec import HEALTH, VERSION, DeschedulerSpec
from components.addons.files import make_files
from components.addons.workloads import Container, PodTemplate, make_deployment, make_service_account, rules_of
from components.platform.place import Place

_NAME: Final = "descheduler"
_POLICY: Final = "/policy"
_MISPLACED: Final = (
    "RemovePodsViolatingInterPodAntiAffinity",
    "RemovePodsViolatingNodeAffinity",
    "RemovePodsViolatingNodeTaints",
)
_UNEVEN: Final = ("LowNodeUtilization", "RemoveDuplicates", "RemovePodsViolatingTopologySpreadConstraint")


def create_resources(spec: DeschedulerSpec, place: Place) -> None:
    """A Deployment with its policy and its rights."""
    files = make_files(_NAME, {"policy.yaml": policy(spec)}, place)
    container = Container(
        name=_NAME,
        image=f"registry.k8s.io/{_NAME}/{_NAME}:v{VERSION}",
        cpu=20,
        memory=256,
        command=("/bin/descheduler",),
        args=(
            f"--policy-config-file={_POLICY}/policy.yaml",
            f"--descheduling-interval={spec.interval_minutes}m",
            f"--secure-port={HEALTH}",
        ),
        ports={"https": HEALTH},
        health="/healthz",
        secure=True,
        mounts={_POLICY: "policy"},
    )
    pods = PodTemplate(name=_NAME, containers=[container], volumes=[files.volume("policy")], service_account=_NAME)
    rules = rules_of("descheduler-cluster-role", _NAME)
    make_deployment(pods, 1, make_service_account(_NAME, rules, place.depends_on(files.resource)))


def policy(spec: DeschedulerSpec) -> dict[str, Any]:
    """What is evicted: misplaced pods, and those of busy nodes, if another node takes them."""
    shares = {"thresholds": spec.idle_below_percent, "targetThresholds": spec.busy_above_percent}
    utilization = {key: dict.fromkeys(("cpu", "memory", "pods"), share) for key, share in shares.items()}
    arguments: dict[str, dict[str, Any]] = {
        "DefaultEvictor": {"nodeFit": True},
        "LowNodeUtilization": utilization,
        "RemovePodsViolatingNodeAffinity": {"nodeAffinityType": ["requiredDuringSchedulingIgnoredDuringExecution"]},
    }
    plugins = {"deschedule": {"enabled": list(_MISPLACED)}, "balance": {"enabled": list(_UNEVEN)}}
    configured = [{"name": name, "args": args} for name, args in arguments.items()]
    profile = {"name": "default", "pluginConfig": configured, "plugins": plugins}
    return {"apiVersion": "descheduler/v1alpha2", "kind": "DeschedulerPolicy", "profiles": [profile]}
