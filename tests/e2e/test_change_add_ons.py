"""An add-on that is upgraded or taken out, and takes something along that others have, or leaves something behind.

The example stack with every add-on that it can have, some of them older at first; the tests build on each other in the
order in which they stand.
"""

import hashlib
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from automation.bundles import keep, render
from components.addons import bundles
from components.addons.addon import AddOnType
from components.addons.cert_manager import CertManager
from components.addons.ingress import Ingress
from components.addons.tracing import Tracing
from components.naming import component_type
from rehearsal.control_plane import ControlPlane
from tests.support.addons import LOCAL, TEAM, spec_with_add_ons
from tests.support.api import Api
from tests.support.census import Census, until_census_is
from tests.support.stack import PROGRAM, Stack, make_passing_stack

pytestmark = [pytest.mark.drill, pytest.mark.usefixtures("bundles")]

OLDER = {"gateway-api": "1.5.1", "cert-manager": "1.21.0", "snapshots": "8.6.0", "snapshot-controller": "8.6.0"}
KEPT = {  # what an upgrade may change and must not make anew
    "definition": "/apis/apiextensions.k8s.io/v1/customresourcedefinitions/gateways.gateway.networking.k8s.io",
    "gateway": "/apis/gateway.networking.k8s.io/v1/namespaces/istio-ingress/gateways/ingress",
    "route": f"/apis/gateway.networking.k8s.io/v1/namespaces/{TEAM}/httproutes/tasks",
    "issuer": "/apis/cert-manager.io/v1/clusterissuers/self-signed",
    "operator": "/apis/apps/v1/namespaces/cert-manager/deployments/cert-manager",
}
ELSEWHERE: dict[AddOnType, list[str]] = {  # what others have for an add-on only
    Ingress: ["::proven", ".gateway.networking.k8s.io"],  # an issuer that needs it, and what that needs
    Tracing: ["/jaeger-setup", "::logging-jaeger"],  # a user of the store
}
Specs = dict[str, Any]


@pytest.fixture(scope="module")
def older_lock(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A lock with older versions, whose renderings are in the cache."""
    lock = tmp_path_factory.mktemp("older") / "addons.lock"
    text = bundles.LOCK.read_text(encoding="utf-8")
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(bundles, "LOCK", lock)
        for name, version in OLDER.items():
            text = with_entry(text, name, "version", version)
            bundle = read(lock, text)[name]
            rendering = render(bundle)
            text = with_entry(text, name, "sha256", hashlib.sha256(rendering.encode()).hexdigest())
            keep(read(lock, text)[name], rendering)
    bundles.read_bundles.cache_clear()
    return lock


def with_entry(lock: str, name: str, key: str, value: str) -> str:
    changed, times = re.subn(rf'(?ms)(^\[{name}\]$.*?^{key} = ")[^"]*', rf"\g<1>{value}", lock, count=1)
    assert times == 1
    return changed


def read(lock: Path, text: str) -> Any:
    lock.write_text(text, encoding="utf-8")
    bundles.read_bundles.cache_clear()
    return bundles.read_bundles()


@pytest.fixture(scope="module")
def stack(
    control_plane: ControlPlane, tmp_path_factory: pytest.TempPathFactory, before: Census, older_lock: Path
) -> Iterator[Stack]:
    """With the older versions."""
    assert before, "taken before anything is made"
    stack = make_passing_stack(tmp_path_factory.mktemp("changed"))
    older = (
        f"from pathlib import Path\nfrom components.addons import bundles\nbundles.LOCK = Path({str(older_lock)!r})\n"
    )
    stack.engine.write_program(f"{older}bundles.read_bundles.cache_clear()\n{PROGRAM}")
    stack.write(spec_with_add_ons(control_plane.name))
    stack.must_up()
    yield stack
    stack.destroy()


def test_newer_versions_take_the_place_of_older_ones_and_keep_every_object(stack: Stack, api: Api) -> None:
    version = ("metadata", "annotations", "gateway.networking.k8s.io/bundle-version")
    older = {name: api.get(path) for name, path in KEPT.items()}
    assert at(older["definition"], *version) == "v1.5.1"
    stack.engine.write_program(PROGRAM)
    assert lost(stack, []) == {}
    stack.must_up()
    newer = {name: api.get(path) for name, path in KEPT.items()}
    assert at(newer["definition"], *version) == "v1.6.0"
    assert image(older["operator"]).removesuffix("0") == image(newer["operator"]).removesuffix("2")
    assert {name: at(each, "metadata", "uid") for name, each in newer.items()} == {
        name: at(each, "metadata", "uid") for name, each in older.items()
    }
    assert stack.changes() == {}


def lost(stack: Stack, gone: list[AddOnType]) -> dict[str, str]:
    """What would be deleted or made anew besides the add-ons that are to go, and what is theirs; Jobs run again."""
    apart = [component_type("addons", each.__name__) for each in gone]
    aside = [*apart, "networking.k8s.io/v1:NetworkPolicy", f"::{TEAM}/"] if gone else []
    aside += [part for each in gone for part in ELSEWHERE.get(each, ())]
    return {
        urn: op
        for urn, op in stack.changes().items()
        if op not in ("create", "update") and not any(each in urn for each in ("batch/v1:Job", *aside))
    }


def at(manifest: Any, *path: str) -> Any:
    for key in path:
        manifest = manifest[key]
    return manifest


def image(deployment: Any) -> str:
    return str(at(deployment, "spec", "template", "spec")["containers"][0]["image"])


@pytest.mark.parametrize("add_on", LOCAL, ids=lambda add_on: add_on.name)
def test_any_one_goes_without_a_trace_and_comes_back(
    add_on: AddOnType, stack: Stack, control_plane: ControlPlane, api: Api
) -> None:
    whole = spec_with_add_ons(control_plane.name)
    gone = with_dependents(add_on, whole)
    stack.write(without(gone, whole))
    assert lost(stack, gone) == {}
    stack.must_up()
    assert [
        each.name for each in gone for place in each.namespaces if api.find(f"/api/v1/namespaces/{place.name}")
    ] == []
    assert stack.changes() == {}
    stack.write(whole)
    stack.must_up()
    assert stack.changes() == {}


def with_dependents(add_on: AddOnType, spec: Specs) -> list[AddOnType]:
    """It, and those that the stack has and that need it."""
    gone = [add_on]
    for each in LOCAL:
        plan = each(each.spec_type.model_validate(spec["addons"][each.key()]))
        if each not in gone and {*plan.depends_on()} & {other.spec_type for other in gone}:
            gone.append(each)
    return gone


def without(gone: list[AddOnType], spec: Specs) -> Specs:
    """The stack without them; a tenant's routes, and the issuer that asks for its proof by them, go with ingress."""
    addons = {key: options for key, options in spec["addons"].items() if key not in {each.key() for each in gone}}
    tenants = spec["tenants"]
    if Ingress in gone:
        addons |= {key: by_itself(options) for key, options in addons.items() if key == CertManager.key()}
        tenants = [tenant | {"manifests": []} if tenant["name"] == TEAM else tenant for tenant in tenants]
    return spec | {"addons": addons, "tenants": tenants}


def by_itself(options: Specs) -> Specs:
    """Options of cert-manager without the issuer that needs ingress."""
    return options | {"issuers": [each for each in options["issuers"] if "acme" not in each]}


def test_definitions_that_another_add_on_takes_over_stay(stack: Stack, control_plane: ControlPlane, api: Api) -> None:
    whole = spec_with_add_ons(control_plane.name)
    kept = api.get(KEPT["definition"])["metadata"]["uid"]
    addons = whole["addons"]
    stack.write(whole | {"addons": addons | {"certManager": by_itself(addons["certManager"])}})
    assert {urn.rpartition("::")[2] for urn in lost(stack, [])} == {"proven", "cert-manager/cert-manager.proofs-egress"}
    stack.must_up()
    assert api.get(KEPT["definition"])["metadata"]["uid"] == kept
    stack.write(whole)
    stack.must_up()
    assert api.get(KEPT["definition"])["metadata"]["uid"] == kept
    assert stack.changes() == {}


def test_they_leave_nothing_when_the_stack_is_destroyed(
    stack: Stack, control_plane: ControlPlane, before: Census
) -> None:
    stack.destroy()
    until_census_is(control_plane.kubeconfig, before)
