"""The agent on every node, with upstream's own list of what in a kernel's log is a problem."""

from typing import Final

import pulumi_kubernetes.core.v1 as core
from pulumi_kubernetes.rbac.v1 import PolicyRuleArgs

from components.addons.bundles import load
from components.addons.files import host_volume, make_files
from components.addons.node_problem_detector.spec import METRICS, VERSION
from components.addons.workloads import Container, PodTemplate, make_daemon_set, make_service_account, scraped
from components.platform.place import Place

_NAME: Final = "node-problem-detector"
_MONITORS: Final = ("kernel-monitor.json", "readonly-monitor.json")
_RULES: Final = (  # those of Kubernetes' own role system:node-problem-detector
    PolicyRuleArgs(api_groups=[""], resources=["nodes"], verbs=["get"]),
    PolicyRuleArgs(api_groups=[""], resources=["nodes/status"], verbs=["patch"]),
    PolicyRuleArgs(api_groups=["", "events.k8s.io"], resources=["events"], verbs=["create", "patch", "update"]),
)


def create_resources(place: Place) -> None:
    """A DaemonSet with its configuration and its rights."""
    (config,) = load(_NAME)
    files = make_files(_NAME, {name: config["data"][name] for name in _MONITORS}, place)
    node = core.EnvVarSourceArgs(field_ref=core.ObjectFieldSelectorArgs(field_path="spec.nodeName"))
    container = Container(
        name=_NAME,
        image=f"registry.k8s.io/{_NAME}/{_NAME}:v{VERSION}",
        cpu=10,
        memory=80,
        command=("/node-problem-detector",),
        args=(
            "--logtostderr",
            f"--config.system-log-monitor={','.join(f'/config/{name}' for name in _MONITORS)}",
            "--address=0.0.0.0",
            "--prometheus-address=0.0.0.0",
            f"--prometheus-port={METRICS}",
        ),
        ports={"health": 20256, "metrics": METRICS},
        health="/healthz",
        environment=[core.EnvVarArgs(name="NODE_NAME", value_from=node)],
        mounts={"/config": "config", "/dev/kmsg": "kmsg"},
        privileged=True,  # or the node's device could not be opened
    )
    pods = PodTemplate(
        name=_NAME,
        containers=[container],
        volumes=[files.volume("config"), host_volume("kmsg", "/dev/kmsg", "CharDevice")],
        service_account=_NAME,
        annotations=scraped(METRICS),
        agent=True,
    )
    make_daemon_set(pods, make_service_account(_NAME, _RULES, place.depends_on(files.resource)))
