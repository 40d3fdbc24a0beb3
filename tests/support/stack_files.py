"""The stack files of the clouds, which are examples for people and subjects for tests."""

import re
import tempfile
from collections.abc import Collection
from functools import cache
from pathlib import Path
from typing import Any, Final

from common.paths import CHECKOUT
from components.addons import ADDONS
from components.addons.addon import AddOnType
from components.naming import component_type
from stacks.config import StackSpec
from stacks.loading import load_file
from tests.support.registered import Registered, registered

STACKS_WITH_ADD_ONS: Final = ("dev", "eks-prod", "gke-prod", "aks-prod")
CLOUD_STACKS: Final = (
    *("eks-dev", "eks-prod", "gke-dev", "gke-prod", "gke-autopilot", "aks-dev", "aks-prod"),
    "kubeadm-aws",
)
CLUSTER_STACKS: Final = (*CLOUD_STACKS, "kubeadm-hosts")
"""Those whose clusters the program makes."""


@cache
def planned(name: str) -> dict[str, Registered]:
    """What a stack's program registers, by URN; worked out once for all tests."""
    return registered(load_stack(name), name)


def registered_with(stack: str, **options: Any) -> dict[str, Registered]:
    """What one of the stacks registers when it has the add-ons of `options` besides its own, by URN."""
    spec = load_stack(stack)
    chosen = {each.name.replace("-", "_"): each.spec_type.model_validate(options[key]) for key, each in _named(options)}
    return registered(spec.model_copy(update={"addons": spec.addons.model_copy(update=chosen)}), stack)


def of_add_on(stack: str, add_on: str, **options: Any) -> dict[str, Registered]:
    """What one of the stacks registers for an add-on, when it has that one besides its own, by `type::name`."""
    ((_, which),) = _named([add_on])
    within = f"{component_type('addons', which.__name__)}$"
    made = registered_with(stack, **{add_on: options})
    return {f"{each.type}::{each.name}": each for each in made.values() if within in each.urn}


def _named(keys: Collection[str]) -> list[tuple[str, AddOnType]]:
    return [(each.key(), each) for each in ADDONS if each.key() in keys]


def with_add_ons(name: str) -> str:
    """The text of a stack file with the add-ons that it shows switched on, as it says itself how."""
    text = (CHECKOUT / f"Pulumi.{name}.yaml").read_text(encoding="utf-8")
    assert "sed -i 's/^#+ //'" in text
    return re.sub("^#[+] ", "", text, flags=re.MULTILINE)


@cache
def load_with_add_ons(name: str) -> StackSpec:
    """The spec of one of the project's stacks with the add-ons that its file shows."""
    with tempfile.TemporaryDirectory() as scratch:
        file = Path(scratch, f"Pulumi.{name}.yaml")
        file.write_text(with_add_ons(name), encoding="utf-8")
        for each in ("examples", "docs"):
            (file.parent / each).symlink_to(CHECKOUT / each)
        return load_file(file)


def load_stack(name: str) -> StackSpec:
    """The spec of one of the project's stacks."""
    return load_file(CHECKOUT / f"Pulumi.{name}.yaml")
