"""The Pulumi program as a function, with errors that a person can cause shown without a traceback."""

import pulumi

from common.errors import PolykubeError, as_text
from common.sdks import require_sdk
from stacks.changes import check_changes, recorded_outputs
from stacks.compose import compose
from stacks.definitions import check_definitions
from stacks.loading import load_from_engine, warnings_of
from stacks.outputs import export


def run() -> None:
    """Read the stack file, build what it says, export what others need."""
    try:
        spec = load_from_engine()
        for problem in warnings_of(spec):
            pulumi.log.warn(as_text(problem))
        outputs = recorded_outputs()
        check_changes(outputs, spec)
        check_definitions(outputs, spec)
        require_sdk(spec.cluster.cloud)
        export(compose(spec))
    except PolykubeError as error:
        raise pulumi.RunError(f"{pulumi.get_stack()} cannot be built:\n{error}") from None
