"""Makes this checkout's Python environment, `.venv`, from `requirements.lock`. Standard library only.

The locked packages are installed once per lock and Python into the cache, checked against their hashes;
`.venv` is a thin layer on top that adds this checkout and its `polykube` command. So a second checkout
takes seconds, and an interrupted run leaves nothing that the next one would mistake for finished: the
packages get their name, and the layer its stamp, when they are complete.

The clouds' SDKs are large (1 GB in all), and most stacks need one of them or none. Each is installed when it is
asked for: `python3 bootstrap.py aws azure-native gcp`. So is what only the portal needs, and its tests: `portal`,
`portal-dev`.

The syntax is that of Python 3.6, so that an older Python than ours can say what is missing.
"""

import fcntl
import hashlib
import os
import re
import shutil
import subprocess
import sys
import tempfile
import time
from contextlib import contextmanager
from pathlib import Path
from typing import Dict, Iterator, List, Set

CHECKOUT = Path(__file__).resolve().parent
LOCK = CHECKOUT / "requirements.lock"
VENV = CHECKOUT / ".venv"
OLDEST = (3, 11)
CLOUDS = {"aws": 15, "azure-native": 30, "gcp": 15}  # Pulumi package of each cloud: seconds to install its SDK
PARTS = {"portal": 15, "portal-dev": 20}  # of pyproject.toml's optional dependencies: seconds to install it
NAMES = ("python3.14", "python3.13", "python3.12", "python3.11")


def main() -> None:
    """Make what is missing."""
    if sys.version_info < OLDEST:
        become_newer_python()
    if Path(sys.prefix).resolve() == VENV.resolve():  # activated; it may be about to be made anew
        base = str(Path(sys.base_prefix) / "bin" / "python{}.{}".format(*sys.version_info))
        os.execv(base, [base] + sys.argv)
    unknown = [name for name in sys.argv[1:] if name not in CLOUDS and name not in PARTS]
    if unknown:
        fail(
            "PK206: there is no such cloud",
            found=", ".join(unknown),
            allowed=", ".join([*CLOUDS, *PARTS]),
            remedy="python3 bootstrap.py, with the names of the clouds whose SDKs you want, if any",
        )
    entries = locked()
    sdks = {cloud: requirements(entries, {f"pulumi-{cloud}"}) for cloud in CLOUDS}
    parts = apart(entries)
    make_layer(cached("the locked Python packages", requirements(entries, parts[""]), usually=30))
    for name in sys.argv[1:]:
        what = f"the Python SDK of {name}" if name in CLOUDS else f"the packages of {name}"
        wanted = sdks[name] if name in CLOUDS else requirements(entries, parts[name])
        add_to_layer(name, cached(what, wanted, usually=CLOUDS.get(name) or PARTS[name]))


def locked() -> Dict[str, str]:
    """The entries of the lock, requirement, hashes and what each came by, by package."""
    entries = re.split(r"^(?=[a-z])", LOCK.read_text(), flags=re.MULTILINE)
    return {entry.split("==")[0]: entry for entry in entries if "==" in entry}


def requirements(entries: Dict[str, str], names: Set[str]) -> str:
    """The entries of these packages, as pip reads them."""
    return "".join(text for name, text in entries.items() if name in names)


def apart(entries: Dict[str, str]) -> Dict[str, Set[str]]:
    """Which packages are installed always (""), and which for each of PARTS alone; no SDK of a cloud is among them."""
    import tomllib

    optional = tomllib.loads((CHECKOUT / "pyproject.toml").read_text())["project"]["optional-dependencies"]
    asked = {
        part: {re.split(r"[^\w.-]", each)[0].replace(".", "-") for each in optional.get(part, [])} for part in PARTS
    }
    by = {name: set(re.findall(r"^ +#\s+(?:via )?(\S+)", text, re.MULTILINE)) for name, text in entries.items()}
    found: Dict[str, Set[str]] = {}
    needed = {name for name in by if "polykube" in by[name]}.difference(*asked.values())
    for part in ["", *PARTS]:
        needed |= asked.get(part, set()) & by.keys()
        count = -1
        while count != len(needed):
            count = len(needed)
            needed |= {name for name in by if by[name] & needed}
        found[part] = needed.difference(*found.values(), {f"pulumi-{cloud}" for cloud in CLOUDS})
    return found


def become_newer_python() -> None:
    """Start over under a Python that is new enough, if there is one on PATH."""
    for name in NAMES:
        found = shutil.which(name)
        if found:
            os.execv(found, [found] + sys.argv)
    fail(
        "PK201: this Python is too old",
        found=f"{sys.executable}, {sys.version.split()[0]}",
        allowed=f"Python {OLDEST[0]}.{OLDEST[1]} or newer",
        remedy="install one (Debian: apt-get install python3 python3-venv), then run the same command again",
    )


def cached(what: str, requirements: str, usually: int) -> Path:
    """The directory in the cache with what `requirements` names, installed there if it was not."""
    packages = cache() / digest(
        requirements.encode(), sys.implementation.cache_tag.encode(), os.uname().machine.encode()
    )
    if not packages.is_dir():
        packages.parent.mkdir(parents=True, exist_ok=True)
        with exclusive(packages.parent):
            if not packages.is_dir():
                install(what, requirements, packages, usually)
    return packages


def install(what: str, requirements: str, packages: Path, usually: int) -> None:
    """Fill the directory `packages` with what `requirements` names, all or nothing."""
    for abandoned in packages.parent.glob(f"{packages.name}.*.partial"):
        shutil.rmtree(str(abandoned), ignore_errors=True)
    # A name of its own: the pip of a killed run may still be writing under the old one.
    partial = packages.with_suffix(f".{os.getpid()}.partial")
    options = ["--require-hashes", "--no-deps", "--no-warn-script-location", "--target", str(partial)]
    with tempfile.NamedTemporaryFile("w", suffix=".txt") as file:
        file.write(requirements)
        file.flush()
        run(f"installing {what}", pip() + options + ["--requirement", file.name], usually)
    partial.rename(packages)


def make_layer(packages: Path) -> None:
    """Make `.venv`, unless it is complete already and on top of `packages`."""
    stamp = VENV / "polykube.stamp"
    wanted = digest(str(packages).encode(), str(CHECKOUT).encode(), (CHECKOUT / "pyproject.toml").read_bytes())
    with exclusive(CHECKOUT):
        if stamp.is_file() and stamp.read_text() == wanted:
            return
        shutil.rmtree(str(VENV), ignore_errors=True)
        run("making .venv", [sys.executable, "-m", "venv", "--without-pip", str(VENV)], usually=1)
        (site_packages() / "polykube.pth").write_text(f"{CHECKOUT}\n{packages}\n")
        project = ["--no-deps", "--no-build-isolation", "--no-index", "--editable", str(CHECKOUT)]
        command = [str(VENV / "bin" / "python"), "-m", "pip", "install", "--quiet"] + project
        run("adding the polykube command", command, usually=2)
        stamp.write_text(wanted)


def add_to_layer(name: str, packages: Path) -> None:
    """Let `.venv` find what is in the directory `packages`."""
    pth = site_packages() / f"polykube-{name}.pth"
    with exclusive(CHECKOUT):
        pth.with_suffix(".partial").write_text(f"{packages}\n")
        pth.with_suffix(".partial").replace(pth)


def site_packages() -> Path:
    """Where `.venv` keeps packages of its own."""
    (site,) = VENV.glob("lib/python3.*/site-packages")
    return site


def pip() -> List[str]:
    """The command that installs packages for this Python: by its own pip, or by the one in its ensurepip."""
    command = [sys.executable, "-m", "pip"]
    if subprocess.run(command + ["--version"], stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL).returncode:
        try:
            import ensurepip
        except ImportError:
            fail(
                "PK202: this Python has neither pip nor ensurepip",
                found=sys.executable,
                allowed="a Python with its venv module",
                remedy="Debian and Ubuntu: apt-get install python3-venv; then run the same command again",
            )
        (wheel,) = (Path(ensurepip.__file__).parent / "_bundled").glob("pip-*.whl")
        command = [sys.executable, f"{wheel}/pip"]
    return command + ["install", "--quiet", "--disable-pip-version-check"]


def run(what: str, command: List[str], usually: int) -> None:
    """Run a command quietly, saying what it is and how long it usually takes; show its output if it fails."""
    began = time.monotonic()
    live = sys.stderr.isatty()
    print(f"• {what} (usually {usually} s)", file=sys.stderr, end="" if live else "\n", flush=True)
    process = subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, universal_newlines=True)
    output = ""
    while process.poll() is None:
        try:
            output = process.communicate(timeout=1)[0]
        except subprocess.TimeoutExpired:
            if live:
                spent = int(time.monotonic() - began)
                print(f"\r• {what}, {spent} s (usually {usually} s)", file=sys.stderr, end="", flush=True)
    if process.returncode:
        fail(
            f"PK203: {what} failed",
            found=output.strip()[-2000:] or f"exit code {process.returncode}",
            allowed="every package of requirements.lock, with its hash, from the index that pip is set up for",
            remedy="`pip config list` tells the index in use; then run the same command again, it goes on from here",
        )
    done = "\r\x1b[K" if live else ""
    print(f"{done}✓ {what}, {time.monotonic() - began:.1f} s", file=sys.stderr)


@contextmanager
def exclusive(directory: Path) -> Iterator[None]:
    """Keep other runs out of `directory`, waiting for one that is in it."""
    descriptor = os.open(str(directory), os.O_RDONLY)
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX)
        yield
    finally:
        os.close(descriptor)


def cache() -> Path:
    """Where the locked packages are kept."""
    base = os.environ.get("XDG_CACHE_HOME")
    return (Path(base) if base else Path.home() / ".cache") / "polykube" / "python"


def digest(*parts: bytes) -> str:
    """A short name for this content."""
    return hashlib.sha256(b"\0".join(parts)).hexdigest()[:16]


def fail(summary: str, **details: str) -> None:
    """End with an error: what is wrong, what was found, what is allowed, what to do."""
    sys.exit("\n".join([summary] + [f"  {name:<8}{text}" for name, text in details.items()]))


if __name__ == "__main__":
    try:
        main()
    except KeyboardInterrupt:
        sys.exit("\ninterrupted; run the same command again to go on from here")
