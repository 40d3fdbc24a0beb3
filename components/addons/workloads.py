"""Workloads as add-ons have them: hardened, bounded, probed, and spread over nodes where there are several.

Each fits the Pod Security level `restricted`; an agent that needs the node says so in its own words. The SDK's
modules are slow to load, so that add-ons import this one only to build something.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Any, Final

import pulumi
import pulumi_kubernetes as kubernetes
import pulumi_kubernetes.apps.v1 as apps
import pulumi_kubernetes.core.v1 as core
import pulumi_kubernetes.rbac.v1 as rbac
from pulumi_kubernetes.meta.v1 import LabelSelectorArgs, ObjectMetaArgs
from pulumi_kubernetes.policy.v1 import PodDisruptionBudget, PodDisruptionBudgetSpecArgs

from common.quantity import Quantity
from components.addons.bundles import load
from components.contract import NO_IDENTITY, Identity
from components.naming import selector
from components.platform.place import Place

NOBODY: Final = 65534
_SKIP_AWAIT: Final = {"pulumi.com/skipAwait": "true"}
CPU_BURST: Final = 4  # times what is requested: a restart or a large query may take more for a moment
_ANYWHERE: Final = core.TolerationArgs(operator="Exists")
_LINUX: Final = {"kubernetes.io/os": "linux"}
_CRITICAL: Final = core.TolerationArgs(key="CriticalAddonsOnly", operator="Exists")  # the nodes kept for add-ons


@dataclass(frozen=True, kw_only=True)
class Container:
    """A container: `cpu` is in thousandths and is requested, `memory` in MiB is requested and the limit.

    `health` is the path at which the first port answers when the container is ready, by HTTPS if `secure`; `answers` is
    a port that takes connections only then. `mounts` are volumes by the path where they appear, writable only if the
    path is in `writable`; `scratch` makes the image's own files writable too. What is `privileged` may use the node's
    devices.
    """

    name: str
    image: str
    cpu: int
    memory: int
    command: Sequence[str] = ()
    args: Sequence[pulumi.Input[str]] = ()
    ports: Mapping[str, int] = field(default_factory=dict)
    health: str = ""
    answers: str = ""
    environment: Sequence[core.EnvVarArgs] = ()
    mounts: Mapping[str, str] = field(default_factory=dict)
    writable: Sequence[str] = ()
    scratch: bool = False
    secure: bool = False
    privileged: bool = False

    def build(self) -> core.ContainerArgs:
        """The container as Kubernetes wants it."""
        return core.ContainerArgs(
            name=self.name,
            image=self.image,
            command=list(self.command) or None,
            args=list(self.args) or None,
            env=list(self.environment) or None,
            ports=[core.ContainerPortArgs(name=name, container_port=port) for name, port in self.ports.items()] or None,
            readiness_probe=self._probe(),
            resources=core.ResourceRequirementsArgs(
                requests={"cpu": f"{self.cpu}m", "memory": f"{self.memory}Mi"},
                limits={"cpu": f"{self.cpu * CPU_BURST}m", "memory": f"{self.memory}Mi"},
            ),
            security_context=core.SecurityContextArgs(
                privileged=self.privileged or None,
                allow_privilege_escalation=self.privileged,
                read_only_root_filesystem=None if self.scratch else True,
                capabilities=None if self.privileged else core.CapabilitiesArgs(drop=["ALL"]),
            ),
            volume_mounts=[
                core.VolumeMountArgs(name=volume, mount_path=path, read_only=None if path in self.writable else True)
                for path, volume in self.mounts.items()
            ]
            or None,
        )

    def _probe(self) -> core.ProbeArgs | None:
        if not self.health and not self.answers:
            return None
        return core.ProbeArgs(
            http_get=self._question() if self.health else None,
            tcp_socket=core.TCPSocketActionArgs(port=self.answers) if self.answers else None,
            period_seconds=10,
            failure_threshold=6,
        )

    def _question(self) -> core.HTTPGetActionArgs:
        scheme = "HTTPS" if self.secure else None
        return core.HTTPGetActionArgs(path=self.health, port=next(iter(self.ports)), scheme=scheme)


@dataclass(frozen=True, kw_only=True)
class PodTemplate:
    """The pods of a workload: what runs in them, as whom, with which volumes.

    With a `service_account` they get its token, unless `token` is false, and none otherwise. Agents run on every node,
    as root, to read what is root's there; the rest of them is as bounded as any other pod.
    """

    name: str
    containers: Sequence[Container]
    init: Sequence[Container] = ()
    volumes: Sequence[core.VolumeArgs] = ()
    user: int = NOBODY
    service_account: str = ""
    token: bool = True
    labels: Mapping[str, pulumi.Input[str]] = field(default_factory=dict)
    annotations: Mapping[str, pulumi.Input[str]] = field(default_factory=dict)
    agent: bool = False
    restart: str | None = None

    @property
    def selector(self) -> LabelSelectorArgs:
        """Finds these pods."""
        return LabelSelectorArgs(match_labels=selector(self.name))

    def template(self) -> core.PodTemplateSpecArgs:
        """The pod template; pods of one workload keep off each other's nodes as far as that goes."""
        spread = core.TopologySpreadConstraintArgs(
            max_skew=1,
            topology_key="kubernetes.io/hostname",
            when_unsatisfiable="ScheduleAnyway",
            label_selector=self.selector,
        )
        user = 0 if self.agent else self.user
        return core.PodTemplateSpecArgs(
            metadata=ObjectMetaArgs(
                labels={**self.labels, **selector(self.name)}, annotations=dict(self.annotations) or None
            ),
            spec=core.PodSpecArgs(
                service_account_name=self.service_account or None,
                automount_service_account_token=bool(self.service_account) and self.token,
                security_context=core.PodSecurityContextArgs(
                    run_as_non_root=None if self.agent else True,
                    run_as_user=user,
                    run_as_group=user,
                    fs_group=None if self.agent else user,
                    seccomp_profile=core.SeccompProfileArgs(type="RuntimeDefault"),
                ),
                init_containers=[container.build() for container in self.init] or None,
                containers=[container.build() for container in self.containers],
                volumes=list(self.volumes) or None,
                tolerations=[_ANYWHERE if self.agent else _CRITICAL],
                node_selector=_LINUX if self.agent else None,  # others stay off Windows nodes by their taint
                topology_spread_constraints=None if self.agent else [spread],
                restart_policy=self.restart,
            ),
        )


@dataclass(frozen=True)
class Claim:
    """A volume for each pod of a stateful set; without a class, of the cluster's default one."""

    name: str
    size: Quantity
    storage_class: str | None

    def build(self) -> core.PersistentVolumeClaimArgs:
        """The claim's template."""
        return core.PersistentVolumeClaimArgs(
            metadata=ObjectMetaArgs(name=self.name),
            spec=core.PersistentVolumeClaimSpecArgs(
                access_modes=["ReadWriteOnce"],
                storage_class_name=self.storage_class,
                resources=core.VolumeResourceRequirementsArgs(requests={"storage": str(self.size)}),
            ),
        )


def scraped(port: int) -> Mapping[str, str]:
    """The annotations of pods whose metrics Prometheus takes from `port`."""
    return {"prometheus.io/scrape": "true", "prometheus.io/port": str(port)}


def make_deployment(pods: PodTemplate, replicas: int, place: Place) -> pulumi.Resource:
    """A Deployment, with a disruption budget where there is more than one pod."""
    made = apps.Deployment(
        place.logical(pods.name),
        metadata=_metadata(pods, place),
        spec=apps.DeploymentSpecArgs(replicas=replicas, selector=pods.selector, template=pods.template()),
        opts=place.options(),
    )
    _make_disruption_budget(pods, replicas, place)
    return made


def make_stateful_set(pods: PodTemplate, replicas: int, claims: Sequence[Claim], place: Place) -> pulumi.Resource:
    """A StatefulSet with its headless Service. Its claims go when it goes; what their class says becomes of volumes."""
    service = make_service(pods, place, headless=True)
    made = apps.StatefulSet(
        place.logical(pods.name),
        metadata=_metadata(pods, place),
        spec=apps.StatefulSetSpecArgs(
            replicas=replicas,
            service_name=pods.name,
            selector=pods.selector,
            template=pods.template(),
            volume_claim_templates=[claim.build() for claim in claims],
            # A new member may wait for another one to find it: none waits for its elder to be ready.
            pod_management_policy="Parallel",
            persistent_volume_claim_retention_policy=apps.StatefulSetPersistentVolumeClaimRetentionPolicyArgs(
                when_deleted="Delete", when_scaled="Retain"
            ),
        ),
        opts=place.depends_on(service).options(),
    )
    _make_disruption_budget(pods, replicas, place)
    return made


def make_daemon_set(pods: PodTemplate, place: Place) -> pulumi.Resource:
    """A DaemonSet: one pod for each node."""
    return apps.DaemonSet(
        place.logical(pods.name),
        metadata=_metadata(pods, place),
        spec=apps.DaemonSetSpecArgs(selector=pods.selector, template=pods.template()),
        opts=place.options(),
    )


def make_job(pods: PodTemplate, place: Place, edition: str) -> pulumi.Resource:
    """A Job that is done once for each `edition`: another one makes another Job."""
    name = f"{pods.name}-{edition}"
    return kubernetes.batch.v1.Job(
        place.logical(pods.name),
        metadata=place.metadata(name, labels=selector(pods.name), annotations={_PROPAGATION: "foreground"}),
        spec=kubernetes.batch.v1.JobSpecArgs(template=pods.template(), backoff_limit=20),
        opts=place.options(),
    )


def make_cron_job(pods: PodTemplate, schedule: str, place: Place) -> pulumi.Resource:
    """A CronJob by a `schedule` as cron writes it, in UTC; one run at a time."""
    job = kubernetes.batch.v1.JobSpecArgs(template=pods.template(), backoff_limit=6)
    return kubernetes.batch.v1.CronJob(
        place.logical(pods.name),
        metadata=place.metadata(pods.name, labels=selector(pods.name)),
        spec=kubernetes.batch.v1.CronJobSpecArgs(
            schedule=schedule,
            time_zone="Etc/UTC",
            concurrency_policy="Forbid",
            job_template=kubernetes.batch.v1.JobTemplateSpecArgs(spec=job),
        ),
        opts=place.options(),
    )


def make_service(pods: PodTemplate, place: Place, *, headless: bool = False) -> pulumi.Resource:
    """A Service for all ports of the first container; readiness is judged by the workload behind it."""
    ports = [
        core.ServicePortArgs(name=name, port=port, target_port=name) for name, port in pods.containers[0].ports.items()
    ]
    return core.Service(
        place.logical(pods.name),
        metadata=place.metadata(pods.name, labels=selector(pods.name), annotations=_SKIP_AWAIT),
        spec=core.ServiceSpecArgs(
            selector=selector(pods.name),
            ports=ports,
            cluster_ip="None" if headless else None,
            publish_not_ready_addresses=True if headless else None,  # members find each other before they are ready
        ),
        opts=place.options(),
    )


def make_service_account(
    name: str,
    rules: Sequence[rbac.PolicyRuleArgs],
    place: Place,
    here: Sequence[rbac.PolicyRuleArgs] = (),
    identity: Identity = NO_IDENTITY,
) -> Place:
    """A ServiceAccount that may do `rules` in the whole cluster, and `here` in its own namespace.

    What it may do in the cloud comes with `identity`. The place behind it comes back.
    """
    place = place.depends_on(*identity.after)
    account = core.ServiceAccount(
        place.logical(name),
        metadata=place.metadata(name, annotations=identity.annotations),
        automount_service_account_token=False,
        opts=place.options(),
    )
    behind = place.depends_on(account)
    rights = [_bind_everywhere(name, rules, behind)] if rules else []
    return behind.depends_on(*rights, *([_bind_here(name, here, behind)] if here else []))


def _bind_everywhere(name: str, rules: Sequence[rbac.PolicyRuleArgs], place: Place) -> pulumi.Resource:
    whole = replace(place, namespace="")
    cluster_name = f"{place.namespace}-{name}"
    role = rbac.ClusterRole(cluster_name, metadata=whole.metadata(cluster_name), rules=rules, opts=whole.options())
    return rbac.ClusterRoleBinding(
        cluster_name,
        metadata=whole.metadata(cluster_name),
        role_ref=rbac.RoleRefArgs(api_group="rbac.authorization.k8s.io", kind="ClusterRole", name=cluster_name),
        subjects=[rbac.SubjectArgs(kind="ServiceAccount", name=name, namespace=place.namespace)],
        opts=whole.depends_on(role).options(),
    )


def _bind_here(name: str, rules: Sequence[rbac.PolicyRuleArgs], place: Place) -> pulumi.Resource:
    role = rbac.Role(place.logical(name), metadata=place.metadata(name), rules=rules, opts=place.options())
    return rbac.RoleBinding(
        place.logical(name),
        metadata=place.metadata(name),
        role_ref=rbac.RoleRefArgs(api_group="rbac.authorization.k8s.io", kind="Role", name=name),
        subjects=[rbac.SubjectArgs(kind="ServiceAccount", name=name, namespace=place.namespace)],
        opts=place.depends_on(role).options(),
    )


def rules_of(role: str, bundle: str) -> list[rbac.PolicyRuleArgs]:
    """What the role `role` of a bundle allows."""
    (found,) = (each for each in load(bundle) if each["kind"] in ("ClusterRole", "Role") and _is_named(role, each))
    return [
        rbac.PolicyRuleArgs(api_groups=rule["apiGroups"], resources=rule["resources"], verbs=rule["verbs"])
        for rule in found["rules"]
    ]


def _is_named(name: str, manifest: Mapping[str, Any]) -> bool:
    return bool(manifest["metadata"]["name"] == name)


def _metadata(pods: PodTemplate, place: Place) -> ObjectMetaArgs:
    return place.metadata(pods.name, labels=selector(pods.name), annotations={_PROPAGATION: "foreground"})


_PROPAGATION: Final = "pulumi.com/deletionPropagationPolicy"  # what comes before a workload goes after its pods


def _make_disruption_budget(pods: PodTemplate, replicas: int, place: Place) -> None:
    if replicas > 1:
        PodDisruptionBudget(
            place.logical(pods.name),
            metadata=place.metadata(pods.name),
            spec=PodDisruptionBudgetSpecArgs(max_unavailable=1, selector=pods.selector),
            opts=place.options(),
        )
