"""What takes its time in the clouds: things that others do not see yet, that linger when they are gone, calls in turn.

Rules of a type say what a cloud always does, faults (faults.py) what it does now and then:

    keepsName: {source: …}               # what is deleted keeps its name, for days or for ever
    patient: {seconds: 120, source: …}   # the provider tries again while something is not to be seen yet, or lingers;
                                         # with `on: delete` (or create) only then
"""

import time
from collections.abc import Callable, Iterable, Iterator
from typing import Final, TypeVar

from rehearsal.providers.clouds.faults import Fault, wait
from rehearsal.providers.clouds.rules import TypeRules
from rehearsal.providers.clouds.store import HIDDEN, LINGERING, TAKEN, Resource, Store

_FOR_GOOD: Final = 10.0 * 365 * 24 * 3600  # seconds
_POLL: Final = 0.1  # seconds
_Found = TypeVar("_Found")


def still_named(resource: Resource, store: Store) -> Iterator[str]:
    """The marks of what is deleted and still has the name of a new resource."""
    for mark in (LINGERING, TAKEN):
        yield from (mark for each in store.marked(mark, resource.type) if each.id == resource.id)


def appeared(resource: Resource, store: Store, fault: Fault | None) -> None:
    """Note that a new resource is not found by others for a while, when that is the fault."""
    if fault and fault.fault == "propagation":
        store.mark(HIDDEN, resource, fault.seconds)


def gone(resource: Resource, rules: TypeRules, store: Store, fault: Fault | None) -> None:
    """Note what stays of a resource that has been deleted."""
    if rules.keeps_name:
        store.mark(TAKEN, resource, _FOR_GOOD)
    if fault and fault.fault == "late-deletion":
        store.mark(LINGERING, resource, fault.seconds)


def persisting(find: Callable[[], Iterable[_Found]], passes: Callable[[_Found], bool], patience: float) -> list[_Found]:
    """What is in the way, once all of it that passes by itself has passed, or `patience` (seconds) is at an end."""
    deadline = time.monotonic() + patience
    while (found := list(find())) and any(passes(each) for each in found) and time.monotonic() < deadline:
        time.sleep(_POLL)
    return found


def takes_its_turn(fault: Fault, store: Store, timeout: float) -> bool:
    """Wait for the turn of a call of which the cloud lets one through each `seconds`; False when it takes too long."""
    return wait(store.turn(f"{fault.on} {fault.type} {fault.name}", fault.seconds), timeout)
