"""The project that the pack judges. Protocol and language hosts start a pack in its own directory and name no other."""

from pathlib import Path

import psutil


def project_directory() -> Path:
    """The directory with the engine's Pulumi.yaml, found from where the engine itself runs; ours if there is none."""
    engines = (process for process in psutil.Process().parents() if process.name() == "pulumi")
    engine = next(engines, psutil.Process())
    here = Path(engine.cwd())
    return next((place for place in (here, *here.parents) if (place / "Pulumi.yaml").is_file()), here)
