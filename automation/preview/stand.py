"""Bringing a stack up at a site, so that a change can be previewed on top of what stands.

As a program it does that for a later revision, as `automation.preview.contract` says.
"""

import signal
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import Final

from automation.preview.contract import Answer, StackRequest
from automation.preview.events import seen
from automation.preview.values import cut
from automation.project import Project
from automation.rehearsed_project import begin
from common.errors import PolykubeError
from rehearsal.control_plane import all_control_planes
from rehearsal.providers.clouds import clusters
from rehearsal.site import Site
from stacks.loading import load_file, stack_file

_SHOWN: Final = 3  # reasons why a stack does not stand


def bring_up(request: StackRequest, site: Site) -> Answer:
    """Bring a stack up at a site; what keeps it from standing is no error, but the answer."""
    directory = Path(request.project)
    try:
        project = Project(directory, request.stack, load_file(stack_file(directory, request.stack)))
        return _up(project, site, request.deadline)
    except PolykubeError as error:
        said = [f"{each.code} {each.summary} {each.place}".strip() for each in error.problems]
        return Answer(failure=_reasons(said))


def _up(project: Project, site: Site, deadline: float | None) -> Answer:
    engine = begin(project, site).engine
    events = seen(*engine.record("up", "--yes", "--skip-preview", deadline=deadline))
    if events.failed:
        mandatory = [f"{each.rule}: {each.message}" for each in events.findings if each.is_mandatory]
        return Answer(failure=_reasons([*mandatory, *events.errors]) or "the engine does not say why")
    endpoints = {name: clusters.access(name).endpoint for name in all_control_planes()}
    return Answer([each for each in events.findings if not each.is_open], endpoints)


def _reasons(said: Sequence[str]) -> str:
    """The first reasons, each in a line; what a log says beyond that is another one each time."""
    return "; ".join(cut(each.split("\n")[0].split("\\n")[0]) for each in said[:_SHOWN])


def main() -> None:
    """Answer the request at the site that the command line names; the surroundings are its already."""
    signal.signal(signal.SIGTERM, signal.default_int_handler)  # as Ctrl-C: what was begun is ended in order
    site = Site(Path(sys.argv[1]))
    bring_up(StackRequest.at(site.directory), site).leave(site.directory)


if __name__ == "__main__":
    main()
