from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import c2pa
import pytest
from pydantic import ValidationError

import media_files as files
from bundles import tiny_bundle
from provenance.signing import CAPTURED, SOURCES, Authority, listening, manifest
from unmask.detect import Predictor, Settings, detect_many
from unmask.errors import SettingError
from unmask.provenance import NOT_INSTALLED, examine, read_trust_list
from unmask.types import Provenance

SAMPLE = Path(__file__).parents[2] / "samples" / "real" / "hopper.jpg"
GENERATED = {"action": "c2pa.created", "digitalSourceType": f"{SOURCES}trainedAlgorithmicMedia"}


def signed(authority: Authority, source: Path, *arguments, **options) -> Path:
    return authority.sign(source, source.with_stem("signed"), *arguments, **options)


def flip(path: Path, at: int) -> Path:
    """Change one bit of the byte at ``at``."""
    data = bytearray(path.read_bytes())
    data[at] ^= 1
    path.write_bytes(data)
    return path


def test_a_file_without_credentials(plain):
    found = examine(plain)
    assert (found.state, found.ai_declared, found.signer) == ("absent", None, "")


def test_an_intact_file_is_valid_and_trusted_only_with_a_list_that_has_the_signer(authority, plain):
    file = signed(authority, plain)
    assert examine(file).state == "valid"
    assert "no trust list was given" in examine(file).message
    other = examine(file, Authority.make().root)
    assert other.state == "valid"
    assert "is not on the trust list" in other.message
    trusted = examine(file, authority.root)
    assert trusted.state == "trusted"
    assert trusted.signer == "Jane Doe, Daily News"
    assert trusted.tool == "Camera 1.2"
    assert trusted.problems == ()
    assert [(each.name, each.source_type) for each in trusted.statements] == [
        ("c2pa.created", "digitalCapture")
    ]
    assert trusted.ai_declared is False


def test_a_library_that_trusts_of_its_own_accord_is_not_believed(authority, photo, monkeypatch):
    file = signed(authority, photo)
    read = c2pa.Reader.json
    monkeypatch.setattr(
        c2pa.Reader, "json", lambda self: read(self).replace('"Valid"', '"Trusted"')
    )
    assert examine(file).state == "valid"


def test_a_changed_picture_is_invalid(authority, plain):
    file = signed(authority, plain)
    data = file.read_bytes()
    inside = data.rindex(b"mdat") + 60 if file.suffix == ".mp4" else len(data) - 30
    found = examine(flip(file, inside), authority.root)
    assert found.state == "invalid"
    assert "the file was changed after signing" in found.message
    assert {code.rpartition(".")[2] for code in found.problems} == {"mismatch"}
    assert found.signer == "Jane Doe, Daily News"


def test_a_changed_statement_is_invalid(authority, plain):
    file = signed(authority, plain, manifest(GENERATED))
    files.patch(file, b"trainedAlgorithmicMedia", b"humanEdits/////////////")
    found = examine(file, authority.root)
    assert found.state == "invalid"
    assert "assertion.hashedURI.mismatch" in found.problems


def test_a_changed_claim_is_invalid(authority, plain):
    file = signed(authority, plain)
    found = examine(files.patch(file, b"Camera", b"Kamera"), authority.root)
    assert (found.state, found.tool) == ("invalid", "Kamera 1.2")
    assert "the signature does not fit what it signs" in found.message


def test_credentials_damaged_beyond_reading(authority, plain):
    file = signed(authority, plain)
    data = bytearray(file.read_bytes())
    start = data.index(b"jumb") + 40
    data[start : start + 60] = bytes(60)
    file.write_bytes(data)
    found = examine(file)
    assert (found.state, found.ai_declared) == ("unreadable", None)


def test_manifests_elsewhere_are_not_fetched(authority, plain, monkeypatch):
    for name in ("http_proxy", "HTTP_PROXY", "ALL_PROXY", "all_proxy"):
        monkeypatch.delenv(name, raising=False)
    with listening() as (port, asked):
        file = signed(authority, plain, remote=f"http://127.0.0.1:{port}/away.c2pa")
        found = examine(file, authority.root)
        assert found.state == "unreadable"
        assert found.message.endswith(f"not fetched: http://127.0.0.1:{port}/away.c2pa")
        assert asked == []
        with pytest.raises(c2pa.C2paError), c2pa.Context() as usual:  # which does fetch
            c2pa.Reader(str(file), context=usual)
        assert "away.c2pa" in asked[0]


def test_the_state_of_a_certificate_is_not_asked_for(photo, monkeypatch):
    for name in ("http_proxy", "HTTP_PROXY", "ALL_PROXY", "all_proxy"):
        monkeypatch.delenv(name, raising=False)
    with listening() as (port, asked):
        authority = Authority.make(ocsp=f"http://127.0.0.1:{port}/ocsp")
        file = signed(authority, photo)
        assert examine(file, authority.root).state == "trusted"
        assert asked == []
        asking = {"verify": {"ocsp_fetch": True}, "trust": {"trust_anchors": authority.root}}
        with c2pa.Context.from_dict(asking) as context:
            c2pa.Reader(str(file), context=context).close()
        assert asked[0].startswith("GET")


@pytest.mark.parametrize(
    "source",
    [
        "trainedAlgorithmicMedia",
        "compositeWithTrainedAlgorithmicMedia",
        "compositeSynthetic",
    ],
)
def test_ai_generation_is_declared(authority, photo, source):
    action = {
        "action": "c2pa.created",
        "digitalSourceType": f"{SOURCES}{source}",
        "softwareAgent": {"name": "Generator", "version": "3"},
    }
    found = examine(signed(authority, photo, manifest(action)))
    assert found.ai_declared is True
    (statement,) = found.statements
    assert (statement.source_type, statement.tool) == (source, "Generator 3")


def test_ai_generation_declared_as_metadata(authority, photo):
    data = {
        "@context": {"Iptc4xmpExt": "http://iptc.org/std/Iptc4xmpExt/2008-02-29/"},
        "Iptc4xmpExt:DigitalSourceType": f"{SOURCES}trainedAlgorithmicMedia",
    }
    assertion = {"label": "c2pa.metadata", "kind": "Json", "data": data}
    found = examine(signed(authority, photo, manifest(assertions=[assertion])))
    assert found.ai_declared is True
    assert found.statements[0].name == "c2pa.metadata"


def test_ai_generation_of_what_a_file_was_made_from(authority, photo):
    parent = authority.sign(photo, photo.with_stem("parent"), manifest(GENERATED))
    edited = {"claim_generator_info": [{"name": "Editor"}]}
    found = examine(signed(authority, parent, edited, edits=True))
    assert (found.state, found.tool, found.ai_declared) == ("valid", "Editor", True)
    assert [each.name for each in found.statements if each.ai] == ["c2pa.created"]
    assert [each.ingredient for each in found.statements] == [True, False]


def test_long_texts_and_lists_are_cut_and_the_rest_is_counted(authority, photo):
    edits = [
        {"action": "c2pa.edited", "softwareAgent": {"name": f"{'x' * 5000}{n}"}, "description": "d"}
        for n in range(100)
    ]
    many = [{"action": "c2pa.edited", "softwareAgent": {"name": f"{n}"}} for n in range(100)]
    last = {"action": "c2pa.edited", "digitalSourceType": f"{SOURCES}compositeSynthetic"}
    said = manifest(CAPTURED, *edits, *many, last, tool="T" * 5000)
    found = examine(signed(authority, photo, said))
    assert found.state == "valid"
    assert found.tool == "T" * 200 + "… 1.2"
    assert (len(found.statements), found.left_out) == (50, 53)
    assert found.statements[0].ai
    assert max(len(each.tool) for each in found.statements) == 201


def test_what_is_not_examined(tmp_path):
    video = files.write_video(tmp_path / "clip.mkv", 3)
    assert examine(video).state == "not_examined"
    assert "this kind of file" in examine(video).message
    os.mkfifo(tmp_path / "pipe.jpg")
    for name in ("gone.jpg", "pipe.jpg", "."):
        found = examine(tmp_path / name)
        assert (found.state, found.message) == (
            "not_examined",
            "not examined: no file at this path",
        )


def test_a_trust_list_holds_its_certificates_and_nothing_else(authority, tmp_path):
    path = tmp_path / "list.pem"
    path.write_bytes(b"# Test root\n" + authority.root.encode() + authority.key)
    assert read_trust_list(path) == authority.root


@pytest.mark.parametrize(
    "content", [b"", b"hello", b"-----BEGIN CERTIFICATE-----\nAAAA\n-----END CERTIFICATE-----\n"]
)
def test_a_trust_list_without_sound_certificates(content, tmp_path):
    path = tmp_path / "list.pem"
    path.write_bytes(content)
    with pytest.raises(SettingError, match=r"list\.pem must hold sound certificates"):
        read_trust_list(path)
    with pytest.raises(SettingError, match="cannot read trust list"):
        read_trust_list(tmp_path / "gone.pem")


def test_a_trust_list_that_was_not_read_from_a_file(photo):
    with pytest.raises(SettingError, match="read_trust_list"):
        examine(photo, "hello")


def test_credentials_stand_beside_the_verdict_and_leave_it_alone(authority, tmp_path):
    bundle = tiny_bundle(tmp_path)
    plain = tmp_path / "plain.jpg"
    plain.write_bytes(SAMPLE.read_bytes())
    file = signed(authority, plain, manifest(GENERATED))
    settings = Settings(threads=1, trust_list=authority.root)
    without, isolated = detect_many([plain, file], bundle, settings)
    here = Predictor(bundle, settings).detect(file)
    assert without.provenance.state == "absent"
    assert isolated.provenance == here.provenance
    assert (here.provenance.state, here.provenance.ai_declared) == ("trusted", True)
    assert here.verdict is not None
    assert (here.score, here.verdict, here.interval) == (
        without.score, without.verdict, without.interval,
    )  # fmt: skip


def test_a_file_over_a_limit_is_not_examined(authority, photo, tmp_path):
    from unmask.media import Limits

    small = Settings(threads=1, limits=Limits(file_bytes=10))
    report = Predictor(tiny_bundle(tmp_path), small).detect(signed(authority, photo))
    assert (report.abstention, report.provenance.state) == ("over_limit", "not_examined")


def run(code: str, *arguments: object, folder: Path) -> subprocess.CompletedProcess[str]:
    command = [sys.executable, "-P", "-c", code, *map(str, arguments)]
    return subprocess.run(command, cwd=folder, capture_output=True, text=True, check=False)


WITHOUT_THE_EXTRA = (
    "import sys; sys.modules['c2pa'] = sys.modules['cryptography'] = None\n"
    "from unmask.cli import main; main(sys.argv[1:])"
)


def test_without_the_extra_nothing_fails_and_one_line_says_so(photo, tmp_path):
    done = run(WITHOUT_THE_EXTRA, "detect", photo, folder=tmp_path)
    assert done.returncode == 3
    assert done.stderr == f"unmask: {NOT_INSTALLED}\n"
    assert "pip install 'unmask[provenance]'" in NOT_INSTALLED


def test_a_trust_list_without_the_extra_is_a_wrong_call(authority, photo, tmp_path):
    (tmp_path / "list.pem").write_text(authority.root)
    done = run(WITHOUT_THE_EXTRA, "detect", photo, "--trust-list", "list.pem", folder=tmp_path)
    assert (done.returncode, done.stdout) == (2, "")
    assert done.stderr == (
        "unmask: --trust-list needs the 'provenance' extra: pip install 'unmask[provenance]'\n"
    )


def test_c2pa_is_imported_on_use_and_never_from_the_working_folder(photo, tmp_path):
    library = next(Path(c2pa.__file__).parent.glob("libs/libc2pa_c.[sd]*[ob]"))
    (tmp_path / library.name).symlink_to(library)
    code = (
        "import os, sys, unmask.provenance\n"
        "assert 'c2pa' not in sys.modules\n"
        "assert unmask.provenance.examine(sys.argv[1]).state == 'absent'\n"
        "assert 'C2PA_LIBRARY_NAME' not in os.environ\n"
        "print(sys.modules['c2pa.c2pa']._lib._name)"
    )
    done = run(code, photo, folder=tmp_path)
    assert done.stdout.strip() == str(library), done.stderr


def test_a_declaration_needs_credentials():
    with pytest.raises(ValidationError):
        Provenance(state="absent", ai_declared=False)
    with pytest.raises(ValidationError):
        Provenance(state="valid")
