"""Where the command line writes: data to stdout, everything meant for a person to stderr."""

import sys

import typer

from unmask.report.text import printable


def say(message: str) -> None:
    """Write one line to stderr; control characters in it are shown, not obeyed."""
    typer.echo(f"unmask: {printable(message)}", file=sys.stderr)
