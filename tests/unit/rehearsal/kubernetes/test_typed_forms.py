"""The facts about Go's types are those of the pinned Kubernetes release.

Guards against a table that stays behind when the release moves on, or that somebody has edited by hand.
"""

import os
import shutil
import subprocess

import pytest

from common.paths import CHECKOUT

GENERATOR = CHECKOUT / "tools" / "typed-forms"
# With -trimpath, as the toolchain builds: so the two share what is compiled already.
OFFLINE = {"CGO_ENABLED": "0", "GOFLAGS": "-buildvcs=false", "GOPROXY": "off", "GOTOOLCHAIN": "local", "GOWORK": "off"}


def test_the_table_is_what_its_generator_prints() -> None:
    go = shutil.which("go")
    if go is None:
        pytest.skip("there is no Go on the PATH")
    printed = subprocess.run(
        [go, "run", "-mod=readonly", "-trimpath", "."],
        cwd=GENERATOR,
        env=os.environ | OFFLINE,
        capture_output=True,
        check=False,
    )
    if b"module lookup disabled" in printed.stderr:
        pytest.skip("the generator's modules are not in Go's cache: `go mod download` there gets them")
    assert printed.returncode == 0, printed.stderr.decode()
    table = CHECKOUT / "rehearsal" / "providers" / "kubernetes" / "typed_forms.json"
    assert printed.stdout == table.read_bytes(), (
        "run `go run . > ../../rehearsal/providers/kubernetes/typed_forms.json`"
    )
