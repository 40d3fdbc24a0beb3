"""Rehearsed nodes that have something else than the program counts on."""

from collections.abc import Callable

import pytest

from components.clusters.aks.facts import FACTS as AKS
from components.clusters.eks.facts import FACTS as EKS
from components.clusters.gke.facts import FACTS as GKE
from components.clusters.managed import Facts
from rehearsal.providers.clouds import machines
from rehearsal.providers.clouds.behaviour import Refused

KINDS = [(EKS, machines.aws), (GKE, machines.gcp), (AKS, machines.azure)]


@pytest.mark.parametrize(("facts", "find"), KINDS, ids=["eks", "gke", "aks"])
def test_a_node_has_what_our_tables_say_of_its_machine(
    facts: Facts, find: Callable[[str], machines.InstanceType]
) -> None:
    for name, ours in facts.machines.items():
        played = machines.known(find, name)
        assert (name, ours.cpus, ours.memory, ours.architecture, ours.gpus) == (
            name,
            played.cpus,
            played.memory,
            played.architecture,
            played.gpus,
        )


def test_a_machine_that_nobody_knows_is_refused_by_name() -> None:
    with pytest.raises(Refused) as refused:
        machines.known(machines.aws, "p5.huge")
    assert "p5.huge" in refused.value.words["reason"]
