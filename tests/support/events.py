"""Events of the engine as its event log has them, made up."""

from collections.abc import Mapping
from typing import Any

from common.wire import SECRET_SIGNATURE, SIGNATURE

UNKNOWN = "04da6b54-80e4-46f7-96ec-b56ff0331ba9"
SECRET = {SIGNATURE: SECRET_SIGNATURE, "ciphertext": "canary-ciphertext"}
GROUP = "aws:eks/nodeGroup:NodeGroup"


def urn(type_: str, name: str) -> str:
    """The URN of a resource below the stack."""
    return f"urn:pulumi:eks-dev::polykube::{type_}::{name}"


def step(
    op: str,
    type_: str,
    name: str,
    old: Mapping[str, Any] | None = None,
    new: Mapping[str, Any] | None = None,
    **more: Any,
) -> dict[str, Any]:
    """A step of a preview: `old` and `new` are inputs, `more` other fields of its metadata, outputs as `outputs`."""
    outputs, protect, was = more.pop("outputs", {}), more.pop("protect", False), more.pop("was", name)
    state = {"type": type_, "custom": True, "protect": protect, "outputs": outputs, "id": f"id-of-{name}"}
    metadata = {
        "op": op,
        "type": type_,
        "urn": urn(type_, name),
        **({"old": {**state, "urn": urn(type_, was), "inputs": old}} if old is not None else {}),
        **({"new": {**state, "urn": urn(type_, name), "inputs": new}} if new is not None else {}),
        **more,
    }
    return {"resourcePreEvent": {"metadata": metadata, "planning": True}}


def replacing(*paths: str) -> dict[str, Any]:
    """What says that these properties force a replacement."""
    return {"detailedDiff": {path: {"diffKind": "update-replace", "inputDiff": True} for path in paths}}


def updating(*paths: str) -> dict[str, Any]:
    """What says that these properties are changed in place."""
    return {"detailedDiff": {path: {"diffKind": "update", "inputDiff": True} for path in paths}}


def finding(rule: str, message: str, level: str = "mandatory", resource: str = "shop") -> dict[str, Any]:
    """What a policy says of a resource."""
    return {
        "policyEvent": {
            "policyName": rule,
            "message": f"<{{%fg 1%}}>{message}<{{%reset%}}>\n",
            "enforcementLevel": level,
            "resourceUrn": urn("kubernetes:core/v1:Namespace", resource),
        }
    }


def begun(name: str) -> dict[str, Any]:
    """A change of a node group that is begun."""
    metadata = step("update", GROUP, name, {}, {})["resourcePreEvent"]["metadata"]
    return {"resourcePreEvent": {"metadata": metadata, "planning": False}}


def ended(name: str) -> dict[str, Any]:
    """A change of a node group that is done."""
    return {"resOutputsEvent": begun(name)["resourcePreEvent"]}
