"""What single add-ons need of a cluster's cloud; an add-on asks for it by class: `cluster.facility(KarpenterConfig)`.

A cluster has a facility exactly when it has the facility's `capability`, which the add-on states: so an add-on that a
cluster cannot serve is refused before anything is registered (rule C7 of the contract).
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final

import pulumi

from components.contract import Capability, Facility, Grant


@dataclass(frozen=True)
class KarpenterConfig(Facility):
    """What Karpenter needs: rights to create instances, the queue of interruptions, and what all instances have.

    `node` is the part of an EC2NodeClass that follows from the cluster: subnets, security groups, instance profile.
    """

    capability = Capability.MACHINES

    grants: Sequence[Grant]
    queue: pulumi.Output[str]
    node: Mapping[str, Any]


@dataclass(frozen=True)
class PoolScaling(Facility):
    """What cluster-autoscaler needs to resize the cluster's node pools: rights, arguments and variables."""

    capability = Capability.SCALABLE_POOLS

    grants: Sequence[Grant]
    arguments: Sequence[str]
    environment: Mapping[str, str]


@dataclass(frozen=True)
class LoadBalancerControllerConfig(Facility):
    """What AWS Load Balancer Controller needs: rights to create load balancers, and the `region` and the VPC's id
    (`network`) to create them in."""

    capability = Capability.LOAD_BALANCER_CONTROLLER

    grants: Sequence[Grant]
    region: str
    network: pulumi.Output[str]


PROVER: Final = "cert-manager"
"""The user of `Dns` that proves control of names: it writes TXT records only, and is told the id of each zone."""


@dataclass(frozen=True)
class Dns(Facility):
    """The cloud's DNS, as its clients name it.

    `service` is aws, google or azure, and `account` what finds it there. `grants_for(user, zones)` are the rights of
    `user` to change records of the zones with these ids; it may create a policy for them.
    """

    capability = Capability.WORKLOAD_IDENTITY

    service: str
    account: Mapping[str, str]
    grants_for: Callable[[str, Sequence[str]], Sequence[Grant]]
