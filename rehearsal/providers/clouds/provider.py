"""The base of the stand-in clouds: every resource operation of a cloud, on the rehearsal's store.

What is the same for all types is done here, by the schema and the rules of the cloud; what a type does
beyond that (a cluster that starts an API server) is a `Behaviour`.
"""

import json
import uuid
from abc import abstractmethod
from collections.abc import Iterable, Iterator, Mapping
from contextlib import suppress
from dataclasses import replace
from functools import partial
from operator import attrgetter
from pathlib import Path
from typing import Any, ClassVar, Final

from common.locks import exclusive
from common.wire import UNKNOWN, Properties, plain, sealed
from rehearsal.providers.base import (
    ADD,
    ADD_REPLACE,
    DELETE,
    DELETE_REPLACE,
    UPDATE,
    UPDATE_REPLACE,
    Diff,
    Failure,
    InitializationFailed,
    NotModelled,
    ProviderError,
    Request,
    ResourceState,
    StandIn,
)
from rehearsal.providers.clouds.account import Account
from rehearsal.providers.clouds.behaviour import Behaviour, Refused
from rehearsal.providers.clouds.faults import Fault, Faults, wait
from rehearsal.providers.clouds.in_time import appeared, gone, persisting, still_named, takes_its_turn
from rehearsal.providers.clouds.names import read_names
from rehearsal.providers.clouds.provider_kind import ProviderKind, without_notes
from rehearsal.providers.clouds.read_back import alike, told
from rehearsal.providers.clouds.references import dependents, missing
from rehearsal.providers.clouds.rules import TypeRules, changes, fill, merged, nested, read_rules, value_at
from rehearsal.providers.clouds.runner import Runner
from rehearsal.providers.clouds.schema import Schema
from rehearsal.providers.clouds.store import LINGERING, Resource, Store, Taken, rehearsal_directory
from rehearsal.providers.input_checks import input_problems

_ENGINE_CONFIG: Final = frozenset({"version", "pluginDownloadURL"})  # provider inputs that the engine itself adds
_NOTHING_DONE: Final = {"throttled": "throttled", "quota-exceeded": "quota", "name-taken": "taken"}
_OPERATIONS: Final = {"creating": "create", "reading": "read", "updating": "update", "deleting": "delete"}
_UNEVENTFUL: Final = Behaviour()


class CloudStandIn(StandIn):
    """A cloud; `directory` is its package, with `rules.yaml`, `names.yaml` and `schema.json`."""

    directory: ClassVar[Path]
    behaviours: ClassVar[Mapping[str, Behaviour]]
    kind: ClassVar[ProviderKind]

    def __init__(self) -> None:
        self.schema = Schema(self.directory)
        self.book = read_rules(self.directory, self.schema)
        self._names = read_names(self.directory)
        rehearsal = rehearsal_directory()
        self.store = Store(rehearsal)
        self._faults = Faults(rehearsal, self.store)
        self._account = Account(self.directory, self._faults.conditions, self.store)
        self._runner = Runner(self.directory, rehearsal, self.store)
        self.config: Mapping[str, Any] = {}

    # What a cloud adds -------------------------------------------------------------------------------

    @abstractmethod
    def surroundings(self, inputs: Properties) -> Mapping[str, Any]:
        """What templates may name besides properties (region, account, project …); the names begin with `_`."""

    def finished(self, type_: str, outputs: Properties) -> Properties:
        """The outputs in the form that the provider gives them, with what its configuration adds, such as tags."""
        return outputs

    # The provider ------------------------------------------------------------------------------------

    def check_config(self, old: Properties, new: Properties) -> Iterable[Failure]:
        types = self.schema.provider.inputs
        given = {name: _from_text(value, types.get(name)) for name, value in new.items() if name not in _ENGINE_CONFIG}
        return list(input_problems(self.schema.provider, {}, given))

    def configure(self, config: Mapping[str, Any]) -> None:
        types = self.schema.provider.inputs
        named = {key.rpartition(":")[2]: value for key, value in config.items()}
        self.config = {name: _from_text(value, types.get(name)) for name, value in named.items()}

    # Resources ---------------------------------------------------------------------------------------

    def check(self, request: Request) -> tuple[Properties, Iterable[Failure]]:
        rules = self._rules(request)
        given = {name: value for name, value in request.inputs.items() if value is not None}
        named = self.kind.named(rules, request, given)
        inputs, made_up = without_notes(named), "" if rules.named in given else rules.named
        return named, [
            *input_problems(self.schema.resource(request.type), {}, inputs),
            *_excluded(rules, inputs),
            *self._names.problems(request.type, inputs, made_up),
        ]

    def diff(self, request: Request) -> Diff:
        rules, detailed = self._rules(request), {}
        compared = self.kind.compared(rules, self.schema.resource(request.type), request)
        for path, old, new in changes(*alike(rules.read_back, *compared)):
            if _is_ignored(path, request.ignore_changes) or any(each.hides(path, new) for each in rules.read_back):
                continue
            in_place, replacing = (
                (ADD, ADD_REPLACE)
                if old is None
                else (DELETE, DELETE_REPLACE)
                if new is None
                else (UPDATE, UPDATE_REPLACE)
            )
            detailed[path] = replacing if rules.changes_into_another(path, old, new) else in_place
        diff = Diff(detailed)
        deletes_first = bool(diff.replaces) and self._deletes_first(rules, request)
        return replace(diff, delete_before_replace=deletes_first)

    def create(self, request: Request) -> ResourceState:
        rules, inputs = self._rules(request), without_notes(plain(request.inputs))
        if request.preview:
            foretold = merged(self._foretold(request, rules), without_notes(request.inputs))
            return ResourceState("", self._answer(request, self.finished(request.type, foretold)))
        id_, outputs = self._made(rules, inputs, {})
        resource = Resource(request.type, id_, request.name, inputs, outputs)
        fault = self._begin("creating", request, rules, None, resource)
        find = partial(still_named, resource, self.store)
        for _ in persisting(find, LINGERING.__eq__, rules.patience("create")):
            raise self._error("creating", resource, "exists")
        try:
            with exclusive(self.store.lock):  # what is made at the same time counts
                self._account.check_limits(resource)
                if rules.adopts:
                    self.store.put(resource, "create")
                else:
                    self.store.add(resource)
        except Taken:
            raise self._error("creating", resource, "exists") from None
        except Refused as refused:
            raise self._error("creating", resource, refused.kind, **refused.words) from None
        appeared(resource, self.store, fault)
        return self._finish("creating", request, None, resource, fault)

    def update(self, request: Request) -> ResourceState:
        rules, inputs = self._rules(request), without_notes(plain(request.inputs))
        if request.preview:
            given = without_notes(request.inputs)
            foretold = {**request.state, **merged(nested(_added(rules, request.state)), given)}
            behaviour = self.behaviours.get(request.type, _UNEVENTFUL)
            foretold |= dict.fromkeys(behaviour.renewed(without_notes(plain(request.old_inputs)), inputs), UNKNOWN)
            return ResourceState(request.id, self._answer(request, self.finished(request.type, foretold)))
        old = self.store.get(request.type, request.id)
        if old is None:
            gone = Resource(request.type, request.id, request.name, inputs)
            raise self._error("updating", gone, "missing", target=f"{request.type} {request.id}")
        kept = {name: value for name, value in old.outputs.items() if name not in old.inputs}
        outputs = {**kept, **self._made(rules, inputs, old.outputs)[1]}
        resource = Resource(old.type, old.id, old.name, inputs, outputs)
        fault = self._begin("updating", request, rules, old, resource)
        self.store.put(resource)
        return self._finish("updating", request, old, resource, fault)

    def read(self, request: Request) -> ResourceState:
        self._rules(request)
        resource = self.store.get(request.type, request.id)
        subject = resource or Resource(request.type, request.id, request.name, {})
        self._authorise("reading", subject, subject)
        if fault := self._faults.next("read", request):
            raise self._error("reading", subject, _NOTHING_DONE.get(fault.fault, "internal"))
        if resource is None:
            return ResourceState("", {})
        outputs, inputs = self._seen(resource, request), dict(resource.inputs)
        if request.state:
            inputs = self.kind.refreshed(self.schema.resource(request.type), request, outputs)
            inputs = sealed(inputs, (name for name, value in request.inputs.items() if plain(value) != value))
        return ResourceState(resource.id, self._answer(request, outputs), inputs)

    def delete(self, request: Request) -> None:
        rules = self._rules(request)
        resource = self.store.get(request.type, request.id)
        if resource is None:
            return
        fault = self._begin("deleting", request, rules, resource, None)
        along = {type_ for name, types in rules.along.items() if resource.inputs.get(name) for type_ in types}
        for dependent in self._dependents(resource, rules):
            if dependent.type not in along:
                raise self._error("deleting", resource, "in-use", target=f"{dependent.type} {dependent.id}")
            self.store.drop(dependent)
        try:
            self._behaviour(resource).deleted(resource, self.store)
        except Refused as refused:
            raise self._error("deleting", resource, refused.kind, **refused.words) from None
        self.store.drop(resource)
        gone(resource, rules, self.store, fault)
        if fault and fault.fault == "internal-error":
            raise self._error("deleting", resource, "internal")

    # How it is done ----------------------------------------------------------------------------------

    def _begin(
        self, doing: str, request: Request, rules: TypeRules, old: Resource | None, new: Resource | None
    ) -> Fault | None:
        """Refuse what cannot begin; the fault that strikes later, if one does."""
        self._authorise(doing, old, new)
        subject = new or old
        assert subject is not None
        fault = self._faults.next(f"{doing.removesuffix('ing')}e", request)
        if fault and fault.fault in _NOTHING_DONE:
            raise self._error(doing, subject, _NOTHING_DONE[fault.fault])
        if fault and fault.fault == "rate-limit" and not takes_its_turn(fault, self.store, request.timeout):
            raise self._error(doing, subject, "throttled")
        if new:
            try:
                self._account.admit(new)
                self._check_references(new, rules)
                self._behaviour(new).accept(old, new, self.store)
            except Refused as refused:
                raise self._error(doing, new, refused.kind, **refused.words) from None
        return fault

    def _check_references(self, new: Resource, rules: TypeRules) -> None:
        """Raise Refused for what cannot be found, once the provider has no more patience with what is hidden."""
        find = partial(missing, rules, new.inputs, self.store)
        for target in persisting(find, attrgetter("exists"), rules.patience("create")):
            raise Refused("missing", target=target.what)

    def _dependents(self, resource: Resource, rules: TypeRules) -> list[Resource]:
        """What keeps a resource from being deleted, once the provider has no more patience with what lingers."""
        find = partial(dependents, resource, self.book.types, self.store)
        return persisting(find, lambda each: self.store.get(each.type, each.id) is None, rules.patience("delete"))

    def _authorise(self, doing: str, old: Resource | None, new: Resource | None) -> None:
        """Refuse what whoever runs the program may not do."""
        operation, subject = _OPERATIONS[doing], new or old
        assert subject is not None
        if denial := self._runner.ask(operation, old, new, str(self.config.get("region", ""))):
            raise self._error(doing, subject, "denied", **self._runner.words(denial))

    def _finish(
        self, doing: str, request: Request, old: Resource | None, new: Resource, fault: Fault | None
    ) -> ResourceState:
        """Do what the type does, and what the fault does; InitializationFailed when it was done in part."""
        behaviour, failure = self._behaviour(new), None
        more: Properties = {}
        try:
            more = behaviour.updated(old, new, self.store, fault) if old else behaviour.created(new, self.store, fault)
            self._account.check_rights(new, begun=True)
        except Refused as refused:
            failure = self._error(doing, new, refused.kind, **refused.words)
        done = Resource(
            new.type, new.id, new.name, new.inputs, self.finished(new.type, merged(new.outputs, nested(more)))
        )
        self.store.put(done, "complete")
        if fault and fault.fault == "internal-error":
            failure = self._error(doing, new, "internal")
        if fault and fault.fault == "slow" and not wait(fault.seconds, request.timeout):
            failure = self._error(doing, new, "timeout", seconds=f"{request.timeout:g}")
        state = ResourceState(done.id, self._answer(request, self._seen(done, request)))
        if failure:
            raise InitializationFailed(ResourceState(state.id, state.outputs, request.inputs), [str(failure)])
        return state

    def _made(self, rules: TypeRules, inputs: Properties, old: Mapping[str, Any]) -> tuple[str, Properties]:
        """Id and outputs of a resource; templates may name the id, and outputs that stand before them.

        What the cloud added before, in the `old` outputs, stays.
        """
        values = {**self.surroundings(inputs), **_added(rules, old), **inputs}
        for _ in range(2):  # the id may be made of outputs, and outputs of the id
            for name, template in rules.outputs.items():
                if values.get(name) is None:
                    values[name] = fill(template, values)
            values.setdefault("id", str(fill(rules.id, values)))
        return values["id"], merged(nested({name: values[name] for name in rules.outputs}), inputs)

    def _foretold(self, request: Request, rules: TypeRules) -> Properties:
        """What is known of the outputs before the resource exists."""
        schema = self.schema.resource(request.type)
        return nested(dict.fromkeys((schema.outputs - schema.inputs.keys()) | rules.outputs.keys(), UNKNOWN))

    def _answer(self, request: Request, outputs: Mapping[str, Any]) -> Properties:
        """Outputs as the engine gets them, with what is secret sealed."""
        told = (*request.inputs.items(), *request.state.items())
        hidden = {name for name, value in told if plain(value) != value}
        return sealed(outputs, hidden | self.schema.resource(request.type).secrets)

    def _deletes_first(self, rules: TypeRules, request: Request) -> bool:
        """Whether a replacement deletes the old resource before it makes the new one."""
        if rules.order:
            return rules.order == "delete-first"
        return self.kind.deletes_first(rules, plain(request.old_inputs), plain(request.inputs))

    def _seen(self, resource: Resource, request: Request) -> Properties:
        """What the provider reads back of a resource."""
        now = {}
        with suppress(Refused):  # of what it is in, nothing is left
            now = nested(self._behaviour(resource).observed(resource, self.store))
        kept = plain(request.state) or plain(request.inputs)
        return told(self._rules(request).read_back, merged(resource.outputs, now), dict(resource.inputs), kept)

    def _rules(self, request: Request) -> TypeRules:
        if request.type not in self.book.types:
            raise NotModelled(request.type, "resources")
        return self.book.types[request.type]

    def _behaviour(self, resource: Resource) -> Behaviour:
        return self.behaviours.get(resource.type, _UNEVENTFUL)

    def _error(self, doing: str, resource: Resource, kind: str, **words: str) -> ProviderError:
        """The cloud's own words for what went wrong."""
        status, text = (words["status"], words["text"]) if "text" in words else self.book.errors[kind]
        module, _, noun = resource.type.partition(":")[2].replace("/", ":").rpartition(":")
        service = module.partition(":")[0]
        action = f"{doing.removesuffix('ing').capitalize()}e{noun}"
        known = {"id": resource.id, "noun": noun, "service": service.upper(), "action": action, "doing": doing}
        error = fill(text, known | {"machine": "", "zone": "", "target": "", "reason": "", "seconds": ""} | words)
        return ProviderError(
            fill(self.book.wrapper, known | {"status": status, "uuid": str(uuid.uuid4()), "error": error})
        )


def _added(rules: TypeRules, outputs: Mapping[str, Any]) -> Properties:
    """Outputs that the cloud has added, by path."""
    found = ((path, value_at(outputs, path)) for path in rules.outputs)
    return {path: value for path, value in found if value is not None}


def _is_ignored(path: str, ignored: Iterable[str]) -> bool:
    return any(path == each or path.startswith((f"{each}.", f"{each}[")) for each in ignored)


def _from_text(value: Any, type_: Any) -> Any:
    """A provider input as it was meant: the engine hands over all but strings as JSON."""
    if isinstance(value, str) and type_ is not str:
        try:
            return json.loads(value)
        except ValueError:
            return value
    return value


def _excluded(rules: TypeRules, inputs: Properties) -> Iterator[Failure]:
    for group in rules.conflicts:
        given = [name for name in group if name in inputs]
        if len(given) > 1:
            yield Failure(given[1], f"conflicts with {given[0]}: only one of them can be given")
