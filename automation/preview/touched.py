"""Which stacks a change touches: by the stack's file, and by code that runs for it.

What runs for a stack is found from imports, starting at the program and the policy pack. The registries of cluster
kinds and of add-ons import all that there are, of which a stack uses one kind and some add-ons; of the others nothing
runs but what those that it uses take from them.
"""

import tomllib
from collections.abc import Collection, Iterator, Sequence
from dataclasses import dataclass
from functools import cache, cached_property, partial
from os.path import normpath
from pathlib import Path, PurePosixPath
from typing import Final

from automation.preview.imports import Import, Source, Sources
from automation.preview.revisions import Base, Repository
from automation.project import stack_names
from common.errors import StackFileError
from common.waivers import WAIVERS
from components import addons, clusters
from spec.documents import YamlNode, read
from stacks.config import StackSpec
from stacks.loading import load_file, stack_file

_PROGRAMS: Final = ("__main__.py", "policy/__main__.py")
_FOR_ALL: Final = frozenset({"Pulumi.yaml", "requirements.lock", "tools.lock", WAIVERS.as_posix()})
"""What the engine and everything that it runs are told by, and no module names."""
_BUNDLES: Final = "addons.lock"
_LONGEST_PATH: Final = 1024  # characters; what is longer is no path, and systems refuse to look
_HERE: Final = PurePosixPath()
_REGISTRIES: Final = {clusters.__name__: clusters.KINDS, addons.__name__: (*addons.ADDONS, *addons.INTERNAL)}


@dataclass(frozen=True)
class Touched:
    """A stack that a change touches, and by which of the changed files."""

    stack: str
    files: Sequence[str]
    is_new: bool


@dataclass(frozen=True)
class TouchedStacks:
    """What has changed since `base`: the stacks that it touches, those that are gone, and files that touch none."""

    base: Base
    head: str
    stacks: Sequence[Touched]
    removed: Sequence[str]
    others: Sequence[str]


def change(directory: Path, base: str) -> TouchedStacks:
    """What has changed in the project in `directory` since it parted from `base`; RevisionError if git cannot say."""
    repository = Repository(directory)
    start = repository.base(base)
    files = repository.changed_since(start)
    reach = Reach(repository, start)
    stacks = [each for name in stack_names(directory) if (each := _touched(name, files, reach))]
    removed = [name for file in files if (name := _stack_of(file)) and not (directory / file).exists()]
    at_work = {file for each in stacks for file in each.files} | {f"Pulumi.{name}.yaml" for name in removed}
    others = [file for file in files if file not in at_work]
    return TouchedStacks(start, repository.head, stacks, removed, others)


def _touched(stack: str, files: Sequence[str], reach: "Reach") -> Touched | None:
    own = stack_file(Path(), stack).name
    touching = [file for file in files if file == own or reach.touches(stack, file)]
    return Touched(stack, touching, own in files and reach.is_new(own)) if touching else None


def _stack_of(file: str) -> str:
    """The stack that has its file at this path; nothing for other files."""
    name = file.removeprefix("Pulumi.").removesuffix(".yaml")
    return name if file == f"Pulumi.{name}.yaml" and name else ""


class Reach:
    """What runs for each stack of a work tree. It is read once, so make another one when that has changed."""

    def __init__(self, repository: Repository, base: Base) -> None:
        self._repository, self._base = repository, base
        self._sources = Sources(repository.directory)
        self._specs: dict[str, StackSpec | None] = {}
        self._given: dict[str, Collection[PurePosixPath]] = {}
        self._unused: dict[str, frozenset[str]] = {}
        self._reached: dict[frozenset[str], dict[str, Source]] = {}

    @cached_property
    def _submodules(self) -> frozenset[str]:
        """What is pinned: in a project of one's own, all that runs."""
        return self._repository.submodules()

    def is_new(self, file: str) -> bool:
        """Whether a file was not there at the base."""
        return self._repository.text(self._base, file) is None

    def touches(self, stack: str, file: str) -> bool:
        """Whether a changed file, other than stack files, means something to a stack."""
        if file == _BUNDLES:
            return not self._bundles_that_changed().isdisjoint(self._bundles_of(stack))
        if file in _FOR_ALL | self._submodules:
            return True
        if any(PurePosixPath(file).is_relative_to(each) for each in self._named(stack)):
            return True
        sources = self._sources_of(stack)
        if file in sources:
            return True
        if "/" not in file:
            return any(source.says(file) for source in sources.values())
        return self._is_part(file) and f"{self._package(file)}/__init__.py" in sources

    def _named(self, stack: str) -> Collection[PurePosixPath]:
        """The files and directories of the project that the stack's file names, such as tenants' manifests."""
        if stack not in self._given:
            documents = read(stack_file(self._repository.directory, stack))
            texts = (text for node in documents.nodes for text in _texts(node) if len(text) < _LONGEST_PATH)
            paths = {PurePosixPath(normpath(text)) for text in texts if text}
            self._given[stack] = {each for each in paths if (self._repository.directory / each).exists()} - {_HERE}
        return self._given[stack]

    def _is_part(self, file: str) -> bool:
        """Whether a file is its package's: what is no module, and a module that is gone."""
        return not file.endswith(".py") or not (self._repository.directory / file).exists()

    def _package(self, file: str) -> str:
        """The package that a file is in."""
        around = PurePosixPath(file).parents
        there = self._repository.directory
        return next((str(each) for each in around if (there / each / "__init__.py").is_file()), "")

    def _sources_of(self, stack: str) -> dict[str, Source]:
        if stack not in self._unused:
            self._unused[stack] = _rooms() - self._rooms_of(stack)
        unused = self._unused[stack]
        if unused not in self._reached:
            runs = partial(_runs, unused)
            found: dict[str, Source] = {}
            for program in (*_PROGRAMS, *_components_of(_rooms() - unused)):
                found |= self._sources.reached(program, runs)
            self._reached[unused] = found
        return self._reached[unused]

    def _rooms_of(self, stack: str) -> frozenset[str]:
        """The kinds and add-ons that a stack uses; all, where its file does not say."""
        spec = self._spec(stack)
        if spec is None:
            return _rooms()
        return frozenset({_room(type(spec.cluster)), *(_room(type(each)) for each in spec.addons.plan().all_add_ons)})

    def _bundles_of(self, stack: str) -> Collection[str]:
        spec = self._spec(stack)
        return self._bundles_that_changed() if spec is None else spec.addons.plan().bundles

    def _bundles_that_changed(self) -> set[str]:
        before = tomllib.loads(self._repository.text(self._base, _BUNDLES) or "")
        file = self._repository.directory / _BUNDLES
        now = tomllib.loads(file.read_text()) if file.is_file() else {}
        return {name for name in {*before, *now} if before.get(name) != now.get(name)}

    def _spec(self, stack: str) -> StackSpec | None:
        if stack not in self._specs:
            try:
                self._specs[stack] = load_file(stack_file(self._repository.directory, stack))
            except StackFileError:  # which its own preview tells
                self._specs[stack] = None
        return self._specs[stack]


def _runs(unused: frozenset[str], module: str, what: Import) -> bool:
    """Whether `module` carries out an import for a stack that does not use the rooms `unused`."""
    room = next((each for each in unused if f"{what.module}.".startswith(f"{each}.")), "")
    return not room or not (what.late or room.rpartition(".")[0] == module)


def _components_of(rooms: Collection[str]) -> Iterator[str]:
    """The files with the components of the kinds of clusters among `rooms`, which the registry names by their paths."""
    for path in clusters.KINDS.values():
        module, _, _ = path.partition(":")
        if any(f"{module}.".startswith(f"{room}.") for room in rooms):
            yield f"{module.replace('.', '/')}.py"


def _texts(node: YamlNode) -> Iterator[str]:
    """The texts in a stack file, at any depth."""
    value = node.value
    if isinstance(value, dict | list):
        for child in value.values() if isinstance(value, dict) else value:
            yield from _texts(child)
    elif isinstance(value, str):
        yield value


@cache
def _rooms() -> frozenset[str]:
    return frozenset(_room(each) for listed in _REGISTRIES.values() for each in listed)


def _room(registered: type) -> str:
    """The module or package below its registry that something registered is from."""
    module = registered.__module__
    registry = next(name for name in _REGISTRIES if module.startswith(f"{name}."))
    return ".".join(module.split(".")[: registry.count(".") + 2])
