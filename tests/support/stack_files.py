"""The stack files of the clouds, which are examples for people and subjects for tests."""

from functools import cache
from typing import Final

from common.paths import CHECKOUT
from stacks.config import StackSpec
from stacks.loading import load_file
from tests.support.registered import Registered, registered

CLOUD_STACKS: Final = ("eks-dev", "eks-prod", "gke-dev", "gke-prod", "gke-autopilot", "aks-dev", "aks-prod")


@cache
def planned(name: str) -> dict[str, Registered]:
    """What a stack's program registers, by URN; worked out once for all tests."""
    return registered(load_stack(name), name)


def load_stack(name: str) -> StackSpec:
    """The spec of one of the project's stacks."""
    return load_file(CHECKOUT / f"Pulumi.{name}.yaml")
