"""Files of the state that have rotted, were cut, emptied or lost."""

import json
import os
import shutil
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from random import Random
from typing import Final

from tests.chaos.cases import Case
from tests.chaos.verdict import state_file
from tests.chaos.world import CLUSTER, World

Damage = Callable[[bytes, Random], bytes | None]


def _bit(content: bytes, chance: Random) -> bytes:
    place = chance.randrange(len(content))
    return content[:place] + bytes([content[place] ^ 1 << chance.randrange(8)]) + content[place + 1 :]


def _zeros(content: bytes, chance: Random) -> bytes:
    place = chance.randrange(len(content))
    return content[:place] + bytes(min(512, len(content) - place)) + content[place + 512 :]


def _without_secrets(content: bytes, _: Random) -> bytes:
    return (
        content.replace(b'"ciphertext"', b'"lost"')
        .replace(b'"encryptionsalt"', b'"lost"')
        .replace(b'"salt"', b'"lost"')
    )


_OF_BYTES: Final[Mapping[str, Damage]] = {
    "missing": lambda _, __: None,
    "empty": lambda _, __: b"",
    "cut": lambda content, chance: content[: chance.randrange(len(content))],
    "null": lambda _, __: b"null",
    "{}": lambda _, __: b"{}",
    "[]": lambda _, __: b"[]",
    "a bit": _bit,
    "zeros": _zeros,
    "noise": lambda content, chance: chance.randbytes(len(content)),
    "twice": lambda content, _: content * 2,
}
_PLACES: Final[Mapping[str, Sequence[str]]] = {
    "state": ("backend/.pulumi/stacks/polykube/dev.json",),
    "its attributes": ("backend/.pulumi/stacks/polykube/dev.json.attrs",),
    "copies": (
        "backend/.pulumi/stacks/polykube/dev.json.bak*",
        "backend/.pulumi/backups/**/*",
        "backend/.pulumi/history/**/*",
    ),
    "layout": ("backend/.pulumi/meta.yaml*",),
    "ports": (f"state/polykube/control-planes/{CLUSTER}/ports.json",),
    "kubeconfig": (f"state/polykube/control-planes/{CLUSTER}/kubeconfig",),
    "keys": (f"state/polykube/control-planes/{CLUSTER}/pki/**/*",),
}
_LOCKS: Final = {
    "an empty lock": b"",
    "a lock of nobody": b"null",
    "a lock without owner": b"{}",
    "half a lock": b'{"pid": 1',
}
_LEFT: Final = "backend/.pulumi/locks/organization/polykube/dev"
KINDS: Final = (
    *(f"{place}: {damage}" for place in _PLACES for damage in _OF_BYTES),
    "state: without secrets",
    *_LOCKS,
    "a dead owner's lock",
    "the directory of copies: missing",
)
"""What can be damaged, and how; `kinds()` weighs the state itself more."""


def damage(world: World, case: Case) -> str:
    """Damage what the case says; the file comes back."""
    chance = case.random
    if case.what in _LOCKS or case.what == "a dead owner's lock":
        return _leave_lock(world, case.what)
    place, _, how = case.what.partition(": ")
    if place == "the directory of copies":
        for directory in ("backups", "history"):
            shutil.rmtree(world.backend / directory)
        state_file(world).write_bytes(b"")
        return "backups, history and state"
    files = [file for pattern in _PLACES[place] for file in sorted(world.root.glob(pattern)) if file.is_file()]
    file = chance.choice(files)
    _rot(file, _without_secrets if how == "without secrets" else _OF_BYTES[how], chance)
    return str(file.relative_to(world.root))


def _rot(file: Path, how: Damage, chance: Random) -> None:
    """Change a file's bytes and not its times, as a disk does."""
    times, content = file.stat(), file.read_bytes()
    changed = how(content, chance)
    if changed is None:
        file.unlink()
        return
    file.write_bytes(changed)
    os.utime(file, ns=(times.st_atime_ns, times.st_mtime_ns))


def _leave_lock(world: World, what: str) -> str:
    dead = {"pid": 4_194_303, "username": "root", "hostname": os.uname().nodename, "timestamp": "2026-01-01T00:00:00Z"}
    file = world.root / _LEFT / "0d5c2a52-0000-4000-8000-000000000000.json"
    file.parent.mkdir(parents=True, exist_ok=True)
    file.write_bytes(_LOCKS.get(what, json.dumps(dead).encode()))
    return str(file.relative_to(world.root))
