"""A second stack in a cloud's cluster says what that brings: the page that shows it has to say what the kinds say."""

from pathlib import Path
from typing import Any

import pytest
import yaml

from components.clusters.base import ClusterBase
from components.clusters.existing import ExistingSpec
from components.contract import BuiltIn
from stacks.loading import load_file
from tests.support.pages import shown_in
from tests.support.registered import registered
from tests.support.stack_files import load_stack

SHOWN = shown_in("guide/private-clusters.md")
FILES = ("Pulumi.shop-cluster.yaml", "Pulumi.shop.yaml")


def load(directory: Path, name: str, content: dict[str, Any]) -> Any:
    file = directory / name
    file.write_text(yaml.safe_dump(content))
    return load_file(file)


@pytest.mark.parametrize("kind", ["eks", "gke", "aks"])
def test_what_the_page_says_of_a_kind_is_what_the_kind_says(kind: str, tmp_path: Path) -> None:
    content = SHOWN["Pulumi.shop.yaml"]
    content["config"]["polykube:cluster"]["brings"] = SHOWN[kind]["brings"]
    said = load(tmp_path, "Pulumi.shop.yaml", content).cluster
    assert isinstance(said, ExistingSpec)
    assert said.brings.load_balancers is not None
    spec, made = load_stack(f"{kind}-dev"), list[ClusterBase]()
    registered(spec, f"{kind}-dev", then=lambda composition: made.append(composition.cluster))
    (cluster,) = made
    assert cluster.block_storage is not None
    assert said.capabilities <= spec.cluster.capabilities
    assert said.built_in == spec.cluster.built_in & {BuiltIn.SNAPSHOTS, BuiltIn.GATEWAY_API}
    assert said.brings.block_storage == cluster.block_storage.driver
    assert said.brings.load_balancers.internal == cluster.load_balancing.internal
    assert said.brings.load_balancers.external == cluster.load_balancing.external
    assert (said.brings.network_plugins or ClusterBase.network_plugins) == cluster.network_plugins


def test_the_two_stacks_of_the_page_go_together(tmp_path: Path) -> None:
    made, filled = (load(tmp_path, name, SHOWN[name]) for name in FILES)
    assert made.contents == ()
    assert filled.cluster.stack_reference.stack == "organization/polykube/shop-cluster"
    assert filled.cluster.version == made.cluster.version
