"""Names of which a cloud refuses what is made of them, after the stack file was accepted.

At the longest names of cluster, pools and tenants that are accepted, and at odd ones, every name of everything that a
stack with all add-ons registers is within the limits of its API, whether a name is of letters or of dashes, which some
APIs do not take; names that are one longer are refused.
"""

import re
import string
from functools import cache
from pathlib import Path
from typing import Any

import pytest
import yaml
from hypothesis import given
from hypothesis import strategies as st

from common.errors import StackFileError
from common.paths import CHECKOUT
from components.naming import HASH, shortened
from spec.problems import Code
from stacks.config import StackSpec
from stacks.loading import load_file
from tests.apis.refusals import refusals
from tests.support.registered import Registered, registered
from tests.support.stack_files import with_add_ons

LONGEST = {"eks-prod": (42, 56), "gke-prod": (40, 33), "aks-prod": (54, 8)}
"""By stack: what is accepted of the name of a cluster, and of a pool."""
TENANT = 63
CASES = CHECKOUT / "tests" / "unit" / "stacks" / "cases"
LETTERS = string.ascii_lowercase + string.digits
WHOLE = st.from_regex(r"[a-z0-9]([-a-z0-9]{0,70}[a-z0-9])?", fullmatch=True)

pytestmark = pytest.mark.usefixtures("bundles")


def name_of(length: int, middle: str = "-") -> str:
    """A name of so many characters, dashes wherever they may be."""
    return ("a" + middle * length)[: length - 1] + "z"


@cache
def config(stack: str) -> Any:
    """A stack file with all the add-ons that it shows."""
    return yaml.safe_load(with_add_ons(stack))


def renamed(stack: str, directory: Path, cluster: str, pool: int, tenant: int, *, karpenter: bool = False) -> StackSpec:
    """The stack with another name for the cluster, one pool and all tenants with the longest ones.

    It has Karpenter instead of cluster-autoscaler if `karpenter` says so.
    """
    content = config(stack)
    tenants = [each["name"] for each in content["config"]["polykube:tenants"]]
    names = {each: f"{name_of(tenant - 1)}{LETTERS[index]}" for index, each in enumerate(tenants)}
    text = yaml.safe_dump(_replaced(content, names))
    changed = yaml.safe_load(text)
    changed["config"]["polykube:cluster"]["name"] = cluster
    pools = [each for each in changed["config"]["polykube:cluster"]["nodePools"] if each["name"] != "system"]
    pools[0]["name"] = name_of(pool, "-" if pool > 8 else "b")
    if karpenter:
        _have_karpenter(changed["config"])
    file = directory / f"Pulumi.{stack}.yaml"
    file.write_text(yaml.safe_dump(changed))
    for each in ("examples", "docs"):
        (directory / each).symlink_to(CHECKOUT / each)
    return load_file(file)


def _have_karpenter(config: Any) -> None:
    config["polykube:cluster"]["autoscaling"] = "karpenter"
    del config["polykube:addons"]["clusterAutoscaler"]
    config["polykube:addons"]["karpenter"] = {"cpu": "100", "memory": "400Gi"}


def _replaced(value: Any, names: dict[str, str]) -> Any:
    """`value` with other names of tenants wherever one stands alone."""
    if isinstance(value, dict):
        return {key: _replaced(each, names) for key, each in value.items()}
    if isinstance(value, list):
        return [_replaced(each, names) for each in value]
    return names.get(value, value) if isinstance(value, str) else value


@pytest.mark.parametrize("middle", ["-", "b"], ids=["dashes", "letters"])
@pytest.mark.parametrize("stack", LONGEST)
def test_the_longest_names_are_taken_by_every_api(stack: str, middle: str, tmp_path: Path) -> None:
    cluster, pool = LONGEST[stack]
    made = registered(renamed(stack, tmp_path, name_of(cluster, middle), pool, TENANT), stack)
    assert refusals(made) == []
    assert kubernetes_refusals(made) == []


def test_the_longest_names_of_karpenter_are_taken_by_every_api(tmp_path: Path) -> None:
    cluster, pool = LONGEST["eks-prod"]
    spec = renamed("eks-prod", tmp_path, name_of(cluster), pool, TENANT, karpenter=True)
    made = registered(spec, "eks-prod")
    assert refusals(made) == []
    assert kubernetes_refusals(made) == []


@pytest.mark.parametrize(
    ("kind", "name"), [("aks", "1--d"), ("aks", "dev"), ("eks", "1--d"), ("eks", "d"), ("gke", "d")]
)
def test_odd_names_are_taken_by_every_api(kind: str, name: str, tmp_path: Path) -> None:
    content = yaml.safe_load((CASES / f"{kind}.ok.smallest.yaml").read_text())
    content["config"]["polykube:cluster"]["name"] = name
    file = tmp_path / "Pulumi.test.yaml"
    file.write_text(yaml.safe_dump(content))
    assert refusals(registered(load_file(file))) == []


@pytest.mark.parametrize("stack", LONGEST)
def test_what_is_one_longer_is_refused(stack: str, tmp_path: Path) -> None:
    cluster, pool = LONGEST[stack]
    with pytest.raises(StackFileError) as refused:
        renamed(stack, tmp_path, name_of(cluster + 1), pool + 1, TENANT)
    problems = [each for each in refused.value.problems if each.code == Code.BAD_NAME.value[0]]
    assert [re.sub(r"\d+", "N", each.where) for each in problems] == [
        "polykube:cluster.name",
        "polykube:cluster.nodePools[N].name",
    ]
    for each, longest in zip(problems, (cluster, pool), strict=True):
        assert re.search(rf"\b{longest}\b", each.allowed)


@given(WHOLE, st.integers(20, 63))
def test_a_shortened_name_fits_is_well_formed_and_tells_apart(name: str, longest: int) -> None:
    short = shortened(name, longest)
    assert len(short) <= longest
    assert re.fullmatch("[a-z0-9]([-a-z0-9]*[a-z0-9])?", short)
    if len(name) <= longest:
        assert short == name
    else:
        assert shortened(f"{name}x", longest) != short
        assert name.startswith(short[: -HASH - 1])


def kubernetes_refusals(made: dict[str, Registered]) -> list[str]:
    """Names and labels that an API server would refuse (k8s.io/apimachinery 0.36, pkg/api/validation)."""
    found = []
    for each in made.values():
        if each.type.startswith("kubernetes:") and "metadata" in each.inputs:
            metadata = each.inputs["metadata"]
            short = each.inputs.get("kind") in ("Namespace", "Service")
            if not 0 < len(metadata.get("name", "x")) <= (63 if short else 253):
                found.append(f"{each.type} {metadata['name']}")
            found += [f"{each.type} label {value}" for value in metadata.get("labels", {}).values() if len(value) > 63]
    return found
