"""The stand-in language host under the real engine.

Guards against runs that fail without a word, and against an engine that waits for ever for a policy pack that has
failed to start.
"""

import pytest

from tests.support.engine import Engine


@pytest.mark.parametrize(
    ("ending", "shown"),
    [
        ("sys.exit(3)", "program exited with non-zero exit code: 3"),
        ("sys.exit('no region')", "no region"),
        ("raise pulumi.RunError('no region')", "error: no region"),
        ("assert sys.argv == [__file__[: -len('/__main__.py')]], sys.argv; sys.exit(0)", "1 to create"),
    ],
)
def test_how_a_program_ends_is_told(engine: Engine, ending: str, shown: str) -> None:
    engine.write_program(f"import sys\nimport pulumi\n{ending}\n")
    preview = engine.run("preview")
    assert shown in preview.stdout
    assert (preview.returncode == 0) is ending.endswith("sys.exit(0)")


def test_a_policy_pack_that_fails_to_start_ends_the_run_and_says_why(engine: Engine) -> None:
    pack = engine.directory.parent / "pack"
    pack.mkdir()
    (pack / "PulumiPolicy.yaml").write_text("runtime: python\n")
    (pack / "__main__.py").write_text("import no_such_module\n")
    engine.write_program("")
    refused = engine.run("preview", "--policy-pack", str(pack))
    shown = refused.stdout + refused.stderr
    assert refused.returncode != 0
    assert "ModuleNotFoundError: No module named 'no_such_module'" in shown
    assert "failed to start" in shown
