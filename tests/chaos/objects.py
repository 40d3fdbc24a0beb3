"""What is in a cluster and in a state, as values by path, so that two runs can be compared.

Values that two undisturbed runs do not share (uids, times, addresses, generated names and passwords) are found by
comparing these, and left out.
"""

import json
import re
from collections.abc import Iterator, Mapping
from contextlib import closing
from functools import reduce
from pathlib import Path
from typing import Any, Final, TypeAlias

from tests.support.api import Api, Object
from tests.support.census import collections
from tests.support.polling import eventually

_QUIET: Final = 10
Values: TypeAlias = dict[str, str]

_OF_EACH_RUN: Final = frozenset(
    {"uid", "resourceVersion", "creationTimestamp", "managedFields", "generation", "selfLink", "status"}
)
_MADE_BY_CONTROLLERS: Final = ("v1/pods", "apps/v1/replicasets", "v1/persistentvolumes")
# What a controller appends to a name: a volume's claim's uid, or a few characters.
_RANDOM: Final = re.compile(r"-[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$|(-[a-z0-9]{6,10})?-[a-z0-9]{5,10}$")


def of_cluster(kubeconfig: Path) -> Values:
    """Every object of a cluster; those that controllers name by their number alone."""
    with closing(Api(kubeconfig)) as api:
        return dict(_values(api))


def settled(kubeconfig: Path) -> Values:
    """The same, once it has stayed the same for a while."""
    seen: list[Values] = []

    def same() -> bool:
        seen.append(of_cluster(kubeconfig))
        return len(seen) > _QUIET and all(each == seen[-1] for each in seen[-_QUIET:])

    eventually(same, what="a cluster in which nothing changes any more")
    return seen[-1]


def of_state(file: Path) -> Values:
    """Every resource of a state, by URN, with the id that it has."""
    content = json.loads(file.read_text()) if file.exists() else {}
    resources = (content.get("checkpoint", {}).get("latest") or {}).get("resources") or ()
    return {
        f"{each['urn']} {'due for deletion' if each.get('delete') else ''}": each.get("id", "") for each in resources
    }


def shared(samples: list[Values]) -> Values:
    """What all samples agree on; paths that not all of them have are left out, values that differ are `any`."""
    paths = reduce(frozenset.__and__, (frozenset(each) for each in samples))
    return {path: samples[0][path] if len({each[path] for each in samples}) == 1 else "any" for path in sorted(paths)}


def difference(expected: Values, seen: Values) -> list[str]:
    """How what was seen differs from what is expected; nothing if it does not."""
    wrong = [path for path, value in expected.items() if value != "any" and seen.get(path) != value]
    known = {_object(path) for path in expected}
    more = sorted({_object(path) for path in seen} - known)
    return [f"{path}: {seen.get(path, 'missing')} instead of {expected[path]}" for path in wrong] + [
        f"{each}: not there in other runs" for each in more
    ]


def family_of(name: str) -> str:
    """What objects have in common that a controller names: their name without what it makes up."""
    return _RANDOM.sub("", name)


def _object(path: str) -> str:
    return path.partition("|")[0]


def _values(api: Api) -> Iterator[tuple[str, str]]:
    numbers: dict[str, int] = {}
    for path, resource in collections(api):
        for item in _items(api, path):
            metadata = item["metadata"]
            name = f"{resource} {metadata.get('namespace', '')}/{metadata['name']}"
            if resource in _MADE_BY_CONTROLLERS:
                family = family_of(name)
                numbers[family] = numbers.get(family, 0) + 1
            else:
                yield from _flat(item, f"{name}|")
    yield from ((f"{family}|", str(number)) for family, number in numbers.items())


def _items(api: Api, path: str) -> list[Object]:
    return list(api.get(path).get("items", ()))


def _flat(value: Any, path: str) -> Iterator[tuple[str, str]]:
    if isinstance(value, Mapping):
        for key, each in value.items():
            if key not in _OF_EACH_RUN:
                yield from _flat(each, f"{path}.{key}")
    elif isinstance(value, list):
        for index, each in enumerate(value):
            yield from _flat(each, f"{path}[{index}]")
    else:
        yield path, str(value)
