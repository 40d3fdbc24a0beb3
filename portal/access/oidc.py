"""Single sign-on by OpenID Connect: the authorization code flow with PKCE (Core 1.0, RFC 7636, RFC 9700).

url, flow = provider.begin(redirect)             # where to send the browser, and what to keep of it until it is back
identity = provider.finish(flow, redirect, url)  # who it is, as the provider signed it
"""

import ssl
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Final
from urllib.parse import urlsplit

import httpx2
from authlib.common.errors import AuthlibBaseError
from authlib.integrations.httpx_client import OAuth2Client
from authlib.oidc.core import CodeIDToken
from joserfc import jwt
from joserfc.errors import JoseError
from joserfc.jwk import KeySet
from pydantic import SecretStr

from portal.access.secrets import made
from portal.data.models import StoredGrant

_ALGORITHMS: Final = ("RS256", "PS256", "ES256", "ES384", "EdDSA")  # signatures by a key of the provider's alone
_LEEWAY: Final = 60  # seconds that the provider's clock may be off
_PATIENCE: Final = 10.0  # seconds for each of its answers
LOOPBACK: Final = ("127.0.0.1", "::1", "localhost")
"""Hosts to which a plain connection leaves this machine nowhere."""


class SignInError(Exception):
    """The provider cannot be asked, or says no; the message is for whoever wants to sign in."""


@dataclass(frozen=True)
class OidcSettings:
    """A provider, as whoever runs the portal knows it.

    `issuer` is its URL, `label` what its button says, `authority` a file with authorities that its certificate may be
    of. Of the groups that it tells in `groups_claim`, those in `grants` bring roles with them.
    """

    issuer: str
    client_id: str
    client_secret: SecretStr
    label: str = "single sign-on"
    scope: str = "openid profile email"
    groups_claim: str = "groups"
    authority: Path | None = None
    grants: Mapping[str, Sequence[StoredGrant]] = field(default_factory=dict)


@dataclass(frozen=True)
class PendingSignIn:
    """What is kept of a sign-in while the browser is at the provider's."""

    state: str
    nonce: str
    verifier: str


@dataclass(frozen=True)
class SignedIn:
    """Who signed in: `subject` never changes at an `issuer`, while names do."""

    issuer: str
    subject: str
    name: str
    groups: Sequence[str]


class Provider:
    """A provider of OpenID Connect."""

    def __init__(self, settings: OidcSettings) -> None:
        self._settings = settings
        _check_secure(settings.issuer)

    def begin(self, redirect: str) -> tuple[str, PendingSignIn]:
        """Where to send a browser that shall come back to `redirect`; SignInError when the provider cannot be asked."""
        flow = PendingSignIn(made(), made(), made())
        with self._client(redirect) as client:
            endpoint = self._told(client)["authorization_endpoint"]
            url, _ = client.create_authorization_url(
                endpoint, state=flow.state, nonce=flow.nonce, code_verifier=flow.verifier
            )
        return url, flow

    def finish(self, flow: PendingSignIn, redirect: str, url: str) -> SignedIn:
        """Who has come back to `url`; SignInError when that is not what the flow began, or the provider says no."""
        try:
            with self._client(redirect) as client:
                told = self._told(client)
                token = client.fetch_token(
                    told["token_endpoint"], authorization_response=url, state=flow.state, code_verifier=flow.verifier
                )
                keys = KeySet.import_key_set(_got(client, told["jwks_uri"]))
                claims = self._claims(token, keys, flow)
                return self._identity({**self._userinfo(client, told, claims), **claims})
        except AuthlibBaseError as error:
            raise SignInError(f"the provider of single sign-on refused: {error.description or error.error}") from None
        except (JoseError, KeyError, ValueError) as error:
            raise SignInError(f"what the provider of single sign-on says cannot be trusted: {error}") from None
        except httpx2.HTTPError as error:
            raise SignInError(_away(self._settings.issuer, error)) from None

    def _claims(self, token: Mapping[str, Any], keys: KeySet, flow: PendingSignIn) -> Mapping[str, Any]:
        """What the ID token says, if it is the provider's, for us, of this sign-in and of now."""
        signed = jwt.decode(token["id_token"], keys, algorithms=_ALGORITHMS)
        ours = {
            "iss": {"essential": True, "value": self._settings.issuer},
            "aud": {"essential": True, "value": self._settings.client_id},
            "nonce": {"essential": True, "value": flow.nonce},
        }
        known = {
            "nonce": flow.nonce,
            "client_id": self._settings.client_id,
            "access_token": token.get("access_token"),
        }
        claims: CodeIDToken = CodeIDToken(signed.claims, signed.header, ours, known)
        claims.validate(leeway=_LEEWAY)
        return dict(claims)

    def _userinfo(self, client: OAuth2Client, told: Mapping[str, Any], claims: Mapping[str, Any]) -> Mapping[str, Any]:
        """What many providers tell of somebody there alone, if it is of the same one (Core 1.0, 5.3.2)."""
        wanted = {"preferred_username", self._settings.groups_claim}
        if wanted <= claims.keys() or "userinfo_endpoint" not in told:
            return {}
        _check_secure(told["userinfo_endpoint"])
        found: Mapping[str, Any] = client.get(told["userinfo_endpoint"]).raise_for_status().json()
        return found if found["sub"] == claims["sub"] else {}

    def _identity(self, claims: Mapping[str, Any]) -> SignedIn:
        name = claims.get("preferred_username") or claims.get("email") or claims["sub"]
        groups = claims.get(self._settings.groups_claim)
        return SignedIn(
            claims["iss"], claims["sub"], str(name), [str(it) for it in groups] if isinstance(groups, list) else []
        )

    def _client(self, redirect: str) -> OAuth2Client:
        verify = ssl.create_default_context(cafile=self._settings.authority) if self._settings.authority else True
        return OAuth2Client(
            client_id=self._settings.client_id,
            client_secret=self._settings.client_secret.get_secret_value(),
            scope=self._settings.scope,
            redirect_uri=redirect,
            code_challenge_method="S256",
            verify=verify,
            timeout=_PATIENCE,
        )

    def _told(self, client: OAuth2Client) -> Mapping[str, Any]:
        """What the provider says of itself (OpenID Connect Discovery 1.0)."""
        try:
            told: Mapping[str, Any] = _got(
                client, f"{self._settings.issuer.rstrip('/')}/.well-known/openid-configuration"
            )
            for endpoint in ("authorization_endpoint", "token_endpoint", "jwks_uri"):
                _check_secure(told[endpoint])
        except (httpx2.HTTPError, ValueError, KeyError, TypeError) as error:
            raise SignInError(_away(self._settings.issuer, error)) from None
        if told.get("issuer") != self._settings.issuer:
            raise SignInError("the provider of single sign-on calls itself otherwise than it is called here")
        return told


def grants_of(identity: SignedIn, settings: OidcSettings) -> list[StoredGrant]:
    """The roles that somebody's groups bring."""
    return [grant for group in identity.groups for grant in settings.grants.get(group, ())]


def _got(client: OAuth2Client, url: str) -> Any:
    return client.request("GET", url, withhold_token=True).raise_for_status().json()


def _check_secure(url: str) -> None:
    """ValueError for what is not TLS, but for this machine itself."""
    parts = urlsplit(url)
    if parts.scheme != "https" and not (parts.scheme == "http" and parts.hostname in LOOPBACK):
        raise ValueError(f"{url} is not https")


def _away(issuer: str, error: Exception) -> str:
    return f"the provider of single sign-on at {issuer} cannot be asked now: {str(error) or type(error).__name__}"
