"""What is secret in a program stays secret, wherever a person or a file could get to see it.

Guards against a canary in clear in the state, in previews, in messages of the API server that quote it, and
in the reasons of a failure, which the engine stores.
"""

from base64 import b64encode
from pathlib import Path

import pytest

from tests.rehearsal.kubernetes.program import HEAD, state_of
from tests.support.api import Api
from tests.support.engine import Engine

CANARY = "canary-0123"
ENCODED = b64encode(CANARY.encode()).decode()
PROGRAM = (
    HEAD
    + """
canary = pulumi.Output.secret("canary-0123")
named = {"namespace": NAMESPACE, "name": "subject"}
"""
)
EVERYWHERE = (
    PROGRAM
    + f"""
settings = k8s.core.v1.ConfigMap("map", metadata=named | {{"annotations": {{"a": canary}}}}, data={{"a": canary}})
k8s.core.v1.ConfigMapPatch("patch", metadata=named | {{"name": "theirs"}}, data={{"b": canary}})
text = k8s.core.v1.Secret("text", metadata=named, string_data={{"a": canary}})
plain = k8s.core.v1.Secret("plain", metadata=named | {{"name": "plain"}}, string_data={{"a": "{CANARY}"}})
encoded = k8s.core.v1.Secret("encoded", metadata=named | {{"name": "encoded"}}, data={{"a": "{ENCODED}"}})
environment = [{{"name": "A", "value": canary}}]
metadata = named | {{"annotations": {{"pulumi.com/skipAwait": "true"}}}}
web = k8s.apps.v1.Deployment("web", metadata=metadata, spec={{
    "selector": {{"match_labels": {{"app": "web"}}}},
    "template": {{
        "metadata": {{"labels": {{"app": "web"}}}},
        "spec": {{"containers": [{{"name": "main", "image": "example.test/main:1", "env": environment}}]}},
    }},
}})
pulumi.export("settings", settings.data)
pulumi.export("text", text.data)
pulumi.export("containers", web.spec.template.spec.containers)
"""
)


def _shown(engine: Engine, *arguments: str) -> str:
    done = engine.run(*arguments)
    return done.stdout + done.stderr


def _files(engine: Engine) -> dict[Path, bytes]:
    """Everything that the engine has written: state, its backups, its history, its logs."""
    kept = (path for name in ("backend", "home") for path in (engine.directory.parent / name).rglob("*"))
    return {path: path.read_bytes() for path in kept if path.is_file() and "plugins" not in path.parts}


def test_a_secret_is_in_the_cluster_and_nowhere_else(engine: Engine, namespace: str, api: Api) -> None:
    theirs = {"metadata": {"name": "theirs", "namespace": namespace}, "data": {"a": "theirs"}}
    api.apply({"apiVersion": "v1", "kind": "ConfigMap"} | theirs)
    engine.write_program(EVERYWHERE)
    shown = [
        _shown(engine, "preview", "--json"),
        _shown(engine, "preview", "--diff"),
        _shown(engine, "up", "--yes", "--skip-preview"),
        _shown(engine, "refresh", "--yes", "--skip-preview"),
        _shown(engine, "preview", "--diff", "--expect-no-changes"),
        _shown(engine, "stack", "export"),
        _shown(engine, "stack", "output", "--json"),
    ]
    assert api.get(f"/api/v1/namespaces/{namespace}/configmaps/theirs")["data"] == {"a": "theirs", "b": CANARY}
    there = api.get(f"/api/v1/namespaces/{namespace}/configmaps/subject")
    assert there["data"] == {"a": CANARY}
    assert there["metadata"]["annotations"] == {"a": CANARY}
    assert {s["data"]["a"] for s in api.list(f"/api/v1/namespaces/{namespace}/secrets")} == {ENCODED}
    assert "settings" in shown[-1]
    for text in shown:
        assert CANARY not in text
        assert ENCODED not in text
    assert any(b"configmaps" in content or b"ConfigMap" in content for content in _files(engine).values())
    for path, content in _files(engine).items():
        assert CANARY.encode() not in content, path
        assert ENCODED.encode() not in content, path
    engine.must("destroy", "--yes", "--skip-preview")


REFUSED = {
    "a name that the server quotes": (
        'k8s.core.v1.ConfigMap("a", metadata={"name": pulumi.Output.format("Not_{}", canary)})',
        'Invalid value: "[secret]"',
    ),
    "an option that is not modelled": (
        'k8s.Provider("a", helm_release_settings={"driver": canary})',
        "helmReleaseSettings is not modelled",
    ),
}


@pytest.mark.parametrize("case", REFUSED)
def test_a_refusal_does_not_tell_what_it_refuses(engine: Engine, case: str) -> None:
    statement, told = REFUSED[case]
    engine.write_program(PROGRAM + statement + "\n")
    shown = _shown(engine, "preview")
    assert told in shown
    assert CANARY not in shown


def test_the_reasons_of_a_failure_do_not_tell_what_is_secret(engine: Engine) -> None:
    engine.write_program(
        PROGRAM
        + """
expression = {"pulumi.com/waitFor": "jsonpath={.data.a}=other"}
options = pulumi.ResourceOptions(custom_timeouts=pulumi.CustomTimeouts(create="1s"))
k8s.core.v1.ConfigMap("map", metadata=named | {"annotations": expression}, data={"a": canary}, opts=options)
"""
    )
    shown = _shown(engine, "up", "--yes", "--skip-preview")
    assert "is [secret]" in shown
    assert CANARY not in shown
    (reason, *_) = [text for text in state_of(engine)["map"]["initErrors"] if "[secret]" in text]
    assert CANARY not in reason
