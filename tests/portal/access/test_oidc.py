"""Single sign-on, at a provider on loopback that was made apart from our client."""

import base64
import json
import ssl
import time
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import httpx2
import pytest
from joserfc import jwt
from joserfc.jwk import RSAKey
from pydantic import SecretStr

from portal.access.oidc import OidcSettings, Provider, SignedIn, SignInError, grants_of
from portal.access.tokens import limit_of
from portal.data.roles import Role
from tests.portal.access.oidc_provider import CLIENT, SECRET, Played, provider

REDIRECT = "http://portal.test/login/oidc/callback"


@pytest.fixture
def played(tmp_path: Path) -> Iterator[Played]:
    """The provider."""
    with provider(REDIRECT, tmp_path) as running:
        yield running


def _ours(played: Played, **settings: Any) -> Provider:
    known = OidcSettings(played.issuer, CLIENT, SecretStr(SECRET), authority=played.authority)
    return Provider(replace(known, **settings))


def _browser(played: Played, url: str) -> str:
    """Where the provider sends a browser that comes to `url`."""
    answer = httpx2.get(url, verify=ssl.create_default_context(cafile=played.authority))
    assert answer.status_code == 302, answer.text
    return answer.headers["Location"]


def _signed_in(played: Played, **settings: Any) -> SignedIn:
    ours = _ours(played, **settings)
    url, flow = ours.begin(REDIRECT)
    return ours.finish(flow, REDIRECT, _browser(played, url))


def test_who_signs_in_is_told_with_groups(played: Played) -> None:
    played.claims = {"groups": ["platform", "others"]}
    found = _signed_in(played)
    assert (found.issuer, found.name, found.groups) == (played.issuer, "ada", ["platform", "others"])
    admin = limit_of(Role.ADMIN)
    settings = OidcSettings(played.issuer, CLIENT, SecretStr(SECRET), grants={"platform": [admin]})
    assert grants_of(found, settings) == [admin]


def test_what_userinfo_tells_of_somebody_else_does_not_count(played: Played) -> None:
    played.userinfo = {"sub": "somebody else", "preferred_username": "root", "groups": ["platform"]}
    found = _signed_in(played)
    assert (found.name, found.groups) == (found.subject, [])


def test_a_subject_stays_while_the_name_changes(played: Played) -> None:
    first = _signed_in(played)
    played.userinfo = {"preferred_username": "ada.lovelace"}
    second = _signed_in(played)
    assert second.name == "ada.lovelace"
    assert second.subject == first.subject


def test_a_state_of_somebody_else_is_refused(played: Played) -> None:
    """Login CSRF: a code that an attacker's browser got, sent to the victim's."""
    ours = _ours(played)
    url, _ = ours.begin(REDIRECT)
    _, victims = ours.begin(REDIRECT)
    with pytest.raises(SignInError):
        ours.finish(victims, REDIRECT, _browser(played, url))


def test_a_state_that_the_browser_did_not_begin_with_is_refused(played: Played) -> None:
    ours = _ours(played)
    url, flow = ours.begin(REDIRECT)
    with pytest.raises(SignInError, match="refused"):
        ours.finish(replace(flow, state="another"), REDIRECT, _browser(played, url))


def test_a_code_without_its_verifier_is_refused(played: Played) -> None:
    """A stolen code is worth nothing (PKCE)."""
    ours = _ours(played)
    url, flow = ours.begin(REDIRECT)
    with pytest.raises(SignInError, match="refused"):
        ours.finish(replace(flow, verifier="x" * 43), REDIRECT, _browser(played, url))


def test_a_code_counts_once(played: Played) -> None:
    ours = _ours(played)
    url, flow = ours.begin(REDIRECT)
    back = _browser(played, url)
    ours.finish(flow, REDIRECT, back)
    with pytest.raises(SignInError, match="refused"):
        ours.finish(flow, REDIRECT, back)


def test_a_replayed_id_token_is_refused(played: Played) -> None:
    """One of another sign-in has another nonce."""
    tokens: list[str] = []
    played.change = lambda found: tokens.append(found["id_token"])
    _signed_in(played)
    played.change = lambda found: found.update(id_token=tokens[0])
    with pytest.raises(SignInError, match="cannot be trusted"):
        _signed_in(played)


def _claims(token: str) -> dict[str, Any]:
    body = token.split(".")[1]
    claims: dict[str, Any] = json.loads(base64.urlsafe_b64decode(body + "=" * (-len(body) % 4)))
    return claims


@pytest.mark.parametrize("algorithm", ["RS256", "none"])
def test_a_token_that_the_provider_did_not_sign_is_refused(played: Played, algorithm: str) -> None:
    def forge(found: dict[str, Any]) -> None:
        claims = _claims(found["id_token"])
        key = RSAKey.generate_key(2048)
        if algorithm == "none":
            head = base64.urlsafe_b64encode(b'{"alg":"none"}').rstrip(b"=").decode()
            found["id_token"] = f"{head}.{found['id_token'].split('.')[1]}."
        else:
            found["id_token"] = jwt.encode({"alg": "RS256", "kid": "of today"}, claims, key)

    played.change = forge
    with pytest.raises(SignInError, match="cannot be trusted"):
        _signed_in(played)


@pytest.mark.parametrize(
    "claims", [{"aud": ["somebody-else"]}, {"iss": "https://evil.test"}, {"exp": int(time.time()) - 3600}]
)
def test_a_token_for_others_of_others_or_of_yesterday_is_refused(played: Played, claims: dict[str, Any]) -> None:
    played.change = lambda found: found.update(id_token=played.sign(_claims(found["id_token"]) | claims))
    with pytest.raises(SignInError, match="cannot be trusted"):
        _signed_in(played)


def test_a_wrong_client_secret_is_told(played: Played) -> None:
    with pytest.raises(SignInError, match="refused"):
        _signed_in(played, client_secret=SecretStr("another"))


def test_a_provider_that_is_away_is_told(played: Played) -> None:
    ours = _ours(played, issuer="https://localhost:9")
    with pytest.raises(SignInError, match="cannot be asked now"):
        ours.begin(REDIRECT)


def test_a_provider_that_calls_itself_otherwise_is_refused(played: Played) -> None:
    played.told = {"issuer": "https://evil.test"}
    with pytest.raises(SignInError, match="calls itself otherwise"):
        _ours(played).begin(REDIRECT)


def test_plain_http_is_refused_but_on_this_machine(played: Played) -> None:
    with pytest.raises(ValueError, match="not https"):
        _ours(played, issuer="http://sso.example.com")
    played.told = {"token_endpoint": "http://sso.example.com/token"}
    with pytest.raises(SignInError):
        _ours(played).begin(REDIRECT)
