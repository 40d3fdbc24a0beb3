"""What is done on hosts, as the engine asks for it: they are looked at, made nodes, told anew, and let go.

Dynamic providers of Pulumi's SDK: they run in a process beside the program (`pulumi-resource-pulumi-python`), and what
the state has of them is the names of this module and of their classes, which therefore stay. Errors name the host; `up`
goes on where it stopped, as each step looks at what is there already.
"""

import hashlib
import io
import json
import sys
import tarfile
import time
from collections.abc import Mapping
from concurrent.futures import ThreadPoolExecutor
from threading import Lock
from typing import Any, Final

from pulumi.dynamic import CreateResult, DiffResult, ResourceProvider, UpdateResult

from components.clusters.kubeadm.boot import DEADLINE
from components.clusters.kubeadm.hosts.inspection import HostExpectations, HostFacts, problems, same_machine
from components.clusters.kubeadm.hosts.ssh import HostError, HostUnreachable, SshHost, ask, meet, write

_PATIENCE: Final = 60.0  # seconds that a host may take to answer at all: it may be starting
_PAUSE: Final = 3.0  # seconds
_LOOK: Final = 60.0  # seconds to look around, and to take a seed
_LEAVE: Final = 300.0  # seconds to be no node any more
_DRAIN: Final = 900.0  # seconds that pods get to go before their node gets another version, as clouds give them …
_LAST_DRAIN: Final = 300.0  # … and before it is let go, whether they are gone or not
_LOST: Final = 60.0  # seconds that pods get of a node that is lost
_MORE: Final = 60.0  # seconds after the script's own deadline
_AT_ONCE: Final = 16
_ONE_BY_ONE: Final = Lock()
"""Of nodes that get another version; all of a program's are in one process."""

Properties = dict[str, Any]


class InspectionProvider(ResourceProvider):
    """All hosts that are new, looked at together before anything is changed on one; their keys come back."""

    serialize_as_secret_always = False  # a module's name and a class's

    def create(self, props: Properties) -> CreateResult:
        return CreateResult("inspection", _looked_at(props, {}))

    def update(self, _id: str, olds: Properties, news: Properties) -> UpdateResult:
        return UpdateResult(_looked_at(news, olds))

    def diff(self, _id: str, olds: Properties, news: Properties) -> DiffResult:
        return DiffResult(changes=any(olds.get(name) != news[name] for name in ("hosts", "cluster")))


class NodeProvider(ResourceProvider):
    """A host that is a node: its seed is written, and the boot script run until it says that the host has joined."""

    serialize_as_secret_always = False

    def create(self, props: Properties) -> CreateResult:
        host = SshHost.of(props)
        ask(host, _LEAVE, "clean")
        _tell(host, props)
        _boot(host, "follow")
        return CreateResult(host.address, _outputs(props))

    def update(self, _id: str, olds: Properties, news: Properties) -> UpdateResult:
        """What it is told is written anew. The node goes on as it is, but gets another version; a host that is none any
        more is made one, and a machine in the place of one that is lost, too, which its key tells."""
        host = SshHost.of(news)
        lost = olds.get("hostKey") != news["hostKey"] and not ask(host, _LOOK, "joined")
        if lost:
            _forget_lost(host, news)
        if lost or olds.get("version", news["version"]) == news["version"]:
            _tell(host, news)
            _boot(host, "resume")
        else:
            with _ONE_BY_ONE:
                _upgrade(host, SshHost.of(news["controller"] or news), news)
        return UpdateResult(_outputs(news))

    def diff(self, _id: str, olds: Properties, news: Properties) -> DiffResult:
        """Another address, name or cluster is another node; all else is told to the one that is there."""
        made_of = ("name", "address", "role", "pool", "cluster")
        replaces = [name for name in made_of if olds.get(name) != news[name]]
        told = ("port", "user", "identityFile", "hostKey", "controller", "peers", "version")
        changes = olds.get("sealed") != _sealed(news) or any(olds.get(name) != news[name] for name in told)
        return DiffResult(bool(replaces) or changes, replaces, delete_before_replace=True)

    def delete(self, _id: str, props: Properties) -> None:
        """The cluster forgets the node, and the host forgets the cluster."""
        host = SshHost.of(props)
        if props["controller"]:
            controller = SshHost.of(props["controller"])
            try:
                ask(controller, _LAST_DRAIN + _MORE, "forget", host.name, f"{_LAST_DRAIN:.0f}")
            except HostError as error:
                _say(host, f"not drained: {error}")
        try:
            ask(host, _LEAVE, "leave", props.get("virtualIp") or "")
        except HostUnreachable as error:
            remedy = "if the machine is gone for good, have the stack forget it: `pulumi state delete` with its URN"
            raise HostUnreachable(f"{error}; {remedy}") from None


def _looked_at(props: Properties, before: Mapping[str, Any]) -> Properties:
    """The properties, with the keys of all hosts; HostError with all that is wrong with those that were not there.

    A host that stood by is looked at again when it becomes a worker.
    """
    known = {(each["name"], each["address"], each["role"]) for each in before.get("hosts", ())}
    keys = dict(before.get("keys") or {})
    new = [
        each
        for each in props["hosts"]
        if (each["name"], each["address"], each["role"]) not in known
        or (each["hostKey"] or keys[each["name"]]) != keys[each["name"]]
    ]
    begins = not known  # later, the virtual IP is the cluster's
    with ThreadPoolExecutor(_AT_ONCE) as pool:
        looks = list(pool.map(lambda each: _look(each, begins=begins), new))
    facts = {each["name"]: look for each, (_, look, _) in zip(new, looks, strict=True) if look}
    wrong = [why for _, _, why in looks if why]
    for each in new:
        if found := facts.get(each["name"]):
            wanted = HostExpectations.of(each, props["cluster"])
            wrong += [f"{SshHost.of(each)}: {problem}" for problem in problems(found, wanted)]
    wrong += same_machine(facts)
    if wrong:
        raise HostError("\n".join(["hosts cannot be made nodes, and nothing was changed on any:", *wrong]))
    keys |= {each["name"]: key for each, (key, _, _) in zip(new, looks, strict=True)}
    now = {each["name"]: each["hostKey"] or keys[each["name"]] for each in props["hosts"]}
    return {"hosts": props["hosts"], "cluster": props["cluster"], "keys": now}


def _look(props: Properties, *, begins: bool) -> tuple[str, HostFacts | None, str]:
    """The key of a host and what it is like, or why it cannot be asked; whether its cluster `begins`."""
    host, until = SshHost.of(props), time.monotonic() + _PATIENCE
    addresses = [props["virtualIp"]] if begins and props.get("virtualIp") else []
    while True:
        try:
            asked = time.time()
            key, text = meet(host, _LOOK, "inspect", *addresses)
            return key, HostFacts.read(text, asked, time.time()), ""
        except HostUnreachable as error:
            if time.monotonic() > until or not _may_be_starting(str(error)):
                return "", None, str(error)
            time.sleep(_PAUSE)
        except HostError as error:
            return "", None, str(error)


def _boot(host: SshHost, action: str) -> None:
    """Have the boot script run to its report by an action of host.sh; its lines are told."""
    ask(host, DEADLINE + _MORE, action, heard=lambda line: _say(host, line))


def _forget_lost(host: SshHost, props: Properties) -> None:
    """Have a control plane that answers forget the node that was here before, and its member of etcd. Where machines
    that are none yet stand in the place of all others, too, the cluster was lost, and nobody knows of it."""
    lost = []
    for peer in map(SshHost.of, props["peers"]):
        try:
            if ask(peer, _LOOK, "joined"):
                ask(peer, _LEAVE, "forget", host.name, f"{_LOST:.0f}", host.address)
                return
        except HostUnreachable as error:
            lost.append(str(error))
    if lost:
        raise HostUnreachable(f"{host}: no other control plane can have it forgotten: {'; '.join(lost)}")


def _may_be_starting(said: str) -> bool:
    return any(words in said for words in ("Connection refused", "timed out", "No route to host", "Connection reset"))


def _upgrade(host: SshHost, controller: SshHost, props: Properties) -> None:
    """Bring a node to another version, by its boot script, while it has no pods; HostError when some do not go."""
    _say(host, f"is drained, for {props['version']}")
    ask(controller, _DRAIN + _MORE, "drain", host.name, f"{_DRAIN:.0f}")
    _tell(host, props)
    _boot(host, "follow")
    ask(controller, _LEAVE, "uncordon", host.name)


def _tell(host: SshHost, props: Properties) -> None:
    """Write the seed onto a host: each file with its mode, root's."""
    archive = io.BytesIO()
    with tarfile.open(fileobj=archive, mode="w") as tar:
        for path, (content, mode) in sorted(json.loads(props["seed"]).items()):
            entry = tarfile.TarInfo(path.removeprefix("/"))
            entry.size, entry.mode, entry.mtime = len(content.encode()), int(mode, 8), int(time.time())
            tar.addfile(entry, io.BytesIO(content.encode()))
    write(host, archive.getvalue(), _LOOK)


def _outputs(props: Properties) -> Properties:
    """What the state keeps: not the seed, but what tells it from another one."""
    return {name: value for name, value in props.items() if name != "seed"} | {"sealed": _sealed(props)}


def _sealed(props: Properties) -> str:
    seed = props["seed"]
    return hashlib.sha256(seed.encode()).hexdigest() if isinstance(seed, str) else ""


def _say(host: SshHost, line: str) -> None:
    """Tell a line to whoever looks on; the engine shows what its plugins write there."""
    print(f"{host.name}: {line}", file=sys.stderr, flush=True)
