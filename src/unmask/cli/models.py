"""``unmask models``: the detectors that ship, their cards and their hashes."""

import json
from pathlib import Path
from typing import Annotated

import typer

from unmask.cli._card import markdown_card, print_card, print_models
from unmask.errors import BundleError
from unmask.report.text import printable

app = typer.Typer(help="List models, show a card, verify a model file.", no_args_is_help=True)

_AsJson = Annotated[bool, typer.Option("--json", help="Write JSON.", show_default=False)]


@app.command("list")
def list_models(*, as_json: _AsJson = False) -> None:
    """List the models that ship with unmask."""
    from unmask.detect import list_bundles

    found = [identity.model_dump() for identity, _ in list_bundles()]
    if as_json:
        typer.echo(json.dumps(found))
    else:
        print_models(found)


@app.command()
def show(
    model: Annotated[
        str | None,
        typer.Argument(help="Name of a shipped model, or a model file. Default: the default one."),
    ] = None,
    *,
    as_json: _AsJson = False,
    markdown: Annotated[
        bool, typer.Option("--markdown", help="Write Markdown.", show_default=False)
    ] = False,
) -> None:
    """Show a model's card: what it was trained on, how it was measured, its bands."""
    from unmask.detect import load_bundle

    bundle = load_bundle(model)
    if as_json:
        typer.echo(bundle.card.model_dump_json())
    elif markdown:
        card = bundle.card.model_dump(mode="json")
        typer.echo(markdown_card(bundle.identity.sha256, card), nl=False)
    else:
        print_card(bundle.identity.sha256, bundle.card.model_dump(mode="json"))


@app.command()
def verify(
    file: Annotated[Path, typer.Argument(help="The model file.", show_default=False)],
    *,
    sha256: Annotated[
        str | None, typer.Option(metavar="HEX", help="The SHA-256 that the file must have.")
    ] = None,
) -> None:
    """Check that a model file can be used, and that it is the one you expect.

    Without --sha256 the file is compared with the models that ship.
    """
    from unmask.detect import list_bundles, load_bundle

    identity = load_bundle(file).identity
    if sha256 is not None and sha256.strip().lower() != identity.sha256:
        raise BundleError(
            f"{file}: its SHA-256 is {identity.sha256}, not {sha256.strip().lower()}; "
            "get the file again from where the hash was published"
        )
    shipped = {identity.sha256 for identity, _ in list_bundles()}
    if sha256 is not None:
        origin = "as expected"
    elif identity.sha256 in shipped:
        origin = "ships with unmask"
    else:
        origin = "not a model that ships with unmask; compare the hash with its publisher's"
    typer.echo(printable(f"{identity.name} {identity.version}: usable, {origin}"))
    typer.echo(f"sha256 {identity.sha256}")
