"""Machines that make themselves nodes: Auto Scaling groups, what is before them, and the secrets that they read.

A group's machines start with the user data of its launch template; it is read as cloud-init reads it, and what kubeadm
is told in it is tried at the cluster's API server. A machine that cannot join never calls its group, which gives it up.
"""

import hashlib
import json
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from itertools import cycle
from typing import Any, Final

from common.files import write_atomically
from common.wire import Properties
from rehearsal.providers.base import NotModelled
from rehearsal.providers.clouds import clusters, etcd, kubeadm, machines
from rehearsal.providers.clouds.aws import members
from rehearsal.providers.clouds.aws.firewalls import lets_in
from rehearsal.providers.clouds.aws.network import zone
from rehearsal.providers.clouds.behaviour import Behaviour, Refused
from rehearsal.providers.clouds.cloud_init import CloudConfig, Ignored, read_user_data
from rehearsal.providers.clouds.etcd import PlayedMember
from rehearsal.providers.clouds.faults import Fault
from rehearsal.providers.clouds.kubeadm import Joined, NeverJoins
from rehearsal.providers.clouds.left_behind import leave_behind
from rehearsal.providers.clouds.nodes import Node, converge, names
from rehearsal.providers.clouds.policies import Call, read_policy
from rehearsal.providers.clouds.store import Resource, Store, rehearsal_directory

GROUP: Final = "aws:autoscaling/group:Group"
TEMPLATE: Final = "aws:ec2/launchTemplate:LaunchTemplate"
BALANCER: Final = "aws:lb/loadBalancer:LoadBalancer"
LISTENER: Final = "aws:lb/listener:Listener"
SECRET: Final = "aws:secretsmanager/secret:Secret"  # noqa: S105 - a type
VERSION: Final = "aws:secretsmanager/secretVersion:SecretVersion"
VOLUME: Final = "aws:ebs/volume:Volume"
SECRETS: Final = "secrets"
"""The rehearsal's directory of what the AWS command line prints of secrets, by name."""
_LABEL: Final = "rehearsal.polykube.dev/group"
"""By which the stand-in finds a group's nodes; EC2 knows them by a tag of their instances."""
_READ: Final = "secretsmanager:GetSecretValue"
_SETTINGS: Final = "/etc/polykube"
_PORT: Final = 6443
_MEGABYTES: Final = 1700  # of memory, with which kubeadm takes a control plane (its preflight check Mem)


@dataclass(frozen=True)
class Machines:
    """The machines of a group: what they are, and what they are told."""

    group: Resource
    template: Resource
    config: CloudConfig

    @property
    def settings(self) -> dict[str, str]:
        """What the script on them is told."""
        return self.config.variables(f"{_SETTINGS}/machine.env")

    @property
    def host(self) -> str:
        """Where they are told that the API server is."""
        return self.settings.get("API_ENDPOINT", "").rpartition(":")[0]

    @property
    def count(self) -> int:
        """How many there are."""
        return int(self.group.inputs.get("desiredCapacity") or self.group.inputs["minSize"])

    @property
    def is_worker(self) -> bool:
        """Whether they become workers."""
        return self.settings.get("ROLE") == "worker"


class AutoscalingGroup(Behaviour):
    """`autoscaling.Group`, which waits until its machines have joined."""

    def accept(self, old: Resource | None, new: Resource, store: Store) -> None:
        least, most = new.inputs["minSize"], new.inputs["maxSize"]
        if least > most:
            reason = "ValidationError: Max bound, {}, must be greater than or equal to min bound, {}"
            raise Refused("said", reason=reason.format(most, least))
        machines.known(machines.aws, str(_template(new, store).inputs.get("instanceType", "")))

    def created(self, resource: Resource, store: Store, fault: Fault | None) -> Properties:
        """Machines that are there were told once; another launch template is for machines that take their place."""
        try:
            group = _read(resource, store)
            joined = _boot(group, store) if group.count else None
        except (Ignored, NeverJoins) as never:
            raise Refused("said", reason=_given_up(resource, str(never))) from never
        if joined:
            nodes = list(_nodes(group, joined, store))
            converge(joined.cluster, {_LABEL: resource.id}, nodes, store, fault, told_once=True)
        return {}

    def updated(self, old: Resource, new: Resource, store: Store, fault: Fault | None) -> Properties:
        """As at first: with an instance refresh, the machines of another template are there before the old ones go.

        AWS does not say at once when they never come, as is said here, but lets the program wait for it.
        """
        had, has = (each.inputs["launchTemplate"]["id"] for each in (old, new))
        if had != has and "instanceRefresh" not in new.inputs:
            raise NotModelled(GROUP, "another launch template without an instance refresh")
        return self.created(new, store, fault)

    def deleted(self, resource: Resource, store: Store) -> None:
        try:
            group = _read(resource, store)
        except Ignored:
            return
        found = clusters.serving(group.host)
        if found is None:
            return
        name, _ = found
        others = [
            each for each in store.all(GROUP) if each.id != resource.id and _is_control_plane_of(each, name, store)
        ]
        if group.is_worker or others:
            converge(name, {_LABEL: resource.id}, [], store)
            return
        subnets = list(resource.inputs.get("vpcZoneIdentifiers", ()))
        leave_behind(name, store, (BALANCER, {"subnets": subnets}), (VOLUME, {}))
        clusters.stop(name)


class LoadBalancer(Behaviour):
    """`lb.LoadBalancer`. One on the internet has an address of this machine for a name, so that it can be reached."""

    def created(self, resource: Resource, store: Store, fault: Fault | None) -> Properties:
        if resource.inputs.get("internal") or resource.inputs.get("loadBalancerType") != "network":
            name, region = resource.inputs["name"], resource.outputs.get("region", "")
            return {"dnsName": f"{name}-{_digest(resource.id).hex()[:16]}.elb.{region}.amazonaws.com"}
        return {"dnsName": clusters.address_of(resource.id)}


class SecretVersion(Behaviour):
    """`secretsmanager.SecretVersion`, which the AWS command line of the rehearsal reads from then on."""

    def created(self, resource: Resource, store: Store, fault: Fault | None) -> Properties:
        secret = _secret(store, str(resource.inputs["secretId"]))
        path = rehearsal_directory() / SECRETS / str(secret.inputs["name"])
        write_atomically(path, str(resource.inputs.get("secretString", "")), mode=0o600)
        return {}

    def updated(self, old: Resource, new: Resource, store: Store, fault: Fault | None) -> Properties:
        return self.created(new, store, fault)


BEHAVIOURS: Final[Mapping[str, Behaviour]] = {
    GROUP: AutoscalingGroup(),
    BALANCER: LoadBalancer(),
    VERSION: SecretVersion(),
    **members.BEHAVIOURS,
}


def begins(group: Resource, store: Store) -> str:
    """Where the API server is that the first machine of a group begins; empty for a group whose machines join."""
    try:
        told = _read(group, store)
    except (Ignored, Refused):
        return ""
    return told.host if told.settings.get("ROLE") == "first" else ""


def _digest(text: str) -> bytes:
    return hashlib.sha256(text.encode()).digest()


def _read(group: Resource, store: Store) -> Machines:
    template = _template(group, store)
    return Machines(group, template, read_user_data(str(template.inputs.get("userData", ""))))


def _template(group: Resource, store: Store) -> Resource:
    wanted = group.inputs["launchTemplate"]["id"]
    found = store.get(TEMPLATE, wanted)
    if found is None:
        raise Refused("said", reason=f"InvalidLaunchTemplateId.NotFound: The specified launch template {wanted}")
    return found


def _boot(group: Machines, store: Store) -> Joined:
    """What becomes of the group's machines; NeverJoins when they stop half way."""
    if not group.config.commands:
        raise NeverJoins("the user data runs nothing")
    authorities = {} if group.is_worker else _authorities(group, store)
    init, join = (group.config.documents(f"{_SETTINGS}/{name}.yaml") for name in ("init", "join"))
    begins = group.settings.get("ROLE") == "first" and clusters.serving(group.host) is None
    if not group.is_worker:
        reach = _Reach(list(group.template.inputs.get("vpcSecurityGroupIds", ())), store)
        etcd.check_client(init if begins else [], group.settings.get("ETCD", ""), authorities, reach.member)
    release = _release(group)
    if begins:
        machine = machines.known(machines.aws, str(group.template.inputs["instanceType"]))
        if machine.memory * 1024 < _MEGABYTES:
            raise NeverJoins(f"[ERROR Mem]: the system RAM is less than the minimum {_MEGABYTES} MB")
        return kubeadm.begin(init, authorities, _reached_at(group.group, store), _PORT)
    return kubeadm.join(join, release, init)


@dataclass(frozen=True)
class _Reach:
    """What members of etcd a machine with these firewalls reaches."""

    firewalls: list[str]
    store: Store

    def member(self, host: str, port: int) -> PlayedMember | None:
        """The member at an address, if a port of it lets the machine in, and other members among each other."""
        machine = members.machine_at(host, self.store)
        if machine is None:
            return None
        own = list(members.interface_of(machine, self.store).inputs.get("securityGroups", ()))
        from_ = self.firewalls if port == etcd.CLIENTS else own
        try:
            told = _read(machine, self.store)
            files = {**told.config.files, **_authorities(told, self.store)}
        except (Ignored, NeverJoins):
            return None
        volume = told.settings.get("VOLUME", "")
        starts = told.settings.get("ROLE") == "etcd" and members.has_volume(machine, volume, self.store)
        let_in = any(lets_in(own, port, each, self.store) for each in from_)
        return PlayedMember(host, files) if starts and let_in and told.config.commands else None


def _authorities(group: Machines, store: Store) -> Mapping[str, str]:
    """What the machine reads of the secret with the authorities, if its identity may."""
    name = group.settings.get("AUTHORITIES", "")
    secret = next((each for each in store.all(SECRET) if each.inputs.get("name") == name), None)
    version = next((each for each in store.all(VERSION) if secret and each.inputs["secretId"] == secret.id), None)
    if secret is None or version is None:
        raise NeverJoins(f"no authorities within its deadline: ResourceNotFoundException: {name}")
    if not _may(group.template, _READ, str(secret.outputs["arn"]), store):
        raise NeverJoins(f"no authorities within its deadline: AccessDeniedException: {_READ} on {name}")
    return dict(json.loads(version.inputs["secretString"]))


def _may(template: Resource, action: str, on: str, store: Store) -> bool:
    """Whether the profile of a template lets its machines do something, by the policies of its role's own."""
    arn = (template.inputs.get("iamInstanceProfile") or {}).get("arn")
    profiles = (each for each in store.all("aws:iam/instanceProfile:InstanceProfile") if each.outputs["arn"] == arn)
    roles = {each.inputs["role"] for each in profiles}
    own = (each for each in store.all("aws:iam/rolePolicy:RolePolicy") if each.inputs["role"] in roles)
    return any(read_policy(each.inputs["policy"]).denial(Call(action, on)) is None for each in own)


def _reached_at(group: Resource, store: Store) -> str:
    """The address of this machine at which a balancer before the group is reached; any other where there is none."""
    targets = set(group.inputs.get("targetGroupArns", ()))
    for listener in store.all(LISTENER):
        if any(action.get("targetGroupArn") in targets for action in listener.inputs.get("defaultActions", ())):
            balancer = store.get(BALANCER, listener.inputs["loadBalancerArn"])
            if balancer and str(balancer.outputs.get("dnsName", "")).startswith("127."):
                return str(balancer.outputs["dnsName"])
    return clusters.address_of(group.id)


def _is_control_plane_of(group: Resource, cluster: str, store: Store) -> bool:
    try:
        other = _read(group, store)
    except (Ignored, Refused):
        return False
    found = clusters.serving(other.host)
    return not other.is_worker and found is not None and found[0] == cluster


def _nodes(group: Machines, joined: Joined, store: Store) -> Iterator[Node]:
    """The nodes of a group, over the zones of its subnets."""
    inputs = group.group.inputs
    zones = sorted({zone(store, subnet) for subnet in inputs["vpcZoneIdentifiers"]})
    machine = machines.known(machines.aws, str(group.template.inputs["instanceType"]))
    labels, release, made_of = {**joined.labels, _LABEL: group.group.id}, _release(group), group.template.id
    for name, place in zip(names(group.group.id, made_of, group.count), cycle(zones), strict=False):
        yield Node(name, place, place[:-1], machine, release, f"aws:///{place}/{name}", labels, joined.taints)


def _release(group: Machines) -> str:
    """The version of kubeadm and kubelet that the machines run."""
    machine = machines.known(machines.aws, str(group.template.inputs["instanceType"]))
    release = kubeadm.release(group.config, machine.architecture)
    if release is None:
        raise NeverJoins(f"programs for {machine.architecture} are not there")
    return release


def _secret(store: Store, id_: str) -> Resource:
    secret = store.get(SECRET, id_)
    if secret is None:
        raise Refused("missing", target=f"secret {id_}")
    return secret


def _given_up(group: Resource, reason: str) -> str:
    """What the provider says when the machines of a group do not come, with what they say on their console."""
    wanted, patience = group.inputs["minSize"], group.inputs.get("waitForCapacityTimeout", "10m")
    state = f"want at least {wanted} healthy instance(s) in Auto Scaling Group, have 0"
    told: Any = [each["name"] for each in group.inputs.get("initialLifecycleHooks", ())]
    hook = f"; lifecycle hook {told[0]}: ABANDON" if told else ""
    return (
        f"waiting for Auto Scaling Group ({group.id}) capacity satisfied: timeout while waiting for state to become "
        f"'ok' (last state: '{state}', timeout: {patience}){hook}; the machine's console: polykube-boot failed: "
        f"{reason}"
    )
