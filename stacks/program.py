"""The Pulumi program as a function, with errors that a person can cause shown without a traceback."""

import pulumi

from common.errors import PolykubeError
from stacks.compose import compose
from stacks.loading import load_from_engine
from stacks.outputs import export


def run() -> None:
    """Read the stack file, build what it says, export what others need."""
    try:
        export(compose(load_from_engine()))
    except PolykubeError as error:
        raise pulumi.RunError(f"{pulumi.get_stack()} cannot be built:\n{error}") from None
