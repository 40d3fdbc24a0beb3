"""The files of a file backend, as the engine's DIY backend lays them out (pulumi v3.259, pkg/backend/diy).

.pulumi/meta.yaml                               the layout's version
.pulumi/stacks/PROJECT/STACK.json[.gz]          the state; `.bak` is the one before it
.pulumi/backups/PROJECT/STACK/STACK.TIME.json   the state after each run
.pulumi/history/PROJECT/STACK/*.checkpoint.json the same, beside what the run was
.pulumi/locks/**/PROJECT/STACK/*.json           who works on it

Beside each stands `FILE.attrs` with, among others, the MD5 of what was written (gocloud.dev/blob/fileblob v0.37). A
full disk or a killed engine leaves any of these empty or cut, and then the engine fails at its first look.
"""

import base64
import gzip
import hashlib
import json
from collections.abc import Iterator
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final
from urllib.parse import unquote, urlparse

import yaml

from automation.state.lock import Lock

_LAYOUT: Final = "version: 1\n"  # the only one since pulumi v3.61
_MEANWHILE: Final = 2.0  # seconds between a state and its attributes, which are written together


@dataclass(frozen=True)
class Copy:
    """A readable state: when it was written (seconds since 1970), and how many resources are in it."""

    file: Path
    written: float
    resources: int


@dataclass(frozen=True)
class StateFiles:
    """What a file backend has of one stack; `directory` is its `.pulumi`."""

    directory: Path
    project: str
    stack: str

    @classmethod
    def at(cls, url: str, project: str, stack: str) -> "StateFiles | None":
        """Those of the backend at `url`; None for one that keeps no files here."""
        parts = urlparse(url)
        return cls(Path(unquote(parts.path), ".pulumi"), project, stack) if parts.scheme == "file" else None

    @classmethod
    def of_project(cls, url: str, directory: Path, stack: str) -> "StateFiles | None":
        """Those of a stack of the project in `directory`, as `at` says."""
        return cls.at(url, yaml.safe_load((directory / "Pulumi.yaml").read_text())["name"], stack)

    @property
    def state(self) -> Path:
        """The state's file, whether or not it exists."""
        plain = self.directory / "stacks" / self.project / f"{self.stack}.json"
        packed = plain.with_name(f"{plain.name}.gz")
        return packed if packed.exists() and not plain.exists() else plain

    def sweep(self) -> list[Path]:
        """Remove what a killed run left half-written beside the states: nothing in it is worth a look.

        The engine does without attributes, and nobody holds a lock that does not say who. What came away is returned.
        """
        gone = [file for file in self._half_written() if _removed(file)]
        meta = self.directory / "meta.yaml"
        if meta.exists() and (_has_no_version(meta) or _has_rotted(meta)):
            meta.write_text(_LAYOUT)
            gone.append(meta)
        return gone

    def damage(self) -> str:
        """What is wrong with the state; empty when nothing is, or when there is none.

        A readable state that another tool has written over ours is left alone.
        """
        if not self.state.exists():
            return ""
        if problem := _unreadable(self.state):
            return problem
        return "it is not what was written: bytes of it have changed on the disk" if _has_rotted(self.state) else ""

    def copies(self) -> list[Copy]:
        """Whole states of the stack besides the current one, newest first."""
        found = [*self.state.parent.glob(f"{self.state.name}.bak")]
        found += (self.directory / "backups" / self.project / self.stack).glob(f"{self.stack}.*.json*")
        found += (self.directory / "history" / self.project / self.stack).glob("*.checkpoint.json*")
        whole = [file for file in found if file.suffix != ".attrs" and not _unreadable(file) and not _has_rotted(file)]
        copies = [Copy(file, file.stat().st_mtime, len(_resources(_content(file)))) for file in whole]
        return sorted(copies, key=lambda copy: copy.written, reverse=True)

    def set_aside(self) -> Path:
        """Give a damaged state another name, which is returned: no backend looks at it again."""
        number = 1 + len(list(self.state.parent.glob(f"{self.state.name}.damaged-*")))
        aside = self.state.with_name(f"{self.state.name}.damaged-{number}")
        self.state.replace(aside)
        _attributes(self.state).unlink(missing_ok=True)
        return aside

    def _half_written(self) -> Iterator[Path]:
        places = [self.directory / kind / self.project for kind in ("stacks", "backups", "history")]
        files = [file for place in places for file in place.rglob("*") if file.is_file()]
        files += (self.directory / "locks").glob(f"**/{self.stack}/*")
        files += [self.directory / "meta.yaml.attrs"]
        for file in files:
            is_lock = self.directory / "locks" in file.parents
            if file.suffix == ".tmp" or _is_incomplete(file, is_lock=is_lock):
                yield file


def _content(file: Path) -> Any:
    data = file.read_bytes()
    return json.loads(gzip.decompress(data) if data[:2] == b"\x1f\x8b" else data)


def _unreadable(file: Path) -> str:
    """Why `file` is no checkpoint; empty when it is one."""
    try:
        content = _content(file)
    except (ValueError, EOFError, OSError) as error:
        return f"it cannot be read ({error})" if file.stat().st_size else "it is empty"
    if not isinstance(content, dict) or not isinstance(content.get("checkpoint"), dict):
        return "there is no checkpoint in it"
    latest = content["checkpoint"].get("latest")
    sound = latest is None or (isinstance(latest, dict) and isinstance(latest.get("resources"), list | None))
    return "" if sound else "its checkpoint has no list of resources"


def _resources(content: Any) -> list[Any]:
    return (content["checkpoint"].get("latest") or {}).get("resources") or []


def _has_no_version(meta: Path) -> bool:
    """Whether the engine would call the store corrupt (pulumi v3.259, pkg/backend/diy/meta.go): no layout is in it.

    Which layouts there are, the old one (0) and later ones too, is the engine's to judge. It refuses a key that is
    there twice, which PyYAML lets pass.
    """
    with suppress(yaml.YAMLError, UnicodeDecodeError):
        text = meta.read_text()
        content, node = yaml.safe_load(text), yaml.compose(text, yaml.SafeLoader)
        if isinstance(content, dict) and isinstance(node, yaml.MappingNode):
            return len(content) != len(node.value) or type(content.get("version")) is not int
    return True


def _has_rotted(file: Path) -> bool:
    """Whether the content is not that of the attributes, and nobody wrote it since they were."""
    attributes = _attributes(file)
    with suppress(ValueError, OSError, KeyError, TypeError):
        written = base64.b64decode(json.loads(attributes.read_bytes())["md5"])
        together = file.stat().st_mtime - attributes.stat().st_mtime < _MEANWHILE
        return together and hashlib.md5(file.read_bytes(), usedforsecurity=False).digest() != written
    return False


def _attributes(file: Path) -> Path:
    return file.with_name(f"{file.name}.attrs")


def _is_incomplete(file: Path, *, is_lock: bool) -> bool:
    """Whether these are attributes that are no object, or a lock that does not say who holds it."""
    try:
        if file.suffix == ".attrs":
            return not isinstance(json.loads(file.read_text()), dict)
        if is_lock:
            Lock.read(file)
    except FileNotFoundError:  # its holder has just ended
        return False
    except (ValueError, KeyError, TypeError):
        return True
    return False


def _removed(file: Path) -> bool:
    with suppress(FileNotFoundError):
        file.unlink()
        return True
    return False
