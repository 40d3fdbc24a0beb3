"""The stand-in for Pulumi's Python language host.

The engine starts it for `runtime: python` programs and policy packs when the `pulumi` in use has no
`pulumi-language-python` beside it (language package registries carry the engine's sources, but not the
host's). It speaks `pulumirpc.LanguageRuntime` as the official host of v3.259 does, for what a plain
Python project needs; what it does not model answers UNIMPLEMENTED.

Programs and policy packs run under the interpreter that runs the host, the project's own virtual
environment. A project that names another environment is refused rather than run in the wrong one.
"""

import asyncio
import json
import logging
import os
import runpy
import subprocess
import sys
import traceback
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from importlib import metadata
from pathlib import Path
from queue import SimpleQueue
from threading import Thread
from typing import Any, Final

import grpc
import pulumi
import pulumi.runtime
from google.protobuf import empty_pb2, json_format
from pulumi.runtime.proto import LanguageRuntimeServicer, language_pb2, plugin_pb2
from pulumi.runtime.proto.language_pb2_grpc import add_LanguageRuntimeServicer_to_server

from common.plugin_process import CLOUD_VARIABLES, serve

CLOUDS: Final = frozenset({"aws", "azure-native", "gcp"})
"""Plugins of which a program uses one at most; each of its resources names it, so nobody need ask for the others."""

_OWN: Final = frozenset({"common", "rehearsal"})
_ANALYZER = "analyzer"
_THREADS_PER_OPERATION = 4  # as the official host: each parallel operation awaits a few outputs at once


class LanguageHost(LanguageRuntimeServicer):
    """`pulumirpc.LanguageRuntime` for programs and policy packs that are a directory with `__main__.py`."""

    def __init__(self, engine_address: str) -> None:
        self._engine_address = engine_address

    def Handshake(self, request: Any, context: Any) -> Any:
        return language_pb2.LanguageHandshakeResponse()

    def GetPluginInfo(self, request: Any, context: Any) -> Any:
        return plugin_pb2.PluginInfo(version=metadata.version("pulumi"))

    def About(self, request: Any, context: Any) -> Any:
        return language_pb2.AboutResponse(executable=sys.executable, version=sys.version.split()[0])

    def InstallDependencies(self, request: Any, context: Any) -> Iterator[Any]:
        return iter(())  # `polykube setup` makes the environment, from the lock

    def RuntimeOptionsPrompts(self, request: Any, context: Any) -> Any:
        return language_pb2.RuntimeOptionsResponse()

    def Cancel(self, request: Any, context: Any) -> Any:
        return empty_pb2.Empty()

    def GetRequiredPackages(self, request: Any, context: Any) -> Any:
        """The provider plugins that every program may need; that of a cloud is named by its resources."""
        return language_pb2.GetRequiredPackagesResponse(
            packages=[
                plugin_pb2.PackageDependency(name=name, kind="resource", version="v" + version)
                for name, version in required_plugins().items()
                if name not in CLOUDS
            ]
        )

    def GetProgramDependencies(self, request: Any, context: Any) -> Any:
        found = {distribution.name: distribution.version for distribution in metadata.distributions()}
        return language_pb2.GetProgramDependenciesResponse(
            dependencies=[language_pb2.DependencyInfo(name=n, version=v) for n, v in sorted(found.items())]
        )

    def Run(self, request: Any, context: Any) -> Any:
        """Run a program. What went wrong is shown to the user here, so the engine only has to bail."""
        _refuse_foreign_environment(request.info, context)
        program = Path(request.info.program_directory, request.info.entry_point)
        _configure_sdk(request, self._engine_address)
        sys.path.insert(0, str(program.parent if program.suffix else program))
        _forget_own_modules()
        sys.argv = [str(program)]
        os.chdir(request.pwd or request.info.program_directory)
        response = _run_program(program, max(request.parallel, 1) * _THREADS_PER_OPERATION)
        sys.stdout.flush()
        sys.stderr.flush()
        return response

    def RunPlugin(self, request: Any, context: Any) -> Iterator[Any]:
        """Run a policy pack, streaming what it prints; its exit code comes last."""
        _refuse_foreign_environment(request.info, context)
        if request.kind != _ANALYZER:
            context.abort(grpc.StatusCode.UNIMPLEMENTED, f"not modelled: plugins of kind {request.kind!r}")
        pack = request.info.program_directory
        around = Path(pack).parent
        # A pack within a project is of one revision with it, whatever is installed by the name of its modules.
        path = {"PYTHONPATH": str(around)} if (around / "Pulumi.yaml").is_file() else {}
        process = subprocess.Popen(
            [sys.executable, "-u", "-m", "pulumi.policy", *request.args, pack],
            cwd=pack,
            env=_without_credentials() | dict(setting.split("=", 1) for setting in request.env) | path,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
        )
        context.add_callback(process.terminate)
        # Apart: the engine takes the first line of stdout for the pack's port, and shows stderr to the user.
        yield from _lines(stdout=process.stdout, stderr=process.stderr)
        yield language_pb2.RunPluginResponse(exitcode=process.wait())


def _lines(**streams: Any) -> Iterator[Any]:
    """What comes out of the streams, line by line as it comes, until all have ended."""
    lines: SimpleQueue[Any] = SimpleQueue()

    def pump(name: str) -> None:
        with streams[name] as stream:
            for line in stream:
                lines.put(language_pb2.RunPluginResponse(**{name: line}))
        lines.put(None)

    for name in streams:
        Thread(target=pump, args=(name,), daemon=True).start()
    for _ in streams:
        yield from iter(lines.get, None)


def _without_credentials() -> dict[str, str]:
    """The environment of a policy pack, which judges what it is told and asks no cloud."""
    return {name: value for name, value in os.environ.items() if not name.startswith(CLOUD_VARIABLES)}


def required_plugins() -> dict[str, str]:
    """Provider plugins by name, with the version that the installed SDK package asks for."""
    plugins = {}
    for directory in sys.path:
        for file in Path(directory).glob("pulumi_*/pulumi-plugin.json"):
            plugin = json.loads(file.read_text())
            if plugin.get("resource"):
                plugins[plugin["name"]] = plugin["version"].removeprefix("v")
    return dict(sorted(plugins.items()))


def _refuse_foreign_environment(info: Any, context: Any) -> None:
    wanted = json_format.MessageToDict(info.options).get("virtualenv")
    if wanted and Path(info.root_directory, wanted).resolve() != Path(sys.prefix).resolve():
        context.abort(
            grpc.StatusCode.FAILED_PRECONDITION,
            f"{info.root_directory} names the virtual environment {wanted!r}, but the stand-in language host "
            f"runs programs in its own, {sys.prefix}; drop the option or use a released pulumi",
        )


def _configure_sdk(request: Any, engine_address: str) -> None:
    pulumi.runtime.configure(
        pulumi.runtime.Settings(
            monitor=request.monitor_address,
            engine=engine_address,
            project=request.project,
            stack=request.stack,
            parallel=request.parallel,
            dry_run=request.dryRun,
            organization=request.organization or "organization",
            root_directory=request.info.root_directory,
        )
    )
    pulumi.runtime.set_all_config(dict(request.config), list(request.configSecretKeys))


def _run_program(program: Path, threads: int) -> Any:
    """Run `program` and wait for every resource it registered; the response to bail when it failed and said why."""
    logging.getLogger("asyncio").setLevel(logging.CRITICAL)  # abandoned outputs of a failed program are no news
    loop = asyncio.new_event_loop()
    asyncio.set_event_loop(loop)
    loop.set_default_executor(ThreadPoolExecutor(max_workers=threads))
    try:
        loop.run_until_complete(pulumi.runtime.run_in_stack(lambda: _run_main(program)))
    except pulumi.RunError as error:
        pulumi.log.error(str(error))
    except SystemExit as stopped:
        return _exited(stopped.code)
    except Exception:  # noqa: BLE001 - whatever a program raises is shown as its own error
        pulumi.log.error("Program failed with an unhandled exception:\n" + _users_part_of_traceback(program))
    else:
        return language_pb2.RunResponse()
    return language_pb2.RunResponse(bail=True)


def _forget_own_modules() -> None:
    """Let a program have modules by the names of ours: the official host runs it in a process of its own."""
    for name in [each for each in sys.modules if each.partition(".")[0] in _OWN]:
        del sys.modules[name]


def _exited(code: Any) -> Any:
    """The response when a program ended itself by `sys.exit`: a text is told, and counts as 1, as in any Python."""
    if isinstance(code, str):
        print(code, file=sys.stderr)
        code = 1
    return language_pb2.RunResponse(error=f"program exited with non-zero exit code: {code}" if code else "")


def _run_main(program: Path) -> None:
    runpy.run_path(str(program), run_name="__main__")


def _users_part_of_traceback(program: Path) -> str:
    """The current traceback from the user's program on; whole when the program is not in it."""
    frames = traceback.extract_tb(sys.exc_info()[2])
    names = {str(program), str(program / "__main__.py")}
    for index, frame in enumerate(frames):
        if frame.filename in names:
            return traceback.format_exc(limit=index - len(frames))
    return traceback.format_exc()


def main() -> None:
    """Entry point of the `pulumi-language-python` executable; the engine's address is the last argument."""
    engine_address = sys.argv[-1]
    serve(lambda server: add_LanguageRuntimeServicer_to_server(LanguageHost(engine_address), server))


if __name__ == "__main__":
    main()
