"""What a program registers, made at the stand-in clouds in this process: no engine, no control plane.

The monitor makes each resource as soon as what it waits for is there, as an engine would. Whether it waits for all that
it needs is not to be seen so: a cluster takes its time, and what was forgotten is there by then. So each is tried again
when nothing is there but what it waits for, and when all is there but what waits for it, and is then deleted so.
"""

from collections.abc import Callable, Collection, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from functools import cached_property
from typing import Any, Final
from unittest.mock import patch

from pulumi.runtime.mocks import MockCallArgs, MockResourceArgs

from rehearsal.control_plane import Given
from rehearsal.providers.base import ProviderError, Request
from rehearsal.providers.clouds import clusters, kubeadm
from rehearsal.providers.clouds.aws import machines
from rehearsal.providers.clouds.aws.provider import AwsStandIn
from rehearsal.providers.clouds.azure_native.provider import AzureNativeStandIn
from rehearsal.providers.clouds.behaviour import Refused
from rehearsal.providers.clouds.gcp.provider import GcpStandIn
from rehearsal.providers.clouds.kubeadm import Joined, NeverJoins
from rehearsal.providers.clouds.provider import CloudStandIn
from rehearsal.providers.clouds.store import LoggedOperation, Resource, Store, rehearsal_directory
from stacks.config import StackSpec
from tests.support.certificates import WithCertificates, make, whole
from tests.support.registered import Registered, everything_before, registered

_CLOUDS: Final[tuple[type[CloudStandIn], ...]] = (AwsStandIn, AzureNativeStandIn, GcpStandIn)
_AUTHORITY: Final = "LS0tLS1CRUdJTg=="


class _StandIns(WithCertificates):
    """Answers for the clouds and `tls` by their stand-ins, and for all else as the recorder does."""

    def __init__(self) -> None:
        super().__init__()
        self.providers = {kind.name: kind() for kind in _CLOUDS}
        self.refused: list[str] = []

    def new_resource(self, args: MockResourceArgs) -> tuple[str, dict[str, Any]]:
        package = args.typ.partition(":")[0]
        if args.typ.startswith("pulumi:providers:") and (known := self.providers.get(args.typ.rpartition(":")[2])):
            known.configure(whole(args.inputs))
        if package not in self.providers:
            return super().new_resource(args)
        try:
            return make(self.providers[package], args.typ, args.name, args.inputs)
        except ProviderError as error:
            self.refused.append(str(error))
            return super().new_resource(args)

    def call(self, args: MockCallArgs) -> tuple[dict[str, Any], list[Any]]:
        try:
            return self.providers[args.token.partition(":")[0]].invoke(args.token, args.args), []
        except Refused:  # what is asked of was refused itself
            if not self.refused:
                raise
            return super().call(args)


@dataclass(frozen=True)
class Played:
    """A stack that has been made; `refused` is what the clouds said against it."""

    planned: Mapping[str, Registered]
    clouds: _StandIns

    @property
    def refused(self) -> list[str]:
        """What the clouds said when all was made in order."""
        return self.clouds.refused

    def made(self, type_: str) -> list[Resource]:
        """What there is of a type."""
        return [each for each in self._of_clouds.values() if each.type == type_]

    def untimely(self) -> Iterator[str]:
        """What the clouds say of each resource when nothing is there but what it waits for.

        What they refused already is not there to be tried, and is said first.
        """
        yield from self.refused
        for urn, each in self._of_clouds.items():
            there = [made for before, made in self._of_clouds.items() if before in self._before[urn]]
            yield from _said(each, self._make, there)

    def late(self) -> Iterator[str]:
        """What the clouds say of each resource when all is there already but what waits for it."""
        yield from self.refused
        for urn, each in self._of_clouds.items():
            there = [made for other, made in self._of_clouds.items() if other != urn and urn not in self._before[other]]
            yield from _said(each, self._make, there)

    def unready_to_go(self) -> Iterator[str]:
        """What the clouds say to the deletion of each when all is there but what waits for it.

        What is protected does not go: a cluster refuses by itself then.
        """
        for urn, each in self._of_clouds.items():
            if self.planned[urn].protect:
                continue
            there = [made for later, made in self._of_clouds.items() if urn not in self._before[later]]
            yield from _said(each, self._delete, there)

    def _make(self, each: Resource) -> None:
        make(self._provider(each), each.type, each.name, each.inputs)

    def _delete(self, each: Resource) -> None:
        urn = f"urn:pulumi:played::polykube::{each.type}::{each.name}"
        self._provider(each).delete(Request(urn, dict(each.inputs), id=each.id))

    def _provider(self, each: Resource) -> CloudStandIn:
        return self.clouds.providers[each.type.partition(":")[0]]

    @cached_property
    def _before(self) -> Mapping[str, Collection[str]]:
        return {urn: everything_before(each, self.planned) for urn, each in self.planned.items()}

    @cached_property
    def _of_clouds(self) -> Mapping[str, Resource]:
        made = {(each.type, each.name): each for each in next(iter(self.clouds.providers.values())).store.all()}
        return {urn: made[each.type, each.name] for urn, each in self.planned.items() if (each.type, each.name) in made}


def _said(each: Resource, do: Callable[[Resource], None], there: Sequence[Resource]) -> Iterator[str]:
    with _without_control_planes(), _seeing(there):
        try:
            do(each)
        except ProviderError as error:
            yield f"{each.type} {each.name}: {error}"


@contextmanager
def _seeing(there: Sequence[Resource]) -> Iterator[None]:
    """Have the stores show these resources, and keep all as it is."""
    shown = {(each.type, each.id): each for each in there}
    events_of = Store.events

    def of_type(_: Store, type_: str = "") -> list[Resource]:
        return [each for each in there if type_ in ("", each.type)]

    def events(store: Store) -> list[LoggedOperation]:
        return [event for event in events_of(store) if (event.type, event.id) in shown]

    def nothing(*_: Any) -> None: ...

    asked: dict[str, Any] = {"all": of_type, "get": lambda _, *key: shown.get(key), "events": events}
    kept: dict[str, Any] = dict.fromkeys(("add", "put", "drop", "mark", "note_calls"), nothing)
    with patch.multiple(Store, **asked, **kept):
        yield


@contextmanager
def _no_api(_: str) -> Iterator[None]:
    yield None


def _serving(host: str) -> tuple[str, Given] | None:
    """The cluster that a machine has begun behind `host`, as far as the store shows the machine."""
    store = Store(rehearsal_directory())
    begun = (group for group in store.all(machines.GROUP) if machines.begins(group, store) == host)
    return next(((group.name, Given("", "", host, 0, [])) for group in begun), None)


def _begin(documents: Sequence[Mapping[str, Any]], authorities: Mapping[str, str], host: str, port: int) -> Joined:
    """The first machine, where it reads the authorities and a balancer hands connections on to it."""
    del documents, port
    if not authorities or host not in _balancers():
        raise NeverJoins("no API server within its deadline")
    return Joined("played", {}, [])


def _join(documents: Sequence[Mapping[str, Any]], *_: Any) -> Joined:
    """A machine that joins, where another one has begun."""
    (document,) = (each for each in documents if each["kind"] == "JoinConfiguration")
    endpoint = str(document["discovery"]["bootstrapToken"]["apiServerEndpoint"])
    if _serving(endpoint.rpartition(":")[0]) is None:
        raise NeverJoins(f"no API server at {endpoint} within its deadline")
    return Joined("played", {}, [])


def _balancers() -> list[str]:
    return [str(each.outputs.get("dnsName")) for each in Store(rehearsal_directory()).all(machines.BALANCER)]


@contextmanager
def _without_control_planes() -> Iterator[None]:
    access = clusters.Access("https://played.example", _AUTHORITY)
    with (
        patch.object(clusters, "start", lambda *_, **__: access),
        patch.object(clusters, "access", lambda *_: access),
        patch.object(clusters, "admit", lambda *_: None),
        patch.object(clusters, "stop", lambda *_: None),
        patch.object(clusters, "api", _no_api),
        patch.object(clusters, "serving", _serving),
        patch.object(kubeadm, "begin", _begin),
        patch.object(kubeadm, "join", _join),
    ):
        yield


def play(spec: StackSpec, stack: str) -> Played:
    """Make a stack of `spec`; the rehearsal's directory is that of the environment."""
    with _without_control_planes():
        clouds = _StandIns()
        return Played(registered(spec, stack, cloud=clouds), clouds)
