"""``unmask train``: train a detector by a recipe."""

from pathlib import Path
from typing import Annotated

import typer

from unmask.cli._extras import needs


def train(
    recipe: Annotated[
        str,
        typer.Argument(
            help="frame, capstone-cnn, capstone-transfer, capstone-sequence, or a JSON or TOML "
            "file that starts from one of them.",
            show_default=False,
        ),
    ],
    faces: Annotated[
        list[Path], typer.Argument(help="Face sets of `unmask data prepare`.", show_default=False)
    ],
    *,
    out: Annotated[Path, typer.Option(help="Folder of the run.", show_default=False)],
    changes: Annotated[
        list[str] | None,
        typer.Option(
            "--set",
            help="A choice, as key=value (crop.size=96); may be repeated.",
            metavar="CHOICE",
        ),
    ] = None,
    weights: Annotated[
        Path | None,
        typer.Option(help="State dict that the backbone starts from, in place of timm's."),
    ] = None,
    teachers: Annotated[
        list[Path] | None,
        typer.Option(
            "--teacher",
            help="Run that teaches, where the recipe is taught; of several, their mean does.",
            metavar="RUN",
        ),
    ] = None,
    workers: Annotated[int, typer.Option(help="Processes that make batches.", min=0)] = 1,
    accelerator: Annotated[str, typer.Option(help="auto, cpu, gpu, …")] = "auto",
    stream: Annotated[
        bool,
        typer.Option(
            "--stream", help="Read pictures from the shards as they are needed, not into memory."
        ),
    ] = False,
    checkpoint_every: Annotated[
        int,
        typer.Option(
            metavar="STEPS", help="Checkpoint in the midst of epochs too; 0 for none.", min=0
        ),
    ] = 0,
) -> None:
    """Train a detector, or go on training where a run was stopped.

    Several processes, on one machine or on many, train one run together when torchrun starts
    them: `torchrun --nproc-per-node 2 -m unmask train …`.
    """
    with needs("train", "unmask train"):
        from unmask.training.recipes import read_recipe
        from unmask.training.trainer import train as run
    choices = read_recipe(recipe, changes or [])
    best = run(
        choices,
        faces,
        out,
        workers=workers,
        accelerator=accelerator,
        weights=weights,
        teachers=teachers or [],
        stream=stream,
        checkpoint_every=checkpoint_every,
    )
    typer.echo(str(best))
