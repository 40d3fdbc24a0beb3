"""API servers of a site that was kept, started when something is asked of them that they have not said before.

To start one takes longer than a preview, and most previews only want to know which kinds it serves: a diff is of what
the state says. That is kept while it runs, and holds until it runs again, for nobody else changes a site.
"""

import json
from collections.abc import Mapping
from contextlib import suppress
from pathlib import Path
from typing import Final

from common.files import write_atomically
from rehearsal.control_plane import all_control_planes
from rehearsal.providers.clouds import clusters
from rehearsal.providers.kubernetes.objects import DISCOVERY
from rehearsal.providers.kubernetes.sleeper import FILE, is_free, read

_SAID: Final = {"/version": "application/json", "/api": DISCOVERY, "/apis": DISCOVERY}
"""What is kept of an API server, and how it is asked for that."""


def keep_answers(site: Path) -> None:
    """Keep what the running API servers of a site say, for when they are asleep."""
    import httpx2

    said = {}
    for name in all_control_planes():
        with suppress(httpx2.HTTPError), clusters.api(name) as api:
            if api is not None:
                answers = {path: api.get(path, accept) for path, accept in _SAID.items()}
                said[clusters.access(name).endpoint] = {"name": name, "build": clusters.build(name), "answers": answers}
    write_atomically(site / FILE, json.dumps(said))


def can_sleep(site: Path, endpoints: Mapping[str, str]) -> bool:
    """Whether the API servers at these endpoints, by their clusters' names, may sleep on: they would come back as they
    were."""
    builds = {(each["name"], address): each["build"] for address, each in read(site).items()}
    return all(
        builds.get((name, address)) == clusters.build(name) and is_free(address) for name, address in endpoints.items()
    )
