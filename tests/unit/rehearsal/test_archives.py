"""Images packed without a registry: containerd would find nothing in them, or take equal ones for others."""

import hashlib
import json
import os
import tarfile
from pathlib import Path
from typing import Any

from rehearsal.machines.archives import pack

NAME = "example.test/tool:1"


def _packed(directory: Path, seconds: int = 1) -> Path:
    """An image with a program that was written at this time."""
    directory.mkdir()
    program = directory / "tool"
    program.write_text("#!/bin/sh\n")
    program.chmod(0o755)
    os.utime(program, (seconds, seconds))
    pack(directory / "image.tar", NAME, {"/bin/tool": program}, ["/bin/tool", "serve"])
    return directory / "image.tar"


def test_an_image_is_found_from_its_index_by_digests_that_are_those_of_the_content(tmp_path: Path) -> None:
    with tarfile.open(_packed(tmp_path / "a")) as archive:

        def blob(described: Any) -> bytes:
            file = archive.extractfile(f"blobs/sha256/{described['digest'].removeprefix('sha256:')}")
            assert file is not None
            content = file.read()
            assert described["digest"] == f"sha256:{hashlib.sha256(content).hexdigest()}"
            assert described["size"] == len(content)
            return content

        index = archive.extractfile("index.json")
        assert index is not None
        (top,) = json.load(index)["manifests"]
        assert top["annotations"] == {"io.containerd.image.name": NAME}
        manifest = json.loads(blob(top))
        config = json.loads(blob(manifest["config"]))
        (layer,) = manifest["layers"]
        assert config["rootfs"]["diff_ids"] == [layer["digest"]]
        assert config["config"]["Entrypoint"] == ["/bin/tool", "serve"]
        (tmp_path / "layer.tar").write_bytes(blob(layer))
    with tarfile.open(tmp_path / "layer.tar") as files:
        assert {each.name: oct(each.mode) for each in files} == {"tmp": "0o1777", "etc": "0o755", "bin/tool": "0o755"}


def test_equal_files_make_equal_images_whenever_they_were_written(tmp_path: Path) -> None:
    assert _packed(tmp_path / "a", 1).read_bytes() == _packed(tmp_path / "b", 2).read_bytes()
