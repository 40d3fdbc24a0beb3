"""The resources that a plan (BENCH_PLAN) shows, flat: no component, no stack file, values as literals.

What somebody would write with the same SDKs who knows every value beforehand. A value that the plan does not know
yet stays unknown. What depends on what is stated, but for what follows from the rest.
"""

import importlib
import json
import os
import sys
from pathlib import Path
from typing import Any

import pulumi
from pulumi._types import input_type_py_to_pulumi_names

PROVIDER = "pulumi:providers:"
SECRET = "4dabf18193072939515e22adb298388d"  # noqa: S105 - how the engine marks one
MASKED = "[secret]"  # how a plan writes it
UNKNOWN = "04da6b54-80e4-46f7-96ec-b56ff0331ba9"  # how the engine writes a value that it does not know


def literal(value: Any) -> Any:
    """A value of the plan as the program says it; secrets, which plans mask, are unknown."""
    if isinstance(value, dict):
        return UNKNOWN if SECRET in value else {key: literal(item) for key, item in value.items()}
    if value == MASKED:
        return UNKNOWN
    return [literal(item) for item in value] if isinstance(value, list) else value


def sdk_class(token: str) -> Any:
    """The SDK's class of a resource type; None for what only a cluster knows."""
    package, module, name = token.split(":")
    if module.startswith("index/"):
        return getattr(importlib.import_module(f"pulumi_{package}"), name)
    group = module.split("/")[0].split(".")[0]
    version = module.split("/")[1:] if package == "kubernetes" else []
    try:
        return getattr(
            importlib.import_module(".".join([f"pulumi_{package.replace('-', '_')}", group, *version])), name
        )
    except (ImportError, AttributeError):
        return None


def arguments(sdk: Any, inputs: dict[str, Any]) -> dict[str, Any]:
    """Inputs by the names that the class takes; what the provider has added to them is left out."""
    module = sys.modules[sdk.__module__]
    names = input_type_py_to_pulumi_names(getattr(module, module.__all__[0]))
    given = {name: literal(inputs[wire]) for name, wire in names.items() if wire in inputs}
    return {f"{name}_" if name == "resource_name" else name: value for name, value in given.items()}


made: dict[str, pulumi.Resource] = {}
before: dict[str, set[str]] = {}  # all that a resource waits for, and what that waits for
for index, state in enumerate(json.loads(Path(os.environ["BENCH_PLAN"]).read_text())):
    if not state["custom"]:
        continue
    token, name, inputs = state["type"], f"{state['urn'].rpartition('::')[2]}-{index}", state.get("inputs") or {}
    stated = made.keys() & set(state.get("dependencies") or ())
    implied = set[str]().union(*(before[urn] for urn in stated))
    before[state["urn"]] = stated | implied
    after = [made[urn] for urn in sorted(stated - implied)]
    provider = made.get((state.get("provider") or "").rpartition("::")[0])
    options = pulumi.ResourceOptions(depends_on=after, provider=provider)  # type: ignore[arg-type]
    if token.startswith(PROVIDER):
        known = {key: value for key, value in inputs.items() if key != "kubeconfig" or "KUBECONFIG" not in os.environ}
        made[state["urn"]] = pulumi.ProviderResource(token.removeprefix(PROVIDER), name, literal(known), options)
    else:
        sdk = sdk_class(token)
        made[state["urn"]] = (
            sdk(name, opts=options, **arguments(sdk, inputs))
            if sdk
            else pulumi.CustomResource(token, name, literal(inputs), options)
        )
