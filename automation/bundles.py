"""Rendering bundles: upstream's tools are run, and what they print is held to `addons.lock`."""

import difflib
import hashlib
import re
import subprocess
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import Final

import yaml

from automation.show import out, table
from common.errors import Problem, ToolchainError, last_words
from common.files import write_atomically
from common.paths import CHECKOUT
from common.progress import step
from components.addons.bundles import LOCK, Bundle, bundle_dir, canonical, read_bundles
from rehearsal.toolchain import ensure
from rehearsal.toolchain.find import Tool
from rehearsal.toolchain.go import module_files

_SHOWN: Final = 60  # lines of a difference
_TIMEOUT: Final = 300  # seconds; rendering takes two


def ensure_bundles(names: Iterable[str], *, rehearsal: bool = False) -> list[str]:
    """Render those of the bundles `names` that the cache does not have; ToolchainError when one is not as accepted.

    Those whose stand-ins a rehearsal has to take, because they cannot be rendered here, come back.
    """
    return [name for name in names if not _ensure(read_bundles()[name], rehearsal=rehearsal)]


def ensure_all() -> None:
    """Render every bundle that the cache does not have, and name those that cannot be had and have a stand-in."""
    for name in ensure_bundles(read_bundles(), rehearsal=True):
        bundle = read_bundles()[name]
        out.print(f"[yellow]![/yellow] {name} is out of reach: rehearsals take {bundle.stand_in}, `up` cannot have it")


def _ensure(bundle: Bundle, *, rehearsal: bool) -> bool:
    """Whether the bundle is in the cache now; ToolchainError if it is not, unless a rehearsal has a stand-in for it."""
    if bundle.rendering() is not None:
        return True
    rendering = _rendered(bundle) if rehearsal else render(bundle)
    if rendering:
        keep(bundle, rendering)
    return bool(rendering)


def bundles(*, accept: bool) -> None:
    """Render every bundle anew and compare it with the lock, or write that anew on `accept`; show what came of it."""
    rows = []
    for name, bundle in read_bundles().items():
        if not (rendering := _rendered(bundle)):
            rows.append((name, bundle.version, "nobody: out of reach", "", f"rehearsals take {bundle.stand_in}"))
            continue
        taken = _accept(bundle, rendering) if accept and not bundle.accepts(rendering) else bundle
        keep(taken, rendering)
        rows.append((name, taken.version, taken.tool, taken.sha256[:12], str(taken.file)))
    out.print(table("Bundles", ("bundle", "version", "rendered by", "sha256", "file"), rows))


def _rendered(bundle: Bundle) -> str:
    """What the bundle's tool prints now; nothing if it cannot be reached and has a stand-in."""
    try:
        return render(bundle)
    except ToolchainError:
        if not bundle.stand_in:
            raise
        return ""


def render(bundle: Bundle) -> str:
    """What the bundle's tool prints now, in canonical form; ToolchainError (PK215) when it prints no manifests."""
    with step(f"rendering {bundle.name} {bundle.version}", 2):
        try:
            return canonical(_manifests(bundle))
        except (subprocess.SubprocessError, OSError, yaml.YAMLError, ValueError, LookupError) as error:
            said = getattr(error, "stderr", None) or str(error)
            raise ToolchainError(
                Problem(
                    code="PK215",
                    summary=f"the manifests of {bundle.name} {bundle.version} cannot be rendered",
                    where=" ".join((bundle.tool, bundle.module, *bundle.arguments)),
                    found=last_words(str(said), 1000),
                    allowed="Kubernetes objects as YAML",
                    remedy=f"mend its entry in {LOCK.name}, or take {bundle.name} out of the stack file",
                )
            ) from error


def _manifests(bundle: Bundle) -> str:
    """What the bundle's tool prints, or the files of its module."""
    module = module_files(bundle.module) if bundle.module else Path()
    if bundle.files:
        return "\n---\n".join((module / file).read_text(encoding="utf-8") for file in bundle.files)
    tool = ensure([bundle.tool])[bundle.tool]
    return _run(tool, *(argument.replace("{module}", str(module)) for argument in bundle.arguments))


def _run(tool: Tool, *arguments: str) -> str:
    """What the tool prints; CalledProcessError when it fails."""
    command = [str(tool.path), *arguments]
    return subprocess.run(command, cwd=CHECKOUT, capture_output=True, text=True, check=True, timeout=_TIMEOUT).stdout


def keep(bundle: Bundle, rendering: str) -> None:
    """Put an accepted rendering into the cache; ToolchainError (PK216) shows what is different in another."""
    if bundle.accepts(rendering):
        write_atomically(bundle.file, rendering)
        return
    refused = bundle_dir() / f"{bundle.name}-{bundle.version}-refused.json"
    write_atomically(refused, rendering)
    raise ToolchainError(
        Problem(
            code="PK216",
            summary=f"{bundle.name} {bundle.version} is rendered otherwise than {LOCK.name} accepts",
            where=str(refused),
            found="\n".join(_difference(bundle, rendering)),
            allowed=f"what has the sha256 {bundle.sha256 or 'that is yet to be accepted'}",
            remedy="read the difference; if it is wanted, run `polykube bundles --accept` and commit the lock",
        )
    )


def _difference(bundle: Bundle, rendering: str) -> Iterator[str]:
    """What changed since the accepted rendering, as far as that can be found in the cache."""
    accepted = next(filter(bundle.accepts, map(Path.read_text, bundle_dir().glob(f"{bundle.name}-*.json"))), None)
    if accepted is None:
        yield f"sha256 {hashlib.sha256(rendering.encode()).hexdigest()}; the accepted one is not here to compare with"
        return
    lines = list(
        difflib.unified_diff(accepted.splitlines(), rendering.splitlines(), "accepted", "rendered", "", "", 2, "")
    )
    yield from lines[:_SHOWN]
    if len(lines) > _SHOWN:
        yield f"… and {len(lines) - _SHOWN} lines more"


def _accept(bundle: Bundle, rendering: str) -> Bundle:
    """Write the rendering's hash into the lock; the bundle as the lock now has it comes back."""
    digest = hashlib.sha256(rendering.encode()).hexdigest()
    entry = re.compile(rf'(^\[{re.escape(bundle.name)}\].*?^sha256 = ")[^"]*', re.DOTALL | re.MULTILINE)
    write_atomically(LOCK, entry.sub(rf"\g<1>{digest}", LOCK.read_text(encoding="utf-8"), count=1))
    read_bundles.cache_clear()
    return read_bundles()[bundle.name]
