"""``unmask data``: from a dataset on disk to a face set."""

from pathlib import Path
from typing import Annotated

import typer

from unmask.cli._console import say
from unmask.cli._extras import needs
from unmask.cli._outputs import counting

app = typer.Typer(help="Read a dataset, check it, and cut its faces.", no_args_is_help=True)

Root = Annotated[Path, typer.Argument(help="Folder of the dataset.", show_default=False)]
Manifest = Annotated[Path, typer.Argument(help="Manifest, a Parquet file.", show_default=False)]


@app.command()
def ingest(
    root: Root,
    *,
    out: Annotated[Path, typer.Option(help="Manifest to write.", show_default=False)],
    source: Annotated[
        str | None, typer.Option(help="Name of the layout; recognised if not given.")
    ] = None,
    dev_share: Annotated[
        float, typer.Option(help="Share of the training rows held out, by whole identities.")
    ] = 0.0,
    seed: Annotated[int, typer.Option(help="Of the draw of held-out identities.")] = 1,
) -> None:
    """Write the manifest of a dataset: one row a video or image."""
    with needs("train", "unmask data"):
        from unmask.data.manifest import hold_out_dev, write_manifest
        from unmask.data.sources import ingest as read
    manifest = hold_out_dev(read(root, source), share=dev_share, seed=seed)
    digest = write_manifest(manifest, out)
    counts = manifest.group_by("split", "label").len().sort("split", "label")
    for split, label, count in counts.iter_rows():
        say(f"{split or 'no split'}: {count} {'fake' if label else 'real'}")
    absent = int(manifest["frames"].eq(0).sum())
    if absent:
        say(f"{absent} listed, but not there")
    typer.echo(f"{digest}  {out}")


@app.command()
def check(manifest: Manifest) -> None:
    """Prove that no family and no identity stands in more than one split."""
    with needs("train", "unmask data"):
        from unmask.data.manifest import manifest_hash, read_manifest
    rows = read_manifest(manifest)
    typer.echo(f"{manifest_hash(rows)}  {manifest}")
    say(f"{len(rows)} rows; no group and no identity crosses from one split to another")


@app.command()
def prepare(
    manifest: Manifest,
    *,
    root: Annotated[
        Path, typer.Option(help="Folder that the manifest's paths start from.", show_default=False)
    ],
    out: Annotated[Path, typer.Option(help="Folder of the face set.", show_default=False)],
    frames: Annotated[int, typer.Option(help="Frames sampled of a video.")] = 32,
    workers: Annotated[int, typer.Option(help="Processes.")] = 2,
) -> None:
    """Cut the faces of a dataset into a face set; goes on where it was stopped."""
    with needs("train", "unmask data"):
        from unmask.data.manifest import read_manifest
        from unmask.data.prepare import prepare as cut
        from unmask.data.prepare import read_failures
    rows = read_manifest(manifest)
    with counting(f"Faces of {manifest.name}") as count:
        for done, total in cut(rows, root, out, frames=frames, workers=workers):
            count(done, total)
    failures = read_failures(out)
    for reason, number in failures["reason"].value_counts(sort=True).iter_rows():
        say(f"{number} failed: {reason}")
    typer.echo(str(out))
