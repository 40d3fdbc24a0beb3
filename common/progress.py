"""Showing long work: what it is, how long it has taken, how long it usually takes.

On a terminal one line lives at the bottom and turns into a tick; elsewhere (CI, pipes) a line is written
at the start, every half minute, and at the end. Everything goes to standard error, so that standard
output stays for what a command was asked for.
"""

import json
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

from rich.console import Console
from rich.status import Status

from common.files import write_atomically
from common.paths import cache_dir

_HEARTBEAT = 30.0  # seconds between signs of life where nothing can be redrawn
_WORTH_A_WORD = 2.0  # seconds; shorter work needs no estimate

console = Console(stderr=True, highlight=False, emoji=False)


class Step:
    """Work under way; `note` tells what it is waiting for just now."""

    def __init__(self, what: str, usual: float) -> None:
        self.what, self.usual, self.began = what, usual, time.monotonic()
        self._note = ""

    def note(self, text: str) -> None:
        """Say what the work is waiting for; the next note replaces it."""
        self._note = text

    @property
    def elapsed(self) -> float:
        """Seconds since the work began."""
        return time.monotonic() - self.began

    def line(self) -> str:
        """One line: what, how long so far, how long usually, what it waits for."""
        usual = f" of usually {duration(self.usual)}" if self.usual >= _WORTH_A_WORD else ""
        note = f" · {self._note}" if self._note else ""
        return f"{self.what} · {duration(self.elapsed)}{usual}{note}"


@contextmanager
def step(what: str, usual: float = 0.0, on: Console | None = None) -> Iterator[Step]:
    """Show `what` while the block runs, on `console` unless `on` is another one.

    `usual` (seconds) is the guess until this machine has its own.
    """
    on = on or console
    timings = _read_timings()
    current = Step(what, timings.get(what, usual))
    done = threading.Event()
    shown = _live(current, done, on) if on.is_terminal else _heartbeat(current, done, on)
    shown.start()
    try:
        yield current
    except BaseException:
        done.set()
        shown.join()
        on.print(f"[red]✗[/red] {what}, after {duration(current.elapsed)}")
        raise
    done.set()
    shown.join()
    on.print(f"[green]✓[/green] {what}, {duration(current.elapsed)}")
    if current.elapsed >= _WORTH_A_WORD:
        with suppress(OSError):  # a guess is not worth failing for
            write_atomically(_timings_file(), json.dumps(_read_timings() | {what: round(current.elapsed, 1)}, indent=1))


def duration(seconds: float) -> str:
    """`3.4 s`, `48 s`, `3 min 20 s`."""
    if seconds < 10:  # noqa: PLR2004 - below ten seconds a decimal says something
        return f"{seconds:.1f} s"
    minutes, rest = divmod(round(seconds), 60)
    return f"{minutes} min {rest:02} s" if minutes else f"{rest} s"


def _live(current: Step, done: threading.Event, on: Console) -> threading.Thread:
    def redraw() -> None:
        with Status(current.line(), console=on) as status:
            while not done.wait(0.5):
                status.update(current.line())

    return threading.Thread(target=redraw, daemon=True)


def _heartbeat(current: Step, done: threading.Event, on: Console) -> threading.Thread:
    def speak() -> None:
        if done.wait(_WORTH_A_WORD):
            return
        on.print(f"• {current.line()}", soft_wrap=True)
        while not done.wait(_HEARTBEAT):
            on.print(f"• {current.line()}", soft_wrap=True)

    return threading.Thread(target=speak, daemon=True)


def _timings_file() -> Path:
    return cache_dir() / "timings.json"


def _read_timings() -> dict[str, float]:
    try:
        return dict(json.loads(_timings_file().read_text()))
    except (OSError, ValueError):
        return {}
