"""The stack files of the clouds, which are examples for people and subjects for tests."""

from functools import cache
from typing import Any, Final

from common.paths import CHECKOUT
from components.addons import ADDONS
from components.addons.order import field
from components.naming import component_type
from stacks.config import StackSpec
from stacks.loading import load_file
from tests.support.registered import Registered, registered

CLOUD_STACKS: Final = ("eks-dev", "eks-prod", "gke-dev", "gke-prod", "gke-autopilot", "aks-dev", "aks-prod")


@cache
def planned(name: str) -> dict[str, Registered]:
    """What a stack's program registers, by URN; worked out once for all tests."""
    return registered(load_stack(name), name)


def of_add_on(stack: str, add_on: str, **options: Any) -> dict[str, Registered]:
    """What one of the stacks registers for an add-on, when it has that one besides its own, by `type::name`."""
    spec = load_stack(stack)
    (which,) = (each for each in ADDONS if field(each) == add_on)
    chosen = spec.addons.model_copy(update={which.name.replace("-", "_"): which.spec_type.model_validate(options)})
    made = registered(spec.model_copy(update={"addons": chosen}), stack)
    within = f"{component_type('addons', which.__name__)}$"
    return {f"{each.type}::{each.name}": each for each in made.values() if within in each.urn}


def load_stack(name: str) -> StackSpec:
    """The spec of one of the project's stacks."""
    return load_file(CHECKOUT / f"Pulumi.{name}.yaml")
