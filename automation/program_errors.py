"""Errors of the program's author: it does not compile, it raises, it does not come to its end."""

import os
import re
import sys
from pathlib import Path
from typing import Final

from common.errors import Problem, ProgramError
from common.progress import duration

_RAISED: Final = re.compile(r"unhandled exception", re.IGNORECASE)  # as language hosts begin a traceback
_FRAME: Final = re.compile(r'^ *File "(?P<file>[^"]+)", line (?P<line>\d+).*\n(?: {4,}.*\n?)*', re.MULTILINE)
_INSTALLED: Final = frozenset({".venv", "site-packages"})


def does_not_compile(file: Path, error: SyntaxError | ValueError) -> ProgramError:
    """For a source file that is no Python."""
    line = getattr(error, "lineno", None) or 0
    text = (getattr(error, "text", None) or "").strip()
    return ProgramError(
        Problem(
            code="PK001",
            summary="the program does not compile",
            file=os.path.relpath(file),
            line=line,
            found=f"{getattr(error, 'msg', error)}{f': {text}' if text else ''}",
            allowed=f"Python as {sys.version_info.major}.{sys.version_info.minor} reads it",
            remedy="mend the line",
        )
    )


def raised_in(message: str, directory: Path) -> Problem | None:
    """The program's own exception in what the engine says, at its line below `directory`; None for other errors."""
    if not _RAISED.search(message):
        return None
    frames = list(_FRAME.finditer(message))
    own = [each for each in frames if _is_own(Path(each["file"]), directory)]
    place = next(reversed(own or frames), None)
    words = message[frames[-1].end() :] if frames else message
    return Problem(
        code="PK002",
        summary="the program raises an exception",
        file=os.path.relpath(place["file"], directory) if place and own else (place["file"] if place else ""),
        line=int(place["line"]) if place else 0,
        found=words.strip(),
        allowed="a program that comes to its end",
        remedy="mend it at this line, or what calls it: plain `pulumi preview` shows the whole traceback",
    )


def hangs(what: str, deadline: float) -> ProgramError:
    """For a run that was ended at its deadline, in seconds."""
    return ProgramError(
        Problem(
            code="PK003",
            summary="the program does not come to its end",
            where=what,
            found=f"no end after {duration(deadline)}, so it was interrupted",
            allowed="an end before the deadline",
            remedy="look for what it waits for; if it only takes long, give it longer: --deadline MINUTES",
        )
    )


def _is_own(file: Path, directory: Path) -> bool:
    return file.is_relative_to(directory) and _INSTALLED.isdisjoint(file.parts)
