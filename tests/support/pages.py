"""What pages of the documentation show, so that tests can try it."""

import re
from typing import Any

import yaml

from common.paths import CHECKOUT


def shown_in(page: str) -> dict[str, Any]:
    """The YAML that `docs/PAGE` shows, by the name in the comment that each block begins with."""
    text = (CHECKOUT / "docs" / page).read_text(encoding="utf-8")
    blocks = re.findall(r"```yaml\n *# ([\w.-]+).*?\n(.*?)```", text, re.DOTALL)
    return {name: yaml.safe_load(block) for name, block in blocks}
