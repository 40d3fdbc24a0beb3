"""`polykube changed`: the stacks that a change touches, for people and for CI's matrix of jobs."""

import json
from typing import Any

from rich.markup import escape

from automation.preview.touched import Touched, TouchedStacks, change
from automation.project import project_directory
from automation.show import number_of, out


def show_changed(base: str, *, as_json: bool) -> None:
    """Say which stacks what is in the work tree touches, compared with `base`; RevisionError if git cannot say."""
    found = change(project_directory(), base)
    if as_json:
        print(json.dumps(_as_json(found), indent=1, ensure_ascii=False))
    else:
        _show(found)


def _as_json(found: TouchedStacks) -> dict[str, Any]:
    return {
        "base": found.base.commit,
        "head": found.head,
        "stacks": [{"stack": each.stack, "new": each.is_new, "files": list(each.files)} for each in found.stacks],
        "removed": list(found.removed),
        "others": list(found.others),
    }


def _show(found: TouchedStacks) -> None:
    width = max((len(name) for name in (*(each.stack for each in found.stacks), *found.removed)), default=0)
    for each in found.stacks:
        _line(f"[bold]{each.stack:<{width}}[/bold]  {escape(_because(each))}")
    for name in found.removed:
        _line(f"[bold]{name:<{width}}[/bold]  its file is gone: bring it down from where there still is one")
    since = f"since {found.base.short}, where this parted from {escape(found.base.name)}"
    number = number_of(len(found.stacks), "stack") if found.stacks else "no stacks"
    _line(f"[dim]{number} touched {since}; {_left(found)}[/dim]")


def _because(touched: Touched) -> str:
    first, *more = sorted(touched.files, key=lambda file: (not file.startswith("Pulumi."), file))
    new = " (new)" if touched.is_new else ""
    return f"{first}{new}" + (f" and {number_of(len(more), 'other file')}" if more else "")


def _left(found: TouchedStacks) -> str:
    count = len(found.others)
    if not count:
        return "no other"
    return f"{number_of(count, 'changed file')} {'means' if count == 1 else 'mean'} nothing to any"


def _line(markup: str) -> None:
    out.print(markup, soft_wrap=True)
