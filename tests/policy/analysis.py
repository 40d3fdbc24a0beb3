"""Running the policy pack over objects the way a user can: `pulumi policy analyze` on a state file."""

import json
import subprocess
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from pulumi.runtime.proto import analyzer_pb2

from automation.environment import POLICY_PACK
from common.wire import encode
from components.platform.manifests import type_token
from policy.model import Properties
from policy.rules import RULES
from policy.server import PolicyServer
from tests.support.engine import Engine

_PREFIX = "urn:pulumi:dev::cases::"
_STACK = {"urn": f"{_PREFIX}pulumi:pulumi:Stack::cases-dev", "custom": False, "type": "pulumi:pulumi:Stack"}


@dataclass(frozen=True)
class Found:
    """A finding as the engine reports it."""

    rule: str
    level: str
    urn: str
    message: str


class State:
    """A stack's state with Kubernetes objects and cloud resources in it."""

    def __init__(self) -> None:
        self.resources: list[dict[str, Any]] = [_STACK]

    def add(self, body: dict[str, Any], below: str = "") -> str:
        """Add an object, by default right below the stack; `below` is a chain of parents' types. Its URN comes back."""
        return self.add_resource(type_token(body), str(len(self.resources)), body, below=below)

    def add_resource(
        self, token: str, name: str, properties: Properties, *, protect: bool = False, below: str = ""
    ) -> str:
        """Add a resource of any provider; its URN comes back."""
        return self.add_registered(
            f"{_PREFIX}{below and below + '$'}{token}::{name}", token, properties, protect=protect
        )

    def add_registered(self, urn: str, token: str, properties: Properties, *, protect: bool) -> str:
        """Add a resource that has a URN already, which comes back."""
        resource = {"urn": urn, "custom": True, "type": token, "id": urn, "parent": _STACK["urn"], "protect": protect}
        self.resources.append(resource | {"inputs": properties, "outputs": properties})
        return urn

    def as_json(self) -> str:
        """The state as `pulumi stack export` writes it."""
        manifest = {"time": "2026-01-01T00:00:00Z", "magic": "", "version": ""}
        return json.dumps({"version": 3, "deployment": {"manifest": manifest, "resources": self.resources}})


def asked(state: State, config: dict[str, Any]) -> list[Found]:
    """What the pack answers when it is asked as the engine asks it, without an engine and in this process."""
    server = PolicyServer(RULES)
    of_rules = {
        rule: analyzer_pb2.PolicyConfig(
            enforcementLevel=analyzer_pb2.MANDATORY, properties=encode(config.get(rule, {}))
        )
        for rule in config
    }
    server.Configure(analyzer_pb2.ConfigureAnalyzerRequest(policyConfig=of_rules), None)
    resources = [
        analyzer_pb2.AnalyzerResource(
            urn=each["urn"],
            type=each["type"],
            name=each["urn"].rpartition("::")[2],
            properties=encode(each["inputs"]),
            options=analyzer_pb2.AnalyzerResourceOptions(protect=each.get("protect", False)),
        )
        for each in state.resources[1:]
    ]
    answers = [server.Analyze(resource, None) for resource in resources]
    answers.append(server.AnalyzeStack(analyzer_pb2.AnalyzeStackRequest(resources=resources), None))
    levels = analyzer_pb2.EnforcementLevel
    return [
        Found(each.policyName, levels.Name(each.enforcementLevel).lower(), each.urn, each.message)
        for answer in answers
        for each in answer.diagnostics
    ]


@dataclass(frozen=True)
class Analysis:
    """The engine, with a directory for state files."""

    engine: Engine
    directory: Path

    def run(self, state: State, config: dict[str, Any] | None = None) -> list[Found]:
        """What the pack finds in `state`; `config` is that of `--policy-pack-config`."""
        done = self._analyze(state, config)
        events = [json.loads(line) for line in done.stdout.splitlines() if line.startswith("{")]
        assert any("summaryEvent" in event for event in events), done.stdout + done.stderr
        return [
            Found(event["policyName"], event["enforcementLevel"], event["resourceUrn"], event["message"])
            for event in (event.get("policyEvent") for event in events)
            if event
        ]

    def refused(self, state: State, config: dict[str, Any] | None = None) -> str:
        """What the engine says when the pack does not take its settings."""
        done = self._analyze(state, config)
        assert done.returncode != 0, done.stdout
        return done.stdout + done.stderr

    def _analyze(self, state: State, config: dict[str, Any] | None) -> subprocess.CompletedProcess[str]:
        file = self.directory / "state.json"
        file.write_text(state.as_json())
        arguments = ["policy", "analyze", "--json", "--file", str(file), "--policy-pack", str(POLICY_PACK)]
        if config is not None:
            settings = self.directory / "config.json"
            settings.write_text(json.dumps(config))
            arguments += ["--policy-pack-config", str(settings)]
        return self.engine.run(*arguments)
