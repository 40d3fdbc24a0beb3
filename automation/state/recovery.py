"""Recovery from killed runs and damaged files, before the engine is asked for anything.

`check_files` comes first: what makes the engine fail at its first look is swept away, and a damaged state is an error
that names its newest whole copy. `settle_runs` then clears the lock and the begun operations of a killed run.
`recover` does both, and brings a damaged state back.
"""

import shutil
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path

from automation.engine import Engine
from automation.state.files import Copy, StateFiles
from automation.state.lock import Lock
from automation.state.locks import clear, stale_locks
from automation.state.operations import Settled, settle
from common.errors import EngineError, Problem


@dataclass(frozen=True)
class Recovery:
    """What was found, and what was done about it: half-written files of killed runs, which were removed; the damage of
    the state, which was set aside for its newest whole copy, if there is one; locks whose owner is gone, which were
    cleared; begun operations, which were looked up.
    """

    swept: Sequence[Path] = ()
    damage: str = ""
    set_aside: Path | None = None
    restored: Copy | None = None
    locks: Sequence[Lock] = ()
    settled: Sequence[Settled] = ()


def check_files(files: StateFiles | None) -> Sequence[Path]:
    """Sweep what killed runs left half-written; EngineError (PK410) when the state itself is damaged."""
    if files is None:
        return ()
    swept = files.sweep()
    if damage := files.damage():
        raise EngineError(_damaged(files, damage))
    return swept


def settle_runs(engine: Engine) -> Recovery:
    """Clear the lock and the begun operations of a killed run; BusyError (PK602) when its owner lives."""
    locks = stale_locks(engine)
    clear(engine, locks)
    return Recovery(locks=locks, settled=settle(engine))


def recover(engine: Engine, files: StateFiles | None) -> Recovery:
    """Everything that can be mended without a person: what was found and done comes back.

    A damaged state is set aside, and its newest whole copy takes its place. Without a copy the stack begins with an
    empty state, and its next `up` takes over what there is in the cluster.
    """
    swept = files.sweep() if files else ()
    damage = files.damage() if files else ""
    aside, copy = None, None
    if files and damage:
        copy = next(iter(files.copies()), None)
        aside = files.set_aside()
        if copy:
            shutil.copyfile(copy.file, files.state)
    engine.select()
    after = settle_runs(engine)
    return Recovery(swept, damage, aside, copy, after.locks, after.settled)


def when(copy: Copy) -> str:
    """When a copy was written, for people."""
    return datetime.fromtimestamp(copy.written, UTC).strftime("%Y-%m-%d %H:%M:%S UTC")


def _damaged(files: StateFiles, damage: str) -> Problem:
    copy = next(iter(files.copies()), None)
    newest = (
        f"newest whole copy: {copy.file}, {copy.resources} resources, of {when(copy)}"
        if copy
        else "no whole copy: recovery begins with an empty state, and `up` takes over what is in the cluster"
    )
    return Problem(
        code="PK410",
        summary=f"the state of stack {files.stack} is damaged",
        file=str(files.state),
        found=f"{damage}; {newest}",
        allowed="a checkpoint as pulumi writes it",
        remedy=f"polykube recover --stack {files.stack}",
    )
