"""The stand-in language host under the real engine.

Guards against an engine that waits for ever for a policy pack that has failed to start.
"""

from tests.support.engine import Engine


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
