"""Which edits of the stack file a change comes from: found by running the program without each.

The program runs by itself, without an engine: each resource answers with its inputs, and what only a cloud could say
stays unknown, as in a preview. A child process does that in the project's directory, so that its program is what runs.
"""

import asyncio
import hashlib
import json
import logging
import sys
import tempfile
from collections.abc import Mapping
from pathlib import Path
from typing import Any, Final

import pulumi.runtime
from pulumi import resource_hooks
from pulumi.runtime.mocks import MockCallArgs, MockResourceArgs, Mocks

from stacks.compose import compose
from stacks.loading import load_file

Asked = Mapping[str, Mapping[str, str]]
"""What a program asks for: a digest of each input, by property, by type and name of the resource."""
_NOTHING_YET: Final[Mapping[str, Any]] = {"names": [], "logGroupNames": [], "ids": []}
"""What the program asks AWS for: what there is by a name."""
_STACK: Final = "pulumi:pulumi:Stack"


def differs(resource: str, properties: frozenset[str], one: Asked, other: Asked) -> bool:
    """Whether a resource is in one of two programs alone, or one of these properties is another in them."""
    if resource not in one or resource not in other:
        return resource in one or resource in other
    return any(one[resource].get(each) != other[resource].get(each) for each in properties)


def main() -> None:
    """Read the stack's name and stack files' texts from standard input, and write what each asks for, or null."""
    given = json.load(sys.stdin)
    logging.disable()
    # Mocks cannot be told of hooks: nobody calls back.
    for register in ("register_error_hook", "register_resource_hook"):
        setattr(resource_hooks, register, as_if_registered)
    asked = [_asked(given["stack"], text) for text in given["files"]]
    json.dump(asked, sys.stdout)


class _Recorder(Mocks):
    """Answers with the inputs alone, and keeps them."""

    def __init__(self) -> None:
        self.seen: dict[str, dict[str, str]] = {}

    def new_resource(self, args: MockResourceArgs) -> tuple[str | None, dict[Any, Any]]:
        if args.typ != _STACK:
            self.seen[f"{args.typ} {args.name}"] = {key: _digest(value) for key, value in args.inputs.items()}
        return None, args.inputs

    def call(self, args: MockCallArgs) -> tuple[dict[Any, Any], list[tuple[str, str]]]:
        del args
        return dict(_NOTHING_YET), []


def _asked(stack: str, text: str) -> Asked | None:
    """What the program asks for with this stack file; None if it does not take it."""
    with tempfile.TemporaryDirectory() as scratch:
        for entry in Path.cwd().iterdir():
            (Path(scratch) / entry.name).symlink_to(entry)
        file = Path(scratch, f"Pulumi.{stack}.yaml")
        file.unlink(missing_ok=True)
        file.write_text(text)
        recorder = _Recorder()
        pulumi.runtime.set_mocks(recorder, project="polykube", stack=stack, preview=True)
        run: Any = pulumi.runtime.test
        try:
            run(lambda: compose(load_file(file)) and None)()
        except Exception:  # noqa: BLE001 - a stack file half as of the base may be wrong in any way
            return None
        return recorder.seen


def as_if_registered(hook: Any) -> "asyncio.Future[None]":
    """In the place of what registers a hook with the engine, where there is none."""
    del hook
    done: asyncio.Future[None] = asyncio.get_running_loop().create_future()
    done.set_result(None)
    return done


def _digest(value: Any) -> str:
    known = json.dumps(value, sort_keys=True, default=lambda _: None)
    return hashlib.sha256(known.encode()).hexdigest()[:16]


if __name__ == "__main__":
    main()
