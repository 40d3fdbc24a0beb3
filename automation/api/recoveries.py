"""Making the state of a stack whole."""

import os
from collections.abc import Mapping
from pathlib import Path

from automation.api.environment import inherited
from automation.api.stacks import project_at
from automation.project import Project
from automation.state import recovery
from automation.state.recovery import Recovery
from rehearsal import toolchain
from rehearsal.plugins import ensure_language_host


def recover(stack: str, source: Path) -> Recovery:
    """Make the state of a stack whole: what killed runs left half-done, and damage, from its newest whole copy.

    What was found and done comes back. BusyError when a run is under way (PK601, PK602), EngineError where only you can
    find out what a killed run did (PK403).
    """
    return recover_project(project_at(stack, source), inherited())


def recover_project(project: Project, environment: Mapping[str, str] = os.environ) -> Recovery:
    """The same of a project that is open."""
    tools = toolchain.ensure(project.tools)
    ensure_language_host(tools["pulumi"])
    engine = project.engine(dict(tools), environment)
    with engine.locked():
        if project.is_local:
            project.control_plane(dict(tools)).start()
        return recovery.recover(engine, project.state_files)
