"""A kind of cluster that breaks a promise on which everything in it leans (rules in components/contract.py).

The rules run over every registered kind: each kind needs an entry in `SPECS`. What the program registers is
recorded without an engine; tests/e2e runs the same programs under a real one.
"""

import json
from collections.abc import Callable, Iterator
from contextlib import suppress
from typing import Any

import pytest
import yaml

from components.addons import AddOnsSpec
from components.clusters import KINDS, kind_name
from components.contract import Capability, CapabilityMissing, Facility
from rehearsal.control_plane import ControlPlane
from stacks.compose import Composition
from stacks.config import StackSpec
from tests.support.registered import Registered, registered
from tests.support.stack import make_stack
from tests.support.stack_files import CLUSTER_STACKS, load_stack

SPECS: dict[str, Callable[[ControlPlane], dict[str, Any]]] = {
    "local": lambda plane: {
        "kind": "local",
        "name": plane.name,
        "version": "1.36",
        "nodePools": [{"name": "general", "nodes": 2}],
    },
    "existing": lambda plane: {
        "kind": "existing",
        "name": "theirs",
        "version": "1.36",
        "kubeconfig": {"path": str(plane.kubeconfig)},
    },
}
TENANT = {
    "name": "contract",
    "group": "developers",
    "quota": {"pods": 2, "requests": {"cpu": "1", "memory": "1Gi"}, "limits": {"cpu": "2", "memory": "1Gi"}},
    "limitRange": {
        "default": {"cpu": "200m", "memory": "6Mi"},
        "defaultRequest": {"cpu": "100m", "memory": "5Mi"},
    },
}

Planned = dict[str, Registered]


@pytest.fixture(scope="module", params=[*SPECS, *CLUSTER_STACKS])
def spec(request: pytest.FixtureRequest, control_plane: ControlPlane) -> StackSpec:
    """A stack of each kind with one tenant, and those of the clouds as they are."""
    if request.param in CLUSTER_STACKS:
        return load_stack(request.param)
    written = {"stage": "dev", "cluster": SPECS[request.param](control_plane), "tenants": [TENANT]}
    return StackSpec.model_validate({f"polykube:{key}": value for key, value in written.items()})


@pytest.fixture(scope="module")
def planned(spec: StackSpec) -> Planned:
    """What the program registers, by URN."""
    return registered(spec)


def of_type(planned: Planned, type_: str) -> list[Registered]:
    return [resource for resource in planned.values() if resource.type.startswith(type_)]


def ancestors(resource: Registered, planned: Planned) -> Iterator[str]:
    while resource.parent in planned:
        yield resource.parent
        resource = planned[resource.parent]


def test_c1_the_cluster_is_one_component_and_what_the_kind_creates_is_below_it(planned: Planned) -> None:
    (cluster,) = of_type(planned, "polykube:clusters:")
    others = {r.urn for part in ("platform", "stacks") for r in of_type(planned, f"polykube:{part}:")}
    below = {r.urn for r in planned.values() if cluster.urn in ancestors(r, planned)}
    elsewhere = [r.urn for r in planned.values() if r.urn not in below and not others & {r.urn, *ancestors(r, planned)}]
    assert elsewhere == [cluster.urn]
    assert of_type(planned, "pulumi:providers:kubernetes")[0].urn in below


def test_c2_the_kubeconfig_is_a_secret_and_holds_no_credential(planned: Planned) -> None:
    (provider,) = of_type(planned, "pulumi:providers:kubernetes")
    assert provider.secret("kubeconfig")
    for user in yaml.safe_load(provider.inputs["kubeconfig"])["users"]:
        assert not {"token", "password", "client-key-data"} & set(user["user"]) or is_the_machines_own(planned)


def is_the_machines_own(planned: Planned) -> bool:
    """Kubeconfigs that somebody else wrote are handed on as they are."""
    return bool(of_type(planned, "polykube:clusters:LocalCluster") or of_type(planned, "polykube:clusters:Existing"))


def test_c3_the_provider_is_known_by_an_identifier_of_the_cluster(planned: Planned) -> None:
    (provider,) = of_type(planned, "pulumi:providers:kubernetes")
    assert provider.inputs["clusterIdentifier"]


def test_c4_a_kind_can_do_what_its_capabilities_say(spec: StackSpec) -> None:
    assert spec.cluster.capabilities <= set(Capability)
    assert (Capability.NODE_POOLS in spec.cluster.capabilities) == bool(getattr(spec.cluster, "node_pools", ()))


def test_c5_objects_in_the_cluster_use_its_provider_and_those_with_effects_outside_are_deleted_themselves(
    planned: Planned,
) -> None:
    (provider,) = of_type(planned, "pulumi:providers:kubernetes")
    objects = of_type(planned, "kubernetes:")
    assert {each.provider for each in objects} == {provider.urn}
    deleted_with = {planned[urn].type for each in objects if (urn := each.deleted_with)}
    assert len(deleted_with) == (1 if clouds_own(planned) else 0)
    assert all(not each.deleted_with for each in of_type(planned, "kubernetes:core/v1:Namespace"))


def clouds_own(planned: Planned) -> bool:
    return not is_the_machines_own(planned)


def test_c6_a_second_program_registers_the_same_names(spec: StackSpec, planned: Planned) -> None:
    assert set(registered(spec)) == set(planned)


def test_c7_a_cluster_has_a_facility_exactly_when_it_has_its_capability(spec: StackSpec) -> None:
    kinds = Facility.__subclasses__()
    had: list[type[Facility]] = []

    def ask(made: Composition) -> None:
        for kind in kinds:
            with suppress(CapabilityMissing):
                had.append(type(made.cluster.facility(kind)))

    registered(spec.model_copy(update={"addons": AddOnsSpec()}), then=ask)
    assert kinds
    assert had == [kind for kind in kinds if kind.capability in spec.cluster.capabilities]


def test_every_kind_is_under_contract() -> None:
    covered = {*SPECS, *(load_stack(name).cluster.kind for name in CLUSTER_STACKS)}
    assert {kind_name(kind) for kind in KINDS} == covered


def test_a_preview_by_the_engine_shows_nothing_of_the_kubeconfig(
    control_plane: ControlPlane, tmp_path_factory: pytest.TempPathFactory
) -> None:
    stack = make_stack(tmp_path_factory.mktemp("existing"))
    stack.write({"stage": "dev", "cluster": SPECS["existing"](control_plane)})
    server = yaml.safe_load(control_plane.kubeconfig.read_text())["clusters"][0]["cluster"]["server"]
    shown = stack.engine.must("preview", "--stack", "dev", "--diff")
    assert "kubeconfig" in shown
    assert server not in shown + json.dumps(stack.preview())
