"""What `polykube schema-check` runs."""

import typer

from automation.cli import run
from automation.options import Debug, Json, Stack
from automation.project import Project
from devtools.schema_check.check import check
from devtools.schema_check.report import report

app = typer.Typer(add_completion=False, pretty_exceptions_enable=False)


@app.command()
def schema_check(stack: Stack = "dev", as_json: Json = False, debug: Debug = False) -> None:
    """Hold what a stack asks of its providers against the official plugins' schemas; nothing is made."""
    del debug  # read by run()
    raise typer.Exit(report(stack, check(Project.open(stack)), as_json=as_json))


run(app)
