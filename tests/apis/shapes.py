"""The form in which all clouds' API models are kept, so that one checker does for all: `.json` of each cloud.

`calls` gives the shape that each call takes. A shape has a `type` (string, integer, number, boolean, list, map, object,
any) with what else is known: `min` and `max` (of a number, of a text's length, of a list's), `pattern` (all of the
text), `enum`, `fields` with `required` of an object, `items` of a list, `keys` and `items` of a map. Shapes refer to
each other by name.
"""

import json
from collections.abc import Mapping, Sequence
from importlib.metadata import distributions
from pathlib import Path
from typing import Any, Final

from tests.apis.calls import HERE

LONGEST_ENUM: Final = 200
"""Lists that are longer, such as all machine types, are left out."""
_TIGHT: Final = (",", ":")


def version_of(directory: Path, package: str) -> str:
    """`botocore 1.44.8`, as installed in `directory`."""
    (found,) = list(distributions(name=package, path=[str(directory)]))
    return f"{package} {found.version}"


def write(cloud: str, sources: Sequence[str], calls: Mapping[str, str], shapes: Mapping[str, Any]) -> None:
    """Write the file of a cloud, one shape a line."""
    rows = (f"{json.dumps(name)}:{json.dumps(row, separators=_TIGHT)}" for name, row in sorted(shapes.items()))
    body = ",\n".join(rows)
    head = f'"sources":{json.dumps(sources)},\n"calls":{json.dumps(dict(sorted(calls.items())), indent=0)}'
    (HERE / f"{cloud}.json").write_text(f'{{\n{head},\n"shapes":{{\n{body}\n}}\n}}\n')


def read_shapes(cloud: str) -> Mapping[str, Any]:
    """The file of a cloud."""
    content: Mapping[str, Any] = json.loads((HERE / f"{cloud}.json").read_text())
    return content
