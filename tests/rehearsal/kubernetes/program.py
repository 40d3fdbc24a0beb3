"""Programs for the engine, and what it says about them."""

import json
from typing import Any

from tests.support.engine import Engine

HEAD = """
import os
import pulumi
import pulumi_kubernetes as k8s

NAMESPACE = os.environ["TEST_NAMESPACE"]
"""
"""How a program starts; what it makes goes into the test's namespace."""


def steps_of(engine: Engine, *arguments: str) -> dict[str, Any]:
    """What a preview would do: resource name → step, without those that stay the same."""
    preview = json.loads(engine.must("preview", "--json", *arguments))
    steps = {step["urn"].rpartition("::")[2]: step for step in preview["steps"]}
    return {name: step for name, step in steps.items() if step["op"] != "same"}


def state_of(engine: Engine) -> dict[str, Any]:
    """The stored resources by name."""
    deployment = json.loads(engine.must("stack", "export"))["deployment"]
    return {resource["urn"].rpartition("::")[2]: resource for resource in deployment.get("resources", ())}
