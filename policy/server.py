"""The policy pack as the engine sees it: `pulumirpc.Analyzer`.

Written on the protocol rather than on the policy SDK, whose server decodes every resource anew for every
rule, lets one unknown value silence a rule, and does not see the stack's configuration
(docs/adr/0004). Protocol: proto/pulumi/analyzer.proto, v3.259.
"""

import json
from collections.abc import Iterable, Mapping, Sequence
from importlib import metadata
from typing import Any

import grpc
from google.protobuf import empty_pb2
from pulumi.runtime.proto import AnalyzerServicer, analyzer_pb2, plugin_pb2
from pulumi.runtime.proto.analyzer_pb2_grpc import add_AnalyzerServicer_to_server

from common.plugin_process import serve
from common.wire import decode, plain
from policy.judge import Judge, Verdict
from policy.model import UNDETERMINED, Level, Resource, Rule, Stack, StackRule

PACK = "polykube"
_SETTINGS = "polykube:policy"
_LEVELS = {
    Level.MANDATORY: analyzer_pb2.MANDATORY,
    Level.ADVISORY: analyzer_pb2.ADVISORY,
    Level.REMEDIATE: analyzer_pb2.REMEDIATE,
    Level.DISABLED: analyzer_pb2.DISABLED,
}


class PolicyServer(AnalyzerServicer):
    """Answers the engine's questions with what a `Judge` finds."""

    def __init__(self, rules: Sequence[Rule]) -> None:
        self._rules = rules
        self._stack_levels: Mapping[str, Level] = {}
        self._judge = Judge(rules)

    def Handshake(self, request: Any, context: Any) -> Any:
        return analyzer_pb2.AnalyzerHandshakeResponse()

    def GetPluginInfo(self, request: Any, context: Any) -> Any:
        return plugin_pb2.PluginInfo(version=metadata.version(PACK))

    def Cancel(self, request: Any, context: Any) -> Any:
        return empty_pb2.Empty()

    def ConfigureStack(self, request: Any, context: Any) -> Any:
        """Take the levels from the stack file, if the stack has one of ours."""
        levels = json.loads(request.config.get(_SETTINGS, "{}")).get("levels", {})
        unknown = levels.keys() - {rule.id for rule in self._rules}
        if unknown:
            known = ", ".join(rule.id for rule in self._rules)
            context.abort(
                grpc.StatusCode.INVALID_ARGUMENT,
                f"{_SETTINGS}.levels names no rule of this pack: {', '.join(sorted(unknown))} (rules: {known})",
            )
        self._stack_levels = {rule: Level(level) for rule, level in levels.items()}
        self._judge = Judge(self._rules, self._stack_levels)
        return analyzer_pb2.AnalyzerStackConfigureResponse()

    def GetAnalyzerInfo(self, request: Any, context: Any) -> Any:
        return analyzer_pb2.AnalyzerInfo(
            name=PACK,
            version=metadata.version(PACK),
            supportsConfig=True,
            policies=[self._info(rule) for rule in self._rules],
        )

    def Configure(self, request: Any, context: Any) -> Any:
        """Take the levels of `--policy-pack-config`; the engine sends one for every rule."""
        names = {number: level for level, number in _LEVELS.items()}
        levels = {rule: names[config.enforcementLevel] for rule, config in request.policyConfig.items()}
        self._judge = Judge(self._rules, {**self._stack_levels, **levels})
        return empty_pb2.Empty()

    def Analyze(self, request: Any, context: Any) -> Any:
        return _response(self._judge.judge(_resource(request)))

    def AnalyzeStack(self, request: Any, context: Any) -> Any:
        stack = Stack([_resource(resource) for resource in request.resources])
        return _response(self._judge.judge_stack(stack))

    def Remediate(self, request: Any, context: Any) -> Any:
        return analyzer_pb2.RemediateResponse()

    def _info(self, rule: Rule) -> Any:
        stack_wide = isinstance(rule, StackRule)
        return analyzer_pb2.PolicyInfo(
            name=rule.id,
            description=rule.summary,
            enforcementLevel=_LEVELS[self._stack_levels.get(rule.id, rule.level)],
            policy_type=analyzer_pb2.POLICY_TYPE_STACK if stack_wide else analyzer_pb2.POLICY_TYPE_RESOURCE,
            tags=[rule.category],
        )


def serve_pack(rules: Sequence[Rule]) -> None:
    """Serve the pack until the engine closes it."""
    serve(lambda server: add_AnalyzerServicer_to_server(PolicyServer(rules), server))


def _resource(message: Any) -> Resource:
    properties = plain(decode(message.properties, unknown=UNDETERMINED))
    return Resource(message.urn, message.type, message.name, properties)


def _response(verdicts: Iterable[Verdict]) -> Any:
    return analyzer_pb2.AnalyzeResponse(
        diagnostics=[
            analyzer_pb2.AnalyzeDiagnostic(
                policyName=verdict.rule.id,
                policyPackName=PACK,
                policyPackVersion=metadata.version(PACK),
                description=verdict.rule.summary,
                message=verdict.text,
                enforcementLevel=_LEVELS[verdict.level],
                urn=verdict.finding.resource.urn,
            )
            for verdict in verdicts
        ]
    )
