"""Property paths as the engine writes them: `spec.ports[1].port`, `metadata.annotations["a.b/c"]`."""

import re
from typing import Final

from rehearsal.providers.kubernetes.replace_paths import Path

_STEP: Final = re.compile(
    r'\.?(?P<name>[^.\[\]"]+)|\[(?P<index>\d+)\]|\[(?P<any>\*)\]|\["(?P<quoted>(?:[^"\\]|\\.)*)"\]'
)


def written(path: Path) -> str:
    """The text of a path."""
    text = ""
    for step in path:
        if isinstance(step, int):
            text += f"[{step}]"
        elif re.search(r'[."\[\]]', step):
            quoted = step.replace('"', '\\"')
            text += f'["{quoted}"]'
        else:
            text += f".{step}" if text else step
    return text


def parsed(text: str) -> Path:
    """The path that a text spells; ValueError if it spells none."""
    path: list[str | int] = []
    end = 0
    while end < len(text):
        step = _STEP.match(text, end)
        if step is None:
            raise ValueError(f"{text!r} is no property path")
        end = step.end()
        if step["index"]:
            path.append(int(step["index"]))
        else:
            quoted = step["quoted"]
            path.append(quoted.replace('\\"', '"') if quoted is not None else step["name"] or "*")
    return tuple(path)


def contains(outer: Path, inner: Path) -> bool:
    """Whether `inner` lies at or under `outer`, in which `*` stands for any step."""
    return len(outer) <= len(inner) and all(step in ("*", below) for step, below in zip(outer, inner, strict=False))
