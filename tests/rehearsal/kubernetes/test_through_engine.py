"""Programs that use `pulumi_kubernetes` run through the real engine with the stand-in, to a real API server.

Guards against what only the engine shows: a second preview that finds changes, drift that a refresh
overlooks, a replacement in the wrong order, a failed resource that is forgotten, and secrets in the state.
"""

import json

from tests.rehearsal.kubernetes.program import HEAD, state_of, steps_of
from tests.support.api import Api
from tests.support.engine import Engine

APPLICATION = """
password = pulumi.Output.secret("hush-hush")
labels = {"app": "web"}
metadata = {"namespace": NAMESPACE, "annotations": {"pulumi.com/skipAwait": "true"}}
settings = k8s.core.v1.ConfigMap("settings", metadata={"namespace": NAMESPACE}, data={"mode": "MODE"})
secret = k8s.core.v1.Secret("secret", metadata={"namespace": NAMESPACE}, string_data={"password": password})
web = k8s.apps.v1.Deployment(
    "web",
    metadata=metadata,
    spec={
        "replicas": REPLICAS,
        "selector": {"match_labels": labels},
        "template": {
            "metadata": {"labels": labels},
            "spec": {
                "containers": [
                    {
                        "name": "main",
                        "image": "example.test/main:1",
                        "args": [],
                        "env_from": [{"config_map_ref": {"name": settings.metadata.name}}],
                        "resources": {"limits": {"cpu": "1000m", "memory": "1024Mi"}},
                    }
                ]
            },
        },
    },
)
service = k8s.core.v1.Service("web", metadata=metadata, spec={"selector": labels, "ports": [{"port": 80}]})
pulumi.export("web", web.metadata.name)
pulumi.export("settings", settings.metadata.name)
"""


def _application(mode: str = "one", replicas: int = 0) -> str:
    return HEAD + APPLICATION.replace("MODE", mode).replace("REPLICAS", str(replicas))


def test_a_program_is_previewed_applied_found_unchanged_and_destroyed(engine: Engine, namespace: str, api: Api) -> None:
    engine.write_program(_application())
    assert {step["op"] for step in steps_of(engine).values()} == {"create"}
    engine.must("up", "--yes", "--skip-preview")
    engine.must("preview", "--expect-no-changes")
    engine.must("preview", "--refresh", "--expect-no-changes")
    name = json.loads(engine.must("stack", "output", "--json"))["web"]
    container = api.get(f"/apis/apps/v1/namespaces/{namespace}/deployments/{name}")["spec"]["template"]["spec"][
        "containers"
    ][0]
    assert container["envFrom"][0]["configMapRef"]["name"].startswith("settings-")
    assert "aHVzaC1odXNo" not in engine.must("stack", "export")
    engine.must("destroy", "--yes", "--skip-preview")
    assert not api.list(f"/apis/apps/v1/namespaces/{namespace}/deployments")


def test_drift_shows_after_a_refresh_only(engine: Engine, namespace: str, api: Api) -> None:
    engine.write_program(_application())
    engine.must("up", "--yes", "--skip-preview")
    name = json.loads(engine.must("stack", "output", "--json"))["web"]
    api.merge(f"/apis/apps/v1/namespaces/{namespace}/deployments/{name}", {"spec": {"replicas": 3}})
    engine.must("preview", "--expect-no-changes")
    drifted = steps_of(engine, "--refresh")
    assert drifted["web"]["op"] == "update"
    assert set(drifted["web"]["detailedDiff"]) == {"spec.replicas"}


def test_a_change_updates_or_replaces(engine: Engine) -> None:
    engine.write_program(_application())
    engine.must("up", "--yes", "--skip-preview")
    engine.write_program(_application(mode="two", replicas=1))
    steps = steps_of(engine)
    assert {name: step["op"] for name, step in steps.items()} == {"settings": "replace", "web": "update"}
    assert set(steps["settings"]["detailedDiff"]) == {"data.mode"}
    engine.must("up", "--yes", "--skip-preview")
    engine.must("preview", "--expect-no-changes")


def test_a_named_object_is_deleted_before_its_replacement(engine: Engine, namespace: str, api: Api) -> None:
    program = HEAD + 'k8s.core.v1.ConfigMap("a", metadata={"namespace": NAMESPACE, "name": "a"}, data={"x": "X"})\n'
    engine.write_program(program.replace('"X"', '"1"'))
    engine.must("up", "--yes", "--skip-preview")
    before = api.get(f"/api/v1/namespaces/{namespace}/configmaps/a")
    engine.write_program(program.replace('"X"', '"2"'))
    engine.must("up", "--yes", "--skip-preview")
    after = api.get(f"/api/v1/namespaces/{namespace}/configmaps/a")
    assert after["data"] == {"x": "2"}
    assert after["metadata"]["uid"] != before["metadata"]["uid"]


def test_a_failed_resource_is_kept_and_repaired(engine: Engine, namespace: str, api: Api) -> None:
    program = (
        HEAD
        + """
k8s.core.v1.ConfigMap(
    "a",
    metadata={"namespace": NAMESPACE, "name": "a", "annotations": {"pulumi.com/waitFor": "jsonpath={.data.x}=VALUE"}},
    data={"x": "1"},
    opts=pulumi.ResourceOptions(custom_timeouts=pulumi.CustomTimeouts(create="1s", update="1s")),
)
"""
    )
    engine.write_program(program.replace("VALUE", "2"))
    failed = engine.run("up", "--yes", "--skip-preview")
    assert failed.returncode != 0
    assert ".data.x is 1" in failed.stdout
    assert state_of(engine)["a"]["initErrors"]
    engine.write_program(program.replace("VALUE", "1"))
    assert steps_of(engine)["a"]["op"] == "update"
    engine.must("up", "--yes", "--skip-preview")
    assert "initErrors" not in state_of(engine)["a"]
    assert api.get(f"/api/v1/namespaces/{namespace}/configmaps/a")["data"] == {"x": "1"}


def test_a_program_reads_and_imports_what_exists(engine: Engine, namespace: str, api: Api) -> None:
    identity = {"apiVersion": "v1", "kind": "ConfigMap", "metadata": {"name": "a", "namespace": namespace}}
    api.apply(identity | {"data": {"x": "1"}})
    engine.write_program(
        HEAD
        + """
k8s.core.v1.ConfigMap(
    "a", metadata={"namespace": NAMESPACE, "name": "a"}, data={"x": "1"},
    opts=pulumi.ResourceOptions(import_=f"{NAMESPACE}/a", retain_on_delete=True),
)
account = k8s.core.v1.ServiceAccount.get("default", f"{NAMESPACE}/default")
pulumi.export("uid", account.metadata.uid)
"""
    )
    engine.must("up", "--yes", "--skip-preview")
    uid = api.get(f"/api/v1/namespaces/{namespace}/serviceaccounts/default")["metadata"]["uid"]
    assert json.loads(engine.must("stack", "output", "--json"))["uid"] == uid
    engine.must("destroy", "--yes", "--skip-preview")
    assert api.get(f"/api/v1/namespaces/{namespace}/configmaps/a")["data"] == {"x": "1"}


def test_warnings_and_refusals_reach_the_user(engine: Engine) -> None:
    engine.write_program(
        HEAD
        + """
metadata = {"namespace": NAMESPACE, "annotations": {"helm.sh/hook": "test"}}
k8s.core.v1.ConfigMap("hook", metadata=metadata)
k8s.core.v1.Service("bad", metadata={"namespace": NAMESPACE}, spec={"ports": [{"port": 99999}]})
"""
    )
    preview = engine.run("preview")
    assert preview.returncode != 0
    assert "Helm test hook" in preview.stdout
    assert "spec.ports[0].port: Invalid value: 99999" in preview.stdout


def test_helm_and_components_name_the_official_plugin(engine: Engine) -> None:
    engine.write_program(
        HEAD
        + """
k8s.helm.v3.Release("release", chart="c")
k8s.yaml.v2.ConfigGroup("group", yaml="")
"""
    )
    preview = engine.run("preview")
    assert preview.returncode != 0
    assert preview.stdout.count("install the official plugin") >= 1
