"""Bootstrap tokens: what a machine says so that the API server signs its kubelet's first certificate, and no more.

One of the program's holds as long as the administrator's credential, and the same `up` makes both anew; machines that
are there already do not need it any more. kubernetes.io/docs/reference/access-authn-authz/bootstrap-tokens, 1.36.
"""

from dataclasses import dataclass
from typing import Final

import pulumi
import pulumi_kubernetes as kubernetes
import pulumi_random as random

_NAMESPACE: Final = "kube-system"
_GROUP: Final = "system:bootstrappers:kubeadm:default-node-token"
_PARTS: Final = {"id": 6, "secret": 16}
"""How many characters each part has."""


@dataclass(frozen=True)
class Token:
    """A token, in its two parts, and until when it holds (RFC 3339)."""

    id: pulumi.Output[str]
    secret: pulumi.Output[str]
    until: pulumi.Output[str]

    @property
    def text(self) -> pulumi.Output[str]:
        """As machines say it; a secret."""
        return pulumi.Output.secret(pulumi.Output.concat(self.id, ".", self.secret))


def make_token(name: str, given: str | None, until: pulumi.Output[str], parent: pulumi.Resource) -> Token:
    """The token that somebody has `given`, or one that is made anew whenever `until` changes."""
    if given is not None:
        name, _, rest = given.partition(".")
        return Token(pulumi.Output.from_input(name), pulumi.Output.secret(rest), until)
    id_, secret = (_random(f"{name}-token-{part}", size, until, parent) for part, size in _PARTS.items())
    return Token(pulumi.Output.unsecret(id_), secret, until)  # the first part is a name


def _random(name: str, length: int, until: pulumi.Output[str], parent: pulumi.Resource) -> pulumi.Output[str]:
    options = pulumi.ResourceOptions(parent=parent)
    made = random.RandomPassword(
        name, length=length, special=False, upper=False, keepers={"until": until}, opts=options
    )
    return made.result


def let_join(token: Token, options: pulumi.ResourceOptions) -> kubernetes.core.v1.Secret:
    """Make the token known to the cluster; machines of it come after what is returned."""
    return kubernetes.core.v1.Secret(
        f"{_NAMESPACE}/bootstrap-token",
        metadata=kubernetes.meta.v1.ObjectMetaArgs(
            name=pulumi.Output.concat("bootstrap-token-", token.id), namespace=_NAMESPACE
        ),
        type="bootstrap.kubernetes.io/token",
        string_data=pulumi.Output.secret(
            {
                "token-id": token.id,
                "token-secret": token.secret,
                "expiration": token.until,
                "usage-bootstrap-authentication": "true",
                "usage-bootstrap-signing": "true",
                "auth-extra-groups": _GROUP,
            }
        ),
        opts=options,
    )
