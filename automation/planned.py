"""What a stack would ask of providers, found out by a preview with stand-ins: no cloud is asked and nothing is made."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any, Final

from automation.engine import Engine
from automation.project import Project
from automation.rehearsed_project import begin
from rehearsal.site import new_site, sweep
from rehearsal.toolchain import Tool

_PROVIDERS: Final = "pulumi:providers:"
_ENGINES_OWN: Final = "pulumi"


@dataclass(frozen=True)
class PlannedResource:
    """A resource that a provider is asked for. What a preview cannot tell of `inputs` is as the engine writes it."""

    urn: str
    type: str
    inputs: Mapping[str, Any]

    @property
    def package(self) -> str:
        """The name of the package that it is of, its providers included; `pulumi` for the engine's own types."""
        return self.type.removeprefix(_PROVIDERS).partition(":")[0]

    @property
    def is_provider(self) -> bool:
        """Whether it is a provider itself."""
        return self.type.startswith(_PROVIDERS)


def planned(project: Project) -> tuple[Mapping[str, Tool], list[PlannedResource]]:
    """What a stack would ask of providers, and the tools that found it out."""
    sweep()
    with new_site(project.stack) as site:
        begun = begin(project, site)
        return begun.tools, list(_resources(begun.engine))


def _resources(engine: Engine) -> Iterator[PlannedResource]:
    for state in engine.planned():
        resource = PlannedResource(state["urn"], state["type"], state.get("inputs") or {})
        if state["custom"] and resource.package != _ENGINES_OWN:
            yield resource
