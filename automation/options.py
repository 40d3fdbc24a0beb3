"""Options that several commands have."""

from typing import Annotated

import typer

Stack = Annotated[str, typer.Option("--stack", "-s", help="The stack, as in Pulumi.<stack>.yaml.")]
Json = Annotated[bool, typer.Option("--json", help="Write JSON to standard output, and nothing else there.")]
Debug = Annotated[bool, typer.Option("--debug", help="Show where an error was raised.")]
