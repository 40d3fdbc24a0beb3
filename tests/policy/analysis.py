"""Running the policy pack over objects the way a user can: `pulumi policy analyze` on a state file."""

import contextlib
import json
import subprocess
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, NoReturn, Protocol

import pytest
from pulumi.runtime.proto import analyzer_pb2

from automation.environment import POLICY_PACK
from common.wire import encode
from components.platform.manifests import type_token
from policy.engine.server import PolicyServer
from policy.model.resource import Properties
from policy.model.rule import Rule
from policy.rules import RULES
from tests.support.engine import Engine

_LEVELS = analyzer_pb2.EnforcementLevel
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


def asked(state: State, config: Mapping[str, Any], rules: Sequence[Rule] = RULES) -> list[Found]:
    """What the pack answers when it is asked as the engine asks it, without an engine and in this process.

    ValueError with the pack's words where it refuses its settings.
    """
    server = PolicyServer(rules)
    own = {each.name: each.enforcementLevel for each in server.GetAnalyzerInfo(None, _Context()).policies}
    server.Configure(
        analyzer_pb2.ConfigureAnalyzerRequest(
            policyConfig={rule: _as_sent(own[rule], given) for rule, given in config.items()}
        ),
        _Context(),
    )
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
    return [
        Found(each.policyName, _LEVELS.Name(each.enforcementLevel).lower(), each.urn, each.message)
        for answer in answers
        for each in answer.diagnostics
    ]


def _as_sent(own: Any, given: Any) -> Any:
    """A rule's entry of `--policy-pack-config`, a level or options, as the engine hands it on."""
    if isinstance(given, str):
        return analyzer_pb2.PolicyConfig(enforcementLevel=_LEVELS.Value(given.upper()))
    return analyzer_pb2.PolicyConfig(enforcementLevel=own, properties=encode(given))


class _Context:
    """A call of the pack, as far as the pack uses it."""

    def abort(self, code: object, details: str) -> NoReturn:
        raise ValueError(f"{code}: {details}")


class Analysis(Protocol):
    """A way to run the pack over a state, in the directory of a project."""

    @property
    def project(self) -> Path:
        """The directory with Pulumi.yaml, where waivers are looked for."""

    def run(self, state: State, config: Mapping[str, Any] | None = None) -> list[Found]:
        """What the pack finds in `state`; `config` is that of `--policy-pack-config`."""

    def refused(self, state: State, config: Mapping[str, Any] | None = None) -> str:
        """What is said when the pack does not take its settings."""


@dataclass(frozen=True)
class InProcess:
    """The pack without an engine: for mutation testing, which asks thousands of times."""

    project: Path

    def run(self, state: State, config: Mapping[str, Any] | None = None) -> list[Found]:
        with contextlib.chdir(self.project):
            return asked(state, config or {})

    def refused(self, state: State, config: Mapping[str, Any] | None = None) -> str:
        with pytest.raises(ValueError, match="PK5") as refusal:
            self.run(state, config)
        return str(refusal.value)


@dataclass(frozen=True)
class ByEngine:
    """The engine, with a directory for state files."""

    engine: Engine
    directory: Path

    @property
    def project(self) -> Path:
        return self.engine.directory

    def run(self, state: State, config: Mapping[str, Any] | None = None) -> list[Found]:
        done = self._analyze(state, config)
        events = [json.loads(line) for line in done.stdout.splitlines() if line.startswith("{")]
        assert any("summaryEvent" in event for event in events), done.stdout + done.stderr
        return [
            Found(event["policyName"], event["enforcementLevel"], event["resourceUrn"], event["message"])
            for event in (event.get("policyEvent") for event in events)
            if event
        ]

    def refused(self, state: State, config: Mapping[str, Any] | None = None) -> str:
        done = self._analyze(state, config)
        assert done.returncode != 0, done.stdout
        return done.stdout + done.stderr

    def _analyze(self, state: State, config: Mapping[str, Any] | None) -> subprocess.CompletedProcess[str]:
        file = self.directory / "state.json"
        file.write_text(state.as_json())
        arguments = ["policy", "analyze", "--json", "--file", str(file), "--policy-pack", str(POLICY_PACK)]
        if config is not None:
            settings = self.directory / "config.json"
            settings.write_text(json.dumps(config))
            arguments += ["--policy-pack-config", str(settings)]
        return self.engine.run(*arguments)
