"""A schema check that overlooks what an official plugin would refuse, or takes a stand-in's word for the original's."""

import json
import sys
from pathlib import Path
from typing import Any, Final

import pytest

from automation.planned import PlannedResource
from common.errors import EngineError, RehearsalError, ToolchainError
from common.paths import CHECKOUT
from common.wire import UNKNOWNS
from devtools.schema_check.check import PackageReport, failure, schema
from devtools.schema_check.package import Package
from devtools.schema_check.types import SECRET
from rehearsal.language_host import required_plugins
from rehearsal.plugins import Plugin, pulumi_home
from rehearsal.toolchain import ensure
from tests.support.cli import make_cli
from tests.support.programs import program

META: Final = {"type": "object", "properties": {"name": {"type": "string"}, "labels": {"type": "object"}}}
KUBERNETES: Final[dict[str, Any]] = {
    "name": "kubernetes",
    "version": required_plugins()["kubernetes"],
    "types": {"kubernetes:meta/v1:ObjectMeta": META},
    "provider": {
        "inputProperties": {
            "clusterIdentifier": {"type": "string"},
            "enablePatchForce": {"type": "boolean"},
            "enableConfigMapMutable": {"type": "boolean"},
            "enableSecretMutable": {"type": "boolean"},
            "kubeClientSettings": {"type": "object", "additionalProperties": {"type": "integer"}},
            "kubeconfig": {"type": "string"},
        }
    },
    "resources": {
        "kubernetes:core/v1:Namespace": {
            "inputProperties": {
                "apiVersion": {"type": "string", "const": "v2"},
                "kind": {"type": "string", "const": "Namespace"},
                "metadata": {"$ref": "#/types/kubernetes:meta%2Fv1:ObjectMeta"},
            },
            "requiredInputs": ["spec"],
        },
    },
}
KUBERNETES["resources"]["kubernetes:core/v1:Namespace"]["inputProperties"]["spec"] = {"type": "string"}


def make_plugin(home: Path, content: dict[str, Any]) -> Path:
    """A plugin below the `PULUMI_HOME` at `home` that can tell its schema, and nothing else."""
    name, version = content["name"], required_plugins()[content["name"]]
    path = home / "plugins" / f"resource-{name}-v{version}" / f"pulumi-resource-{name}"
    path.parent.mkdir(parents=True)
    (path.parent / "schema.json").write_text(json.dumps(content))
    (path.parent / "plugin.py").write_text(
        "import pathlib\n"
        "from common.plugin_process import serve\n"
        "from pulumi.runtime.proto import ResourceProviderServicer, plugin_pb2, provider_pb2\n"
        "from pulumi.runtime.proto.provider_pb2_grpc import add_ResourceProviderServicer_to_server as add\n"
        "class Plugin(ResourceProviderServicer):\n"
        f"    def GetPluginInfo(self, *_): return plugin_pb2.PluginInfo(version={version!r})\n"
        "    def GetSchema(self, *_):\n"
        "        schema = pathlib.Path(__file__).with_name('schema.json').read_text()\n"
        "        return provider_pb2.GetSchemaResponse(schema=schema)\n"
        "serve(lambda server: add(Plugin(), server))\n"
    )
    return program(path, f'PYTHONPATH={CHECKOUT} exec {sys.executable} {path.parent}/plugin.py "$@"')


@pytest.mark.needs("engine")
def test_a_stack_is_held_against_official_plugins_and_nothing_else(tmp_path: Path) -> None:
    cli = make_cli(tmp_path)
    stack = (CHECKOUT / "Pulumi.eks-dev.yaml").read_text()
    against_policy = stack.replace("logDays: 7", "logDays: 7\n    logTypes: [api]")  # which is no business of schemas
    (cli.directory / "Pulumi.eks-dev.yaml").write_text(against_policy)
    make_plugin(tmp_path / "users", KUBERNETES)
    checked = cli.run("schema-check", "--stack", "eks-dev", "--json", PULUMI_HOME=str(tmp_path / "users"))
    assert checked.returncode == 8, checked.stderr
    told = json.loads(checked.stdout)
    aws, kubernetes = told["packages"]
    assert (aws["package"], aws["checked"], aws["schema"]) == ("aws", False, "not checked: stand-in")
    assert aws["resources"] > 30
    assert aws["install"] in checked.stderr
    assert f"plugin install resource aws {required_plugins()['aws']} --reinstall" in aws["install"]
    assert kubernetes["checked"]
    assert kubernetes["schema"].startswith(str(tmp_path))
    assert 0 < kubernetes["customResources"] < kubernetes["resources"]  # groups that the little schema does not have
    of_shop = {each["path"]: each for each in told["problems"] if each["urn"].endswith("core/v1:Namespace::shop")}
    assert of_shop["apiVersion"]["found"] == '"v1"'
    assert of_shop["apiVersion"]["allowed"] == '"v2"'
    assert of_shop["spec"]["problem"] == "is required"
    assert {"PK705", "PK222"} <= set(checked.stderr.split())
    assert not told["ok"]
    assert not any("providers" in each["urn"] for each in told["problems"])  # its JSON is looked into, and is right


_DOG: Final = {"type": "string", "const": "dog"}
PACKAGE: Final = Package(
    {
        "name": "some",
        "types": {
            "some:a/Mode:Mode": {"type": "string", "enum": [{"value": "On"}, {"value": "Off"}]},
            "some:a/Cat:Cat": {
                "type": "object",
                "properties": {"kind": {"type": "string", "const": "cat"}},
                "required": ["kind"],
            },
            "some:a/Dog:Dog": {"type": "object", "properties": {"kind": _DOG, "tail": {"type": "number"}}},
            "some:a/Box:Box": {
                "type": "object",
                "properties": {
                    "size": {"type": "integer"},
                    "old": {"type": "string", "deprecationMessage": "use size"},
                },
                "required": ["size"],
            },
        },
        "resources": {
            "some:a/thing:Thing": {
                "requiredInputs": ["name"],
                "inputProperties": {
                    "name": {"type": "string"},
                    "on": {"type": "boolean"},
                    "weight": {"type": "number"},
                    "mode": {"$ref": "#/types/some:a%2FMode:Mode"},
                    "loose": {"oneOf": [{"type": "string"}, {"$ref": "#/types/some:a%2FMode:Mode"}]},
                    "port": {"oneOf": [{"type": "integer"}, {"type": "string"}]},
                    "boxes": {"type": "array", "items": {"type": "object", "$ref": "#/types/some:a%2FBox:Box"}},
                    "labels": {"type": "object"},
                    "anything": {"$ref": "pulumi.json#/Any"},
                    "pet": {
                        "oneOf": [{"$ref": "#/types/some:a%2FCat:Cat"}, {"$ref": "#/types/some:a%2FDog:Dog"}],
                        "discriminator": {
                            "propertyName": "kind",
                            "mapping": {"cat": "#/types/some:a%2FCat:Cat", "dog": "#/types/some:a%2FDog:Dog"},
                        },
                    },
                },
            },
            "some:a/old:Old": {"deprecationMessage": "use Thing", "inputProperties": {}},
        },
    }
)


def thing(**inputs: Any) -> PlannedResource:
    """A resource that is right but for `inputs`."""
    return PlannedResource("urn:thing", "some:a/thing:Thing", {"name": "n"} | inputs)


@pytest.mark.parametrize(
    "inputs",
    [
        {"on": False, "weight": 1.5, "mode": "On", "loose": "anything", "labels": {"a.b/c": "d"}},
        {"weight": 2, "port": 80, "boxes": [{"size": 3.0}], "anything": {"a": [1]}, "__defaults": []},
        {"port": "http", "pet": {"kind": "dog", "tail": 1}, "boxes": None},
        {"on": next(iter(UNKNOWNS)), "boxes": SECRET, "pet": next(iter(UNKNOWNS)), "mode": SECRET},
        {"boxes": [{"size": unknown} for unknown in UNKNOWNS]},
    ],
)
def test_what_fits_is_taken(inputs: dict[str, Any]) -> None:
    assert list(PACKAGE.mismatches(thing(**inputs))) == []


@pytest.mark.parametrize(
    ("inputs", "path", "found", "allowed"),
    [
        ({"nmae": "x"}, "nmae", "nmae", "name?"),
        ({"name": None}, "name", "nothing", "string"),
        ({"name": 5}, "name", "5", "string"),
        ({"on": "true"}, "on", '"true"', "boolean"),
        ({"weight": True}, "weight", "true", "number"),
        ({"mode": "on"}, "mode", '"on"', '"On", "Off"'),
        ({"loose": 1}, "loose", "1", 'string or "On", "Off"'),
        ({"port": 1.5}, "port", "1.5", "integer or string"),
        ({"boxes": {"size": 1}}, "boxes", '{"size": 1}', "list of object a/Box:Box"),
        ({"boxes": [{"size": 1}, {}]}, "boxes[1].size", "nothing", "integer"),
        ({"boxes": [{"size": 1.5}]}, "boxes[0].size", "1.5", "integer"),
        ({"boxes": ["big"]}, "boxes[0]", '"big"', "object a/Box:Box"),
        ({"labels": {"a.b/c": 1}}, 'labels["a.b/c"]', "1", "string"),
        ({"pet": {"kind": "dog", "tail": "long"}}, "pet.tail", '"long"', "number"),
        ({"pet": {"tail": "long"}}, "pet.tail", '"long"', "number"),
    ],
)
def test_what_does_not_fit_is_named_with_its_place(inputs: dict[str, Any], path: str, found: str, allowed: str) -> None:
    (mismatch,) = PACKAGE.mismatches(thing(**inputs))
    assert (mismatch.path, mismatch.found, mismatch.allowed, mismatch.warning) == (path, found, allowed, False)


def test_a_type_that_there_is_not_is_an_error_and_a_custom_resource_is_none() -> None:
    (mismatch,) = PACKAGE.mismatches(PlannedResource("urn:x", "some:a/thign:Thign", {}))
    assert mismatch.found == "some:a/thign:Thign"
    kubernetes = Package(KUBERNETES)
    assert not kubernetes.covers(PlannedResource("urn:x", "kubernetes:gateway.networking.k8s.io/v1:Gateway", {}))
    assert kubernetes.covers(PlannedResource("urn:x", "kubernetes:core/v1:Namepsace", {}))


def test_what_is_deprecated_is_a_warning_and_no_failure() -> None:
    mismatches = [
        *PACKAGE.mismatches(PlannedResource("urn:x", "some:a/old:Old", {})),
        *PACKAGE.mismatches(thing(boxes=[{"size": 1, "old": next(iter(UNKNOWNS))}])),
    ]
    assert [(each.path, each.allowed, each.warning) for each in mismatches] == [
        ("", "use Thing", True),
        ("boxes[0].old", "use size", True),
    ]
    plugin = Plugin("some", "1.0.0", Path("/p"), official=True)
    assert failure([PackageReport("some", 1, plugin, mismatches=[(thing(), each) for each in mismatches])]) is None


def test_what_was_not_checked_fails_after_what_is_wrong() -> None:
    unchecked = PackageReport("aws", 3)
    (mismatch,) = PACKAGE.mismatches(thing(mode="on"))
    wrong = PackageReport("some", 1, Plugin("some", "1", Path("/p"), official=True), mismatches=[(thing(), mismatch)])
    assert isinstance(failure([unchecked]), ToolchainError)
    both = failure([unchecked, wrong])
    assert isinstance(both, RehearsalError)
    assert [problem.code for problem in both.problems] == ["PK705", "PK222"]
    assert both.problems[0].where == "urn:thing mode"


def test_a_plugin_that_tells_no_schema_is_named_with_the_way_to_get_it_anew(tmp_path: Path) -> None:
    broken = program(tmp_path / "pulumi-resource-tls", "echo no such file >&2; exit 1")
    with pytest.raises(EngineError) as failed:
        schema(ensure(["pulumi"])["pulumi"], Plugin("tls", "5.6.2", broken, official=True))
    (problem,) = failed.value.problems
    assert problem.code == "PK406"
    assert problem.where == str(broken)
    assert f"PULUMI_HOME={pulumi_home()} pulumi plugin install resource tls" in problem.remedy
