"""The policy pack as the engine sees it: `pulumirpc.Analyzer`.

Written on the protocol rather than on the policy SDK, whose server decodes every resource anew for every
rule, lets one unknown value silence a rule, and does not see the stack's configuration
(docs/adr/0004). Protocol: proto/pulumi/analyzer.proto, v3.259.
"""

import json
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from importlib import metadata
from typing import Any, TypeVar

import grpc
from google.protobuf import empty_pb2
from pulumi.runtime.proto import AnalyzerServicer, analyzer_pb2, plugin_pb2
from pulumi.runtime.proto.analyzer_pb2_grpc import add_AnalyzerServicer_to_server

from common.errors import PolicyInputError
from common.plugin_process import serve
from common.waivers import WAIVERS
from common.wire import encode
from policy.engine.decoding import RuleView
from policy.engine.exemptions import ExemptionRegistry, read_waivers
from policy.engine.judge import Judge, Verdict, VerdictKind, damage
from policy.engine.project import project_directory
from policy.engine.remediation import remediated
from policy.engine.run import Note, PackRun
from policy.engine.settings import CLUSTER_KEY, STACK_KEY, RuleSettings, implied, option_schema, read_settings
from policy.model.resource import Resource
from policy.model.rule import Level, Rule, StackRule
from policy.model.stack import Stack

PACK = "polykube"
_STAGE_KEY = "polykube:stage"  # of stack files of ours
_VERSION = metadata.version(PACK)
_NOTES = "policy-pack"
T = TypeVar("T")
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
        self._of_stack = RuleSettings()
        self._judge = Judge(rules)
        self._run = PackRun(ExemptionRegistry())

    def Handshake(self, request: Any, context: Any) -> Any:
        return analyzer_pb2.AnalyzerHandshakeResponse()

    def GetPluginInfo(self, request: Any, context: Any) -> Any:
        return plugin_pb2.PluginInfo(version=_VERSION)

    def Cancel(self, request: Any, context: Any) -> Any:
        return empty_pb2.Empty()

    def ConfigureStack(self, request: Any, context: Any) -> Any:
        """Take levels and options from the stack file, if the stack has one of ours."""
        given = json.loads(request.config.get(STACK_KEY, "{}"))
        levels = {**_levels_of_stage(request.config), **given.get("levels", {})}
        told = _or_abort(context, read_settings, self._rules, levels, given.get("options"))
        cluster = request.config.get(CLUSTER_KEY, "")
        self._of_stack = implied(json.loads(cluster) if cluster.startswith("{") else None).changed(told)
        self._judge = Judge(self._rules, self._of_stack)
        return analyzer_pb2.AnalyzerStackConfigureResponse()

    def GetAnalyzerInfo(self, request: Any, context: Any) -> Any:
        """Say what rules there are; the engine asks this before any resource comes."""
        self._run = PackRun(
            ExemptionRegistry(_or_abort(context, read_waivers, project_directory() / WAIVERS, self._rules))
        )
        return analyzer_pb2.AnalyzerInfo(
            name=PACK,
            version=_VERSION,
            supportsConfig=True,
            policies=[self._info(rule) for rule in self._rules],
        )

    def Configure(self, request: Any, context: Any) -> Any:
        """Take the settings of `--policy-pack-config`; the engine sends them for every rule, ours filled in."""
        names = {number: level for level, number in _LEVELS.items()}
        levels = {rule: names[config.enforcementLevel] for rule, config in request.policyConfig.items()}
        options = {rule: dict(RuleView(config.properties, "")) for rule, config in request.policyConfig.items()}
        self._judge = Judge(
            self._rules, self._of_stack.changed(_or_abort(context, read_settings, self._rules, levels, options))
        )
        return empty_pb2.Empty()

    def Analyze(self, request: Any, context: Any) -> Any:
        resource = _resource(request)
        self._run.exemptions.register(resource)
        verdicts = self._run.filter(self._judge.judge(resource))
        return _response([*_damage(resource), *map(_diagnostic, verdicts)])

    def AnalyzeStack(self, request: Any, context: Any) -> Any:
        stack = Stack(_resource(resource) for resource in request.resources)
        verdicts = self._run.filter(self._judge.judge_stack(stack))
        return _response([*map(_diagnostic, verdicts), *map(_note, self._run.notes())])

    def Remediate(self, request: Any, context: Any) -> Any:
        return analyzer_pb2.RemediateResponse(
            remediations=[
                analyzer_pb2.Remediation(
                    policyName=rule.id,
                    policyPackName=PACK,
                    policyPackVersion=_VERSION,
                    description=rule.summary,
                    properties=properties,
                )
                for rule, properties in remediated(
                    self._judge, self._run.exemptions, _resource(request), request.properties
                )
            ]
        )

    def _info(self, rule: Rule) -> Any:
        values = self._of_stack.values(rule)
        schema = {option.name: option_schema(option) | {"default": values[option.name]} for option in rule.options}
        stack_wide = isinstance(rule, StackRule)
        return analyzer_pb2.PolicyInfo(
            name=rule.id,
            description=rule.summary,
            enforcementLevel=_LEVELS[self._of_stack.level(rule)],
            policy_type=analyzer_pb2.POLICY_TYPE_STACK if stack_wide else analyzer_pb2.POLICY_TYPE_RESOURCE,
            tags=[rule.category],
            configSchema=analyzer_pb2.PolicyConfigSchema(properties=encode(schema)) if schema else None,
        )


def _levels_of_stage(config: Mapping[str, str]) -> dict[str, str]:
    """What is made to be thrown away is not protected: stages other than prod do without the rule."""
    return {} if config.get(_STAGE_KEY, "prod") == "prod" else {"protect-cluster": Level.DISABLED}


def serve_pack(rules: Sequence[Rule]) -> None:
    """Serve the pack until the engine closes it."""
    serve(lambda server: add_AnalyzerServicer_to_server(PolicyServer(rules), server))


def _resource(message: Any) -> Resource:
    properties = RuleView(message.properties, message.name)
    return Resource(message.urn, message.type, message.name, properties, message.options.protect)


def _or_abort(context: grpc.ServicerContext, read: Callable[..., T], *arguments: Any) -> T:
    """What `read` reads; a person's mistake in it ends the run with what they should know."""
    try:
        return read(*arguments)
    except PolicyInputError as error:
        context.abort(grpc.StatusCode.INVALID_ARGUMENT, str(error))


def _response(diagnostics: Iterable[Any]) -> Any:
    return analyzer_pb2.AnalyzeResponse(diagnostics=diagnostics)


def _note(note: Note) -> Any:
    return analyzer_pb2.AnalyzeDiagnostic(
        policyName=_NOTES,
        policyPackName=PACK,
        policyPackVersion=_VERSION,
        description="What the pack says of itself.",
        message=note.text,
        enforcementLevel=_LEVELS[note.level],
    )


def _damage(resource: Resource) -> Iterator[Any]:
    """What the pack says of an object that the API server cannot read."""
    if found := damage(resource):
        note = _note(Note(Level.MANDATORY, f"{resource.title} {found.message}. {found.remedy}"))
        note.urn = resource.urn
        yield note


def _diagnostic(verdict: Verdict) -> Any:
    level = Level.ADVISORY if verdict.kind is VerdictKind.UNDETERMINED else verdict.level
    return analyzer_pb2.AnalyzeDiagnostic(
        policyName=verdict.rule.id,
        policyPackName=PACK,
        policyPackVersion=_VERSION,
        description=verdict.rule.summary,
        message=verdict.text,
        enforcementLevel=_LEVELS[level],
        urn=verdict.finding.resource.urn,
    )
