"""`polykube policy check`: a finding that is lost on the way out, or a file that brings the command down."""

import json
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
import yaml
from hypothesis import given, settings
from hypothesis import strategies as st
from typer.testing import CliRunner, Result

from automation.cli import app, main
from automation.policy_check.check import CheckReport, Choice, check
from automation.policy_check.sources import manifests, state
from common.errors import PolicyInputError
from policy.model.kubernetes import POD_SPECS

CASES = Path(__file__).parent / "cases"
POD: dict[str, Any] = {
    "apiVersion": "v1",
    "kind": "Pod",
    "metadata": {"name": "app", "namespace": "shop"},
    "spec": {"containers": [{"name": "app", "image": "nginx"}]},
}


def run(*arguments: object, stdin: str = "") -> Result:
    return CliRunner().invoke(app, ["policy", "check", *map(str, arguments)], input=stdin)


def in_json(*arguments: object, stdin: str = "") -> Any:
    return json.loads(run(*arguments, "--json", stdin=stdin).stdout)


def test_json_has_the_documented_shape() -> None:
    report = in_json("-", "--only", "image", stdin=yaml.safe_dump(POD))
    assert report == {
        "findings": [
            {
                "rule": "image",
                "level": "mandatory",
                "file": "-",
                "line": 8,
                "resource": {"apiVersion": "v1", "kind": "Pod", "namespace": "shop", "name": "app"},
                "path": "spec.containers[0].image",
                "message": "the image nginx is whatever is newest; an image that changes under its name runs "
                "differently on each node, and cannot be rolled back. Name a version.",
            }
        ],
        "undetermined": [],
        "waived": [],
        "errors": [],
    }


def test_the_exit_code_says_whether_anything_mandatory_was_found() -> None:
    manifest = yaml.safe_dump(POD)
    assert run("-", "--only", "image", stdin=manifest).exit_code == 1
    assert run("-", "--only", "ro-rootfs", stdin=manifest).exit_code == 0
    assert run("-", "--only", "ro-rootfs", "--all-mandatory", stdin=manifest).exit_code == 1
    assert run("-", "--only", "sa-token,ro-rootfs", stdin="kind: [").exit_code == 2


@pytest.mark.parametrize(
    ("text", "code"), [("[]", 2), (yaml.safe_dump(POD), 1), (yaml.safe_dump(POD).replace("nginx", "nginx:1.29"), 0)]
)
def test_a_shell_gets_the_exit_code(text: str, code: int, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "pod.yaml").write_text(text)
    monkeypatch.setattr(sys, "argv", ["polykube", "policy", "check", str(tmp_path), "--only", "image"])
    with pytest.raises(SystemExit) as ended:
        main()
    assert (ended.value.code or 0) == code


def test_a_wrong_command_line_is_not_taken_for_wrong_input() -> None:
    assert {run().exit_code, run("--format", "xml", "-").exit_code, run("--no-such-option").exit_code} == {64}


def test_documents_of_kubeadm_are_known_by_their_file(tmp_path: Path) -> None:
    file = tmp_path / "kubeadm.yaml"
    kubelet = "apiVersion: kubelet.config.k8s.io/v1beta1\nkind: KubeletConfiguration\nreadOnlyPort: 10255\n"
    file.write_text(f"apiVersion: kubeadm.k8s.io/v1beta4\nkind: ClusterConfiguration\n---\n{kubelet}")
    report = in_json(tmp_path)
    assert report["errors"] == []
    assert {(it["rule"], it["resource"]["kind"], it["resource"]["name"]) for it in report["findings"]} == {
        ("kubeadm-flags", "ClusterConfiguration", "kubeadm.yaml"),
        ("secrets-kms", "ClusterConfiguration", "kubeadm.yaml"),
        ("kubeadm-flags", "KubeletConfiguration", "kubeadm.yaml"),
    }


def test_findings_stand_by_rule_with_their_places_and_end_with_what_to_do_first(tmp_path: Path) -> None:
    (tmp_path / "a.yaml").write_text(yaml.safe_dump(POD))
    (tmp_path / "b.yaml").write_text(yaml.safe_dump(POD))
    (tmp_path / "package.json").write_text("{}")
    field = "spec.containers[0].securityContext.readOnlyRootFilesystem"
    writable = f"shop/Pod/app {field}: container app can write to its root file system"
    assert run(tmp_path, "--only", "image,ro-rootfs").stdout.splitlines() == [
        "mandatory  image  2 findings in 2 files",
        f"  {tmp_path}/a.yaml:8  shop/Pod/app spec.containers[0].image: the image nginx is whatever is newest",
        f"  {tmp_path}/b.yaml:8  shop/Pod/app spec.containers[0].image: the image nginx is whatever is newest",
        "  why  an image that changes under its name runs differently on each node, and cannot be rolled back",
        "  do   Name a version.",
        "",
        "advisory  ro-rootfs  2 findings in 2 files",
        f"  {tmp_path}/a.yaml:8  {writable}",
        f"  {tmp_path}/b.yaml:8  {writable}",
        "  why  who breaks in can replace the program",
        "  do   Set it to true, with an emptyDir where the program must write.",
        "",
        "2 mandatory, 2 advisory found, 0 undetermined, 0 waived; 2 objects judged, 1 file without objects passed over",
        "first  image, 2 of 4 findings: Name a version.",
    ]


def test_sarif_names_rule_level_file_and_line(tmp_path: Path) -> None:
    file = tmp_path / "po ds.yaml"
    file.write_text(yaml.safe_dump_all([POD, POD]))
    log = json.loads(run(file, "--only", "image", "--format", "sarif").stdout)
    (run_,) = log["runs"]
    assert [rule["id"] for rule in run_["tool"]["driver"]["rules"]] == ["image"]
    places = [result["locations"][0]["physicalLocation"] for result in run_["results"]]
    assert [place["artifactLocation"]["uri"] for place in places] == [f"{tmp_path}/po%20ds.yaml"] * 2
    assert [place["region"]["startLine"] for place in places] == [8, 18]
    assert {(result["ruleId"], result["level"]) for result in run_["results"]} == {("image", "error")}


def test_a_rule_that_does_not_exist_is_refused() -> None:
    assert isinstance(refused := run("-", "--only", "imgae").exception, PolicyInputError)
    assert "no rule imgae" in str(refused)
    assert "write image, if that is meant" in str(refused)


def test_directories_are_searched_and_lists_are_taken_apart(tmp_path: Path) -> None:
    (tmp_path / "below").mkdir()
    (tmp_path / "below" / "list.yml").write_text(
        yaml.safe_dump({"apiVersion": "v1", "kind": "List", "items": [POD, POD]})
    )
    (tmp_path / "one.json").write_text(json.dumps(POD))
    (tmp_path / "notes.txt").write_text("not a manifest")
    (tmp_path / "kustomization.yaml").write_text("apiVersion: kustomize.config.k8s.io/v1beta1\nkind: Kustomization\n")
    report = in_json(tmp_path, "--only", "image")
    assert (len(report["findings"]), report["errors"]) == (3, [])


def test_levels_options_and_waivers_of_a_stack_are_taken(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    Path("Pulumi.yaml").write_text("name: mine\nruntime: python\n")
    policy = {"levels": {"ro-rootfs": "mandatory"}, "options": {"image": {"registries": ["registry.example.com"]}}}
    Path("Pulumi.dev.yaml").write_text(yaml.safe_dump({"config": {"polykube:policy": policy}}))
    waiver = {"rule": "ro-rootfs", "resource": "shop/Pod/*", "reason": "-", "owner": "me", "expires": "2999-01-01"}
    Path("policy").mkdir()
    Path("policy/waivers.yaml").write_text(yaml.safe_dump([waiver]))
    report = in_json("-", "--stack", "dev", "--only", "ro-rootfs,image", stdin=yaml.safe_dump(POD))
    assert [finding["message"].split(";")[0] for finding in report["findings"]] == [
        "the image nginx is whatever is newest",
        "the image nginx comes from none of registry.example.com",
    ]
    assert report["waived"] == [waiver | {"resource": "shop/Pod/app"}]


def test_what_a_stacks_version_of_kubernetes_serves_no_more_is_found(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    Path("Pulumi.yaml").write_text("name: mine\nruntime: python\n")
    schema = {"apiVersion": "flowcontrol.apiserver.k8s.io/v1beta3", "kind": "FlowSchema", "metadata": {"name": "own"}}
    found = {}
    for version in ("1.30", "1.31", "1.32"):
        Path("Pulumi.dev.yaml").write_text(yaml.safe_dump({"config": {"polykube:cluster": {"version": version}}}))
        report = in_json("-", "--stack", "dev", "--only", "removed-api", stdin=yaml.safe_dump(schema))
        found[version] = [finding["level"] for finding in report["findings"]]
    assert found == {"1.30": [], "1.31": ["advisory"], "1.32": ["mandatory"]}


def exported(*inputs: dict[str, Any]) -> str:
    resources = [
        {"urn": f"urn:pulumi:dev::p::kubernetes:core/v1:Pod::{index}", "type": "kubernetes:core/v1:Pod", "inputs": each}
        for index, each in enumerate(inputs)
    ]
    return json.dumps({"version": 3, "deployment": {"resources": resources}})


def test_a_state_is_judged_and_what_is_encrypted_in_it_is_undetermined(tmp_path: Path) -> None:
    secret = {"4dabf18193072939515e22adb298388d": "1b47061264138c4ac30d75fd1eb44270", "ciphertext": "AAAA"}
    open_secret = {**secret, "plaintext": '[{"name": "app", "image": "redis"}]'}
    file = tmp_path / "state.json"
    file.write_text(exported(POD, POD | {"spec": {"containers": secret}}, POD | {"spec": {"containers": open_secret}}))
    report = in_json("--state", file, "--only", "image")
    assert [finding["message"][:15] for finding in report["findings"]] == ["the image nginx", "the image redis"]
    assert "as spec.containers of 1 is not known" in report["undetermined"][0]["message"]


@pytest.mark.parametrize(
    "text", ["", "[]", "{", '{"deployment": {"resources": [{}]}}', '{"deployment": 7}', "[" * 99999]
)
def test_a_state_that_is_none_is_an_error(tmp_path: Path, text: str) -> None:
    file = tmp_path / "state.json"
    file.write_text(text)
    report = check(state(file), Choice())
    assert report.exit_code == 2


BOMB = "a: &a [x,x,x,x,x,x,x,x,x]\n" + "".join(
    f"{name}: &{name} [{', '.join([f'*{before}'] * 9)}]\n"
    for before, name in zip("abcdefghij", "bcdefghijk", strict=True)
)


@pytest.mark.parametrize(
    "text",
    [
        BOMB,
        "a: &a [*a]",
        "[" * 5000,
        "\x00",
        "- 1\n- 2",
        "just text",
        "apiVersion: v1\nkind: Pod\nmetadata: [1]",
        "apiVersion: v1\nkind: Pod\nmetadata: {name: 7}",
        "apiVersion: v1\nkind: Pod\nmetadata: {name: a, labels: x}",
        "!!python/object/apply:os.system [ls]",
        "a: b\na: c",
    ],
    ids=range(11),
)
def test_what_is_no_manifest_is_an_error_with_its_file(tmp_path: Path, text: str) -> None:
    file = tmp_path / "bad.yaml"
    file.write_text(text)
    report = check(manifests([str(file)]), Choice())
    assert report.exit_code == 2
    assert {problem.file for problem in report.errors} == {str(file)}


def test_a_file_beyond_all_bounds_is_not_read(tmp_path: Path) -> None:
    file = tmp_path / "huge.yaml"
    with file.open("wb") as sparse:
        sparse.truncate(10**12)
    (problem,) = check(manifests([str(file)]), Choice()).errors
    assert "larger than 32 MiB" in problem.found


def test_an_error_in_one_file_costs_no_finding_in_another(tmp_path: Path) -> None:
    (tmp_path / "a.yaml").write_text("{")
    (tmp_path / "b.yaml").write_text(yaml.safe_dump(POD))
    report = in_json(tmp_path, "--only", "image")
    assert (len(report["errors"]), len(report["findings"])) == (1, 1)


@given(st.binary(max_size=200))
@settings(max_examples=200, deadline=None)
def test_any_bytes_end_in_a_report(content: bytes) -> None:
    process = CliRunner().invoke(app, ["policy", "check", "-", "--json"], input=content)
    assert process.exit_code in (0, 1, 2), process.output
    assert json.loads(process.stdout).keys() == {"findings", "undetermined", "waived", "errors"}


WORDS = """
spec template metadata labels containers initContainers resources limits requests image ports env envFrom rules subjects
roleRef selector matchLabels matchExpressions podSelector ingress egress from to ipBlock cidr tls hosts replicas hard
securityContext volumes minAvailable verbs aggregationRule data type name policyTypes
"""
OTHER_KINDS = """
NetworkPolicy ResourceQuota LimitRange ClusterRole RoleBinding PodDisruptionBudget Ingress Service Namespace
HorizontalPodAutoscaler PersistentVolumeClaim
"""
VALUES = st.recursive(
    st.none() | st.booleans() | st.integers(-5, 5) | st.sampled_from(["", "x", "*", "50%", "1Gi", "10.0.0.0/8"]),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.sampled_from(WORDS.split()), inner, max_size=4),
    max_leaves=12,
)
KINDS = st.sampled_from([*POD_SPECS, *OTHER_KINDS.split()])


@given(st.lists(st.tuples(KINDS, VALUES, VALUES), min_size=1, max_size=3))
@settings(max_examples=200, deadline=None)
def test_values_of_any_type_in_any_field_end_in_a_report(objects: list[tuple[str, Any, Any]]) -> None:
    bodies = [
        {"apiVersion": "v1", "kind": kind, "metadata": {"name": "a", "namespace": "b"}, "spec": spec, "rules": rules}
        for kind, spec, rules in objects
    ]
    report = in_json("-", stdin=yaml.safe_dump_all(bodies, default_flow_style=True))
    for error in report["errors"]:
        assert error["summary"].endswith("cannot be read as the API server reads it")
    assert len(report["errors"]) <= len(objects)


def test_the_command_needs_neither_engine_nor_sdk() -> None:
    program = "import sys; from automation.policy_check import check, sources; print('pulumi' in sys.modules)"
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=True)
    assert done.stdout == "False\n"


def test_an_empty_report_is_a_success() -> None:
    assert CheckReport().exit_code == 0
