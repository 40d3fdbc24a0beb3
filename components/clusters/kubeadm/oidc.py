"""People who log in by an issuer of OpenID Connect, as a cluster of kubeadm's is told of it.

AuthenticationConfiguration, apiserver.config.k8s.io/v1 (kubernetes.io/docs/reference/access-authn-authz/authentication,
1.36). The API server reads the file anew when it changes.
"""

from typing import Annotated, Any, Final

from pydantic import Field

from spec.model import Many, StackModel
from spec.text import HttpsUrl

_PREFIX: Final = "oidc:"
_OURS: Final = ("system:", "kubeadm:")  # what groups of Kubernetes' own begin with


class OidcSpec(StackModel):
    """An issuer of OpenID Connect, whose users and groups are the cluster's."""

    issuer: HttpsUrl = Field(description="The issuer, as its tokens have it; control planes reach it at this address.")
    audiences: Annotated[Many[Annotated[str, Field(min_length=1)]], Field(min_length=1)] = Field(
        description="For whom tokens have to be issued: the client's id that the cluster has there."
    )
    username_claim: Annotated[str, Field(min_length=1)] = Field(
        default="sub", description=f"The claim with a user's name, before which the cluster writes `{_PREFIX}`."
    )
    groups_claim: Annotated[str, Field(min_length=1)] = Field(
        default="groups",
        description="The claim with a user's groups: a tenant's `group` is one of them, as it stands. Who has one that "
        "is Kubernetes' own is refused.",
    )

    def jwt(self) -> dict[str, Any]:
        """The issuer as the API server is told of it."""
        foreign = " && ".join(f'!group.startsWith("{each}")' for each in _OURS)
        rule = {"expression": f"user.groups.all(group, {foreign})", "message": "a group of Kubernetes' own"}
        return {
            "issuer": {"url": self.issuer, "audiences": list(self.audiences), **self._matching()},
            "claimMappings": {
                "username": {"claim": self.username_claim, "prefix": _PREFIX},
                "groups": {"claim": self.groups_claim, "prefix": ""},
            },
            "userValidationRules": [rule],
        }

    def _matching(self) -> dict[str, str]:
        return {"audienceMatchPolicy": "MatchAny"} if len(self.audiences) > 1 else {}

    def __str__(self) -> str:
        """As error messages have it."""
        return f"{self.issuer} for {', '.join(self.audiences)}, {self.username_claim}, {self.groups_claim}"
