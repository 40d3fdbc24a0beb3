"""A plugin ends with the engine that started it, however early the engine ends."""

import os
import signal
import subprocess
import sys
from pathlib import Path

import psutil
import pytest

# The plugin is the child of a process that stands for the engine, and that is killed before it is told the port.
_PLUGIN = """
import os, signal
from common.plugin_process import serve

def lose_engine(server):
    engine = os.getppid()
    os.kill(engine, signal.SIGKILL)
    while os.getppid() == engine:
        pass

serve(lose_engine)
"""
_SERVES = "from common.plugin_process import serve; serve(lambda server: None)"
_ENGINE = "import subprocess, sys; subprocess.run([sys.executable, '-c', sys.argv[1]], stdout={stdout})"
_PATIENCE = 30  # seconds


@pytest.mark.parametrize("stdout", ["None", "subprocess.PIPE"], ids=["somebody reads", "nobody reads"])
def test_a_plugin_ends_whose_engine_is_gone_before_it_serves(tmp_path: Path, stdout: str) -> None:
    mark = {"POLYKUBE_TEST_PLUGIN": str(tmp_path)}
    engine = subprocess.Popen(
        [sys.executable, "-c", _ENGINE.format(stdout=stdout), _PLUGIN],
        env=os.environ | mark,
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
    )
    engine.wait(_PATIENCE)
    plugins = [process for process in psutil.process_iter() if _is_marked(process, mark)]
    _, running = psutil.wait_procs(plugins, _PATIENCE)
    for process in running:
        process.kill()
    assert not running


def test_a_plugin_ends_however_many_signals_it_gets_at_once() -> None:
    plugin = subprocess.Popen([sys.executable, "-c", _SERVES], stdout=subprocess.PIPE)
    assert plugin.stdout
    assert int(plugin.stdout.readline())
    while plugin.poll() is None:
        plugin.send_signal(signal.SIGINT)
    assert plugin.wait(_PATIENCE) == 0


def _is_marked(process: psutil.Process, mark: dict[str, str]) -> bool:
    try:
        return mark.items() <= process.environ().items()
    except psutil.Error:
        return False
