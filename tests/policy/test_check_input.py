"""`polykube policy check` on what people have: a file that is blamed for nothing, or passed over in silence."""

import json
from pathlib import Path
from typing import Any

import pytest
import yaml

from common.errors import StackFileError
from tests.policy.test_check import POD, exported, in_json, run

PODS = f"{yaml.safe_dump(POD)}---\n"
KUSTOMIZATION = "resources: [pod.yaml]\nmetadata: {name: base}\n"
NO_OBJECTS = {
    "values.yaml": "image: {repository: nginx}\n",
    "package.json": '{"name": "web", "kind": "module"}',
    "tsconfig.json": '{"a": 1 /* ] is no YAML */}',
    "workflow.yml": "on: [push]\njobs: {}\n",
    "kind.yaml": "kind: Cluster\napiVersion: kind.x-k8s.io/v1alpha4\n",
    "datasource.yaml": "apiVersion: 1\ndatasources: []\n",
    "kubeconfig.yaml": "apiVersion: v1\nkind: Config\nclusters: []\n",
    "audit.yaml": "apiVersion: audit.k8s.io/v1\nkind: Policy\nrules: []\n",
    "patch.yaml": "- {op: remove, path: /spec}\n",
    "below/kustomization.yaml": KUSTOMIZATION,
    "below/without-version.yaml": "kind: Kustomization\nmetadata: {name: base}\n",
    "below/kustomization.yml": "kind: Component\napiVersion: kustomize.config.k8s.io/v1alpha1\n",
    "empty.yaml": "# nothing yet\n",
}


def write(directory: Path, files: dict[str, str]) -> None:
    for name, text in files.items():
        file = directory / name
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_text(text)


def titles(report: Any) -> list[str]:
    found = (finding["resource"] for finding in report["findings"])
    return [f"{it['namespace']}/{it['kind']}/{it['name']}" for it in found]


def test_files_without_objects_are_passed_over_in_a_directory_and_counted(tmp_path: Path) -> None:
    write(tmp_path, {**NO_OBJECTS, "pod.yaml": PODS})
    report = in_json(tmp_path, "--only", "image")
    assert report["errors"] == []
    assert titles(report) == ["shop/Pod/app"]
    assert sorted(report["passedOver"]) == sorted(str(tmp_path / name) for name in NO_OBJECTS)
    assert "13 files without objects passed over" in run(tmp_path, "--only", "image").stdout


@pytest.mark.parametrize("name", ["values.yaml", "package.json", "kind.yaml", "patch.yaml"])
def test_a_file_without_objects_is_named_when_it_was_asked_for(name: str, tmp_path: Path) -> None:
    write(tmp_path, NO_OBJECTS)
    (problem,) = in_json(tmp_path / name)["errors"]
    assert problem["file"] == str(tmp_path / name)
    assert problem["found"] in ("no apiVersion and kind", "no metadata")


@pytest.mark.parametrize(
    "text",
    [
        "kind: Pod\nmetadata: {name: a}\n",
        "apiVersion: v1\nmetadata: {name: a}\n",
        "apiVersion: apps/v1\nkind: Deployment\n",
        "apiVersion: v1\nkind: Pod\nmetadata: {}\n",
        f"{PODS}just text\n",
        "a: [",
    ],
)
def test_a_broken_object_is_named_in_a_directory_too(text: str, tmp_path: Path) -> None:
    write(tmp_path, {"broken.yaml": text, "pod.yaml": PODS})
    report = in_json(tmp_path, "--only", "image")
    assert [problem["file"] for problem in report["errors"]] == [str(tmp_path / "broken.yaml")]
    assert "shop/Pod/app" in titles(report)


def test_a_directory_in_which_nothing_is_an_object_cannot_be_checked(tmp_path: Path) -> None:
    write(tmp_path, {"values.yaml": "a: 1\n", "package.json": "{}"})
    done = run(tmp_path)
    assert done.exit_code == 2
    assert "2 files, and none holds an object" in done.stderr
    assert "nothing could be judged" in done.stdout
    assert "nothing found" not in done.stdout


@pytest.mark.parametrize("text", ["a: [", "just text", "apiVersion: v1\nkind: Pod\n", "", "# helm said nothing\n---\n"])
def test_unusable_input_is_not_said_to_be_without_findings(text: str) -> None:
    done = run("-", stdin=text)
    assert done.exit_code == 2
    assert "nothing could be judged" in done.stdout
    assert "nothing found" not in done.stdout


CHART = {
    "chart/Chart.yaml": "apiVersion: v2\nname: web\nversion: 1.0.0\n",
    "chart/values.yaml": "image: nginx\n",
    "chart/templates/pod.yaml": "apiVersion: v1\nkind: Pod\nmetadata: {name: {{ .Release.Name }}}\n",
    "chart/charts/db/Chart.yaml": "apiVersion: v2\nname: db\nversion: 1.0.0\n",
    "chart/charts/db/templates/pod.yaml": "{{ include }}",
    "chart/crds/crd.yaml": PODS,
}


def test_a_chart_is_to_be_rendered_first(tmp_path: Path) -> None:
    write(tmp_path, CHART | {"plain/pod.yaml": PODS})
    for named in (tmp_path, tmp_path / "chart", tmp_path / "chart" / "templates"):
        report = in_json(named, "--only", "image")
        (problem,) = report["errors"]
        assert problem["file"] == str(tmp_path / "chart")
        assert problem["remedy"] == f"render it: helm template {tmp_path}/chart | polykube policy check -"
    found = {finding["file"] for finding in in_json(tmp_path, "--only", "image")["findings"]}
    passed_over = in_json(tmp_path)["passedOver"]
    names = ("Chart.yaml", "charts/db/Chart.yaml", "values.yaml")
    assert sorted(passed_over) == [f"{tmp_path}/chart/{name}" for name in names]
    assert found == {f"{tmp_path}/plain/pod.yaml", f"{tmp_path}/chart/crds/crd.yaml"}


def test_a_template_that_is_named_is_to_be_rendered_first(tmp_path: Path) -> None:
    write(tmp_path, CHART)
    (problem,) = in_json(tmp_path / "chart" / "templates" / "pod.yaml")["errors"]
    assert problem["line"] == 3
    assert f"helm template {tmp_path}/chart | polykube policy check -" in problem["remedy"]


def test_what_kubectl_takes_is_judged() -> None:
    metadata = "{name: app, namespace: shop, creationTimestamp: 2018-12-02T09:15:16Z, annotations: {404: 'no'}}"
    spec = "{containers: [{name: app, image: nginx}], hostNetwork: yes}"
    text = f"apiVersion: v1\nkind: Pod\nmetadata: {metadata}\nspec: {spec}\n"
    report = in_json("-", "--only", "image,pss-baseline", stdin=text)
    assert report["errors"] == []
    assert [finding["rule"] for finding in report["findings"]] == ["image", "pss-baseline"]


def test_items_of_a_list_are_of_its_kind() -> None:
    items = [{key: POD[key] for key in ("metadata", "spec")}]
    text = yaml.safe_dump({"apiVersion": "v1", "kind": "PodList", "items": items})
    assert titles(in_json("-", "--only", "image", stdin=text)) == ["shop/Pod/app"]
    empty = run("-", stdin="apiVersion: v1\nkind: List\nitems:\n")
    assert empty.exit_code == 0
    assert "there was nothing to judge" in empty.stdout


def test_json_values_may_follow_each_other() -> None:
    assert len(in_json("-", "--only", "image", stdin=json.dumps(POD) * 2)["findings"]) == 2


def test_documents_after_one_that_does_not_parse_are_judged_and_that_is_said() -> None:
    broken = "apiVersion: v1\nkind: Pod\nmetadata: {name: {{ .x }}, namespace: team\n---\n"
    report = in_json("-", "--only", "image", stdin=f"{PODS}{broken}{PODS.replace('app', 'other')}")
    assert titles(report) == ["shop/Pod/app", "shop/Pod/other"]
    (problem,) = report["errors"]
    assert (problem["file"], problem["line"]) == ("-", 13)
    assert "lines 10 to 13 are not judged, the other documents of the file are" in problem["found"]
    assert "helm template" in problem["remedy"]


def test_a_template_hole_costs_no_other_object_its_verdict() -> None:
    quota = (
        "apiVersion: v1\nkind: ResourceQuota\nmetadata: {name: q, namespace: shop}\nspec: {hard: {pods: '0'}}\n---\n"
    )
    hole = PODS.replace("name: app\n", "name: {{n}}\n", 1)
    report = in_json("-", "--only", "quota-fits", stdin=f"{hole}{quota}{PODS}")
    assert titles(report) == ["shop/ResourceQuota/q"]
    assert len(report["errors"]) == 1


def test_kustomizations_of_flux_are_objects(tmp_path: Path) -> None:
    flux = (
        "apiVersion: kustomize.toolkit.fluxcd.io/v1\nkind: Kustomization\nmetadata: {name: apps, namespace: default}\n"
    )
    write(tmp_path, {"kustomization.yaml": KUSTOMIZATION, "flux.yaml": flux, "kustomization.yml": flux})
    report = in_json(tmp_path, "--only", "no-default-ns")
    assert titles(report) == ["default/Kustomization/apps"] * 2
    assert report["errors"] == []
    assert in_json(tmp_path / "kustomization.yaml")["errors"] == []


def test_a_namespace_is_where_objects_go_that_state_none() -> None:
    rules = [{"apiGroups": ["*"], "resources": ["*"], "verbs": ["*"]}]
    role = {"apiVersion": "rbac.authorization.k8s.io/v1", "kind": "ClusterRole", "metadata": {"name": "none"}}
    bodies: list[dict[str, Any]] = [
        POD | {"metadata": {"name": "stated", "namespace": "shop"}},
        POD | {"metadata": {"name": "unstated"}},
        role | {"rules": rules},
        {"apiVersion": "v1", "kind": "ResourceQuota", "metadata": {"name": "q"}, "spec": {"hard": {"pods": "0"}}},
    ]
    text = yaml.safe_dump_all(bodies)
    report = in_json(
        "-", "--namespace", "team", "--only", "no-default-ns,image,quota-fits,no-rbac-wildcard", stdin=text
    )
    assert titles(report) == ["shop/Pod/stated", "team/Pod/unstated", "team/ResourceQuota/q", "/ClusterRole/none"]
    assert {it["rule"] for it in in_json("-", "--only", "no-default-ns", stdin=text)["findings"]} == {"no-default-ns"}


def test_a_stack_is_taken_by_the_path_of_its_file(tmp_path: Path) -> None:
    write(tmp_path, {"Pulumi.dev.yaml": "config: {'polykube:policy': {levels: {image: disabled}}}\n"})
    stdin = yaml.safe_dump(POD)
    assert in_json("-", "--stack", tmp_path / "Pulumi.dev.yaml", "--only", "image", stdin=stdin)["findings"] == []


@pytest.mark.parametrize("stack", ["nowhere", "no/such/Pulumi.dev.yaml"])
def test_a_stack_that_is_not_there_is_said_to_be_missing(
    stack: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    write(tmp_path, {"Pulumi.yaml": "name: mine\nruntime: python\n", "Pulumi.dev.yaml": "config: {}\n"})
    monkeypatch.chdir(tmp_path)
    refused = run("-", "--stack", stack, stdin=yaml.safe_dump(POD)).exception
    assert isinstance(refused, StackFileError)
    assert [problem.code for problem in refused.problems] == ["PK100"]


@pytest.mark.parametrize("text", ["config: [", "config: []", "[]", ""])
def test_a_stack_file_that_says_nothing_of_policies_costs_nothing(text: str, tmp_path: Path) -> None:
    write(tmp_path, {"Pulumi.dev.yaml": text})
    done = run("-", "--stack", tmp_path / "Pulumi.dev.yaml", "--only", "image", stdin=yaml.safe_dump(POD))
    assert isinstance(done.exception, StackFileError) if text == "config: [" else done.exit_code == 1


def test_nothing_of_a_state_waits_for_up(tmp_path: Path) -> None:
    secret = {"4dabf18193072939515e22adb298388d": "1b47061264138c4ac30d75fd1eb44270", "ciphertext": "AAAA"}
    file = tmp_path / "state.json"
    file.write_text(json.dumps(json.loads(exported(POD, POD | {"spec": {"containers": secret}})), indent=1))
    report = in_json("--state", file, "--only", "image")
    (finding,), (undetermined,) = report["findings"], report["undetermined"]
    lines = file.read_text().splitlines()
    assert [(it["file"], lines[it["line"] - 1].strip()[-3:]) for it in (finding, undetermined)] == [
        (str(file), '0",'),
        (str(file), '1",'),
    ]
    assert "until up" not in undetermined["message"]
    assert "pulumi stack export --show-secrets" in undetermined["message"]


def test_every_finding_names_the_line_of_its_field(tmp_path: Path) -> None:
    labels = "    pod-security.kubernetes.io/enforce: restricted\n"
    namespace = f"apiVersion: v1\nkind: Namespace\nmetadata:\n  name: shop\n  labels:\n{labels}---\n"
    write(tmp_path, {"all.yaml": f"{namespace}{PODS}"})
    report = in_json(tmp_path, "--only", "image,ns-psa-labels,ro-rootfs")
    assert [(finding["rule"], finding["line"]) for finding in report["findings"]] == [
        ("ns-psa-labels", 5),
        ("image", 15),
        ("ro-rootfs", 15),
    ]
