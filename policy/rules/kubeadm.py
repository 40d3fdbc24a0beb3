"""kubeadm's documents: flags of the control plane and of the kubelet (kubeadm v1beta4 and v1beta3, Kubernetes 1.36)."""

from collections.abc import Iterator, Mapping
from typing import Any, Final

from policy.model.expectations import Expect, Expectations, is_true, not_true, one_of, unmet
from policy.model.resource import Resource
from policy.model.rule import Category, RuleFinding, rule
from policy.model.unknown import present

CLUSTER: Final = "ClusterConfiguration"
_KUBELET: Final = "KubeletConfiguration"
_FLAGS: Final = "apiServer.extraArgs"
_KUBELET_FLAGS: Final[Expectations] = {
    _KUBELET: (
        Expect("authentication.anonymous.enabled", not_true, "the kubelet answers whoever asks", "Set it to false."),
        Expect(
            "authentication.webhook.enabled",
            lambda value: not present(value) or is_true(value),
            "the kubelet does not ask the API server who somebody is",
            "Set it to true.",
        ),
        Expect(
            "authorization.mode",
            one_of(None, "Webhook"),
            "the kubelet does not ask the API server what somebody may do",
            "Set it to Webhook.",
        ),
        Expect("readOnlyPort", one_of(None, 0), "the kubelet answers whoever asks, without TLS", "Set it to 0."),
    ),
}


@rule(
    id="kubeadm-flags",
    category=Category.CLUSTER,
    why="kubeadm's own defaults leave it open",
    kinds={CLUSTER, _KUBELET},
)
def kubeadm_flags(document: Resource) -> Iterator[RuleFinding]:
    """kubeadm's control planes and kubelets know who asks, ask what he may do, and write it down."""
    if document.kind == _KUBELET:
        yield from unmet(document, _KUBELET_FLAGS)
        return
    flags = _api_server_flags(document)
    for name, message, remedy in _wrong_flags(flags):
        yield RuleFinding(document, f"{_FLAGS}[{name}]", message, remedy)


def _wrong_flags(flags: Mapping[str, str]) -> Iterator[tuple[str, str, str]]:
    if flags.get("anonymous-auth") != "false" and "authentication-config" not in flags:
        remedy = "Set it to false, or say in an authentication-config what anybody may ask."
        yield "anonymous-auth", "the API server answers whoever asks", remedy
    modes = flags.get("authorization-mode", "Node,RBAC").split(",")
    if not {"Node", "RBAC"} <= set(modes) or "AlwaysAllow" in modes:
        yield "authorization-mode", f"it is {','.join(modes)}", "Set it to Node,RBAC."
    if "NodeRestriction" not in flags.get("enable-admission-plugins", "NodeRestriction").split(","):
        yield "enable-admission-plugins", "nodes may change each other's objects", "Add NodeRestriction."
    if "NodeRestriction" in flags.get("disable-admission-plugins", "").split(","):
        yield "disable-admission-plugins", "nodes may change each other's objects", "Remove NodeRestriction."
    for name in ("audit-policy-file", "audit-log-path"):
        if not flags.get(name) and "audit-webhook-config-file" not in flags:
            yield name, "no audit log is kept", "Name a file."


def unencrypted_secrets(document: Resource) -> Iterator[RuleFinding]:
    """A finding where etcd would hold Secrets in the clear."""
    if not _api_server_flags(document).get("encryption-provider-config"):
        message = "Secrets are not encrypted in etcd"
        yield RuleFinding(
            document, f"{_FLAGS}[encryption-provider-config]", message, "Name an EncryptionConfiguration."
        )


def _api_server_flags(document: Resource) -> Mapping[str, str]:
    """The flags that kubeadm adds to its own; v1beta3 has them as a mapping."""
    extra: Any = (document.properties.get("apiServer") or {}).get("extraArgs") or {}
    items = extra.items() if isinstance(extra, Mapping) else ((it["name"], it.get("value")) for it in extra)
    return {str(name): str(value or "") for name, value in items}
