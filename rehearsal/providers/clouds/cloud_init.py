"""User data as cloud-init reads it: what it would write onto a machine's disk and run there.

cloudinit.readthedocs.io/en/latest/explanation/format.html, 25.x: text, or gzip of it; the first line says what it is.
Of a cloud-config, the modules `write_files` and `runcmd`; of others the stand-in knows nothing, and says so.
"""

import base64
import binascii
import gzip
import shlex
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final

import yaml

_HEADER: Final = "#cloud-config"
_MAGIC: Final = b"\x1f\x8b"
_KNOWN: Final = frozenset({"write_files", "runcmd"})


class Ignored(Exception):
    """cloud-init makes nothing of the user data; the machine starts, and that is all."""


@dataclass(frozen=True)
class CloudConfig:
    """Files by path, and commands in order."""

    files: Mapping[str, str]
    commands: Sequence[Sequence[str]]

    def variables(self, path: str) -> dict[str, str]:
        """The assignments of a shell in a file."""
        pairs = (line.partition("=") for line in self.files.get(path, "").splitlines() if "=" in line)
        return {name: "".join(shlex.split(value)) for name, _, value in pairs}

    def documents(self, path: str) -> list[dict[str, Any]]:
        """The YAML documents of a file; none if it is not there."""
        return [dict(each) for each in yaml.safe_load_all(self.files.get(path, "")) if each]


def read_user_data(encoded: str) -> CloudConfig:
    """The cloud-config in user data as EC2 takes it, in base64; Ignored says why it is none."""
    try:
        content = base64.b64decode(encoded, validate=True)
        text = (gzip.decompress(content) if content.startswith(_MAGIC) else content).decode()
        config = yaml.safe_load(text)
    except (binascii.Error, OSError, UnicodeDecodeError, yaml.YAMLError) as error:
        raise Ignored(f"user data that cannot be read: {' '.join(str(error).split())[:200]}") from error
    if not text.startswith(_HEADER) or not isinstance(config, dict):
        raise Ignored(f"user data that does not begin with {_HEADER}")
    if unknown := config.keys() - _KNOWN:
        raise Ignored(f"modules that this stand-in does not know: {', '.join(sorted(unknown))}")
    files = {each["path"]: str(each.get("content", "")) for each in config.get("write_files", ())}
    return CloudConfig(files, [list(command) for command in config.get("runcmd", ())])
