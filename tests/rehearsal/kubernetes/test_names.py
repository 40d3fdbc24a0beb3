"""Names that the program leaves to the provider.

Guards against an object whose name changes from run to run, and against options of the engine's autonaming
that the provider overlooks.
"""

import re
from typing import Any

import yaml

from tests.rehearsal.kubernetes.program import HEAD, steps_of
from tests.support.api import Api
from tests.support.engine import Engine

UNNAMED = HEAD + 'k8s.core.v1.ConfigMap("Sub", metadata={"namespace": NAMESPACE}, data={"x": "1"})\n'
NAMED = UNNAMED.replace('"namespace": NAMESPACE', '"namespace": NAMESPACE, "name": "chosen"')
GENERATED = re.compile("sub-[0-9a-f]{8}")


def _autonaming(engine: Engine, **options: Any) -> None:
    project = engine.directory / "Pulumi.yaml"
    settings = {"config": {"pulumi:autonaming": {"value": options}}}
    project.write_text(yaml.safe_dump(yaml.safe_load(project.read_text()) | settings))


def test_a_name_that_the_program_gives_up_is_replaced_by_a_generated_one_that_stays(
    engine: Engine, namespace: str, api: Api
) -> None:
    engine.write_program(NAMED.replace('"Sub"', '"sub"'))
    engine.must("up", "--yes", "--skip-preview")
    engine.write_program(UNNAMED.replace('"Sub"', '"sub"'))
    assert {name: step["op"] for name, step in steps_of(engine).items()} == {"sub": "replace"}
    engine.must("up", "--yes", "--skip-preview")
    engine.must("preview", "--expect-no-changes")
    (live,) = (o for o in api.list(f"/api/v1/namespaces/{namespace}/configmaps") if o["data"] == {"x": "1"})
    assert GENERATED.fullmatch(live["metadata"]["name"])
    assert live["metadata"]["annotations"] == {"pulumi.com/autonamed": "true"}


def test_the_engine_can_propose_the_name(engine: Engine) -> None:
    engine.write_program(UNNAMED.replace('"Sub"', '"sub"'))
    _autonaming(engine, pattern="${project}-${name}")
    assert steps_of(engine)["sub"]["newState"]["inputs"]["metadata"]["name"] == "rehearsed-sub"


def test_the_engine_can_forbid_generated_names(engine: Engine) -> None:
    engine.write_program(UNNAMED)
    _autonaming(engine, mode="disabled")
    assert "autonaming is disabled: set metadata.name" in engine.run("preview").stdout
    engine.write_program(NAMED)
    assert steps_of(engine)["Sub"]["newState"]["inputs"]["metadata"]["name"] == "chosen"


def test_a_name_is_not_lower_cased_and_the_server_refuses_it(engine: Engine) -> None:
    engine.write_program(UNNAMED)
    refused = engine.run("preview")
    assert refused.returncode != 0
    assert re.search(r'metadata.name: Invalid value: "Sub-[0-9a-f]{8}"', refused.stdout)
