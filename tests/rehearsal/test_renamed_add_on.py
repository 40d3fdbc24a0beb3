"""An add-on that gets another name, whose resources the engine then deletes and makes once more."""

import json
from typing import Final

from tests.support.engine import Engine

CHILDREN: Final = """
for name in ("karpenter", "karpenter/quota", "general"):
    random.RandomId(name, byte_length=4, opts=pulumi.ResourceOptions(parent=component))
"""
BEFORE: Final = f"""
import pulumi
import pulumi_random as random

component = pulumi.ComponentResource("polykube:addons:Autoscaling", "autoscaling")
{CHILDREN}"""
AFTER: Final = f"""
import pulumi
import pulumi_random as random

from components.addons.renamed import former_options

component = pulumi.ComponentResource("polykube:addons:Karpenter", "karpenter", {{}}, former_options("autoscaling"))
{CHILDREN}"""


def test_a_stack_keeps_every_resource_of_an_add_on_that_was_renamed(engine: Engine) -> None:
    engine.write_program(BEFORE)
    engine.must("up", "--yes", "--skip-preview")
    before = ids(engine)
    engine.write_program(AFTER)
    engine.must("preview", "--expect-no-changes")
    engine.must("up", "--yes", "--skip-preview")
    after = ids(engine)
    assert [urn for urn in after if "Autoscaling" in urn] == []
    assert len(after) == 3
    assert sorted(after.values()) == sorted(before.values())


def ids(engine: Engine) -> dict[str, str]:
    """The ids of what is in the state, by URN."""
    resources = json.loads(engine.must("stack", "export"))["deployment"]["resources"]
    return {each["urn"]: each["id"] for each in resources if each["type"].startswith("random:")}
