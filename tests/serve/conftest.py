"""Options of a service with a tiny bundle, on each database, and a file to send."""

from __future__ import annotations

import getpass
import grp
import os
import pwd
import shutil
import subprocess
import tempfile
import uuid
from pathlib import Path

import psycopg
import pytest

import media_files as files
from bundles import tiny_bundle
from portraits import portrait
from unmask.detect import Settings
from unmask.media import Limits
from unmask.serve.options import Options


@pytest.fixture(scope="session")
def bundle(tmp_path_factory) -> Path:
    return tiny_bundle(tmp_path_factory.mktemp("bundle"))


@pytest.fixture(scope="session")
def make_options(bundle):
    def make(data: Path, **changes) -> Options:
        settings = Settings(frames=4, threads=1, evidence=True, limits=Limits(file_bytes=200_000))
        values = {"data": data, "model": str(bundle), "settings": settings} | changes
        return Options(**values)

    return make


@pytest.fixture(scope="session")
def still(tmp_path_factory) -> bytes:
    """The bytes of a picture with a face."""
    path = tmp_path_factory.mktemp("still") / "face.jpg"
    return files.write_still(path, portrait(size=240)).read_bytes()


@pytest.fixture
def no_workers(monkeypatch) -> None:
    """Let what is sent wait: no process is started."""
    monkeypatch.setattr("unmask.serve.pool.Pool.start", lambda _: None)
    monkeypatch.setattr("unmask.serve.pool.Pool.stop", lambda _: None)


@pytest.fixture(scope="session")
def postgres(tmp_path_factory):
    """The URL of a private PostgreSQL, without a database of its own, run by nobody special."""
    found = sorted(Path("/usr/lib/postgresql").glob("*/bin")) or [
        Path(command).parent for command in [shutil.which("initdb")] if command
    ]
    if not found:
        pytest.skip("no PostgreSQL here; `make system-deps` installs it")
    folder = tmp_path_factory.mktemp("postgres")
    user = getpass.getuser()
    be: dict[str, object] = {}
    if os.geteuid() == 0:  # PostgreSQL refuses to run as root
        user = "nobody"
        be = {"user": user, "group": grp.getgrgid(pwd.getpwnam(user).pw_gid).gr_name}
        folder = Path(tempfile.mkdtemp(prefix="unmask-pg-"))
        shutil.chown(folder, user)
    data = folder / "data"

    def run(program: str, *arguments: object) -> None:
        subprocess.run(
            [found[-1] / program, *map(str, arguments)],
            check=True, stdout=subprocess.DEVNULL, cwd=folder, **be,
        )  # fmt: skip

    run("initdb", "-D", data, "-U", "tests", "-A", "trust", "-E", "UTF8", "--locale=C", "--no-sync")
    # No port: only who may enter the folder can connect.
    options = f"-c listen_addresses='' -c fsync=off -k {folder}"
    run("pg_ctl", "-D", data, "-w", "-l", folder / "log", "-o", options, "start")
    yield f"postgresql://tests@/postgres?host={folder}"
    run("pg_ctl", "-D", data, "-m", "immediate", "stop")
    shutil.rmtree(folder)


@pytest.fixture(params=["sqlite", "postgresql"])
def database(request, tmp_path):
    """The URL of an empty database."""
    if request.param == "sqlite":
        yield f"sqlite:///{tmp_path / 'jobs.sqlite'}"
        return
    url = request.getfixturevalue("postgres")
    name = f"t{uuid.uuid4().hex}"
    with psycopg.connect(url, autocommit=True) as connection:
        connection.execute(f"CREATE DATABASE {name}")
    yield url.replace("/postgres?", f"/{name}?")
    with psycopg.connect(url, autocommit=True) as connection:
        connection.execute(f"DROP DATABASE {name} WITH (FORCE)")
