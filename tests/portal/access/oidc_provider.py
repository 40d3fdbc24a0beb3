"""A provider of OpenID Connect on loopback: pyop, which was made apart from the client that is tried at it."""

import ssl
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from functools import cache
from pathlib import Path
from typing import Any
from urllib.parse import urlencode

import joserfc.jwk
import joserfc.jwt
from Cryptodome.PublicKey import RSA
from cryptography.hazmat.primitives.asymmetric import rsa
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat
from jwkest.jwk import RSAKey
from pyop.authz_state import AuthorizationState
from pyop.exceptions import InvalidAuthenticationRequest, OAuthError
from pyop.provider import Provider
from pyop.subject_identifier import HashBasedSubjectIdentifierFactory
from pyop.userinfo import Userinfo

from rehearsal.control_plane.pki import Pki
from tests.support.json_server import Answer, Request, serving

_KID = "of today"
CLIENT, SECRET = "portal", "the portal's secret"


@dataclass
class Played:
    """The provider: `user` is who sits at the browser, `claims` and `userinfo` are what it tells of them besides.

    `told` is what it says of itself otherwise. `change` is done to what it answers for a code, and `sign` is its
    signature.
    """

    issuer: str
    authority: Path
    key: RSA.RsaKey
    user: str = "ada"
    claims: dict[str, Any] = field(default_factory=dict)
    userinfo: dict[str, Any] = field(default_factory=dict)
    told: dict[str, Any] = field(default_factory=dict)
    change: Callable[[dict[str, Any]], None] = lambda _: None

    def sign(self, claims: dict[str, Any]) -> str:
        """A token with these claims that the provider signed."""
        key = joserfc.jwk.RSAKey.import_key(self.key.export_key())
        return joserfc.jwt.encode({"alg": "RS256", "kid": _KID}, claims, key)


@contextmanager
def provider(redirect: str, directory: Path) -> Iterator[Played]:
    """A provider that knows the portal as CLIENT with SECRET, and sends browsers back to `redirect` alone."""
    pki = Pki(directory)
    pki.ensure()
    tls = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    tls.load_cert_chain(pki.certificate("kube-apiserver"), pki.key("kube-apiserver"))
    state: dict[str, Any] = {}

    def answer(request: Request) -> Answer:
        return _answer(state["played"], state["provider"], request)

    with serving(answer, tls) as port:
        issuer = f"https://localhost:{port}"
        key = _key()
        state["played"] = Played(issuer, pki.certificate("ca"), key)
        state["provider"] = _made(issuer, redirect, key)
        yield state["played"]


@cache
def _key() -> RSA.RsaKey:
    """A key, by OpenSSL: pycryptodome needs many seconds for one."""
    made = rsa.generate_private_key(65537, 2048)
    return RSA.import_key(made.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption()))


def _made(issuer: str, redirect: str, key: RSA.RsaKey) -> Provider:
    client = {
        "client_secret": SECRET,
        "redirect_uris": [redirect],
        "response_types": ["code"],
        "token_endpoint_auth_method": "client_secret_basic",
    }
    users = Userinfo({name: {"preferred_username": name} for name in ("ada", "bob")})
    about = {
        "issuer": issuer,
        "authorization_endpoint": f"{issuer}/authorize",
        "token_endpoint": f"{issuer}/token",
        "jwks_uri": f"{issuer}/keys",
        "userinfo_endpoint": f"{issuer}/userinfo",
        "scopes_supported": ["openid", "profile", "email"],
        "response_types_supported": ["code"],
        "subject_types_supported": ["public"],
    }
    signing = RSAKey(key=key, kid=_KID, alg="RS256", use="sig")
    state = AuthorizationState(HashBasedSubjectIdentifierFactory("salt"))
    return Provider(signing, about, state, {CLIENT: client}, users)


def _answer(played: Played, provider: Provider, request: Request) -> Answer:
    query = {key: values[0] for key, values in request.query.items()}
    match request.path:
        case "/.well-known/openid-configuration":
            return Answer(200, {**provider.provider_configuration.to_dict(), **played.told})
        case "/keys":
            return Answer(200, provider.jwks)
        case "/authorize":
            try:
                asked = provider.parse_authentication_request(urlencode(query))
            except InvalidAuthenticationRequest as error:
                return Answer(400, {"error": str(error)})
            back = provider.authorize(asked, played.user)
            return Answer(302, {}, {"Location": back.request(asked["redirect_uri"], False)})
        case "/token":
            return _token(provider, request, played)
        case "/userinfo":
            found = provider.handle_userinfo_request(http_headers=dict(request.headers)).to_dict()
            return Answer(200, {**found, **played.userinfo})
    return Answer(404, {})


def _token(provider: Provider, request: Request, played: Played) -> Answer:
    headers: Mapping[str, str] = dict(request.headers)
    try:
        found = provider.handle_token_request(request.content.decode(), headers, played.claims).to_dict()
    except OAuthError as error:
        return Answer(400, {"error": error.oauth_error, "error_description": str(error)})
    except Exception as error:  # noqa: BLE001 - pyop's refusal of a client is none of OAuthError
        return Answer(401, {"error": "invalid_client", "error_description": str(error)})
    played.change(found)
    return Answer(200, found)
