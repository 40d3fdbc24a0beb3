"""The polykube that a base has itself, which brings it up: found in the base, and given a Python environment."""

import ast
import os
import subprocess
import sys
import venv
from dataclasses import dataclass
from pathlib import Path, PurePosixPath
from typing import Final

from automation.child import Child
from automation.preview.contract import FORM, MODULE, SOURCE, Answer, StackRequest
from automation.preview.revisions import Base, Repository
from common.errors import last_words
from common.paths import CHECKOUT
from rehearsal.site import Site

_PLACES: Final = ("polykube", "")
"""Where polykube can be in a project: pinned in it, as `polykube new` does, or as the project itself."""
_LOCK: Final = "requirements.lock"
_VENV: Final = ".venv"


class Unable(Exception):
    """The base's own code cannot bring it up; why, for people. `lasting` if it never will."""

    def __init__(self, why: str, *, lasting: bool) -> None:
        super().__init__(why)
        self.lasting = lasting


@dataclass(frozen=True)
class Own:
    """The code of polykube at `place` below a base's files."""

    place: PurePosixPath

    @classmethod
    def of(cls, repository: Repository, base: Base) -> "Own":
        """That of a base, without writing it out; Unable where there is none that can be asked (`preview.contract`)."""
        for place in map(PurePosixPath, _PLACES):
            found = repository.text_within(base, place, SOURCE)
            if found is not None:
                if (form := _form(found)) != FORM:
                    raise Unable(f"that speaks form {form} of the contract of previews, not {FORM}", lasting=True)
                return cls(place)
        raise Unable("that is older than the contract of previews, or not in the repository", lasting=True)

    def bring_up(self, directory: Path, request: StackRequest, site: Site) -> Answer:
        """Have it answer a request at a site, where a base's files are written out in `directory`.

        Unable when its Python packages cannot be had.
        """
        code = directory / self.place
        python = _environment(code)
        request.leave(site.directory)
        surroundings = {name: value for name, value in os.environ.items() if name != "PYTHONPATH"}
        child = Child([str(python), "-P", "-m", MODULE, str(site.directory)], code, surroundings)
        done = child.wait()
        if answer := None if done.returncode else Answer.at(site.directory):
            return answer
        said = last_words(done.stderr, 500) or "nothing"
        return Answer(failure=f"its own polykube ended with exit code {done.returncode} and said: {said}")


def _form(source: str) -> int:
    """The FORM that a source assigns; 0 if none."""
    for each in ast.parse(source).body:
        if isinstance(each, ast.AnnAssign) and ast.unparse(each.target) == "FORM" and each.value:
            return int(ast.literal_eval(each.value))
    return 0


def _environment(code: Path) -> Path:
    """The Python of an environment for the code: with our packages if it wants the same, or else by its bootstrap."""
    python = code / _VENV / "bin" / "python"
    if (code / _LOCK).read_bytes() == (CHECKOUT / _LOCK).read_bytes():
        venv.create(code / _VENV, symlinks=True)
        (packages,) = (code / _VENV).glob("lib/python3.*/site-packages")
        (packages / "polykube.pth").write_text("".join(f"{each}\n" for each in (code, *_our_packages())))
        return python
    done = subprocess.run(
        [sys.executable, str(code / "bootstrap.py")], cwd=code, capture_output=True, text=True, check=False
    )
    if done.returncode:
        raise Unable(f"its Python packages cannot be had: {last_words(done.stderr, 500)}", lasting=False)
    return python


def _our_packages() -> list[str]:
    """Where this Python finds packages, but for its own library and this checkout."""
    standard = Path(os.__file__).parent
    paths = [Path(each) for each in sys.path if Path(each).is_absolute()]
    return [str(each) for each in paths if each != CHECKOUT and each not in (standard, standard / "lib-dynload")]
