"""An upgrade in which a tenant gets its sidecars from the wrong istiod, or that leaves something of the canary behind.

The example stack with two istiods, both of which really run; the tests build on each other in the order in which they
stand.
"""

from collections.abc import Iterator
from contextlib import ExitStack, closing

import pytest

from rehearsal.control_plane import ControlPlane
from tests.support.addons import TEAM, spec_with_add_ons
from tests.support.api import Api
from tests.support.census import Census, until_census_is
from tests.support.istiod import Istiod, running_istiod, webhooks_for
from tests.support.objects import pod
from tests.support.stack import Stack, make_passing_stack

pytestmark = [pytest.mark.drill, pytest.mark.usefixtures("bundles")]

SIDECAR = {"cpu": "10m", "memory": "5Mi"}
ISTIO = {"tenants": [TEAM, "shop"], "sidecar": SIDECAR}
REVISIONS = ("", "canary")


def write(stack: Stack, cluster: str, **istio: object) -> None:
    spec = spec_with_add_ons(cluster)
    tenants = [tenant | {"manifests": []} for tenant in spec["tenants"]]
    stack.write(spec | {"tenants": tenants, "addons": {"istio": ISTIO | istio}})


@pytest.fixture(scope="module")
def stack(control_plane: ControlPlane, tmp_path_factory: pytest.TempPathFactory, before: Census) -> Iterator[Stack]:
    assert before, "taken before anything is made"
    stack = make_passing_stack(tmp_path_factory.mktemp("canary"))
    write(stack, control_plane.name)
    stack.must_up()
    yield stack
    stack.destroy()


@pytest.fixture(scope="class")
def istiods(
    stack: Stack, control_plane: ControlPlane, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[tuple[Istiod, Istiod]]:
    """Both, on a stack that has got a canary for one of its tenants."""
    write(stack, control_plane.name, canary={"tenants": [TEAM]})
    assert set(stack.changes().values()) == {"create", "update"}
    stack.must_up()
    with ExitStack() as both:
        api = both.enter_context(closing(Api(control_plane.kubeconfig)))
        first, canary = [
            both.enter_context(
                running_istiod(control_plane.kubeconfig, tmp_path_factory.mktemp("istiod"), api, revision)
            )
            for revision in REVISIONS
        ]
        yield first, canary


class TestTwoIstiods:
    """Both run; they end before the rest goes."""

    def test_each_tenant_gets_its_sidecars_from_the_istiod_that_it_is_pinned_to(
        self, istiods: tuple[Istiod, Istiod], stack: Stack, api: Api
    ) -> None:
        for istiod, tenant in zip(istiods, ("shop", TEAM), strict=True):
            injected = istiod.inject(pod(tenant, "web"), api)
            admitted = api.post(f"/api/v1/namespaces/{tenant}/pods?dryRun=All", injected)
            (proxy,) = [each for each in admitted["spec"]["containers"] if each["name"] == "istio-proxy"]
            assert f"{istiod.service}.istio-system.svc:15012" in str(proxy["env"])
            assert istiod.mesh_config()["connectTimeout"] == "5s"
        assert webhooks_for(pod("lab", "web"), api) == []
        assert set(stack.changes().values()) == set()

    def test_the_canary_goes_when_all_have_moved_and_its_tenants_are_the_first_ones_again(
        self, istiods: tuple[Istiod, Istiod], stack: Stack, api: Api, control_plane: ControlPlane
    ) -> None:
        write(stack, control_plane.name)
        stack.must_up()
        first, _ = istiods
        assert "istio-proxy" in str(first.inject(pod(TEAM, "web"), api)["spec"])
        for kind in ("apps/v1/namespaces/istio-system/deployments", "rbac.authorization.k8s.io/v1/clusterroles"):
            assert not [each for each in api.list(f"/apis/{kind}") if "canary" in each["metadata"]["name"]]


def test_it_leaves_nothing_when_the_stack_is_destroyed(
    stack: Stack, control_plane: ControlPlane, before: Census
) -> None:
    stack.destroy()
    until_census_is(control_plane.kubeconfig, before)
