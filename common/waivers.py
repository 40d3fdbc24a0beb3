"""Where people write waivers of policy rules, and what two rooms need of them: the pack, which checks them, and the
program, which tells the API server.
"""

from pathlib import Path
from typing import Final

import yaml

WAIVERS: Final = Path("policy", "waivers.yaml")
"""In the project's directory."""


def waived(directory: Path) -> list[tuple[str, str]]:
    """The rules that a project's file names, each with what it lets pass. What is wrong with the file the pack says."""
    try:
        entries = yaml.safe_load((directory / WAIVERS).read_text(encoding="utf-8"))
    except (OSError, yaml.YAMLError, UnicodeDecodeError):
        return []
    whole = (each for each in entries or () if isinstance(each, dict)) if isinstance(entries, list) else ()
    return [(str(each["rule"]), str(each["resource"])) for each in whole if {"rule", "resource"} <= each.keys()]
