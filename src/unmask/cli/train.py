"""``unmask train``: train a detector by a recipe."""

from pathlib import Path
from typing import Annotated

import typer

from unmask.cli._extras import needs


def train(
    faces: Annotated[
        list[Path], typer.Argument(help="Face sets of `unmask data prepare`.", show_default=False)
    ],
    *,
    out: Annotated[Path, typer.Option(help="Folder of the run.", show_default=False)],
    recipe: Annotated[
        Path | None,
        typer.Option(help="JSON file of choices that differ from the shipped detector's."),
    ] = None,
    workers: Annotated[int, typer.Option(help="Processes that make batches.")] = 1,
    accelerator: Annotated[str, typer.Option(help="auto, cpu, gpu, …")] = "auto",
) -> None:
    """Train the frame detector, or go on training where a run was stopped."""
    with needs("train", "unmask train"):
        from unmask.training.recipe import read_recipe
        from unmask.training.trainer import train as run
    best = run(read_recipe(recipe), faces, out, workers=workers, accelerator=accelerator)
    typer.echo(str(best))
