from __future__ import annotations

import csv
import io
import json
from html.parser import HTMLParser

import jsonschema
import pypdfium2
import pytest

from builders import CARD, make_report
from provenance.signing import Authority, manifest
from unmask.cli._table import Row, print_table
from unmask.provenance import examine
from unmask.report import CsvWriter, HtmlWriter, json_line, make_pdf, make_schema, render_page
from unmask.types import Provenance

PLANTED = "<script>alert(1)</script>[red]x[/red]\x1b[31m"


class Text(HTMLParser):
    """The text of a page; fails on a script."""

    def __init__(self, page: str) -> None:
        super().__init__()
        self.words = ""
        self.feed(page)

    def handle_starttag(self, tag, _attrs):
        assert tag != "script"

    def handle_data(self, data):
        self.words += data


@pytest.fixture(scope="module")
def planted(tmp_path_factory) -> Provenance:
    """What is found in a file all of whose texts are hostile."""
    import media_files as files

    folder = tmp_path_factory.mktemp("planted")
    photo = files.write_still(folder / "a.jpg", files.noisy(1))
    action = {
        "action": "c2pa.created",
        "digitalSourceType": f"http://example.com/{PLANTED.replace('/', '')}",
        "softwareAgent": {"name": PLANTED},
    }
    authority = Authority.make(name=PLANTED[:60], organisation=f"={PLANTED}"[:60])
    said = manifest(action, {"action": f"org.{PLANTED}"}, tool=f"={PLANTED}")
    return examine(authority.sign(photo, folder / "b.jpg", said))


def test_planted_text_reaches_the_report(planted):
    assert planted.state == "valid"
    assert "<script>" in planted.signer
    assert "\x1b" in planted.tool
    assert len(planted.statements) == 2


def test_planted_text_is_inert_on_the_page(planted):
    page = render_page(make_report(provenance=planted), CARD)
    assert "\x1b" not in page
    assert Text(page).words.count("alert(1)") == 6
    assert "[red]x[/red]\\x1b[31m" in Text(page).words


def test_planted_text_is_inert_on_paper(planted):
    pdf = make_pdf(render_page(make_report(provenance=planted), CARD))
    pages = pypdfium2.PdfDocument(pdf)
    words = "".join(page.get_textpage().get_text_bounded() for page in pages)
    assert "".join(words.split()).count("alert(1)") == 6
    assert not [word for word in (b"/JavaScript", b"/URI", b"/Launch") if word in pdf]


def test_planted_text_is_inert_in_the_terminal_and_for_machines(planted, capfd):
    report = make_report(provenance=planted)
    print_table([Row.of(report)])
    line = json_line(report)
    assert "\x1b" not in capfd.readouterr().out + line
    jsonschema.validate(json.loads(line), make_schema())
    stream = io.StringIO(newline="")
    CsvWriter(stream).add(report)
    (row,) = csv.DictReader(io.StringIO(stream.getvalue(), newline=""))
    assert "\x1b" not in stream.getvalue()
    assert row["credentials"] == "valid"
    assert row["credentials_tool"].startswith("'=<script>")
    assert row["ai_declared"] == "False"


@pytest.mark.parametrize(
    ("provenance", "sentence"),
    [
        (Provenance(), "Not examined."),
        (Provenance(state="absent"), "that says nothing about the file"),
        (Provenance(state="unreadable", message="why not"), "Why not."),
        (Provenance(state="invalid", ai_declared=True), "cannot be relied on"),
        (Provenance(state="valid", ai_declared=False), "signer not confirmed"),
        (Provenance(state="trusted", ai_declared=False), "vouches for the signer"),
    ],
)
def test_every_state_in_words(provenance, sentence):
    words = " ".join(Text(render_page(make_report(provenance=provenance), CARD)).words.split())
    assert sentence in words
    assert ("AI generation" in words) == (provenance.ai_declared is not None)


def test_tables_show_a_column_only_where_a_file_carries_credentials(tmp_path, capfd):
    plain = make_report(provenance=Provenance(state="absent"))
    print_table([Row.of(plain)])
    assert "Credentials" not in capfd.readouterr().out
    declared = make_report(provenance=Provenance(state="valid", ai_declared=True, left_out=3))
    print_table([Row.of(plain), Row.of(declared)])
    assert "valid, AI declared" in capfd.readouterr().out
    with HtmlWriter(tmp_path, CARD) as writer:
        page = writer.add(declared)
        writer.add(plain)
    index = (tmp_path / "index.html").read_text(encoding="utf-8")
    assert index.count("content credentials: valid, AI declared") == 1
    assert "and 3 more" in page.read_text(encoding="utf-8")
