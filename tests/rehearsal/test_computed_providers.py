"""Programs that use `random` and `tls` run through the real engine with the stand-ins.

Guards against what only the engine shows: a second preview that finds changes, secrets in the state file,
replacements that do not happen, refusals that do not reach the user, and resources that outlive a destroy.
"""

import json
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from tests.support.engine import Engine

EVERYTHING = """
import pulumi
import pulumi_random as random
import pulumi_tls as tls

password = random.RandomPassword("password", length=20, min_special=2, keepers={"epoch": pulumi.Output.secret("k")})
random.RandomBytes("bytes", length=16)
random.RandomId("id", byte_length=8, prefix="id-")
random.RandomInteger("integer", min=1, max=6)
random.RandomPet("pet", prefix="test")
random.RandomShuffle("shuffle", inputs=["a", "b", "c"], result_count=2)
random.RandomString("string", length=8)
random.RandomUuid("uuid")
random.RandomUuid4("uuid4")
random.RandomUuid7("uuid7")

ca_key = tls.PrivateKey("ca-key", algorithm="ECDSA", ecdsa_curve="P256")
ca = tls.SelfSignedCert(
    "ca",
    private_key_pem=ca_key.private_key_pem,
    subject={"common_name": "Test CA"},
    is_ca_certificate=True,
    allowed_uses=["cert_signing"],
    validity_period_hours=48,
    early_renewal_hours=12,
)
key = tls.PrivateKey("key", algorithm="ED25519")
request = tls.CertRequest("request", private_key_pem=key.private_key_pem, dns_names=["api.test"])
leaf = tls.LocallySignedCert(
    "leaf",
    ca_cert_pem=ca.cert_pem,
    ca_private_key_pem=ca_key.private_key_pem,
    cert_request_pem=request.cert_request_pem,
    allowed_uses=["server_auth"],
    validity_period_hours=24,
)
pulumi.export("password", password.result)
pulumi.export("bcrypt", password.bcrypt_hash)
pulumi.export("ca-key", ca_key.private_key_pem)
pulumi.export("key", key.private_key_openssh)
pulumi.export("leaf", leaf.cert_pem)
pulumi.export("public", tls.get_public_key_output(private_key_pem=key.private_key_pem).public_key_openssh)
pulumi.export("issuer", tls.get_certificate_output(content=leaf.cert_pem).certificates[0].issuer)
"""


def test_a_program_with_every_resource_settles_at_once_and_leaves_nothing(engine: Engine) -> None:
    engine.write_program(EVERYTHING)
    assert "+ 16 to create" in engine.must("preview")
    engine.must("up", "--yes", "--skip-preview")
    outputs = _outputs(engine)
    assert outputs["issuer"] == "CN=Test CA"
    assert outputs["public"].startswith("ssh-ed25519 ")
    engine.must("preview", "--expect-no-changes")
    engine.must("refresh", "--yes", "--skip-preview", "--expect-no-changes")
    assert _outputs(engine) == outputs
    engine.must("destroy", "--yes", "--skip-preview")
    assert "resources" not in _state(engine)


def test_no_secret_reaches_the_state_in_plain_text(engine: Engine) -> None:
    engine.write_program(EVERYTHING)
    engine.must("up", "--yes", "--skip-preview")
    stored = engine.must("stack", "export")
    secrets = [_outputs(engine)[name] for name in ("password", "bcrypt", "ca-key", "key")]
    assert all(len(secret) >= 20 for secret in secrets)
    for secret in secrets:
        assert json.dumps(secret)[1:-1] not in stored
    assert "PRIVATE KEY" not in stored
    assert json.dumps(_outputs(engine)["leaf"])[1:-1] in stored  # the same search finds what is public


def test_a_changed_input_replaces_the_resource_and_those_made_from_it(engine: Engine) -> None:
    engine.write_program(EVERYTHING)
    engine.must("up", "--yes", "--skip-preview")
    before = _outputs(engine)
    changed = EVERYTHING.replace("length=20", "length=24").replace('ecdsa_curve="P256"', 'ecdsa_curve="P384"')
    engine.write_program(changed)
    assert _steps(engine) == {"replace": {"password", "ca-key", "ca", "leaf"}}
    engine.must("up", "--yes", "--skip-preview")
    after = _outputs(engine)
    assert len(after["password"]) == 24
    assert {name for name in after if after[name] == before[name]} == {"key", "public", "issuer"}


def test_ignored_and_in_place_changes_keep_the_resource(engine: Engine) -> None:
    ignoring = '"string", opts=pulumi.ResourceOptions(ignore_changes=["length"]), length='
    program = EVERYTHING.replace('"string", length=', ignoring)
    engine.write_program(program)
    engine.must("up", "--yes", "--skip-preview")
    changed = program.replace(f"{ignoring}8", f"{ignoring}9").replace("early_renewal_hours=12", "early_renewal_hours=6")
    engine.write_program(changed)
    assert _steps(engine) == {"update": {"ca"}}


@pytest.mark.parametrize("refresh", [False, True])
def test_a_certificate_close_to_its_end_is_replaced(engine: Engine, refresh: bool) -> None:
    engine.write_program(EVERYTHING)
    engine.must("up", "--yes", "--skip-preview")
    deployment = json.loads(engine.must("stack", "export"))
    (ca,) = (r for r in deployment["deployment"]["resources"] if r["urn"].endswith("::ca"))
    ca["outputs"]["validityEndTime"] = (datetime.now(UTC) + timedelta(hours=11)).isoformat()
    engine.must("stack", "import", stdin=json.dumps(deployment))
    if refresh:
        engine.must("refresh", "--yes", "--skip-preview")
        assert _resource(engine, "ca")["outputs"]["readyForRenewal"] is True
    assert _steps(engine) == {"replace": {"ca", "leaf"}}
    assert "readyForRenewal" in engine.must("preview", "--diff")
    engine.must("up", "--yes", "--skip-preview")
    assert _resource(engine, "ca")["outputs"]["readyForRenewal"] is False


def test_a_password_is_taken_over_by_import(engine: Engine) -> None:
    engine.write_program(
        """
import pulumi
import pulumi_random as random
taken = random.RandomPassword("taken", length=7, opts=pulumi.ResourceOptions(import_="hunter2"))
pulumi.export("length", taken.result.apply(len))
pulumi.export("looked-up", random.RandomInteger.get("found", "3,1,9").result)
"""
    )
    assert "= 1 imported" in engine.must("up", "--yes", "--skip-preview")
    assert _outputs(engine) == {"length": 7, "looked-up": 3}
    assert "hunter2" not in json.dumps(_resource(engine, "taken")["outputs"])


MISTAKES = [
    ('random.RandomPassword("x", length=3, min_upper=4)', "property length value {3}", "at least the sum of minUpper"),
    ('random.RandomInteger("x", min=2, max=1)', "property min value {2}", "must not be greater than max"),
    ('random.RandomPet("x", length="2")', "property length value {2}", "must be an integer"),
    (
        'pulumi.CustomResource("random:index/randomPet:RandomPet", "x", {"lenght": 2})',
        "property lenght",
        "did you mean",
    ),
    ('tls.PrivateKey("x", algorithm="DSA")', "property algorithm value {DSA}", "one of RSA, ECDSA, ED25519"),
    (
        'tls.CertRequest("x", private_key_pem="canary-0123")',
        "has a problem: privateKeyPem must be",
        "an unencrypted RSA, ECDSA or Ed25519 private key in PEM",
    ),
    (
        (
            'pulumi.CustomResource("random:index/randomPet:RandomPet", "x", '
            '{"keepers": pulumi.Output.secret("canary-0123")})'
        ),
        "has a problem: keepers must be",
        "a map",
    ),
    ('tls.Provider("x", proxy={"url": "http://proxy.test"})', "has a problem: proxy", "not modelled"),
    ('tls.get_certificate(url="https://test/")', "does not model", "the argument url"),
]


@pytest.mark.parametrize(("statement", "place", "allowed"), MISTAKES)
def test_a_mistake_stops_the_preview_with_its_place_and_what_is_allowed(
    engine: Engine, statement: str, place: str, allowed: str
) -> None:
    engine.write_program(f"import pulumi\nimport pulumi_random as random\nimport pulumi_tls as tls\n{statement}\n")
    refused = engine.run("preview")
    shown = refused.stdout + refused.stderr
    assert refused.returncode != 0
    assert place in shown
    assert allowed in shown
    assert "canary-0123" not in shown
    assert "defect" not in shown


def _outputs(engine: Engine) -> dict[str, Any]:
    outputs: dict[str, Any] = json.loads(engine.must("stack", "output", "--json", "--show-secrets"))
    return outputs


def _state(engine: Engine) -> dict[str, Any]:
    state: dict[str, Any] = json.loads(engine.must("stack", "export"))["deployment"]
    return state


def _resource(engine: Engine, name: str) -> dict[str, Any]:
    (resource,) = (r for r in _state(engine)["resources"] if r["urn"].endswith(f"::{name}"))
    return dict(resource)


def _steps(engine: Engine) -> dict[str, set[str]]:
    """What a preview would do: operation → resource names, without what stays the same."""
    steps: dict[str, set[str]] = {}
    for step in json.loads(engine.must("preview", "--json"))["steps"]:
        if step["op"] != "same":
            steps.setdefault(step["op"], set()).add(step["urn"].rpartition("::")[2])
    return steps
