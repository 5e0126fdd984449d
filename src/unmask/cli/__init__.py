"""The command line: one file a command, each of which only calls the Python API.

To add a command, add ``cli/<name>.py`` that holds either a function of that name (one command)
or a :class:`typer.Typer` called ``app`` (a group of them). It is found by its file, so nothing
has to be registered; :data:`_ORDER` only says where ``unmask --help`` lists it. The module is
imported at every start: import anything heavier than typer inside the function.
"""

import io
import os
import pkgutil
import sys
import traceback
from collections.abc import Sequence
from importlib import import_module
from typing import Annotated, NoReturn

import typer

from unmask import __version__
from unmask.cli._console import say
from unmask.errors import UnmaskError

__all__ = ["app", "main"]

_ORDER = {
    "Detect": ("detect", "serve", "models"),
    "Build a detector": ("data", "forge", "train", "export", "calibrate"),
    "Measure a detector": ("evaluate", "compare", "robustness", "shortcuts"),
}

app = typer.Typer(
    name="unmask",
    help="Tell real faces from deepfakes in images and video, offline.",
    no_args_is_help=True,
    add_completion=False,
    pretty_exceptions_enable=False,
    context_settings={"help_option_names": ["-h", "--help"]},
)


def _print_version(wanted: bool) -> None:  # noqa: FBT001 - typer hands over the flag like this
    if wanted:
        typer.echo(f"unmask {__version__}")
        raise typer.Exit


@app.callback()
def _unmask(
    *,
    version: Annotated[
        bool,
        typer.Option(
            "--version", callback=_print_version, is_eager=True, help="Print the version and exit."
        ),
    ] = False,
) -> None:
    """Hold the options that stand before a command."""


def _add_commands() -> None:
    """Register every public module of this folder, in the order of the help text."""
    panels = {name: panel for panel, names in _ORDER.items() for name in names}
    ranks = {name: rank for rank, name in enumerate(panels)}
    found = [info.name for info in pkgutil.iter_modules(__path__) if not info.name.startswith("_")]
    for name in sorted(found, key=lambda name: (ranks.get(name, len(ranks)), name)):
        module = import_module(f"{__name__}.{name}")
        panel = panels.get(name)
        if hasattr(module, "app"):
            app.add_typer(module.app, name=name, rich_help_panel=panel)
        else:
            app.command(name, rich_help_panel=panel)(getattr(module, name))


_add_commands()


def main(arguments: Sequence[str] | None = None) -> NoReturn:
    """Run the command line on ``arguments`` (default: the process's) and exit with its code."""
    for stream in (sys.stdout, sys.stderr):
        if isinstance(stream, io.TextIOWrapper):  # a file's name may not fit the console's encoding
            stream.reconfigure(errors="backslashreplace")
    try:
        app(args=arguments)
    except UnmaskError as error:
        say(str(error))
    except OSError as error:
        say(f"{error.strerror or error}: {error.filename}" if error.filename else str(error))
        _trace_if_asked()
    except Exception as error:  # noqa: BLE001 - the last line of defence: no user sees a traceback
        say(
            f"unexpected error, please report it: {type(error).__name__}: {error} "
            "(UNMASK_DEBUG=1 shows where)"
        )
        _trace_if_asked()
    sys.exit(2)


def _trace_if_asked() -> None:
    if os.environ.get("UNMASK_DEBUG") == "1":
        traceback.print_exc()
