"""Developers' tools: the checks of the sources, the generated pages, the schema check. Nothing else imports them."""

import tomllib
from typing import Final

from common.paths import CHECKOUT

_PROJECT: Final = tomllib.loads((CHECKOUT / "pyproject.toml").read_text(encoding="utf-8"))

ROOMS: Final[tuple[str, ...]] = tuple(_PROJECT["tool"]["importlinter"]["root_packages"])
"""The packages of the project, as the import contracts name them."""
