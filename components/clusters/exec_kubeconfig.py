"""Kubeconfigs that ask a cloud's own program for a credential each time, and hold none."""

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Final

import pulumi

API: Final = "client.authentication.k8s.io/v1beta1"
"""The version of the API that those programs speak."""


@dataclass(frozen=True)
class Login:
    """The program that prints a credential; `hint` says where to get it, for whoever does not have it."""

    command: str
    arguments: Sequence[str]
    hint: str
    environment: Mapping[str, str] = field(default_factory=dict)
    wants_cluster: bool = False


def exec_kubeconfig(
    name: str, endpoint: pulumi.Input[str], authority: pulumi.Input[str | None], login: Login
) -> pulumi.Output[str]:
    """A kubeconfig as text (JSON, which is YAML) for the cluster `name` at the https address `endpoint`.

    `authority` is the cluster's CA in base64; None where the endpoint has a certificate that everybody trusts.
    """
    arguments = {"command": login.command, "args": list(login.arguments), "installHint": login.hint}
    environment = [{"name": key, "value": value} for key, value in login.environment.items()]
    command = {
        "apiVersion": API,
        "interactiveMode": "IfAvailable",
        "provideClusterInfo": login.wants_cluster,
        **arguments,
        **({"env": environment} if environment else {}),
    }

    def as_text(parts: Sequence[str | None]) -> str:
        server, ca = parts
        cluster = {"server": server, **({"certificate-authority-data": ca} if ca else {})}
        return json.dumps(
            {
                "apiVersion": "v1",
                "kind": "Config",
                "clusters": [{"name": name, "cluster": cluster}],
                "users": [{"name": name, "user": {"exec": command}}],
                "contexts": [{"name": name, "context": {"cluster": name, "user": name}}],
                "current-context": name,
            }
        )

    return pulumi.Output.all(endpoint, authority).apply(as_text)
